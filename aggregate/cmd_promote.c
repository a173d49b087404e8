/* `nhip promote`: which namespace readers take, and whether another one may take its place. */
#include "aggregate/commands.h"

#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/store/current.h"
#include "check.h"

static const char usage[] =
    "usage: nhip promote [N | --back] [--max-lag RECORDS] [--config FILE] [--set key=value]...\n"
    "\n"
    "Without N: shows the current namespace and what was promoted when. With N: makes it the current one, at\n"
    "one moment, for everything that reads and names no namespace: snapshot, inspect, backup, and the windows\n"
    "nhip:rolling:*. Workers are not told: each counts into the namespace that its settings name.\n"
    "\n"
    "A changed definition goes live so:\n"
    "  nhip run --config new.conf --namespace N2     beside the running one, until it has caught up\n"
    "  nhip promote N2                               refused while N2 lags behind\n"
    "  nhip promote --back                           as long as the former is still being counted\n"
    "\n"
    "  --back             the namespace that was current before\n"
    "  --max-lag RECORDS  how far each partition of N may lie behind the current one's (10000)\n"
    "\n"
    "Examples:\n"
    "  nhip promote --config nhip.conf\n"
    "  nhip promote nhip-2022 --max-lag 100 --config nhip.conf\n"
    "\n"
    "Exit codes: 0 promoted or shown, 1 Redis failed, 2 usage, 3 refused (the table says why).\n";

enum { LAG_MAX_INITIAL = 10000 };

struct request {
    bool back;
    const char *lag_text;
    int64_t lag_max;
};

struct side {
    struct standing *list;
    size_t count;
};

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 'b') request->back = true;
    if (value == 'l') request->lag_text = argument;
    return true;
}

static void tell_promotion(void *context, int64_t number, struct slice text) {
    (void)context;
    (void)printf("%4lld  %.*s\n", (long long)number, (int)text.length, text.data);
}

static bool show(const struct store_options *store, struct fault *fault) {
    struct current current;
    if (!current_read(store, &current, fault)) return false;
    (void)printf("current namespace: %s%s%s\n", current.name_space, current.promoted ? ", since " : " (nothing was promoted yet)",
                 current.promoted ? current.since : "");
    return current_history(store, tell_promotion, NULL, fault);
}

static const struct standing *find(const struct side *side, struct source_partition who) {
    for (size_t i = 0; i < side->count; i++) {
        if (side->list[i].who.partition == who.partition && strcmp(side->list[i].who.topic, who.topic) == 0)
            return &side->list[i];
    }
    return NULL;
}

/* What is said of one row; "ok" when nothing stands against it. */
static const char *verdict_of(const struct standing *now, const struct standing *then, int64_t lag_max) {
    if (then == NULL || then->next < 0) return "missing";
    if (strcmp(now->cluster, then->cluster) != 0) return "another Kafka cluster";
    return now->next - then->next > lag_max ? "too far behind" : "ok";
}

/* The table; returns how many rows stand against it. */
static size_t compare(const struct side *now, const struct side *then, int64_t lag_max) {
    size_t against = 0;
    (void)printf("%-24s %4s %14s %14s %12s\n", "topic", "part", "current", "candidate", "lag");
    for (size_t i = 0; i < now->count; i++) {
        const struct standing *row = &now->list[i];
        const struct standing *other = find(then, row->who);
        if (row->next < 0) continue; /* claimed only */
        const char *verdict = verdict_of(row, other, lag_max);
        against += strcmp(verdict, "ok") != 0;
        int64_t next = other != NULL ? other->next : -1;
        (void)printf("%-24s %4d %14lld %14lld %12lld  %s\n", row->who.topic, row->who.partition, (long long)row->next,
                     (long long)next, (long long)(row->next - (next < 0 ? 0 : next)), verdict);
    }
    return against;
}

