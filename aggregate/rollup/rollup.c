/* The order of judgement of one record (schemas/booking.md §1), and the recovery of a roll-up.
 *
 *     R, ordinal -> tombstone? refused? test? withdrawn? -> duplicate? -> time -> life cycle -> booked -> facts into the window
 *
 * A record is judged by numbers of the log alone: its own, those of the window, R and the floor. Nothing that happens
 * at a commit (what is in memory, what was evicted, which connection answered) can reach a verdict, which is why
 * state(next) is a function of the log.
 *
 * Files of this room: window.c and recall.c remember; life.c decides; book.c books; table.c, shelf.c, catalog.c and
 * sketch.c hold cells; accounts.c numbers; units.c keeps the registry; cut.c writes; prefetch.c makes it fast;
 * layout.c is the stored text.
 *
 * Recovery: progress and accounts are restored, hashes are only noted as existing, and the window is rebuilt by
 * feeding the records [window_offset, next) through the same code without judging. rollup_rewarmed() proves that what
 * was fed is what was there. */
#include "aggregate/rollup/state.h"

#include "check.h"

static const struct progress progress_first = {
    .next = -2, /* SOURCE_START_BEGINNING */
    .watermark_ms = INT64_MIN,
    .record_time_max_ms = INT64_MIN,
    .window_offset = -2,
    .window_record_time_max_ms = INT64_MIN,
    .ledger_day_min = INT32_MIN,
    .tail_offset = -1,
};

struct rollup *rollup_create(const struct rollup_options *options, struct fault *fault) {
    CHECK(options->success_at != NULL);
    CHECK(options->retention_days > 0);
    struct rollup *rollup = calloc(1, sizeof(*rollup));
    if (rollup == NULL) goto out;
    rollup->options = *options;
    rollup->progress = progress_first;
    rollup->floor_due_ms = INT64_MIN;
    rollup->day_start_day = INT32_MIN;
    rollup->month_day = INT32_MIN;
    bool fine = window_create(&rollup->window, options->window_records, options->window_age_ms_max);
    fine = table_create(&rollup->table, options->hash_key) && fine;
    fine = accounts_create(&rollup->accounts, options->hash_key) && fine;
    if (fine) return rollup;
out:
    rollup_destroy(rollup);
    (void)fault_set(fault, STOP_MEMORY, false,
                    "out of memory for a window; lower `window.records` or own fewer partitions");
    return NULL;
}

void rollup_destroy(struct rollup *rollup) {
    if (rollup == NULL) return;
    window_destroy(&rollup->window);
    table_destroy(&rollup->table);
    accounts_destroy(&rollup->accounts);
    units_destroy(&rollup->units);
    free(rollup);
}

static bool progress_sane(const struct progress *progress, uint32_t window_records) {
    int64_t rebuild = progress->ordinal - progress->window_ordinal;
    bool window_fine = progress->window_ordinal >= 0 && rebuild >= 0 && rebuild <= window_records;
    window_fine = window_fine && progress->window_element >= 0 && progress->window_element <= progress->window_ordinal;
    bool offsets_fine = progress->window_offset <= progress->next && progress->tail_offset < progress->next;
    if (progress->ordinal == 0) offsets_fine = true;
    bool numbers_fine = progress->accounts >= 0 && progress->accounts < UINT32_MAX && progress->units >= 0 &&
                        progress->units < UINT32_MAX;
    return window_fine && offsets_fine && numbers_fine &&
           progress->ordinal == progress->counts.delivered + gap_reread(progress);
}

bool rollup_restore(struct rollup *rollup, const struct progress *progress, struct fault *fault) {
    CHECK(rollup->progress.counts.delivered == 0);
    if (!progress_sane(progress, rollup->options.window_records)) {
        return fault_set(fault, STOP_STATE_DAMAGED, false,
                         "the stored progress contradicts itself (next %lld, ordinal %lld, delivered %lld, "
                         "window from %lld); meta is damaged",
                         (long long)progress->next, (long long)progress->ordinal,
                         (long long)progress->counts.delivered, (long long)progress->window_ordinal);
    }
    rollup->progress = *progress;
    window_start(&rollup->window, progress->window_ordinal, progress->window_record_time_max_ms);
    if (progress->window_element > 0)
        window_start_inside(&rollup->window, progress->window_offset, (uint32_t)progress->window_element);
    gap_restore(rollup);
    rollup->rebuilding = progress->ordinal > progress->window_ordinal || progress->accounts > 0 || rollup->rereading;
    return true;
}

