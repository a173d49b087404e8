/* What `nhip top` shows, at one moment: metas and rolling windows from Redis, ends of logs from Kafka. One thread. */
#ifndef NHIP_TOP_SAMPLE_H
#define NHIP_TOP_SAMPLE_H

#include "aggregate/runtime/setup.h"
#include "aggregate/store/metas.h"
#include "aggregate/store/rolling_read.h"

struct top_sample {
    int64_t at_ms;        /* wall clock */
    int64_t monotonic_ms;
    const char *name_space;
    char trouble[300];    /* "" when everybody has answered */
    struct meta_row *rows; /* sorted by topic and partition */
    struct source_partition *list;
    int64_t *ends; /* -1: not known */
    size_t count;
    struct counts total;
    struct rolling_view views[ROLLING_WINDOW_COUNT];
};

struct top_reader;

/* The setup must outlive the reader. Kafka is asked only where the settings name brokers. */
struct top_reader *top_reader_open(const struct setup *setup, struct fault *fault);
void top_reader_close(struct top_reader *reader);

/* A new sample; what could not be asked is missing in it, and `trouble` says so. False and `fault` for what will not pass. */
bool top_sample_take(struct top_reader *reader, struct top_sample *sample, struct fault *fault);
void top_sample_clear(struct top_sample *sample);

/* Records behind the end of the log; -1: not known. */
int64_t top_lag(const struct top_sample *sample, size_t i);
/* Events per second of a partition since `before` (null: not known); -1: not known. */
int64_t top_rate(const struct top_sample *sample, const struct top_sample *before, size_t i);

#endif
