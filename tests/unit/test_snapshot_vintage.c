/* State text that is not of the layout, and vintages as files: immutable, complete, the same for the same inputs. */
#include "snapshot_scene.h"

#include "aggregate/snapshot/table.h"
#include "aggregate/snapshot/vintage.h"
#include "unit.h"

#define REST                                                                                                                     \
    "\"status\":\"ACTIVE\",\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"SUPERMARKET\",\"vsic\":\"47111\",\"vsic_version\":"     \
    "\"2018\""

enum { UNITS = 40, ACCOUNT_COUNT = 60, PARTITION_COUNT = 3, CELLS_PER_PARTITION = 2500 };

static uint64_t seed;

static uint32_t roll(uint32_t sides) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % sides;
}

static uint64_t random_facet(void) {
    static const enum outcome order_outcomes[] = {OUTCOME_CREATED, OUTCOME_CREATED, OUTCOME_CANCELLED, OUTCOME_DELIVERED,
                                                  OUTCOME_RETURNED};
    static const enum outcome pay_outcomes[] = {OUTCOME_OK, OUTCOME_OK, OUTCOME_DECLINED, OUTCOME_REFUNDED};
    bool order = roll(2) == 0;
    uint64_t facet = facet_with_family(0, order ? FAMILY_ORDER : FAMILY_PAYMENT);
    facet = facet_with_role(facet, order && roll(5) == 0 ? ROLE_BUYER : ROLE_SELLER);
    facet = facet_with_person_type(facet, PERSON_HOUSEHOLD);
    if (order) {
        facet = facet_with_outcome(facet, order_outcomes[roll(5)]);
        return facet_with_pay_mode(facet_with_outlet(facet, (enum outlet)(1 + roll(12))), (enum pay_mode)(1 + roll(3)));
    }
    enum outcome outcome = pay_outcomes[roll(4)];
    facet = facet_with_context(facet_with_outcome(facet, outcome), (enum context)(1 + roll(9)));
    if (outcome == OUTCOME_DECLINED) facet = facet_with_reason_class(facet, (enum reason_class)(1 + roll(3)));
    facet = facet_with_instrument(facet, (enum instrument)(1 + roll(8)));
    return facet_instrument(facet) == INSTRUMENT_EWALLET ? facet_with_party(facet, (enum party)(1 + roll(6))) : facet;
}

/* A random province: units that move and close, accounts in several partitions, some in no registry. */
static void book(struct scene *scene, uint64_t start) {
    seed = start;
    scene_open(scene);
    for (int32_t partition = 0; partition < PARTITION_COUNT; partition++) {
        scene_partition(scene, "t", partition, ACCOUNT_COUNT, "2021-10-02T00:00:00Z", true);
        for (uint32_t i = 0; i < ACCOUNT_COUNT; i++) {
            char id[16];
            char days[64];
            int32_t first = on_day("2021-06-01") + (int32_t)roll(100);
            (void)snprintf(id, sizeof(id), "M%u", roll(UNITS + 8));
            (void)snprintf(days, sizeof(days), "%d-%d;%s;;", first, first + 5, roll(2) == 0 ? "" : "18800-18900");
            scene_account(scene, i, partition == 0 ? "PSP1" : "MALL", id, roll(3) == 0 ? ";;;" : days);
        }
        for (int i = 0; i < CELLS_PER_PARTITION; i++) {
            char day[11];
            iso_date_format(on_day("2021-07-01") + (int32_t)roll(93), day);
            scene_cell(scene, roll(ACCOUNT_COUNT), day, random_facet(), 1 + roll(9), roll(1000000));
        }
        for (int i = 0; partition == 0 && i < UNITS * 2; i++) {
            char fields[512];
            (void)snprintf(fields, sizeof(fields),
                           "\"merchant_id\":\"M%d\",\"valid_from\":\"2021-0%u-1%u\",\"recorded_at\":\"2021-09-0%uT00:00:00Z\","
                           "\"district\":%u,\"employees\":%u,\"has_email\":\"%s\",\"accepts_epay\":\"Y\"," REST,
                           i / 2, 1 + roll(9), roll(10), 1 + roll(9), 384 + roll(20), roll(40), roll(3) == 0 ? "" : "Y");
            scene_unit(scene, fields);
        }
        scene_sketch(scene, HASH_SKETCH_MONTH, month_of_day(on_day("2021-09-01")),
                     facet_with_outlet(facet_with_family(0, FAMILY_ORDER), OUTLET_TIKI), (uint64_t)partition * 3000, 9000);
    }
}

