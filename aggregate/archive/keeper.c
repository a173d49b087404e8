/* Archiving, step by step: see keeper.h.
 *
 *     lock -> cluster, partitions, ends -> per partition: what the archive holds -> groups of partitions: source -> writers
 *
 * The records come through the same source as a run's, bounded by offsets and without a consumer group: so what counts as a
 * record, and where a log ends, cannot be seen differently by the two. Partitions are read in groups, because each open file
 * costs some megabytes for packing.
 *
 * Reading begins with the last record that is archived, not behind it: if it is another one now, the topic was made again, and
 * going on would sew two logs together. */
#include "aggregate/archive/keeper.h"

#include "aggregate/archive/keeper_parts.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/tree.h"
#include "check.h"
#include "log.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <unistd.h>

enum { GROUP = 16, POLL_MS = 100, PATIENCE_MS = 60000, PROGRESS_MS = 5000 };

static struct target *find(struct keeper *keeper, struct source_partition who) {
    for (size_t i = keeper->first; i < keeper->last; i++) {
        struct target *target = &keeper->targets[i];
        if (target->who.partition == who.partition && strcmp(target->who.topic, who.topic) == 0) return target;
    }
    return NULL;
}

/* Kafka deletes by age and size: what was not archived by then is gone. */
static bool pass_lost(struct keeper *keeper, const struct target *target, int64_t first) {
    int64_t end = kept_log_end(&target->log);
    struct fault *fault = &keeper->fault;
    if (!keeper->options->accept_gap) {
        return fault_set(fault, STOP_ARCHIVE_PASSED, false,
                         "%.100s/%d: the archive ends at offset %" PRId64 ", but the log begins at %" PRId64
                         ": retention has passed it, offsets [%" PRId64 ", %" PRId64 ") are lost; nhip archive "
                         "--accept-gap notes that and goes on; archive oftener, or give the topic more retention",
                         target->who.topic, target->who.partition, end, first, end, first);
    }
    log_warn("archive_gap", "topic=%s partition=%d from=%" PRId64 " to=%" PRId64 " text=\"the archive says so for ever\"",
             target->who.topic, target->who.partition, end, first);
    kept_writer_lose(target->writer, first);
    return true;
}

/* Whether the log, which holds [first, end), goes on where the archive ends; from where it is to be read then. */
static bool fits(struct keeper *keeper, const struct target *target, int64_t first, int64_t end, int64_t *from) {
    const struct kept_log *log = &target->log;
    int64_t kept = kept_log_end(log);
    *from = first;
    if (kept < 0) {
        kept_writer_begin(target->writer, first);
        return true;
    }
    if (kept > end) {
        return fault_set(&keeper->fault, STOP_ARCHIVE_OTHER, false,
                         "%.100s/%d: the archive ends at offset %" PRId64 ", but the log at %" PRId64
                         ": the topic was made again or cut, or this is another cluster",
                         log->topic, log->partition, kept, end);
    }
    if (first > kept) return pass_lost(keeper, target, first);
    *from = log->tail_offset >= first ? log->tail_offset : kept;
    return true;
}

/* A partition that is refused is not read; the others are not to lose records because of it. */
static bool resume(void *context, struct source_partition who, int64_t first, int64_t end, struct source_position *position,
                   struct fault *fault) {
    struct keeper *keeper = context;
    struct target *target = find(keeper, who);
    (void)fault;
    CHECK(target != NULL);
    if (!fits(keeper, target, first, end, &position->window_start)) {
        keeper_refuse(keeper, target);
        position->window_start = end;
    }
    position->next = position->window_start;
    return true;
}

/* --- records --- */

static size_t take_headers(struct keeper *keeper, const struct source *source, const struct record *record) {
    size_t count = 0;
    struct slice name, value;
    if (source->operations->header_at == NULL) return 0;
    while (source->operations->header_at(record->native, count, &name, &value)) {
        if (count == keeper->header_room) {
            keeper->header_room = keeper->header_room * 2 + 8;
            keeper->headers = realloc(keeper->headers, keeper->header_room * sizeof(*keeper->headers));
            CHECK_MEMORY(keeper->headers != NULL);
        }
        keeper->headers[count++] = (struct kept_header){.name = name, .value = value};
    }
    return count;
}

