/* The window: what the last W delivered records of this log said (schemas/booking.md §7).
 *
 * Every delivered record takes a place; valid ones leave their event id and, for payments and orders, one fact:
 * status or stage and local day. Order of calls for one record: window_age, window_look, window_history, window_push.
 * */
#ifndef NHIP_ROLLUP_WINDOW_H
#define NHIP_ROLLUP_WINDOW_H

#include "aggregate/rollup/recall.h"

enum { HISTORY_STAGES = 16 };

struct leap {
    int64_t ordinal;
    int64_t offset;
};

struct window {
    struct span span;
    struct recall events; /* first: payload, second: low half of the record's R */
    struct recall
        entities; /* first: fact, second: how many records back the same entity's previous fact is (0 = none) */
    uint32_t *offsets;  /* low halves */
    struct leap *leaps; /* records more than 2^32 behind the one before: their whole offsets, a queue */
    size_t leap_first;
    size_t leap_count;
    size_t leap_capacity;
    int64_t age_ms_max;
    int64_t record_time_max_ms; /* R after the last record */
    int64_t last_offset;
    uint32_t last_element; /* which event of the message at last_offset the last record was, from 0 */
    uint32_t tail_element; /* the same of the oldest record inside */
    int64_t tail_offset;               /* of the oldest record inside */
    int64_t tail_record_time_max_ms;   /* its own R */
    int64_t before_record_time_max_ms; /* R before it */
};

/* What the window says of one event, before that event is in it. */
struct window_look {
    uint64_t event_key;
    uint64_t entity_key; /* 0: has no entity */
    struct sighting event;
    struct sighting entity;
    uint32_t payload; /* of the latest record with the same event id; when event.age != 0 */
};

/* The latest 64 facts of an entity: which stages there are, and the day of the latest fact of each. */
struct history {
    uint32_t seen; /* bit = stage */
    int32_t days[HISTORY_STAGES];
};

/* What a record leaves. */
struct window_fact {
    uint32_t payload;
    uint32_t stage; /* 1 .. 15 */
    int32_t day;
};

/* False when memory is short. `records` 16 .. 2^24. */
bool window_create(struct window *window, uint32_t records, int64_t age_ms_max);
void window_destroy(struct window *window);
/* Before the first record: its ordinal, and R before it (INT64_MIN at the very beginning). */
void window_start(struct window *window, int64_t ordinal, int64_t record_time_max_ms);
/* ... and that record is not the first event of the message at `offset`, but number `element` (> 0). */
void window_start_inside(struct window *window, int64_t offset, uint32_t element);

/* A new record makes R this great: forgets what is too old. */
void window_age(struct window *window, int64_t record_time_max_ms);
void window_look(const struct window *window, uint64_t event_key, uint64_t entity_key,
                 struct window_look *look);
void window_history(const struct window *window, const struct window_look *look, struct history *history);
/* The record takes its place; `look` and `fact` null: it leaves nothing. `offset` above all before, or that of the record
 * before: one more event of the same message. */
void window_push(struct window *window, int64_t offset, const struct window_look *look,
                 const struct window_fact *fact);

size_t window_bytes(const struct window *window);

static inline int64_t window_ordinal(const struct window *window) {
    return window->span.next - window->span.live;
}

#endif
