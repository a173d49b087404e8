/* Counts how often our own code asks the allocator for memory: for exactly one file of a tool that is linked with WRAP
 * (Makefile). Calls from libraries (librdkafka, hiredis) do not pass here.
 *
 * Two kinds are told apart, because they mean different things. `growth`: a table that doubles, a chunk of cells, a sketch
 * for a facet that was never seen, the bitmap of a minute that has just begun: a realloc, or at least GROWTH_BYTES.
 * `others`: everything else; per event there must be none. Both are printed, so that neither can hide as the other: growth
 * that came per event would show in its count. Each thread has counts of its own. */
#ifndef NHIP_ALLOCATION_COUNT_H
#define NHIP_ALLOCATION_COUNT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { GROWTH_BYTES = 2048 };

struct allocation_count {
    int64_t growth;
    int64_t others;
};

static _Thread_local struct allocation_count allocation_count; /* of this thread */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
char *__wrap_strdup(const char *text);

static inline void allocation_note(size_t bytes) {
    if (bytes >= GROWTH_BYTES) {
        allocation_count.growth++;
    } else {
        allocation_count.others++;
    }
}

void *__wrap_malloc(size_t bytes) {
    allocation_note(bytes);
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    allocation_note(count * bytes);
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *block, size_t bytes) {
    allocation_count.growth++;
    return __real_realloc(block, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    allocation_note(bytes);
    return __real_aligned_alloc(alignment, bytes);
}

char *__wrap_strdup(const char *text) {
    allocation_note(0);
    return __real_strdup(text);
}

#endif