static void put_offsets(struct resp *note, const char *name, const struct side *side) {
    char digits[DECIMAL_BYTES_MAX];
    resp_append(note, slice_of(name));
    for (size_t i = 0; i < side->count; i++) {
        const struct standing *row = &side->list[i];
        if (row->next < 0) continue;
        resp_append(note, SLICE(" "));
        resp_append(note, slice_of(row->who.topic));
        resp_append(note, SLICE("/"));
        resp_append(note, decimal_text(row->who.partition, digits));
        resp_append(note, SLICE("="));
        resp_append(note, decimal_text(row->next, digits));
    }
}

static bool flip(const struct store_options *store, const struct current *current, const char *name_space,
                 const struct side *now, const struct side *then, struct fault *fault) {
    struct resp note = {0};
    put_offsets(&note, "from", now);
    put_offsets(&note, "; to", then);
    resp_append(&note, (struct slice){"", 1}); /* a C string */
    bool fine = current_flip(store, current, name_space, note.data, fault);
    resp_free(&note);
    if (fine) (void)printf("current namespace: %s (before: %s)\n", name_space, current->name_space);
    return fine;
}

static bool promote(const struct request *request, const struct store_options *store, const char *wanted, struct fault *fault) {
    struct current current;
    struct side now = {.list = NULL};
    struct side then = {.list = NULL};
    if (!current_read(store, &current, fault)) return false;
    const char *name_space = request->back ? current.previous : wanted;
    if (name_space[0] == '\0')
        return fault_set(fault, STOP_PROMOTE_NOTHING, false,
                         "--back: nothing was promoted before, so there is nothing to go back to");
    if (strcmp(name_space, current.name_space) == 0)
        return fault_set(fault, STOP_PROMOTE_NOTHING, false, "%s is the current namespace already", name_space);
    /* The candidate first: what the current one gains meanwhile counts against it. */
    bool fine = standings_read(store, name_space, &then.list, &then.count, fault) &&
                standings_read(store, current.name_space, &now.list, &now.count, fault);
    if (fine && then.count == 0) {
        fine = fault_set(fault, STOP_PROMOTE_NOTHING, false,
                         "namespace %s holds nothing: fill it with nhip run --namespace %s first", name_space, name_space);
    }
    size_t against = fine ? compare(&now, &then, request->lag_max) : 0;
    if (against > 0) {
        fine = fault_set(fault, STOP_PROMOTE_LAG, false,
                         "%zu partitions of %s are not where those of %s are (--max-lag %lld): let nhip run --namespace %s catch "
                         "up, or allow more",
                         against, name_space, current.name_space, (long long)request->lag_max, name_space);
    }
    fine = fine && flip(store, &current, name_space, &now, &then, fault);
    free(now.list);
    free(then.list);
    return fine;
}

static bool check_arguments(struct request *request, const struct command *command, struct fault *fault) {
    if (command->argument_count > 1 || (request->back && command->argument_count > 0))
        return fault_set(fault, STOP_USAGE, false, "one namespace, or --back, is expected (see nhip promote --help)");
    if (request->lag_text == NULL || (decimal_read(slice_of(request->lag_text), &request->lag_max) && request->lag_max >= 0))
        return true;
    return fault_set(fault, STOP_USAGE, false, "--max-lag: found \"%.40s\", accepted is a number of records",
                     request->lag_text);
}

int cmd_promote(int argc, char **argv) {
    static const struct option options[] = {
        {"back", no_argument, NULL, 'b'}, {"max-lag", required_argument, NULL, 'l'}, {0}};
    struct request request = {.lag_max = LAG_MAX_INITIAL};
    const struct command_options how = {
        .name = "promote", .usage = usage, .options = options, .option = on_option, .context = &request};
    struct command command;
    struct setup setup;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    bool fine = check_arguments(&request, &command, &fault) && setup_create(&setup, command.config, &fault);
    if (fine) {
        bool shows = command.argument_count == 0 && !request.back;
        const char *wanted = command.argument_count > 0 ? command.arguments[0] : "";
        fine = shows ? show(&setup.store, &fault) : promote(&request, &setup.store, wanted, &fault);
        setup_destroy(&setup);
    }
    return command_end(&command, fine, &fault);
}
