/* `nhip check`: what becomes of each record of a file, and why something did not become an event.
 *
 * The one who writes a mapping, or a producer of canonical events, needs three things at once: the record, what came
 * out, and the rule in between. So a refusal shows the line with a caret under the byte, the mapping's own rule for
 * that field, and what to do. `--canonical` prints one line of JSON for each event instead (schemas/mapping.md §7):
 * that is what tests compare, and what can be piped back in.
 *
 * It also keeps a promise honest while it goes: the canonical text of a mapped event must decode to the same event,
 * and the two decoders must agree. When they do not, that is our bug, said so, and exit 1. */
#include "aggregate/commands.h"

#include "aggregate/check_remedy.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/exclusions.h"
#include "aggregate/runtime/excerpt.h"
#include "aggregate/runtime/expected.h"
#include "aggregate/runtime/json_peek.h"
#include "ingest/source_file.h"
#include "mapping.h"
#include "zone.h"

#include <errno.h>

enum { OPTION_MAPPING = 1, OPTION_CANONICAL, OPTION_TOPIC, OPTION_REFUSED, OPTION_SOURCES };
enum { LINE_BYTES = MESSAGE_BYTES_MAX + 1, TEXT_BYTES = 8 * MESSAGE_BYTES_MAX, FILE_BYTES_MAX = 4 << 20, INDENT = 8 };

static const char usage[] =
    "usage: nhip check [--mapping M] [--canonical | --refused] [--topic T] FILE|-\n"
    "       nhip check --sources FILE\n"
    "\n"
    "Reads records, one a line, and shows what becomes of each: the event, `ignored`, or why it is\n"
    "refused, with a caret under the byte, the rule of the mapping and the remedy. Writes nothing else.\n"
    "\n"
    "  --mapping M      records are in the shape that mapping file M reads (schemas/mappings/README.md);\n"
    "                   without it they are canonical events (schemas/README.md)\n"
    "  --canonical      one line of JSON for each event on standard output, counts on standard error\n"
    "  --refused        show what is refused only\n"
    "  --sources FILE   a file of expected sources instead (snapshot.sources; schemas/coverage.md)\n"
    "                   and shows its rows: who must deliver what, when, and how often\n"
    "  --topic T        the records' topic, for mappings that look at it (default: from the file's name)\n"
    "  --config FILE, --set KEY=VALUE   settings; reporting.*, amount.max and exclusions.file matter\n"
    "  --help           this text\n"
    "\n"
    "Examples:\n"
    "  nhip check --mapping schemas/mappings/vnpay.json schemas/mappings/samples/vnpay.ndjson\n"
    "  kcat -C -t vnpay.ipn -c 100 -e | nhip check --mapping vnpay.json -      # a hundred real ones\n"
    "  nhip check --sources schemas/expected_sources.example.csv\n"
    "  nhip check --mapping momo.json --canonical momo.ndjson | nhip check -   # and back in\n"
    "\n"
    "Exit codes: 0 nothing refused, 1 something refused, 2 usage or mistake in the mapping, 4 file error\n";

static const struct option long_options[] = {
    {"mapping", required_argument, NULL, OPTION_MAPPING},
    {"canonical", no_argument, NULL, OPTION_CANONICAL},
    {"topic", required_argument, NULL, OPTION_TOPIC},
    {"refused", no_argument, NULL, OPTION_REFUSED},
    {"sources", required_argument, NULL, OPTION_SOURCES},
    {0},
};

struct check {
    const char *mapping_path;
    const char *topic;
    const char *sources_path;
    bool canonical;
    bool refused_only;
    int columns;

    struct exclusions *exclusions;
    const struct exclusion *ranges; /* of the file's partition, whose offsets are bytes */
    size_t range_count;
    int64_t offset; /* of the line */
    struct decoder *decoder;
    struct mapping *mapping;
    struct mapping_cursor *cursor;
    struct slice rules; /* the mapping's `event` object, as written; empty without a mapping */
    char *mapping_text;
    char *text; /* canonical text of an event */

    int64_t line;
    int64_t events;
    int64_t ignored;
    int64_t refused;
    int64_t tests;
    int64_t bugs;
    int64_t reasons[REASON_COUNT];
};

static bool on_option(void *context, int value, const char *argument) {
    struct check *check = context;
    if (value == OPTION_MAPPING) check->mapping_path = argument;
    if (value == OPTION_TOPIC) check->topic = argument;
    if (value == OPTION_SOURCES) check->sources_path = argument;
    if (value == OPTION_CANONICAL) check->canonical = true;
    if (value == OPTION_REFUSED) check->refused_only = true;
    return true;
}

/* ---- showing ---- */

static void show_number(const struct check *check, int element) {
    char number[32];
    (void)snprintf(number, sizeof(number), element < 0 ? "%lld" : "%lld[%d]", (long long)check->line, element);
    (void)printf("%-*s", INDENT - 2, number);
    (void)fputs("  ", stdout);
}

