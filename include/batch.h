/* What the roll-up hands to the store, and what the store hands back: named hashes of absolute values, plus progress.
 *
 * Every authoritative value lives in a Redis hash that belongs to one topic partition. A hash is named by hash_id; its fields
 * and values are text (sketches: bytes) in the form of schemas/store-layout.md. Rooms exchange only these. */
#ifndef NHIP_BATCH_H
#define NHIP_BATCH_H

#include "codes.h"
#include "slice.h"

#include <stddef.h>
#include <stdint.h>

enum hash_kind {
    HASH_NONE = 0,
    HASH_LEDGER = 'd',       /* bucket = local day, shard = account number >> 5 */
    HASH_MINUTE = 'm',       /* bucket = epoch minute */
    HASH_HOUR = 'h',         /* bucket = epoch hour */
    HASH_HISTOGRAM = 'g',    /* bucket = month number; ticket sizes */
    HASH_LATE = 'l',         /* bucket 0; late events by arrival day */
    HASH_DELAY = 'y',        /* bucket = month number; how long after they happened events came, by source */
    HASH_SKETCH_DAY = 's',   /* bucket = local day; values are HLL blobs */
    HASH_SKETCH_MONTH = 't', /* bucket = month number; values are HLL blobs */
    HASH_SKETCH_ACCOUNT = 'w', /* bucket = month number, shard = account number >> 5; values are smaller HLL blobs */
    HASH_ACCOUNT = 'a',      /* bucket 0, shard = account number >> 5 */
    HASH_UNIT = 'u',         /* bucket 0, shard = registry record ordinal >> 5 */
};

struct hash_id {
    enum hash_kind kind;
    int32_t bucket;
    uint32_t shard; /* 0 where the kind has none */
};

/* Conservation (I4): delivered = applied + duplicate + quarantined + rejected + ignored. */
struct counts {
    int64_t delivered;
    int64_t applied;
    int64_t duplicate;
    int64_t quarantined;
    int64_t rejected;
    int64_t ignored;      /* test events and tombstones */
    int64_t conflict;     /* duplicates whose payload differs: part of `duplicate` */
    int64_t late;         /* applied, but behind the watermark */
    int64_t unresolved;   /* booked as UNRESOLVED */
    int64_t unconverted;  /* counted in number, not in value */
    int64_t open_unknown; /* open codes read as OTHER */
    int64_t reasons[REASON_COUNT];
};

enum { GAPS_MAX = 16 };

/* A piece of the log that was deleted before the state could read it, and that a person gave up (--accept-gap). Times INT64_MIN:
 * not known. */
struct gap {
    int64_t from;           /* `next` when it was given up */
    int64_t to;             /* where reading went on; = from: only the window in front of it was lost */
    int64_t reread;         /* records below `from` that fill the window anew, and have an ordinal twice; -1: not read yet */
    int64_t since_ms;       /* the least of watermark and record_time_max then: what was lost is later, but for latecomers */
    int64_t record_time_ms; /* record_time_max then */
    int64_t until_ms;       /* record_time_max when it had passed that again; INT64_MAX: it has not yet */
};

/* total += more (sign 1), or total -= more (sign -1), every count and reason. */
static inline void counts_add(struct counts *total, const struct counts *more, int sign) {
    const int64_t *from = (const int64_t *)(const void *)more; /* every member is an int64_t, or an array of them */
    int64_t *to = (int64_t *)(void *)total;
    for (size_t i = 0; i < sizeof(*total) / sizeof(*to); i++) to[i] += sign * from[i];
}

/* The state of one partition outside its hashes: what meta holds (all of it a function of the log; I3). */
struct progress {
    int64_t next;              /* first offset not in the state */
    int64_t ordinal;           /* delivered records so far, and those that gaps had read twice */
    int64_t watermark_ms;      /* INT64_MIN before the first event */
    int64_t record_time_max_ms; /* INT64_MIN before the first record */
    int64_t window_offset;     /* where a rebuild starts reading */
    int64_t window_element;    /* how many events of the message there lie before the window: a rebuild skips them */
    int64_t window_ordinal;    /* the ordinal of the first that lies inside */
    int64_t window_record_time_max_ms; /* record_time_max_ms before that record */
    int64_t accounts;          /* account numbers given out */
    int64_t units;             /* registry records kept */
    int64_t ledger_day_min;    /* retention floor: smallest day a ledger bucket may have; INT32_MIN at first */
    int64_t tail_offset;       /* offset of the last delivered record, -1 at first */
    uint64_t tail_print;       /* fingerprint of its value and record time (0 for a tombstone's value) */
    struct counts counts;
    int64_t gap_count;
    struct gap gaps[GAPS_MAX];
};

/* Receives one cut. Calls come grouped: hash() then its field()s. Slices are valid during the call only. */
struct batch_writer {
    void (*hash)(void *context, struct hash_id id, int64_t last_change_offset);
    void (*field)(void *context, struct slice field, struct slice value);
    void (*retire)(void *context, struct hash_id id); /* the whole hash, and its index entry */
    void *context;
};

#endif
