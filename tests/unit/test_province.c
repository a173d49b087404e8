/* The synthetic province: a function of its seed, sound where it means to be sound, broken where it means to be broken,
 * and calibrated.
 *
 * The truth itself is proved against the oracle and the engine (tests/run.sh); here the decoder is asked about every
 * single message. */
#include "check.h"
#include "decode.h"
#include "ingest/province_figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

enum { EVENTS = 20000, FIRST_DAY = 18811, DAYS = 90 }; /* 2021-07-03 to 2021-09-30 */

static struct province *province_open(uint64_t seed, int64_t events, int32_t days, bool clean) {
    struct province_options options = {.seed = seed, .events = events, .first_day = FIRST_DAY, .days = days, .clean = clean};
    struct fault fault;
    struct province *province = province_create(&options, &fault);
    if (!province) fail_msg("%s", fault.message);
    return province;
}

static uint64_t mixed(uint64_t hash, const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t stream_hash(uint64_t seed) {
    struct province *province = province_open(seed, EVENTS, DAYS, false);
    struct province_message message;
    uint64_t hash = 0xcbf29ce484222325u;
    while (province_next(province, &message)) {
        hash = mixed(hash, message.topic, strlen(message.topic));
        hash = mixed(hash, message.key.data, message.key.length);
        if (message.value.data) hash = mixed(hash, message.value.data, message.value.length);
        hash = mixed(hash, &message.timestamp_ms, sizeof message.timestamp_ms);
    }
    province_destroy(province);
    return hash;
}

static void same_seed_gives_the_same_bytes_and_another_seed_does_not(void **state) {
    (void)state;
    uint64_t first = stream_hash(7);
    assert_true(first == stream_hash(7));
    assert_true(first != stream_hash(8));
}

static void options_out_of_range_are_refused_with_what_is_accepted(void **state) {
    (void)state;
    static const struct province_options bad[] = {
        {.events = 0, .days = 1}, {.events = 1, .days = 0}, {.events = 1, .days = 1001}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault fault = {.code = FAULT_NONE};
        assert_null(province_create(&bad[i], &fault));
        assert_int_equal(fault.code, FAULT_USAGE);
        assert_true(strlen(fault.message) > 20);
    }
}

static void registry_comes_first_and_record_times_never_fall(void **state) {
    (void)state;
    struct province *province = province_open(3, EVENTS, DAYS, false);
    struct province_message message;
    int64_t events = 0, last_ms = INT64_MIN, registry_ms = INT64_MIN;
    while (province_next(province, &message)) {
        bool registry = strcmp(message.topic, "registry") == 0;
        int64_t *before_ms = registry ? &registry_ms : &last_ms;
        assert_true(!registry || events == 0);
        assert_true(message.timestamp_ms >= *before_ms);
        *before_ms = message.timestamp_ms;
        assert_true(message.key.length > 0);
        if (message.value.length > 0) assert_null(memchr(message.value.data, '\n', message.value.length));
        if (!registry) events++;
    }
    assert_int_equal(events, EVENTS);
    assert_true(last_ms < province->calendar.end_ms);
    assert_true(registry_ms <= last_ms); /* so the default as_of sees every version */
    province_destroy(province);
}

struct tally {
    int64_t accepted, tests, tombstones, refused, kinds[KIND_COUNT], reasons[REASON_COUNT];
};

static struct decoder *decoder_open(void) {
    struct decoder_options options = {SLICE("0123456789abcdef"), "VND", "VN", NULL};
    struct fault fault;
    struct decoder *decoder = decoder_create(&options, &fault);
    if (!decoder) fail_msg("%s", fault.message);
    return decoder;
}

static struct tally stream_tally(struct province *province) {
    struct tally tally = {0};
    struct decoder *decoder = decoder_open();
    struct province_message message;
    static struct event event;
    while (province_next(province, &message)) {
        struct rejection rejection;
        if (!message.value.data) {
            tally.tombstones++;
        } else if (!decode(decoder, message.value, &event, &rejection)) {
            tally.refused++;
            tally.reasons[rejection.reason]++;
        } else {
            tally.accepted++;
            tally.tests += event.test;
            tally.kinds[event.kind]++;
        }
    }
    decoder_destroy(decoder);
    return tally;
}

static void every_message_is_read_as_it_was_meant(void **state) {
    (void)state;
    struct province *province = province_open(5, 60000, DAYS, false);
    struct tally tally = stream_tally(province);
    const struct province_truth *truth = province->truth;
    assert_int_equal(tally.refused, truth->rejected);
    assert_int_equal(tally.tests + tally.tombstones, truth->ignored);
    assert_int_equal(tally.accepted - tally.tests, truth->applied + truth->duplicate + truth->quarantined);
    assert_int_equal(truth->applied + truth->duplicate + truth->quarantined + truth->rejected + truth->ignored, truth->delivered);
    for (int i = REASON_EMPTY; i <= REASON_BAD_REGISTRY; i++) {
        if (tally.reasons[i] != truth->reasons[i])
            fail_msg("reason %d: read %lld, meant %lld", i, (long long)tally.reasons[i], (long long)truth->reasons[i]);
    }
    province_destroy(province);
}

static void every_reason_and_every_kind_of_event_occurs(void **state) {
    (void)state;
    struct province *province = province_open(6, EVENTS, DAYS, false);
    struct tally tally = stream_tally(province);
    for (int i = 1; i < KIND_COUNT; i++) {
        if (tally.kinds[i] == 0) fail_msg("no event of kind %d", i);
    }
    for (int i = 1; i < REASON_COUNT; i++) {
        if (i == REASON_IMPLAUSIBLE_AMOUNT) continue; /* no bound is set by default */
        if (i == REASON_WITHDRAWN) continue; /* nor is any delivery withdrawn */
        if (i == REASON_BAD_ENVELOPE) continue; /* mappings only: what the province sends has no envelope */
        if (province->truth->reasons[i] == 0) fail_msg("no record was refused for reason %d", i);
    }
    assert_true(province->truth->ignored > 0 && province->truth->conflict > 0 && province->truth->unresolved > 0);
    assert_in_range(province->truth->duplicate, EVENTS * 15 / 1000, EVENTS * 25 / 1000);
    province_destroy(province);
}

static void clean_stream_has_nothing_wrong_in_it(void **state) {
    (void)state;
    struct province *province = province_open(4, EVENTS, DAYS, true);
    struct tally tally = stream_tally(province);
    assert_int_equal(tally.refused + tally.tests + tally.tombstones, 0);
    assert_int_equal(province->truth->applied, province->truth->delivered);
    assert_int_equal(province->truth->unresolved, 0);
    province_destroy(province);
}

static void units_meant_to_adopt_are_seen_adopting_and_no_others(void **state) {
    (void)state;
    struct province *province = province_open(9, EVENTS, DAYS, false);
    (void)stream_tally(province);
    const struct province_truth *truth = province->truth;
    int64_t market = 0, cards = 0, bills = 0, channels = 0;
    for (uint32_t i = 0; i < province->units.unit_count; i++) {
        const struct province_unit *unit = &province->units.units[i];
        const struct truth_unit *seen = &truth->units[i];
        const struct province_version *version = &unit->versions[0];
        uint64_t last = (uint64_t)1 << (truth->covered_end - 1);
        if (unit->group == GROUP_DEAD || unit->end_day != PROVINCE_FOREVER) continue;
        if (version->population & POPULATION_ENT) {
            assert_int_equal((seen->market & last) != 0, unit->sells || unit->buys);
            market += unit->sells || unit->buys;
        }
        if (version->population & POPULATION_MDT) {
            assert_int_equal((seen->cards & last) != 0, unit->takes_cards);
            cards += unit->takes_cards;
        }
        if (version->population & POPULATION_UTL) {
            assert_int_equal((seen->bills & last) != 0, unit->takes_bills);
            bills += unit->takes_bills;
        }
        if (version->population & POPULATION_TSB) {
            assert_int_equal((seen->channel & last) != 0, unit->has_channel);
            channels += unit->has_channel;
        }
    }
    assert_int_equal(market, 1050); /* 35 % of 3,000 */
    assert_int_equal(cards, 105);   /* 70 % of 150 */
    assert_int_equal(bills, 30);    /* 50 % of 60 */
    assert_int_equal(channels, 160); /* 20 % of 800 */
    province_destroy(province);
}

/* OBS_VALUE of a figure of the province in the text of a truth, or a failure. */
static void figure_is(const char *truth, const char *indicator, const char *evidence, const char *activity, const char *value) {
    char want[512];
    (void)snprintf(want, sizeof want,
                   "\"REF_AREA\": \"VN_38\", \"INDICATOR\": \"%s\", \"EVIDENCE\": \"%s\", \"ACTIVITY\": \"%s\"", indicator,
                   evidence, activity);
    const char *row = truth;
    while ((row = strstr(row, want)) != NULL) {
        const char *end = strchr(row, '}');
        assert_non_null(end);
        const char *period = strstr(row, "2021-09"), *size = strstr(row, "\"SIZE_CLASS\": \"_T\"");
        if (period && period < end && size && size < end) {
            (void)snprintf(want, sizeof want, "\"OBS_VALUE\": \"%s\"", value);
            const char *found = strstr(row, want);
            if (!found || found > end) fail_msg("%s %s is not %s: %.300s", indicator, evidence, value, row);
            return;
        }
        row = end;
    }
    fail_msg("no figure %s %s", indicator, evidence);
}

static void declared_shares_are_the_published_ones(void **state) {
    (void)state;
    struct province *province = province_open(12, 2000, DAYS, false);
    (void)stream_tally(province);
    char *truth = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&truth, &size);
    assert_non_null(file);
    assert_true(province_truth_print(province, file));
    assert_int_equal(fclose(file), 0);
    figure_is(truth, "ENT_EMAIL", "R", "_T", "70.00");
    figure_is(truth, "ENT_WEB_UPD", "R", "_T", "50.00");
    figure_is(truth, "ENT_MKTPL", "R", "_T", "35.00");
    figure_is(truth, "ENT_MGMTSW", "R", "_T", "10.00");
    figure_is(truth, "MDT_EPAY", "R", "_T", "70.00");
    figure_is(truth, "UTL_EPAY_HH", "R", "_T", "50.00");
    figure_is(truth, "TSB_ECHAN", "R", "_T", "20.00");
    figure_is(truth, "IT_ENT_N", "R", "_T", "520");
    figure_is(truth, "IT_ENT_SH", "R", "V18_IT_HW", "66.92");
    figure_is(truth, "IT_ENT_SH", "R", "V18_IT_SW", "8.08");
    figure_is(truth, "IT_ENT_SH", "R", "V18_IT_SV", "25.00");
    free(truth);
    province_destroy(province);
}

