/* nhip itself (the same main, the same objects), but counting how often our code calls the allocator in the steady state:
 *
 *     NHIP_COUNT_FROM=2000000 NHIP_COUNT_FILE=counts nhip_counted run --once ...
 *
 * When that many records have been delivered, each worker's thread begins to count; what it has counted by its last delivered
 * batch is in, its way out is not. At the end one line of JSON is left in the file: records after the mark, allocations,
 * growth (allocation_count.h). The rolling windows' thread is not counted: it works by the second, not by the event. */
#include "aggregate/runtime/status.h"
#include "tests/tools/allocation_count.h"

#include <stdatomic.h>
#include <stdbool.h>

struct mine {
    bool counting;
    struct allocation_count told; /* what is in the sums already */
};

static _Thread_local struct mine mine;
static atomic_llong delivered, counted_from, growth, others;

void __real_status_add(struct status *status, enum status_counter counter, int64_t change);
void __wrap_status_add(struct status *status, enum status_counter counter, int64_t change);

static __attribute__((constructor)) void begin(void) {
    const char *from = getenv("NHIP_COUNT_FROM");
    atomic_store(&counted_from, from != NULL ? strtoll(from, NULL, 10) : INT64_MAX);
}

void __wrap_status_add(struct status *status, enum status_counter counter, int64_t change) {
    __real_status_add(status, counter, change);
    if (counter != STATUS_DELIVERED) return;
    long long before = atomic_fetch_add_explicit(&delivered, change, memory_order_relaxed);
    if (before < atomic_load_explicit(&counted_from, memory_order_relaxed)) return;
    if (mine.counting) {
        atomic_fetch_add_explicit(&growth, allocation_count.growth - mine.told.growth, memory_order_relaxed);
        atomic_fetch_add_explicit(&others, allocation_count.others - mine.told.others, memory_order_relaxed);
    }
    mine = (struct mine){.counting = true, .told = allocation_count};
}

static __attribute__((destructor)) void end(void) {
    const char *path = getenv("NHIP_COUNT_FILE");
    FILE *out = path != NULL ? fopen(path, "we") : NULL;
    if (out == NULL) return;
    long long records = atomic_load(&delivered) - atomic_load(&counted_from);
    (void)fprintf(out, "{\"half\":%lld,\"allocations\":%lld,\"growth\":%lld}\n", records, atomic_load(&others),
                  atomic_load(&growth));
    (void)fclose(out);
}
