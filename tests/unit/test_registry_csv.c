/* The register as CSV: which rows become which messages, and what is said about the others. */
#include "ingest/registry_csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define NEEDED "merchant_id,valid_from,recorded_at,status,legal_form,unit_type,vsic,vsic_version,district"
#define UNIT(id) id ",2020-01-01,2020-01-05T00:00:00Z,ACTIVE,ENTERPRISE,GENERIC,47111,2018,380"

enum { TEXT_BYTES = 1 << 18 };

/* What the reader said, as text: "row LINE KEY TIME DOCUMENT\n" or "refused LINE COLUMN: MESSAGE\n". */
struct protocol {
    char text[TEXT_BYTES];
    size_t length;
    int rows, refusals, stop_at;
};

static bool on_row(void *context, const struct registry_row *row, struct fault *fault) {
    struct protocol *protocol = context;
    if (++protocol->rows == protocol->stop_at) return fault_set(fault, STOP_KAFKA_ERROR, true, "enough");
    if (protocol->rows > 100) return true; /* counted only */
    char *end = protocol->text + protocol->length;
    int length = snprintf(end, TEXT_BYTES - protocol->length, "row %lld %.*s %lld %.*s\n", (long long)row->line,
                          (int)row->key.length, row->key.data, (long long)row->recorded_at_ms, (int)row->document.length,
                          row->document.data);
    protocol->length += (size_t)length;
    assert_true(protocol->length < TEXT_BYTES);
    return true;
}

static void on_refused(void *context, const struct registry_refusal *refusal) {
    struct protocol *protocol = context;
    protocol->refusals++;
    char *end = protocol->text + protocol->length;
    protocol->length += (size_t)snprintf(end, TEXT_BYTES - protocol->length, "refused %lld %s: %s\n", (long long)refusal->line,
                                         refusal->column, refusal->message);
    assert_true(protocol->length < TEXT_BYTES);
}

static struct protocol protocol;
static struct fault fault;

static bool read_bytes(const char *bytes, size_t length, bool skip_unknown, int stop_at) {
    char path[] = "/tmp/nhip-registry-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, length), length);
    assert_int_equal(close(descriptor), 0);
    memset(&protocol, 0, sizeof(protocol));
    memset(&fault, 0, sizeof(fault));
    protocol.stop_at = stop_at;
    struct registry_handler handler = {skip_unknown, on_row, on_refused, &protocol};
    bool fine = registry_csv_read(path, &handler, &fault);
    assert_int_equal(unlink(path), 0);
    return fine;
}

static bool read_text(const char *text) {
    return read_bytes(text, strlen(text), false, 0);
}

static void assert_said(const char *part) {
    if (strstr(protocol.text, part) == NULL) fail_msg("not said: %s\nbut: %s", part, protocol.text);
}

static void row_becomes_a_message_with_its_columns_and_no_others(void **state) {
    (void)state;
    assert_true(read_text(NEEDED "\n" UNIT("M1") "\n"));
    assert_string_equal(protocol.text,
                        "row 2 M1 1578182400000 {\"type\":\"unit.registered\",\"schema_version\":1,"
                        "\"event_id\":\"reg:M1:2020-01-01:2020-01-05T00:00:00Z\",\"source\":\"REGISTRY\",\"merchant_id\":\"M1\","
                        "\"recorded_at\":\"2020-01-05T00:00:00Z\",\"valid_from\":\"2020-01-01\",\"status\":\"ACTIVE\","
                        "\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"GENERIC\",\"vsic\":\"47111\",\"vsic_version\":\"2018\","
                        "\"district\":\"380\"}\n");
}

static void empty_cell_is_an_empty_value_and_absent_where_none_exists(void **state) {
    (void)state;
    assert_true(read_text(NEEDED ",valid_to,parent_enterprise_id,enterprise_group_id,employees,has_email,has_email_asof,"
                          "mgmt_software,website_url,website_updated_at,mktpl_accounts,echannels,accounts,event_id,source\n"
                          UNIT("M1") ",,,,,,,,,,,,,,\n"));
    assert_int_equal(protocol.rows, 1);
    assert_said("\"district\":\"380\",\"employees\":\"\",\"has_email\":\"\",\"has_email_asof\":\"\",\"mgmt_software\":\"\","
                "\"website_url\":\"\",\"website_updated_at\":\"\",\"mktpl_accounts\":\"\",\"echannels\":\"\",\"accounts\":[]}");
    assert_said("\"event_id\":\"reg:M1:");
    assert_said("\"source\":\"REGISTRY\"");
}