static void truth_and_sources_are_written_to_files(void **state) {
    (void)state;
    struct province *province = province_open(1, 1, 1, false);
    (void)stream_tally(province);
    char path[] = "/tmp/test_province_XXXXXX";
    int handle = mkstemp(path);
    assert_true(handle >= 0);
    (void)close(handle);
    struct fault fault;
    assert_true(province_write_truth(province, path, &fault));
    assert_true(province_write_sources(path, &fault));
    assert_int_equal(unlink(path), 0);
    assert_false(province_write_truth(province, "/nonexistent/truth.json", &fault));
    assert_int_equal(fault.code, FAULT_IO);
    province_destroy(province);
}

static void slots_follow_one_another_and_fill_the_stream(void **state) {
    (void)state;
    struct province_calendar calendar;
    assert_true(province_calendar_create(&calendar, FIRST_DAY, DAYS, 5000));
    int64_t before_ms = calendar.start_ms;
    for (uint64_t slot = 0; slot < 5000; slot++) {
        int64_t at_ms = province_calendar_slot_ms(&calendar, slot, (uint32_t)(slot * 2654435761u));
        assert_true(at_ms >= before_ms && at_ms < calendar.end_ms);
        uint64_t back = province_calendar_slot_of(&calendar, at_ms);
        assert_true(back == slot || back + 1 == slot);
        before_ms = at_ms;
    }
    assert_true(calendar.end_ms - before_ms < 6 * (int64_t)PROVINCE_HOUR_MS);
    province_calendar_destroy(&calendar);
}

