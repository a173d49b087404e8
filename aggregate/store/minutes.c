/* Closed minutes out of the pulse cells: see minutes.h.
 *
 * The index of a partition names the last change of every minute bucket (store-layout.md §1). A look asks each partition for
 * `next`, and those that moved for the whole index: some ten thousand short fields for eight days of minutes, a few milliseconds,
 * every few seconds. A minute whose last change is another than the one that was read has changed. The cells themselves are read
 * by pulse_refresh(), which makes them cells of one prefix of each partition.
 *
 * The index is read behind `next`, so it may know more than `next` says. That is harmless: a minute that differs only by what
 * came later is read once more than needed, and where nothing differs at the later prefix nothing differs at the earlier one.
 *
 * The floor keeps published values from going back. Values are a function of the prefix, so a Redis that has lost its tail
 * (failover) shows older values for a while; they come again as they were when the log has been read again. Until then nothing
 * is given out. */
#include "aggregate/store/minutes.h"

#include "aggregate/store/pulse_set.h"
#include "aggregate/store/pulse_text.h"
#include "check.h"

#define NO_CHANGE INT64_MIN /* the bucket does not exist */

/* One minute bucket of one partition. */
struct mark {
    int32_t minute;
    int64_t found; /* its last change, by the index */
    int64_t taken; /* the same when it was read */
};

struct part {
    int64_t looked_next; /* `next` when the index was read */
    struct mark *marks;  /* sorted by minute */
    size_t count;
};

struct floor {
    char topic[TOPIC_BYTES_MAX + 1];
    int32_t partition;
    int64_t next;
};

struct total {
    int64_t n, unconverted;
    wide sum;
    bool seen;
};

struct minutes {
    struct store_options options;
    int64_t idle_ms;
    struct pool *pool;
    struct pulse_set set;
    struct part *parts; /* as set.pulses */
    struct facet_table table;
    struct floor *floors;
    size_t floor_count;
    bool closed;
    int32_t end;
    int32_t *changed;
    size_t changed_count, changed_capacity;
    struct resp offsets;
};

struct minutes *minutes_create(const struct store_options *options, int64_t idle_ms, struct fault *fault) {
    struct minutes *minutes = calloc(1, sizeof(*minutes));
    CHECK_MEMORY(minutes != NULL);
    minutes->options = *options;
    minutes->idle_ms = idle_ms;
    minutes->pool = pool_create(&minutes->options, fault);
    minutes->set = (struct pulse_set){.options = &minutes->options, .pool = minutes->pool};
    if (minutes->pool != NULL) return minutes;
    free(minutes);
    return NULL;
}

static void drop_parts(struct minutes *minutes, size_t count) {
    for (size_t i = 0; minutes->parts != NULL && i < count; i++)
        free(minutes->parts[i].marks);
    free(minutes->parts);
    minutes->parts = NULL;
}

void minutes_destroy(struct minutes *minutes) {
    if (minutes == NULL) return;
    drop_parts(minutes, minutes->set.count);
    pulse_set_drop(&minutes->set);
    pool_destroy(minutes->pool);
    facet_table_free(&minutes->table);
    resp_free(&minutes->offsets);
    free(minutes->floors);
    free(minutes->changed);
    free(minutes);
}

/* --- the floor --- */

static struct floor *floor_of(struct minutes *minutes, struct slice topic, int32_t partition) {
    for (size_t i = 0; i < minutes->floor_count; i++) {
        struct floor *floor = &minutes->floors[i];
        if (floor->partition == partition && slice_equal(slice_of(floor->topic), topic)) return floor;
    }
    minutes->floors = realloc(minutes->floors, (minutes->floor_count + 1) * sizeof(*minutes->floors));
    CHECK_MEMORY(minutes->floors != NULL);
    struct floor *floor = &minutes->floors[minutes->floor_count++];
    *floor = (struct floor){.partition = partition, .next = INT64_MIN};
    memcpy(floor->topic, topic.data, topic.length);
    return floor;
}