static void filled_cells_keep_their_form(void **state) {
    (void)state;
    assert_true(read_text("employees,accounts,event_id,source,website_url,mgmt_software,valid_to," NEEDED "\r\n"
                          "60,LAZADA:shop 1;PSP1:T7:2021-01-01;X:9::2022-01-01,my id,GSO,\"https://a.vn/?q=\"\"x\"\",y\","
                          "CRM;ERP,2023-01-01," UNIT("M1") "\r\n"));
    assert_int_equal(protocol.rows, 1);
    assert_said("\"employees\":60,");
    assert_said("\"event_id\":\"my id\",\"source\":\"GSO\",");
    assert_said("\"website_url\":\"https://a.vn/?q=\\\"x\\\",y\"");
    assert_said("\"mgmt_software\":\"CRM;ERP\"");
    assert_said("\"valid_to\":\"2023-01-01\"");
    assert_said("\"accounts\":[{\"source\":\"LAZADA\",\"account_id\":\"shop 1\"},"
                "{\"source\":\"PSP1\",\"account_id\":\"T7\",\"valid_from\":\"2021-01-01\"},"
                "{\"source\":\"X\",\"account_id\":\"9\",\"valid_to\":\"2022-01-01\"}]");
}

static void long_ids_get_a_hash_as_event_id(void **state) {
    (void)state;
    assert_true(read_text(NEEDED "\n" UNIT("0f8fad5b-d9cb-469f-a165-70867728950e") "\n"
                          UNIT("0f8fad5b-d9cb-469f-a165-70867728950f") "\n"));
    assert_int_equal(protocol.rows, 2);
    const char *id = strstr(protocol.text, "\"event_id\":\"reg:");
    assert_non_null(id);
    assert_int_equal(strspn(id + 16, "0123456789abcdef"), 32);
    assert_int_equal(id[48], '"');
}

static void epoch_milliseconds_are_a_number(void **state) {
    (void)state;
    assert_true(read_text(NEEDED "\nM1,2020-01-01,1578182400000,ACTIVE,ENTERPRISE,GENERIC,47111,2018,380\n"));
    assert_said("row 2 M1 1578182400000 ");
    assert_said("\"recorded_at\":1578182400000,");
}

static void refusals_name_line_column_and_what_was_found(void **state) {
    (void)state;
    assert_true(read_text(NEEDED ",employees\n" UNIT("M1") ",1\n"
                          "M2,2020-01-01,2020-01-05T00:00:00Z,ACTIVE,ENTERPRISE,GENERIC,47111,2018,480,1\n"
                          "M3,2020-01-01,2020-01-05T00:00:00Z,OPEN,ENTERPRISE,GENERIC,47111,2018,380,1\n" UNIT("M4") ",-3\n"
                          UNIT("M5") ",007\n" ",2020-01-01,2020-01-05T00:00:00Z,ACTIVE,ENTERPRISE,GENERIC,47111,2018,380,1\n"
                          UNIT("M7") "\n" UNIT("M8") ",1,2\n" UNIT("M1") ",2\n"
                          "M10,2020-01-01,2020-01-05,ACTIVE,ENTERPRISE,GENERIC,47111,2018,380,1\n"
                          UNIT("M11") ",\n"));
    assert_int_equal(protocol.rows, 2);
    assert_int_equal(protocol.refusals, 9);
    assert_said("row 2 M1 ");
    assert_said("refused 3 district: ");
    assert_said("refused 4 status: ");
    assert_said("refused 5 employees: ");
    assert_said("refused 6 employees: ");
    assert_said("refused 7 merchant_id: ");
    assert_said("refused 8 : found 9 cells, accepted are 10");
    assert_said("refused 9 : found 11 cells, accepted are 10");
    assert_said("refused 10 event_id: found the id of an earlier row");
    assert_said("refused 11 recorded_at: ");
    assert_said("row 12 M11 ");
}

