/* Instants and local days.
 *
 * The statistics are by local day of one reporting zone, and a day is decided for every event, so the question "which
 * local day is this instant?" must cost a few instructions and give the same answer on every machine, thread and
 * replay.
 *
 * The C library knows the zone database but answers slowly, through hidden state (TZ, tzset) and with a lock. So it is
 * asked once, at start: zone_create() points TZ at the zone's file, walks the years 1970..2199 in steps of days, bisects
 * every change of the offset to the second, restores TZ, and keeps a sorted table of (first instant, offset). From then
 * on a zone is constant and every function is pure. Most zones have few rows (Asia/Ho_Chi_Minh: two); Europe/London has
 * 460.
 *
 * Look-up: time is cut into slots of 2^33 ms (99 days); a slot holds the row that is valid at its start, and the search
 * goes on from there, past at most a few rows. No cache of the last answer: a cache would have to be per thread, and
 * the slots are as fast.
 *
 * Before 1970 and after 2199 the first and the last offset go on: events there are refused anyway (bad_time), but
 * record times are whatever Kafka says, so any int64 must give some day without overflow. Days are cut to +-2 * 10^9.
 *
 * Two oddities of real zones that zone_day_start_ms() has to survive: clocks set back over midnight, so that a day
 * begins twice (St. John's before 2011: the first beginning counts), and days that do not exist at all (Apia
 * 2011-12-30: its start is the first instant of the next day, so it is an empty interval).
 *
 * Not done: leap seconds (the `right/` zones are refused; Unix time has none), reading TZif files ourselves (the C
 * library is the one that distributions patch), and years before 1970 in zones. */
#include "zone.h"

#include "check.h"

#include <ctype.h>
#include <stdbool.h>

enum { SLOT_LOG2 = 33, SECOND_MS = 1000, DAY_S = 86400, DAY_MAX = 2000000000 };

static const char zone_directory[] = "/usr/share/zoneinfo/";
static const int64_t day_ms = 86400000;
static const int64_t scan_end_ms = 7258118400000; /* 2200-01-01T00:00:00Z */

struct zone_row {
    int64_t from_ms; /* first instant of this offset; the first row's is INT64_MIN */
    int64_t offset_ms;
};

struct zone {
    struct zone_row *rows;
    size_t row_count;
    size_t slot_count;
    int64_t settled_ms; /* from here on (day 2 at least) the offset never changes: for most zones of the world, now */
    int64_t settled_offset_ms;
    uint16_t slots[]; /* row valid at the first instant of each slot */
};

/* ---- building ---- */

static bool zone_name_valid(const char *name) {
    if (name[0] == '\0' || name[0] == '/' || strlen(name) > 64 || strstr(name, "..") != NULL) return false;
    if (strncmp(name, "right/", 6) == 0 || strcmp(name, "localtime") == 0) return false;
    for (const char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("_+-/", *c) == NULL) return false;
    }
    return true;
}

/* The directory also holds tables and lists that are no zones: only a file that begins with TZif is one. */
static bool zone_file_valid(const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    char magic[4] = {0};
    bool valid = fread(magic, 1, sizeof(magic), file) == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
    (void)fclose(file);
    return valid;
}

static int64_t offset_at_s(int64_t time_s) {
    time_t time = (time_t)time_s;
    struct tm local;
    if (localtime_r(&time, &local) == NULL) return 0;
    return local.tm_gmtoff;
}

/* Appends a row; false when memory is short. Capacity grows by doubling. */
static bool zone_row_add(struct zone_row **rows, size_t *count, int64_t from_ms, int64_t offset_s) {
    if ((*count & (*count - 1)) == 0) {
        size_t capacity = *count == 0 ? 1 : *count * 2;
        struct zone_row *grown = realloc(*rows, capacity * sizeof(*grown));
        if (grown == NULL) return false;
        *rows = grown;
    }
    (*rows)[(*count)++] = (struct zone_row){from_ms, offset_s * SECOND_MS};
    return true;
}

/* How far the walk steps. In no zone of tzdata 2025b do two changes since 1970 lie closer than 7 days (Recife 2000);
 * from 2038 on there are only rules and Ramadan, more than 4 weeks apart. */
static int64_t scan_step_s(int64_t time_s) {
    const int64_t rules_only_s = 2145916800; /* 2038-01-01 */
    return (time_s < rules_only_s ? 3 : 14) * (int64_t)DAY_S;
}

