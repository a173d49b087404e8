/* `nhip inspect`: what is in the state, read as one true prefix. Without options a table of partitions with offsets
 * and conservation counts; `--state` prints every authoritative key and value, sorted, so that two states can be
 * compared with diff. */
#include "aggregate/commands.h"

#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/store/reader.h"

#include <unistd.h>

static const char usage[] =
    "usage: nhip inspect [--config FILE] [--set key=value]... [--state | --json | --offsets]\n"
    "\n"
    "Shows the state in Redis: offset, conservation counts and watermark of each partition.\n"
    "\n"
    "  --json      the same as one JSON object (counts by reason, totals)\n"
    "  --offsets   the offset vector, as `nhip run --until` takes it\n"
    "  --state     every authoritative key, field and value, one line each, sorted\n"
    "\n"
    "Example:\n"
    "  nhip inspect --set redis.address=127.0.0.1:6379 --set namespace=nhip\n";

struct view {
    int what;
    int64_t partitions;
    struct counts total;
};

static bool on_option(void *context, int value, const char *argument) {
    (void)argument;
    ((struct view *)context)->what = value;
    return true;
}

static void print_counts_json(const struct counts *counts) {
    (void)printf("\"delivered\":%lld,\"applied\":%lld,\"duplicate\":%lld,\"quarantined\":%lld,\"rejected\":%lld,\"ignored\":%lld,"
                 "\"conflict\":%lld,\"late\":%lld,\"unresolved\":%lld,\"unconverted\":%lld,\"open_unknown\":%lld",
                 (long long)counts->delivered, (long long)counts->applied, (long long)counts->duplicate,
                 (long long)counts->quarantined, (long long)counts->rejected, (long long)counts->ignored,
                 (long long)counts->conflict, (long long)counts->late, (long long)counts->unresolved,
                 (long long)counts->unconverted, (long long)counts->open_unknown);
    for (int i = 1; i < REASON_COUNT; i++) {
        if (counts->reasons[i] != 0)
            (void)printf(",\"reason.%s\":%lld", reason_name((enum reason)i), (long long)counts->reasons[i]);
    }
}

static void add_counts(struct counts *total, const struct counts *counts) {
    const int64_t *from = (const int64_t *)(const void *)counts;
    int64_t *to = (int64_t *)(void *)total;
    for (size_t i = 0; i < sizeof(*total) / sizeof(*to); i++) to[i] += from[i];
}

static void print_row(const struct view *view, struct source_partition who, const struct progress *progress) {
    char watermark[25] = "-";
    if (progress->watermark_ms != INT64_MIN) rfc3339_format(progress->watermark_ms, watermark);
    const struct counts *counts = &progress->counts;
    if (view->what == 'o') {
        (void)printf("%s%s/%d=%lld", view->partitions > 1 ? "," : "", who.topic, who.partition, (long long)progress->next);
    } else if (view->what == 'j') {
        (void)printf("%s{\"topic\":\"%s\",\"partition\":%d,\"next\":%lld,\"watermark\":\"%s\",", view->partitions > 1 ? "," : "",
                     who.topic, who.partition, (long long)progress->next, watermark);
        print_counts_json(counts);
        (void)printf("}");
    } else {
        (void)printf("%-20s %4d %12lld %10lld %10lld %9lld %8lld %8lld %7lld  %s\n", who.topic, who.partition,
                     (long long)progress->next, (long long)counts->delivered, (long long)counts->applied,
                     (long long)counts->duplicate, (long long)counts->quarantined, (long long)counts->rejected,
                     (long long)counts->ignored, watermark);
    }
}

static bool on_partition(void *context, struct source_partition who, const struct progress *progress,
                         const char *configuration_hash, const char *cluster_id, struct fault *fault) {
    (void)configuration_hash;
    (void)cluster_id;
    (void)fault;
    struct view *view = context;
    view->partitions++;
    add_counts(&view->total, &progress->counts);
    print_row(view, who, progress);
    return true;
}

static bool on_field(void *context, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    (void)context;
    (void)id;
    (void)field;
    (void)value;
    (void)fault;
    return true;
}

static bool inspect(struct command *command, struct view *view, struct fault *fault) {
    struct setup setup;
    if (!setup_create(&setup, command->config, fault)) return false;
    bool fine = false;
    if (view->what == 's') {
        fine = reader_dump(&setup.store, STDOUT_FILENO, fault);
    } else {
        const struct reader_sink sink = {.partition = on_partition, .field = on_field, .context = view};
        if (view->what == 'j') (void)printf("{\"partitions\":[");
        if (view->what == 0) {
            (void)printf("%-20s %4s %12s %10s %10s %9s %8s %8s %7s  %s\n", "topic", "part", "next", "delivered", "applied",
                         "duplicate", "quarant.", "rejected", "ignored", "watermark");
        }
        fine = reader_read(&setup.store, &sink, fault);
        if (view->what == 'j') {
            (void)printf("],\"total\":{");
            print_counts_json(&view->total);
            (void)printf("}}");
        }
        if (view->what != 0) (void)printf("\n");
    }
    setup_destroy(&setup);
    return fine;
}

int cmd_inspect(int argc, char **argv) {
    static const struct option options[] = {
        {"state", no_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'}, {"offsets", no_argument, NULL, 'o'}, {0}};
    struct view view = {.what = 0};
    const struct command_options how = {
        .name = "inspect", .usage = usage, .options = options, .option = on_option, .context = &view};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    return command_end(&command, inspect(&command, &view, &fault), &fault);
}
