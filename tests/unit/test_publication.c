/* The files beside obs.csv: their columns are those of the table that describes them, they are functions of their inputs, and
 * codes have labels. What independent programs make of them: tests/system/readers.sh. */
#include "snapshot_scene.h"

#include "aggregate/publication/code_lists.h"
#include "aggregate/publication/dataflow.h"
#include "aggregate/publication/fields.h"
#include "aggregate/publication/text_out.h"

/* One supermarket with a payment, one account of nobody. */
static void book(struct scene *scene) {
    scene_open(scene);
    uint64_t paid = facet_with_outcome(facet_with_family(0, FAMILY_PAYMENT), OUTCOME_OK);
    paid = facet_with_context(facet_with_instrument(facet_with_role(paid, ROLE_SELLER), INSTRUMENT_CARD), CONTEXT_POS);
    scene_partition(scene, "payments", 0, 2, "2021-10-02T00:00:00Z", true);
    scene_account(scene, 0, "PSP1", "M1", "18871-18871;;;");
    scene_account(scene, 1, "PSP2", "nobody", "18871-18871;;;");
    scene_cell(scene, 0, "2021-09-03", facet_with_person_type(paid, PERSON_HOUSEHOLD), 150, 15000000);
    scene_cell(scene, 1, "2021-09-03", facet_with_person_type(paid, PERSON_HOUSEHOLD), 50, 99);
    scene_unit(scene,
               "\"merchant_id\":\"M1\",\"valid_from\":\"2021-01-01\",\"recorded_at\":\"2021-09-01T00:00:00Z\",\"district\":"
               "380,\"status\":\"ACTIVE\",\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"SUPERMARKET\",\"vsic\":\"47111\","
               "\"vsic_version\":\"2018\",\"has_email\":\"Y\",\"accepts_epay\":\"Y\"");
}

static char *read_whole(const char *directory, const char *name) {
    char path[800];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = calloc(1, 4 << 20);
    CHECK(text != NULL);
    size_t length = fread(text, 1, (4 << 20) - 1, file);
    CHECK(length < (4 << 20) - 1 && fclose(file) == 0);
    return text;
}

static void headers_are_those_of_the_field_tables(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    book(&scene);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    scene_snapshot(&scene, &options, &result, &table);
    for (size_t i = 0; i < data_file_count; i++) {
        char header[2048] = "";
        size_t length = 0;
        for (size_t j = 0; j < data_files[i].field_count; j++) {
            length += (size_t)snprintf(header + length, sizeof(header) - length, "%s%s", j == 0 ? "" : ",",
                                       data_files[i].fields[j].name);
        }
        char *text = read_whole(result.path, data_files[i].file);
        assert_non_null(text);
        text[strcspn(text, "\n")] = '\0';
        assert_string_equal(text, header);
        free(text);
    }
    obs_table_close(&table);
    scene_close(&scene);
}

static void field_tables_agree_with_the_columns_that_readers_use(void **state) {
    (void)state;
    assert_int_equal(observation_file->field_count, OBS_COLUMN_COUNT);
    assert_string_equal(observation_file->fields[OBS_FREQ].name, "FREQ");
    assert_string_equal(observation_file->fields[OBS_VALUE].name, "OBS_VALUE");
    assert_string_equal(observation_file->fields[OBS_CONF_STATUS].name, "CONF_STATUS");
    assert_string_equal(observation_file->fields[OBS_AS_OF].name, "AS_OF");
}

static void the_same_state_gives_the_same_bytes(void **state) {
    (void)state;
    static const char *const files[] = {"codes.csv",      "geo.csv",   "benchmarks.csv", "slices.csv",   "paradata.csv",
                                        "structure.json", "labels.do", "METHODOLOGY.md", "CITATION.cff", "datapackage.json"};
    struct scene scenes[2];
    struct snapshot_result results[2];
    for (size_t i = 0; i < 2; i++) {
        struct obs_table table;
        book(&scenes[i]);
        struct snapshot_options options = scene_options(&scenes[i], "2021-09");
        scene_snapshot(&scenes[i], &options, &results[i], &table);
        obs_table_close(&table);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *one = read_whole(results[0].path, files[i]);
        char *other = read_whole(results[1].path, files[i]);
        assert_non_null(one);
        assert_string_equal(one, other);
        free(one);
        free(other);
    }
    scene_close(&scenes[0]);
    scene_close(&scenes[1]);
}

