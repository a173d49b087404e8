/* From partition queues to batches: see include/source.h.
 *
 * Every partition has a queue of its own inside librdkafka, so a batch is of one partition by construction, and
 * holding a partition means not reading its queue: the fetcher fills it up to its limit and leaves it. (Not
 * pause/resume or seek: the batch interface of 2.0.2 skips offsets after them.) A queue is asked for its length
 * first and then read for no more than that: reading an empty queue would cost two system calls.
 *
 * Between the records stand ends of partition and errors; a batch stops in front of one, the next poll delivers
 * it. `position` is counted here and never taken from librdkafka; a record in front of it is dropped, so none
 * comes twice whatever the queue holds.
 *
 * Headers are parsed by librdkafka when they are first asked for: who does not ask does not pay. */
#include "ingest/kafka_guard.h"
#include "ingest/source_kafka_parts.h"

#include "check.h"

static struct batch *take_batch(struct source_kafka *kafka) {
    struct batch *batch = kafka->free_batches;
    if (batch == NULL) {
        batch = malloc(sizeof(*batch));
        CHECK_MEMORY(batch != NULL);
    } else {
        kafka->free_batches = batch->next;
    }
    batch->count = 0;
    return batch;
}

static void give_batch(struct source_kafka *kafka, struct batch *batch) {
    batch->next = kafka->free_batches;
    kafka->free_batches = batch;
}

void kafka_release(struct source *source, void *handle) {
    struct batch *batch = handle;
    for (size_t i = 0; i < batch->count; i++)
        rd_kafka_message_destroy(batch->messages[i]);
    give_batch((struct source_kafka *)source, batch);
}

static void refill(struct source_kafka *kafka, struct owned *owned) {
    if (owned->waiting_first < owned->waiting_count) return;
    owned->waiting_first = owned->waiting_count = 0;
    size_t length = rd_kafka_queue_length(owned->queue);
    if (length == 0) return;
    size_t wanted = length < READ_MAX ? length : READ_MAX;
    waker_note(kafka->waker, owned, length, wanted);
    ssize_t got = rd_kafka_consume_batch_queue(owned->queue, 0, owned->waiting, wanted);
    if (got > 0) owned->waiting_count = (size_t)got;
}

static void fill_record(struct record *record, const rd_kafka_message_t *message) {
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    *record = (struct record){
        .value = {.data = message->payload, .length = message->len},
        .key = {.data = message->key, .length = message->key_len},
        .offset = message->offset,
        .next_offset = message->offset + 1,
        .native = message,
        .timestamp_ms = timestamp_ms < 0 ? 0 : timestamp_ms,
    };
}

