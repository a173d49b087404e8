/* Payments and orders as closed facts: a transcription of the tables of booking.md §4 and §5, nothing more.
 *
 * A decision looks at what earlier records of the window *said*, never at what they booked. That is what makes a
 * rebuilt window decide as the live one did: what was booked depends on records that have left the window, what was
 * said does not. */
#include "aggregate/rollup/life.h"

#include "check.h"

_Static_assert((int)PAY_COUNT <= (int)HISTORY_STAGES, "payment statuses fit the bits of a history");
_Static_assert((int)KIND_COUNT <= (int)HISTORY_STAGES, "order stages fit the bits of a history");

static struct plan refused(enum reason reason) {
    return (struct plan){.reason = reason};
}

static struct plan nothing(void) {
    return (struct plan){.pulse = OUTCOME_PROGRESS};
}

static struct plan booked(enum outcome outcome, int32_t day) {
    return (struct plan){.outcome = outcome, .pulse = outcome, .day = day};
}

static bool seen(const struct history *history, int stage) {
    return (history->seen >> stage & 1) != 0;
}

static bool seen_success(const struct history *history, enum success_at success_at) {
    switch (success_at) {
    case SUCCESS_AT_FIRST: return seen(history, PAY_CAPTURED) || seen(history, PAY_SETTLED);
    case SUCCESS_AT_CAPTURED: return seen(history, PAY_CAPTURED);
    case SUCCESS_AT_SETTLED: return seen(history, PAY_SETTLED);
    }
    UNREACHABLE();
    return false;
}

static bool is_success(enum pay_status status, enum success_at success_at) {
    struct history said = {.seen = 1U << status};
    return seen_success(&said, success_at);
}

static bool is_followup(const struct event *event, enum success_at success_at) {
    return success_at == SUCCESS_AT_FIRST && event->captured_ms != TIME_NONE;
}

static struct plan plan_success(const struct event *event, int32_t own_day, const struct history *history,
                                enum success_at success_at) {
    if (seen(history, PAY_DECLINED)) return refused(REASON_IMPOSSIBLE_STATE);
    if (!is_success(event->status, success_at)) return nothing();
    if (seen_success(history, success_at)) return nothing();
    return booked(is_followup(event, success_at) ? OUTCOME_UNRESOLVED : OUTCOME_OK, own_day);
}

static struct plan plan_declined(const struct event *event, int32_t own_day, const struct history *history,
                                 enum success_at success_at) {
    if (seen(history, PAY_CAPTURED) || seen(history, PAY_SETTLED)) return refused(REASON_IMPOSSIBLE_STATE);
    if (seen(history, PAY_DECLINED)) return nothing();
    return booked(is_followup(event, success_at) ? OUTCOME_UNRESOLVED : OUTCOME_DECLINED, own_day);
}

static struct plan plan_payment(const struct event *event, int32_t own_day, const struct history *history,
                                enum success_at success_at) {
    switch (event->status) {
    case PAY_CAPTURED:
    case PAY_SETTLED: return plan_success(event, own_day, history, success_at);
    case PAY_DECLINED: return plan_declined(event, own_day, history, success_at);
    case PAY_REFUNDED:
    case PAY_PART_REFUNDED:
    case PAY_REVERSED: return booked(OUTCOME_REFUNDED, own_day);
    case PAY_CHARGED_BACK: return booked(OUTCOME_CHARGED_BACK, own_day);
    case PAY_CHARGEBACK_WON: return booked(OUTCOME_CHARGEBACK_WON, own_day);
    case PAY_INITIATED:
    case PAY_AUTHORISED:
    case PAY_EXPIRED:
    case PAY_VOIDED: return nothing();
    case PAY_NONE:
    case PAY_COUNT: break;
    }
    UNREACHABLE();
    return nothing();
}

struct known {
    bool known;
    int32_t day;
};

