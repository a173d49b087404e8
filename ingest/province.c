/* The synthetic province: N slots of record time, each filled with exactly one message.
 *
 * A slot is filled by, in this order: a promise that is due (the event that shows a unit adopting), a broken record, a
 * new order, whatever is due in the queue (next steps, delayed messages, redeliveries), and otherwise a new payment,
 * ride or observation. New orders come at a fixed rate and payments take what is left, so the stream has no dearth of
 * orders while old ones run their course.
 *
 * What goes wrong on the way is done to finished steps: a message may be held back (minutes, hours, days: then its
 * order's follow-ups carry the dates they are booked to, booking.md §5), and a copy of it may come again, now and then
 * with another amount. The truth is booked when a message is handed out, so what the stream does not hold is not in the
 * truth either. */
#include "ingest/province.h"

#include "check.h"
#include "ingest/province_truth.h"

#include <stdlib.h>

enum {
    BROKEN_CHANCE = 50,      /* of 10,000 slots */
    ORDER_CHANCE = 1000,
    RIDE_CHANCE = 600,       /* of slots left for new stories */
    WEBSITE_CHANCE = 300,
    LATE_CHANCE = 100,       /* of messages */
    DISORDER_CHANCE = 60,
    COPY_CHANCE = 200,
    CONFLICT_CHANCE = 300,   /* of copies */
    COPY_SLOTS_MAX = 20000,  /* a copy stays well inside the window */
    SETTLE_SLOTS_MAX = 100000,
};

struct province *province_create(const struct province_options *options, struct fault *fault) {
    if (options->events < 1) {
        (void)fault_set(fault, STOP_USAGE, false, "--events must be at least 1, found %lld", (long long)options->events);
        return NULL;
    }
    if (options->days < 1 || options->days > 1000) {
        (void)fault_set(fault, STOP_USAGE, false, "--days must be 1 to 1000, found %d", options->days);
        return NULL;
    }
    struct province *province = calloc(1, sizeof *province);
    CHECK_MEMORY(province);
    province->options = *options;
    province_random_seed(&province->random, options->seed);
    bool made = province_calendar_create(&province->calendar, options->first_day, options->days, (uint64_t)options->events);
    CHECK(made);
    province_units_create(&province->units, &province->calendar, &province->random);
    province->truth = province_truth_create(province);
    int64_t window_ms = (int64_t)province->units.window_first * PROVINCE_DAY_MS - PROVINCE_OFFSET_MS + 120000;
    int64_t last_ms = (int64_t)(province->units.last_day + 1) * PROVINCE_DAY_MS - PROVINCE_OFFSET_MS;
    province->promise_first = province_calendar_slot_of(&province->calendar, window_ms);
    province->promise_end = province_calendar_slot_of(&province->calendar, last_ms);
    int64_t span_ms = (int64_t)options->days * PROVINCE_DAY_MS;
    int64_t near_ms = (int64_t)((__int128)span_ms * SETTLE_SLOTS_MAX / options->events);
    province->dated_after_ms = near_ms < 3 * (int64_t)PROVINCE_DAY_MS ? near_ms : 3 * (int64_t)PROVINCE_DAY_MS;
    return province;
}

void province_destroy(struct province *province) {
    if (!province) return;
    province_truth_destroy(province->truth);
    province_queue_destroy(&province->queue);
    province_units_destroy(&province->units);
    province_calendar_destroy(&province->calendar);
    free(province);
}

/* ---- steps ---- */

static uint64_t delay_slots(struct province *province, const struct province_story *story, enum province_delay delay) {
    static const int32_t low[] = {0, 2, 120, 1800, 60000, 100000, 400000, 0};
    static const int32_t high[] = {0, 30, 3000, 28000, 130000, 320000, 780000, 1};
    if (delay == DELAY_BACK) return 1;
    int32_t seconds = province_random_between(&province->random, low[delay], high[delay]);
    uint64_t slots = province_calendar_slots_in(&province->calendar, seconds);
    bool near = story->family == FAMILY_PAYMENT || delay < DELAY_DAYS;
    return near && slots > SETTLE_SLOTS_MAX ? SETTLE_SLOTS_MAX : slots;
}

static bool far_from_beginning(const struct province *province, const struct province_story *story) {
    int64_t since_ms = story->created_ms;
    return since_ms != PROVINCE_NEVER && province->now_ms - since_ms > province->dated_after_ms;
}