static void show_value(struct slice text, const char *label, const char *key) {
    struct slice value;
    if (!json_peek(text, key, &value) || slice_equal(value, SLICE("null"))) return;
    if (value.length >= 2 && value.data[0] == '"') value = (struct slice){value.data + 1, value.length - 2};
    (void)printf("  %s%s", label, label[0] != '\0' ? " " : "");
    excerpt_text(stdout, value, 80);
}

static void show_event(const struct check *check, int element, struct slice text, const struct event *event) {
    static const char *const ids[][2] = {{"", "source"},
                                         {"", "event_id"},
                                         {"payment", "payment_id"},
                                         {"order", "order_id"},
                                         {"trip", "trip_id"},
                                         {"merchant", "merchant_id"},
                                         {"terminal", "terminal_id"},
                                         {"seller", "seller_id"},
                                         {"operator", "operator"}};
    char time[25];
    rfc3339_format(event->event_time_ms, time);
    show_number(check, element);
    (void)printf("%s  %s", event_kind_name(event->kind), time);
    show_value(text, "", "amount_minor");
    show_value(text, "", "fare_minor");
    show_value(text, "", "currency");
    show_value(text, "", "status");
    (void)printf("\n%*s", INDENT - 2, "");
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) show_value(text, ids[i][0], ids[i][1]);
    (void)fputc('\n', stdout);
    if (event->test) (void)printf("%*stest is true: not counted by nhip run\n", INDENT, "");
    if (event->unconverted) (void)printf("%*sforeign currency without fx_amount_minor: counted in number only\n", INDENT, "");
    if (event->open_unknown > 0)
        (void)printf("%*scodes that are in no list, read as OTHER: %d\n", INDENT, "", event->open_unknown);
}

/* False when the mapping has no rule for the field, which has been said then. */
static bool show_rule(const struct check *check, const char *field) {
    struct slice rule;
    if (check->rules.length == 0 || field[0] == '\0') return true;
    (void)printf("%*s", INDENT, "");
    if (!json_peek(check->rules, field, &rule)) {
        (void)printf("the mapping has no rule for %s, which this event needs: schemas/README.md, section 2\n", field);
        return false;
    }
    (void)printf("rule: \"%s\": ", field);
    excerpt_text(stdout, rule, check->columns - INDENT - 12 - (int)strlen(field));
    (void)fputc('\n', stdout);
    return true;
}

static void show_refused(const struct check *check, int element, struct slice line, const struct rejection *rejection) {
    show_number(check, element);
    (void)printf("refused: %s%s%s, byte %u\n", reason_name(rejection->reason), rejection->field[0] != '\0' ? ": " : "",
                 rejection->field, rejection->byte);
    excerpt_print(stdout, line, rejection->byte, INDENT, check->columns);
    if (show_rule(check, rejection->field))
        (void)printf("%*s%s\n", INDENT, "", check_remedy(rejection->reason, check->mapping != NULL));
}

static bool of_the_text(enum reason reason) {
    return reason == REASON_EMPTY || reason == REASON_TOO_LARGE || reason == REASON_NOT_JSON || reason == REASON_BAD_UTF8 ||
           reason == REASON_TOO_DEEP;
}

/* ---- verdicts ---- */

static void on_refused(struct check *check, int element, struct slice line, const struct rejection *rejection);

/* `text` is the canonical text of the event; `line` what it was read from. */
static void on_event(struct check *check, int element, struct slice line, struct slice text, const struct event *event) {
    if (!event->test && exclusions_hold(check->ranges, check->range_count, check->offset, event->source)) {
        on_refused(check, element, line, &(struct rejection){.reason = REASON_WITHDRAWN, .field = ""});
        return;
    }
    check->events++;
    check->tests += event->test ? 1 : 0;
    if (check->canonical) {
        (void)fwrite(text.data, 1, text.length, stdout);
        (void)fputc('\n', stdout);
    } else if (!check->refused_only) {
        show_event(check, element, text, event);
    }
}

static void on_ignored(struct check *check, int element) {
    check->ignored++;
    if (check->canonical) {
        (void)printf("{\"line\":%lld,\"ignored\":true}\n", (long long)check->line);
    } else if (!check->refused_only) {
        show_number(check, element);
        (void)printf("ignored\n");
    }
}

static void on_refused(struct check *check, int element, struct slice line, const struct rejection *rejection) {
    check->refused++;
    check->reasons[rejection->reason]++;
    if (!check->canonical) {
        show_refused(check, element, line, rejection);
        return;
    }
    (void)printf("{\"line\":%lld,\"refused\":\"%s\"", (long long)check->line, reason_name(rejection->reason));
    if (rejection->field[0] != '\0') (void)printf(",\"field\":\"%s\"", rejection->field);
    if (!of_the_text(rejection->reason)) (void)printf(",\"byte\":%u", rejection->byte);
    (void)printf("}\n");
}

