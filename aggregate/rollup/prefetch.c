/* Warming the cache for a batch of events, in waves.
 *
 * An event of a big partition touches six lines that are in no cache: two buckets of the window, the latest fact of
 * its payment or order, the account's slot and the account, the cell's slot and the cell. Each costs 80 to 100 ns of
 * waiting, and each but the first can only be found through the one before. For one event that is a chain; for 64
 * events it is four waves: in each, all lines of the wave are requested before any is looked at, and their misses
 * overlap.
 *
 *     wave 1  buckets of event and entity, slot of the account (by hash of its name)
 *     wave 2  latest fact, account
 *     wave 3  slot of the ledger cell that the event will probably book (its own day, its most frequent outcome), slot of the
 *             histogram cell, registers of the sketches
 *     wave 4  those cells
 *
 * The guess of wave 3 is wrong for follow-ups with an unknown day; then a miss is paid later. Nothing is changed,
 * nothing is decided. */
#include "aggregate/rollup/state.h"

enum { WAVE_EVENTS = 64 };

struct wave {
    uint64_t hash;
    uint64_t cell;   /* hash of the ledger cell; 0: none */
    uint64_t ticket; /* hash of the histogram cell; 0: none */
    uint32_t account;
};

static enum outcome likely_outcome(const struct event *event) {
    static const enum outcome by_kind[KIND_COUNT] = {
        [KIND_ORDER_CREATED] = OUTCOME_CREATED,       [KIND_ORDER_SHIPPED] = OUTCOME_SHIPPED,
        [KIND_ORDER_DELIVERED] = OUTCOME_DELIVERED,   [KIND_ORDER_CANCELLED] = OUTCOME_CANCELLED,
        [KIND_ORDER_RETURNED] = OUTCOME_RETURN_VALUE, [KIND_ORDER_REFUNDED] = OUTCOME_REFUNDED,
        [KIND_RIDE_COMPLETED] = OUTCOME_OK,           [KIND_WEBSITE_OBSERVED] = OUTCOME_OBSERVED,
    };
    static const enum outcome by_status[PAY_COUNT] = {
        [PAY_CAPTURED] = OUTCOME_OK,
        [PAY_SETTLED] = OUTCOME_OK,
        [PAY_DECLINED] = OUTCOME_DECLINED,
        [PAY_REFUNDED] = OUTCOME_REFUNDED,
        [PAY_PART_REFUNDED] = OUTCOME_REFUNDED,
    };
    return event->kind == KIND_PAYMENT_STATUS ? by_status[event->status] : by_kind[event->kind];
}

static uint32_t likely_account(const struct accounts *accounts, uint64_t hash) {
    uint64_t at = refs_home(&accounts->refs, hash);
    uint32_t handle;
    return refs_next(&accounts->refs, hash, &at, &handle) ? handle : ACCOUNT_NONE;
}

static void wave_first(const struct rollup *rollup, const struct event *event, struct wave *wave) {
    wave->account = ACCOUNT_NONE;
    wave->cell = 0;
    wave->ticket = 0;
    wave->hash = 0;
    if (event->kind == KIND_NONE || event->test) return;
    window_prefetch(&rollup->window, event->event_print, entity_key(event));
    if (event->kind == KIND_UNIT_REGISTERED) return;
    wave->hash = accounts_hash(accounts_source_hash(event->source), event->account_id);
    refs_prefetch(&rollup->accounts.refs, wave->hash);
}

static void wave_second(const struct rollup *rollup, const struct event *event, struct wave *wave) {
    if (wave->hash == 0) return;
    window_prefetch_fact(&rollup->window, entity_key(event));
    wave->account = likely_account(&rollup->accounts, wave->hash);
    if (wave->account == ACCOUNT_NONE) return;
    const char *account = (const char *)accounts_at(&rollup->accounts, wave->account);
    __builtin_prefetch(account);
    __builtin_prefetch(account + 64);
}

/* The registers that a first success will look at. */
static void wave_person(const struct rollup *rollup, const struct event *event, uint64_t facet) {
    const struct person_memo *memo = &rollup->person_memos[facet * MIX_A >> 59];
    if (memo->facet != facet) return;
    uint64_t index = event->person_print >> (64 - HLL_REGISTERS_LOG2);
    if (memo->day_cell != CELL_END)
        __builtin_prefetch(&table_at(&rollup->table, memo->day_cell)->sketch->registers[index]);
    __builtin_prefetch(&table_at(&rollup->table, memo->month_cell)->sketch->registers[index]);
}

static void wave_third(const struct rollup *rollup, const struct event *event, struct wave *wave) {
    if (wave->account == ACCOUNT_NONE) return;
    enum outcome outcome = likely_outcome(event);
    if (outcome == OUTCOME_NONE) return;
    int32_t day = zone_day(rollup->options.zone, event->event_time_ms);
    uint64_t place = place_of(RANK_LEDGER, day, accounts_at(&rollup->accounts, wave->account)->number);
    wave->cell = table_hash(place, facet_of_ledger(event, ROLE_SELLER, outcome));
    refs_prefetch(&rollup->table.ledger_refs, wave->cell);
    bool is_payment = event->kind == KIND_PAYMENT_STATUS;
    if (!(is_payment && outcome == OUTCOME_OK) && outcome != OUTCOME_CREATED) return;
    uint64_t facet = facet_of_family(event);
    int32_t month = day == rollup->month_day ? rollup->month : 0; /* the memo is enough for a guess */
    wave->ticket =
        table_hash(place_of(RANK_HISTOGRAM, month, layout_histogram_lane(event->amount_minor)), facet);
    refs_prefetch(&rollup->table.other_refs, wave->ticket);
    if (event->person_type == PERSON_HOUSEHOLD) wave_person(rollup, event, facet);
}

static void wave_cell(const struct table *table, const struct refs *refs, uint64_t hash) {
    if (hash == 0) return;
    uint64_t at = refs_home(refs, hash);
    uint32_t index;
    if (refs_next(refs, hash, &at, &index)) __builtin_prefetch(table_at(table, index), 1);
}

static void wave_fourth(const struct rollup *rollup, const struct wave *wave) {
    wave_cell(&rollup->table, &rollup->table.ledger_refs, wave->cell);
    wave_cell(&rollup->table, &rollup->table.other_refs, wave->ticket);
}

void rollup_prefetch(const struct rollup *rollup, const struct event *events, size_t count) {
    struct wave waves[WAVE_EVENTS];
    for (size_t done = 0; done < count; done += WAVE_EVENTS) {
        size_t width = count - done < WAVE_EVENTS ? count - done : WAVE_EVENTS;
        for (size_t i = 0; i < width; i++) wave_first(rollup, &events[done + i], &waves[i]);
        for (size_t i = 0; i < width; i++) wave_second(rollup, &events[done + i], &waves[i]);
        for (size_t i = 0; i < width; i++) wave_third(rollup, &events[done + i], &waves[i]);
        for (size_t i = 0; i < width; i++) wave_fourth(rollup, &waves[i]);
    }
}