/* The date that the event carries, else the latest fact of that stage. */
static struct known known_day(int64_t carried_ms, enum event_kind stage, const struct history *history,
                              const struct zone *zone) {
    if (carried_ms != TIME_NONE) return (struct known){true, zone_day(zone, carried_ms)};
    if (seen(history, (int)stage)) return (struct known){true, history->days[stage]};
    return (struct known){false, 0};
}

/* A follow-up that is booked to the day of an earlier stage. */
static struct plan plan_followup(enum outcome outcome, struct known known, int32_t own_day) {
    if (!known.known) return booked(OUTCOME_UNRESOLVED, own_day);
    if (known.day > own_day) return refused(REASON_IMPOSSIBLE_STATE);
    return booked(outcome, known.day);
}

static struct plan plan_returned(struct known delivered, int32_t own_day) {
    struct plan plan = plan_followup(OUTCOME_RETURNED, delivered, own_day);
    plan.return_value = true;
    plan.count_only = plan.outcome == OUTCOME_RETURNED;
    return plan;
}

static struct plan plan_order(const struct event *event, int32_t own_day, const struct history *history,
                              const struct zone *zone) {
    struct known created = known_day(event->order_created_ms, KIND_ORDER_CREATED, history, zone);
    switch (event->kind) {
    case KIND_ORDER_CREATED:
        return seen(history, KIND_ORDER_CREATED) ? refused(REASON_IMPOSSIBLE_STATE)
                                                 : booked(OUTCOME_CREATED, own_day);
    case KIND_ORDER_PAID:
    case KIND_ORDER_CONFIRMED:
    case KIND_ORDER_RETURN_REQUESTED: return nothing();
    case KIND_ORDER_CANCELLED: return plan_followup(OUTCOME_CANCELLED, created, own_day);
    case KIND_ORDER_SHIPPED: return booked(OUTCOME_SHIPPED, own_day);
    case KIND_ORDER_FAILED_DELIVERY:
        return plan_followup(OUTCOME_FAILED, known_day(event->shipped_ms, KIND_ORDER_SHIPPED, history, zone),
                             own_day);
    case KIND_ORDER_DELIVERED:
        if (created.known && created.day > own_day) return refused(REASON_IMPOSSIBLE_STATE);
        return booked(OUTCOME_DELIVERED, own_day);
    case KIND_ORDER_RETURNED:
        return plan_returned(known_day(event->delivered_ms, KIND_ORDER_DELIVERED, history, zone), own_day);
    case KIND_ORDER_REFUNDED: return booked(OUTCOME_REFUNDED, own_day);
    case KIND_NONE:
    case KIND_PAYMENT_STATUS:
    case KIND_RIDE_COMPLETED:
    case KIND_WEBSITE_OBSERVED:
    case KIND_UNIT_REGISTERED:
    case KIND_COUNT: break;
    }
    UNREACHABLE();
    return nothing();
}

static struct plan plan_website(const struct event *event, const struct zone *zone) {
    if (event->changed_ms > event->event_time_ms + FUTURE_MS_MAX) return refused(REASON_FUTURE);
    return booked(OUTCOME_OBSERVED, zone_day(zone, event->changed_ms));
}

struct plan life_plan(const struct event *event, int32_t own_day, const struct history *history,
                      enum success_at success_at, const struct zone *zone) {
    switch (event_family(event->kind)) {
    case FAMILY_PAYMENT: return plan_payment(event, own_day, history, success_at);
    case FAMILY_ORDER: return plan_order(event, own_day, history, zone);
    case FAMILY_RIDE: return booked(OUTCOME_OK, own_day);
    case FAMILY_WEBSITE: return plan_website(event, zone);
    case FAMILY_UNIT:
    case FAMILY_NONE:
    case FAMILY_COUNT: break;
    }
    UNREACHABLE();
    return nothing();
}

uint32_t life_stage(const struct event *event) {
    enum family family = event_family(event->kind);
    if (family == FAMILY_PAYMENT) return (uint32_t)event->status;
    return family == FAMILY_ORDER ? (uint32_t)event->kind : 0;
}