static bool take_batch(struct keeper *keeper, struct source *source, struct source_event *event, struct fault *fault) {
    struct target *target = find(keeper, event->partition);
    bool fine = true;
    CHECK(target != NULL);
    for (size_t i = 0; fine && !target->refused && i < event->count; i++) {
        const struct record *record = &event->records[i];
        size_t headers = take_headers(keeper, source, record);
        fine = kept_writer_put(target->writer, record, keeper->headers, headers, fault);
        if (fine || fault->stop != STOP_ARCHIVE_OTHER) continue;
        keeper->fault = *fault;
        keeper_refuse(keeper, target);
        fine = true;
    }
    source->operations->release(source, event->batch);
    return fine;
}

static bool take_end(struct keeper *keeper, const struct source_event *event, struct fault *fault) {
    const struct target *target = find(keeper, event->partition);
    CHECK(target != NULL);
    return target->refused || kept_writer_pass(target->writer, event->next_offset, fault);
}

static void tell_progress(struct keeper *keeper) {
    int64_t now_ms = clock_monotonic_ms(), records = keeper->records_before;
    if (now_ms - keeper->told_ms < PROGRESS_MS) return;
    for (size_t i = keeper->first; i < keeper->last; i++) {
        if (keeper->targets[i].writer != NULL) records += kept_writer_totals(keeper->targets[i].writer).records;
    }
    log_info("archive_progress", "records=%" PRId64 " records_per_s=%" PRId64 " partitions=%zu partitions_done=%zu", records,
             (records - keeper->told_records) * 1000 / (now_ms - keeper->told_ms), keeper->count, keeper->first);
    keeper->told_ms = now_ms;
    keeper->told_records = records;
}

/* Until all partitions of the group are read, somebody says stop, or nothing has come for too long. */
static bool read_group(struct keeper *keeper, struct source *source, struct fault *fault) {
    int64_t heard_ms = clock_monotonic_ms();
    while (!atomic_load(keeper->options->stop)) {
        struct source_event event;
        source->operations->poll(source, POLL_MS, &event);
        tell_progress(keeper);
        if (event.kind == SOURCE_FINISHED) return true;
        if (event.kind == SOURCE_BATCH && !take_batch(keeper, source, &event, fault)) return false;
        if (event.kind == SOURCE_END && !take_end(keeper, &event, fault)) return false;
        if (event.kind == SOURCE_FAULT) {
            *fault = event.fault;
            if (!fault->retriable || clock_monotonic_ms() - heard_ms > PATIENCE_MS) return false;
            log_warn("archive_waits", "code=%s error=\"%s\"", stop_code(fault->stop), fault->message);
        } else if (event.kind != SOURCE_NOTHING) {
            heard_ms = clock_monotonic_ms();
        } else if (clock_monotonic_ms() - heard_ms > PATIENCE_MS) {
            return fault_set(fault, STOP_KAFKA_SILENT, true,
                             "Kafka has sent nothing for %d s, and the logs are not read to their end", PATIENCE_MS / 1000);
        }
    }
    keeper->result->stopped = true;
    return true;
}

/* Whatever ended the reading: what was read is true, and goes under its name. */
static bool close_group(struct keeper *keeper, struct fault *fault) {
    bool fine = true;
    for (size_t i = keeper->first; i < keeper->last; i++) {
        struct target *target = &keeper->targets[i];
        if (target->writer == NULL) continue;
        if (fine) fine = kept_writer_close(target->writer, fault);
        const struct kept_totals totals = kept_writer_totals(target->writer);
        keeper_add(&keeper->result->totals, &totals);
        keeper->result->moved += totals.parts > 0;
        if (totals.parts > 0) {
            (void)printf("%-20s %4d [%" PRId64 ", %" PRId64 ") records=%" PRId64 " files=%" PRId64 " bytes=%" PRId64
                         " lost=%" PRId64 "\n",
                         target->who.topic, target->who.partition, target->from < 0 ? kept_log_first(&target->log) : target->from,
                         kept_log_end(&target->log), totals.records, totals.parts, totals.file_bytes, totals.lost);
        }
        kept_writer_destroy(target->writer);
        target->writer = NULL;
    }
    keeper->records_before = keeper->result->totals.records;
    return fine;
}

