/* A state as files and back: every kind of hash byte for byte, every byte of a file proved, nothing overwritten. */
#include "tests/unit/backup_scene.h"

static void every_kind_of_hash_comes_back_byte_for_byte(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    struct store_options other = scene->options;
    char again[PATH_BYTES], one[PATH_BYTES], two[PATH_BYTES];
    commit_every_kind(scene, PAYMENTS_3, 7000);
    commit_every_kind(scene, (struct source_partition){"payments", 12}, 8000);
    commit_every_kind(scene, (struct source_partition){"pay-1.x_Y", 0}, 20);
    put_sketches(scene, PAYMENTS_3);
    char *before = dump_of(&scene->options);
    assert_fine(back_up(&scene->options, place.backup, &fault), fault);
    DO(scene, SLICE("FLUSHALL"));
    assert_fine(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault);
    char *after = dump_of(&scene->options);
    assert_string_equal(before, after);
    assert_meta(scene, "owner", "");
    assert_meta(scene, "epoch", "1");
    assert_meta(scene, "restore", "");
    other.name_space = "other";
    assert_fine(bring_back(&other, place.backup, SETTINGS, &fault), fault);
    (void)snprintf(again, sizeof(again), "%s/again", place.root);
    assert_fine(back_up(&other, again, &fault), fault);
    path_in(&place, "payments-3.nhip", one);
    (void)snprintf(two, sizeof(two), "%s/again/payments-3.nhip", place.root);
    struct archive first, second;
    assert_fine(archive_read(&first, one, &fault), fault);
    assert_fine(archive_read(&second, two, &fault), fault);
    assert_string_equal(second.header.name_space, "other");
    assert_true(first.totals.body_bytes > LARGE_BYTES && first.totals.blocks > 1);
    assert_true(first.totals.body_bytes == second.totals.body_bytes);
    assert_memory_equal(first.body, second.body, (size_t)first.totals.body_bytes);
    archive_free(&first);
    archive_free(&second);
    free(before);
    free(after);
    place_remove(&place);
}

static void a_byte_that_changed_anywhere_is_found_at_its_place(void **state) {
    struct place place = place_make();
    struct file *file = one_file(*state, &place);
    struct fault fault;
    struct archive archive;
    const char *check = strstr(file->bytes, "\ncheck ");
    assert_non_null(check);
    size_t header = (size_t)(check - file->bytes) + 1 + 71;
    for (size_t at = 0; at < file->length; at++) {
        for (int bit = 0; bit < 8; bit += 7) {
            file->bytes[at] = (char)(file->bytes[at] ^ 1 << bit);
            file_write(file, file->length);
            fault = (struct fault){.code = FAULT_NONE};
            bool fine = archive_read(&archive, file->path, &fault);
            archive_free(&archive);
            file->bytes[at] = (char)(file->bytes[at] ^ 1 << bit);
            if (fine) print_message("byte %zu, bit %d\n", at, bit);
            assert_false(fine);
            assert_int_equal(fault.code, FAULT_REFUSED);
            const char *place_text = strstr(fault.message, "byte ");
            assert_non_null(place_text);
            /* Named is the part in which the byte lies (the header, a block, the last line), or the byte where it was noticed. */
            size_t named = (size_t)strtoull(place_text + 5, NULL, 10);
            assert_true(at < header ? named <= header : named <= at + 8 && named >= header);
        }
    }
    file_write(file, file->length);
    assert_fine(archive_read(&archive, file->path, &fault), fault);
    archive_free(&archive);
    free(file);
    place_remove(&place);
}

static void a_file_that_was_cut_off_or_goes_on_is_refused(void **state) {
    struct place place = place_make();
    struct file *file = one_file(*state, &place);
    struct fault fault;
    struct archive archive;
    for (size_t length = 0; length < file->length; length++) {
        file_write(file, length);
        bool fine = archive_read(&archive, file->path, &fault);
        archive_free(&archive);
        assert_false(fine);
        assert_int_equal(fault.code, FAULT_REFUSED);
        assert_non_null(strstr(fault.message, "byte "));
    }
    file->bytes[file->length] = '\n';
    file_write(file, file->length + 1);
    assert_refused(archive_read(&archive, file->path, &fault), fault, "something follows");
    archive_free(&archive);
    free(file);
    place_remove(&place);
}

