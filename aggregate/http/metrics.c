/* One table of metrics, from which /metrics and ops/metrics.md are made.
 *
 * A row says where its number lies in struct http_facts (an offset, or a function where two numbers are needed), and how it is
 * scaled: Prometheus wants seconds and bytes, we count milliseconds; they are written with three decimals, never through a
 * double. Labels are bounded: partitions that this process owns (PARTITIONS_MAX), and the reasons of codes.h. Nothing that comes
 * out of a record is ever a label. */
#include "aggregate/http/metrics.h"

#include "codes.h"

#include <inttypes.h>
#include <stddef.h>

enum metric_type { COUNTER, GAUGE, HISTOGRAM };
enum metric_label { PROCESS, PARTITION, REASON };
enum metric_scale { WHOLE, SECONDS };

typedef bool metric_value(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value);

struct metric {
    const char *name;
    enum metric_type type;
    enum metric_label label;
    enum metric_scale scale;
    size_t at; /* in http_facts, or for PARTITION in gauge_reading; unused with `value` */
    metric_value *value;
    const char *help;
};

static bool lag_of(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    (void)facts;
    if (reading->log_end < 0 || reading->next < 0) return false;
    *value = reading->log_end > reading->next ? reading->log_end - reading->next : 0;
    return true;
}

static bool watermark_delay_of(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    if (reading->watermark_ms == INT64_MIN) return false;
    *value = facts->now_ms - reading->watermark_ms;
    return true;
}

static bool record_age_of(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    if (reading->record_time_max_ms == INT64_MIN) return false;
    *value = facts->now_ms - reading->record_time_max_ms;
    return true;
}

static bool held_of(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    (void)facts;
    *value = reading->held ? 1 : 0;
    return true;
}

static bool up_since(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    (void)reading;
    *value = facts->started_ms;
    return true;
}

static bool snapshot_at(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    (void)reading;
    *value = facts->snapshot_ms;
    return facts->snapshot_ms >= 0;
}

static bool snapshot_age(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    (void)reading;
    *value = facts->now_ms > facts->snapshot_ms ? facts->now_ms - facts->snapshot_ms : 0;
    return facts->snapshot_ms >= 0;
}

static bool stream_delay(const struct http_facts *facts, const struct gauge_reading *reading, int64_t *value) {
    (void)reading;
    int64_t whole_ms = facts->status[STATUS_STREAM_WHOLE_MS];
    *value = facts->now_ms > whole_ms ? facts->now_ms - whole_ms : 0;
    return whole_ms > 0 && facts->status[STATUS_STREAM_WRITER] == 1;
}

#define FACT(member) offsetof(struct http_facts, member), NULL
#define COUNT(member) offsetof(struct http_facts, totals.counts.member), NULL
#define STATUS_AT(counter) offsetof(struct http_facts, status[counter]), NULL
#define READING(member) offsetof(struct gauge_reading, member), NULL
#define CALL(function) 0, function