bool rollup_restore_account(struct rollup *rollup, uint32_t number, struct slice value, struct fault *fault) {
    struct slice source;
    struct slice id;
    struct account days;
    if (!accounts_parse(value, &source, &id, &days) || number >= rollup->progress.accounts) {
        return fault_set(fault, STOP_STATE_DAMAGED, false,
                         "stored account %u is not of the layout; the key is damaged", number);
    }
    struct accounts *accounts = &rollup->accounts;
    uint64_t source_hash = accounts_source_hash(accounts, source);
    uint8_t mark = (uint8_t)rollup->options.success_at(rollup->options.sources, source);
    uint32_t source_index = accounts_source_add(accounts, source, source_hash, mark);
    uint64_t hash = accounts_hash(accounts, source_hash, id);
    if (accounts_find(accounts, source_index, id, hash) != ACCOUNT_NONE) {
        return fault_set(fault, STOP_STATE_DAMAGED, false,
                         "stored account %u has the name of another number; the key is damaged", number);
    }
    struct account *account = accounts_at(accounts, accounts_add(accounts, source_index, id, hash, number));
    memcpy(account->first_days, days.first_days, sizeof(days.first_days));
    memcpy(account->last_days, days.last_days, sizeof(days.last_days));
    return true;
}

void rollup_restore_hash(struct rollup *rollup, struct hash_id id, int64_t last_change_offset) {
    (void)last_change_offset; /* a later change has a greater one anyway */
    if (rank_of_kind(id.kind) != RANK_NONE) catalog_add(&rollup->table.catalog, layout_place(id));
}

/* Of the record and its time. A valid event has been read already, and its fingerprints stand for its bytes: hashing
 * 330 bytes again would cost 30 ns per event, to be kept for one event a commit. */
static uint64_t tail_print(const struct record *record, const struct event *event) {
    uint64_t value = 0;
    if (event != NULL) {
        value = mix(event->event_print, event->payload_print);
    } else if (record->value.data != NULL) {
        value = mix_text(record->value, 0, 0);
    }
    return mix(value, (uint64_t)record->timestamp_ms);
}

/* R after a record of this time. */
static int64_t record_time_step(int64_t record_time_max_ms, int64_t time_ms) {
    if (record_time_max_ms == INT64_MIN) return time_ms;
    if (time_ms <= record_time_max_ms) return record_time_max_ms;
    int64_t limit_ms = record_time_max_ms + RECORD_STEP_MS_MAX;
    return time_ms < limit_ms ? time_ms : limit_ms;
}

static void floor_raise(struct rollup *rollup, int64_t record_time_max_ms) {
    if (record_time_max_ms < rollup->floor_due_ms) return;
    const struct zone *zone = rollup->options.zone;
    int32_t day = zone_day(zone, record_time_max_ms);
    int64_t floor = (int64_t)day - rollup->options.retention_days + 1;
    if (floor < rollup->options.oldest_day) floor = rollup->options.oldest_day;
    if (floor > rollup->progress.ledger_day_min) rollup->progress.ledger_day_min = floor;
    rollup->floor_due_ms = zone_day_start_ms(zone, day + 1);
}

/* Steps 5 and 6; fills passage->plan. */
static enum reason judge(struct rollup *rollup, struct passage *passage, const struct window_look *look) {
    const struct event *event = passage->event;
    if (event->event_time_ms > passage->record_time_ms + FUTURE_MS_MAX) return REASON_FUTURE;
    if (passage->own_day < rollup->progress.ledger_day_min) return REASON_TOO_OLD;
    struct history history = {.seen = 0};
    if (look->entity.age != 0) window_history(&rollup->window, look, &history);
    bool is_payment = event->kind == KIND_PAYMENT_STATUS;
    enum success_at success_at = is_payment ? book_success_at(rollup, passage) : SUCCESS_AT_FIRST;
    passage->plan = life_plan(event, passage->own_day, &history, success_at, rollup->options.zone);
    if (passage->plan.reason != REASON_NONE) return passage->plan.reason;
    bool books = passage->plan.outcome != OUTCOME_NONE;
    return books && passage->plan.day < rollup->progress.ledger_day_min ? REASON_TOO_OLD : REASON_NONE;
}