static void on_bug(struct check *check, const char *what) {
    check->bugs++;
    (void)fprintf(stderr, "nhip check: line %lld: %s; please report this record as a bug of nhip\n", (long long)check->line,
                  what);
}

static bool same_event(const struct event *a, const struct event *b) {
    return a->kind == b->kind && a->event_print == b->event_print && a->entity_print == b->entity_print &&
           a->payload_print == b->payload_print && a->person_print == b->person_print && a->account_print == b->account_print &&
           a->group_print == b->group_print && a->amount_minor == b->amount_minor && a->event_time_ms == b->event_time_ms &&
           a->test == b->test;
}

static void check_canonical(struct check *check, struct slice line) {
    struct event event;
    struct event second;
    struct rejection rejection;
    struct rejection other;
    bool fine = decode(check->decoder, line, &event, &rejection);
    bool agreed = fine == decode_reference(check->decoder, line, &second, &other);
    if (agreed && fine) agreed = same_event(&event, &second);
    if (agreed && !fine) agreed = rejection.reason == other.reason;
    if (!agreed) on_bug(check, "the two decoders disagree");
    if (fine) {
        on_event(check, -1, line, line, &event);
    } else {
        on_refused(check, -1, line, &rejection);
    }
}

static void check_mapped(struct check *check, struct slice line) {
    const struct record record = {.value = line};
    bool last = false;
    mapping_begin(check->cursor, check->mapping, &record, check->topic, NULL);
    for (int element = 0; !last; element++) {
        struct event event;
        struct event again;
        struct rejection rejection;
        enum mapped mapped = mapping_next(check->cursor, &event, &rejection, &last);
        int number = element == 0 && last ? -1 : element;
        if (mapped == MAPPED_EVENT) {
            struct slice text = {check->text, mapping_text(check->cursor, check->text, TEXT_BYTES)};
            bool same = decode(check->decoder, text, &again, &rejection) && same_event(&event, &again);
            if (!same) on_bug(check, "the canonical text does not decode to the mapped event");
            on_event(check, number, line, text, &event);
        } else if (mapped == MAPPED_IGNORED) {
            on_ignored(check, number);
        } else {
            on_refused(check, number, line, &rejection);
        }
    }
}

static void check_line(struct check *check, struct slice line) {
    check->line++;
    if (slice_equal(line, SLICE("null"))) {
        on_ignored(check, -1); /* a tombstone */
    } else if (check->mapping != NULL) {
        check_mapped(check, line);
    } else {
        check_canonical(check, line);
    }
}

/* ---- reading ---- */

/* Of a line that is longer than a message may be, LINE_BYTES bytes are kept: enough to be refused as too_large. */
static bool read_lines(struct check *check, FILE *file, const char *path, struct fault *fault) {
    char *line = malloc(LINE_BYTES);
    if (line == NULL) return fault_set(fault, STOP_MEMORY, false, "out of memory");
    size_t length = 0;
    bool begun = false;
    int byte;
    int64_t next = 0;
    while ((byte = getc_unlocked(file)) != EOF) {
        begun = true;
        next++;
        if (byte != '\n') {
            if (length < LINE_BYTES) line[length++] = (char)byte;
            continue;
        }
        check_line(check, (struct slice){line, length});
        if (ferror(stdout) != 0) break; /* whoever reads us has seen enough */
        length = 0;
        begun = false;
        check->offset = next;
    }
    if (begun && ferror(stdout) == 0) check_line(check, (struct slice){line, length});
    free(line);
    if (ferror(file) != 0) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: %s", path, strerror(errno));
    return true;
}

static void print_counts(const struct check *check) {
    FILE *file = check->canonical ? stderr : stdout;
    (void)fprintf(file, "%lld lines: %lld events, %lld ignored, %lld refused", (long long)check->line, (long long)check->events,
                  (long long)check->ignored, (long long)check->refused);
    const char *separator = " (";
    for (int i = 1; i < REASON_COUNT; i++) {
        if (check->reasons[i] == 0) continue;
        (void)fprintf(file, "%s%s %lld", separator, reason_name((enum reason)i), (long long)check->reasons[i]);
        separator = ", ";
    }
    (void)fprintf(file, "%s\n", check->refused > 0 ? ")" : "");
    if (check->tests > 0) (void)fprintf(file, "%lld of the events are tests and not counted\n", (long long)check->tests);
}