static struct source *open_group(struct keeper *keeper, struct fault *fault) {
    struct source_vector_entry vector[GROUP];
    size_t count = 0;
    for (size_t i = keeper->first; i < keeper->last; i++) {
        struct target *target = &keeper->targets[i];
        if (!target->due) continue;
        target->writer = kept_writer_create(&target->log, keeper->options->zone, keeper->cluster);
        vector[count++] = (struct source_vector_entry){
            .topic = target->who.topic, .partition = target->who.partition, .next = target->end};
    }
    const struct source_kafka_options how = {.properties = keeper->options->properties,
                                             .property_count = keeper->options->property_count,
                                             .until = vector,
                                             .until_count = count};
    const struct source_resume begin = {.resume = resume, .context = keeper};
    struct source *source = source_kafka_create(&how, fault);
    if (source == NULL || source->operations->start(source, &begin, fault)) return source;
    source->operations->destroy(source);
    return NULL;
}

static bool run_group(struct keeper *keeper, struct fault *fault) {
    struct source *source = open_group(keeper, fault);
    struct fault later;
    bool fine = source != NULL && read_group(keeper, source, fault);
    bool writable = fine || (fault->stop != STOP_FILE_UNWRITABLE && fault->stop != STOP_ARCHIVE_BROKEN);
    if (writable && !close_group(keeper, fine ? fault : &later)) fine = false;
    if (source != NULL) source->operations->destroy(source);
    return fine;
}

static bool lock(struct keeper *keeper, struct fault *fault) {
    char path[KEPT_PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%.900s/.lock", keeper->options->directory);
    keeper->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (keeper->lock < 0) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s", path, strerror(errno));
    if (flock(keeper->lock, LOCK_EX | LOCK_NB) == 0) return true;
    return fault_set(fault, STOP_ARCHIVE_BUSY, false,
                     "%.300s: another nhip archive is writing there; let it end, or name another directory",
                     keeper->options->directory);
}

static void release(struct keeper *keeper) {
    for (size_t i = 0; i < keeper->count; i++) {
        kept_writer_destroy(keeper->targets[i].writer);
        kept_log_close(&keeper->targets[i].log);
    }
    free(keeper->targets);
    free(keeper->topic_text);
    free(keeper->headers);
    if (keeper->lock >= 0) (void)close(keeper->lock);
}

/* The next partitions of which something is due, as many as are read together. */
static bool next_group(struct keeper *keeper, struct fault *fault) {
    size_t due = 0;
    keeper->first = keeper->last;
    while (keeper->last < keeper->count && due < GROUP) {
        struct target *target = &keeper->targets[keeper->last++];
        if (!keeper_open_target(keeper, target, fault)) return false;
        due += target->due;
    }
    return due == 0 || run_group(keeper, fault);
}

static bool run_all(struct keeper *keeper, struct fault *fault) {
    const struct keeper_options *options = keeper->options;
    if (!tree_make(options->directory, fault) || !lock(keeper, fault) || !keeper_find_targets(keeper, fault)) return false;
    keeper->result->partitions = (int64_t)keeper->count;
    while (keeper->last < keeper->count && !atomic_load(options->stop)) {
        if (!next_group(keeper, fault)) return false;
    }
    keeper->result->stopped = keeper->result->stopped || keeper->last < keeper->count;
    if (keeper->refusal.code == FAULT_NONE) return true;
    *fault = keeper->refusal;
    return false;
}

bool keeper_run(const struct keeper_options *options, struct keeper_result *result, struct fault *fault) {
    struct keeper keeper = {.options = options, .result = result, .lock = -1, .told_ms = clock_monotonic_ms()};
    *result = (struct keeper_result){.partitions = 0};
    bool fine = run_all(&keeper, fault);
    if (!fine && fault->retriable && atomic_load(options->stop)) result->stopped = fine = true; /* Kafka may answer next time */
    release(&keeper);
    return fine;
}
