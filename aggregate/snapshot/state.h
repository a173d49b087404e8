/* The stored state of all partitions, parsed from its text forms (schemas/store-layout.md §3, §5-7) into compact arrays: what
 * every indicator is computed from. Filled through a reader_sink, then read only. One thread. */
#ifndef NHIP_SNAPSHOT_STATE_H
#define NHIP_SNAPSHOT_STATE_H

#include "aggregate/snapshot/ledger.h"
#include "aggregate/snapshot/text_map.h"
#include "aggregate/store/reader.h"
#include "limits.h"

enum { HLL_REGISTERS = 1 << HLL_REGISTERS_LOG2, HLL_ACCOUNT_REGISTERS = 1 << HLL_ACCOUNT_REGISTERS_LOG2 };
enum { STATE_DELAY_LANES = 4 * 40 }; /* 2^39 s are 17,000 years */

struct state_partition {
    char *topic;
    int32_t partition;
    char *configuration_hash;
    char *cluster_id;
    struct progress progress;
    uint32_t slot_first; /* its account number n is slot_first + n */
};

/* One account of one partition. Two partitions may name the same account. */
struct state_slot {
    uint32_t account;                  /* number in state.accounts; TEXT_NONE until its record was seen */
    int32_t first_day[ACTIVITY_COUNT]; /* INT32_MAX: never active so */
    int32_t last_day[ACTIVITY_COUNT];
    bool booked; /* some cell is of it */
};

/* Of the events that happened in a month, those of one source that came with one delay. */
struct state_delay {
    int32_t month;
    uint32_t slot; /* an account of that source */
    uint32_t lane; /* store-layout.md §3 */
    int64_t n;
};

/* The distinct persons of one account in one month, in one partition: a stored sketch, in state.blobs. */
struct state_persons {
    int32_t month;
    uint32_t slot;
    size_t at;
    uint32_t length;
};

struct state_document {
    uint32_t partition; /* index in state.partitions */
    uint32_t ordinal;
    int64_t offset;
    struct slice text;
};

struct state {
    struct state_partition *partitions; /* sorted by topic, partition, as the reader delivers them */
    size_t partition_count;
    struct state_slot *slots;
    size_t slot_count;
    struct ledger *ledger;
    struct state_document *documents; /* after state_finish(): by partition, ordinal */
    size_t document_count;
    struct state_delay *delays;
    size_t delay_count;
    struct state_persons *persons; /* none: the state was counted without sketches.accounts */
    size_t person_count;
    char *blobs;
    size_t blob_bytes;
    struct text_map *accounts; /* source 0x1F id */
    struct text_map *sketch_names;
    uint8_t **sketches;   /* by number in sketch_names: HLL_REGISTERS ranks, united over the partitions */
    size_t capacities[7]; /* of partitions, slots, documents, sketches, delays, persons, blobs */
};

struct state *state_create(void);
void state_destroy(struct state *state);

/* Callbacks that fill `state`; text that is not of the layout is refused. */
struct reader_sink state_sink(struct state *state);
/* After the last partition: every cell's account must be known; puts documents in log order. */
bool state_finish(struct state *state, struct fault *fault);

/* The united registers of one sketch, or null when no partition has it. `kind`: HASH_SKETCH_DAY or HASH_SKETCH_MONTH. */
const uint8_t *state_sketch(const struct state *state, enum hash_kind kind, int32_t bucket, uint64_t facet);

/* The source of an account, by its number in state.accounts; borrowed. */
struct slice state_source(const struct state *state, uint32_t account);

/* The greatest record time of all partitions; INT64_MIN when no record was ever read. */
int64_t state_record_time_max(const struct state *state);

/* The first day on which any account was active, which outlives the ledger's retention; INT32_MAX: none ever was. */
int32_t state_first_active_day(const struct state *state);

#endif
