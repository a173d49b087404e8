/* An archive of consumed records (aggregate/archive/): lines give back what was put into them and nothing else is one; files that
 * are cut off or changed anywhere are refused; what a crash leaves is gone on with, or refused. */
#include "aggregate/archive/kept_writer.h"
#include "aggregate/archive/packed_file.h"
#include "aggregate/runtime/tree.h"
#include "check.h"
#include "ingest/text_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 20000, BYTES_MAX = 512, DAY = 86400000 };

static const int64_t noon_ms = (int64_t)18871 * DAY; /* 2021-09-01, 07:00 in Asia/Ho_Chi_Minh */
static char directory[64];
static struct zone *zone;
static uint64_t chance;

static int setup(void **state) {
    (void)state;
    struct fault fault;
    memcpy(directory, "/tmp/nhip-kept-XXXXXX", sizeof("/tmp/nhip-kept-XXXXXX"));
    chance = 42;
    zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    return zone == NULL || mkdtemp(directory) == NULL;
}

static int teardown(void **state) {
    (void)state;
    zone_destroy(zone);
    tree_remove(directory);
    return 0;
}

static uint64_t draw(uint64_t below) {
    chance = chance * 6364136223846793005U + 1442695040888963407U;
    return (chance >> 33) % below;
}

/* Any bytes, or none; the first byte says which kind. */
static struct slice draw_bytes(char out[static BYTES_MAX], bool may_be_null) {
    static const char *const awkward[] = {"\"", "\\", "\n", "\\u0041", "\xff", "\xe1\xba\xa1", "\",\"value\":\"", "null", "\x01"};
    size_t kind = draw(5);
    if (kind == 0 && may_be_null) return (struct slice){.data = NULL};
    size_t length = 0;
    while (kind > 1 && length < draw(40)) {
        const char *piece = awkward[draw(sizeof(awkward) / sizeof(awkward[0]))];
        bool any = kind == 2;
        size_t more = any ? 1 : strlen(piece);
        memcpy(out + length, any ? &(char){(char)draw(256)} : piece, more);
        length += more;
    }
    return (struct slice){.data = out, .length = length};
}

static void assert_same(struct slice a, struct slice b) {
    assert_int_equal(a.data == NULL, b.data == NULL);
    assert_true(slice_equal(a, b));
}

static void a_line_gives_back_its_record(void **state) {
    (void)state;
    struct kept_text text = {.length = 0};
    struct kept_line line = {.header_count = 0};
    for (int round = 0; round < ROUNDS; round++) {
        char value[BYTES_MAX], key[BYTES_MAX], names[2][BYTES_MAX], values[2][BYTES_MAX];
        struct kept_header headers[2];
        size_t count = draw(3);
        for (size_t i = 0; i < count; i++)
            headers[i] = (struct kept_header){draw_bytes(names[i], false), draw_bytes(values[i], true)};
        const struct record record = {.value = draw_bytes(value, true),
                                      .key = draw_bytes(key, true),
                                      .offset = (int64_t)draw(1000000),
                                      .timestamp_ms = draw(50) == 0 ? INT64_MAX : (int64_t)draw(1U << 31)};
        text.length = 0;
        kept_put_record(&text, &record, headers, count);
        assert_int_equal(text.bytes[text.length - 1], '\n');
        assert_true(kept_line_read(text.bytes, text.length - 1, &line));
        assert_int_equal(line.kind, KEPT_RECORD);
        assert_int_equal(line.record.offset, record.offset);
        assert_int_equal(line.record.timestamp_ms, record.timestamp_ms);
        assert_same(line.record.value, record.value);
        assert_same(line.record.key, record.key);
        assert_int_equal(line.header_count, count);
        for (size_t i = 0; i < count; i++) {
            assert_same(line.headers[i].name, headers[i].name);
            assert_same(line.headers[i].value, headers[i].value);
        }
    }
    kept_text_free(&text);
    kept_line_free(&line);
}

