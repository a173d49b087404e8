/* The arithmetic of memory: see plan.h.
 *
 * A window is reserved when its partition is opened and touched as it fills; cells are bounded by cells.max. A second namespace
 * over the same log takes about as much of Redis as the first, since it holds as many cells: that is all one can say before
 * counting. */
#include "aggregate/runtime/plan.h"

#include "aggregate/store/current.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>

enum { CELL_BYTES = 80 }; /* a cache line (table.h), and its share of the index over it */
/* Measured by tests/bench/ledger.py on 24 million cells (schemas/vintages.md §6): of Redis, of a fold's file and of the ledger
 * that a snapshot holds, packed. */
enum { REDIS_CELL_BYTES = 26, PACKED_CELL_BYTES = 9 };
enum { MONTH_DAYS_MIN = 28, PERSON_BYTES = 3, ACCOUNT_MONTH_BYTES_MAX = 1 + (1 << HLL_ACCOUNT_REGISTERS_LOG2) };

/* Of so many days: the month in which retention begins and the one that has begun are both whole. */
static long long months_max(int64_t days) {
    return days / MONTH_DAYS_MIN + 2;
}

/* Sketches by account take accounts x months x bytes of Redis. How many accounts there are, and how many persons each has,
 * nobody knows before they are counted. */
static void tell_account_sketches(const struct setup *setup) {
    long long months = months_max(setup->rollup.retention_days);
    log_info("memory_plan_accounts",
             "months_max=%lld bytes_per_person_and_month=%d bytes_max_per_account_and_month=%d bytes_max_per_account=%lld",
             months, PERSON_BYTES, ACCOUNT_MONTH_BYTES_MAX, months * ACCOUNT_MONTH_BYTES_MAX);
}

/* The partitions that have state; -1 when Redis does not say. */
static int64_t filled(const struct setup *setup, const char *name_space) {
    struct standing *list = NULL;
    size_t count = 0;
    struct fault ignored;
    int64_t partitions = 0;
    if (!standings_read(&setup->store, name_space, &list, &count, &ignored)) return -1;
    for (size_t i = 0; i < count; i++)
        partitions += list[i].next >= 0;
    free(list);
    return partitions;
}

void plan_tell(const struct setup *setup) {
    struct current current;
    struct fault ignored;
    int64_t used = 0;
    int64_t max = 0;
    const char *name_space = setup->store.name_space;
    if (!current_read(&setup->store, &current, &ignored)) current = (struct current){.name_space = PUBLIC_NAME};
    struct rollup *rollup = rollup_create(&setup->rollup, &ignored);
    int64_t window_bytes = rollup != NULL ? (int64_t)rollup_bytes(rollup) : 0;
    rollup_destroy(rollup);
    if (!store_memory(&setup->store, &used, &max, &ignored)) return;
    int64_t ours = filled(setup, name_space);
    bool beside = strcmp(current.name_space, name_space) != 0;
    log_info("memory_plan",
             "namespace=%s current=%s partitions_with_state=%lld window_bytes_per_partition=%lld "
             "cells_bytes_max_per_partition=%lld redis_used=%lld redis_max=%lld",
             name_space, current.name_space, (long long)ours, (long long)window_bytes,
             (long long)setup->rollup.cells_max * CELL_BYTES, (long long)used, (long long)max);
    if (setup->rollup.account_sketches) tell_account_sketches(setup);
    if (beside && ours == 0 && max > 0 && used > max / 2 && filled(setup, current.name_space) > 0) {
        log_warn("memory_short",
                 "namespace=%s redis_used=%lld redis_max=%lld text=\"namespace %s is filled beside %s and takes about as much "
                 "again, for which maxmemory leaves no room: commits will be held when it is reached\"",
                 name_space, (long long)used, (long long)max, name_space, current.name_space);
    }
}

bool plan_load_parse(const char *text, struct plan_load *load, struct fault *fault) {
    int64_t *const parts[] = {&load->partitions, &load->accounts, &load->days, &load->facets};
    const char *rest = text;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *end;
        errno = 0;
        *parts[i] = strtoll(rest, &end, 10);
        bool last = i + 1 == sizeof(parts) / sizeof(parts[0]);
        if (errno != 0 || end == rest || *parts[i] < 1 || *parts[i] > PLAN_LOAD_MAX || *end != (last ? '\0' : ',')) {
            return fault_set(fault, STOP_SETTING, false,
                             "--plan: found \"%.60s\", accepted is PARTITIONS,ACCOUNTS,DAYS,FACETS, four numbers from 1 to %d",
                             text, PLAN_LOAD_MAX);
        }
        rest = end + 1;
    }
    return true;
}

static void print_line(FILE *out, const char *what, __int128 count, int64_t bytes) {
    (void)fprintf(out, "%-46s %16.0f %14lld %12.1f\n", what, (double)count, (long long)bytes,
                  (double)(count * bytes) / (1024.0 * 1024.0));
}

bool plan_print(const struct setup *setup, const struct plan_load *load, FILE *out, struct fault *fault) {
    struct rollup *rollup = rollup_create(&setup->rollup, fault);
    if (rollup == NULL) return false;
    int64_t window_bytes = (int64_t)rollup_bytes(rollup);
    rollup_destroy(rollup);
    int64_t kept = load->days < setup->rollup.retention_days ? load->days : setup->rollup.retention_days;
    __int128 cells = (__int128)load->accounts * kept * load->facets;
    (void)fprintf(out, "%-46s %16s %14s %12s\n", "", "how many", "bytes each", "MiB in all");
    (void)fprintf(out, "nhip run, all instances together\n");
    print_line(out, "  windows, one a partition (window.records)", load->partitions, window_bytes);
    __int128 cells_max = (__int128)load->partitions * (int64_t)setup->rollup.cells_max;
    print_line(out, "  cells in memory, at most (cells.max)", cells_max, CELL_BYTES);
    (void)fprintf(out, "Redis\n");
    print_line(out, "  ledger cells: accounts x days x facets", cells, REDIS_CELL_BYTES);
    if (setup->rollup.account_sketches) {
        print_line(out, "  sketches by account and month, at most", (__int128)load->accounts * months_max(kept),
                   ACCOUNT_MONTH_BYTES_MAX);
    }
    (void)fprintf(out, "nhip snapshot\n");
    print_line(out, "  the same cells, packed; as much in folds", cells, PACKED_CELL_BYTES);
    (void)fprintf(out, "\n%lld of %lld days are kept (retention.days = %d).%s\n", (long long)kept, (long long)load->days,
                  setup->rollup.retention_days,
                  setup->rollup.account_sketches ? "" : " Without sketches by account (sketches.accounts = off).");
    return true;
}
