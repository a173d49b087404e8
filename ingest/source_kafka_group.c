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
#include "ingest/kafka_guard.h"
#include "ingest/source_kafka_parts.h"

#include "check.h"
#include "fault_point.h"
#include "log.h"

#include <inttypes.h>

enum { BOUNDS_MS = 2000, LEADERS_MS = 1000 };

static const char *own_topic(const struct source_kafka *kafka, const char *topic) {
    for (size_t i = 0; i < kafka->topic_count; i++) {
        if (strcmp(kafka->topics[i], topic) == 0) return kafka->topics[i];
    }
    return NULL;
}

static void disown(struct owned *owned) {
    if (owned->queue != NULL) {
        kafka_guard_unwatch(owned->queue);
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
    kafka->rewinding = false;
}

static bool own(struct source_kafka *kafka, const char *topic, int32_t partition, int64_t bound) {
    const char *name = own_topic(kafka, topic);
    if (name == NULL || kafka->owned_count == PARTITIONS_MAX) return false;
    struct owned *owned = calloc(1, sizeof(*owned));
    CHECK_MEMORY(owned != NULL);
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
    FAULT_STEP("group.unassign");
    rd_kafka_resp_err_t error = rd_kafka_assign(kafka->kafka, NULL);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) log_warn("unassign_failed", "error=\"%s\"", rd_kafka_err2str(error));
    kafka_disown_all(kafka);
    kafka->phase = GROUP_STEADY;
    kafka->ever_assigned = false; /* a bounded run must see its next assignment before it may be finished */
    kafka->assigned_empty_ms = 0;
}

/* A claim may wait for Redis for minutes while another member goes on reading: a state that was refused because it stands behind
 * an end that is no longer the log's has proved nothing, and the next poll asks again. */
static void reconsider(struct source_kafka *kafka, const struct owned *owned, int64_t end, struct fault *fault) {
    int64_t first_now = 0, end_now = 0;
    if (fault->stop != STOP_LOG_SHORT || fault->retriable) return;
    rd_kafka_resp_err_t error =
        kafka_log_bounds(kafka->kafka, owned->who.topic, owned->who.partition, BOUNDS_MS, &first_now, &end_now);
    fault->retriable = error != RD_KAFKA_RESP_ERR_NO_ERROR || end_now > end;
}

/* Bounds of the log and the caller's word where to start. False and `fault`. */
static bool resume(struct source_kafka *kafka, struct owned *owned, struct fault *fault) {
    int64_t first = 0, end = 0;
    struct source_position position = {
        .window_start = SOURCE_START_BEGINNING, .next = SOURCE_START_BEGINNING, .mirrored = -1};
    rd_kafka_resp_err_t error =
        kafka_log_bounds(kafka->kafka, owned->who.topic, owned->who.partition, BOUNDS_MS, &first, &end);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka->leaders_old = true;
        bool until = kafka->until_count > 0;
        bool missing = error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                       error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        return fault_set(fault, until && missing ? STOP_LOG_SHORT : STOP_KAFKA_SILENT, !(until && missing),
                         "Kafka at %s does not tell the bounds of %s/%d: %s", kafka->bootstrap, owned->who.topic,
                         owned->who.partition, rd_kafka_err2str(error));
    }
    if (owned->bound > end) {
        return fault_set(fault, STOP_LOG_SHORT, false,
                         "%s/%d ends at offset %" PRId64 " but is to be read up to %" PRId64
                         ": the topic was re-created or truncated, or this is another cluster",
                         owned->who.topic, owned->who.partition, end, owned->bound);
    }
    if (FAULT_BREAKS("group.bounds", fault)) return false;
    if (!kafka_ask_witness(kafka, owned, &position.mirrored, fault)) return false;
    if (kafka->once) owned->bound = end;
    if (!kafka->resume.resume(kafka->resume.context, owned->who, first, end, &position, fault)) {
        reconsider(kafka, owned, end, fault);
        return false;
    }
    owned->resumed = true;
    owned->position = position.window_start == SOURCE_START_BEGINNING ? first : position.window_start;
    if (owned->position >= first && owned->position <= end) return true;
    return fault_set(fault, STOP_LOG_PASSED, false,
                     "%s/%d: reading should start at offset %" PRId64 ", but the log holds %" PRId64 " to %" PRId64
                     ": retention has passed it, or the topic was re-created",
                     owned->who.topic, owned->who.partition, owned->position, first, end);
}

