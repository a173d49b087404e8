/* Asks Redis and Kafka the little that a screen needs: see sample.h. Whoever does not answer is named on the screen and asked
 * again a second later: a screen that ends when something goes wrong is of no use just then. */
#include "aggregate/top/sample.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/store/pool.h"
#include "check.h"
#include "ingest/kafka_ends.h"

enum { REDIS_MS = 1500, KAFKA_MS = 1000 };

struct top_reader {
    struct store_options store;
    struct pool *pool;
    struct kafka_ends *ends; /* null: no brokers are known */
};

struct top_reader *top_reader_open(const struct setup *setup, struct fault *fault) {
    struct top_reader *reader = calloc(1, sizeof(*reader));
    CHECK_MEMORY(reader != NULL);
    size_t count = 0;
    const struct kafka_property *kafka = config_kafka(setup->config, &count);
    bool brokers = false;
    for (size_t i = 0; i < count; i++) brokers |= strcmp(kafka[i].key, "bootstrap.servers") == 0;
    reader->store = setup->store;
    if (reader->store.timeout_ms > REDIS_MS) reader->store.timeout_ms = REDIS_MS;
    reader->pool = pool_create(&reader->store, fault);
    if (brokers && reader->pool != NULL) reader->ends = kafka_ends_open(kafka, count, fault);
    if (reader->pool != NULL && (!brokers || reader->ends != NULL)) return reader;
    top_reader_close(reader);
    return NULL;
}

void top_reader_close(struct top_reader *reader) {
    kafka_ends_close(reader->ends);
    pool_destroy(reader->pool);
    free(reader);
}

static void ask_ends(struct top_reader *reader, struct top_sample *sample) {
    sample->ends = calloc(sample->count + 1, sizeof(*sample->ends));
    CHECK_MEMORY(sample->ends != NULL);
    for (size_t i = 0; i < sample->count; i++) sample->ends[i] = -1;
    if (reader->ends == NULL || kafka_ends_ask(reader->ends, sample->list, sample->count, KAFKA_MS, sample->ends)) return;
    (void)snprintf(sample->trouble, sizeof(sample->trouble), "Kafka does not answer: lag is not known");
}

bool top_sample_take(struct top_reader *reader, struct top_sample *sample, struct fault *fault) {
    *sample = (struct top_sample){.at_ms = clock_wall_ms(), .name_space = reader->store.name_space};
    bool fine = metas_read(reader->pool, &reader->store, &sample->rows, &sample->list, &sample->count, fault) &&
                rolling_views_read(reader->pool, &reader->store, reader->store.name_space, sample->views, fault);
    sample->monotonic_ms = clock_monotonic_ms();
    if (!fine) {
        pool_reset(reader->pool);
        if (!fault->retriable) {
            top_sample_clear(sample);
            return false;
        }
        (void)snprintf(sample->trouble, sizeof(sample->trouble), "%.280s", fault->message);
    }
    for (size_t i = 0; i < sample->count; i++) counts_add(&sample->total, &sample->rows[i].meta.progress.counts, 1);
    ask_ends(reader, sample);
    return true;
}

void top_sample_clear(struct top_sample *sample) {
    free(sample->rows);
    free(sample->list);
    free(sample->ends);
    rolling_views_clear(sample->views);
    *sample = (struct top_sample){.count = 0};
}

int64_t top_lag(const struct top_sample *sample, size_t i) {
    int64_t next = sample->rows[i].meta.progress.next;
    if (sample->ends[i] < 0) return -1;
    if (next < 0) next = 0; /* nothing committed yet */
    return sample->ends[i] > next ? sample->ends[i] - next : 0;
}

int64_t top_rate(const struct top_sample *sample, const struct top_sample *before, size_t i) {
    const struct meta_row *row = &sample->rows[i];
    int64_t passed_ms = before != NULL ? sample->monotonic_ms - before->monotonic_ms : 0;
    for (size_t k = 0; passed_ms > 0 && k < before->count; k++) {
        const struct meta_row *former = &before->rows[k];
        if (former->who.partition != row->who.partition || strcmp(former->who.topic, row->who.topic) != 0) continue;
        int64_t change = row->meta.progress.counts.delivered - former->meta.progress.counts.delivered;
        return change > 0 ? change * 1000 / passed_ms : 0;
    }
    return -1;
}
