/* Warming the cache for a batch of events, in waves.
 *
 * An event of a big partition touches a dozen lines that are in no cache: two buckets of the window, the latest fact of
 * its payment or order, the account's slot and the account, the cell's slot and the cell, registers of sketches. Each costs
 * 100 ns and more of waiting, and some can only be found through others. For one event that is a chain; for 64
 * events it is four waves: in each, all addresses of the wave are gathered first and then loaded in a loop of
 * nothing else, so that as many misses overlap as the core has buffers for.
 *
 *     wave 1  buckets of event and entity, slot of the account (by hash of its name); of the whole batch: the next places of the
 *             rings and the buckets to be swept
 *     wave 2  what lies behind those buckets (latest fact, next bucket of a full one), account
 *     wave 3  slot of the ledger cell that the event will probably book (its own day, its most frequent outcome), slot of the
 *             histogram cell, registers of the sketches
 *     wave 4  those cells
 *     waves 5 to 7, with sketches by account: the cell of the account's month, its sketch, and what that points to
 *
 * Loads, not prefetch instructions: a core has some two dozen buffers for lines on their way, and a prefetch that finds
 * none is dropped without a word (of 256 in a burst half never came: Zen 4, measured), while a load waits for one.
 *
 * What the waves find on their way, account and cells, is kept as a guess for booking, which verifies it. The guess of
 * wave 3 is wrong for follow-ups with an unknown day; then a look-up and a miss are paid later. Nothing is decided here. */
#include "aggregate/rollup/state.h"

enum { WAVE_EVENTS = GUESSES, LINES_PER_EVENT = 7, LINE_BYTES = 64 };

struct wave {
    uint64_t hash;
    uint64_t cell;   /* hash of the ledger cell; 0: none */
    uint64_t ticket; /* hash of the histogram cell; 0: none */
    uint64_t persons; /* hash of the account's sketch; 0: none */
    uint32_t account;
};

/* Addresses that will be needed; all are valid. */
struct lines {
    const void *at[WAVE_EVENTS * LINES_PER_EVENT];
    size_t count;
};

static inline void lines_add(struct lines *lines, const void *at) {
    lines->at[lines->count++] = at;
}

static void lines_load(struct lines *lines) {
    for (size_t i = 0; i < lines->count; i++) (void)*(const volatile char *)lines->at[i];
    lines->count = 0;
}

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

/* What the next `count` records of any kind will write: their places in the rings, and buckets that the sweep comes to. */
static void window_lines(const struct window *window, size_t count, struct lines *lines) {
    const struct recall *recalls[] = {&window->events, &window->entities};
    for (size_t i = 0; i < sizeof(recalls) / sizeof(recalls[0]); i++) {
        for (size_t ahead = 0; ahead < count; ahead += LINE_BYTES / sizeof(struct recall_entry)) {
            lines_add(lines, recall_place(recalls[i], &window->span, (uint32_t)ahead));
        }
        for (size_t ahead = 0; ahead * RECALL_SWEEP_RECORDS < count; ahead++) {
            lines_add(lines, recall_sweep_line(recalls[i], (uint32_t)ahead));
        }
    }
    lines_load(lines);
}

static void wave_window(const struct rollup *rollup, const struct event *event, struct lines *lines) {
    if (event->kind == KIND_NONE || event->test) return;
    const struct window *window = &rollup->window;
    uint64_t entity = entity_key(event);
    lines_add(lines, recall_line(&window->events, event->event_print));
    if (entity != 0) lines_add(lines, recall_line(&window->entities, entity));
}

static inline void lines_add_any(struct lines *lines, const void *at) {
    if (at != NULL) lines_add(lines, at);
}

/* What lies behind those buckets: the next one of a full one, and the latest fact of the entity. An event id that is there
 * already is a redelivery, and too rare to look for. */