static int64_t number_of(const struct obs_row *row, enum obs_column column) {
    assert_non_null(row);
    return strtoll(row->cells[column], NULL, 10);
}

static int64_t value_of(const struct obs_table *table, const char *key) {
    return number_of(scene_row(table, key), OBS_VALUE);
}

static void check_identities(const struct obs_table *table) {
    static const char *const parts[] = {"ORD_N O _T _T _T _T _Z 2021-09", "GMV_GROSS O _T _T _T _T _Z 2021-09",
                                        "PAY_ATT_N O _T _T _T _Z _T 2021-09", "MER_ACTIVE_N O _T _T _T _Z _Z 2021-09"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char key[160];
        int64_t sum = 0;
        for (int district = 380; district < 408; district++) {
            (void)snprintf(key, sizeof(key), "VN_38_D%d %s", district, parts[i]);
            const struct obs_row *row = scene_row(table, key);
            assert_true((row == NULL) == !unit_district_known(district));
            if (row != NULL) sum += number_of(row, OBS_VALUE);
        }
        (void)snprintf(key, sizeof(key), "VN_38 %s", parts[i]);
        assert_int_equal(sum, value_of(table, key));
        assert_true(sum > 0);
    }
    const struct obs_row *good = scene_row(table, "VN_38 PAY_SUCC O _T _T _T _Z _T 2021-09");
    const struct obs_row *business = scene_row(table, "VN_38 PAY_BD O _T _T _T _Z _T 2021-09");
    const struct obs_row *technical = scene_row(table, "VN_38 PAY_TD O _T _T _T _Z _T 2021-09");
    assert_int_equal(number_of(good, OBS_NUMERATOR) + number_of(business, OBS_NUMERATOR) + number_of(technical, OBS_NUMERATOR),
                     number_of(good, OBS_DENOMINATOR));
    int64_t platforms = 0;
    static const char *const outlets[] = {"LAZADA", "SHOPEE",  "TIKI",    "SENDO",  "TIKTOK_SHOP",
                                          "OTHER",  "OWN_WEB", "OWN_APP", "SOCIAL", "OTA"};
    for (size_t i = 0; i < sizeof(outlets) / sizeof(outlets[0]); i++) {
        char key[96];
        (void)snprintf(key, sizeof(key), "VN_38 ORD_N O _T _T _T %s _Z 2021-09", outlets[i]);
        platforms += value_of(table, key);
    }
    assert_int_equal(platforms, value_of(table, "VN_38 ORD_N O _T _T _T _T _Z 2021-09"));
}

static int64_t turnover_sum(const struct obs_table *table, const char *period, const char *const *codes) {
    int64_t sum = 0;
    for (; *codes != NULL; codes++) {
        char key[96];
        (void)snprintf(key, sizeof(key), "VN_38 %s O _T _T _T _Z _Z %s", *codes, period);
        sum += value_of(table, key);
    }
    return sum;
}

static void parts_add_up_to_their_whole(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= 3; i++) {
        struct scene scene;
        struct snapshot_result result;
        struct obs_table now;
        struct obs_table before;
        book(&scene, i);
        struct snapshot_options options = scene_options(&scene, "2021-09");
        scene_snapshot(&scene, &options, &result, &now);
        options.period = "2021-08";
        scene_snapshot(&scene, &options, &result, &before);
        check_identities(&now);
        assert_int_equal(turnover_sum(&now, "2021-09", (const char *const[]){"MER_RET_N", "MER_CHURN_N", NULL}),
                         turnover_sum(&before, "2021-08", (const char *const[]){"MER_NEW_N", "MER_RET_N", "MER_REACT_N", NULL}));
        obs_table_close(&now);
        obs_table_close(&before);
        scene_close(&scene);
    }
}

