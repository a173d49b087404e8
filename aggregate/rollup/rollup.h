/* The roll-up of one topic partition: events in, absolute cells out. Pure: no I/O, no clock, no randomness, no threads.
 *
 * state(next) = F(log[start..next), state-changing configuration): nothing here depends on how records were batched
 * or when they were committed (I3). Rules: schemas/booking.md. One owner thread per roll-up.
 *
 * Cold hashes: a hash that exists in Redis but not in memory is `cold` when first touched. Its cells collect deltas;
 * the owner fetches it (rollup_cold, rollup_fill) before the next cut, and values become absolute. */
#ifndef NHIP_ROLLUP_H
#define NHIP_ROLLUP_H

#include "batch.h"
#include "event.h"
#include "fault.h"
#include "record.h"
#include "zone.h"

enum success_at { SUCCESS_AT_FIRST = 0, SUCCESS_AT_CAPTURED, SUCCESS_AT_SETTLED };

struct rollup_options {
    const struct zone *zone;
    uint32_t window_records;   /* W: 16 .. 16,777,216 */
    int64_t window_age_ms_max; /* by running maximum of record time */
    int64_t watermark_bound_ms;
    int32_t retention_days; /* ledger; > 62 */
    int32_t oldest_day;
    bool account_sketches; /* persons also by account and month */
    /* The source's declared booking status; default FIRST. Pure function of the configuration. */
    enum success_at (*success_at)(const void *sources, struct slice source);
    const void *sources;
    uint64_t hash_key[2]; /* secret: keys the tables, so that nobody can write names that meet; no result depends on it */
    size_t cells_max; /* memory bound; beyond it clean hashes are evicted at a cut */
};

enum verdict {
    VERDICT_NONE = 0,
    VERDICT_APPLIED,
    VERDICT_DUPLICATE,
    VERDICT_QUARANTINED,
    VERDICT_REJECTED,
    VERDICT_IGNORED
};

struct rollup;

/* Null and `fault` when memory is short. The window's memory is reserved here and touched as it fills. */
struct rollup *rollup_create(const struct rollup_options *options, struct fault *fault);
void rollup_destroy(struct rollup *rollup);

/* The log begins at `first` now, and what the state needs below it is given up: amends stored progress, before rollup_restore().
 * `next` becomes `first` when that is greater, the window holds what is left, and the gap is noted. FAULT_REFUSED when there are
 * GAPS_MAX already. first > window_offset. */
bool progress_pass_gap(struct progress *progress, int64_t first, struct fault *fault);
/* Offsets that were given up without having been counted. */
int64_t progress_lost(const struct progress *progress);

/* Recovery, in this order: begin with stored progress, then every stored account hash and the index of existing hashes. After
 * it the window is empty; feed rollup_rewarm() the records [window_offset, next) and then go on with rollup_record(). */
bool rollup_restore(struct rollup *rollup, const struct progress *progress, struct fault *fault);
bool rollup_restore_account(struct rollup *rollup, uint32_t number, struct slice value, struct fault *fault);
void rollup_restore_hash(struct rollup *rollup, struct hash_id id,
                         int64_t last_change_offset); /* "exists in Redis" */

/* The records of a batch, in offset order. `event` null + `reason` = refused by the decoder; both empty = tombstone.
 * A message of several events comes as as many records of one offset; all but the last have next_offset = offset, and
 * no cut may be made before the last (checked).
 * The prefetches may be called for a batch beforehand to warm the cache (for rollup_record, for rollup_rewarm); they
 * change nothing. */
void rollup_prefetch(struct rollup *rollup, const struct event *events, size_t count);
void rollup_prefetch_window(const struct rollup *rollup, const struct event *events, size_t count);
enum verdict rollup_record(struct rollup *rollup, const struct record *record, const struct event *event,
                           enum reason *reason);
/* A valid event, no test, that the configuration withdraws: counted as quarantined (withdrawn), judged and booked not at all, and
 * nothing of it is remembered, so that the same event may come again. */
enum verdict rollup_withdraw(struct rollup *rollup, const struct record *record, const struct event *event);
void rollup_rewarm(struct rollup *rollup, const struct record *record, const struct event *event);
void rollup_rewarm_withdrawn(struct rollup *rollup, const struct record *record, const struct event *event);
/* After the last rollup_rewarm(), before the first rollup_record(): true when what was fed is what the state was
 * built from (record count, where the window begins, running maximum of record time, fingerprint of the tail record)
 * and all accounts are back. False: FAULT_REFUSED; the roll-up must then be destroyed.
 * rollup_record() CHECKs it. After a gap the window begins anew with what was fed: then only the tail is proved, and the first
 * call, which must not come before [window_offset, next) is read to its end, settles ordinal and window. */
bool rollup_rewarmed(struct rollup *rollup, struct fault *fault);
/* End of partition: the log's end moved to `next` past markers and holes without records. */
void rollup_advance(struct rollup *rollup, int64_t next);

/* Cold hashes that must be read before the next cut: pops one, false when there is none left. */
bool rollup_cold(struct rollup *rollup, struct hash_id *id);
/* Adds one stored field of a cold hash; then rollup_filled() once. False and `fault` when text is not of the layout. */
bool rollup_fill(struct rollup *rollup, struct hash_id id, struct slice field, struct slice value,
                 struct fault *fault);
void rollup_filled(struct rollup *rollup, struct hash_id id);

/* Writes everything changed since the last cut, then retires what retention says, then marks all clean. No cold hash may be
 * outstanding (checked). The caller owns what happens if the commit fails: it must destroy the roll-up and recover. */
void rollup_cut(struct rollup *rollup, const struct batch_writer *writer);

const struct progress *rollup_progress(const struct rollup *rollup);
size_t rollup_dirty_cells(const struct rollup *rollup);
size_t rollup_bytes(const struct rollup *rollup); /* memory held, for metrics and `config --plan` */

#endif