static void read_from_positions(struct source_kafka *kafka) {
    static const uint64_t one = 1;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)kafka->owned_count);
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct owned *owned = kafka->owned[i];
        owned->queue = rd_kafka_queue_get_partition(kafka->kafka, owned->who.topic, owned->who.partition);
        CHECK(owned->queue != NULL);
        rd_kafka_queue_forward(owned->queue, NULL);
        rd_kafka_queue_io_event_enable(owned->queue, kafka->wake_fd, &one, sizeof(one));
        if (!owned->held) kafka_guard_watch(owned->queue);
        rd_kafka_topic_partition_list_add(list, owned->who.topic, owned->who.partition)->offset = owned->position;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(kafka->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        struct fault fault;
        (void)fault_set(&fault, STOP_KAFKA_ERROR, false, "librdkafka refuses the assignment: %s", rd_kafka_err2str(error));
        kafka_push_fault(kafka, &fault);
    }
}

/* Everything is resumed: reading starts. */
static void assign(struct source_kafka *kafka) {
    FAULT_STEP("group.assign");
    read_from_positions(kafka);
    report_all(kafka, SOURCE_ASSIGNED);
    kafka->ever_assigned = true;
    kafka->assigned_empty_ms = kafka->owned_count == 0 ? kafka_clock_ms() : 0;
    kafka->phase = GROUP_STEADY;
    kafka->mirrored_ms = 0;
}

/* All partitions again, each where it stands; see source_kafka_rewind.c. */
static void assign_again(struct source_kafka *kafka) {
    kafka->rewinding = false;
    FAULT_STEP("group.rewind");
    rd_kafka_resp_err_t error = rd_kafka_assign(kafka->kafka, NULL);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) log_warn("unassign_failed", "error=\"%s\"", rd_kafka_err2str(error));
    kafka_forget_fetched(kafka);
    read_from_positions(kafka);
}

void kafka_group_step(struct source_kafka *kafka) {
    if (kafka->phase == GROUP_REVOKING) {
        kafka_send_mirror(kafka, true);
        unassign(kafka);
        return;
    }
    if (kafka->phase == GROUP_STEADY && kafka->rewinding) assign_again(kafka);
    if (kafka->phase != GROUP_ASSIGNING) return;
    if (kafka->leaders_old) kafka_learn_leaders(kafka, LEADERS_MS);
    kafka->leaders_old = false;
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct fault fault;
        if (kafka->owned[i]->resumed || resume(kafka, kafka->owned[i], &fault)) continue;
        kafka_push_fault(kafka, &fault);
        return; /* the next poll tries again, if there is one */
    }
    assign(kafka);
}

void kafka_group_lost(struct source_kafka *kafka) {
    report_all(kafka, SOURCE_LOST);
    kafka_disown_all(kafka);
    kafka->phase = GROUP_STEADY;
    kafka->ever_assigned = false;
    kafka->assigned_empty_ms = 0;
}

static void begin_assign(struct source_kafka *kafka, const rd_kafka_topic_partition_list_t *list) {
    kafka_disown_all(kafka);
    for (int i = 0; i < list->cnt; i++) {
        if (own(kafka, list->elems[i].topic, list->elems[i].partition, -1)) continue;
        struct fault fault;
        (void)fault_set(&fault, STOP_PARTITIONS_MANY, false,
                        "%s/%d was assigned to us beyond our topics or above %d partitions: start more processes",
                        list->elems[i].topic, list->elems[i].partition, PARTITIONS_MAX);
        kafka_push_fault(kafka, &fault);
    }
    kafka->phase = GROUP_ASSIGNING;
    kafka->leaders_old = true; /* members are counted anew, it may be, because a broker has died */
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
            return fault_set(fault, STOP_OFFSETS, false,
                             "the vector names %s/%d, which is not among the topics, or more than %d partitions", entry->topic,
                             entry->partition, PARTITIONS_MAX);
        }
    }
    kafka->phase = GROUP_ASSIGNING;
    return true;
}
