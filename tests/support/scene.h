/* A scene: one roll-up on a store in memory, and events written down in a line each, for tests of the booking rules.
 *
 * Days are local days of Asia/Ho_Chi_Minh; times are day + hours of local time. Every helper fails the test when
 * something is off. */
#ifndef NHIP_TESTS_SCENE_H
#define NHIP_TESTS_SCENE_H

#include "aggregate/rollup/rollup.h"
#include "facet.h"
#include "tests/support/memory_store.h"

enum { SCENE_DAY = 18900, SCENE_RETENTION_DAYS = 100, SCENE_OLDEST_DAY = 16436 };

struct scene {
    struct zone *zone;
    struct rollup_options options;
    struct rollup *rollup;
    struct memory_store *store;
    int64_t next_offset;
    int64_t record_delay_ms; /* record time = event time + this ... */
    int64_t record_time_ms;  /* ... unless this is set (not 0) */
    uint32_t serial;         /* makes event ids */
    enum reason reason;      /* of the last record */
};

struct scene *scene_create(void);
struct scene *scene_create_with(uint32_t window_records, int64_t age_ms, size_t cells_max);
void scene_destroy(struct scene *scene);

int64_t scene_time(int32_t day, int32_t hour); /* an instant of local time */

/* Events with all required fields, a fresh event id, source "SRC", account "m1", amount 1000. Change what the test is
 * about. */
struct event scene_payment(struct scene *scene, const char *payment_id, enum pay_status status,
                           int64_t time_ms);
struct event scene_order(struct scene *scene, const char *order_id, enum event_kind kind, int64_t time_ms);
struct event scene_ride(struct scene *scene, int64_t time_ms);
struct event scene_website(struct scene *scene, int64_t time_ms, int64_t changed_ms);
struct event scene_unit(struct scene *scene, const char *document, int64_t recorded_ms);
/* Moves an event to another source or account, prints included. Call before scene_id(). */
void scene_account(struct event *event, const char *source, const char *account_id);
void scene_buyer(struct event *event, const char *buyer_id);
void scene_id(struct event *event, const char *event_id);

enum verdict scene_put(struct scene *scene, const struct event *event);
enum verdict scene_refuse(struct scene *scene, enum reason reason,
                          int64_t record_time_ms); /* REASON_NONE: a tombstone */
void scene_commit(struct scene *scene);
const struct counts *scene_counts(const struct scene *scene);

/* The stored value after a commit that this makes, "" when there is none. Valid until the next call. */
const char *scene_ledger(struct scene *scene, int32_t day, uint32_t account, uint64_t facet);
const char *scene_cell(struct scene *scene, enum hash_kind kind, int32_t bucket, uint64_t facet,
                       const char *lane);
const char *scene_account_value(struct scene *scene, uint32_t account);
/* Facets of the events above, as they are booked. */
uint64_t scene_facet(const struct event *event, enum role role, enum outcome outcome);
uint64_t scene_pulse_facet(const struct event *event, enum outcome outcome);

#endif