static void another_version_and_another_program_are_told_apart(void **state) {
    struct place place = place_make();
    struct file *file = one_file(*state, &place);
    struct fault fault;
    struct archive archive;
    file->bytes[12] = '2';
    file_write(file, file->length);
    assert_refused(archive_read(&archive, file->path, &fault), fault, "version 2, this nhip reads 1");
    archive_free(&archive);
    memcpy(file->bytes, "REDIS0010", 9);
    file_write(file, file->length);
    assert_refused(archive_read(&archive, file->path, &fault), fault, "not a file of `nhip backup`");
    archive_free(&archive);
    free(file);
    place_remove(&place);
}

static void copy_file(const char *from, const char *to) {
    char bytes[FILE_BYTES];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    CHECK(in != NULL && out != NULL);
    size_t length = fread(bytes, 1, sizeof(bytes), in);
    CHECK(fwrite(bytes, 1, length, out) == length);
    (void)fclose(in);
    CHECK(fclose(out) == 0);
}

static void files_that_do_not_belong_there_are_refused(void **state) {
    struct scene *scene = *state;
    struct place place = place_make();
    struct file *file = one_file(scene, &place);
    struct fault fault;
    struct archive archive;
    struct backup_result result;
    char other[PATH_BYTES], newer[PATH_BYTES], manifest[PATH_BYTES];
    /* A partition's file under another's name. */
    path_in(&place, "payments-4.nhip", other);
    copy_file(file->path, other);
    assert_refused(archive_read(&archive, other, &fault), fault, "holds payments/3");
    archive_free(&archive);
    assert_refused(backup_check(place.backup, NULL, &result, &fault), fault, "is not in MANIFEST.sha256");
    (void)unlink(other);
    assert_fine(backup_check(place.backup, NULL, &result, &fault), fault);
    /* A whole file of the same partition, from another backup. */
    struct progress progress;
    struct lane *lane = open_lane(&scene->options, &progress);
    struct rollup *rollup = rollup_fake();
    rollup->progress = progress;
    commit_value(lane, rollup, "9,9", 7001);
    lane_close(lane, true);
    free(rollup);
    (void)snprintf(newer, sizeof(newer), "%s/newer", place.root);
    assert_fine(back_up(&scene->options, newer, &fault), fault);
    (void)snprintf(newer, sizeof(newer), "%s/newer/payments-3.nhip", place.root);
    copy_file(newer, file->path);
    assert_refused(backup_check(place.backup, NULL, &result, &fault), fault, "another file than the one that was backed up");
    (void)unlink(file->path);
    assert_refused(backup_check(place.backup, NULL, &result, &fault), fault, "payments-3.nhip is missing");
    path_in(&place, BACKUP_MANIFEST, manifest);
    (void)unlink(manifest);
    assert_refused(backup_check(place.backup, NULL, &result, &fault), fault, "broken off");
    free(file);
    place_remove(&place);
}

