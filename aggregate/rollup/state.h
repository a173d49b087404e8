/* The inside of a roll-up. Private to aggregate/rollup/. */
#ifndef NHIP_ROLLUP_STATE_H
#define NHIP_ROLLUP_STATE_H

#include "aggregate/rollup/accounts.h"
#include "aggregate/rollup/life.h"
#include "aggregate/rollup/rollup.h"
#include "aggregate/rollup/table.h"
#include "aggregate/rollup/units.h"
#include "aggregate/rollup/window.h"

enum { DAY_MS = 86400000, HOUR_MS = 3600000, MINUTE_MS = 60000 };

/* Year 9999: record times beyond are read as this, so that days stay numbers. */
#define RECORD_TIME_MS_MAX INT64_C(253402300799999)

enum { PULSE_MEMOS = 64, PERSON_MEMOS = 64, DELAY_MEMOS = 64 };

/* The cells that the last events with this facet used: nearly all events of a moment share a few. Emptied at each cut. */
struct pulse_memo {
    uint64_t facet;
    int32_t minute;
    int32_t hour;
    uint32_t minute_cell; /* CELL_END: none */
    uint32_t hour_cell;
};

struct person_memo {
    uint64_t facet;
    int32_t day;
    uint32_t day_cell; /* CELL_END: retention lets none exist */
    uint32_t month_cell;
};

struct delay_memo {
    uint64_t facet;
    uint64_t place;
    int32_t floor; /* ledger_day_min when the bucket was found open, which it is until that moves */
    uint32_t cell;
};

enum { GUESSES = 64 };

/* What rollup_prefetch() found of an event on its way through the tables. Booking verifies it before it uses it: a guess can save
 * a look-up, and never decide anything. */
struct guess {
    uint32_t account; /* handle of the seller side, or ACCOUNT_NONE */
    uint32_t cell;    /* of the ledger, or CELL_END */
    uint32_t ticket;  /* of the histogram, or CELL_END */
    uint32_t persons; /* the account's sketch of the month, or CELL_END; only with account_sketches */
};

/* Of the events [first, first + count). Emptied at each cut, where cells go. */
struct guesses {
    const struct event *first;
    size_t count;
    struct guess of[GUESSES];
};

struct rollup {
    struct rollup_options options;
    struct progress progress;
    struct window window;
    struct table table;
    struct accounts accounts;
    struct units units;
    int64_t floor_due_ms;  /* R from which on the floor must be looked at again */
    bool rebuilding;       /* restored, and not yet proved to be rebuilt */
    bool rereading;        /* restored behind a gap: the window begins anew with what is fed */
    bool gap_open;         /* one of the gaps has no end yet */
    int64_t skipped;       /* events of the message at window_offset that the rebuild has passed over */
    bool tail_seen;        /* the rebuild has met the record at tail_offset ... */
    bool tail_differs;     /* ... and it is not the one that was there */
    int32_t day_start_day; /* memo of zone_day_start_ms */
    int64_t day_start_ms;
    int32_t month_day; /* memo of month_of_day */
    int32_t month;
    struct pulse_memo pulse_memos[PULSE_MEMOS];
    struct person_memo person_memos[PERSON_MEMOS];
    struct delay_memo delay_memos[DELAY_MEMOS];
    struct guesses guesses;
    char blob[SKETCH_BLOB_BYTES_MAX];
};

/* One event on its way through the rules. */
struct passage {
    const struct event *event;
    int64_t offset;
    int64_t record_time_ms;
    int32_t own_day;
    struct guess guess;
    uint32_t source; /* index of a known source, or SOURCE_NONE */
    uint32_t seller; /* handle of a known account, or ACCOUNT_NONE */
    struct plan plan;
};

static inline int64_t record_time(const struct record *record) {
    int64_t time_ms = record->timestamp_ms;
    if (time_ms > RECORD_TIME_MS_MAX) return RECORD_TIME_MS_MAX;
    return time_ms < -RECORD_TIME_MS_MAX ? -RECORD_TIME_MS_MAX : time_ms;
}

static inline struct person_memo *person_memo(struct rollup *rollup, uint64_t facet) {
    return &rollup->person_memos[facet * MIX_A >> 58];
}

static inline int32_t minute_of(int64_t time_ms) {
    return (int32_t)(time_ms / MINUTE_MS);
}
static inline int32_t hour_of(int64_t time_ms) {
    return (int32_t)(time_ms / HOUR_MS);
}

/* Orders and payments may have the same id. */
static inline uint64_t entity_key(const struct event *event) {
    if (event->entity_print == 0 || event_family(event->kind) != FAMILY_ORDER) return event->entity_print;
    uint64_t key = event->entity_print ^ MIX_B;
    return key != 0 ? key : 1;
}

/* Facets of cells (booking.md §3). */
uint64_t facet_of_ledger(const struct event *event, enum role role, enum outcome outcome);
uint64_t facet_of_pulse(const struct event *event, enum outcome outcome);
/* Family, and outlet or instrument: the coordinates that histogram and sketches of persons have, and pulse begins with. */
uint64_t facet_of_family(const struct event *event);
/* With the outcome: of sketches of intents and drivers. */
uint64_t facet_of_group(const struct event *event, enum outcome outcome);

/* Books an applied event: accounts, cells, sketches, activities, delay, late, watermark. */
void book_event(struct rollup *rollup, struct passage *passage);
/* Keeps an applied `unit.registered`. */
void book_unit(struct rollup *rollup, const struct passage *passage);
/* The declared booking status of an event's source. */
enum success_at book_success_at(struct rollup *rollup, const struct passage *passage);
/* gap.c: takes up stored gaps; notes a record's time, which may end one; settles progress when the window is filled anew. */
void gap_restore(struct rollup *rollup);
void gap_note(struct rollup *rollup, int64_t record_time_ms);
void gap_settle(struct rollup *rollup);
int64_t gap_reread(const struct progress *progress);

/* What a cut makes untrue. */
void book_memos_clear(struct rollup *rollup);
/* Fills passage->source and passage->seller, as far as they are known. */
void book_seek(struct rollup *rollup, struct passage *passage);
/* Whether retention lets a bucket of this kind exist, judged by R and the floor now. */
bool bucket_open(struct rollup *rollup, enum kind_rank rank, int32_t bucket);

#endif