/* Steps 4 to 7 for a valid event that is not a test. */
static enum verdict pass(struct rollup *rollup, struct passage *passage, const struct window_look *look,
                         enum reason *reason) {
    struct counts *counts = &rollup->progress.counts;
    const struct event *event = passage->event;
    if (look->event.age != 0) {
        counts->duplicate++;
        counts->conflict += look->payload != (uint32_t)event->payload_print;
        return VERDICT_DUPLICATE;
    }
    if (event->kind == KIND_UNIT_REGISTERED) {
        book_unit(rollup, passage);
        counts->applied++;
        return VERDICT_APPLIED;
    }
    book_seek(rollup, passage);
    *reason = judge(rollup, passage, look);
    if (*reason != REASON_NONE) {
        counts->quarantined++;
        counts->reasons[*reason]++;
        return VERDICT_QUARANTINED;
    }
    book_event(rollup, passage);
    counts->applied++;
    return VERDICT_APPLIED;
}

/* What a record that is no event of ours counts as. */
static enum verdict turn_away(struct counts *counts, const struct event *event, enum reason reason) {
    if (event != NULL || reason == REASON_NONE) {
        counts->ignored++;
        return VERDICT_IGNORED;
    }
    CHECK(reason < REASON_COUNT);
    counts->rejected++;
    counts->reasons[reason]++;
    return VERDICT_REJECTED;
}

static void leave_facts(struct window *window, const struct record *record, const struct event *event,
                        int32_t own_day, const struct window_look *look) {
    struct window_fact fact = {.payload = (uint32_t)event->payload_print,
                               .stage = life_stage(event),
                               .day = own_day};
    window_push(window, record->offset, look, &fact);
}

static struct guess guess_of(const struct guesses *guesses, const struct event *event) {
    size_t place = ((uintptr_t)event - (uintptr_t)guesses->first) / sizeof(*event);
    if (place < guesses->count) return guesses->of[place];
    return (struct guess){ACCOUNT_NONE, CELL_END, CELL_END, CELL_END};
}

static void progress_move(struct rollup *rollup, const struct record *record, const struct event *event) {
    struct progress *progress = &rollup->progress;
    const struct window *window = &rollup->window;
    progress->next = record->next_offset;
    progress->window_offset = window->tail_offset;
    progress->window_element = window->tail_element;
    progress->window_ordinal = window_ordinal(window);
    progress->window_record_time_max_ms = window->before_record_time_max_ms;
    progress->tail_offset = record->offset;
    progress->tail_print = tail_print(record, event);
}

/* What every record does, whatever it is; its record time. (Inline: of every record, and withdrawn ones are few.) */
static inline __attribute__((always_inline)) int64_t receive(struct rollup *rollup, const struct record *record) {
    struct progress *progress = &rollup->progress;
    CHECK(record->offset >= progress->next || progress->next < 0);
    if (rollup->rebuilding) {
        struct fault fault;
        CHECK(rollup_rewarmed(rollup, &fault));
        rollup->rebuilding = false;
    }
    int64_t time_ms = record_time(record);
    progress->record_time_max_ms = record_time_step(progress->record_time_max_ms, time_ms);
    if (rollup->gap_open) gap_note(rollup, time_ms);
    floor_raise(rollup, progress->record_time_max_ms);
    window_age(&rollup->window, progress->record_time_max_ms);
    progress->ordinal++;
    progress->counts.delivered++;
    return time_ms;
}

enum verdict rollup_record(struct rollup *rollup, const struct record *record, const struct event *event,
                           enum reason *reason) {
    struct progress *progress = &rollup->progress;
    struct window *window = &rollup->window;
    int64_t time_ms = receive(rollup, record);
    enum verdict verdict;
    if (event == NULL || event->test) {
        verdict = turn_away(&progress->counts, event, *reason);
        window_push(window, record->offset, NULL, NULL);
    } else {
        struct passage passage = {.event = event, .offset = record->offset, .record_time_ms = time_ms};
        passage.own_day = zone_day(rollup->options.zone, event->event_time_ms);
        passage.guess = guess_of(&rollup->guesses, event);
        struct window_look look;
        window_look(window, event->event_print, entity_key(event), &look);
        *reason = REASON_NONE;
        verdict = pass(rollup, &passage, &look, reason);
        leave_facts(window, record, event, passage.own_day, &look);
    }
    progress_move(rollup, record, event);
    return verdict;
}

enum verdict rollup_withdraw(struct rollup *rollup, const struct record *record, const struct event *event) {
    struct counts *counts = &rollup->progress.counts;
    (void)receive(rollup, record);
    counts->quarantined++;
    counts->reasons[REASON_WITHDRAWN]++;
    window_push(&rollup->window, record->offset, NULL, NULL);
    progress_move(rollup, record, event);
    return VERDICT_QUARANTINED;
}