bool kafka_header(const void *native, const char *name, struct slice *value) {
    const rd_kafka_message_t *message = native;
    rd_kafka_headers_t *headers = NULL;
    const void *bytes = NULL;
    size_t length = 0;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    if (rd_kafka_header_get_last(headers, name, &bytes, &length) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    if (bytes == NULL) return false; /* a header without value says as little as none */
    *value = (struct slice){.data = bytes, .length = length};
    return true;
}

bool kafka_header_at(const void *native, size_t index, struct slice *name, struct slice *value) {
    const rd_kafka_message_t *message = native;
    rd_kafka_headers_t *headers = NULL;
    const char *text = NULL;
    const void *bytes = NULL;
    size_t length = 0;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    if (rd_kafka_header_get_all(headers, index, &text, &bytes, &length) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    *name = slice_of(text);
    *value = (struct slice){.data = bytes, .length = bytes == NULL ? 0 : length};
    return true;
}

static bool beyond(const struct owned *owned, int64_t offset) {
    return owned->bound >= 0 && offset >= owned->bound;
}

/* Moves the run of records at the front of waiting[] into `batch`: up to an error or end, or to the bound. */
static void take_run(struct owned *owned, struct batch *batch) {
    int64_t bytes = 0;
    while (owned->waiting_first < owned->waiting_count) {
        rd_kafka_message_t *message = owned->waiting[owned->waiting_first];
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) break;
        owned->waiting_first++;
        if (beyond(owned, message->offset)) {
            owned->position = owned->bound; /* what lay between is a hole of the log */
            rd_kafka_message_destroy(message);
            break;
        }
        if (message->offset < owned->position) {
            rd_kafka_message_destroy(message);
            continue;
        }
        fill_record(&batch->records[batch->count], message);
        batch->messages[batch->count++] = message;
        owned->position = message->offset + 1;
        bytes += (int64_t)message->len + (int64_t)message->key_len;
    }
    owned->at_end = owned->at_end && batch->count == 0;
    owned->bytes_read += bytes;
    owned->records_read += (int64_t)batch->count;
}

/* An end of partition or an error at the front of waiting[]; false when it need not be reported. */
static bool take_error(struct source_kafka *kafka, struct owned *owned, struct source_event *event) {
    rd_kafka_message_t *message = owned->waiting[owned->waiting_first++];
    bool report = true;
    event->partition = owned->who;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (message->offset > owned->position) owned->position = message->offset;
        if (beyond(owned, owned->position)) owned->position = owned->bound;
        event->kind = SOURCE_END;
        owned->at_end = true;
        event->next_offset = owned->position;
    } else if (message->err == RD_KAFKA_RESP_ERR__BAD_COMPRESSION && kafka_guard_postponed(message->offset)) {
        report = false;
    } else {
        kafka_fault_of(kafka, message->err, rd_kafka_message_errstr(message), owned, &event->fault);
        event->kind = SOURCE_FAULT;
        report = kafka_fault_due(kafka, &event->fault);
    }
    rd_kafka_message_destroy(message);
    return report;
}

/* A bound that is reached is an end too, even if the log goes on: the caller learns that holes in front of it have
 * been passed. */
static void note_done(struct source_kafka *kafka, struct owned *owned) {
    if (owned->done || owned->bound < 0 || owned->position < owned->bound) return;
    owned->done = true;
    kafka_guard_unwatch(owned->queue);
    if (owned->at_end) return; /* just told */
    kafka_push(kafka, (struct source_event){.kind = SOURCE_END, .partition = owned->who, .next_offset = owned->bound});
}

/* True with a batch, an end or a fault; false when the partition has nothing (more) now. */
static bool read_owned(struct source_kafka *kafka, struct owned *owned, struct source_event *event) {
    bool found = false;
    while (!found && !owned->done) {
        refill(kafka, owned);
        if (owned->waiting_first == owned->waiting_count) return false;
        if (owned->waiting[owned->waiting_first]->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            found = take_error(kafka, owned, event);
        } else {
            struct batch *batch = take_batch(kafka);
            take_run(owned, batch);
            found = batch->count > 0;
            if (!found) give_batch(kafka, batch);
            if (found) {
                *event = (struct source_event){.kind = SOURCE_BATCH,
                                               .partition = owned->who,
                                               .records = batch->records,
                                               .count = batch->count,
                                               .next_offset = owned->position,
                                               .batch = batch};
            }
        }
        note_done(kafka, owned);
    }
    return found;
}

bool kafka_read(struct source_kafka *kafka, struct source_event *event) {
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct owned *owned = kafka->owned[kafka->turn];
        kafka->turn = (kafka->turn + 1) % kafka->owned_count;
        note_done(kafka, owned);
        if (owned->held || owned->done) continue;
        if (read_owned(kafka, owned, event)) return true;
        if (kafka->event_count > 0) return false; /* note_done has pushed one */
    }
    return false;
}

bool kafka_finished(struct source_kafka *kafka) {
    if ((!kafka->once && kafka->until_count == 0) || kafka->phase != GROUP_STEADY || !kafka->ever_assigned) return false;
    for (size_t i = 0; i < kafka->owned_count; i++) {
        if (!kafka->owned[i]->done) return false;
    }
    if (kafka->owned_count > 0) return true;
    enum { EMPTY_MS = 10000 };
    return kafka->assigned_empty_ms != 0 && kafka_clock_ms() - kafka->assigned_empty_ms >= EMPTY_MS;
}
