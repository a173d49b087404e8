/* The life cycle: what one event books, given what the window knows of its payment or order (schemas/booking.md §4, §5). */
#ifndef NHIP_ROLLUP_LIFE_H
#define NHIP_ROLLUP_LIFE_H

#include "aggregate/rollup/rollup.h"
#include "aggregate/rollup/window.h"

static inline enum family event_family(enum event_kind kind) {
#define X(name, wire, family) [KIND_##name] = FAMILY_##family,
    static const enum family families[KIND_COUNT] = {EVENT_KINDS(X)};
#undef X
    return families[kind];
}

struct plan {
    enum reason reason;   /* other than 0: quarantined, the rest means nothing */
    enum outcome outcome; /* the ledger cell; 0: books nothing */
    enum outcome pulse;   /* always something */
    int32_t day;          /* booking day of `outcome` */
    bool count_only;      /* `outcome` has sum 0 */
    bool return_value;    /* and a RETURN_VALUE cell on the event's own day */
};

/* Pure. `own_day` = local day of event time; `history` of the same entity (seen = 0 where there is none). Not for
 * unit.registered. */
struct plan life_plan(const struct event *event, int32_t own_day, const struct history *history,
                      enum success_at success_at, const struct zone *zone);

/* The stage that the event leaves in the window; 0 for families without an entity. */
uint32_t life_stage(const struct event *event);

#endif
