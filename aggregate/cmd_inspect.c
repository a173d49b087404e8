/* `nhip inspect`: what is in the state, read as one true prefix. Without options a table of partitions with offsets
 * and conservation counts; `--state` prints every authoritative key and value, sorted, so that two states can be
 * compared with diff. Lag is not in the state: `--lag` asks Kafka for it. */
#include "aggregate/commands.h"

#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/counter.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/store/reader.h"
#include "check.h"
#include "ingest/kafka_ends.h"

#include <unistd.h>

enum { KAFKA_MS = 5000 };

static const char usage[] =
    "usage: nhip inspect [--config FILE] [--set key=value]... [--lag]\n"
    "                    [--claims | --state | --json | --offsets | --counter NAME]\n"
    "\n"
    "Shows the state in Redis: offset, conservation counts and watermark of each partition. Without the\n"
    "setting `namespace`: that of the current namespace (nhip promote).\n"
    "\n"
    "  --lag            asks Kafka where the logs end, and says how far the state is behind\n"
    "  --claims         who has each partition: epoch, owner, last commit\n"
    "  --json           counts (by reason too), claims, totals as one JSON object\n"
    "  --offsets        the offset vector, as `nhip run --until` takes it\n"
    "  --counter NAME   one number, of all partitions together: delivered, applied, ... reason.not_json; lag;\n"
    "                   or a field of a rolling window: 1h:ORDER|SHOPEE|_Z|_Z|CREATED\n"
    "  --state          every authoritative key, field and value, one line each, sorted\n"
    "\n"
    "Examples:\n"
    "  nhip inspect --config nhip.conf\n"
    "  nhip inspect --set redis.address=127.0.0.1:6379 --set namespace=nhip --json\n"
    "  nhip inspect --config nhip.conf --offsets >offsets && nhip run --config nhip.conf --until \"$(cat offsets)\"\n"
    "  nhip inspect --config nhip.conf --claims --lag\n"
    "  nhip inspect --config nhip.conf --counter reason.not_json\n"
    "\n"
    "Exit codes: 0 shown, 1 Redis failed, 2 usage or settings, 3 the state cannot be read.\n";

struct view {
    int what;
    bool wants_lag;
    const char *counter;
    struct kafka_ends *ends; /* null: lag is not asked for */
    int64_t log_end, lag;    /* of the partition at hand; -1: not known */
    int64_t lag_total;
    int64_t partitions;
    struct counts total;
    struct reader_claim claim;        /* of the partition at hand */
    int64_t replayed_total; /* of all */
    int64_t lost_total;               /* offsets that were given up */
};