/* 200 payments of two sources: of the small one no share is said, of none an exact number. */
static void paradata_keeps_the_turnover_of_a_source(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    book(&scene);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    scene_snapshot(&scene, &options, &result, &table);
    char *text = read_whole(result.path, "paradata.csv");
    assert_non_null(text);
    assert_non_null(strstr(text, "SOURCE,PSP1,,,2021-09,BOOKED,,,CLASS,100-999\n"));
    assert_non_null(strstr(text, "SOURCE,PSP1,,,2021-09,UNMATCHED,,0,PT,\n"));
    assert_non_null(strstr(text, "SOURCE,PSP2,,,2021-09,BOOKED,,,CLASS,1-99\n"));
    assert_non_null(strstr(text, "SOURCE,PSP2,,,2021-09,UNMATCHED,,,PT,\n"));
    assert_null(strstr(text, ",150,"));
    assert_non_null(strstr(text, "ALL,,,,,DUPLICATE,,1,NB,\n"));
    assert_non_null(strstr(text, "PARTITION,,payments,0,,GAP_RECORDS,,0,NB,\n"));
    free(text);
    obs_table_close(&table);
    scene_close(&scene);
}

static void gaps_are_exact_differences(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    book(&scene);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    scene_snapshot(&scene, &options, &result, &table);
    char *text = read_whole(result.path, "benchmarks.csv");
    assert_non_null(text);
    assert_non_null(strstr(text, "ENT_EMAIL,R,_T,REPORTED,VN_38,2021,70,PT,VN_38,2021-09,100.00,P,30.00,"));
    assert_non_null(strstr(text, "UTL_EPAY_HH,R,_T,TARGET,VN,2020,70,PT,VN_38,2021-09,,M,,"));
    assert_non_null(strstr(text, "IT_ENT_N,R,_T,REPORTED,VN_38,2021,500,NB,VN_38,2021-09,0,P,-500,"));
    free(text);
    obs_table_close(&table);
    scene_close(&scene);
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

/* Release 1 with daily rows, 2 without: what is gone is deleted by its key; 3 is the same as 2 but for its AS_OF. */
static void a_delta_replaces_what_changed_and_deletes_what_is_gone(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table first;
    struct obs_table second;
    struct obs_table third;
    book(&scene);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    options.daily = true;
    scene_snapshot(&scene, &options, &result, &first);
    char *text = read_whole(result.path, "delta.ndjson");
    assert_non_null(text);
    assert_int_equal(count_of(text, "\"ACTION\": \"R\""), first.count);
    free(text);
    options.daily = false;
    scene_snapshot(&scene, &options, &result, &second);
    text = read_whole(result.path, "delta.ndjson");
    assert_int_equal(count_of(text, "\n"), first.count - second.count);
    assert_int_equal(count_of(text, "\"ACTION\": \"D\", \"FREQ\": \"D\""), first.count - second.count);
    assert_int_equal(count_of(text, "\"OBS_VALUE\": \"\", \"UNIT_MEASURE\": \"\""), first.count - second.count);
    free(text);
    options.as_of_ms = at_time("2021-12-01T00:00:00Z");
    scene_snapshot(&scene, &options, &result, &third);
    text = read_whole(result.path, "delta.ndjson");
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_non_null(strstr(line, "\"OBS_STATUS\": \"A\"")); /* nothing but what became final */
    free(text);
    obs_table_close(&first);
    obs_table_close(&second);
    obs_table_close(&third);
    scene_close(&scene);
}

static void dataflows_name_their_structure(void **state) {
    (void)state;
    struct dataflow flow = dataflow_of("THDX:DF_ADOPTION(1.0.0)");
    assert_string_equal(flow.agency, "THDX");
    assert_string_equal(flow.id, "DF_ADOPTION");
    assert_string_equal(flow.structure, "DSD_ADOPTION");
    assert_string_equal(flow.concepts, "CS_ADOPTION");
    assert_string_equal(flow.version, "1.0.0");
    assert_string_equal(dataflow_of("X:SALES(2.1)").structure, "DSD_SALES");
}

static void texts_are_quoted_as_each_format_asks(void **state) {
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    assert_non_null(out);
    csv_cell(out, "a,\"b\"", false);
    csv_cell(out, "Hóa", true);
    json_text(out, "a\"\\\n");
    markdown_cell(out, "a|b\nc");
    stata_text(out, "x");
    assert_int_equal(fclose(out), 0);
    assert_string_equal(bytes, "\"a,\"\"b\"\"\",Hóa\n\"a\\\"\\\\\\u000a\"a\\|b c`\"x\"'");
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_those_of_the_field_tables),
        cmocka_unit_test(field_tables_agree_with_the_columns_that_readers_use),
        cmocka_unit_test(the_same_state_gives_the_same_bytes),
        cmocka_unit_test(paradata_keeps_the_turnover_of_a_source),
        cmocka_unit_test(gaps_are_exact_differences),
        cmocka_unit_test(a_delta_replaces_what_changed_and_deletes_what_is_gone),
        cmocka_unit_test(dataflows_name_their_structure),
        cmocka_unit_test(texts_are_quoted_as_each_format_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
