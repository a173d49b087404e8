/* Going back, and what the group remembers.
 *
 * A partition whose state went back (Redis lost its tail) must be read again from an earlier offset, while the others go on. Seek
 * is not used (the batch interface of 2.0.2 skips offsets after it); start offsets go through assign() only, as after a
 * rebalance: everything is unassigned and assigned again, each partition where it stands, one further back. That drops what
 * librdkafka and we have fetched ahead, nothing else; the group does not notice. It is done at the start of a poll, so that no
 * record is delivered between the decision and the deed.
 *
 * Offsets are mirrored together, every MIRROR_MS and when they leave us. Not oftener: a broker answers the requests of one
 * connection one after the other, an OffsetCommit only when the replicas in sync have it; the heartbeat waits behind it. When a
 * broker dies, that is until the controller counts it out; and offsets that are on their way then may come back under an old name
 * of this member (FENCED_INSTANCE_ID).
 *
 * The witness: with every mirrored offset goes, as metadata, the name of the namespace that committed it. When a partition is
 * given to us, the group's offset says whether that namespace had a state; a group that served another namespace, or another
 * program, is no witness. */
#include "ingest/kafka_guard.h"
#include "ingest/source_kafka_parts.h"

#include "check.h"
#include "fault_point.h"

enum { WITNESS_MS = 3000, MIRROR_MS = 5000 };

static struct owned *find_owned(struct source_kafka *kafka, struct source_partition who) {
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct owned *owned = kafka->owned[i];
        if (owned->who.partition == who.partition && strcmp(owned->who.topic, who.topic) == 0) return owned;
    }
    return NULL;
}

bool kafka_rewind(struct source *source, struct source_partition partition, const struct source_position *position,
                  struct fault *fault) {
    struct source_kafka *kafka = (struct source_kafka *)source;
    struct owned *owned = find_owned(kafka, partition);
    if (owned == NULL) {
        return fault_set(fault, STOP_GROUP_LEFT, true, "%s/%d cannot be read again: it has left us", partition.topic,
                         partition.partition);
    }
    owned->position = position->window_start; /* SOURCE_START_BEGINNING is librdkafka's own word for it */
    owned->done = false;
    owned->at_end = false;
    kafka->rewinding = true;
    return true;
}

void kafka_forget_fetched(struct source_kafka *kafka) {
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct owned *owned = kafka->owned[i];
        for (size_t j = owned->waiting_first; j < owned->waiting_count; j++)
            rd_kafka_message_destroy(owned->waiting[j]);
        owned->waiting_first = owned->waiting_count = 0;
        if (owned->queue == NULL) continue;
        kafka_guard_unwatch(owned->queue);
        rd_kafka_queue_io_event_enable(owned->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(owned->queue);
        owned->queue = NULL;
    }
}

/* The namespace's name in an offset's metadata, behind this word. */
static const char mark[] = "nhip namespace ";

static void sign(const struct source_kafka *kafka, rd_kafka_topic_partition_t *entry) {
    if (kafka->witness == NULL) return;
    size_t bytes = sizeof(mark) + strlen(kafka->witness);
    entry->metadata = malloc(bytes); /* librdkafka frees it with the list */
    CHECK_MEMORY(entry->metadata != NULL);
    entry->metadata_size = (size_t)snprintf(entry->metadata, bytes, "%s%s", mark, kafka->witness);
}

void kafka_note_mirror(struct source_kafka *kafka, struct source_partition partition, int64_t next) {
    struct owned *owned = find_owned(kafka, partition);
    if (owned != NULL && next > 0) owned->mirror_next = next;
}

/* Failures are logged by kafka_config.c, one a minute: the mirror is for lag tools and as witness, never trusted. */
void kafka_send_mirror(struct source_kafka *kafka, bool at_once) {
    int64_t now_ms = kafka_clock_ms();
    bool due = kafka->mirrored_ms == 0 || now_ms - kafka->mirrored_ms >= MIRROR_MS;
    if (kafka->until_count > 0 || kafka->kafka == NULL || (!due && !at_once)) return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)kafka->owned_count);
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct owned *owned = kafka->owned[i];
        if (owned->mirror_next == 0) continue;
        rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(list, owned->who.topic, owned->who.partition);
        entry->offset = owned->mirror_next;
        sign(kafka, entry);
        owned->mirror_next = 0;
    }
    if (list->cnt > 0 && !FAULT_FAILS("mirror.write")) {
        kafka->mirrored_ms = now_ms;
        (void)rd_kafka_commit(kafka->kafka, list, 1);
        FAULT_STEP("mirror.written");
    }
    rd_kafka_topic_partition_list_destroy(list);
}

static bool is_signed(const struct source_kafka *kafka, const rd_kafka_topic_partition_t *entry) {
    size_t length = sizeof(mark) - 1;
    size_t name = strlen(kafka->witness);
    const char *text = entry->metadata;
    return entry->metadata_size == length + name && memcmp(text, mark, length) == 0 &&
           memcmp(text + length, kafka->witness, name) == 0;
}

bool kafka_ask_witness(struct source_kafka *kafka, const struct owned *owned, int64_t *mirrored, struct fault *fault) {
    *mirrored = -1;
    if (kafka->witness == NULL || kafka->until_count > 0) return true;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(list, owned->who.topic, owned->who.partition);
    rd_kafka_resp_err_t error = rd_kafka_committed(kafka->kafka, list, WITNESS_MS);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = entry->err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && entry->offset >= 0 && is_signed(kafka, entry)) *mirrored = entry->offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    kafka_fault_of(kafka, error, rd_kafka_err2str(error), NULL, fault);
    return false;
}