static bool on_option(void *context, int value, const char *argument) {
    struct view *view = context;
    if (value == 'l') {
        view->wants_lag = true;
        return true;
    }
    view->what = value;
    view->counter = argument;
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

static void print_gaps(struct source_partition who, const struct progress *progress) {
    for (int64_t i = 0; i < progress->gap_count; i++) {
        const struct gap *gap = &progress->gaps[i];
        char since[25] = "-", until[25] = "-";
        if (gap->since_ms != INT64_MIN) rfc3339_format(gap->since_ms, since);
        if (gap->until_ms != INT64_MAX) rfc3339_format(gap->until_ms, until);
        (void)printf("  gap of %s/%d: offsets %lld to %lld were not counted (%lld), the window began anew; %s to %s\n", who.topic,
                     who.partition, (long long)gap->from, (long long)gap->to, (long long)(gap->to - gap->from), since, until);
    }
}

/* What the claim says, and Kafka when it was asked. The slices of the reader are letters, digits and a few signs. */
static void print_claim_json(const struct view *view) {
    char committed[25] = "";
    if (view->claim.commit_ms > 0) rfc3339_format(view->claim.commit_ms, committed);
    (void)printf("\"epoch\":%lld,\"owner\":\"%s\",\"instance\":\"%s\",\"committed\":\"%s\",\"end\":%s,",
                 (long long)view->claim.epoch, view->claim.owner, view->claim.instance, committed,
                 view->claim.end ? "true" : "false");
    if (view->ends == NULL) return;
    if (view->lag < 0)
        (void)printf("\"log_end\":null,\"lag\":null,");
    else
        (void)printf("\"log_end\":%lld,\"lag\":%lld,", (long long)view->log_end, (long long)view->lag);
}

static void print_json(const struct view *view, struct source_partition who, const struct progress *progress,
                       const char *watermark) {
    (void)printf("%s{\"topic\":\"%s\",\"partition\":%d,\"next\":%lld,\"watermark\":\"%s\",\"replayed\":%lld,\"lost\":%lld,"
                 "\"gaps\":%lld,",
                 view->partitions > 1 ? "," : "", who.topic, who.partition, (long long)progress->next, watermark,
                 (long long)view->claim.replayed, (long long)progress_lost(progress), (long long)progress->gap_count);
    print_claim_json(view);
    print_counts_json(&progress->counts);
    (void)printf("}");
}

static void print_lag(const struct view *view) {
    if (view->ends == NULL) return;
    if (view->lag < 0)
        (void)printf(" %12s", "-");
    else
        (void)printf(" %12lld", (long long)view->lag);
}

static void print_table_row(const struct view *view, struct source_partition who, const struct progress *progress,
                            const char *watermark) {
    const struct counts *counts = &progress->counts;
    (void)printf("%-20s %4d %12lld", who.topic, who.partition, (long long)progress->next);
    print_lag(view);
    (void)printf(" %10lld %10lld %9lld %8lld %8lld %7lld  %s\n", (long long)counts->delivered, (long long)counts->applied,
                 (long long)counts->duplicate, (long long)counts->quarantined, (long long)counts->rejected,
                 (long long)counts->ignored, watermark);
    print_gaps(who, progress);
}

static void print_claim(const struct view *view, struct source_partition who, const struct progress *progress) {
    char committed[25] = "-";
    if (view->claim.commit_ms > 0) rfc3339_format(view->claim.commit_ms, committed);
    (void)printf("%-20s %4d %12lld", who.topic, who.partition, (long long)progress->next);
    print_lag(view);
    (void)printf(" %7lld  %-16s  %-24s  %3s  %s\n", (long long)view->claim.epoch,
                 view->claim.owner[0] != '\0' ? view->claim.owner : "(nobody)", committed, view->claim.end ? "yes" : "no",
                 view->claim.instance);
}

static void print_row(const struct view *view, struct source_partition who, const struct progress *progress) {
    char watermark[25] = "-";
    if (progress->watermark_ms != INT64_MIN) rfc3339_format(progress->watermark_ms, watermark);
    switch (view->what) {
    case 'o':
        (void)printf("%s%s/%d=%lld", view->partitions > 1 ? "," : "", who.topic, who.partition, (long long)progress->next);
        break;
    case 'j': print_json(view, who, progress, watermark); break;
    case 'c': print_claim(view, who, progress); break;
    case 'n': break; /* one number at the end */
    default: print_table_row(view, who, progress, watermark);
    }
}

static void on_claim(void *context, struct source_partition who, const struct reader_claim *claim) {
    struct view *view = context;
    (void)who;
    view->claim = *claim;
    view->replayed_total += claim->replayed;
}

static void ask_lag(struct view *view, struct source_partition who, const struct progress *progress) {
    int64_t next = progress->next > 0 ? progress->next : 0; /* below: nothing was committed yet */
    view->lag = -1;
    if (view->ends == NULL || !kafka_ends_ask(view->ends, &who, 1, KAFKA_MS, &view->log_end) || view->log_end < 0) return;
    view->lag = view->log_end > next ? view->log_end - next : 0;
    view->lag_total += view->lag;
}

static bool on_partition(void *context, struct source_partition who, const struct progress *progress,
                         const char *configuration_hash, const char *cluster_id, struct fault *fault) {
    (void)configuration_hash;
    (void)cluster_id;
    (void)fault;
    struct view *view = context;
    view->partitions++;
    counts_add(&view->total, &progress->counts, 1);
    view->lost_total += progress_lost(progress);
    ask_lag(view, who, progress);
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

static void print_begin(const struct view *view) {
    if (view->what == 'j') (void)printf("{\"partitions\":[");
    if (view->what != 0 && view->what != 'c') return;
    (void)printf("%-20s %4s %12s", "topic", "part", "next");
    if (view->ends != NULL) (void)printf(" %12s", "lag");
    if (view->what == 'c')
        (void)printf(" %7s  %-16s  %-24s  %3s  %s\n", "epoch", "owner", "committed", "end", "instance");
    else
        (void)printf(" %10s %10s %9s %8s %8s %7s  %s\n", "delivered", "applied", "duplicate", "quarant.", "rejected", "ignored",
                     "watermark");
}

static void print_end(const struct view *view) {
    if (view->what == 'j') {
        (void)printf("],\"total\":{\"replayed\":%lld,\"lost\":%lld,", (long long)view->replayed_total,
                     (long long)view->lost_total);
        if (view->ends != NULL) (void)printf("\"lag\":%lld,", (long long)view->lag_total);
        print_counts_json(&view->total);
        (void)printf("}}");
    }
    if (view->what == 0 && view->replayed_total > 0)
        (void)printf("replayed: %lld offsets were read again, because Redis went back\n", (long long)view->replayed_total);
    if (view->what == 'j' || view->what == 'o') (void)printf("\n");
}

static bool read_state(const struct setup *setup, struct view *view, struct fault *fault) {
    const struct reader_sink sink = {.partition = on_partition, .field = on_field, .context = view, .claim = on_claim};
    size_t count = 0;
    const struct kafka_property *kafka = config_kafka(setup->config, &count);
    if (view->wants_lag) view->ends = kafka_ends_open(kafka, count, fault);
    if (view->wants_lag && view->ends == NULL) return false;
    print_begin(view);
    bool fine = reader_read(&setup->store, &sink, fault);
    print_end(view);
    kafka_ends_close(view->ends);
    return fine;
}

static bool show_counter(const struct setup *setup, struct view *view, struct fault *fault) {
    const char *name = view->counter;
    char text[COUNTER_TEXT_BYTES];
    if (counter_is_rolling(name)) {
        if (!counter_rolling(&setup->store, name, text, fault)) return false;
    } else {
        if (!counter_known(name, fault)) return false;
        view->wants_lag = strcmp(name, "lag") == 0;
        if (!read_state(setup, view, fault)) return false;
        const struct counter_totals totals = {&view->total, view->partitions, view->replayed_total, view->lost_total,
                                              view->lag_total};
        counter_text(name, &totals, text);
    }
    (void)printf("%s\n", text);
    return true;
}

static bool inspect(struct command *command, struct view *view, struct fault *fault) {
    struct setup setup;
    if (!setup_create(&setup, command->config, fault)) return false;
    bool fine = setup_follow(&setup, fault);
    if (fine && view->what == 's')
        fine = reader_dump(&setup.store, STDOUT_FILENO, fault);
    else if (fine)
        fine = view->what == 'n' ? show_counter(&setup, view, fault) : read_state(&setup, view, fault);
    setup_destroy(&setup);
    return fine;
}

int cmd_inspect(int argc, char **argv) {
    static const struct option options[] = {{"state", no_argument, NULL, 's'},   {"json", no_argument, NULL, 'j'},
                                            {"offsets", no_argument, NULL, 'o'}, {"claims", no_argument, NULL, 'c'},
                                            {"lag", no_argument, NULL, 'l'},     {"counter", required_argument, NULL, 'n'},
                                            {0}};
    struct view view = {.what = 0};
    const struct command_options how = {
        .name = "inspect", .usage = usage, .options = options, .option = on_option, .context = &view};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    return command_end(&command, inspect(&command, &view, &fault), &fault);
}
