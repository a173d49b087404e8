/* A mapping that begins and ends at a boundary of 2 MiB, with a word to the kernel that huge pages are wanted there.
 *
 * mmap() gives no alignment, so a little more is mapped and the ends are given back. Where transparent huge pages are switched
 * off everything works the same, slower. What was not done: MAP_HUGETLB (needs pages that somebody has set aside), and
 * jemalloc's `thp:always` (all heaps, librdkafka's too, would grow by a third for nothing). */
#include "aggregate/rollup/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE_BYTES = 64 };

static size_t rounded(size_t bytes, size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

static void *map_huge(size_t bytes) {
    size_t length = rounded(bytes, PAGES_HUGE_BYTES);
    char *mapped = mmap(NULL, length + PAGES_HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return NULL;
    size_t before = rounded((uintptr_t)mapped, PAGES_HUGE_BYTES) - (uintptr_t)mapped;
    if (before > 0) (void)munmap(mapped, before);
    if (before < PAGES_HUGE_BYTES) (void)munmap(mapped + before + length, PAGES_HUGE_BYTES - before);
    (void)madvise(mapped + before, length, MADV_HUGEPAGE);
    return mapped + before;
}

void *pages_create(size_t bytes) {
    if (bytes >= PAGES_HUGE_BYTES) return map_huge(bytes);
    void *block = aligned_alloc(LINE_BYTES, rounded(bytes, LINE_BYTES));
    if (block != NULL) memset(block, 0, rounded(bytes, LINE_BYTES));
    return block;
}

void pages_destroy(void *block, size_t bytes) {
    if (block == NULL) return;
    if (bytes >= PAGES_HUGE_BYTES) {
        (void)munmap(block, rounded(bytes, PAGES_HUGE_BYTES));
    } else {
        free(block);
    }
}
