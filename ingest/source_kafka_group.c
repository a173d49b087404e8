/* Being given partitions and losing them.
 *
 *     group says ASSIGN  -> for each: ask the log's bounds, ask `resume` where to start      (GROUP_ASSIGNING, one or more polls)
 *                        -> assign() all with explicit offsets, SOURCE_ASSIGNED for each     (GROUP_STEADY)
 *     group says REVOKE  -> SOURCE_REVOKED for each; the caller commits and mirrors          (GROUP_REVOKING)
 *                        -> the poll after the last of them: unassign                        (GROUP_STEADY)
 *     ... and it is lost -> unassign at once, SOURCE_LOST for each
 *
 * librdkafka tells us by events of its main queue and waits for our assign() or unassign: until then the group's
 * other members do not get the partitions. Everything is done in steps of a poll, because a broker that does not
 * answer must not keep the worker from committing or stopping. While we are asking, the group may change its mind:
 * what was resumed is then reported as lost.
 *
 * Each partition's queue is cut loose from the main queue *before* assign(), so that not one record can go astray
 * there; it wakes the poll through an eventfd. */
#include "ingest/source_kafka_parts.h"

#include "check.h"
#include "log.h"

#include <inttypes.h>

enum { BOUNDS_MS = 3000 };

static const char *own_topic(const struct source_kafka *kafka, const char *topic) {
    for (size_t i = 0; i < kafka->topic_count; i++) {
        if (strcmp(kafka->topics[i], topic) == 0) return kafka->topics[i];
    }
    return NULL;
}

static void disown(struct owned *owned) {
    if (owned->queue != NULL) {
        rd_kafka_queue_io_event_enable(owned->queue, -1, NULL,
                                       0); /* the queue lives on inside librdkafka; our eventfd does not */
        rd_kafka_queue_destroy(owned->queue);
    }
    for (size_t i = owned->waiting_first; i < owned->waiting_count; i++)
        rd_kafka_message_destroy(owned->waiting[i]);
    free(owned);
}

void kafka_disown_all(struct source_kafka *kafka) {
    for (size_t i = 0; i < kafka->owned_count; i++)
        disown(kafka->owned[i]);
    kafka->owned_count = 0;
    kafka->turn = 0;
}

static bool own(struct source_kafka *kafka, const char *topic, int32_t partition, int64_t bound) {
    const char *name = own_topic(kafka, topic);
    if (name == NULL || kafka->owned_count == PARTITIONS_MAX) return false;
    struct owned *owned = calloc(1, sizeof(*owned));
    CHECK(owned != NULL);
    *owned = (struct owned){.who = {.topic = name, .partition = partition}, .bound = bound, .position = SOURCE_START_BEGINNING};
    kafka->owned[kafka->owned_count++] = owned;
    return true;
}

/* Tells the caller that what it has resumed is gone. */
static void report_all(struct source_kafka *kafka, enum source_event_kind kind) {
    for (size_t i = 0; i < kafka->owned_count; i++) {
        if (kafka->owned[i]->resumed) kafka_push(kafka, (struct source_event){.kind = kind, .partition = kafka->owned[i]->who});
    }
}

static void unassign(struct source_kafka *kafka) {
    rd_kafka_resp_err_t error = rd_kafka_assign(kafka->kafka, NULL);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) log_warn("unassign_failed", "error=\"%s\"", rd_kafka_err2str(error));
    kafka_disown_all(kafka);
    kafka->phase = GROUP_STEADY;
    kafka->ever_assigned = false; /* a bounded run must see its next assignment before it may be finished */
    kafka->assigned_empty_ms = 0;
}

/* Bounds of the log and the caller's word where to start. False and `fault`. */
static bool resume(struct source_kafka *kafka, struct owned *owned, struct fault *fault) {
    int64_t first = 0, end = 0;
    struct source_position position = {.window_start = SOURCE_START_BEGINNING, .next = SOURCE_START_BEGINNING};
    rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(kafka->kafka, owned->who.topic, owned->who.partition, &first, &end, BOUNDS_MS);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        bool until = kafka->until_count > 0;
        bool missing = error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                       error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        return fault_set(fault, until && missing ? FAULT_REFUSED : FAULT_UNREACHABLE, !(until && missing),
                         "Kafka at %s does not tell the bounds of %s/%d: %s", kafka->bootstrap, owned->who.topic,
                         owned->who.partition, rd_kafka_err2str(error));
    }
    if (owned->bound > end) {
        return fault_set(fault, FAULT_REFUSED, false,
                         "%s/%d ends at offset %" PRId64 " but is to be read up to %" PRId64
                         ": the topic was re-created or truncated, or this is another cluster",
                         owned->who.topic, owned->who.partition, end, owned->bound);
    }
    if (kafka->once) owned->bound = end;
    if (!kafka->resume.resume(kafka->resume.context, owned->who, first, end, &position, fault)) return false;
    owned->resumed = true;
    owned->position = position.window_start == SOURCE_START_BEGINNING ? first : position.window_start;
    if (owned->position >= first && owned->position <= end) return true;
    return fault_set(fault, FAULT_REFUSED, false,
                     "%s/%d: reading should start at offset %" PRId64 ", but the log holds %" PRId64 " to %" PRId64
                     ": retention has passed it, or the topic was re-created",
                     owned->who.topic, owned->who.partition, owned->position, first, end);
}