/* The mapping's `event` object as text, to quote rules from. */
static bool read_rules(struct check *check, struct fault *fault) {
    FILE *file = fopen(check->mapping_path, "rb");
    if (file == NULL) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: %s", check->mapping_path, strerror(errno));
    check->mapping_text = malloc(FILE_BYTES_MAX);
    size_t length = check->mapping_text != NULL ? fread(check->mapping_text, 1, FILE_BYTES_MAX, file) : 0;
    (void)fclose(file);
    if (check->mapping_text == NULL) return fault_set(fault, STOP_MEMORY, false, "out of memory");
    if (!json_peek((struct slice){check->mapping_text, length}, "event", &check->rules)) check->rules = SLICE("");
    return true;
}

static bool open_mapping(struct check *check, struct fault *fault) {
    if (check->mapping_path == NULL) return true;
    check->mapping = mapping_create(check->mapping_path, check->decoder, fault);
    if (check->mapping == NULL || !read_rules(check, fault)) return false;
    check->cursor = mapping_cursor_create();
    check->text = malloc(TEXT_BYTES);
    if (check->cursor == NULL || check->text == NULL) return fault_set(fault, STOP_MEMORY, false, "out of memory");
    if (mapping_needs_headers(check->mapping))
        (void)fprintf(stderr, "nhip check: %s looks at headers, key or time of records; a file has none, so they are absent\n",
                      check->mapping_path);
    return true;
}

static bool run(struct check *check, struct config *config, const char *path, struct fault *fault) {
    const struct settings *settings = config_settings(config);
    const struct decoder_options options = {.secret_key = config_secret_key(config),
                                            .reporting_currency = settings->reporting_currency,
                                            .reporting_country = settings->reporting_country,
                                            .amount_max = settings->amount_max};
    char topic[250];
    int32_t partition;
    source_file_name(path, topic, &partition);
    if (check->topic == NULL) check->topic = topic;
    check->decoder = decoder_create(&options, fault);
    if (check->decoder == NULL || !open_mapping(check, fault)) return false;
    check->exclusions = exclusions_create(settings->exclusions_file, fault);
    if (check->exclusions == NULL) return false;
    check->ranges = exclusions_of(check->exclusions, check->topic, partition, &check->range_count);
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: %s", path, strerror(errno));
    bool fine = read_lines(check, file, path, fault);
    if (file != stdin) (void)fclose(file);
    if (fine) print_counts(check);
    return fine;
}

/* ---- expected sources ---- */

static void show_days(const struct expectation *row) {
    char first[11] = "", last[11] = "";
    if (row->first != INT32_MIN) iso_date_format(row->first, first);
    if (row->last != INT32_MAX) iso_date_format(row->last, last);
    if (first[0] != '\0') (void)printf("  from %s", first);
    if (last[0] != '\0') (void)printf("  until %s", last);
}

static bool show_sources(const char *path, struct fault *fault) {
    struct expected *expected;
    if (!expected_open(&expected, path, fault)) return false;
    if (expected == NULL) return fault_set(fault, STOP_USAGE, false, "--sources: found no file, accepted is a path");
    for (size_t i = 0; i < expected->count; i++) {
        const struct expectation *row = &expected->items[i];
        (void)printf("%-5lld  %s ", (long long)row->line, row->source);
        for (int family = FAMILY_NONE + 1; family < FAMILY_COUNT; family++) {
            if ((row->families >> family & 1) != 0) (void)printf(" %s", feed_name((enum family)family));
        }
        show_days(row);
        (void)printf(row->every_days == 1 ? "  every day\n" : "  every %d days\n", (int)row->every_days);
    }
    (void)printf("%zu rows, SHA-256 %s\n", expected->count, expected->sha256);
    expected_close(expected);
    return true;
}

static bool check_what(struct check *check, const struct command *command, struct fault *fault) {
    if (check->sources_path != NULL) {
        if (command->argument_count == 0 && check->mapping_path == NULL) return show_sources(check->sources_path, fault);
        return fault_set(fault, STOP_USAGE, false, "--sources reads no other file; see `nhip check --help`");
    }
    if (command->argument_count == 1 && !(check->canonical && check->refused_only))
        return run(check, command->config, command->arguments[0], fault);
    return fault_set(fault, STOP_USAGE, false, "%s; see `nhip check --help`",
                     command->argument_count == 1 ? "--canonical and --refused exclude each other"
                                                  : "exactly one file is read (- is standard input)");
}

int cmd_check(int argc, char **argv) {
    struct check check = {.columns = excerpt_columns(stdout)};
    const struct command_options how = {
        .name = "check", .usage = usage, .options = long_options, .option = on_option, .context = &check};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    bool fine = check_what(&check, &command, &fault);
    mapping_cursor_destroy(check.cursor);
    mapping_destroy(check.mapping);
    exclusions_destroy(check.exclusions);
    decoder_destroy(check.decoder);
    free(check.mapping_text);
    free(check.text);
    int code = command_end(&command, fine, &fault);
    return code != 0 ? code : check.refused > 0 || check.bugs > 0;
}
