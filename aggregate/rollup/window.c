/* The window of booking.md §7, in 48 bytes a record.
 *
 *     ring of events     key 8 | payload 4 | R 4          ring of facts   key 8 | stage and day 4 | back 4         offsets 4
 *     table of events    6 (recall.c)                     table of facts  6
 *
 * Both rings are indexed by ordinal, so one span says for everything what is inside: the records from the tail to the newest.
 * The tail moves for two reasons, the count (a push into a full ring) and the age (window_age), and both are judged
 * by numbers of the log alone; because R never falls, what is inside is always a suffix of the log. That suffix is
 * also all that a rebuild has to read: window_offset is the tail's offset, and "R before the tail" starts the running
 * maximum again, exactly.
 *
 * A message can be several events (schemas/mapping.md); they take a place each and share an offset. So the tail may lie
 * inside a message, and tail_element says how deep: counted on where the tail's offset stays, zero where it moves.
 *
 * Halves: R moves at most 24 h a record (86.4 million ms < 2^32) and so its lower half says all, counted up from the
 * tail. Offsets nearly always too; a gap of 4 GiB or more in a file goes to a small queue of leaps.
 *
 * Facts of one entity form a chain from the latest backwards, linked by distance. It is walked for at most 64 facts,
 * and ends where the tail is. What was not done: deleting from chains (the distance beyond the tail ends them), and
 * one merged record per entity (a rebuilt window could then differ from the live one, which has seen more). */
#include "aggregate/rollup/window.h"

#include "aggregate/rollup/pages.h"
#include "check.h"
#include "limits.h"

#include <string.h>

enum { STAGE_BITS = 4, DAY_BIAS = 16 };

bool window_create(struct window *window, uint32_t records, int64_t age_ms_max) {
    CHECK(age_ms_max >= 0);
    *window = (struct window){.age_ms_max = age_ms_max, .record_time_max_ms = INT64_MIN};
    window->span.ring = records;
    window->before_record_time_max_ms = INT64_MIN;
    window->last_offset = INT64_MIN;
    bool fine = recall_create(&window->events, records);
    fine = recall_create(&window->entities, records) && fine;
    window->offsets = pages_create((size_t)records * sizeof(*window->offsets));
    if (fine && window->offsets != NULL) return true;
    window_destroy(window);
    return false;
}

void window_destroy(struct window *window) {
    recall_destroy(&window->events);
    recall_destroy(&window->entities);
    pages_destroy(window->offsets, (size_t)window->span.ring * sizeof(*window->offsets));
    free(window->leaps);
    *window = (struct window){0};
}

void window_start(struct window *window, int64_t ordinal, int64_t record_time_max_ms) {
    CHECK(ordinal >= 0);
    CHECK(window->span.live == 0);
    window->span.next = ordinal;
    window->record_time_max_ms = record_time_max_ms;
    window->before_record_time_max_ms = record_time_max_ms;
}

void window_start_inside(struct window *window, int64_t offset, uint32_t element) {
    CHECK(element > 0);
    CHECK(window->span.live == 0);
    window->last_offset = offset;
    window->last_element = element - 1;
}

/* The oldest record leaves; the one after it, if any, is the tail. */
static void forget(struct window *window) {
    struct span *span = &window->span;
    window->before_record_time_max_ms = window->tail_record_time_max_ms;
    span->live--;
    if (span->live == 0) return;
    const struct recall_entry *tail = recall_entry(&window->events, span, span->live);
    window->tail_record_time_max_ms += (uint32_t)(tail->second - (uint32_t)window->tail_record_time_max_ms);
    int64_t ordinal = span->next - span->live;
    if (window->leap_first < window->leap_count && window->leaps[window->leap_first].ordinal == ordinal) {
        window->tail_offset = window->leaps[window->leap_first].offset;
        window->tail_element = 0;
        window->leap_first++;
        return;
    }
    uint32_t step = window->offsets[tail - window->events.entries] - (uint32_t)window->tail_offset;
    window->tail_element = step == 0 ? window->tail_element + 1 : 0;
    window->tail_offset += step;
}