/* Everything is resumed: reading starts. */
static void assign(struct source_kafka *kafka) {
    static const uint64_t one = 1;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)kafka->owned_count);
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct owned *owned = kafka->owned[i];
        owned->queue = rd_kafka_queue_get_partition(kafka->kafka, owned->who.topic, owned->who.partition);
        CHECK(owned->queue != NULL);
        rd_kafka_queue_forward(owned->queue, NULL);
        rd_kafka_queue_io_event_enable(owned->queue, kafka->wake_fd, &one, sizeof(one));
        rd_kafka_topic_partition_list_add(list, owned->who.topic, owned->who.partition)->offset = owned->position;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(kafka->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        struct fault fault;
        (void)fault_set(&fault, FAULT_SOURCE, false, "librdkafka refuses the assignment: %s", rd_kafka_err2str(error));
        kafka_push_fault(kafka, &fault);
    }
    report_all(kafka, SOURCE_ASSIGNED);
    kafka->ever_assigned = true;
    kafka->assigned_empty_ms = kafka->owned_count == 0 ? kafka_clock_ms() : 0;
    kafka->phase = GROUP_STEADY;
}

void kafka_group_step(struct source_kafka *kafka) {
    if (kafka->phase == GROUP_REVOKING) {
        unassign(kafka);
        return;
    }
    if (kafka->phase != GROUP_ASSIGNING) return;
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct fault fault;
        if (kafka->owned[i]->resumed || resume(kafka, kafka->owned[i], &fault)) continue;
        kafka_push_fault(kafka, &fault);
        return; /* the next poll tries again, if there is one */
    }
    assign(kafka);
}

static void begin_assign(struct source_kafka *kafka, const rd_kafka_topic_partition_list_t *list) {
    kafka_disown_all(kafka);
    for (int i = 0; i < list->cnt; i++) {
        if (own(kafka, list->elems[i].topic, list->elems[i].partition, -1)) continue;
        struct fault fault;
        (void)fault_set(&fault, FAULT_SOURCE, false,
                        "%s/%d was assigned to us beyond our topics or above %d partitions: start more processes",
                        list->elems[i].topic, list->elems[i].partition, PARTITIONS_MAX);
        kafka_push_fault(kafka, &fault);
    }
    kafka->phase = GROUP_ASSIGNING;
}

void kafka_group_event(struct source_kafka *kafka, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t kind = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    bool unread = kafka->phase == GROUP_ASSIGNING; /* not assigned yet, so nothing fed and nothing to commit */
    log_debug("rebalance", "kind=%s partitions=%d", rd_kafka_err2name(kind), list == NULL ? 0 : list->cnt);
    if (kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        if (unread) report_all(kafka, SOURCE_LOST);
        begin_assign(kafka, list);
    } else if (kind == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS && !unread && !rd_kafka_assignment_lost(kafka->kafka)) {
        report_all(kafka, SOURCE_REVOKED);
        kafka->phase = GROUP_REVOKING;
    } else {
        report_all(kafka, SOURCE_LOST);
        unassign(kafka);
    }
}

bool kafka_group_until(struct source_kafka *kafka, struct fault *fault) {
    for (size_t i = 0; i < kafka->until_count; i++) {
        const struct source_vector_entry *entry = &kafka->until[i];
        if (!own(kafka, entry->topic, entry->partition, entry->next)) {
            return fault_set(fault, FAULT_USAGE, false,
                             "the vector names %s/%d, which is not among the topics, or more than %d partitions", entry->topic,
                             entry->partition, PARTITIONS_MAX);
        }
    }
    kafka->phase = GROUP_ASSIGNING;
    return true;
}
