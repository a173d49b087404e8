/* Counters by name: one table for the counts of the state, and the fields of the rolling windows as Redis names them. */
#include "aggregate/runtime/counter.h"

#include "aggregate/runtime/nearest.h"
#include "aggregate/store/pool.h"
#include "aggregate/store/rolling_read.h"

#include <inttypes.h>
#include <stddef.h>

enum { FIELD_BYTES = 200, FIELD_PARTS = 5, NAME_BYTES = 64 };
#define REASON_PREFIX "reason."

static const struct {
    const char *name;
    size_t at; /* in struct counts */
} table[] = {{"delivered", offsetof(struct counts, delivered)},     {"applied", offsetof(struct counts, applied)},
             {"duplicate", offsetof(struct counts, duplicate)},     {"quarantined", offsetof(struct counts, quarantined)},
             {"rejected", offsetof(struct counts, rejected)},       {"ignored", offsetof(struct counts, ignored)},
             {"conflict", offsetof(struct counts, conflict)},       {"late", offsetof(struct counts, late)},
             {"unresolved", offsetof(struct counts, unresolved)},   {"unconverted", offsetof(struct counts, unconverted)},
             {"open_unknown", offsetof(struct counts, open_unknown)}};
static const char *const others[] = {"partitions", "replayed", "lost", "lag"};
enum { COUNTS = sizeof(table) / sizeof(table[0]), OTHERS = sizeof(others) / sizeof(others[0]) };
enum { NAMES = COUNTS + OTHERS + REASON_COUNT - 1 };

/* Names by number: counts, others, reasons. */
static const char *name_of(int number, char out[static NAME_BYTES]) {
    if (number < COUNTS) return table[number].name;
    if (number < COUNTS + OTHERS) return others[number - COUNTS];
    (void)snprintf(out, NAME_BYTES, REASON_PREFIX "%s", reason_name((enum reason)(number - COUNTS - OTHERS + 1)));
    return out;
}

bool counter_known(const char *name, struct fault *fault) {
    char best[NAME_BYTES] = "", text[NAME_BYTES];
    for (int i = 0; i < NAMES; i++) {
        const char *known = name_of(i, text);
        if (strcmp(known, name) == 0) return true;
        if (best[0] == '\0' || text_distance(known, name) < text_distance(best, name))
            (void)snprintf(best, sizeof(best), "%s", known);
    }
    return fault_set(fault, STOP_USAGE, false,
                     "--counter: found \"%.80s\"; did you mean \"%s\"? (nhip inspect --json has them all)", name, best);
}

void counter_text(const char *name, const struct counter_totals *totals, char out[static COUNTER_TEXT_BYTES]) {
    const int64_t more[OTHERS] = {totals->partitions, totals->replayed, totals->lost, totals->lag};
    char text[NAME_BYTES];
    int64_t value = 0;
    for (int i = 0; i < NAMES; i++) {
        if (strcmp(name_of(i, text), name) != 0) continue;
        if (i < COUNTS)
            value = *(const int64_t *)(const void *)((const char *)totals->counts + table[i].at);
        else
            value = i < COUNTS + OTHERS ? more[i - COUNTS] : totals->counts->reasons[i - COUNTS - OTHERS + 1];
    }
    (void)snprintf(out, COUNTER_TEXT_BYTES, "%" PRId64, value);
}

/* --- rolling windows --- */

bool counter_is_rolling(const char *name) {
    return strchr(name, ':') != NULL && strchr(name, '|') != NULL;
}

/* A cell's field as Redis names it. */
static void field_of(const struct rolling_cell *cell, char out[static FIELD_BYTES]) {
    const char *platform = cell->codes[ROLLING_PLATFORM];
    const char *reason = cell->codes[ROLLING_REASON];
    bool reasoned = strcmp(reason, "_Z") != 0;
    (void)snprintf(out, FIELD_BYTES, "%s|%s|%s|%s|%s%s%s", cell->codes[ROLLING_FAMILY],
                   strcmp(platform, "_Z") != 0 ? platform : cell->codes[ROLLING_CHANNEL], cell->codes[ROLLING_INSTRUMENT],
                   cell->codes[ROLLING_CONTEXT], cell->codes[ROLLING_OUTCOME], reasoned ? ":" : "", reasoned ? reason : "");
}

static void find_cell(const struct rolling_view *view, const char *field, char out[static COUNTER_TEXT_BYTES]) {
    char own[FIELD_BYTES], sum[ROLLING_SUM_BYTES];
    size_t length = strlen(field);
    bool summed = length > 4 && strcmp(field + length - 4, "|sum") == 0;
    if (summed) length -= 4;
    (void)snprintf(out, COUNTER_TEXT_BYTES, "0");
    for (size_t i = 0; i < view->count; i++) {
        field_of(&view->cells[i], own);
        if (strlen(own) != length || memcmp(own, field, length) != 0) continue;
        struct slice text = rolling_sum_text(view->cells[i].sum, sum);
        if (summed)
            (void)snprintf(out, COUNTER_TEXT_BYTES, "%.*s", (int)text.length, text.data);
        else
            (void)snprintf(out, COUNTER_TEXT_BYTES, "%" PRId64, view->cells[i].n);
    }
}

static int parts_of(const char *field) {
    int parts = 1;
    for (; *field != '\0'; field++) parts += *field == '|';
    return parts;
}

bool counter_rolling(const struct store_options *options, const char *name, char out[static COUNTER_TEXT_BYTES],
                     struct fault *fault) {
    struct rolling_view views[ROLLING_WINDOW_COUNT];
    const char *field = strchr(name, ':') + 1;
    size_t window = 0;
    while (window < ROLLING_WINDOW_COUNT && (strlen(rolling_window_name(window)) != (size_t)(field - name - 1) ||
                                             strncmp(rolling_window_name(window), name, (size_t)(field - name - 1)) != 0))
        window++;
    bool sum = parts_of(field) == FIELD_PARTS + 1 && strcmp(strrchr(field, '|'), "|sum") == 0;
    if (window == ROLLING_WINDOW_COUNT || (parts_of(field) != FIELD_PARTS && !sum)) {
        return fault_set(fault, STOP_USAGE, false,
                         "--counter: found \"%.80s\"; accepted is WINDOW:FIELD, a window 1m, 5m, 1h, 24h or 7d and a field "
                         "such as ORDER|SHOPEE|_Z|_Z|CREATED",
                         name);
    }
    struct pool *pool = pool_create(options, fault);
    bool fine = pool != NULL && rolling_views_read(pool, options, options->name_space, views, fault);
    if (fine) {
        find_cell(&views[window], field, out);
        rolling_views_clear(views);
    }
    pool_destroy(pool);
    return fine;
}
