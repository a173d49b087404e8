/* Providers write times as epochs of three sizes and as local wall times in formats of their own (`20211002170000`). A format
 * is compiled into places and literal bytes, so that reading it is a comparison and at most seven small numbers.
 *
 * All arithmetic is on whole milliseconds. Digits that cannot matter are refused rather than wrapped: an epoch whose
 * significant digits are more than eighteen is no instant before 2200 in any unit. */
#include "ingest/mapping_time.h"

#include <stddef.h>

static const int64_t range_end_ms = 7258118400000; /* 2200-01-01T00:00:00Z */

static const struct {
    const char *name;
    uint8_t width;
} groups[GROUP_COUNT] = {
    [GROUP_YEAR] = {"yyyy", 4},  [GROUP_MONTH] = {"MM", 2},  [GROUP_DAY] = {"dd", 2},   [GROUP_HOUR] = {"HH", 2},
    [GROUP_MINUTE] = {"mm", 2}, [GROUP_SECOND] = {"ss", 2}, [GROUP_MILLI] = {"SSS", 3},
};

bool time_is_in_range(int64_t time_ms) {
    return time_ms >= 0 && time_ms < range_end_ms;
}

/* The group that begins at `at`, or GROUP_COUNT. */
static int group_at(struct slice format, size_t at) {
    for (int group = 0; group < GROUP_COUNT; group++) {
        if (format.length - at >= groups[group].width && memcmp(format.data + at, groups[group].name, groups[group].width) == 0) {
            return group;
        }
    }
    return GROUP_COUNT;
}

const char *time_format_compile(struct slice format, struct time_form *form) {
    form->kind = TIME_FORMAT;
    memset(form->place, -1, sizeof(form->place));
    if (format.length > FORMAT_BYTES_MAX) return "it is longer than 64 bytes";
    for (size_t at = 0; at < format.length;) {
        int group = group_at(format, at);
        if (group < GROUP_COUNT) {
            if (form->place[group] >= 0) return "a group comes twice";
            form->place[group] = (int8_t)at;
            at += groups[group].width;
            continue;
        }
        if (format.data[at] != '\0' && strchr("yMdHmsS", format.data[at]) != NULL) {
            return "the letters y M d H m s S stand only in the groups yyyy MM dd HH mm ss SSS";
        }
        form->literals[form->literal_count].place = (uint8_t)at;
        form->literals[form->literal_count++].byte = format.data[at++];
    }
    form->length = (uint8_t)format.length;
    if (form->place[GROUP_YEAR] < 0 || form->place[GROUP_MONTH] < 0 || form->place[GROUP_DAY] < 0) {
        return "accepted are rfc3339, epoch_s, epoch_ms, epoch_us, or a format in which yyyy, MM and dd occur";
    }
    return NULL;
}

/* The number of a group; 0 for one that the format does not have, -1 for what is no number. */
static int32_t group_read(const struct time_form *form, struct slice text, int group) {
    if (form->place[group] < 0) return 0;
    const char *at = text.data + form->place[group];
    int32_t number = 0;
    for (size_t i = 0; i < groups[group].width; i++) {
        if (at[i] < '0' || at[i] > '9') return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

static bool format_read(const struct time_form *form, struct slice text, int64_t *local_ms) {
    if (text.length != form->length) return false;
    for (size_t i = 0; i < form->literal_count; i++) {
        if (text.data[form->literals[i].place] != form->literals[i].byte) return false;
    }
    struct civil_date date = {group_read(form, text, GROUP_YEAR), group_read(form, text, GROUP_MONTH),
                              group_read(form, text, GROUP_DAY)};
    int32_t hour = group_read(form, text, GROUP_HOUR);
    int32_t minute = group_read(form, text, GROUP_MINUTE);
    int32_t second = group_read(form, text, GROUP_SECOND);
    int32_t milli = group_read(form, text, GROUP_MILLI);
    if (!civil_is_date(date)) return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || milli < 0) return false;
    *local_ms = day_from_civil(date) * (int64_t)86400000 + hour * (int64_t)3600000 + minute * 60000 + second * 1000 + milli;
    return true;
}

/* Digits at the beginning of `text` as a number; how many they are, 0 when they are too many to be a time. */
static size_t epoch_digits(struct slice text, int64_t *number) {
    size_t at = 0;
    int64_t value = 0;
    for (; at < text.length && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        if (value > INT64_MAX / 10000) return 0;
        value = value * 10 + (text.data[at] - '0');
    }
    *number = value;
    return at;
}

/* Milliseconds of ".123456"; -1 when it is not that. */
static int64_t epoch_fraction(struct slice text) {
    int64_t milli = 0;
    if (text.length < 2 || text.data[0] != '.') return -1;
    for (size_t i = 1; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return -1;
        if (i <= 3) milli = milli * 10 + (text.data[i] - '0');
    }
    for (size_t i = text.length; i <= 3; i++) milli *= 10;
    return milli;
}

static bool epoch_read(enum time_kind kind, struct slice text, int64_t *ms) {
    int64_t number = 0;
    size_t digits = epoch_digits(text, &number);
    if (digits == 0) return false;
    struct slice rest = {text.data + digits, text.length - digits};
    int64_t fraction = 0;
    if (rest.length > 0 && kind == TIME_EPOCH_S) fraction = epoch_fraction(rest);
    if (fraction < 0 || (rest.length > 0 && kind != TIME_EPOCH_S)) return false;
    if (kind == TIME_EPOCH_S && number > range_end_ms) return false; /* seconds: far beyond, before they are multiplied */
    *ms = kind == TIME_EPOCH_S ? number * 1000 + fraction : kind == TIME_EPOCH_US ? number / 1000 : number;
    return true;
}

bool time_form_read(const struct time_form *form, struct slice text, int64_t *time_ms) {
    if (form->kind == TIME_RFC3339) return rfc3339_parse(text, time_ms);
    int64_t ms = 0;
    if (form->kind == TIME_FORMAT ? !format_read(form, text, &ms) : !epoch_read(form->kind, text, &ms)) return false;
    if (form->zone != NULL) ms = zone_instant_ms(form->zone, ms);
    *time_ms = ms;
    return time_is_in_range(ms);
}
