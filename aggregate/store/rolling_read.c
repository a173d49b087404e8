/* The way back from nhip:rolling:* (store-layout.md §8): see rolling_read.h.
 *
 * The page could have asked the instance that writes the windows for its totals in memory, but then only one of several
 * instances could show them, and what a person reads on the page and with redis-cli could differ. So the hashes are read, once a
 * second and only while somebody looks. */
#include "aggregate/store/rolling_read.h"

#include "aggregate/store/pool.h"
#include "aggregate/store/rolling_parts.h"
#include "check.h"
#include "codes.h"

_Static_assert((int)ROLLING_WINDOW_COUNT == (int)ROLLING_WINDOWS, "as many windows are read as are written");
_Static_assert(sizeof(rolling_sum) == sizeof(wide), "sums are read as wide as they are written");

enum { PARTS = 5, FIELD_BYTES = 160 }; /* family|outlet|instrument|context|outcome */

const char *rolling_axis_name(enum rolling_axis axis) {
#define X(code, name) name,
    static const char *const names[] = {ROLLING_AXES(X)};
#undef X
    return names[axis];
}

const char *rolling_window_name(size_t window) {
    return rolling_windows[window].name;
}

struct slice rolling_sum_text(rolling_sum sum, char out[static ROLLING_SUM_BYTES]) {
    return wide_text(sum, out);
}

static bool sum_read(struct slice text, rolling_sum *sum) {
    bool negative = text.length > 0 && text.data[0] == '-';
    size_t first = negative ? 1 : 0;
    rolling_sum value = 0;
    if (text.length == first || text.length - first > 38) return false;
    for (size_t i = first; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *sum = negative ? -value : value;
    return true;
}

static bool take_code(struct slice part, char out[static ROLLING_CODE_BYTES]) {
    if (part.length == 0 || part.length >= ROLLING_CODE_BYTES) return false;
    for (size_t i = 0; i < part.length; i++) { /* they go into JSON, CSV and a page */
        char c = part.data[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
    }
    memcpy(out, part.data, part.length);
    out[part.length] = '\0';
    return true;
}

static bool is_platform(const char *outlet) {
    for (int code = OUTLET_LAZADA; code <= OUTLET_OTHER; code++) {
        if (strcmp(outlet_name((enum outlet)code), outlet) == 0) return true;
    }
    return false;
}

static size_t split(struct slice field, struct slice parts[static PARTS + 2]) {
    size_t count = 0;
    const char *at = field.data;
    const char *end = field.data + field.length;
    while (count < PARTS + 2) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        parts[count++] = (struct slice){at, (size_t)((bar != NULL ? bar : end) - at)};
        if (bar == NULL) break;
        at = bar + 1;
    }
    return count;
}

/* `family|outlet|instrument|context|outcome[:reason]`, and `|sum` behind it. */
static bool take_field(struct slice field, struct rolling_cell *cell, bool *is_sum) {
    static const enum rolling_axis axes[PARTS] = {ROLLING_FAMILY, ROLLING_CHANNEL, ROLLING_INSTRUMENT, ROLLING_CONTEXT,
                                                  ROLLING_OUTCOME};
    struct slice parts[PARTS + 2];
    size_t count = split(field, parts);
    *is_sum = count == PARTS + 1 && slice_equal(parts[PARTS], SLICE("sum"));
    if (count != PARTS && !*is_sum) return false;
    struct slice *outcome = &parts[PARTS - 1];
    struct slice reason = SLICE("_Z");
    const char *colon = memchr(outcome->data, ':', outcome->length);
    if (colon != NULL) {
        reason = (struct slice){colon + 1, (size_t)(outcome->data + outcome->length - colon - 1)};
        outcome->length = (size_t)(colon - outcome->data);
    }
    bool fine = take_code(reason, cell->codes[ROLLING_REASON]);
    for (size_t i = 0; fine && i < PARTS; i++) fine = take_code(parts[i], cell->codes[axes[i]]);
    if (!fine) return false;
    bool platform = is_platform(cell->codes[ROLLING_CHANNEL]);
    (void)snprintf(cell->codes[ROLLING_PLATFORM], ROLLING_CODE_BYTES, "%s", platform ? cell->codes[ROLLING_CHANNEL] : "_Z");
    if (platform) (void)snprintf(cell->codes[ROLLING_CHANNEL], ROLLING_CODE_BYTES, "MARKETPLACE");
    return true;
}

static bool take_text(struct slice value, char *out, size_t capacity) {
    if (value.length >= capacity) return false;
    memcpy(out, value.data, value.length);
    out[value.length] = '\0';
    return true;
}

static bool take_mark(struct slice field, struct slice value, struct rolling_view *view) {
    if (slice_equal(field, SLICE("_from"))) return take_text(value, view->from, sizeof(view->from));
    if (slice_equal(field, SLICE("_to"))) return take_text(value, view->to, sizeof(view->to));
    if (slice_equal(field, SLICE("_namespace"))) return take_text(value, view->name_space, sizeof(view->name_space));
    if (slice_equal(field, SLICE("_total"))) return decimal_read(value, &view->total);
    if (!slice_equal(field, SLICE("_offsets"))) return true; /* of a later version */
    view->offsets = strndup(value.data, value.length);
    return view->offsets != NULL;
}

/* Sum fields are merged into the cells of their counts at the end, by sorting: the hash has no order. */
static int by_codes(const void *left, const void *right) {
    return memcmp(((const struct rolling_cell *)left)->codes, ((const struct rolling_cell *)right)->codes,
                  sizeof(((const struct rolling_cell *)left)->codes));
}

static int by_size(const void *left, const void *right) {
    const struct rolling_cell *a = left;
    const struct rolling_cell *b = right;
    return a->n != b->n ? (a->n < b->n) - (a->n > b->n) : by_codes(left, right);
}

/* Sorts, and makes neighbours with the same codes one cell; their number. */
static size_t merge(struct rolling_cell *cells, size_t count) {
    size_t kept = 0;
    if (count > 0) qsort(cells, count, sizeof(*cells), by_codes);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_codes(&cells[kept - 1], &cells[i]) == 0) {
            cells[kept - 1].n += cells[i].n;
            cells[kept - 1].sum += cells[i].sum;
        } else {
            cells[kept++] = cells[i];
        }
    }
    return kept;
}