static void accounts_need_a_source_and_an_id(void **state) {
    (void)state;
    assert_true(read_text(NEEDED ",accounts\n" UNIT("M1") ",LAZADA\n" UNIT("M2") ",A:b:2020-01-01:2021-01-01:x\n"
                          UNIT("M3") ",A:b;;C:d\n" UNIT("M4") ",:b\n" UNIT("M5") ",A:b:soon\n" UNIT("M6") ",A:b;\n"));
    assert_said("refused 2 accounts: accepted are items source:account_id");
    assert_said("refused 3 accounts: ");
    assert_said("refused 4 accounts: ");
    assert_said("refused 5 accounts");
    assert_said("refused 6 accounts");
    assert_said("row 7 M6 ");
}

static void broken_rows_cost_only_themselves(void **state) {
    (void)state;
    static const char text[] = NEEDED ",website_url\n" UNIT("M1") ",a\"b\n" UNIT("M2") ",\"a\"b\n\n\r\n" UNIT("M3") ",a\rb\n"
        UNIT("M4") ",\"a\nb\"\n" UNIT("M5") ",\xC3(\n" UNIT("M6") ",\xED\xA0\x80\n" UNIT("M7") ",a\0b\n"
        UNIT("M8") ",T\xE1\xBB\x89nh\n" UNIT("M9") ",\"open\n";
    assert_true(read_bytes(text, sizeof(text) - 1, false, 0));
    assert_said("refused 2 : found a quote inside a bare cell");
    assert_said("refused 3 : found text behind a closing quote");
    assert_said("refused 6 : found a carriage return");
    assert_said("row 7 M4 ");
    assert_said("a\\u000ab");
    assert_said("refused 9 website_url: found bytes that are not UTF-8");
    assert_said("refused 10 website_url: ");
    assert_said("refused 11 website_url: ");
    assert_said("row 12 M8 ");
    assert_said("T\xE1\xBB\x89nh");
    assert_said("refused 13 : found a quote that is never closed");
    assert_int_equal(protocol.rows, 2);
}

static void oversized_row_is_refused_and_the_next_is_read(void **state) {
    (void)state;
    static char text[200000];
    int length = snprintf(text, sizeof(text), NEEDED ",website_url\n" UNIT("M1") ",%0*d\n" UNIT("M2") ",a\n", 100000, 7);
    assert_true(length > 100000);
    assert_true(read_bytes(text, (size_t)length, false, 0));
    assert_said("refused 2 : found a row of more than 65536 bytes");
    assert_said("row 3 M2 ");
    /* fits as CSV, but not with every quote escaped as a message */
    length = snprintf(text, sizeof(text), NEEDED ",mktpl_accounts\n" UNIT("M1") ",");
    for (int i = 0; i < 65000; i++) text[length++] = '\\';
    text[length++] = '\n';
    assert_true(read_bytes(text, (size_t)length, false, 0));
    assert_said("refused 2 : found a row whose message is larger");
}

static void first_line_must_name_the_columns(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "empty file"},
        {"\n\n", "empty file"},
        {"merchant_id,valid_from\nM1,2020-01-01\n", ":1: recorded_at: found no such column"},
        {NEEDED ",has_emial\n", ":1: has_emial: found an unknown column"},
        {NEEDED ",status\n", ":1: status: found twice"},
        {NEEDED ",\n", ":1: : found an unknown column"},
        {"\xEF\xBB\xBF" NEEDED "\n" UNIT("M1") "\n", ":1: found a byte order mark"},
        {"\xFF\xFEm", ":1: found a byte order mark of UTF-16"},
        {"\"" NEEDED "\n", ":1: found a quote that is never closed"},
        {"merchant_id;valid_from\n", "unknown column"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_false(read_text(rows[i].text));
        assert_int_equal(fault.code, FAULT_CONFIG);
        if (strstr(fault.message, rows[i].says) == NULL) fail_msg("%zu: %s", i, fault.message);
        assert_int_equal(protocol.rows + protocol.refusals, 0);
    }
    static const char extra[] = NEEDED ",tax_code\n" UNIT("M1") ",99\n";
    assert_true(read_bytes(extra, sizeof(extra) - 1, true, 0));
    assert_int_equal(protocol.rows, 1);
    assert_null(strstr(protocol.text, "99"));
}