static void floor_piece(struct minutes *minutes, struct slice piece) {
    int64_t partition = 0, next = 0;
    const char *equals = memchr(piece.data, '=', piece.length);
    const char *slash = equals == NULL ? NULL : memrchr(piece.data, '/', (size_t)(equals - piece.data));
    if (slash == NULL || slash - piece.data > TOPIC_BYTES_MAX) return;
    if (!decimal_read((struct slice){slash + 1, (size_t)(equals - slash - 1)}, &partition) || partition < 0 ||
        partition > INT32_MAX ||
        !decimal_read((struct slice){equals + 1, piece.length - (size_t)(equals - piece.data) - 1}, &next)) {
        return;
    }
    struct floor *floor = floor_of(minutes, (struct slice){piece.data, (size_t)(slash - piece.data)}, (int32_t)partition);
    if (next > floor->next) floor->next = next;
}

void minutes_floor(struct minutes *minutes, struct slice offsets) {
    for (size_t at = 0; at < offsets.length;) {
        const char *blank = memchr(offsets.data + at, ' ', offsets.length - at);
        size_t length = blank == NULL ? offsets.length - at : (size_t)(blank - offsets.data) - at;
        floor_piece(minutes, (struct slice){offsets.data + at, length});
        at += length + 1;
    }
}

/* Whether every partition of the floor is there and stands at it or beyond; `read`: by its cells, else by its meta. */
static bool above_floor(const struct minutes *minutes, bool read) {
    for (size_t i = 0; i < minutes->floor_count; i++) {
        const struct floor *floor = &minutes->floors[i];
        bool fine = false;
        for (size_t p = 0; !fine && p < minutes->set.count; p++) {
            const struct pulse *pulse = minutes->set.pulses[p];
            fine = pulse->present && pulse->who.partition == floor->partition && strcmp(pulse->topic, floor->topic) == 0 &&
                   (read ? pulse->read_next : pulse->next) >= floor->next;
        }
        if (!fine) return false;
    }
    return true;
}

void minutes_close(struct minutes *minutes, int32_t end) {
    if (minutes->closed && minutes->end >= end) return;
    minutes->closed = true;
    minutes->end = end;
}

/* --- looking --- */

static bool list_partitions(struct minutes *minutes, struct fault *fault) {
    size_t before = minutes->set.count;
    bool changed = false;
    bool fine = pulse_set_list(&minutes->set, &changed, fault);
    if (fine && !changed) return true;
    drop_parts(minutes, before); /* other partitions: all is to be read again */
    if (!fine) {
        pulse_set_drop(&minutes->set);
        return false;
    }
    minutes->parts = calloc(minutes->set.count + 1, sizeof(*minutes->parts));
    CHECK_MEMORY(minutes->parts != NULL);
    for (size_t i = 0; i < minutes->set.count; i++)
        minutes->parts[i].looked_next = INT64_MIN;
    return true;
}

static int by_minute(const void *left, const void *right) {
    int32_t a = ((const struct mark *)left)->minute;
    int32_t b = ((const struct mark *)right)->minute;
    return (a > b) - (a < b);
}

static struct mark *find_mark(const struct part *part, int32_t minute) {
    const struct mark wanted = {.minute = minute};
    return part->count == 0 ? NULL : bsearch(&wanted, part->marks, part->count, sizeof(wanted), by_minute);
}

/* Takes the index into marks, keeping what was taken of each minute; minutes that have gone stay until that has been read. */
static bool take_index(struct part *part, const redisReply *reply) {
    struct mark *marks = calloc(reply->elements / 2 + part->count + 1, sizeof(*marks));
    CHECK_MEMORY(marks != NULL);
    size_t count = 0;
    bool fine = true;
    for (size_t i = 0; fine && i < reply->elements; i += 2) {
        enum hash_kind kind;
        int32_t minute = 0;
        if (!index_field_read(reply_text(reply->element[i]), &kind, &minute) || kind != HASH_MINUTE) continue;
        struct mark *before = find_mark(part, minute);
        marks[count] = (struct mark){.minute = minute, .taken = before == NULL ? NO_CHANGE : before->taken};
        fine = decimal_read(reply_text(reply->element[i + 1]), &marks[count++].found);
        if (before != NULL) before->taken = NO_CHANGE; /* carried over */
    }
    for (size_t i = 0; i < part->count; i++) {
        if (part->marks[i].taken == NO_CHANGE) continue;
        marks[count] = part->marks[i];
        marks[count++].found = NO_CHANGE;
    }
    qsort(marks, count, sizeof(*marks), by_minute);
    free(part->marks);
    part->marks = marks;
    part->count = count;
    return fine;
}