static char *file_text(const char *directory, const char *name) {
    char path[700];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) return strdup("");
    char *text = calloc(1, 4 << 20);
    CHECK(text != NULL);
    CHECK(fread(text, 1, (4 << 20) - 1, file) > 0);
    CHECK(fclose(file) == 0);
    return text;
}

static void same_inputs_make_the_same_bytes(void **state) {
    (void)state;
    char *texts[2][4];
    static const char *const names[4] = {"obs.csv", "snapshot.json", "indicators.json", "MANIFEST.sha256"};
    for (int run = 0; run < 2; run++) {
        struct scene scene;
        struct snapshot_result result;
        struct obs_table table;
        book(&scene, 7);
        struct snapshot_options options = scene_options(&scene, "2021-09");
        options.daily = true;
        scene_snapshot(&scene, &options, &result, &table);
        for (int i = 0; i < 4; i++)
            texts[run][i] = file_text(result.path, names[i]);
        obs_table_close(&table);
        scene_close(&scene);
    }
    for (int i = 0; i < 4; i++) {
        assert_true(strlen(texts[0][i]) > 100);
        assert_string_equal(texts[0][i], texts[1][i]);
        free(texts[0][i]);
        free(texts[1][i]);
    }
}

static void a_second_vintage_is_a_release_and_the_first_stays(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result first;
    struct snapshot_result second;
    struct snapshot_result other;
    struct obs_table table;
    book(&scene, 9);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    scene_snapshot(&scene, &options, &first, &table);
    obs_table_close(&table);
    char *before = file_text(first.path, "obs.csv");
    scene_snapshot(&scene, &options, &second, &table);
    assert_string_equal(table.rows[0].cells[OBS_RELEASE], "2");
    obs_table_close(&table);
    options.period = "2021-Q3";
    scene_snapshot(&scene, &options, &other, &table);
    obs_table_close(&table);
    assert_string_equal(first.vintage, "THDX_ADOPTION_M_2021-09_r1_20211002T000000Z");
    assert_string_equal(second.vintage, "THDX_ADOPTION_M_2021-09_r2_20211002T000000Z");
    assert_string_equal(other.vintage, "THDX_ADOPTION_Q_2021-Q3_r1_20211002T000000Z");
    char *after = file_text(first.path, "obs.csv");
    char *latest = file_text(scene.directory, "LATEST");
    assert_string_equal(before, after);
    assert_string_equal(latest, "THDX_ADOPTION_Q_2021-Q3_r1_20211002T000000Z\n");
    free(before);
    free(after);
    free(latest);
    scene_close(&scene);
}

static int entries_of(const char *directory) {
    int count = 0;
    DIR *listing = opendir(directory);
    CHECK(listing != NULL);
    while (readdir(listing) != NULL)
        count++;
    (void)closedir(listing);
    return count;
}

static void an_existing_vintage_is_never_overwritten(void **state) {
    (void)state;
    struct scene scene;
    book(&scene, 9);
    struct vintage vintage;
    struct period period;
    char path[VINTAGE_PATH_BYTES];
    assert_true(period_parse("2021-09", &period, &scene.fault));
    assert_true(vintage_open(&vintage, scene.directory, "THDX_ADOPTION", &period, 1, 0, &scene.fault));
    (void)snprintf(path, sizeof(path), "%s/THDX_ADOPTION_M_2021-09_r1_20211002T000000Z", scene.directory);
    assert_int_equal(mkdir(path, 0755), 0); /* somebody was faster, and knew more */
    int before = entries_of(scene.directory);
    assert_int_equal(vintage_publish(&vintage, path, &scene.fault), VINTAGE_OVERTAKEN);
    vintage_abandon(&vintage);
    assert_int_equal(entries_of(scene.directory), before - 1); /* the temporary directory is gone, nothing else changed */
    scene_close(&scene);
}