/* All offsets of the zone that TZ names now. */
static bool zone_scan(struct zone_row **rows, size_t *count) {
    int64_t offset = offset_at_s(0);
    if (!zone_row_add(rows, count, INT64_MIN, offset)) return false;
    int64_t next_s;
    for (int64_t time_s = 0; time_s < scan_end_ms / SECOND_MS; time_s = next_s) {
        next_s = time_s + scan_step_s(time_s);
        int64_t later = offset_at_s(next_s);
        if (later == offset) continue;
        int64_t before = time_s;
        int64_t after = next_s;
        while (after - before > 1) {
            int64_t middle = before + (after - before) / 2;
            if (offset_at_s(middle) == offset) {
                before = middle;
            } else {
                after = middle;
            }
        }
        if (!zone_row_add(rows, count, after * SECOND_MS, later)) return false;
        offset = later;
    }
    return true;
}

/* zone_scan() under another TZ (":" and a path); the process's own is put back whatever happens. */
static bool zone_scan_as(const char *value, struct zone_row **rows, size_t *count) {
    const char *current = getenv("TZ");
    char *saved = current == NULL ? NULL : strdup(current);
    bool scanned = (current == NULL || saved != NULL) && setenv("TZ", value, 1) == 0;
    if (scanned) {
        tzset();
        scanned = zone_scan(rows, count);
    }
    int restored = saved == NULL ? unsetenv("TZ") : setenv("TZ", saved, 1);
    tzset();
    free(saved);
    return scanned && restored == 0;
}

struct zone *zone_create(const char *name, struct fault *fault) {
    char value[128]; /* of TZ: a colon and the file, so that the C library reads what was checked */
    (void)snprintf(value, sizeof(value), ":%s%s", zone_directory, name == NULL ? "" : name);
    if (name == NULL || !zone_name_valid(name) || !zone_file_valid(value + 1)) {
        fault_set(fault, STOP_SETTING, false,
                  "time zone: found \"%.64s\", accepted is an IANA name such as Asia/Ho_Chi_Minh with a file in %s "
                  "(Debian package tzdata)", name == NULL ? "" : name, zone_directory);
        return NULL;
    }
    struct zone_row *rows = NULL;
    size_t row_count = 0;
    size_t slot_count = (size_t)(scan_end_ms >> SLOT_LOG2) + 1;
    struct zone *zone = malloc(sizeof(*zone) + slot_count * sizeof(zone->slots[0]));
    if (zone == NULL || !zone_scan_as(value, &rows, &row_count)) {
        fault_set(fault, STOP_MEMORY, false, "time zone %.64s: out of memory", name);
        free(zone);
        free(rows);
        return NULL;
    }
    CHECK(row_count > 0 && row_count < UINT16_MAX);
    zone->rows = rows;
    zone->row_count = row_count;
    zone->slot_count = slot_count;
    zone->settled_ms = rows[row_count - 1].from_ms > 2 * day_ms ? rows[row_count - 1].from_ms : 2 * day_ms;
    zone->settled_offset_ms = rows[row_count - 1].offset_ms;
    size_t row = 0;
    for (size_t i = 0; i < slot_count; i++) {
        while (row + 1 < row_count && rows[row + 1].from_ms <= (int64_t)i << SLOT_LOG2) row++;
        zone->slots[i] = (uint16_t)row;
    }
    return zone;
}

void zone_destroy(struct zone *zone) {
    if (zone == NULL) return;
    free(zone->rows);
    free(zone);
}

/* ---- looking up ---- */

static inline int64_t floor_div(int64_t value, int64_t divisor) {
    return value / divisor - (value % divisor < 0);
}

static size_t zone_row_at(const struct zone *zone, int64_t time_ms) {
    if (time_ms < 0) return 0;
    size_t slot = (size_t)(time_ms >> SLOT_LOG2);
    size_t row = zone->slots[slot < zone->slot_count ? slot : zone->slot_count - 1];
    while (row + 1 < zone->row_count && zone->rows[row + 1].from_ms <= time_ms) row++;
    return row;
}

