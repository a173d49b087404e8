/* The proof behind "every published figure can be recomputed": see rebuild.h.
 *
 *     private redis-server -> engine up to the vintage's offsets -> snapshot with its period, cut and definitions
 *     (Kafka, its archive, or copies of its records)
 *
 * Everything that a vintage depends on beside the log comes from the vintage itself (offsets, cut, definitions, withdrawn
 * deliveries, the vintages that stand before it in its directory) or must be what it was (settings that change the state: their
 * hash is compared before anything is read). The engine's version and commit are taken over into the new snapshot.json: whether
 * another version gives the same figures is exactly the question. */
#include "aggregate/verify/rebuild.h"

#include "aggregate/publication/text_out.h"
#include "aggregate/runtime/engine.h"
#include "aggregate/runtime/private_redis.h"
#include "aggregate/snapshot/vintage.h"
#include "check.h"
#include "ingest/source_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, LIST_MAX = 1024 };

struct run {
    const struct rebuild_request *request;
    struct source_vector_entry *vector;
    char (*paths)[PATH_BYTES]; /* with logs only; parallel to `vector` */
    const char **path_list;
};

/* The withdrawn deliveries of the vintage, as the file that they were read from: the one of today may say more. */
static bool put_exclusions(const struct rebuild_request *request, struct config *config, struct fault *fault) {
    const struct passport *passport = request->passport;
    char path[PATH_BYTES];
    if (passport->exclusion_count == 0) return config_put(config, "exclusions.file", "", fault);
    (void)snprintf(path, sizeof(path), "%.900s/exclusions.csv", request->work);
    FILE *file = fopen(path, "wbe");
    if (file == NULL) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s", path, strerror(errno));
    (void)fputs("topic,partition,from_offset,to_offset,source,reason,by,date\n", file);
    for (size_t i = 0; i < passport->exclusion_count; i++) {
        const struct exclusion *range = &passport->exclusions[i];
        csv_cell(file, range->topic, false);
        (void)fprintf(file, "%d,%lld,%lld,", range->partition, (long long)range->from, (long long)range->to);
        csv_cell(file, range->source, false);
        csv_cell(file, range->reason, false);
        (void)fprintf(file, "snapshot.json,%s\n", range->date);
    }
    bool fine = ferror(file) == 0;
    fine = fclose(file) == 0 && fine;
    if (!fine) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s", path, strerror(errno));
    return config_put(config, "exclusions.file", path, fault);
}

static bool configure(const struct rebuild_request *request, struct config *config, const char *redis, struct fault *fault) {
    char path[PATH_BYTES];
    static const char *const emptied[] = {"redis.user",    "redis.password", "redis.password.file", "tee.directory",
                                          "deadletter.file", "deadletter.topic", "status.file", "http.listen",
                                          "stream.topic", "snapshot.sources"};
    for (size_t i = 0; i < sizeof(emptied) / sizeof(emptied[0]); i++) {
        if (!config_put(config, emptied[i], "", fault)) return false;
    }
    if (request->passport->expected_hash[0] != '\0') {
        (void)snprintf(path, sizeof(path), "%.900s/expected_sources.csv", request->directory);
        if (!config_put(config, "snapshot.sources", path, fault)) return false;
    }
    (void)snprintf(path, sizeof(path), "%.900s/indicators.json", request->directory);
    return put_exclusions(request, config, fault) && config_put(config, "redis.address", redis, fault) &&
           config_put(config, "redis.tls", "off", fault) &&
           config_put(config, "durability", "async", fault) && config_put(config, "namespace", "verify", fault) &&
           config_put(config, "rate.limit", "0", fault) && config_put(config, "snapshot.definitions", path, fault) &&
           config_put(config, "snapshot.directory", request->work, fault);
}

/* Offset behind the first `records` lines of a file; -1 and `found` when it has fewer. */
static int64_t end_of_lines(FILE *file, int64_t records, int64_t *found) {
    int64_t offset = 0;
    int byte = 0;
    *found = 0;
    while (*found < records && (byte = getc_unlocked(file)) != EOF) {
        offset++;
        *found += byte == '\n';
    }
    return *found == records ? offset : -1;
}