static void latest_does_not_go_back_to_a_slower_writer(void **state) {
    (void)state;
    struct scene scene;
    book(&scene, 9);
    struct vintage vintage;
    struct period period;
    char path[VINTAGE_PATH_BYTES];
    static const char *const before[] = {"THDX_ADOPTION_M_2021-09_r2_20211002T000000Z\n",
                                         "THDX_ADOPTION_Q_2021-Q3_r2_20211002T000000Z\n"};
    assert_true(period_parse("2021-09", &period, &scene.fault));
    for (size_t i = 0; i < 2; i++) { /* release 2 came while release 1 was being written; of another period that is no matter */
        assert_true(vintage_open(&vintage, scene.directory, "THDX_ADOPTION", &period, (int64_t)i + 1, 0, &scene.fault));
        assert_int_equal(vintage.release, i + 1);
        (void)snprintf(path, sizeof(path), "%s/LATEST", scene.directory);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        (void)fputs(before[i], file);
        (void)fclose(file);
        assert_int_equal(vintage_publish(&vintage, path, &scene.fault), VINTAGE_PUBLISHED);
        char *latest = file_text(scene.directory, "LATEST");
        char ours[VINTAGE_NAME_BYTES + 1];
        (void)snprintf(ours, sizeof(ours), "%s\n", vintage.name);
        assert_string_equal(latest, i == 0 ? before[0] : ours);
        free(latest);
    }
    scene_close(&scene);
}

static void refusals_leave_nothing_behind(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    book(&scene, 3);
    assert_true(state_finish(scene.state, &scene.fault));
    int before = entries_of(scene.directory);
    const struct {
        const char *period, *as_of, *currency, *area;
        enum fault_code code;
    } cases[] = {
        {"2021-9", NULL, "VND", "VN_38", FAULT_USAGE},   {"2021-09", "2021-10-01T23:59:59Z", "VND", "VN_38", FAULT_REFUSED},
        {"2021-09", NULL, "VNX", "VN_38", FAULT_CONFIG}, {"2021-09", NULL, "VND", "VN,38", FAULT_CONFIG},
        {"2021-09", NULL, "VND", "", FAULT_CONFIG},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct snapshot_options options = scene_options(&scene, cases[i].period);
        if (cases[i].as_of != NULL) options.as_of_ms = at_time(cases[i].as_of);
        options.reporting_currency = cases[i].currency;
        options.reporting_area = cases[i].area;
        assert_false(snapshot_write_state(&options, scene.state, &result, &scene.fault));
        assert_int_equal(scene.fault.code, cases[i].code);
        assert_int_equal(entries_of(scene.directory), before);
    }
    scene.state->partitions[1].progress.counts.applied++; /* verdicts no longer add up to what was delivered */
    struct snapshot_options options = scene_options(&scene, "2021-09");
    assert_false(snapshot_write_state(&options, scene.state, &result, &scene.fault));
    assert_int_equal(scene.fault.stop, STOP_STATE_DAMAGED);
    scene_close(&scene);
}

