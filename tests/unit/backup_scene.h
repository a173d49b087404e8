/* What the tests of backups and restores share: a state with every kind of hash, and directories that go away. */
#ifndef NHIP_TEST_BACKUP_SCENE_H
#define NHIP_TEST_BACKUP_SCENE_H

#include "tests/unit/lane_scene.h"

#include "aggregate/backup/restore.h"
#include "aggregate/runtime/tree.h"
#include "aggregate/store/image.h"
#include "aggregate/store/refill.h"
#include "log.h"

#include <sys/stat.h>

enum { DENSE_BYTES = 16385, LARGE_BYTES = 1500000, DUMP_BYTES = 1 << 24, PATH_BYTES = 256, FILE_BYTES = 1 << 16 };

static const char SETTINGS[] = "reporting.currency=VND\nwindow.records=100\nsecret=aa\n";

struct place {
    char root[64];
    char backup[80];
};

static inline struct place place_make(void) {
    struct place place = {.root = "/tmp/nhip-backup-XXXXXX"};
    CHECK(mkdtemp(place.root) != NULL);
    (void)snprintf(place.backup, sizeof(place.backup), "%.60s/b", place.root);
    return place;
}

static inline void place_remove(const struct place *place) {
    tree_remove(place->root);
}

static inline struct slice random_bytes(char *out, size_t length, uint64_t seed) {
    for (size_t i = 0; i < length; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        out[i] = (char)(unsigned char)(seed >> 56);
    }
    return (struct slice){out, length};
}

static inline void put_bytes(struct scene *scene, struct source_partition who, struct hash_id id, const char *field,
                      struct slice value) {
    struct keys keys;
    struct key key;
    struct fault fault;
    CHECK(keys_create(&keys, "nhip", who, &fault));
    DO(scene, SLICE("HSET"), key_hash(&keys, id, &key), slice_of(field), value);
}

/* Every kind, with shards and buckets whose numbers sort otherwise than their digits. */
static inline void commit_every_kind(struct scene *scene, struct source_partition who, int64_t next) {
    static const struct hash_id ids[] = {
        {HASH_LEDGER, 18900, 2}, {HASH_LEDGER, 18900, 11}, {HASH_LEDGER, -3, 0}, {HASH_MINUTE, 1001, 0}, {HASH_HOUR, 99, 0},
        {HASH_HOUR, 453600, 0}, {HASH_HISTOGRAM, 24261, 0}, {HASH_LATE, 0, 0}, {HASH_SKETCH_DAY, 18900, 0},
        {HASH_SKETCH_MONTH, 24261, 0}, {HASH_SKETCH_ACCOUNT, 24261, 3}, {HASH_ACCOUNT, 0, 0}, {HASH_UNIT, 0, 0},
        {HASH_UNIT, 0, 10}};
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = lane_open(&scene->options, who, &progress, &fault);
    assert_non_null(lane);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        fake_set(rollup, ids[i], "zz", "12345678901234567890123456,1", (int64_t)i);
        fake_set(rollup, ids[i], "Z", " %\r\n\037", (int64_t)i);
    }
    rollup->progress.accounts = 2; /* as many as there are fields */
    rollup->progress.units = 4;
    rollup->progress.tail_print = UINT64_MAX - 1;
    rollup->progress.watermark_ms = -5;
    rollup->progress.counts.reasons[1] = 3;
    fake_advance(rollup, next);
    commit_and_settle(lane, rollup);
    lane_close(lane, true);
    free(rollup);
}

static inline void put_sketches(struct scene *scene, struct source_partition who) {
    char *bytes = malloc(LARGE_BYTES);
    CHECK(bytes != NULL);
    put_bytes(scene, who, (struct hash_id){HASH_SKETCH_DAY, 18900, 0}, "dense", random_bytes(bytes, DENSE_BYTES, 1));
    put_bytes(scene, who, (struct hash_id){HASH_SKETCH_DAY, 18900, 0}, "nothing", (struct slice){"", 0});
    put_bytes(scene, who, (struct hash_id){HASH_SKETCH_MONTH, 24261, 0}, "sparse", (struct slice){"\1\0\7\3\0\0\1", 7});
    /* Larger than a block, and nothing that packs. */
    put_bytes(scene, who, (struct hash_id){HASH_UNIT, 0, 10}, "zz", random_bytes(bytes, LARGE_BYTES, 2));
    free(bytes);
}

static inline char *dump_of(const struct store_options *options) {
    struct fault fault = {.code = FAULT_NONE};
    char *text = calloc(1, DUMP_BYTES);
    FILE *file = tmpfile();
    CHECK(text != NULL && file != NULL);
    bool fine = reader_dump(options, fileno(file), &fault);
    if (!fine) print_message("%s\n", fault.message);
    assert_true(fine);
    rewind(file);
    assert_in_range(fread(text, 1, DUMP_BYTES - 1, file), 1, DUMP_BYTES - 2);
    (void)fclose(file);
    return text;
}

static inline bool back_up(const struct store_options *options, const char *directory, struct fault *fault) {
    struct backup_result result;
    const struct backup_options how = {
        .store = options, .directory = directory, .settings = SETTINGS, .engine_version = "0.0.0"};
    return backup_write(&how, &result, fault);
}

static inline bool bring_back(const struct store_options *options, const char *directory, const char *settings,
                              struct fault *fault) {
    struct backup_result result;
    const struct restore_options how = {.store = options, .directory = directory, .settings = settings};
    return restore_run(&how, &result, fault);
}

#define assert_fine(call, fault)                                                                                                 \
    do {                                                                                                                         \
        bool fine_ = (call);                                                                                                     \
        if (!fine_) print_message("%s\n", (fault).message);                                                                      \
        assert_true(fine_);                                                                                                      \
    } while (0)

#define assert_refused(call, fault, text)                                                                                        \
    do {                                                                                                                         \
        assert_false(call);                                                                                                      \
        if (strstr((fault).message, (text)) == NULL) print_message("%s\n", (fault).message);                                     \
        assert_non_null(strstr((fault).message, (text)));                                                                        \
        assert_int_equal((fault).code, FAULT_REFUSED);                                                                           \
    } while (0)

static inline void path_in(const struct place *place, const char *name, char out[PATH_BYTES]) {
    (void)snprintf(out, PATH_BYTES, "%s/%s", place->backup, name);
}

struct file {
    char path[PATH_BYTES];
    char bytes[FILE_BYTES];
    size_t length;
};

static inline void file_write(const struct file *file, size_t length) {
    FILE *out = fopen(file->path, "wb");
    CHECK(out != NULL && fwrite(file->bytes, 1, length, out) == length);
    CHECK(fclose(out) == 0);
}

static inline struct file *one_file(struct scene *scene, struct place *place) {
    struct fault fault = {.code = FAULT_NONE};
    struct file *file = calloc(1, sizeof(*file));
    CHECK(file != NULL);
    commit_every_kind(scene, PAYMENTS_3, 7000);
    assert_fine(back_up(&scene->options, place->backup, &fault), fault);
    path_in(place, "payments-3.nhip", file->path);
    FILE *in = fopen(file->path, "rb");
    CHECK(in != NULL);
    file->length = fread(file->bytes, 1, sizeof(file->bytes) - 1, in);
    (void)fclose(in);
    CHECK(file->length > 1000);
    return file;
}

#endif