static bool look_at_index(struct minutes *minutes, size_t p, struct fault *fault) {
    const struct pulse *pulse = minutes->set.pulses[p];
    struct part *part = &minutes->parts[p];
    struct resp out = {0};
    struct key key;
    struct slice index = key_index(&pulse->keys, &key);
    RESP_COMMAND(&out, SLICE("HGETALL"), index);
    redisReply *reply = pool_ask(minutes->pool, index, &out, 1, "reading the index for the stream", fault);
    bool fine = reply != NULL;
    if (fine && (!reply_is_pairs(reply) || !take_index(part, reply))) {
        fine = fault_set(fault, STOP_STATE_DAMAGED, false, "the index of %s in namespace %s is not of the layout",
                         pulse->keys.tag, pulse->keys.name_space);
    }
    part->looked_next = pulse->next;
    freeReplyObject(reply);
    resp_free(&out);
    return fine;
}

static int by_number(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left;
    int32_t b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static void list_changed(struct minutes *minutes) {
    minutes->changed_count = 0;
    for (size_t p = 0; minutes->closed && p < minutes->set.count; p++) {
        const struct part *part = &minutes->parts[p];
        if (minutes->changed_count + part->count > minutes->changed_capacity) {
            minutes->changed_capacity = minutes->changed_count + part->count + 1024;
            minutes->changed = realloc(minutes->changed, minutes->changed_capacity * sizeof(*minutes->changed));
            CHECK_MEMORY(minutes->changed != NULL);
        }
        for (size_t i = 0; i < part->count && part->marks[i].minute < minutes->end; i++) {
            if (part->marks[i].found != part->marks[i].taken) minutes->changed[minutes->changed_count++] = part->marks[i].minute;
        }
    }
    if (minutes->changed_count == 0) return;
    qsort(minutes->changed, minutes->changed_count, sizeof(*minutes->changed), by_number);
    size_t kept = 1;
    for (size_t i = 1; i < minutes->changed_count; i++) {
        if (minutes->changed[i] != minutes->changed[kept - 1]) minutes->changed[kept++] = minutes->changed[i];
    }
    minutes->changed_count = kept;
}

/* `topic/partition=next ...` by meta, or by what the cells stand for. */
static void describe(struct minutes *minutes, struct minutes_view *view) {
    resp_clear(&minutes->offsets);
    view->version = pulse_set_offsets(&minutes->set, &minutes->offsets);
    view->offsets = (struct slice){minutes->offsets.data, minutes->offsets.length};
}

static bool look(struct minutes *minutes, struct minutes_view *view, struct fault *fault) {
    int32_t end = 0;
    *view = (struct minutes_view){.closed = false};
    if (!list_partitions(minutes, fault) || !pulse_set_ask(&minutes->set, fault)) return false;
    if (pulse_set_closed(&minutes->set, minutes->idle_ms, &end)) minutes_close(minutes, end);
    for (size_t p = 0; p < minutes->set.count; p++) {
        struct pulse *pulse = minutes->set.pulses[p];
        pulse->read_next = pulse->next;
        if (!pulse->present || minutes->parts[p].looked_next == pulse->next) continue;
        if (!look_at_index(minutes, p, fault)) return false;
    }
    list_changed(minutes);
    view->closed = minutes->closed;
    view->end = minutes->end;
    view->behind = !above_floor(minutes, false);
    view->changed = minutes->changed;
    view->changed_count = minutes->changed_count;
    describe(minutes, view);
    return true;
}

bool minutes_look(struct minutes *minutes, struct minutes_view *view, struct fault *fault) {
    if (look(minutes, view, fault)) return true;
    pool_reset(minutes->pool); /* replies may be outstanding, or a slot has moved */
    return false;
}

bool minutes_exist(const struct minutes *minutes, int32_t minute) {
    for (size_t p = 0; p < minutes->set.count; p++) {
        const struct mark *mark = find_mark(&minutes->parts[p], minute);
        if (mark != NULL && mark->found != NO_CHANGE) return true;
    }
    return false;
}

/* --- reading --- */

static int by_facet(const void *left, const void *right) {
    uint64_t a = ((const struct minute_cell *)left)->facet;
    uint64_t b = ((const struct minute_cell *)right)->facet;
    return (a > b) - (a < b);
}

/* The cells of the i-th bucket of all partitions, added up into `cells`; returns how many. */
static size_t merge(const struct minutes *minutes, size_t i, struct total *totals, struct minute_cell *cells) {
    memset(totals, 0, (minutes->table.count + 1) * sizeof(*totals));
    for (size_t p = 0; p < minutes->set.count; p++) {
        if (!minutes->set.pulses[p]->present) continue;
        const struct pulse_bucket *bucket = &minutes->set.pulses[p]->buckets[i];
        for (size_t c = 0; c < bucket->count; c++) {
            struct total *total = &totals[bucket->cells[c].number];
            total->n += bucket->cells[c].n;
            total->unconverted += bucket->cells[c].unconverted;
            total->sum += bucket->cells[c].sum;
            total->seen = true;
        }
    }
    size_t count = 0;
    for (size_t f = 0; f < minutes->table.count; f++) {
        if (!totals[f].seen) continue;
        struct minute_cell *cell = &cells[count++];
        char sum[WIDE_BYTES];
        struct slice text = wide_text(totals[f].sum, sum);
        *cell = (struct minute_cell){.facet = minutes->table.facets[f], .n = totals[f].n, .unconverted = totals[f].unconverted};
        memcpy(cell->sum, text.data, text.length);
    }
    if (count > 0) qsort(cells, count, sizeof(*cells), by_facet);
    return count;
}

/* The i-th bucket of every partition counts as read. */
static void note_taken(struct minutes *minutes, size_t i, int32_t minute) {
    for (size_t p = 0; p < minutes->set.count; p++) {
        struct mark *mark = find_mark(&minutes->parts[p], minute);
        if (mark == NULL || !minutes->set.pulses[p]->present) continue;
        mark->taken = minutes->set.pulses[p]->buckets[i].offset;
        if (mark->taken > mark->found) mark->found = mark->taken; /* changed since the look, and read */
    }
}

static bool read_all(struct minutes *minutes, const int32_t *list, size_t count, bool *settled, struct fault *fault) {
    struct pulse_bucket needed[MINUTES_CHUNK_MAX];
    for (size_t i = 0; i < count; i++)
        needed[i] = (struct pulse_bucket){.kind = HASH_MINUTE, .bucket = list[i]};
    *settled = true;
    for (size_t p = 0; *settled && p < minutes->set.count; p++) {
        struct pulse *pulse = minutes->set.pulses[p];
        struct key key;
        if (!pulse->present) continue;
        struct connection *connection = pool_route(minutes->pool, key_meta(&pulse->keys, &key), fault);
        if (connection == NULL || !pulse_refresh(pulse, connection, &minutes->options, &minutes->table, needed, count, settled,
                                                 fault)) {
            return false;
        }
    }
    *settled = *settled && above_floor(minutes, true);
    return true;
}

bool minutes_read(struct minutes *minutes, const int32_t *list, size_t count, bool *settled, minutes_visit *visit, void *context,
                  struct fault *fault) {
    CHECK(count <= MINUTES_CHUNK_MAX);
    if (!read_all(minutes, list, count, settled, fault)) {
        pool_reset(minutes->pool);
        return false;
    }
    if (!*settled) return true;
    struct minutes_view prefix = {.closed = true, .end = minutes->end};
    describe(minutes, &prefix);
    minutes_floor(minutes, prefix.offsets);
    struct total *totals = calloc(minutes->table.count + 1, sizeof(*totals));
    struct minute_cell *cells = calloc(minutes->table.count + 1, sizeof(*cells));
    CHECK_MEMORY(totals != NULL && cells != NULL);
    bool fine = true;
    for (size_t i = 0; fine && i < count; i++) {
        fine = visit(context, list[i], cells, merge(minutes, i, totals, cells), &prefix, fault);
        if (fine) note_taken(minutes, i, list[i]);
    }
    free(cells);
    free(totals);
    return fine;
}
