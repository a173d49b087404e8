/* `nhip registry import FILE.csv`: the register goes into the registry topic (or, with --output, into an NDJSON file).
 *
 * All or nothing: rows are read and checked first, every refusal is printed as FILE:LINE: column: what was found, what
 * is accepted, and only when there is none (or --skip-refused says so) is anything sent. What was read is kept in
 * memory until then - a register of a million units is some 400 MB, and importing one is rare - which also lets the
 * rows be sent in the order of `recorded_at`, as a register that had been written to the topic all along would stand
 * there; rows of one instant keep the order of the file.
 *
 * A row that was sent before is harmless: its event id is the same, and the aggregator counts it as a duplicate - as
 * long as it is within the window; a later import is another version of the same content. The topic must keep
 * everything; --create-topic makes it so. */
#include "aggregate/commands.h"
#include "aggregate/runtime/command.h"
#include "ingest/producer.h"
#include "ingest/registry_csv.h"

#include <inttypes.h>

enum { OPTION_TOPIC = 1, OPTION_OUTPUT, OPTION_SKIP_REFUSED, OPTION_SKIP_UNKNOWN, OPTION_CREATE };
enum { FLUSH_MS = 60000, TOPIC_MS = 30000 };

static const char usage[] =
    "usage: nhip registry import FILE.csv [options]\n"
    "\n"
    "Sends one `unit.registered` message for each row of FILE.csv to the registry topic, in the order of\n"
    "recorded_at; key = merchant_id, timestamp = recorded_at. The first line of FILE.csv names the\n"
    "columns (schemas/README.md, section 3). Nothing is sent when a row is refused; refusals are printed\n"
    "as FILE:LINE: column: what was found, what is accepted.\n"
    "\n"
    "  --topic NAME            registry topic (default: registry)\n"
    "  --output FILE           write NDJSON to FILE (- = standard output) instead of Kafka\n"
    "  --skip-refused          send the other rows although some are refused\n"
    "  --skip-unknown-columns  leave columns aside that nhip does not know\n"
    "  --create-topic N        create the topic with N partitions and unlimited retention if it does not\n"
    "                          exist\n"
    "  --config FILE           settings; `kafka.*` says how to reach Kafka\n"
    "  --set KEY=VALUE         one setting, for example --set kafka.bootstrap.servers=localhost:9092\n"
    "  --help                  this text\n"
    "\n"
    "Examples:\n"
    "  nhip registry import units.csv --output - | head -n 3       # what would be sent\n"
    "  nhip registry import units.csv --set kafka.bootstrap.servers=localhost:9092 --create-topic 4\n"
    "\n"
    "Exit codes: 0 sent, 1 Kafka failed, 2 usage, settings or refused rows, 4 the file cannot be read or\n"
    "written.\n";

static const struct option long_options[] = {
    {"topic", required_argument, NULL, OPTION_TOPIC},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"skip-refused", no_argument, NULL, OPTION_SKIP_REFUSED},
    {"skip-unknown-columns", no_argument, NULL, OPTION_SKIP_UNKNOWN},
    {"create-topic", required_argument, NULL, OPTION_CREATE},
    {0},
};

struct unit_row {
    int64_t recorded_at_ms;
    int64_t line;
    char *bytes; /* key, then document */
    size_t key_length;
    size_t document_length;
};

struct registry_import {
    const char *path;
    const char *topic;
    const char *output;
    bool skip_refused;
    bool skip_unknown;
    int partitions; /* 0: do not create */
    struct unit_row *rows;
    size_t count;
    size_t capacity;
    size_t refused;
};

static bool on_option(void *context, int value, const char *argument) {
    struct registry_import *import = context;
    char *end = NULL;
    switch (value) {
    case OPTION_TOPIC:
        import->topic = argument;
        return true;
    case OPTION_OUTPUT:
        import->output = argument;
        return true;
    case OPTION_SKIP_REFUSED:
        import->skip_refused = true;
        return true;
    case OPTION_SKIP_UNKNOWN:
        import->skip_unknown = true;
        return true;
    case OPTION_CREATE:
        import->partitions = (int)strtol(argument, &end, 10);
        if (*argument != '\0' && *end == '\0' && import->partitions >= 1 && import->partitions <= 1024) return true;
        (void)fprintf(stderr, "nhip registry: --create-topic: found \"%s\", accepted is 1 to 1024\n", argument);
        return false;
    }
    return false;
}

