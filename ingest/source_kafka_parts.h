/* The inside of the Kafka source, shared by source_kafka*.c only. Everything runs on the polling thread unless it
 * says otherwise. */
#ifndef NHIP_SOURCE_KAFKA_PARTS_H
#define NHIP_SOURCE_KAFKA_PARTS_H

#include "ingest/kafka_config.h"
#include "ingest/source_kafka.h"
#include "limits.h"

enum {
    READ_MAX = 1024, /* records of one batch: enough to make a poll's fixed costs vanish, small enough to stay in the L2 cache */
    FAULT_INTERVAL_MS = 1000, /* retriable faults are reported once a second at most */
    EVENTS_MAX = 2 * PARTITIONS_MAX + 8,
};

struct batch {
    struct batch *next; /* in the list of free ones */
    size_t count;
    rd_kafka_message_t *messages[READ_MAX];
    struct record records[READ_MAX];
};

/* A partition that the group has given us (or `until` names). */
struct owned {
    struct source_partition who;
    rd_kafka_queue_t *queue; /* its own, forwarded to nowhere */
    bool resumed;            /* `resume` has been called for it: the caller knows it */
    bool held;
    bool done;            /* `bound` is reached */
    bool at_end;          /* the last thing delivered was the end of the log */
    int64_t position;     /* offset of the next record to deliver */
    int64_t mirror_next;  /* is to be mirrored; 0: nothing new */
    int64_t bound;        /* deliver nothing from here on; -1: no bound */
    size_t waiting_first; /* messages taken from the queue and not delivered yet: waiting[first..count) */
    size_t waiting_count;
    rd_kafka_message_t *waiting[READ_MAX];
    size_t length_high; /* for wake: the queue was this full since the last wake-up */
    int64_t bytes_read; /* for wake: mean size of a record */
    int64_t records_read;
};

enum group_phase {
    GROUP_NONE = 0,
    GROUP_STEADY,    /* nothing to do but read */
    GROUP_ASSIGNING, /* owned[] holds what we were given; some have not been resumed yet */
    GROUP_REVOKING,  /* SOURCE_REVOKED events are being delivered; unassign when the next poll comes after the last of them */
};

struct waker;

struct source_kafka {
    struct source source;
    struct source_resume resume;
    /* options, copied */
    struct kafka_property *properties;
    size_t property_count;
    char **topics;
    size_t topic_count;
    bool once;
    struct source_vector_entry *until;
    size_t until_count;
    const char *bootstrap; /* inside properties */
    char *witness;         /* goes with mirrored offsets; null: none */

    rd_kafka_t *kafka;
    rd_kafka_queue_t *main_queue; /* rebalances and errors */
    int wake_fd;                  /* eventfd that librdkafka writes when an empty queue gets something */
    struct waker *waker;

    enum group_phase phase;
    struct owned **owned;
    size_t owned_count;
    size_t turn; /* next of owned[] to be read */
    bool leaders_old; /* ask who leads before anything is asked of a leader */
    bool rewinding; /* a partition goes back: assign anew before the next record */
    bool ever_assigned;
    int64_t assigned_empty_ms; /* when we were given no partition at all; 0 = not so */
    int64_t fault_ms;          /* when the last retriable fault was reported */
    bool fenced;               /* a new consumer is to take the place of this one ... */
    int64_t fenced_ms;         /* ... and when that was so last */
    int64_t mirrored_ms;       /* when offsets were mirrored last; 0: not since the assignment */
    int64_t missing_since_ms;  /* a topic was reported missing; 0 = none */

    struct source_event *events; /* ring of events to be delivered before anything else */
    size_t event_first;
    size_t event_count;
    struct batch *free_batches;
};

int64_t kafka_clock_ms(void);

/* source_kafka.c */
void kafka_push(struct source_kafka *kafka, struct source_event event);

/* source_kafka_group.c */
void kafka_group_event(struct source_kafka *kafka, rd_kafka_event_t *event); /* RD_KAFKA_EVENT_REBALANCE */
/* Goes on with an assignment or ends a revocation. */
void kafka_group_step(struct source_kafka *kafka);
/* All partitions have left us. */
void kafka_group_lost(struct source_kafka *kafka);
/* Takes the partitions of `until` without a group. */
bool kafka_group_until(struct source_kafka *kafka, struct fault *fault);
void kafka_disown_all(struct source_kafka *kafka);

