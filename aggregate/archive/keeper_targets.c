/* What is to be archived and how far the archive is, and the proof of a whole archive: see keeper.h. */
#include "aggregate/archive/keeper_parts.h"

#include "check.h"
#include "ingest/kafka_ends.h"
#include "limits.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>

enum { ANSWER_MS = 5000, CLUSTER_MS = 2000, CLUSTER_TRIES = 5 };

void keeper_add(struct kept_totals *sum, const struct kept_totals *more) {
    sum->records += more->records;
    sum->lost += more->lost;
    sum->parts += more->parts;
    sum->plain_bytes += more->plain_bytes;
    sum->file_bytes += more->file_bytes;
}

void keeper_refuse(struct keeper *keeper, struct target *target) {
    log_error("archive_refused", "topic=%s partition=%d code=%s error=\"%s\"", target->who.topic, target->who.partition,
              stop_code(keeper->fault.stop), keeper->fault.message);
    if (keeper->refusal.code == FAULT_NONE) keeper->refusal = keeper->fault;
    target->refused = true;
    target->due = false;
}

static void add_target(struct keeper *keeper, const char *topic, int32_t partition, int64_t end) {
    keeper->targets = realloc(keeper->targets, (keeper->count + 1) * sizeof(*keeper->targets));
    CHECK_MEMORY(keeper->targets != NULL);
    keeper->targets[keeper->count++] = (struct target){.who = {.topic = topic, .partition = partition}, .end = end};
}

static bool add_topic(struct keeper *keeper, struct kafka_ends *ends, const char *topic, struct fault *fault) {
    int partitions = kafka_ends_partitions(ends, topic, ANSWER_MS);
    if (partitions == 0) return fault_set(fault, STOP_TOPIC_MISSING, false, "topic %.100s does not exist", topic);
    if (partitions < 0) {
        return fault_set(fault, STOP_KAFKA_SILENT, true,
                         "Kafka does not say within %d ms which partitions %.100s has: Describe on it may be missing", ANSWER_MS,
                         topic);
    }
    for (int i = 0; i < partitions; i++) add_target(keeper, topic, i, -1);
    return true;
}

static bool ask_ends(struct keeper *keeper, struct kafka_ends *ends, struct fault *fault) {
    struct source_partition *list = calloc(keeper->count + 1, sizeof(*list));
    int64_t *found = calloc(keeper->count + 1, sizeof(*found));
    CHECK_MEMORY(list != NULL && found != NULL);
    for (size_t i = 0; i < keeper->count; i++) list[i] = keeper->targets[i].who;
    bool fine = kafka_ends_ask(ends, list, keeper->count, ANSWER_MS, found);
    size_t silent = 0;
    for (size_t i = 0; i < keeper->count; i++) {
        keeper->targets[i].end = found[i];
        if (found[i] < 0) silent = i;
        fine = fine && found[i] >= 0;
    }
    if (!fine) {
        (void)fault_set(fault, STOP_KAFKA_SILENT, true, "Kafka does not say where %.100s/%d ends", list[silent].topic,
                        list[silent].partition);
    }
    free(list);
    free(found);
    return fine;
}

static bool find_in_kafka(struct keeper *keeper, struct fault *fault) {
    const struct keeper_options *options = keeper->options;
    struct kafka_ends *ends = kafka_ends_open(options->properties, options->property_count, fault);
    if (ends == NULL) return false;
    char *rest = NULL;
    bool fine = true;
    keeper->topic_text = strdup(options->topics);
    CHECK_MEMORY(keeper->topic_text != NULL);
    for (char *topic = strtok_r(keeper->topic_text, ", ", &rest); fine && topic != NULL; topic = strtok_r(NULL, ", ", &rest))
        fine = add_topic(keeper, ends, topic, fault);
    if (fine && keeper->count == 0) fine = fault_set(fault, STOP_SETTING, false, "topics: none given");
    fine = fine && ask_ends(keeper, ends, fault);
    kafka_ends_close(ends);
    return fine;
}