int32_t zone_day(const struct zone *zone, int64_t time_ms) {
    const int64_t bound = (int64_t)DAY_MAX * day_ms;
    if (time_ms >= zone->settled_ms && time_ms <= bound) { /* settled, and positive: one division without a remainder */
        return (int32_t)((uint64_t)(time_ms + zone->settled_offset_ms) / (uint64_t)day_ms);
    }
    if (time_ms < -bound) return -DAY_MAX;
    if (time_ms > bound) return DAY_MAX;
    return (int32_t)floor_div(time_ms + zone->rows[zone_row_at(zone, time_ms)].offset_ms, day_ms);
}

int64_t zone_day_start_ms(const struct zone *zone, int32_t day) {
    int64_t midnight_ms = day * day_ms; /* as if the local clock were UTC */
    size_t row = zone_row_at(zone, midnight_ms - 2 * day_ms);
    for (;; row++) {
        int64_t start_ms = midnight_ms - zone->rows[row].offset_ms;
        if (start_ms < zone->rows[row].from_ms) start_ms = zone->rows[row].from_ms;
        if (row + 1 == zone->row_count || start_ms < zone->rows[row + 1].from_ms) return start_ms;
    }
}

int64_t zone_instant_ms(const struct zone *zone, int64_t local_ms) {
    size_t row = zone_row_at(zone, local_ms - 2 * day_ms);
    while (row + 1 < zone->row_count && local_ms - zone->rows[row].offset_ms >= zone->rows[row + 1].from_ms) row++;
    int64_t instant_ms = local_ms - zone->rows[row].offset_ms;
    bool skipped = row > 0 && instant_ms < zone->rows[row].from_ms;
    return skipped ? local_ms - zone->rows[row - 1].offset_ms : instant_ms;
}

/* ---- the calendar ---- */

/* Days are counted in eras of 400 years that begin on 1 March, so that the leap day is the last day of a year. */
enum { ERA_DAYS = 146097, EPOCH_ERA_DAY = 719468 };

struct civil_date civil_from_day(int32_t day) {
    int64_t shifted = (int64_t)day + EPOCH_ERA_DAY;
    int64_t era = floor_div(shifted, ERA_DAYS);
    int64_t of_era = shifted - era * ERA_DAYS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0 = March */
    struct civil_date date;
    date.day = (int32_t)(of_year - (153 * month + 2) / 5 + 1);
    date.month = (int32_t)(month < 10 ? month + 3 : month - 9);
    date.year = (int32_t)(year + era * 400 + (date.month <= 2));
    return date;
}

int32_t day_from_civil(struct civil_date date) {
    int64_t year = (int64_t)date.year - (date.month <= 2);
    int64_t era = floor_div(year, 400);
    int64_t of_era_year = year - era * 400;
    int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t of_era = of_era_year * 365 + of_era_year / 4 - of_era_year / 100 + of_year;
    return (int32_t)(era * ERA_DAYS + of_era - EPOCH_ERA_DAY);
}

int32_t month_of_day(int32_t day) {
    struct civil_date date = civil_from_day(day);
    return date.year * 12 + date.month - 1;
}

int32_t day_of_month_start(int32_t month) {
    int32_t year = (int32_t)floor_div(month, 12);
    return day_from_civil((struct civil_date){year, month - year * 12 + 1, 1});
}

int32_t weekday_of_day(int32_t day) {
    int64_t shifted = (int64_t)day + 3; /* 1970-01-01 was a Thursday */
    return (int32_t)(shifted - floor_div(shifted, 7) * 7);
}

static int32_t month_length(int32_t year, int32_t month) {
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return lengths[month - 1] + (month == 2 && leap);
}

bool civil_is_date(struct civil_date date) {
    if (date.year < 1 || date.month < 1 || date.month > 12) return false;
    return date.day >= 1 && date.day <= month_length(date.year, date.month);
}

/* ---- text ---- */

