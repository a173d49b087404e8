/* The log of one partition: everything that a real one can hold, in little. Made from the seed, never changed. */
#ifndef NHIP_SIM_LOGS_H
#define NHIP_SIM_LOGS_H

#include "record.h"

enum { RECORDS_MAX = 1200 };

struct log {
    struct record records[RECORDS_MAX];
    bool refused[RECORDS_MAX]; /* known after the undisturbed run */
    uint64_t prints[RECORDS_MAX + 1]; /* of the state after so many records, as the undisturbed run had it; 0: not known */
    bool durable[RECORDS_MAX]; /* its letter has been flushed in the run at hand */
    size_t count;
    int64_t end;   /* offset behind the last record, markers included */
    int64_t first; /* retention has passed what lies below */
    /* Records appear one after another from begin_us on, the last one at begin_us + span_us. */
    int64_t begin_us, span_us;
};

struct log_options {
    uint32_t window_records;
    bool plain; /* without gaps, times as ingest_time says: what the Python oracle can read from a file */
};

void log_make(struct log *log, int partition, uint64_t seed, const struct log_options *options);
/* How many records can be read by now, and where the log ends for who reads them. */
size_t log_visible(const struct log *log, int64_t now_us, int64_t *end);
size_t log_find(const struct log *log, int64_t offset); /* the first record at or behind it */

#endif