static int64_t step_event_ms(struct province *province, const struct province_story *story) {
    bool prompt = province_random_chance(&province->random, 9000);
    int64_t latency_ms = province_random_below(&province->random, prompt ? 3000 : 60000);
    int64_t event_ms = province->now_ms - latency_ms;
    if (story->plan->steps[story->step].delay == DELAY_BACK) return story->event_ms - 1000 - latency_ms * 20;
    if (event_ms <= story->event_ms) event_ms = story->event_ms + 1 < province->now_ms ? story->event_ms + 1 : province->now_ms;
    return event_ms < province->calendar.start_ms ? province->calendar.start_ms : event_ms;
}

static void order_dates_set(const struct province *province, struct province_story *story) {
    uint8_t kind = story->plan->steps[story->step].code;
    if (!story->plan->orphan && far_from_beginning(province, story)) story->dated = true;
    if (kind == KIND_ORDER_CREATED && story->step == 0) story->created_ms = story->event_ms;
    if (kind == KIND_ORDER_SHIPPED) story->shipped_ms = story->event_ms;
    if (kind == KIND_ORDER_DELIVERED && !story->plan->orphan) story->delivered_ms = story->event_ms;
}

/* Gives the current step its event time and decides which dates it carries: a payment's follow-ups at a source that
 * counts its first success say now and then when that was. */
static void step_prepare(struct province *province, struct province_story *story) {
    story->event_ms = step_event_ms(province, story);
    if (story->family == FAMILY_ORDER) order_dates_set(province, story);
    if (story->family != FAMILY_PAYMENT || !story->succeeded || story->plan->steps[story->step].delay == DELAY_BACK) return;
    bool first = province_sources[province->units.accounts[story->account].source].policy == POLICY_FIRST;
    if (first && province_random_chance(&province->random, 5000)) story->dated = true;
}

static void next_schedule(struct province *province, const struct province_story *story) {
    if (story->step + 1 >= PROVINCE_STEPS_MAX || story->plan->steps[story->step + 1].code == 0) return;
    struct province_story next = *story;
    next.step++;
    enum province_delay delay = (enum province_delay)next.plan->steps[next.step].delay;
    province_queue_put(&province->queue, province->slot + delay_slots(province, story, delay), &next);
}

/* Perhaps holds the step back: true when it was, and the slot is still to be filled. An order goes on meanwhile, with
 * dates; a payment ends there, because what follows it would have to be the first outcome itself. */
static bool step_held(struct province *province, struct province_story *story) {
    struct province_random *random = &province->random;
    if (province->options.clean || story->promised || story->plan->dirty) return false;
    uint32_t draw = province_random_below(random, 10000);
    if (draw >= LATE_CHANCE + DISORDER_CHANCE) return false;
    int32_t seconds = draw < DISORDER_CHANCE                       ? province_random_between(random, 60, 2400)
                      : province_random_chance(random, 7000) ? province_random_between(random, 3600, 43200)
                                                             : province_random_between(random, 86400, 345600);
    struct province_story late = *story;
    late.held = true;
    province_queue_put(&province->queue, province->slot + province_calendar_slots_in(&province->calendar, seconds), &late);
    if (story->family == FAMILY_ORDER) {
        story->dated = true;
        next_schedule(province, story);
    }
    return true;
}

static void copy_schedule(struct province *province, const struct province_story *story) {
    struct province_random *random = &province->random;
    if (province->options.clean || !province_random_chance(random, COPY_CHANCE)) return;
    struct province_story copy = *story;
    copy.copy = true;
    copy.conflicting = story->family != FAMILY_WEBSITE && province_random_chance(random, CONFLICT_CHANCE);
    uint64_t slots = province_calendar_slots_in(&province->calendar, province_random_between(random, 1, 10800));
    province_queue_put(&province->queue, province->slot + (slots < COPY_SLOTS_MAX ? slots : COPY_SLOTS_MAX), &copy);
}

/* ---- messages ---- */

static const char *story_text(struct province *province, const struct province_story *story) {
    province->text.length = 0;
    switch (story->family) {
    case FAMILY_PAYMENT: /* by merchant: a merchant's cells stay in one partition */
        province_payment_text(province, story);
        (void)snprintf(province->key, sizeof province->key, "%s", province->units.accounts[story->account].id);
        return "payments";
    case FAMILY_ORDER:
        province_order_text(province, story);
        (void)snprintf(province->key, sizeof province->key, "o%llu", (unsigned long long)story->number);
        return "orders";
    case FAMILY_RIDE:
        province_ride_text(province, story);
        (void)snprintf(province->key, sizeof province->key, "d%llu", (unsigned long long)story->number);
        return "rides";
    case FAMILY_WEBSITE:
        province_website_text(province, story);
        (void)snprintf(province->key, sizeof province->key, "%s", province->units.accounts[story->account].id);
        return "websites";
    case FAMILY_NONE:
    case FAMILY_UNIT:
    case FAMILY_COUNT: break;
    }
    UNREACHABLE();
    return NULL;
}