void window_age(struct window *window, int64_t record_time_max_ms) {
    CHECK(record_time_max_ms >= window->record_time_max_ms);
    window->record_time_max_ms = record_time_max_ms;
    while (window->span.live > 0 && window->tail_record_time_max_ms < record_time_max_ms - window->age_ms_max)
        forget(window);
}

void window_look(const struct window *window, uint64_t event_key, uint64_t entity_key,
                 struct window_look *look) {
    look->event_key = event_key;
    look->entity_key = entity_key;
    look->event = recall_find(&window->events, &window->span, event_key);
    look->payload = 0;
    if (look->event.age != 0)
        look->payload = recall_entry(&window->events, &window->span, look->event.age)->first;
    look->entity.age = 0;
    if (entity_key != 0) look->entity = recall_find(&window->entities, &window->span, entity_key);
}

void window_history(const struct window *window, const struct window_look *look, struct history *history) {
    history->seen = 0;
    uint32_t age = look->entity.age;
    for (int i = 0; i < ENTITY_FACTS_MAX && age != 0 && age <= window->span.live; i++) {
        const struct recall_entry *entry = recall_entry(&window->entities, &window->span, age);
        uint32_t stage = entry->first & ((1U << STAGE_BITS) - 1);
        if ((history->seen >> stage & 1) == 0) {
            history->seen |= 1U << stage;
            history->days[stage] = (int32_t)(entry->first >> STAGE_BITS) - DAY_BIAS;
        }
        age = entry->second != 0 ? age + entry->second : 0;
    }
}

static void leap_note(struct window *window, int64_t offset) {
    if (window->leap_first > 0 && window->leap_first * 2 >= window->leap_count) {
        window->leap_count -= window->leap_first;
        memmove(window->leaps, window->leaps + window->leap_first,
                window->leap_count * sizeof(*window->leaps));
        window->leap_first = 0;
    }
    if (window->leap_count == window->leap_capacity) {
        window->leap_capacity = window->leap_capacity * 2 + 16;
        window->leaps = realloc(window->leaps, window->leap_capacity * sizeof(*window->leaps));
        CHECK_MEMORY(window->leaps != NULL);
    }
    window->leaps[window->leap_count++] = (struct leap){window->span.next, offset};
}

void window_push(struct window *window, int64_t offset, const struct window_look *look,
                 const struct window_fact *fact) {
    struct span *span = &window->span;
    CHECK(offset >= window->last_offset);
    if (span->live == span->ring) forget(window);

    struct recall_entry *event = recall_entry(&window->events, span, 0);
    struct recall_entry *entity = recall_entry(&window->entities, span, 0);
    *event = (struct recall_entry){.second = (uint32_t)window->record_time_max_ms};
    *entity = (struct recall_entry){0};
    if (look != NULL) {
        recall_put(&window->events, span, look->event_key, &look->event);
        event->key = look->event_key;
        event->first = fact->payload;
        if (look->entity_key != 0) {
            CHECK(fact->stage > 0 && fact->stage < HISTORY_STAGES);
            recall_put(&window->entities, span, look->entity_key, &look->entity);
            entity->key = look->entity_key;
            entity->first = (uint32_t)(fact->day + DAY_BIAS) << STAGE_BITS | fact->stage;
            entity->second = look->entity.age;
        }
    }
    window->offsets[span->head] = (uint32_t)offset;
    window->last_element = offset == window->last_offset ? window->last_element + 1 : 0;
    if (span->live == 0) {
        window->tail_offset = offset;
        window->tail_element = window->last_element;
        window->tail_record_time_max_ms = window->record_time_max_ms;
    } else if (offset - window->last_offset > UINT32_MAX) {
        leap_note(window, offset);
    }
    window->last_offset = offset;
    span->next++;
    span->live++;
    span->head = span->head + 1 == span->ring ? 0 : span->head + 1;
    recall_sweep(&window->events, span);
    recall_sweep(&window->entities, span);
}

size_t window_bytes(const struct window *window) {
    uint32_t ring = window->span.ring;
    return recall_bytes(&window->events) + recall_bytes(&window->entities) +
           (size_t)ring * sizeof(*window->offsets) + window->leap_capacity * sizeof(*window->leaps);
}
