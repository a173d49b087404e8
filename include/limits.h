/* Every maximum of the system, its reason, and what happens there. (Included as "limits.h"; the C library's own is
 * <limits.h>, found because -iquote, not -I, points here.) */
#ifndef NHIP_LIMITS_H
#define NHIP_LIMITS_H

enum {
    MESSAGE_BYTES_MAX = 65536,  /* one event; larger: rejected as `too_large`, its bytes skipped */
    JSON_DEPTH_MAX = 32,        /* nesting of objects and arrays; deeper: rejected as `too_deep` */
    ID_BYTES_MAX = 64,          /* any identifier; longer, empty or not printable ASCII: rejected as `bad_id` */
    FUTURE_MS_MAX = 300000,     /* event time beyond its record's time: quarantined as `future` */
    RECORD_STEP_MS_MAX = 86400000, /* what one record may advance the running maximum of record time */
    ENTITY_FACTS_MAX = 64,      /* latest facts of one payment or order that a decision looks at (booking.md) */
    SHARD_ACCOUNTS_LOG2 = 5,    /* accounts per hash: 32, so a hash has 32-64 fields; a constant of the layout */
    MINUTE_CELLS_DAYS = 8,      /* minute cells older than this (record time) are not created and are retired */
    HOUR_CELLS_DAYS = 35,       /* the same for hour cells and day sketches */
    HLL_REGISTERS_LOG2 = 14,    /* 16,384 registers: standard error 0.81 % */
    HLL_ACCOUNT_REGISTERS_LOG2 = 12, /* of an account's months, of which there are many: 4,096 registers, 1.63 % */
    BATCH_RECORDS_MAX = 256,    /* records decoded, hashed and prefetched together by a worker */
    PARTITIONS_MAX = 1024,      /* partitions one process may own */
};

#endif
