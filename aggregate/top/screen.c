/* Lines are made whole and cut to the width when they go out; the height is shared between the tables: first what is always
 * there, then partitions (those furthest behind first, when they do not all fit), then rolling counters. */
#include "aggregate/top/screen.h"

#include "check.h"
#include "codes.h"
#include "zone.h"

#include <inttypes.h>

enum { LINE_BYTES = 640, NUMBER_BYTES = 32, CODES_MAX = 48, HEAD_ROWS = 6, TABLE_ROWS_MIN = 4 };
enum style { PLAIN, BOLD, TITLE, WARNING };

struct screen {
    const struct top_size *size;
    FILE *out;
    int used; /* rows */
};

static void line(struct screen *screen, enum style style, const char *text) {
    static const char *const begin[] = {"", "\033[1m", "\033[7m", "\033[1;31m"};
    if (screen->size->rows > 0 && screen->used >= screen->size->rows) return;
    if (screen->size->plain) {
        (void)fprintf(screen->out, "%s\n", text);
    } else { /* no line feed behind the last row: the screen would scroll */
        (void)fprintf(screen->out, "%s%s%.*s\033[0m\033[K", screen->used > 0 ? "\r\n" : "", begin[style], screen->size->columns,
                      text);
    }
    screen->used++;
}

static bool room(const struct screen *screen) {
    return screen->size->rows == 0 || screen->used < screen->size->rows;
}

/* 1234567 -> "1,234,567"; below zero: "-". */
static const char *grouped(int64_t number, char out[static NUMBER_BYTES]) {
    char digits[NUMBER_BYTES];
    size_t at = 0;
    if (number < 0) return "-";
    int length = snprintf(digits, sizeof(digits), "%" PRId64, number);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

static void clock_text(int64_t time_ms, char out[static 25]) {
    if (time_ms == INT64_MIN) {
        (void)snprintf(out, 25, "-");
        return;
    }
    rfc3339_format(time_ms, out);
    out[10] = ' ';
    out[19] = '\0';
}

/* --- what is always there --- */

static size_t owners(const struct top_sample *now) {
    size_t count = 0;
    for (size_t i = 0; i < now->count; i++) {
        const char *instance = now->rows[i].meta.instance;
        bool known = now->rows[i].meta.owner[0] == '\0';
        for (size_t k = 0; k < i && !known; k++)
            known = now->rows[k].meta.owner[0] != '\0' && strcmp(now->rows[k].meta.instance, instance) == 0;
        count += !known;
    }
    return count;
}

static void draw_totals(struct screen *screen, const struct top_sample *now, const struct top_sample *before) {
    char text[LINE_BYTES], rate_text[NUMBER_BYTES], lag_text[NUMBER_BYTES], refused_text[NUMBER_BYTES];
    int64_t rate = -1, lag = -1;
    const struct counts *total = &now->total;
    for (size_t i = 0; i < now->count; i++) {
        int64_t some = top_rate(now, before, i);
        if (some >= 0) rate = (rate < 0 ? 0 : rate) + some;
        some = top_lag(now, i);
        if (some >= 0) lag = (lag < 0 ? 0 : lag) + some;
    }
    int64_t refused = total->rejected + total->quarantined;
    int64_t parts = total->delivered > 0 ? refused * 10000 / total->delivered : 0;
    (void)snprintf(text, sizeof(text),
                   "%s events/s   lag %s   refused %s (%" PRId64 ".%02" PRId64 " %%)   %zu partitions   owners %zu",
                   grouped(rate, rate_text), grouped(lag, lag_text), grouped(refused, refused_text), parts / 100, parts % 100,
                   now->count, owners(now));
    line(screen, BOLD, text);
}

static void draw_counts(struct screen *screen, const struct counts *total) {
    const struct {
        const char *name;
        int64_t number;
    } all[] = {{"delivered", total->delivered}, {"applied", total->applied}, {"duplicate", total->duplicate},
               {"quarantined", total->quarantined}, {"rejected", total->rejected}, {"ignored", total->ignored},
               {"late", total->late}};
    char text[LINE_BYTES], number[NUMBER_BYTES];
    size_t length = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s %s  ", all[i].name, grouped(all[i].number, number));
    line(screen, PLAIN, text);
    length = (size_t)snprintf(text, sizeof(text), "refused:");
    for (int i = REASON_NONE + 1; i < REASON_COUNT && length < sizeof(text) - 60; i++) {
        if (total->reasons[i] == 0) continue;
        length += (size_t)snprintf(text + length, sizeof(text) - length, " %s %s", reason_name((enum reason)i),
                                   grouped(total->reasons[i], number));
    }
    line(screen, PLAIN, total->rejected + total->quarantined > 0 ? text : "refused: none");
}

static void draw_head(struct screen *screen, const struct top_sample *now, const struct top_sample *before) {
    char text[LINE_BYTES], time[25];
    clock_text(now->at_ms, time);
    int length = snprintf(text, sizeof(text), " nhip top   namespace %s   %s UTC", now->name_space, time);
    if (!screen->size->plain && screen->size->columns > length + 10 && screen->size->columns < (int)sizeof(text))
        (void)snprintf(text + length, sizeof(text) - (size_t)length, "%*s", screen->size->columns - length, "q: quit ");
    line(screen, TITLE, text);
    if (now->trouble[0] != '\0') line(screen, WARNING, now->trouble);
    draw_totals(screen, now, before);
    draw_counts(screen, &now->total);
}

/* --- partitions --- */

struct order {
    size_t row;
    int64_t lag;
};

static int by_lag(const void *left, const void *right) {
    const struct order *a = left;
    const struct order *b = right;
    return a->lag != b->lag ? (a->lag < b->lag) - (a->lag > b->lag) : (a->row > b->row) - (a->row < b->row);
}

static void draw_partition(struct screen *screen, const struct top_sample *now, const struct top_sample *before, size_t i) {
    char text[LINE_BYTES], name[280], next[NUMBER_BYTES], rate[NUMBER_BYTES], lag[NUMBER_BYTES], epoch[NUMBER_BYTES], time[25];
    char age[NUMBER_BYTES];
    const struct meta *meta = &now->rows[i].meta;
    clock_text(meta->progress.watermark_ms, time);
    (void)snprintf(name, sizeof(name), "%s/%d", now->rows[i].who.topic, now->rows[i].who.partition);
    int64_t age_s = meta->commit_ms > 0 && now->at_ms > meta->commit_ms ? (now->at_ms - meta->commit_ms) / 1000 : 0;
    (void)snprintf(age, sizeof(age), "%" PRId64 " s", age_s);
    (void)snprintf(text, sizeof(text), "%-26.200s %14s %10s %12s  %-19s %7s %9s  %s", name, grouped(meta->progress.next, next),
                   grouped(top_rate(now, before, i), rate), grouped(top_lag(now, i), lag), time, grouped(meta->epoch, epoch),
                   meta->commit_ms > 0 ? age : "-", meta->owner[0] == '\0' ? "(nobody)" : meta->instance);
    line(screen, PLAIN, text);
}

static void draw_partitions(struct screen *screen, const struct top_sample *now, const struct top_sample *before, int rows) {
    char text[LINE_BYTES];
    struct order *order = calloc(now->count + 1, sizeof(*order));
    CHECK_MEMORY(order != NULL);
    for (size_t i = 0; i < now->count; i++) order[i] = (struct order){i, top_lag(now, i)};
    bool all = rows == 0 || (size_t)rows >= now->count;
    if (!all) qsort(order, now->count, sizeof(*order), by_lag);
    size_t shown = all ? now->count : (size_t)(rows > 1 ? rows - 1 : 0);
    line(screen, PLAIN, "");
    (void)snprintf(text, sizeof(text), "%-26s %14s %10s %12s  %-19s %7s %9s  %s", "PARTITION", "NEXT", "EVENTS/S", "LAG",
                   "WATERMARK", "EPOCH", "COMMITTED", "OWNER");
    line(screen, BOLD, text);
    for (size_t i = 0; i < shown; i++) draw_partition(screen, now, before, order[i].row);
    if (!all) {
        (void)snprintf(text, sizeof(text), "... and %zu more, less far behind", now->count - shown);
        line(screen, PLAIN, text);
    }
    free(order);
}

/* --- rolling counters --- */

static void rolling_line(struct screen *screen, const char *name, const int64_t n[static ROLLING_WINDOW_COUNT],
                         enum style style) {
    char text[LINE_BYTES], number[NUMBER_BYTES];
    size_t length = (size_t)snprintf(text, sizeof(text), "%-26s", name);
    for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, " %13s", grouped(n[w], number));
    line(screen, style, text);
}