/* source_kafka_rewind.c */
bool kafka_rewind(struct source *source, struct source_partition partition, const struct source_position *position,
                  struct fault *fault);
/* Drops what was fetched ahead and the queues' handles; assign() makes new ones. */
void kafka_forget_fetched(struct source_kafka *kafka);
void kafka_note_mirror(struct source_kafka *kafka, struct source_partition partition, int64_t next);
/* Mirrors what was noted, when it is due or `at_once`. */
void kafka_send_mirror(struct source_kafka *kafka, bool at_once);
/* The offset that this namespace has mirrored into the group, or -1. False and `fault` when nobody answers. */
bool kafka_ask_witness(struct source_kafka *kafka, const struct owned *owned, int64_t *mirrored, struct fault *fault);

/* source_kafka_read.c */
/* A batch, or what stands in its place (end, fault), of the next partition that has something. False when none
 * has. */
bool kafka_read(struct source_kafka *kafka, struct source_event *event);
void kafka_release(struct source *source, void *batch);
/* source_operations.header: the last header of that name; its value lives as long as the batch. */
bool kafka_header(const void *native, const char *name, struct slice *value);
bool kafka_header_at(const void *native, size_t index, struct slice *name, struct slice *value);
/* True when `once` or `until` has been reached on every partition. */
bool kafka_finished(struct source_kafka *kafka);

/* source_kafka_fault.c */
/* What an error of librdkafka means for us. `who` null: not about a partition of ours. */
void kafka_fault_of(const struct source_kafka *kafka, rd_kafka_resp_err_t error, const char *text, const struct owned *owned,
                    struct fault *fault);
/* Whether it is to be reported: retriable ones at most once a second. */
bool kafka_fault_due(struct source_kafka *kafka, const struct fault *fault);
/* Reports a fault that is due. */
void kafka_push_fault(struct source_kafka *kafka, const struct fault *fault);
/* An RD_KAFKA_EVENT_ERROR of the main queue. */
void kafka_error_event(struct source_kafka *kafka, rd_kafka_event_t *event);
/* Looks again for a topic that was missing; reports a fault when the time of grace is over. */
void kafka_check_missing(struct source_kafka *kafka);

/* source_kafka_cluster.c */
/* Number of partitions of the topics together; 0 when nobody says so within `timeout_ms`. */
int kafka_partition_count(const struct source_kafka *kafka, int timeout_ms);
/* Partitions of one topic; 0 when the cluster says that it does not exist, -1 when nobody says. */
int kafka_topic_partitions(rd_kafka_t *kafka, const char *topic, int timeout_ms);
/* True when the cluster says that `topic` does not exist; false when it does or nobody answers. */
bool kafka_topic_missing(rd_kafka_t *kafka, const char *topic, int timeout_ms);
/* Has librdkafka ask which brokers lead the partitions of the topics: what it remembers may be a broker that is no more.
 * Blocking. */
void kafka_learn_leaders(const struct source_kafka *kafka, int timeout_ms);
/* Where the log begins and where it ends for us (read_committed); an error within `timeout_ms`, even if the leader is gone. Any
 * thread. */
rd_kafka_resp_err_t kafka_log_bounds(rd_kafka_t *kafka, const char *topic, int32_t partition, int timeout_ms, int64_t *first,
                                     int64_t *end);
rd_kafka_resp_err_t kafka_log_end(rd_kafka_t *kafka, const char *topic, int32_t partition, int timeout_ms, int64_t *end);

/* source_kafka_wake.c */
/* Queue sizes for a process that reads `partitions` partitions. */
struct kafka_sizes kafka_sizes_for(int partitions);
/* Null when this librdkafka needs no waking, or out of memory. */
struct waker *waker_create(rd_kafka_t *kafka);
/* Told before each reading: `length` messages are in the queue, `taken` of them are being taken. Cheap. */
void waker_note(struct waker *waker, struct owned *owned, size_t length, size_t taken);
/* Told when nothing has come for a while although the end of this partition's log is not reached. */
void waker_nudge(struct waker *waker, const struct owned *owned);
void waker_destroy(struct waker *waker);

#endif