static const struct metric table[] = {
    {"nhip_delivered_records_total", COUNTER, PROCESS, WHOLE, COUNT(delivered),
     "Records (events, of messages that fan out) taken from the log and counted; what rebuilds windows is not in it."},
    {"nhip_applied_records_total", COUNTER, PROCESS, WHOLE, COUNT(applied), "Of them: booked."},
    {"nhip_duplicate_records_total", COUNTER, PROCESS, WHOLE, COUNT(duplicate), "Of them: seen before; not booked again."},
    {"nhip_quarantined_records_total", COUNTER, PROCESS, WHOLE, COUNT(quarantined),
     "Of them: valid, but a rule forbids booking; in the dead letters."},
    {"nhip_rejected_records_total", COUNTER, PROCESS, WHOLE, COUNT(rejected), "Of them: not valid; in the dead letters."},
    {"nhip_ignored_records_total", COUNTER, PROCESS, WHOLE, COUNT(ignored), "Of them: tests and tombstones."},
    {"nhip_refused_records_total", COUNTER, REASON, WHOLE, COUNT(reasons), "Rejected and quarantined, by reason."},
    {"nhip_conflict_records_total", COUNTER, PROCESS, WHOLE, COUNT(conflict),
     "Duplicates whose content differs from the first one's."},
    {"nhip_late_records_total", COUNTER, PROCESS, WHOLE, COUNT(late), "Booked, but behind the watermark."},
    {"nhip_unresolved_records_total", COUNTER, PROCESS, WHOLE, COUNT(unresolved),
     "Booked as UNRESOLVED: what they follow on is no longer in the window."},
    {"nhip_unconverted_records_total", COUNTER, PROCESS, WHOLE, COUNT(unconverted),
     "Counted in number and not in value: another currency."},
    {"nhip_replayed_records_total", COUNTER, PROCESS, WHOLE, STATUS_AT(STATUS_REPLAYED),
     "Read again because Redis went back to an older state."},
    {"nhip_rebuilt_records_total", COUNTER, PROCESS, WHOLE, STATUS_AT(STATUS_REBUILT), "Read again to rebuild windows."},
    {"nhip_lag_records", GAUGE, PARTITION, WHOLE, CALL(lag_of), "End of the log minus the next offset to be read."},
    {"nhip_next_offset", GAUGE, PARTITION, WHOLE, READING(next), "Next offset to be read."},
    {"nhip_committed_offset", GAUGE, PARTITION, WHOLE, READING(committed_next), "Next offset as it stands in Redis."},
    {"nhip_watermark_delay_seconds", GAUGE, PARTITION, SECONDS, CALL(watermark_delay_of),
     "Now minus the watermark of event time."},
    {"nhip_record_age_seconds", GAUGE, PARTITION, SECONDS, CALL(record_age_of), "Now minus the time of the newest record read."},
    {"nhip_window_records", GAUGE, PARTITION, WHOLE, READING(window_records),
     "Records that the window holds to know duplicates and life cycles."},
    {"nhip_accounts", GAUGE, PARTITION, WHOLE, READING(accounts), "Accounts that have a number."},
    {"nhip_state_bytes", GAUGE, PARTITION, WHOLE, READING(memory_bytes), "Memory of the partition's roll-up."},
    {"nhip_dirty_cells", GAUGE, PARTITION, WHOLE, READING(dirty_cells), "Cells that the next commit will write."},
    {"nhip_partition_held", GAUGE, PARTITION, WHOLE, CALL(held_of),
     "1: Redis does not take commits; the partition is not read."},
    {"nhip_partitions", GAUGE, PROCESS, WHOLE, STATUS_AT(STATUS_PARTITIONS), "Partitions owned."},
    {"nhip_assigned_partitions_total", COUNTER, PROCESS, WHOLE, FACT(totals.assigned), "Partitions that the group gave us."},
    {"nhip_revoked_partitions_total", COUNTER, PROCESS, WHOLE, FACT(totals.revoked),
     "Partitions that the group took back after a last commit."},
    {"nhip_lost_partitions_total", COUNTER, PROCESS, WHOLE, FACT(totals.lost), "Partitions that left without one."},
    {"nhip_fenced_partitions_total", COUNTER, PROCESS, WHOLE, STATUS_AT(STATUS_FENCED),
     "Partitions that another worker had claimed."},
    {"nhip_commits_total", COUNTER, PROCESS, WHOLE, FACT(totals.commits), "Commits that Redis confirmed."},
    {"nhip_commit_cells_total", COUNTER, PROCESS, WHOLE, FACT(totals.commit_cells), "Cells that they wrote."},
    {"nhip_commit_seconds", HISTOGRAM, PROCESS, SECONDS, FACT(totals.commit_latency),
     "From sending a commit to its confirmation."},
    {"nhip_commits_in_flight", GAUGE, PROCESS, WHOLE, STATUS_AT(STATUS_IN_FLIGHT), "Commits sent and not yet confirmed."},
    {"nhip_unconfirmed_partitions", GAUGE, PROCESS, WHOLE, STATUS_AT(STATUS_UNCONFIRMED),
     "Partitions whose last commit is not on enough replicas (durability = replica)."},
    {"nhip_redis_refusals_total", COUNTER, PROCESS, WHOLE, FACT(totals.held),
     "Times that Redis did not answer or take a commit, and it was tried again."},
    {"nhip_redis_memory_bytes", GAUGE, PROCESS, WHOLE, FACT(redis_memory_bytes),
     "Memory that Redis uses; of a cluster, one node."},
    {"nhip_redis_memory_max_bytes", GAUGE, PROCESS, WHOLE, FACT(redis_memory_max_bytes), "Its maxmemory; 0: no bound."},
    {"nhip_snapshot_timestamp_seconds", GAUGE, PROCESS, SECONDS, CALL(snapshot_at), "When the latest vintage was published."},
    {"nhip_snapshot_age_seconds", GAUGE, PROCESS, SECONDS, CALL(snapshot_age), "Now minus that."},
    {"nhip_stream_writer", GAUGE, PROCESS, WHOLE, STATUS_AT(STATUS_STREAM_WRITER),
     "1: this process writes stream.topic; of all that have the setting, one does."},
    {"nhip_stream_upserts_total", COUNTER, PROCESS, WHOLE, STATUS_AT(STATUS_STREAM_UPSERTS),
     "Values that stream.topic has taken."},
    {"nhip_stream_tombstones_total", COUNTER, PROCESS, WHOLE, STATUS_AT(STATUS_STREAM_TOMBSTONES),
     "Keys that were deleted there."},
    {"nhip_stream_failures_total", COUNTER, PROCESS, WHOLE, STATUS_AT(STATUS_STREAM_FAILURES),
     "Times that stream.topic could not be opened or written to; it is tried again."},
    {"nhip_stream_lag", GAUGE, PROCESS, WHOLE, STATUS_AT(STATUS_STREAM_LEFT),
     "Closed minutes that stream.topic did not have as they are, when last looked."},
    {"nhip_stream_delay_seconds", GAUGE, PROCESS, SECONDS, CALL(stream_delay),
     "Now minus the time when stream.topic last had all; of the process that writes it."},
    {"nhip_stream_held", GAUGE, PROCESS, WHOLE, STATUS_AT(STATUS_STREAM_HELD),
     "1: Redis stands before what was published, so no minutes are until it is there again."},
    {"nhip_workers", GAUGE, PROCESS, WHOLE, FACT(workers), "Worker threads."},
    {"nhip_resident_bytes", GAUGE, PROCESS, WHOLE, FACT(resident_bytes), "Resident memory of the process."},
    {"nhip_descriptors", GAUGE, PROCESS, WHOLE, FACT(descriptors), "Open file descriptors."},
    {"nhip_start_time_seconds", GAUGE, PROCESS, SECONDS, CALL(up_since), "When the process began."},
};
enum { METRICS = sizeof(table) / sizeof(table[0]) };