static bool on_row(void *context, const struct registry_row *row, struct fault *fault) {
    struct registry_import *import = context;
    if (import->count == import->capacity) {
        size_t capacity = import->capacity == 0 ? 256 : import->capacity * 2;
        struct unit_row *grown = realloc(import->rows, capacity * sizeof(*grown));
        if (grown == NULL) return fault_set(fault, STOP_MEMORY, false, "%s: out of memory", import->path);
        import->rows = grown;
        import->capacity = capacity;
    }
    char *bytes = malloc(row->key.length + row->document.length);
    if (bytes == NULL) return fault_set(fault, STOP_MEMORY, false, "%s: out of memory", import->path);
    memcpy(bytes, row->key.data, row->key.length);
    memcpy(bytes + row->key.length, row->document.data, row->document.length);
    import->rows[import->count++] =
        (struct unit_row){row->recorded_at_ms, row->line, bytes, row->key.length, row->document.length};
    return true;
}

static void on_refused(void *context, const struct registry_refusal *refusal) {
    struct registry_import *import = context;
    import->refused++;
    (void)fprintf(stderr, "%s:%" PRId64 ": %s%s%s\n", import->path, refusal->line, refusal->column,
                  refusal->column[0] == '\0' ? "" : ": ", refusal->message);
}

static int compare_rows(const void *left, const void *right) {
    const struct unit_row *a = left;
    const struct unit_row *b = right;
    if (a->recorded_at_ms != b->recorded_at_ms) return a->recorded_at_ms < b->recorded_at_ms ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static struct producer *open_producer(const struct registry_import *import, const struct config *config, struct fault *fault) {
    if (import->output != NULL) return producer_file_create(import->output, fault);
    size_t count;
    const struct kafka_property *properties = config_kafka(config, &count);
    bool servers = false;
    for (size_t i = 0; i < count; i++) servers = servers || strcmp(properties[i].key, "bootstrap.servers") == 0;
    if (!servers) {
        (void)fault_set(fault, STOP_USAGE, false, "kafka.bootstrap.servers is not set (or write to a file with --output)");
        return NULL;
    }
    if (import->partitions > 0 &&
        !kafka_topic_create(properties, count, import->topic, import->partitions, TOPIC_MS, fault)) return NULL;
    return producer_kafka_create(properties, count, fault);
}

static bool send_rows(const struct registry_import *import, const struct config *config, struct fault *fault) {
    struct producer *producer = open_producer(import, config, fault);
    if (producer == NULL) return false;
    bool fine = true;
    for (size_t i = 0; fine && i < import->count; i++) {
        const struct unit_row *row = &import->rows[i];
        struct slice key = {row->bytes, row->key_length};
        struct slice document = {row->bytes + row->key_length, row->document_length};
        fine = producer_put(producer, import->topic, -1, key, document, row->recorded_at_ms, fault);
    }
    fine = fine && producer_flush(producer, FLUSH_MS, fault);
    producer_destroy(producer);
    return fine;
}

static bool import_file(struct registry_import *import, const struct config *config, struct fault *fault) {
    struct registry_handler handler = {import->skip_unknown, on_row, on_refused, import};
    if (!registry_csv_read(import->path, &handler, fault)) return false;
    if (import->refused > 0 && !import->skip_refused) {
        return fault_set(fault, STOP_CSV_ROWS, false,
                         "%s: %zu of %zu rows refused, nothing was sent (--skip-refused sends the others)", import->path,
                         import->refused, import->refused + import->count);
    }
    if (import->count > 0) qsort(import->rows, import->count, sizeof(*import->rows), compare_rows);
    if (!send_rows(import, config, fault)) return false;
    (void)fprintf(stderr, "nhip registry: %s: %zu rows sent to %s, %zu refused\n", import->path, import->count,
                  import->output != NULL ? import->output : import->topic, import->refused);
    return true;
}

int cmd_registry(int argc, char **argv) {
    struct registry_import import = {.topic = "registry"};
    const struct command_options options = {"registry", usage, long_options, on_option, &import};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &options, argc, argv)) return command.exit_code;
    bool fine = false;
    if (command.argument_count != 2 || strcmp(command.arguments[0], "import") != 0) {
        (void)fault_set(&fault, STOP_USAGE, false, "accepted is: nhip registry import FILE.csv (see nhip registry --help)");
    } else {
        import.path = command.arguments[1];
        fine = import_file(&import, command.config, &fault);
    }
    for (size_t i = 0; i < import.count; i++) free(import.rows[i].bytes);
    free(import.rows);
    return command_end(&command, fine, &fault);
}