/* `count` decimal digits at `text`; -1 when one of them is not a digit. */
static int32_t digits_parse(const char *text, int count) {
    int32_t value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool iso_date_parse(struct slice text, int32_t *day) {
    if (text.length != 10 || text.data[4] != '-' || text.data[7] != '-') return false;
    struct civil_date date = {digits_parse(text.data, 4), digits_parse(text.data + 5, 2), digits_parse(text.data + 8, 2)};
    if (!civil_is_date(date)) return false;
    *day = day_from_civil(date);
    return true;
}

/* "Z" or "+hh:mm" at the end of a time; -00:00 means "offset unknown" and is refused. */
static bool offset_parse(const char *text, size_t length, int64_t *offset_s) {
    *offset_s = 0;
    if (length == 1) return text[0] == 'Z' || text[0] == 'z';
    if (length != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
    int32_t hour = digits_parse(text + 1, 2);
    int32_t minute = digits_parse(text + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return false;
    if (text[0] == '-' && hour == 0 && minute == 0) return false;
    *offset_s = (text[0] == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
    return true;
}

/* "Thh:mm:ss", nine characters -> seconds of the day; -1 when it is not that. */
static int32_t clock_parse(const char *text) {
    if ((text[0] != 'T' && text[0] != 't') || text[3] != ':' || text[6] != ':') return -1;
    int32_t hour = digits_parse(text + 1, 2);
    int32_t minute = digits_parse(text + 4, 2);
    int32_t second = digits_parse(text + 7, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1;
    return hour * 3600 + minute * 60 + second;
}

/* ".123456789" at the beginning of `text`: characters taken (0 when there is no point), -1 when the form is wrong. */
static int fraction_parse(struct slice text, int32_t *fraction_ms) {
    *fraction_ms = 0;
    if (text.length == 0 || text.data[0] != '.') return 0;
    int digits = 0;
    for (; (size_t)digits + 1 < text.length && digits_parse(text.data + 1 + digits, 1) >= 0; digits++) {
        if (digits < 3) *fraction_ms = *fraction_ms * 10 + digits_parse(text.data + 1 + digits, 1);
    }
    if (digits < 1 || digits > 9) return -1;
    for (int i = digits; i < 3; i++) *fraction_ms *= 10;
    return digits + 1;
}

bool rfc3339_parse(struct slice text, int64_t *time_ms) {
    enum { DATE_LENGTH = 10, CLOCK_END = 19 };
    int32_t day;
    if (text.length <= CLOCK_END || !iso_date_parse((struct slice){text.data, DATE_LENGTH}, &day)) return false;
    int32_t of_day_s = clock_parse(text.data + DATE_LENGTH);
    int32_t fraction_ms;
    int taken = fraction_parse((struct slice){text.data + CLOCK_END, text.length - CLOCK_END}, &fraction_ms);
    if (of_day_s < 0 || taken < 0) return false;
    size_t at = CLOCK_END + (size_t)taken;
    int64_t offset_s;
    if (!offset_parse(text.data + at, text.length - at, &offset_s)) return false;
    int64_t time_s = (int64_t)day * DAY_S + of_day_s - offset_s;
    if (time_s < 0 || time_s >= scan_end_ms / SECOND_MS) return false;
    *time_ms = time_s * SECOND_MS + fraction_ms;
    return true;
}

static char *digits_put(char *out, int64_t value, int count) {
    for (int i = count - 1; i >= 0; i--, value /= 10) out[i] = (char)('0' + value % 10);
    return out + count;
}

/* Years have four digits here; what lies outside is written as the nearest date that has. */
void iso_date_format(int32_t day, char out[static 11]) {
    struct civil_date date = civil_from_day(day);
    if (date.year < 0) date = (struct civil_date){0, 1, 1};
    if (date.year > 9999) date = (struct civil_date){9999, 12, 31};
    char *at = digits_put(out, date.year, 4);
    *at++ = '-';
    at = digits_put(at, date.month, 2);
    *at++ = '-';
    *digits_put(at, date.day, 2) = '\0';
}

void rfc3339_format(int64_t time_ms, char out[static 25]) {
    const int64_t least_ms = -62167219200000;   /* 0000-01-01T00:00:00.000Z */
    const int64_t greatest_ms = 253402300799999; /* 9999-12-31T23:59:59.999Z */
    if (time_ms < least_ms) time_ms = least_ms;
    if (time_ms > greatest_ms) time_ms = greatest_ms;
    int64_t day = floor_div(time_ms, day_ms);
    int64_t of_day_ms = time_ms - day * day_ms;
    iso_date_format((int32_t)day, out);
    char *at = out + 10;
    *at++ = 'T';
    at = digits_put(at, of_day_ms / 3600000, 2);
    *at++ = ':';
    at = digits_put(at, of_day_ms / 60000 % 60, 2);
    *at++ = ':';
    at = digits_put(at, of_day_ms / 1000 % 60, 2);
    *at++ = '.';
    at = digits_put(at, of_day_ms % 1000, 3);
    *at++ = 'Z';
    *at = '\0';
}
