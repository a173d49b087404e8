/* What the snapshot's tests share: a state written by hand in the stored text forms, fed through the reader's sink, and vintages
 * of it in a directory of their own. */
#ifndef NHIP_TEST_SNAPSHOT_SCENE_H
#define NHIP_TEST_SNAPSHOT_SCENE_H

#include "aggregate/runtime/tree.h"
#include "aggregate/snapshot/obs_table.h"
#include "aggregate/snapshot/snapshot_state.h"
#include "check.h"
#include "event.h"
#include "facet.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DEFINITIONS "schemas/indicators.json"

static const char hash_text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

struct scene {
    struct state *state;
    struct reader_sink sink;
    struct fault fault;
    struct zone *zone;
    struct sources *sources;
    char directory[64];
    char sources_path[96];
    uint32_t units; /* registry records of the partition so far */
};

static inline void scene_open(struct scene *scene) {
    *scene = (struct scene){.state = state_create()};
    scene->sink = state_sink(scene->state);
    (void)snprintf(scene->directory, sizeof(scene->directory), "/tmp/nhip-snapshot-XXXXXX");
    CHECK(mkdtemp(scene->directory) != NULL);
    (void)snprintf(scene->sources_path, sizeof(scene->sources_path), "%s/sources.json", scene->directory);
    FILE *file = fopen(scene->sources_path, "w");
    CHECK(file != NULL);
    (void)fputs("{\"PSP1\": {\"success_at\": \"FIRST\", \"records_cash\": true}}", file);
    CHECK(fclose(file) == 0);
    scene->zone = zone_create("Asia/Ho_Chi_Minh", &scene->fault);
    scene->sources = sources_create(scene->sources_path, &scene->fault);
    CHECK(scene->zone != NULL && scene->sources != NULL);
}

static inline void scene_close(struct scene *scene) {
    state_destroy(scene->state);
    sources_destroy(scene->sources);
    zone_destroy(scene->zone);
    tree_remove(scene->directory);
}

static inline int64_t at_time(const char *text) {
    int64_t time_ms;
    CHECK(rfc3339_parse(slice_of(text), &time_ms));
    return time_ms;
}

static inline int32_t on_day(const char *text) {
    int32_t day;
    CHECK(iso_date_parse(slice_of(text), &day));
    return day;
}

/* A partition with so many accounts, whose latest record is of `record_time`; events: it has a watermark. */
static inline void scene_partition(struct scene *scene, const char *topic, int32_t partition, int64_t accounts,
                                   const char *record_time, bool events) {
    struct progress progress = {.next = 15, .accounts = accounts, .watermark_ms = INT64_MIN, .ledger_day_min = INT32_MIN};
    progress.record_time_max_ms = at_time(record_time);
    if (events) progress.watermark_ms = progress.record_time_max_ms - 60000;
    progress.counts = (struct counts){.delivered = 15, .applied = 14, .duplicate = 1};
    scene->units = 0;
    struct source_partition who = {topic, partition};
    assert_true(scene->sink.partition(scene->state, who, &progress, hash_text, "", &scene->fault));
}

static inline bool scene_field(struct scene *scene, struct hash_id id, const char *field, struct slice value) {
    return scene->sink.field(scene->state, id, slice_of(field), value, &scene->fault);
}

/* `days`: the stored text of the activities, such as "18871-18900;;;". */
static inline void scene_account(struct scene *scene, uint32_t number, const char *source, const char *id, const char *days) {
    char field[16];
    char value[256];
    (void)snprintf(field, sizeof(field), "%u", number & 31);
    (void)snprintf(value, sizeof(value), "%s\x1f%s\x1f%s", source, id, days);
    assert_true(scene_field(scene, (struct hash_id){HASH_ACCOUNT, 0, number >> 5}, field, slice_of(value)));
}

static inline void scene_cell(struct scene *scene, uint32_t account, const char *day, uint64_t facet, int64_t n, int64_t sum) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char field[FACET_TEXT_LENGTH + 2] = {0};
    char value[64];
    facet_format(facet, field);
    if ((account & 31) != 0) field[FACET_TEXT_LENGTH] = digits[account & 31];
    (void)snprintf(value, sizeof(value), "%lld,%lld", (long long)n, (long long)sum);
    assert_true(scene_field(scene, (struct hash_id){HASH_LEDGER, on_day(day), account >> 5}, field, slice_of(value)));
}