static void text_that_is_not_of_the_layout_is_refused(void **state) {
    (void)state;
    static const struct {
        enum hash_kind kind;
        const char *field, *value;
    } cases[] = {
        {HASH_LEDGER, "AAAAAAA", "1,2"},
        {HASH_LEDGER, "AAAAAAA*", "1,2"},
        {HASH_LEDGER, "AAAAAAAAA", "1,2"},
        {HASH_LEDGER, "AAAAAAAAj", "1,2"},
        {HASH_LEDGER, "AAAAAAAABB", "1,2"},
        {HASH_LEDGER, "AAAAAAAA", "1"},
        {HASH_LEDGER, "AAAAAAAA", "1,"},
        {HASH_LEDGER, "AAAAAAAA", "1,2,"},
        {HASH_LEDGER, "AAAAAAAA", "1,2,3,4"},
        {HASH_LEDGER, "AAAAAAAA", "-1,2"},
        {HASH_LEDGER, "AAAAAAAA", "1,2x"},
        {HASH_LEDGER, "AAAAAAAA", "9223372036854775808,1"},
        {HASH_LEDGER, "AAAAAAAA", "1,100000000000000000000000000"},
        {HASH_ACCOUNT, "5",
         "S\x1f"
         "A\x1f;;;"},
        {HASH_ACCOUNT, "x",
         "S\x1f"
         "A\x1f;;;"},
        {HASH_ACCOUNT, "0", "S"},
        {HASH_ACCOUNT, "0",
         "S\x1f"
         "A"},
        {HASH_ACCOUNT, "0",
         "S\x1f"
         "A\x1f"
         "5-4;;;"},
        {HASH_ACCOUNT, "0",
         "S\x1f"
         "A\x1f;;;;;"},
        {HASH_UNIT, "32", "0\x1f{}"},
        {HASH_UNIT, "0", "{}"},
        {HASH_SKETCH_DAY, "AAAAAAAA", ""},
        {HASH_SKETCH_DAY, "AAAAAAAA", "\x02"},
        {HASH_SKETCH_DAY, "AAAAAAAA",
         "\x01"
         "ab"},
        {HASH_SKETCH_MONTH, "AAAAAAAA", "\x01\x7f\x7f\x01"},
        {HASH_SKETCH_ACCOUNT, "AAAAAAAAB", "\x01\x10\x01\x01"},
        {HASH_SKETCH_ACCOUNT, "AAAAAAAAD", "\x01\x01\x01\x01"},
        {HASH_SKETCH_ACCOUNT, "AAAAAAAA1", "\x02"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene;
        scene_open(&scene);
        scene_partition(&scene, "t", 0, 3, "2021-10-02T00:00:00Z", true);
        struct hash_id id = {cases[i].kind, 18800, 0};
        if (scene_field(&scene, id, cases[i].field, slice_of(cases[i].value)))
            fail_msg("case %zu (%s) was taken", i, cases[i].field);
        assert_int_equal(scene.fault.stop, STOP_STATE_DAMAGED);
        assert_non_null(strstr(scene.fault.message, "t/0"));
        scene_close(&scene);
    }
}

static void a_cell_without_its_account_is_refused(void **state) {
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_partition(&scene, "t", 0, 2, "2021-10-02T00:00:00Z", true);
    scene_account(&scene, 0, "S", "A", ";;;");
    scene_cell(&scene, 1, "2021-09-01", random_facet(), 1, 1);
    assert_false(state_finish(scene.state, &scene.fault));
    assert_int_equal(scene.fault.stop, STOP_STATE_DAMAGED);
    scene_close(&scene);
}

static void raw_figures_say_so_and_do_not_become_the_latest(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    book(&scene, 5);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    options.raw = true;
    scene_snapshot(&scene, &options, &result, &table);
    for (size_t i = 0; i < table.count; i++)
        assert_string_equal(table.rows[i].cells[OBS_CONF_STATUS], "N");
    obs_table_close(&table);
    assert_string_equal(result.vintage, "THDX_ADOPTION_RAW_M_2021-09_r1_20211002T000000Z");
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/LATEST", scene.directory);
    assert_int_equal(access(path, F_OK), -1);
    char *text = file_text(result.path, "snapshot.json");
    assert_non_null(strstr(text, "\"publication\": \"not for publication"));
    free(text);
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_true(adoption_table_print(result.path, "2021-09", out));
    CHECK(fclose(out) == 0);
    assert_non_null(strstr(text, "Not for publication"));
    free(text);
    options.raw = false;
    scene_snapshot(&scene, &options, &result, &table);
    obs_table_close(&table);
    assert_string_equal(result.vintage, "THDX_ADOPTION_M_2021-09_r1_20211002T000000Z");
    scene_close(&scene);
}

static void figures_can_be_looked_up_and_the_table_fits_a_terminal(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    char value[32];
    char status[4];
    book(&scene, 5);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    scene_snapshot(&scene, &options, &result, &table);
    obs_table_close(&table);
    struct observation_key key = {"VN_38", "MDT_EPAY", "R", "_T", "EST", "_T", "_Z", "_T", "2021-09"};
    assert_true(snapshot_lookup(result.path, &key, value, status));
    assert_string_equal(value, "100.00");
    assert_string_equal(status, "P");
    key.indicator = "NO_SUCH";
    assert_false(snapshot_lookup(result.path, &key, value, status));
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_true(adoption_table_print(result.path, "2021-09", out));
    assert_false(adoption_table_print(result.path, "2021-08", out));
    assert_false(adoption_table_print("/nowhere", "2021-09", out));
    CHECK(fclose(out) == 0);
    assert_null(strstr(text, "Not for publication"));
    assert_non_null(strstr(text, "Modern retail taking e-payment"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 100);
    free(text);
    scene_close(&scene);
}

static void set_text(struct scene *scene, uint32_t account, const char *day, uint64_t facet, const char *value) {
    char field[FACET_TEXT_LENGTH + 2] = {0};
    facet_format(facet, field);
    field[FACET_TEXT_LENGTH] = account == 0 ? '\0' : (char)('A' + account);
    assert_true(scene_field(scene, (struct hash_id){HASH_LEDGER, on_day(day), 0}, field, slice_of(value)));
}

/* Beyond 32 bits in number; a cell of nothing; days before the window and after the period. */
static void great_amounts_are_exact(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    scene_open(&scene);
    scene_partition(&scene, "t", 0, 2, "2021-10-02T00:00:00Z", true);
    scene_account(&scene, 0, "S", "M0", ";;;");
    scene_account(&scene, 1, "S", "M1", ";;;");
    for (int i = 0; i < 2; i++) {
        char fields[512];
        (void)snprintf(fields, sizeof(fields), "\"merchant_id\":\"M%d\",\"valid_from\":\"2020-01-01\",\"recorded_at\":"
                       "\"2021-09-01T00:00:00Z\",\"district\":384,\"employees\":9,\"has_email\":\"Y\"," REST, i);
        scene_unit(&scene, fields);
    }
    uint64_t facet = facet_with_outcome(facet_with_role(facet_with_family(0, FAMILY_ORDER), ROLE_SELLER), OUTCOME_CREATED);
    facet = facet_with_pay_mode(facet_with_outlet(facet, OUTLET_TIKI), PAY_MODE_COD);
    set_text(&scene, 0, "2021-09-01", facet, "5000000001,2000000000000000000");
    set_text(&scene, 1, "2021-09-01", facet, "4294967295,1");
    set_text(&scene, 0, "2021-09-30", facet, "4294967296,1000000000000000002");
    set_text(&scene, 1, "2021-09-30", facet, "0,0");
    set_text(&scene, 1, "2021-01-30", facet, "77,77"); /* before the window */
    set_text(&scene, 1, "2021-10-01", facet, "88,88"); /* after the period */
    struct snapshot_options options = scene_options(&scene, "2021-09");
    options.daily = true;
    scene_snapshot(&scene, &options, &result, &table);
    const char *value = scene_row(&table, "VN_38 ORD_N O _T _T _T TIKI _Z 2021-09")->cells[OBS_VALUE];
    assert_string_equal(value, "13589934592");
    value = scene_row(&table, "VN_38_D384 GMV_GROSS O _T _T _T _T _Z 2021-09")->cells[OBS_VALUE];
    assert_string_equal(value, "3000000000000000003");
    assert_string_equal(scene_row(&table, "VN_38 ORD_N O _T _T _T _T _Z 2021-09-30")->cells[OBS_VALUE], "4294967296");
    assert_string_equal(scene_row(&table, "VN_38 ORD_N O _T _T _T _T _Z 2021-09-02")->cells[OBS_VALUE], "0");
    obs_table_close(&table);
    scene_close(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_add_up_to_their_whole),
        cmocka_unit_test(same_inputs_make_the_same_bytes),
        cmocka_unit_test(a_second_vintage_is_a_release_and_the_first_stays),
        cmocka_unit_test(an_existing_vintage_is_never_overwritten),
        cmocka_unit_test(latest_does_not_go_back_to_a_slower_writer),
        cmocka_unit_test(refusals_leave_nothing_behind),
        cmocka_unit_test(text_that_is_not_of_the_layout_is_refused),
        cmocka_unit_test(a_cell_without_its_account_is_refused),
        cmocka_unit_test(raw_figures_say_so_and_do_not_become_the_latest),
        cmocka_unit_test(great_amounts_are_exact),
        cmocka_unit_test(figures_can_be_looked_up_and_the_table_fits_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