/* A changed line is refused, or is the line of another record: there is no second spelling. */
static void a_record_has_one_spelling(void **state) {
    (void)state;
    static const char text[] = "{\"offset\":10,\"time\":17,\"key\":\"k\\\\\","
                               "\"headers\":[{\"name\":\"a\",\"value_base64\":\"/w==\"},"
                               "{\"name\":\"b\",\"value\":null}],\"value\":\"x\\ty\\\"\"}";
    enum { LENGTH = sizeof(text) - 1 };
    struct kept_line line = {.header_count = 0};
    struct kept_text again = {.length = 0};
    char copy[LENGTH];
    memcpy(copy, text, LENGTH);
    assert_true(kept_line_read(copy, LENGTH, &line));
    size_t accepted = 0;
    for (size_t at = 0; at < LENGTH; at++) {
        memcpy(copy, text, LENGTH);
        assert_false(kept_line_read(copy, at, &line)); /* cut off */
        for (int byte = 0; byte < 256; byte++) {
            char changed[LENGTH];
            memcpy(changed, text, LENGTH);
            changed[at] = (char)byte;
            memcpy(copy, changed, LENGTH);
            if (!kept_line_read(copy, LENGTH, &line)) continue;
            again.length = 0;
            kept_put_record(&again, &line.record, line.headers, line.header_count);
            if (!bytes_are_utf8((struct slice){changed, LENGTH})) continue; /* the hash's business */
            assert_int_equal(again.length, LENGTH + 1);
            assert_memory_equal(again.bytes, changed, LENGTH);
            accepted++;
        }
    }
    assert_true(accepted > 400);
    kept_text_free(&again);
    kept_line_free(&line);
}