static bool take_window(const redisReply *pairs, struct rolling_view *view) {
    if (!reply_is_pairs(pairs) || pairs->elements > 2 * (size_t)ROLLING_CELLS_MAX) return false;
    view->present = pairs->elements > 0;
    view->cells = calloc(pairs->elements / 2 + 1, sizeof(*view->cells));
    if (view->cells == NULL) return false;
    for (size_t i = 0; i < pairs->elements; i += 2) {
        struct slice field = reply_text(pairs->element[i]);
        struct slice value = reply_text(pairs->element[i + 1]);
        if (field.length > 0 && field.data[0] == '_') {
            if (!take_mark(field, value, view)) return false;
            continue;
        }
        bool is_sum = false;
        struct rolling_cell *cell = &view->cells[view->count++];
        if (field.length >= FIELD_BYTES || !take_field(field, cell, &is_sum)) return false;
        if (is_sum ? !sum_read(value, &cell->sum) : !decimal_read(value, &cell->n)) return false;
    }
    view->count = merge(view->cells, view->count);
    return true;
}

static bool read_window(struct pool *pool, const struct store_options *options, const char *name_space, size_t w,
                        struct rolling_view *view, struct fault *fault) {
    struct resp out = {0};
    struct key key;
    char rest[32];
    (void)snprintf(rest, sizeof(rest), "rolling:%s", rolling_windows[w].name);
    struct slice name = key_global(name_space, rest, &key);
    struct connection *connection = pool_route(pool, name, fault);
    RESP_COMMAND(&out, SLICE("HGETALL"), name);
    bool fine = connection != NULL && connection_send(connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    redisReply *reply = fine ? connection_answer(connection, options->timeout_ms, "reading the rolling windows", fault) : NULL;
    fine = reply != NULL;
    if (fine && !take_window(reply, view))
        fine = fault_set(fault, STOP_STATE_DAMAGED, false, "%.100s:%s is not as nhip writes it", name_space, rest);
    freeReplyObject(reply);
    return fine;
}

bool rolling_views_read(struct pool *pool, const struct store_options *options, const char *name_space,
                        struct rolling_view views[static ROLLING_WINDOW_COUNT], struct fault *fault) {
    bool fine = true;
    memset(views, 0, ROLLING_WINDOW_COUNT * sizeof(*views));
    for (size_t w = 0; fine && w < ROLLING_WINDOW_COUNT; w++)
        fine = read_window(pool, options, name_space, w, &views[w], fault);
    if (!fine) rolling_views_clear(views);
    return fine;
}

void rolling_views_clear(struct rolling_view views[static ROLLING_WINDOW_COUNT]) {
    for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++) {
        free(views[w].cells);
        free(views[w].offsets);
    }
    memset(views, 0, ROLLING_WINDOW_COUNT * sizeof(*views));
}

struct rolling_cell *rolling_group(const struct rolling_view *view, unsigned by, size_t *count) {
    struct rolling_cell *groups = calloc(view->count + 1, sizeof(*groups));
    CHECK_MEMORY(groups != NULL);
    for (size_t i = 0; i < view->count; i++) {
        groups[i].n = view->cells[i].n;
        groups[i].sum = view->cells[i].sum;
        for (size_t axis = 0; axis < ROLLING_AXIS_COUNT; axis++)
            (void)snprintf(groups[i].codes[axis], ROLLING_CODE_BYTES, "%s", (by & 1u << axis) ? view->cells[i].codes[axis] : "*");
    }
    *count = merge(groups, view->count);
    qsort(groups, *count, sizeof(*groups), by_size);
    return groups;
}