/* Where the line of that number begins, or the file ends. */
static int64_t place_of_line(void *file, int64_t line) {
    int64_t found = 0;
    if (fseeko(file, 0, SEEK_SET) != 0) return 0;
    int64_t offset = end_of_lines(file, line, &found);
    return offset >= 0 ? offset : ftello(file);
}

/* Withdrawn offsets are Kafka's, and in a copy of its log the bytes where lines begin are offsets. Line n is the record of
 * offset n where none is missing and each is one event; else nobody can tell. */
static bool renumber(const struct passport_input *input, struct exclusions *exclusions, FILE *file, struct fault *fault) {
    size_t count;
    (void)exclusions_of(exclusions, input->topic, input->partition, &count);
    if (count == 0 || input->cluster_id[0] == '\0') return true;
    if (input->end_offset != input->delivered) {
        return fault_set(fault, STOP_OFFSETS, false,
                         "%.200s/%d: snapshot.json withdraws offsets, and which lines of the copy they are cannot be told (%lld "
                         "records before offset %lld): verify from Kafka, or with --archive",
                         input->topic, input->partition, (long long)input->delivered, (long long)input->end_offset);
    }
    exclusions_renumber(exclusions, input->topic, input->partition, place_of_line, file);
    return true;
}

/* A file for each input, cut where the vintage ends. */
static bool find_logs(struct run *run, struct exclusions *exclusions, struct fault *fault) {
    const struct passport *passport = run->request->passport;
    for (size_t i = 0; i < passport->input_count; i++) {
        const struct passport_input *input = &passport->inputs[i];
        (void)snprintf(run->paths[i], PATH_BYTES, "%.600s/%s-%d.ndjson", run->request->logs, input->topic, input->partition);
        run->path_list[i] = run->paths[i];
        FILE *file = fopen(run->paths[i], "rbe");
        if (file == NULL)
            return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: %s", run->paths[i], strerror(errno));
        int64_t found = 0;
        int64_t end = end_of_lines(file, input->delivered, &found);
        bool fine = renumber(input, exclusions, file, fault);
        (void)fclose(file);
        if (!fine) return false;
        if (end < 0) {
            return fault_set(fault, STOP_VERIFY_DIFFERS, false,
                             "%.200s holds %lld records, the vintage has counted %lld of %s/%d: records are lost", run->paths[i],
                             (long long)found, (long long)input->delivered, input->topic, input->partition);
        }
        run->vector[i].next = end;
    }
    return true;
}

static bool same_settings(const struct setup *setup, const struct passport *passport, struct fault *fault) {
    if (strcmp(setup->store.configuration_hash, passport->state_hash) == 0) return true;
    return fault_set(fault, STOP_CONFIGURATION, false,
                     "the settings are not those of the vintage (state hash %.12s..., the vintage's is %.12s...): give the "
                     "configuration file, sources.file, mappings and secret.key.file that it was counted with",
                     setup->store.configuration_hash, passport->state_hash);
}

static bool count_log(struct run *run, struct setup *setup, struct fault *fault) {
    const struct rebuild_request *request = run->request;
    size_t count = request->passport->input_count;
    struct engine_result result;
    struct engine_options engine = {.setup = setup, .until = run->vector, .until_count = count, .stop = request->stop};
    if (request->logs != NULL) {
        if (!find_logs(run, setup->exclusions, fault)) return false;
        engine.paths = run->path_list;
        engine.path_count = count;
    }
    engine.archive = request->archive;
    if (request->logs != NULL || request->archive != NULL) setup->store.cluster_id = request->passport->inputs[0].cluster_id;
    if (!engine_run(&engine, &result, fault)) return false;
    if (!atomic_load(request->stop)) return true;
    return fault_set(fault, STOP_DEMO_SHORT, false, "interrupted after %lld records", (long long)result.delivered);
}

