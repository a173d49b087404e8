/* From files to Redis.
 *
 *     prove all files, compare their configuration with ours     nothing is written before everything is known to be good
 *     mark all partitions (refill.c)                             from here on nobody may use the namespace
 *     per partition: DEL and HSET of every hash, pipelined       repeated by a second attempt without harm
 *     per partition: meta instead of the mark                    only when all are filled
 *
 * Each file is read twice, once to prove it and once to send it: a backup of many partitions does not fit into memory, and half a
 * restore is worse than a slow one. Meta comes back without an owner: whoever claims next goes on from `next`. */
#include "aggregate/backup/restore.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/store/refill.h"
#include "check.h"
#include "fault_point.h"
#include "log.h"

struct restoring {
    const struct restore_options *options;
    struct backup_result *result;
    struct backup backup;
    struct source_partition *list;
    struct resp *metas; /* arguments of HSET, one a partition */
    size_t *meta_counts;
};

/* --- what must be the same --- */

static struct slice line_of(const char *text, struct slice key) {
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (length > key.length && at[key.length] == '=' && memcmp(at, key.data, key.length) == 0)
            return (struct slice){at + key.length + 1, length - key.length - 1};
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    return (struct slice){"(none)", 6};
}

/* Hashes of files are named by the setting that names the file; a hash says nothing to a person. */
static const char *name_of(struct slice key, bool *hashed) {
    static const char *const names[][2] = {
        {"sources", "sources.file (what it says)"},
        {"secret", "secret.key.file (the key)"},
        {"mappings", "mappings (what they say)"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *hashed = slice_equal(key, slice_of(names[i][0]));
        if (*hashed) return names[i][1];
    }
    return NULL;
}

static void add_difference(struct slice key, struct slice theirs, struct slice ours, char *out, size_t out_bytes) {
    bool hashed = false;
    size_t length = strlen(out);
    const char *name = name_of(key, &hashed);
    if (length + 2 >= out_bytes) return;
    const char *between = length > 0 ? "; " : "";
    if (hashed) {
        (void)snprintf(out + length, out_bytes - length, "%s%s", between, name);
    } else {
        (void)snprintf(out + length, out_bytes - length, "%s%.*s: backup %.*s, here %.*s", between, (int)key.length, key.data,
                       (int)theirs.length, theirs.data, (int)ours.length, ours.data);
    }
}

void settings_difference(const char *theirs, const char *ours, char *out, size_t out_bytes) {
    out[0] = '\0';
    const char *const texts[2] = {theirs, ours};
    for (int side = 0; side < 2; side++) {
        for (const char *at = texts[side]; *at != '\0';) {
            size_t length = strcspn(at, "\n");
            const char *equals = memchr(at, '=', length);
            struct slice key = {at, equals != NULL ? (size_t)(equals - at) : 0};
            struct slice value = line_of(theirs, key);
            struct slice other = line_of(ours, key);
            bool told = side == 1 && !slice_equal(value, SLICE("(none)"));
            if (equals != NULL && !told && !slice_equal(value, other)) add_difference(key, value, other, out, out_bytes);
            at += length + (at[length] == '\n' ? 1 : 0);
        }
    }
}

static bool configuration_fits(const struct restoring *restoring, const struct archive *archive, struct fault *fault) {
    const struct archive_header *header = &archive->header;
    const struct store_options *store = restoring->options->store;
    char difference[240] = "";
    if (strcmp(header->configuration, store->configuration_hash) == 0) return true;
    if (header->settings[0] != '\0')
        settings_difference(header->settings, restoring->options->settings, difference, sizeof(difference));
    return fault_set(fault, STOP_CONFIGURATION, false,
                     "%.60s/%d was counted with configuration %.12s, this process has %.12s: counts of two rules may not mix "
                     "(%s); restore with the settings of the backup",
                     header->topic, header->partition, header->configuration, store->configuration_hash,
                     difference[0] != '\0' ? difference : "the backup does not know its settings");
}

/* Reads every file once; fills the list of partitions. */
static bool prove_all(struct restoring *restoring, struct fault *fault) {
    size_t count = restoring->backup.file_count;
    size_t names = count * (TOPIC_BYTES_MAX + 1);
    restoring->list = calloc(1, count * sizeof(*restoring->list) + names);
    restoring->metas = calloc(count, sizeof(*restoring->metas));
    restoring->meta_counts = calloc(count, sizeof(*restoring->meta_counts));
    CHECK_MEMORY(restoring->list != NULL && restoring->metas != NULL && restoring->meta_counts != NULL);
    char *name = (char *)(restoring->list + count);
    bool fine = true;
    for (size_t i = 0; fine && i < count; i++, name += TOPIC_BYTES_MAX + 1) {
        struct archive archive;
        fine = backup_read(&restoring->backup, i, &archive, fault) && configuration_fits(restoring, &archive, fault);
        if (fine) {
            memcpy(name, archive.header.topic, sizeof(archive.header.topic));
            restoring->list[i] = (struct source_partition){.topic = name, .partition = archive.header.partition};
        }
        archive_free(&archive);
    }
    return fine;
}

/* --- writing --- */

struct filling {
    const struct archive *archive;
    const struct keys *keys;
    size_t first; /* hash of the archive that comes first: behind meta */
};

/* Two commands a hash: away with what an earlier attempt left, then all fields. */
static void ask_hash(void *context, size_t i, struct resp *out) {
    const struct filling *filling = context;
    const struct archive_hash *hash = &filling->archive->hashes[filling->first + i / 2];
    struct key key;
    struct slice name = archive_key_name(hash->key, filling->keys, &key);
    if (i % 2 == 0 || hash->pairs == 0) {
        RESP_COMMAND(out, SLICE("DEL"), name);
        return;
    }
    const char *at = hash->at;
    resp_begin(out, 2 + 2 * hash->pairs);
    resp_argument(out, SLICE("HSET"));
    resp_argument(out, name);
    for (size_t j = 0; j < hash->pairs; j++) {
        struct slice field, value;
        archive_take(&at, &field, &value);
        resp_argument(out, field);
        resp_argument(out, value);
    }
}

static bool take_done(void *context, size_t i, const redisReply *reply, struct fault *fault) {
    (void)context;
    (void)i;
    (void)fault;
    return reply != NULL;
}

static void keep_meta(struct restoring *restoring, size_t i, const struct archive *archive) {
    struct resp *out = &restoring->metas[i];
    const struct archive_hash *meta = &archive->hashes[0];
    const char *at = meta->at;
    for (size_t j = 0; j < meta->pairs; j++) {
        struct slice field, value;
        archive_take(&at, &field, &value);
        resp_argument(out, field);
        resp_argument(out, value);
    }
    resp_argument(out, SLICE("owner"));
    resp_argument(out, SLICE(""));
    restoring->meta_counts[i] = 2 * meta->pairs + 2;
}

static bool fill_one(struct restoring *restoring, struct refill *refill, size_t i, struct fault *fault) {
    struct archive archive;
    int64_t started_ms = clock_monotonic_ms();
    bool fine = backup_read(&restoring->backup, i, &archive, fault);
    struct connection *connection = fine ? refill_connection(refill, i, fault) : NULL;
    if (connection != NULL) {
        struct filling filling = {.archive = &archive, .keys = refill_keys(refill, i), .first = 1};
        const struct pipeline hashes = {2 * (archive.hash_count - 1), ask_hash, take_done, &filling, "restoring a hash"};
        keep_meta(restoring, i, &archive);
        fine = !FAULT_BREAKS("restore.fill", fault) &&
               connection_pipeline(connection, &hashes, restoring->options->store->timeout_ms, fault);
    } else {
        fine = false;
    }
    if (fine) {
        struct backup_result *result = restoring->result;
        result->partitions++;
        result->hashes += archive.totals.hashes;
        result->fields += archive.totals.fields;
        result->body_bytes += archive.totals.body_bytes;
        log_info("filled", "topic=%s partition=%d next=%lld hashes=%lld fields=%lld elapsed_ms=%lld", archive.header.topic,
                 archive.header.partition, (long long)archive.header.next, (long long)archive.totals.hashes,
                 (long long)archive.totals.fields, (long long)(clock_monotonic_ms() - started_ms));
    }
    archive_free(&archive);
    return fine;
}

static bool refill_all(struct restoring *restoring, struct fault *fault) {
    size_t count = restoring->backup.file_count;
    if (FAULT_BREAKS("restore.begin", fault)) return false;
    struct refill *refill = refill_open(restoring->options->store, restoring->backup.id, restoring->list, count, fault);
    bool fine = refill != NULL;
    for (size_t i = 0; fine && i < count; i++) {
        if (refill_wanted(refill, i)) fine = fill_one(restoring, refill, i, fault);
    }
    for (size_t i = 0; fine && i < count; i++) {
        const struct resp *meta = &restoring->metas[i];
        FAULT_STEP("restore.filled");
        if (refill_wanted(refill, i))
            fine = refill_finish(refill, i, (struct slice){meta->data, meta->length}, restoring->meta_counts[i], fault);
    }
    refill_close(refill);
    return fine;
}

bool restore_run(const struct restore_options *options, struct backup_result *result, struct fault *fault) {
    struct restoring restoring = {.options = options, .result = result};
    *result = (struct backup_result){.partitions = 0};
    bool fine = backup_open(&restoring.backup, options->directory, fault) && prove_all(&restoring, fault) &&
                refill_all(&restoring, fault);
    for (size_t i = 0; restoring.metas != NULL && i < restoring.backup.file_count; i++)
        resp_free(&restoring.metas[i]);
    free(restoring.metas);
    free(restoring.meta_counts);
    free(restoring.list);
    backup_close(&restoring.backup);
    return fine;
}
