/* Reading one true prefix of the whole state, while workers go on writing (design §3): pass 1 reads everything; then, until it
 * succeeds, what changed since is read again under WATCH, and an EXEC proves that meta did not move meanwhile. Each partition is
 * a true prefix of its log at `progress.next`; the reader never writes. */
#ifndef NHIP_READER_H
#define NHIP_READER_H

#include "aggregate/store/store.h"

/* Receives each partition once, only when its prefix is proved: partition(), then every field of every hash (sorted by kind,
 * bucket, shard, then field bytes, so that the same state is always delivered in the same order), then the next partition (sorted
 * by topic, partition). Slices and `progress` are valid during the call. A callback returns false with `fault` filled to stop. */
struct reader_claim {
    int64_t epoch;
    const char *owner;    /* "" = nobody has it */
    const char *instance; /* host and process of the last owner */
    int64_t commit_ms;    /* wall clock; 0: not known */
    bool end;             /* the owner stood at the end of the log */
    int64_t replayed; /* offsets that were read again, all together, because Redis went back */
};

struct reader_sink {
    bool (*partition)(void *context, struct source_partition partition, const struct progress *progress,
                      const char *configuration_hash, const char *cluster_id, struct fault *fault);
    bool (*field)(void *context, struct hash_id id, struct slice field, struct slice value, struct fault *fault);
    void *context;
    /* May be null. Who has it and what happened to it: not part of the state. Called in front of partition(). */
    void (*claim)(void *context, struct source_partition partition, const struct reader_claim *claim);
};

/* How it is read; all zero: as reader_read() does it. */
struct reader_manner {
    const char *folds; /* directory of folds: closed days come from there when they can, and are put there; null: none */
    bool ledger_in_any_order; /* fields of a ledger hash come in no order: sorting is half of the work of delivering */
};

/* Reads all partitions of the namespace. A namespace without partitions is FAULT_REFUSED with the remedy. One thread. */
bool reader_read(const struct store_options *options, const struct reader_sink *sink, struct fault *fault);
bool reader_read_so(const struct store_options *options, const struct reader_manner *manner, const struct reader_sink *sink,
                    struct fault *fault);

/* Writes every authoritative key and value, as I3 compares states (without epoch, owner, instance, commit_ms, end), as sorted
 * text lines `key field value` with bytes outside 0x21..0x7E and `%` percent-encoded. For tests and `nhip inspect --state`. */
bool reader_dump(const struct store_options *options, int file, struct fault *fault);

#endif