static void wave_behind(const struct rollup *rollup, const struct event *event, struct lines *lines) {
    if (event->kind == KIND_NONE || event->test) return;
    const struct window *window = &rollup->window;
    uint64_t entity = entity_key(event);
    lines_add_any(lines, recall_further(&window->events, event->event_print));
    if (entity == 0) return;
    lines_add_any(lines, recall_further(&window->entities, entity));
    lines_add_any(lines, recall_likely(&window->entities, &window->span, entity));
}

static void wave_first(const struct rollup *rollup, const struct event *event, struct wave *wave, struct lines *lines) {
    *wave = (struct wave){.account = ACCOUNT_NONE};
    wave_window(rollup, event, lines);
    if (event->kind == KIND_NONE || event->test || event->kind == KIND_UNIT_REGISTERED) return;
    const struct accounts *accounts = &rollup->accounts;
    wave->hash = accounts_hash(accounts, accounts_source_hash(accounts, event->source), event->account_id);
    lines_add(lines, refs_line(&accounts->refs, wave->hash));
}

static void wave_second(const struct rollup *rollup, const struct event *event, struct wave *wave, struct lines *lines) {
    wave_behind(rollup, event, lines);
    if (wave->hash == 0) return;
    wave->account = likely_account(&rollup->accounts, wave->hash);
    if (wave->account == ACCOUNT_NONE) return;
    const struct account *account = accounts_at(&rollup->accounts, wave->account);
    lines_add(lines, account);
    lines_add(lines, account->id + event->account_id.length); /* where its name ends, perhaps in the next line */
}

/* The registers that a first success will look at. */
static void wave_print(struct rollup *rollup, uint64_t print, uint64_t facet, struct lines *lines) {
    const struct person_memo *memo = person_memo(rollup, facet);
    if (memo->facet != facet) return;
    uint64_t index = print >> (64 - HLL_REGISTERS_LOG2);
    if (memo->day_cell != CELL_END) lines_add(lines, &table_at(&rollup->table, memo->day_cell)->sketch->registers[index]);
    lines_add(lines, &table_at(&rollup->table, memo->month_cell)->sketch->registers[index]);
}

static void wave_third(struct rollup *rollup, const struct event *event, struct wave *wave, struct lines *lines) {
    if (wave->account == ACCOUNT_NONE) return;
    enum outcome outcome = likely_outcome(event);
    if (outcome == OUTCOME_NONE) return;
    const struct table *table = &rollup->table;
    int32_t day = zone_day(rollup->options.zone, event->event_time_ms);
    uint64_t place = place_of(RANK_LEDGER, day, accounts_at(&rollup->accounts, wave->account)->number);
    wave->cell = table_hash(table, place, facet_of_ledger(event, ROLE_SELLER, outcome));
    lines_add(lines, refs_line(&table->ledger_refs, wave->cell));
    if (event->group_print != 0) wave_print(rollup, event->group_print, facet_of_group(event, outcome), lines);
    bool is_payment = event->kind == KIND_PAYMENT_STATUS;
    if (!(is_payment && outcome == OUTCOME_OK) && outcome != OUTCOME_CREATED) return;
    uint64_t facet = facet_of_family(event);
    int32_t month = day == rollup->month_day ? rollup->month : 0; /* the memo is enough for a guess */
    uint64_t ticket = place_of(RANK_HISTOGRAM, month, layout_histogram_lane(event->amount_minor));
    wave->ticket = table_hash(table, ticket, facet);
    lines_add(lines, refs_line(&table->other_refs, wave->ticket));
    if (event->person_type != PERSON_HOUSEHOLD) return;
    wave_print(rollup, event->person_print, facet, lines);
    if (!rollup->options.account_sketches) return;
    uint64_t persons = place_of(RANK_SKETCH_ACCOUNT, month, accounts_at(&rollup->accounts, wave->account)->number);
    wave->persons = table_hash(table, persons, 0);
    lines_add(lines, refs_line(&table->ledger_refs, wave->persons));
}

