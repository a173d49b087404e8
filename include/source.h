/* Where records come from: Kafka, an NDJSON file or stdin, the synthetic province. One contract, three implementations.
 *
 * A source owns topic partitions. When one is given to us it asks `resume` (a function of the store, passed in by the command:
 * the only arrow back) where to start, and reads from there; nothing is ever reset automatically. One thread polls a source;
 * records of one batch belong to one partition, are in offset order and stay valid until source_release(). */
#ifndef NHIP_SOURCE_H
#define NHIP_SOURCE_H

#include "fault.h"
#include "record.h"

enum { SOURCE_START_BEGINNING = -2 };

struct source_partition {
    const char *topic; /* static for the life of the source */
    int32_t partition;
};

enum source_event_kind {
    SOURCE_NOTHING = 0, /* the deadline passed */
    SOURCE_BATCH,       /* records[0..count) of `partition` */
    SOURCE_ASSIGNED,    /* `partition` is ours; reading starts where `resume` says */
    SOURCE_REVOKED,     /* `partition` will leave us: commit now; it has left when the next poll is made */
    SOURCE_LOST,        /* `partition` has left us already: drop its uncommitted state */
    SOURCE_END,         /* end of `partition` reached for now; `next_offset` is the position after compaction holes and markers */
    SOURCE_FINISHED,    /* a bounded source (file, --until, --once) has delivered everything */
    SOURCE_FAULT,       /* `fault` says what; retriable ones heal by polling on */
};

struct source_event {
    enum source_event_kind kind;
    struct source_partition partition;
    const struct record *records;
    size_t count;
    int64_t next_offset;
    void *batch; /* to be handed to source_release() */
    struct fault fault;
};

struct source_position {
    int64_t window_start; /* where reading starts: records in [window_start, next) only rebuild the window */
    int64_t next;         /* SOURCE_START_BEGINNING for a partition without state */
    /* Filled in by the source before it asks: the offset that this namespace has mirrored into the Kafka group, the witness
     * that there was a state; -1 when nothing is known of one. */
    int64_t mirrored;
};

/* Called on the polling thread when a partition is assigned. `first`/`end` are the log's current bounds (end exclusive).
 * False and `fault` to refuse (offset out of range, fenced, ...): the source then reports SOURCE_FAULT. */
struct source_resume {
    bool (*resume)(void *context, struct source_partition partition, int64_t first, int64_t end,
                   struct source_position *position, struct fault *fault);
    void *context;
};

struct source {
    const struct source_operations *operations;
};

struct source_operations {
    const char *name;
    /* Whether records have a time of their own (Kafka). Else it is read from the value, which must be canonical text. */
    bool own_times;
    bool (*start)(struct source *source, const struct source_resume *resume, struct fault *fault);
    void (*poll)(struct source *source, int timeout_ms, struct source_event *event);
    void (*release)(struct source *source, void *batch);
    /* Stops or restarts delivery of one partition without leaving it (back-pressure: by not reading, never by seek). */
    void (*hold)(struct source *source, struct source_partition partition, bool hold);
    /* Delivers one partition again, from position->window_start on, without leaving it: what has been read already and not
     * delivered is dropped. For a state that went back. Takes effect with the next poll. False and `fault` when this source
     * cannot go back (a pipe), or (retriable) has not got the partition any more and is about to say so. */
    bool (*rewind)(struct source *source, struct source_partition partition, const struct source_position *position,
                   struct fault *fault);
    /* A header of a record of a batch that is not yet released; false when there is none. Null: records have no headers. */
    bool (*header)(const void *native, const char *name, struct slice *value);
    /* Header number `index` of such a record, in its order; a null value when it has none. False behind the last. */
    bool (*header_at)(const void *native, size_t index, struct slice *name, struct slice *value);
    /* Where the log of a partition ended when that was last heard, exclusive; -1: not known. Costs no question to anybody. Null:
     * never known. */
    int64_t (*log_end)(struct source *source, struct source_partition partition);
    /* Mirrors the committed offset outwards (Kafka group), for lag tools; may be lost, never trusted. */
    void (*mirror)(struct source *source, struct source_partition partition, int64_t next);
    void (*destroy)(struct source *source); /* leaves the group within a deadline; frees */
};

#endif