/* What every record does to the window that is rebuilt; false when it lies before it. */
static bool receive_again(struct rollup *rollup, const struct record *record, const struct event *event) {
    struct window *window = &rollup->window;
    const struct progress *progress = &rollup->progress;
    CHECK(record->offset < progress->next);
    if (record->offset == progress->window_offset && rollup->skipped < progress->window_element) {
        rollup->skipped++; /* R before it is known */
        return false;
    }
    window_age(window, record_time_step(window->record_time_max_ms, record_time(record)));
    if (record->offset == progress->tail_offset) { /* of several events the last decides */
        rollup->tail_seen = true;
        rollup->tail_differs = tail_print(record, event) != progress->tail_print;
    }
    return true;
}

void rollup_rewarm_withdrawn(struct rollup *rollup, const struct record *record, const struct event *event) {
    if (receive_again(rollup, record, event)) window_push(&rollup->window, record->offset, NULL, NULL);
}

void rollup_rewarm(struct rollup *rollup, const struct record *record, const struct event *event) {
    struct window *window = &rollup->window;
    if (!receive_again(rollup, record, event)) return;
    if (event == NULL || event->test) {
        window_push(window, record->offset, NULL, NULL);
        return;
    }
    struct window_look look;
    window_look(window, event->event_print, entity_key(event), &look);
    leave_facts(window, record, event, zone_day(rollup->options.zone, event->event_time_ms), &look);
}

/* The last record that was delivered: is it still there, and the same? */
static bool tail_holds(const struct rollup *rollup, struct fault *fault) {
    if (!rollup->tail_differs && rollup->tail_seen) return true;
    return fault_set(fault, STOP_LOG_OTHER, false,
                     "the record at offset %lld, the last one that the state has counted (next %lld), is %s: the topic was "
                     "deleted and made again, or truncated, or this is another cluster; restore the topic, or count anew: a new "
                     "`namespace`",
                     (long long)rollup->progress.tail_offset, (long long)rollup->progress.next,
                     rollup->tail_seen ? "not the one that the state was built from" : "missing");
}

bool rollup_rewarmed(struct rollup *rollup, struct fault *fault) {
    const struct progress *progress = &rollup->progress;
    const struct window *window = &rollup->window;
    if (!rollup->rebuilding) return true;
    if (rollup->accounts.count != (size_t)progress->accounts) {
        return fault_set(fault, STOP_STATE_DAMAGED, false,
                         "meta counts %lld accounts but %zu are stored; a key is missing or damaged",
                         (long long)progress->accounts, rollup->accounts.count);
    }
    if (rollup->rereading) {
        if (progress->tail_offset >= 0 && !tail_holds(rollup, fault)) return false;
        gap_settle(rollup);
        return true;
    }
    if (progress->ordinal == progress->window_ordinal) return true;
    if (!tail_holds(rollup, fault)) return false;
    bool same_start = rollup->skipped == progress->window_element && window->tail_offset == progress->window_offset &&
                      window->tail_element == progress->window_element;
    if (window->span.next != progress->ordinal || !same_start ||
        window->record_time_max_ms != progress->record_time_max_ms) {
        return fault_set(
            fault, STOP_LOG_HOLES, false,
            "between offsets %lld and %lld the log holds %lld records but the state has seen %lld: records "
            "have gone "
            "(compaction?); the topic needs cleanup.policy=delete, and the state a new `namespace`",
            (long long)progress->window_offset, (long long)progress->next,
            (long long)(window->span.next - progress->window_ordinal + rollup->skipped),
            (long long)(progress->ordinal - progress->window_ordinal + progress->window_element));
    }
    return true;
}

void rollup_advance(struct rollup *rollup, int64_t next) {
    CHECK(next >= rollup->progress.next);
    rollup->progress.next = next;
    if (rollup->progress.ordinal == rollup->progress.window_ordinal) rollup->progress.window_offset = next; /* an empty window */
}

const struct progress *rollup_progress(const struct rollup *rollup) {
    return &rollup->progress;
}

size_t rollup_dirty_cells(const struct rollup *rollup) {
    return rollup->table.dirty_count + rollup->accounts.dirty_count + rollup->units.count;
}

size_t rollup_bytes(const struct rollup *rollup) {
    return sizeof(*rollup) + window_bytes(&rollup->window) + table_bytes(&rollup->table) +
           accounts_bytes(&rollup->accounts) + rollup->units.capacity +
           rollup->units.entry_capacity * sizeof(*rollup->units.entries);
}