static void a_backup_overwrites_nothing_and_leaves_nothing_half(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    commit_every_kind(scene, PAYMENTS_3, 7000);
    assert_fine(back_up(&scene->options, place.backup, &fault), fault);
    assert_false(back_up(&scene->options, place.backup, &fault));
    assert_int_equal(fault.code, FAULT_IO);
    assert_non_null(strstr(fault.message, "overwrites nothing"));
    /* A hash that somebody deleted: told, and what was written is taken away. */
    struct keys keys;
    struct key key;
    char spoilt[PATH_BYTES];
    struct stat status;
    CHECK(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    DO(scene, SLICE("DEL"), key_hash(&keys, (struct hash_id){HASH_HOUR, 99, 0}, &key));
    (void)snprintf(spoilt, sizeof(spoilt), "%s/spoilt", place.root);
    assert_false(back_up(&scene->options, spoilt, &fault));
    assert_non_null(strstr(fault.message, "payments"));
    assert_int_equal(stat(spoilt, &status), -1);
    place_remove(&place);
}

/* --- files whose checks hold and whose content does not --- */

struct told_pair {
    const char *key, *field, *value;
};

/* Writes these hashes under a header that fits them; each run of pairs of one key is a hash. */
static bool read_made(const struct place *place, const struct told_pair *pairs, size_t count, struct fault *fault) {
    char nothing[1] = "";
    struct archive_header header = {.topic = "t", .partition = 0, .layout = 1, .cluster = "c", .configuration = "h", .next = 9,
                                    .tail_offset = -1, .taken = "now", .engine = "0", .name_space = "n", .settings = nothing};
    struct archive archive;
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/t-0.nhip", place->root);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    struct archive_writer *writer = archive_begin(file, &header);
    for (size_t i = 0; i < count;) {
        struct archive_key key;
        size_t end = i;
        while (end < count && strcmp(pairs[end].key, pairs[i].key) == 0)
            end++;
        CHECK(archive_key_read(slice_of(pairs[i].key), &key));
        archive_hash(writer, key, end - i);
        for (; i < end; i++)
            archive_pair(writer, slice_of(pairs[i].field), slice_of(pairs[i].value));
    }
    (void)archive_finish(writer);
    CHECK(fclose(file) == 0);
    bool fine = archive_read(&archive, path, fault);
    archive_free(&archive);
    return fine;
}

static void a_state_that_was_spoilt_is_refused_although_its_checks_hold(void **state) {
    (void)state;
    static const struct told_pair whole[] = {
        {"f", "accounts", "1"}, {"f", "applied", "2"},  {"f", "cluster", "c"},  {"f", "config", "h"}, {"f", "delivered", "3"},
        {"f", "ignored", "1"},  {"f", "layout", "1"},   {"f", "next", "9"},     {"i", "a", "8"},      {"i", "m5", "7"},
        {"x:a0", "0", "8"},     {"a:0:0", "0", "s\037a"}, {"m:5", "f", "1,1"}};
    enum { COUNT = sizeof(whole) / sizeof(whole[0]) };
    static const struct {
        size_t at;
        struct told_pair pair;
        const char *says;
    } cases[] = {
        {0, {"f", "accounts", "2"}, "accounts or units"},
        {1, {"f", "applied", "1"}, "is not delivered"},
        {2, {"f", "cluster", "d"}, "is not the header's"},
        {3, {"f", "config", "i"}, "is not the header's"},
        {6, {"f", "layout", "restoring"}, "is not the header's"},
        {7, {"f", "next", "10"}, "is not the header's"},
        {9, {"i", "m5", "9"}, "not before `next`"},
        {9, {"i", "m6", "7"}, "hash m:6: is empty"},
        {9, {"i", "q5", "7"}, "not of the layout"},
        {10, {"x:a0", "1", "8"}, "hash a:0:1: is empty"},
        {10, {"x:a1", "0", "8"}, "hash x:a0: is empty"},
        {12, {"m:6", "f", "1,1"}, "hash m:5: is empty"},
        {8, {"i", "g1", "8"}, "hash g:1: is empty"},
    };
    struct fault fault;
    struct place place = place_make();
    assert_fine(read_made(&place, whole, COUNT, &fault), fault);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct told_pair spoilt[COUNT];
        memcpy(spoilt, whole, sizeof(spoilt));
        spoilt[cases[i].at] = cases[i].pair;
        assert_refused(read_made(&place, spoilt, COUNT, &fault), fault, cases[i].says);
    }
    /* One that nothing names. */
    struct told_pair more[COUNT + 1];
    memcpy(more, whole, sizeof(whole));
    more[COUNT] = (struct told_pair){"m:6", "f", "1,1"};
    assert_refused(read_made(&place, more, COUNT + 1, &fault), fault, "the index names");
    assert_refused(read_made(&place, NULL, 0, &fault), fault, "is missing");
    place_remove(&place);
}

static void names_of_hashes_have_one_spelling(void **state) {
    (void)state;
    static const char *const good[] = {"f", "i", "x:d18900", "x:a0", "d:-3:0", "d:18900:4294967295", "m:-2147483648", "t:1"};
    static const char *const bad[] = {"", "g", "f:", "x", "x:", "x:m5", "x:d", "x:d05", "d:1", "d:1:", "d:1:-1", "d:1:4294967296",
                                      "d:+1:1", "m:1:2", "m:2147483648", "m:", "m:-0", "z:1", "m 1", "d::1"};
    struct archive_key key;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(archive_key_read(slice_of(good[i]), &key));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (archive_key_read(slice_of(bad[i]), &key)) print_message("%s\n", bad[i]);
        assert_false(archive_key_read(slice_of(bad[i]), &key));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_kind_of_hash_comes_back_byte_for_byte, scene_empty),
        cmocka_unit_test_setup(a_byte_that_changed_anywhere_is_found_at_its_place, scene_empty),
        cmocka_unit_test_setup(a_file_that_was_cut_off_or_goes_on_is_refused, scene_empty),
        cmocka_unit_test_setup(another_version_and_another_program_are_told_apart, scene_empty),
        cmocka_unit_test_setup(files_that_do_not_belong_there_are_refused, scene_empty),
        cmocka_unit_test_setup(a_backup_overwrites_nothing_and_leaves_nothing_half, scene_empty),
        cmocka_unit_test(a_state_that_was_spoilt_is_refused_although_its_checks_hold),
        cmocka_unit_test(names_of_hashes_have_one_spelling),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