static void last_line_needs_no_line_end(void **state) {
    (void)state;
    assert_true(read_text(NEEDED "\n" UNIT("M1")));
    assert_int_equal(protocol.rows, 1);
    assert_true(read_text(NEEDED));
    assert_int_equal(protocol.rows, 0);
}

static void a_fault_of_the_receiver_stops_the_reading(void **state) {
    (void)state;
    static const char text[] = NEEDED "\n" UNIT("M1") "\n" UNIT("M2") "\n" UNIT("M3") "\n";
    assert_false(read_bytes(text, sizeof(text) - 1, false, 2));
    assert_int_equal(fault.code, FAULT_SOURCE);
    assert_int_equal(protocol.rows, 2);
}

static void unreadable_files_are_io_faults(void **state) {
    (void)state;
    struct registry_handler handler = {false, on_row, on_refused, &protocol};
    static const char *const paths[] = {"/nonexistent/registry.csv", "/tmp"};
    for (size_t i = 0; i < 2; i++) {
        assert_false(registry_csv_read(paths[i], &handler, &fault));
        assert_int_equal(fault.code, FAULT_IO);
        assert_non_null(strstr(fault.message, paths[i]));
    }
}

static void repeated_ids_are_found_among_many_rows(void **state) {
    (void)state;
    static char text[TEXT_BYTES * 2];
    static const char rest[] = "2020-01-01,2020-01-05T00:00:00Z,ACTIVE,ENTERPRISE,GENERIC,47111,2018,380";
    size_t length = (size_t)snprintf(text, sizeof(text), NEEDED "\n");
    for (int i = 0; i <= 3000; i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%d,%s\n", i % 3000, rest);
    }
    assert_true(length < sizeof(text));
    assert_true(read_bytes(text, length, false, 0));
    assert_int_equal(protocol.rows, 3000);
    assert_int_equal(protocol.refusals, 1);
    assert_said("refused 3002 event_id: ");
}

static void the_golden_register_is_read_whole(void **state) {
    (void)state;
    memset(&protocol, 0, sizeof(protocol));
    struct registry_handler handler = {false, on_row, on_refused, &protocol};
    if (access("tests/golden/example/registry.csv", R_OK) != 0) {
        print_message("tests/golden is not here: run from the top directory\n");
        skip();
    }
    assert_true(registry_csv_read("tests/golden/example/registry.csv", &handler, &fault));
    assert_int_equal(protocol.rows, 8);
    assert_int_equal(protocol.refusals, 0);
    assert_said("row 7 M5 1631844000000 ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_becomes_a_message_with_its_columns_and_no_others),
        cmocka_unit_test(empty_cell_is_an_empty_value_and_absent_where_none_exists),
        cmocka_unit_test(filled_cells_keep_their_form),
        cmocka_unit_test(long_ids_get_a_hash_as_event_id),
        cmocka_unit_test(epoch_milliseconds_are_a_number),
        cmocka_unit_test(refusals_name_line_column_and_what_was_found),
        cmocka_unit_test(accounts_need_a_source_and_an_id),
        cmocka_unit_test(broken_rows_cost_only_themselves),
        cmocka_unit_test(oversized_row_is_refused_and_the_next_is_read),
        cmocka_unit_test(first_line_must_name_the_columns),
        cmocka_unit_test(last_line_needs_no_line_end),
        cmocka_unit_test(a_fault_of_the_receiver_stops_the_reading),
        cmocka_unit_test(unreadable_files_are_io_faults),
        cmocka_unit_test(repeated_ids_are_found_among_many_rows),
        cmocka_unit_test(the_golden_register_is_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