/* In short questions, so that SIGTERM is not kept waiting. */
static bool ask_cluster(struct keeper *keeper, struct fault *fault) {
    const struct keeper_options *options = keeper->options;
    const size_t count = options->property_count, room = sizeof(keeper->cluster);
    for (int i = 0; i < CLUSTER_TRIES; i++) {
        if (kafka_cluster_id(options->properties, count, CLUSTER_MS, keeper->cluster, room, fault)) return true;
        if (!fault->retriable || atomic_load(options->stop)) return false;
    }
    return false;
}

bool keeper_find_targets(struct keeper *keeper, struct fault *fault) {
    const struct keeper_options *options = keeper->options;
    if (!ask_cluster(keeper, fault)) return false;
    if (options->until == NULL) return find_in_kafka(keeper, fault);
    for (size_t i = 0; i < options->until_count; i++)
        add_target(keeper, options->until[i].topic, options->until[i].partition, options->until[i].next);
    return true;
}

bool keeper_open_target(struct keeper *keeper, struct target *target, struct fault *fault) {
    struct fault *why = &keeper->fault;
    struct kept_log *log = &target->log;
    if (!kept_log_resume(log, keeper->options->directory, target->who.topic, target->who.partition, why)) {
        *fault = *why;
        if (why->stop != STOP_ARCHIVE_BROKEN) return false;
        keeper_refuse(keeper, target);
        return true;
    }
    bool other = log->cluster[0] != '\0' && keeper->cluster[0] != '\0' && strcmp(log->cluster, keeper->cluster) != 0;
    if (other) {
        (void)fault_set(why, STOP_ARCHIVE_OTHER, false, "%.100s/%d was archived from Kafka cluster %.60s, this is %.60s",
                        target->who.topic, target->who.partition, log->cluster, keeper->cluster);
        keeper_refuse(keeper, target);
        return true;
    }
    int64_t kept = target->from = kept_log_end(log);
    bool again = keeper->options->until == NULL && kept > target->end; /* the log ends in front of the archive */
    target->due = target->end > (kept < 0 ? 0 : kept) || again;
    return true;
}

/* --- proof --- */

static bool check_log(const char *directory, const char *name, struct keeper_result *result, struct fault *fault) {
    char topic[KEPT_TEXT_BYTES];
    const char *dash = strrchr(name, '-');
    char *end = NULL;
    long partition = dash == NULL ? -1 : strtol(dash + 1, &end, 10);
    size_t length = dash == NULL ? 0 : (size_t)(dash - name);
    if (partition < 0 || partition > INT32_MAX || *end != '\0' || length == 0 || length >= sizeof(topic)) return true;
    (void)snprintf(topic, sizeof(topic), "%.*s", (int)length, name);
    struct kept_log log;
    int64_t records = 0, lost = 0;
    bool fine = kept_log_open(&log, directory, topic, (int32_t)partition, fault);
    for (size_t i = 0; fine && i < log.count; i++) fine = kept_log_check(&log, i, &records, &lost, fault);
    if (fine && log.count > 0) {
        (void)printf("%-20s %4ld [%" PRId64 ", %" PRId64 ") records=%" PRId64 " files=%zu lost=%" PRId64 "\n", topic, partition,
                     kept_log_first(&log), kept_log_end(&log), records, log.count, lost);
    }
    result->partitions += log.count > 0;
    result->totals.records += records;
    result->totals.lost += lost;
    result->totals.parts += (int64_t)log.count;
    kept_log_close(&log);
    return fine;
}

bool keeper_check(const char *directory, struct keeper_result *result, struct fault *fault) {
    struct dirent **names = NULL;
    *result = (struct keeper_result){.partitions = 0};
    int count = scandir(directory, &names, NULL, versionsort);
    if (count < 0)
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s cannot be listed: %s", directory, strerror(errno));
    bool fine = true;
    for (int i = 0; i < count; i++) {
        if (fine && names[i]->d_name[0] != '.') fine = check_log(directory, names[i]->d_name, result, fault);
        free(names[i]);
    }
    free(names);
    if (!fine || result->partitions > 0) return fine;
    return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: holds no archive", directory);
}