static uint32_t wave_cell(const struct table *table, const struct refs *refs, uint64_t hash, struct lines *lines) {
    if (hash == 0) return CELL_END;
    uint64_t at = refs_home(refs, hash);
    uint32_t index;
    if (!refs_next(refs, hash, &at, &index)) return CELL_END;
    lines_add(lines, table_at(table, index));
    return index;
}

static void wave_fourth(const struct rollup *rollup, const struct wave *wave, struct lines *lines, struct guess *guess) {
    guess->account = wave->account;
    guess->cell = wave_cell(&rollup->table, &rollup->table.ledger_refs, wave->cell, lines);
    guess->ticket = wave_cell(&rollup->table, &rollup->table.other_refs, wave->ticket, lines);
}

/* The slot may have been another cell's, which then has no sketch. */
static const struct sketch *guessed_sketch(const struct table *table, const struct guess *guess) {
    if (guess->persons == CELL_END) return NULL;
    const struct cell *cell = table_at(table, guess->persons);
    return place_rank(cell->place) == RANK_SKETCH_ACCOUNT ? cell->sketch : NULL;
}

static void sketch_lines(struct rollup *rollup, const struct event *events, const struct wave *waves, size_t width,
                         struct lines *lines) {
    struct guess *guesses = rollup->guesses.of;
    for (size_t i = 0; i < width; i++)
        guesses[i].persons = wave_cell(&rollup->table, &rollup->table.ledger_refs, waves[i].persons, lines);
    lines_load(lines);
    for (size_t i = 0; i < width; i++) lines_add_any(lines, guessed_sketch(&rollup->table, &guesses[i]));
    lines_load(lines);
    for (size_t i = 0; i < width; i++) {
        const struct sketch *sketch = guessed_sketch(&rollup->table, &guesses[i]);
        if (sketch == NULL) continue;
        uint32_t index = sketch_index(events[i].person_print, HLL_ACCOUNT_REGISTERS_LOG2);
        lines_add_any(lines, sketch->registers != NULL ? (const void *)&sketch->registers[index] : sketch->entries);
    }
    lines_load(lines);
}

static void waves(struct rollup *rollup, const struct event *events, size_t width) {
    struct wave waves[WAVE_EVENTS];
    struct lines lines = {.count = 0};
    window_lines(&rollup->window, width, &lines);
    for (size_t i = 0; i < width; i++) wave_first(rollup, &events[i], &waves[i], &lines);
    lines_load(&lines);
    for (size_t i = 0; i < width; i++) wave_second(rollup, &events[i], &waves[i], &lines);
    lines_load(&lines);
    for (size_t i = 0; i < width; i++) wave_third(rollup, &events[i], &waves[i], &lines);
    lines_load(&lines);
    for (size_t i = 0; i < width; i++) wave_fourth(rollup, &waves[i], &lines, &rollup->guesses.of[i]);
    lines_load(&lines);
    if (rollup->options.account_sketches) sketch_lines(rollup, events, waves, width, &lines);
    rollup->guesses.first = events;
    rollup->guesses.count = width;
}

void rollup_prefetch(struct rollup *rollup, const struct event *events, size_t count) {
    for (size_t done = 0; done < count; done += WAVE_EVENTS) {
        waves(rollup, events + done, count - done < WAVE_EVENTS ? count - done : WAVE_EVENTS);
    }
}

void rollup_prefetch_window(const struct rollup *rollup, const struct event *events, size_t count) {
    struct lines lines = {.count = 0};
    for (size_t done = 0; done < count; done += WAVE_EVENTS) {
        size_t width = count - done < WAVE_EVENTS ? count - done : WAVE_EVENTS;
        window_lines(&rollup->window, width, &lines);
        for (size_t i = 0; i < width; i++) wave_window(rollup, &events[done + i], &lines);
        lines_load(&lines);
        for (size_t i = 0; i < width; i++) wave_behind(rollup, &events[done + i], &lines);
        lines_load(&lines);
    }
}