static const char *const type_names[] = {"counter", "gauge", "histogram"};

static void write_value(enum metric_scale scale, int64_t value, FILE *out) {
    if (scale == WHOLE) {
        (void)fprintf(out, " %" PRId64 "\n", value);
        return;
    }
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    (void)fprintf(out, " %s%" PRIu64 ".%03" PRIu64 "\n", value < 0 ? "-" : "", magnitude / 1000, magnitude % 1000);
}

static int64_t number_at(const void *base, size_t at) {
    return *(const int64_t *)(const void *)((const char *)base + at);
}

/* A value below zero stands for "not known" where the row only names a place. */
static bool value_of(const struct metric *metric, const struct http_facts *facts, const struct gauge_reading *reading,
                     int64_t *value) {
    if (metric->value != NULL) return metric->value(facts, reading, value);
    *value = number_at(reading != NULL ? (const void *)reading : (const void *)facts, metric->at);
    return *value >= 0;
}

static void write_histogram(const struct metric *metric, const struct http_facts *facts, FILE *out) {
    const struct gauge_totals *totals = &facts->totals;
    int64_t below = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        below += totals->commit_latency[i];
        (void)fprintf(out, "%s_bucket{le=\"%" PRId64 ".%03" PRId64 "\"} %" PRId64 "\n", metric->name,
                      latency_bounds_ms[i] / 1000, latency_bounds_ms[i] % 1000, below);
    }
    (void)fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum", metric->name, totals->commits, metric->name);
    write_value(SECONDS, totals->commit_ms, out);
    (void)fprintf(out, "%s_count %" PRId64 "\n", metric->name, totals->commits);
}

static void write_reasons(const struct metric *metric, const struct http_facts *facts, FILE *out) {
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        (void)fprintf(out, "%s{reason=\"%s\"} %" PRId64 "\n", metric->name, reason_name((enum reason)i),
                      number_at(facts, metric->at + (size_t)i * sizeof(int64_t)));
    }
}

static void write_partitions(const struct metric *metric, const struct http_facts *facts, FILE *out) {
    for (size_t i = 0; i < facts->partition_count; i++) {
        const struct gauge_partition *partition = &facts->partitions[i];
        int64_t value;
        if (!value_of(metric, facts, &partition->reading, &value)) continue;
        /* Names of topics are letters, digits, '.', '_' and '-': nothing to be escaped. */
        (void)fprintf(out, "%s{topic=\"%s\",partition=\"%d\"}", metric->name, partition->topic, partition->partition);
        write_value(metric->scale, value, out);
    }
}

void metrics_write(const struct http_facts *facts, const char *version, const char *commit, FILE *out) {
    for (size_t i = 0; i < METRICS; i++) {
        const struct metric *metric = &table[i];
        int64_t value;
        (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                      type_names[metric->type]);
        if (metric->type == HISTOGRAM) {
            write_histogram(metric, facts, out);
        } else if (metric->label == REASON) {
            write_reasons(metric, facts, out);
        } else if (metric->label == PARTITION) {
            write_partitions(metric, facts, out);
        } else if (value_of(metric, facts, NULL, &value)) {
            (void)fputs(metric->name, out);
            write_value(metric->scale, value, out);
        }
    }
    (void)fprintf(out, "# HELP nhip_build_info Version and commit.\n# TYPE nhip_build_info gauge\n");
    (void)fprintf(out, "nhip_build_info{version=\"%s\",commit=\"%s\"} 1\n", version, commit);
}

void metrics_print_markdown(FILE *out) {
    static const char *const labels[] = {"", "`topic`, `partition`", "`reason`"};
    (void)fprintf(out, "# Metrics\n\n"
                       "What `/metrics` says (setting `http.listen`), made from the table in `aggregate/http/metrics.c` by\n"
                       "`nhip config --metrics`. Counters begin with the process. A metric whose value is not known is left\n"
                       "out. Labels are bounded: partitions that the process owns, and the reasons of `schemas/README.md`.\n\n"
                       "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < METRICS; i++) {
        const struct metric *metric = &table[i];
        (void)fprintf(out, "| `%s` | %s | %s | %s |\n", metric->name, type_names[metric->type], labels[metric->label],
                      metric->help);
    }
    (void)fprintf(out, "| `nhip_build_info` | gauge | `version`, `commit` | Version and commit. |\n");
    adoption_print_markdown(out);
}