static void dates_go_there_and_back(void **state) {
    (void)state;
    for (int32_t day = 0; day < 80000; day += 13) assert_int_equal(province_day_of(province_date_of(day)), day);
    assert_int_equal(province_day_of((struct province_date){2021, 7, 3}), FIRST_DAY);
    assert_int_equal(province_month_start(province_month_of(FIRST_DAY)), FIRST_DAY - 2);
    assert_int_equal(province_day(1633021199999), FIRST_DAY + DAYS - 1); /* 2021-09-30T23:59:59.999+07:00 */
    assert_int_equal(province_day(1633021200000), FIRST_DAY + DAYS);
}

static void queue_gives_what_is_due_in_order(void **state) {
    (void)state;
    struct province_queue queue = {0};
    struct province_random random;
    province_random_seed(&random, 1);
    for (uint64_t i = 0; i < 5000; i++) {
        struct province_story story = {.number = i};
        story.event_ms = province_random_below(&random, 700);
        province_queue_put(&queue, (uint64_t)story.event_ms, &story);
    }
    struct province_story story, last = {.event_ms = -1};
    assert_false(queue.heap[0].slot > 0 && province_queue_take(&queue, queue.heap[0].slot - 1, &story));
    for (int i = 0; i < 5000; i++) {
        assert_true(province_queue_take(&queue, 1000, &story));
        assert_true(story.event_ms > last.event_ms || (story.event_ms == last.event_ms && story.number > last.number));
        last = story;
    }
    assert_false(province_queue_take(&queue, 1000, &story));
    province_queue_destroy(&queue);
}