/* `fields`: JSON members of one unit.registered record beside the constant ones. */
static inline void scene_unit(struct scene *scene, const char *fields) {
    char field[16];
    char value[2048];
    uint32_t ordinal = scene->units++;
    (void)snprintf(field, sizeof(field), "%u", ordinal & 31);
    (void)snprintf(value, sizeof(value),
                   "%u\x1f{\"type\":\"unit.registered\",\"schema_version\":1,\"event_id\":\"r%u\",\"source\":\"REGISTRY\",%s}",
                   ordinal, ordinal, fields);
    assert_true(scene_field(scene, (struct hash_id){HASH_UNIT, 0, ordinal >> 5}, field, slice_of(value)));
}

/* A sketch of persons first .. first + count - 1, as stored; its length. */
static inline size_t scene_blob(uint8_t registers_log2, uint64_t first, uint64_t count, char out[static 1 + HLL_REGISTERS]) {
    static uint8_t registers[HLL_REGISTERS];
    const size_t register_count = (size_t)1 << registers_log2;
    memset(registers, 0, sizeof(registers));
    for (uint64_t person = first; person < first + count; person++) {
        uint64_t hash = person + 0x9E3779B97F4A7C15u * (person + 1); /* splitmix64 */
        hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9u;
        hash = (hash ^ hash >> 27) * 0x94D049BB133111EBu;
        hash ^= hash >> 31;
        uint64_t rest = hash << registers_log2;
        uint8_t rank = rest == 0 ? (uint8_t)(65 - registers_log2) : (uint8_t)(__builtin_clzll(rest) + 1);
        size_t number = (size_t)(hash >> (64 - registers_log2));
        if (rank > registers[number]) registers[number] = rank;
    }
    size_t set = 0;
    for (size_t i = 0; i < register_count; i++)
        set += registers[i] != 0;
    bool dense = set > 4000u >> (HLL_REGISTERS_LOG2 - registers_log2);
    size_t length = 0;
    out[length++] = dense ? 2 : 1;
    for (size_t i = 0; i < register_count; i++) {
        if (dense) {
            out[length++] = (char)registers[i];
        } else if (registers[i] != 0) {
            out[length++] = (char)(i >> 8);
            out[length++] = (char)(i & 255);
            out[length++] = (char)registers[i];
        }
    }
    return length;
}

static inline void scene_sketch(struct scene *scene, enum hash_kind kind, int32_t bucket, uint64_t facet, uint64_t first,
                                uint64_t count) {
    char value[1 + HLL_REGISTERS];
    char field[FACET_TEXT_LENGTH + 1] = {0};
    size_t length = scene_blob(HLL_REGISTERS_LOG2, first, count, value);
    facet_format(facet, field);
    assert_true(scene_field(scene, (struct hash_id){kind, bucket, 0}, field, (struct slice){value, length}));
}

static inline struct snapshot_options scene_options(const struct scene *scene, const char *period) {
    return (struct snapshot_options){
        .zone = scene->zone,
        .sources = scene->sources,
        .definitions_path = DEFINITIONS,
        .directory = scene->directory,
        .period = period,
        .disclosure = {.allow_zero = true}, /* rules that withhold nothing */
        .as_of_ms = TIME_NONE,
        .reporting_currency = "VND",
        .reporting_country = "VN",
        .reporting_area = "VN_38",
        .presentation_hash = hash_text,
        .engine_version = "0.0.0",
        .engine_commit = "test",
    };
}

/* Writes a vintage of the state and reads its table. */
static inline void scene_snapshot(struct scene *scene, const struct snapshot_options *options, struct snapshot_result *result,
                                  struct obs_table *table) {
    bool good = state_finish(scene->state, &scene->fault) && snapshot_write_state(options, scene->state, result, &scene->fault);
    if (!good) print_error("%s\n", scene->fault.message);
    assert_true(good);
    assert_true(obs_table_open(table, result->path));
}

/* "AREA INDICATOR EVIDENCE ACTIVITY UNIT_TYPE SIZE PLATFORM INSTRUMENT PERIOD"; `.` matches anything. */
static inline const struct obs_row *scene_row(const struct obs_table *table, const char *text) {
    char copy[256];
    const char *parts[9] = {NULL};
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy;
    for (size_t i = 0; i < 9; i++) {
        char *end = rest + strcspn(rest, " ");
        bool last = *end == '\0';
        *end = '\0';
        parts[i] = strcmp(rest, ".") == 0 ? NULL : rest;
        rest = last ? end : end + 1;
    }
    struct observation_key key = {parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7], parts[8]};
    return obs_table_find(table, &key);
}

#endif