/* A release that was not there yet: of the period itself, of one that growths are measured from, or of the period before. */
static bool is_later(const struct passport *passport, const char *name) {
    for (size_t i = 0; i < passport->base_count; i++) {
        const struct passport_base *base = &passport->bases[i];
        if (vintage_release(name, base->prefix, strlen(base->prefix)) > base->release) return true;
    }
    return vintage_release(name, passport->vintage, vintage_stem(passport->vintage)) >= passport->release;
}

/* The vintages of the same directory, as links: releases and revisions go on from those before this one. */
static bool link_earlier(const struct rebuild_request *request, struct fault *fault) {
    char parent[PATH_BYTES], from[2 * PATH_BYTES], to[PATH_BYTES], *whole = realpath(request->directory, NULL);
    if (whole == NULL) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: %s", request->directory, strerror(errno));
    (void)snprintf(parent, sizeof(parent), "%.1000s", whole);
    free(whole);
    char *slash = strrchr(parent, '/');
    if (slash == NULL || slash == parent) return true;
    *slash = '\0';
    slash = strrchr(parent, '/'); /* one that waits for a judgement goes on from those that are published */
    if (slash != NULL && slash > parent && strcmp(slash + 1, STAGED_DIRECTORY) == 0) *slash = '\0';
    DIR *listing = opendir(parent);
    if (listing == NULL) return true;
    bool fine = true;
    for (const struct dirent *entry; fine && (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] == '.' || strchr(entry->d_name, '_') == NULL || is_later(request->passport, entry->d_name)) continue;
        (void)snprintf(from, sizeof(from), "%s/%.255s", parent, entry->d_name);
        (void)snprintf(to, sizeof(to), "%.700s/%.255s", request->work, entry->d_name);
        if (symlink(from, to) != 0)
            fine = fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s", to, strerror(errno));
    }
    (void)closedir(listing);
    return fine;
}

static bool publish(const struct rebuild_request *request, struct setup *setup, char made[static 512],
                    struct fault *fault) {
    const struct passport *passport = request->passport;
    char definitions[512];
    struct snapshot_options options;
    struct snapshot_result result;
    if (!link_earlier(request, fault) || !setup_snapshot(setup, &options, definitions, fault)) return false;
    options.period = passport->period;
    options.as_of_ms = passport->as_of_ms;
    options.daily = passport->daily;
    options.raw = passport->raw;
    options.judged = false; /* it has been */
    options.from_copies = request->logs != NULL && passport->inputs[0].cluster_id[0] != '\0';
    options.engine_version = passport->engine_version;
    options.engine_commit = passport->engine_commit;
    if (!snapshot_write(&options, &result, fault)) return false;
    (void)snprintf(made, 512, "%s", result.path);
    return true;
}

bool rebuild(const struct rebuild_request *request, struct config *config, char made[static 512], struct fault *fault) {
    size_t count = request->passport->input_count;
    struct run run = {.request = request, .vector = calloc(count, sizeof(*run.vector)),
                      .paths = calloc(count, sizeof(*run.paths)), .path_list = calloc(count, sizeof(*run.path_list))};
    struct setup setup;
    CHECK(run.vector != NULL && run.paths != NULL && run.path_list != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct passport_input *input = &request->passport->inputs[i];
        run.vector[i] = (struct source_vector_entry){
            .topic = input->topic, .partition = input->partition, .next = input->end_offset};
    }
    struct private_redis *redis = private_redis_start(fault);
    bool fine = redis != NULL && configure(request, config, private_redis_address(redis), fault) &&
                setup_create(&setup, config, fault);
    if (fine) {
        fine = same_settings(&setup, request->passport, fault) && count_log(&run, &setup, fault) &&
               publish(request, &setup, made, fault);
        setup_destroy(&setup);
    }
    private_redis_stop(redis);
    free(run.vector);
    free(run.paths);
    free((void *)run.path_list);
    return fine;
}