static void ratios_are_rounded_half_to_even(void **state) {
    (void)state;
    static const struct {
        int64_t numerator, denominator;
        const char *value;
    } rows[] = {{100, 3, "33.33"},  {200, 3, "66.67"}, {1, 200, "0.00"}, {3, 200, "0.02"},  {-1, 3, "-0.33"},
                {-1, 999, "0.00"}, {5, -2, "-2.50"},  {7, 0, ""},       {12345, 1, "12345.00"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = NULL, want[64];
        size_t size = 0;
        bool first = true;
        FILE *file = open_memstream(&text, &size);
        assert_non_null(file);
        struct figure_sink sink = {file, &first, 2021 * 12 + 8};
        figure_ratio(&sink, &(struct figure){.indicator = "X"}, rows[i].numerator, rows[i].denominator, 2);
        assert_int_equal(fclose(file), 0);
        (void)snprintf(want, sizeof want, "\"OBS_VALUE\": \"%s\"}", rows[i].value);
        if (!strstr(text, want)) fail_msg("row %zu: %s", i, text);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_bytes_and_another_seed_does_not),
        cmocka_unit_test(options_out_of_range_are_refused_with_what_is_accepted),
        cmocka_unit_test(registry_comes_first_and_record_times_never_fall),
        cmocka_unit_test(every_message_is_read_as_it_was_meant),
        cmocka_unit_test(every_reason_and_every_kind_of_event_occurs),
        cmocka_unit_test(clean_stream_has_nothing_wrong_in_it),
        cmocka_unit_test(units_meant_to_adopt_are_seen_adopting_and_no_others),
        cmocka_unit_test(declared_shares_are_the_published_ones),
        cmocka_unit_test(truth_and_sources_are_written_to_files),
        cmocka_unit_test(slots_follow_one_another_and_fill_the_stream),
        cmocka_unit_test(dates_go_there_and_back),
        cmocka_unit_test(queue_gives_what_is_due_in_order),
        cmocka_unit_test(ratios_are_rounded_half_to_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