static int64_t count_of(const struct rolling_view *view, enum rolling_axis axis, const char *code) {
    int64_t n = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (strcmp(view->cells[i].codes[axis], code) == 0) n += view->cells[i].n;
    }
    return n;
}

/* Codes of the longest window, greatest first. */
static void draw_axis(struct screen *screen, const struct top_sample *now, enum rolling_axis axis) {
    size_t count = 0;
    struct rolling_cell *groups = rolling_group(&now->views[ROLLING_WINDOW_COUNT - 1], 1u << axis, &count);
    for (size_t i = 0; i < count && i < CODES_MAX && room(screen); i++) {
        const char *code = groups[i].codes[axis];
        char name[64];
        int64_t n[ROLLING_WINDOW_COUNT];
        if (strcmp(code, "_Z") == 0) continue;
        for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++) n[w] = count_of(&now->views[w], axis, code);
        (void)snprintf(name, sizeof(name), "%s %s", rolling_axis_name(axis), code);
        rolling_line(screen, name, n, PLAIN);
    }
    free(groups);
}

static void draw_rolling(struct screen *screen, const struct top_sample *now) {
    static const enum rolling_axis axes[] = {ROLLING_FAMILY, ROLLING_CHANNEL, ROLLING_PLATFORM, ROLLING_INSTRUMENT};
    char text[LINE_BYTES];
    line(screen, PLAIN, "");
    size_t length = (size_t)snprintf(text, sizeof(text), "%-26s", "ROLLING");
    for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, " %13s", rolling_window_name(w));
    if (now->views[0].present) (void)snprintf(text + length, sizeof(text) - length, "   to %.16s UTC", now->views[0].to);
    line(screen, BOLD, text);
    int64_t total[ROLLING_WINDOW_COUNT];
    for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++) total[w] = now->views[w].present ? now->views[w].total : -1;
    rolling_line(screen, "all", total, PLAIN);
    for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) draw_axis(screen, now, axes[i]);
}

void top_draw(const struct top_sample *now, const struct top_sample *before, const struct top_size *size, FILE *out) {
    struct screen screen = {.size = size, .out = out};
    int rows = 0;
    if (!size->plain) (void)fputs("\033[H", out);
    draw_head(&screen, now, before);
    if (size->rows > 0) { /* half of what is left, or what the counters do not need */
        rows = (size->rows - screen.used - HEAD_ROWS) / 2;
        if (rows < TABLE_ROWS_MIN) rows = TABLE_ROWS_MIN;
    }
    draw_partitions(&screen, now, before, rows);
    draw_rolling(&screen, now);
    if (!size->plain) (void)fputs("\033[J", out);
}