static void base64_is_read_as_it_is_written(void **state) {
    (void)state;
    static const char *const refused[] = {"A", "AA=", "AB==", "AAB=", "A===", "====", "AA=A", "AA==AAAA", "A A=", "AA\n="};
    char bytes[BYTES_MAX], text[2 * BYTES_MAX], back[2 * BYTES_MAX];
    size_t length;
    for (size_t bytes_length = 0; bytes_length < BYTES_MAX; bytes_length++) {
        for (size_t i = 0; i < bytes_length; i++) bytes[i] = (char)draw(256);
        size_t written = (size_t)(base64_put(text, (struct slice){bytes, bytes_length}) - text);
        assert_true(base64_read((struct slice){text, written}, back, &length));
        assert_int_equal(length, bytes_length);
        assert_memory_equal(back, bytes, length);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(base64_read(slice_of(refused[i]), back, &length));
}

/* --- files --- */

static struct kept_log open_log(const char *name) {
    char path[128];
    struct kept_log log;
    struct fault fault;
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_true(kept_log_resume(&log, path, "t", 3, &fault));
    return log;
}

static void put_record(struct kept_writer *writer, int64_t offset, int64_t time_ms) {
    struct fault fault;
    char value[64];
    (void)snprintf(value, sizeof(value), "{\"number\":%lld}", (long long)offset);
    const struct record record = {.value = slice_of(value), .offset = offset, .timestamp_ms = time_ms};
    assert_true(kept_writer_put(writer, &record, NULL, 0, &fault));
}

/* Offsets [first, end), of which every seventh is a hole. */
static void write_some(const char *name, int64_t first, int64_t end, int64_t time_ms) {
    struct fault fault;
    struct kept_log log = open_log(name);
    struct kept_writer *writer = kept_writer_create(&log, zone, "c");
    if (log.count == 0) kept_writer_begin(writer, first);
    for (int64_t offset = first; offset < end; offset++) {
        if (offset % 7 != 6) put_record(writer, offset, time_ms);
    }
    assert_true(kept_writer_pass(writer, end, &fault));
    assert_true(kept_writer_close(writer, &fault));
    kept_writer_destroy(writer);
    kept_log_close(&log);
}

static size_t files_of(const char *name) {
    struct kept_log log = open_log(name);
    size_t count = log.count;
    kept_log_close(&log);
    return count;
}

static void days_cut_files_and_late_records_do_not(void **state) {
    (void)state;
    struct fault fault;
    struct kept_log log = open_log("days");
    struct kept_writer *writer = kept_writer_create(&log, zone, "c");
    kept_writer_begin(writer, 5);
    put_record(writer, 5, noon_ms);
    put_record(writer, 6, noon_ms + DAY);
    put_record(writer, 8, noon_ms);           /* late: in the open file, behind a hole */
    put_record(writer, 9, noon_ms + 17 * 3600000 + DAY); /* the next local day begins at 17:00 UTC */
    put_record(writer, 10, INT64_MAX);        /* a clock that no calendar knows */
    put_record(writer, 11, 0);
    assert_true(kept_writer_close(writer, &fault));
    static const struct kept_part wanted[] = {
        {5, 6, "2021-09-01"}, {6, 9, "2021-09-02"}, {9, 10, "2021-09-03"}, {10, 12, "2199-12-30"}};
    assert_int_equal(log.count, sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < log.count; i++) {
        assert_int_equal(log.entries[i].part.from, wanted[i].from);
        assert_int_equal(log.entries[i].part.next, wanted[i].next);
        assert_string_equal(log.entries[i].part.day, wanted[i].day);
    }
    kept_writer_destroy(writer);
    kept_log_close(&log);
}

static void what_was_lost_is_said_and_what_is_known_is_compared(void **state) {
    (void)state;
    struct fault fault;
    int64_t records = 0, lost = 0;
    write_some("lost", 0, 10, noon_ms);
    struct kept_log log = open_log("lost");
    assert_int_equal(log.tail_offset, 9);
    struct kept_writer *writer = kept_writer_create(&log, zone, "c");
    const struct record other = {.value = SLICE("{}"), .offset = 9, .timestamp_ms = noon_ms};
    assert_false(kept_writer_put(writer, &other, NULL, 0, &fault));
    assert_int_equal(fault.stop, STOP_ARCHIVE_OTHER);
    put_record(writer, 9, noon_ms); /* the same: nothing new */
    kept_writer_lose(writer, 30);
    put_record(writer, 32, noon_ms);
    assert_true(kept_writer_close(writer, &fault));
    kept_writer_destroy(writer);
    assert_int_equal(log.count, 2);
    assert_int_equal(kept_log_end(&log), 33);
    for (size_t i = 0; i < log.count; i++) assert_true(kept_log_check(&log, i, &records, &lost, &fault));
    assert_int_equal(records, 10); /* of [0, 10) offset 6 is a hole */
    assert_int_equal(lost, 20);
    kept_log_close(&log);
}

static size_t read_all(const char *path, char *out, size_t room) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(out, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return length;
}

static void write_all(const char *path, const char *bytes, size_t length) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static bool can_be_read(const char *path, const struct kept_part *part, struct fault *fault) {
    struct kept_block block = {.length = 0};
    struct kept_line line = {.header_count = 0};
    struct kept_reader *reader = kept_reader_open(path, "t", 3, part, fault);
    bool fine = reader != NULL;
    while (fine && (fine = kept_reader_fill(reader, &block, fault)) && block.length > 0) {
        enum kept_found found;
        while ((found = kept_reader_next(reader, &block, &line, fault)) == KEPT_FOUND_LINE) continue;
        fine = found == KEPT_FOUND_NOTHING;
    }
    kept_block_free(&block);
    kept_line_free(&line);
    kept_reader_close(reader);
    return fine;
}

static void a_file_that_is_cut_or_changed_anywhere_is_refused(void **state) {
    (void)state;
    static char bytes[1 << 16];
    struct fault fault;
    char path[KEPT_PATH_BYTES];
    write_some("cut", 0, 300, noon_ms);
    struct kept_log log = open_log("cut");
    const struct kept_part part = log.entries[0].part;
    kept_log_path(&log, 0, path);
    size_t length = read_all(path, bytes, sizeof(bytes) - 1);
    assert_true(length > 200 && can_be_read(path, &part, &fault));
    for (size_t end = 0; end < length; end++) {
        write_all(path, bytes, end);
        assert_false(can_be_read(path, &part, &fault));
        assert_int_equal(fault.stop, STOP_ARCHIVE_BROKEN);
    }
    write_all(path, bytes, length + 1);
    assert_false(can_be_read(path, &part, &fault)); /* something behind the frame */
    for (size_t at = 0; at < length; at++) { /* the hash finds it without unpacking */
        bytes[at] = (char)(bytes[at] ^ 1);
        write_all(path, bytes, length);
        assert_false(kept_log_check_hash(&log, 0, &fault));
        assert_int_equal(fault.stop, STOP_ARCHIVE_BROKEN);
        bytes[at] = (char)(bytes[at] ^ 1);
    }
    kept_log_close(&log);
}

/* Lines that are whole, in a frame that is whole, but not what a writer writes. */
static void lines_that_do_not_follow_each_other_are_refused(void **state) {
    (void)state;
    static const char *const broken[] = {
        "{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"next\":1,\"records\":1}\n",                          /* ends too early */
        "{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"next\":2,\"records\":1}\n",                          /* one is missing */
        "{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"next\":2,\"records\":2}\n",
        "{\"offset\":1,\"time\":1,\"value\":\"a\"}\n{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"next\":2,\"records\":2}\n",
        "{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"hole\":[1,2]}\n{\"next\":2,\"records\":2}\n",        /* counted wrong */
        "{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"hole\":[1,3]}\n{\"next\":3,\"records\":1}\n",        /* beyond the name */
        "{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"hole\":[1,2]}\n",                                    /* no last line */
        "{\"hole\":[0,2]}\n{\"next\":2,\"records\":0}\n{\"next\":2,\"records\":0}\n",
        "{\"hole\":[0,2]}\n{\"next\":2,\"records\":0}",
        "{\"hole\":[0,2]}\n{ \"next\":2,\"records\":0}\n",
        "{\"hole\":[0,0]}\n{\"hole\":[0,2]}\n{\"next\":2,\"records\":0}\n",
    };
    static const char head[] =
        "{\"nhip_archive\":1,\"topic\":\"t\",\"partition\":3,\"cluster\":\"c\",\"from\":0,\"day\":\"2021-09-01\"}\n";
    static const char good[] = "{\"offset\":0,\"time\":1,\"value\":\"a\"}\n{\"hole\":[1,2]}\n{\"next\":2,\"records\":1}\n";
    const struct kept_part part = {0, 2, "2021-09-01"};
    enum { COUNT = sizeof(broken) / sizeof(broken[0]) };
    for (size_t i = 0; i <= COUNT + 1; i++) {
        char path[128], digest[DIGEST_TEXT_BYTES];
        struct fault fault;
        int64_t bytes;
        (void)snprintf(path, sizeof(path), "%s/lines.zst", directory);
        struct packed_writer *writer = packed_create(path, &fault);
        assert_non_null(writer);
        if (i <= COUNT) assert_true(packed_put(writer, slice_of(head), &fault));
        assert_true(packed_put(writer, slice_of(i < COUNT ? broken[i] : good), &fault));
        assert_true(packed_finish(writer, digest, &bytes, &fault));
        packed_close(writer);
        assert_int_equal(can_be_read(path, &part, &fault), i == COUNT);
        if (i != COUNT) assert_int_equal(fault.stop, STOP_ARCHIVE_BROKEN);
        const struct kept_part other = {0, 2, "2021-09-02"};
        assert_false(can_be_read(path, &other, &fault));
    }
}

static void what_a_crash_leaves_is_taken_in_or_refused(void **state) {
    (void)state;
    char path[KEPT_PATH_BYTES], manifest[KEPT_PATH_BYTES], aside[KEPT_PATH_BYTES];
    struct fault fault;
    write_some("crash", 0, 50, noon_ms);
    (void)snprintf(manifest, sizeof(manifest), "%s/crash/t-3/MANIFEST.sha256", directory);
    (void)snprintf(aside, sizeof(aside), "%s/manifest", directory);
    char text[4096];
    size_t length = read_all(manifest, text, sizeof(text));
    write_some("crash", 50, 90, noon_ms);
    write_some("crash", 90, 120, noon_ms);
    write_all(manifest, text, length); /* killed before the manifest: twice */
    (void)snprintf(path, sizeof(path), "%s/crash/t-3/.part", directory);
    write_all(path, "half", 4);
    struct kept_log reading;
    (void)snprintf(path, sizeof(path), "%s/crash", directory);
    assert_true(kept_log_open(&reading, path, "t", 3, &fault)); /* a reader sees what the manifest says */
    assert_int_equal(kept_log_end(&reading), 50);
    kept_log_close(&reading);
    assert_int_equal(files_of("crash"), 3);
    (void)snprintf(path, sizeof(path), "%s/crash/t-3/.part", directory);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(unlink(manifest), 0);
    (void)snprintf(path, sizeof(path), "%s/crash", directory);
    assert_false(kept_log_open(&reading, path, "t", 3, &fault));
    kept_log_close(&reading);
    assert_int_equal(files_of("crash"), 3); /* proved one by one, and named again */
    struct kept_log log = open_log("crash");
    kept_log_path(&log, 1, path);
    kept_log_close(&log);
    write_all(manifest, text, length);
    assert_int_equal(unlink(path), 0); /* now the third does not go on where the first ends */
    (void)snprintf(path, sizeof(path), "%s/crash", directory);
    assert_false(kept_log_resume(&log, path, "t", 3, &fault));
    assert_int_equal(fault.stop, STOP_ARCHIVE_BROKEN);
    assert_non_null(strstr(fault.message, "[90, 120) of t/3"));
    kept_log_close(&log);
}

static void names_have_one_spelling(void **state) {
    (void)state;
    char name[KEPT_NAME_BYTES];
    struct kept_part part = {0, INT64_MAX, "2021-09-01"};
    static const char *const refused[] = {
        "", "MANIFEST.sha256", ".part", "0-1.2021-09-01.ndjson.zst",
        "00000000000000000005-00000000000000000005.2021-09-01.ndjson.zst",
        "00000000000000000005-00000000000000000006.2021-09-31.ndjson.zst",
        "00000000000000000005-00000000000000000006.2021-09-01.ndjson.zst.zst",
        "99999999999999999999-99999999999999999999.2021-09-01.ndjson.zst"};
    kept_part_name(&part, name);
    assert_string_equal(name, "00000000000000000000-09223372036854775807.2021-09-01.ndjson.zst");
    assert_true(kept_part_parse(name, &part));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) assert_false(kept_part_parse(refused[i], &part));
}

static void a_full_disk_is_said(void **state) {
    (void)state;
    struct fault fault;
    char digest[DIGEST_TEXT_BYTES];
    int64_t bytes;
    struct packed_writer *writer = packed_create("/dev/full", &fault);
    assert_non_null(writer);
    assert_false(packed_put(writer, SLICE("a line"), &fault) && packed_finish(writer, digest, &bytes, &fault));
    assert_int_equal(fault.stop, STOP_FILE_UNWRITABLE);
    assert_non_null(strstr(fault.message, "make room"));
    packed_close(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_gives_back_its_record),
        cmocka_unit_test(a_record_has_one_spelling),
        cmocka_unit_test(base64_is_read_as_it_is_written),
        cmocka_unit_test(days_cut_files_and_late_records_do_not),
        cmocka_unit_test(what_was_lost_is_said_and_what_is_known_is_compared),
        cmocka_unit_test(a_file_that_is_cut_or_changed_anywhere_is_refused),
        cmocka_unit_test(lines_that_do_not_follow_each_other_are_refused),
        cmocka_unit_test(what_a_crash_leaves_is_taken_in_or_refused),
        cmocka_unit_test(names_have_one_spelling),
        cmocka_unit_test(a_full_disk_is_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
