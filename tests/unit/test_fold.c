/* Folds alone: what is written is read back while it is of the state at hand, and of no other. */
#include "aggregate/runtime/tree.h"
#include "aggregate/store/image.h"
#include "aggregate/store/length.h"
#include "check.h"
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { HASHES = 40, DAY = 18900 };

static const struct source_partition WHO = {"payments", 3};

struct world {
    char directory[64];
    struct keys keys;
    struct meta meta;
    struct fold_place place;
    struct image_hash hashes[HASHES];
};

static void place_again(struct world *world, const char *born) {
    fold_place_set(&world->place, world->directory, &world->keys, &world->meta, WHO, born);
}

/* Hashes of one to sixty pairs, some values long. */
static void world_open(struct world *world) {
    struct fault fault;
    *world = (struct world){.meta = {.present = true, .configuration = "c1", .cluster = "k1"}};
    (void)snprintf(world->directory, sizeof(world->directory), "/tmp/nhip-fold-XXXXXX");
    CHECK(mkdtemp(world->directory) != NULL);
    assert_true(keys_create(&world->keys, "..", WHO, &fault));
    world->meta.progress.next = 1000;
    place_again(world, "0123456789abcdef");
    for (size_t i = 0; i < HASHES; i++) {
        struct image_hash *hash = &world->hashes[i];
        *hash = (struct image_hash){.id = {HASH_LEDGER, DAY, (uint32_t)(3 * i)}, .pairs = 1 + i * 3 / 2, .read = true};
        hash->content = malloc(hash->pairs * 600);
        CHECK(hash->content != NULL);
        char *at = hash->content;
        for (size_t j = 0; j < 2 * hash->pairs; j++) {
            size_t length = j % 7 == 6 ? 300 : 1 + j % 9;
            at = length_put(at, length);
            memset(at, (int)('a' + (i + j) % 26), length);
            at += length;
        }
        hash->bytes = (size_t)(at - hash->content);
    }
}

static void world_close(struct world *world) {
    for (size_t i = 0; i < HASHES; i++)
        free(world->hashes[i].content);
    tree_remove(world->directory);
}

static void what_is_written_is_read_back(void **state) {
    (void)state;
    struct world world;
    struct fault fault;
    struct image_hash *hashes;
    size_t count;
    world_open(&world);
    assert_null(fold_load(&world.place, DAY, 900));
    fold_save(&world.place, DAY, 900, world.hashes, HASHES);
    assert_int_equal(world.place.written, 1);
    struct fold *fold = fold_load(&world.place, DAY, 900);
    assert_non_null(fold);
    assert_true(fold_hashes(fold, &hashes, &count, &fault));
    assert_int_equal(count, HASHES);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hash_id_compare(hashes[i].id, world.hashes[i].id), 0);
        assert_int_equal(hashes[i].pairs, world.hashes[i].pairs);
        assert_int_equal(hashes[i].bytes, world.hashes[i].bytes);
        assert_memory_equal(hashes[i].content, world.hashes[i].content, hashes[i].bytes);
    }
    free(hashes);
    fold_free(fold);
    assert_int_equal(world.place.refused, 0);
    world_close(&world);
}

static bool taken(struct world *world, int32_t day, int64_t offset) {
    struct fold *fold = fold_load(&world->place, day, offset);
    fold_free(fold);
    return fold != NULL;
}

static void a_fold_of_anything_else_is_refused(void **state) {
    (void)state;
    struct world world;
    world_open(&world);
    fold_save(&world.place, DAY, 900, world.hashes, HASHES);
    assert_true(taken(&world, DAY, 900));
    assert_false(taken(&world, DAY, 901)); /* the day has changed: no complaint */
    assert_false(taken(&world, DAY - 1, 900));
    assert_int_equal(world.place.refused, 0);
    place_again(&world, "0123456789abcdee");
    assert_false(taken(&world, DAY, 900));
    assert_int_equal(world.place.refused, 1);
    place_again(&world, "");
    assert_false(taken(&world, DAY, 900)); /* nobody named the state: there are no folds */
    world.meta.configuration[1] = '2';
    place_again(&world, "0123456789abcdef");
    assert_false(taken(&world, DAY, 900));
    world.meta.configuration[1] = '1';
    world.meta.cluster[1] = '2';
    place_again(&world, "0123456789abcdef");
    assert_false(taken(&world, DAY, 900));
    world.meta.cluster[1] = '1';
    world.meta.progress.gap_count = 1;
    world.meta.progress.gaps[0].from = 5;
    place_again(&world, "0123456789abcdef");
    assert_false(taken(&world, DAY, 900));
    world.meta.progress.gap_count = 0;
    world.meta.progress.next = 999; /* Redis went back */
    place_again(&world, "0123456789abcdef");
    assert_false(taken(&world, DAY, 900));
    assert_int_equal(world.place.refused, 5);
    world.meta.progress.next = 1000;
    place_again(&world, "0123456789abcdef");
    assert_true(taken(&world, DAY, 900));
    world_close(&world);
}

/* Every byte of a file stands for something: none may be another one, and none may be missing. */
static void no_damage_goes_unseen(void **state) {
    (void)state;
    struct world world;
    char name[FOLD_PATH_BYTES + 32];
    static char bytes[1 << 16];
    world_open(&world);
    fold_save(&world.place, DAY, 900, world.hashes, 9);
    (void)snprintf(name, sizeof(name), "%s/%d.fold", world.place.path, DAY);
    FILE *file = fopen(name, "r+");
    assert_non_null(file);
    size_t length = fread(bytes, 1, sizeof(bytes), file);
    assert_in_range(length, 100, sizeof(bytes) - 1);
    for (size_t i = 0; i < length; i++) {
        CHECK(fseek(file, (long)i, SEEK_SET) == 0 && fputc(bytes[i] ^ 16, file) != EOF && fflush(file) == 0);
        assert_false(taken(&world, DAY, 900));
        CHECK(fseek(file, (long)i, SEEK_SET) == 0 && fputc(bytes[i], file) != EOF && fflush(file) == 0);
    }
    assert_true(taken(&world, DAY, 900));
    for (size_t i = length; i-- > 0;) {
        CHECK(ftruncate(fileno(file), (off_t)i) == 0);
        assert_false(taken(&world, DAY, 900));
    }
    CHECK(fclose(file) == 0);
    world_close(&world);
}

static bool only_the_day(const void *context, int32_t day) {
    return day == *(const int32_t *)context;
}

static void days_that_are_gone_are_swept(void **state) {
    (void)state;
    struct world world;
    const int32_t kept = DAY;
    world_open(&world);
    fold_save(&world.place, DAY - 1, 800, world.hashes, HASHES);
    fold_save(&world.place, DAY, 900, world.hashes, HASHES);
    fold_sweep(&world.place, only_the_day, &kept);
    assert_true(taken(&world, DAY, 900));
    assert_false(taken(&world, DAY - 1, 800));
    world_close(&world);
}

int main(void) {
    log_set_level(LOG_ERROR); /* refusals are what is tested */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_fold_of_anything_else_is_refused),
        cmocka_unit_test(no_damage_goes_unseen),
        cmocka_unit_test(days_that_are_gone_are_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