static void story_book(struct province *province, struct province_story *story) {
    if (story->copy) {
        province->truth->duplicate++;
        province->truth->conflict += story->conflicting;
    } else if (story->family == FAMILY_PAYMENT) {
        province_payment_book(province, story);
    } else if (story->family == FAMILY_ORDER) {
        province_order_book(province, story);
    } else if (story->family == FAMILY_RIDE) {
        province_ride_book(province, story);
    } else {
        province_website_book(province, story);
    }
}

/* The message of the story's step, and what comes of it. */
static const char *story_send(struct province *province, struct province_story *story) {
    const char *topic = story_text(province, story);
    bool fresh = !story->held && !story->copy;
    story_book(province, story);
    if (!story->copy) copy_schedule(province, story);
    if (fresh) next_schedule(province, story);
    return topic;
}

static bool promise_take(struct province *province, struct province_story *story) {
    const struct province_units *units = &province->units;
    if (province->promise_next >= units->promise_count) return false;
    uint64_t span = province->promise_end - province->promise_first;
    uint64_t due = province->promise_first +
                   (uint64_t)((unsigned __int128)span * (province->promise_next * 2 + 1) / ((uint64_t)units->promise_count * 2));
    if (province->slot < due) return false;
    const struct province_promise *promise = &units->promises[province->promise_next++];
    bool ride = units->accounts[promise->account].source == SOURCE_RIDEHUB;
    if (promise->kind == PROMISE_CARD || promise->kind == PROMISE_BILL) province_payment_new(province, promise, story);
    else if (ride) province_ride_new(province, promise, story);
    else province_order_new(province, promise, story);
    return true;
}

static void story_take(struct province *province, struct province_story *story) {
    struct province_random *random = &province->random;
    if (province_random_chance(random, ORDER_CHANCE)) {
        province_order_new(province, NULL, story);
    } else if (province_queue_take(&province->queue, province->slot, story)) {
        return;
    } else if (province_random_chance(random, RIDE_CHANCE)) {
        province_ride_new(province, NULL, story);
    } else if (province_random_chance(random, WEBSITE_CHANCE)) {
        province_website_new(province, story);
    } else {
        province_payment_new(province, NULL, story);
    }
}

/* Fills the slot; the value is null for a tombstone. */
static const char *slot_fill(struct province *province, bool *tombstone) {
    struct province_story story;
    if (promise_take(province, &story)) {
        step_prepare(province, &story);
        return story_send(province, &story);
    }
    if (!province->options.clean && province_random_chance(&province->random, BROKEN_CHANCE)) {
        const char *topic = NULL;
        province->text.length = 0;
        *tombstone = !province_broken_text(province, &topic);
        return topic;
    }
    for (;;) {
        story_take(province, &story);
        if (!story.held && !story.copy) {
            step_prepare(province, &story);
            if (step_held(province, &story)) continue;
        }
        return story_send(province, &story);
    }
}

static void registry_message(struct province *province, struct province_message *message) {
    message->topic = "registry";
    province->text.length = 0;
    province->truth->delivered++;
    if (!province_broken_registry(province, &message->timestamp_ms)) {
        uint32_t item = province->units.order[province->registry_next];
        province_registry_text(&province->units, province->registry_next++, &province->text);
        province_unit_id(item / PROVINCE_VERSIONS_MAX, province->key);
        message->timestamp_ms =
            province->units.units[item / PROVINCE_VERSIONS_MAX].versions[item % PROVINCE_VERSIONS_MAX].recorded_ms;
        province->truth->applied++;
    }
    message->key = slice_of(province->key);
    message->value = province_text_slice(&province->text);
}

bool province_next(struct province *province, struct province_message *message) {
    if (province->registry_next < province->units.order_count) {
        registry_message(province, message);
        return true;
    }
    if (province->slot >= (uint64_t)province->options.events) return false;
    bool tombstone = false;
    province->now_ms =
        province_calendar_slot_ms(&province->calendar, province->slot, (uint32_t)(province_random_next(&province->random) >> 32));
    message->topic = slot_fill(province, &tombstone);
    message->timestamp_ms = province->now_ms;
    message->key = slice_of(province->key);
    message->value = tombstone ? (struct slice){NULL, 0} : province_text_slice(&province->text);
    province->truth->delivered++;
    province->slot++;
    return true;
}
