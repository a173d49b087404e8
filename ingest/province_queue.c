/* What waits: a binary heap of (slot, sequence) over a pool of stories.
 *
 * Stories are copied in and out (they are small and hold no pointers of their own), so nobody keeps a pointer into the
 * pool while it grows. The sequence number makes the order total: a heap alone would let equal slots depend on its
 * shape. */
#include "ingest/province_story.h"

#include "check.h"

#include <stdlib.h>

static bool before(const struct province_due *a, const struct province_due *b) {
    return a->slot < b->slot || (a->slot == b->slot && a->sequence < b->sequence);
}

static uint32_t story_room(struct province_queue *queue) {
    if (queue->idle_count > 0) return queue->idle[--queue->idle_count];
    if (queue->story_count == queue->story_capacity) {
        queue->story_capacity = queue->story_capacity ? queue->story_capacity * 2 : 4096;
        queue->stories = realloc(queue->stories, queue->story_capacity * sizeof *queue->stories);
        queue->idle = realloc(queue->idle, queue->story_capacity * sizeof *queue->idle);
        CHECK_MEMORY(queue->stories && queue->idle);
    }
    return queue->story_count++;
}

void province_queue_put(struct province_queue *queue, uint64_t slot, const struct province_story *story) {
    uint32_t room = story_room(queue);
    queue->stories[room] = *story;
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 4096;
        queue->heap = realloc(queue->heap, queue->capacity * sizeof *queue->heap);
        CHECK_MEMORY(queue->heap);
    }
    struct province_due due = {slot, queue->sequence++, room};
    size_t at = queue->count++;
    while (at > 0 && before(&due, &queue->heap[(at - 1) / 2])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = due;
}

bool province_queue_take(struct province_queue *queue, uint64_t slot, struct province_story *story) {
    if (queue->count == 0 || queue->heap[0].slot > slot) return false;
    uint32_t room = queue->heap[0].story;
    *story = queue->stories[room];
    queue->idle[queue->idle_count++] = room;
    struct province_due last = queue->heap[--queue->count];
    size_t at = 0;
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= queue->count) break;
        if (child + 1 < queue->count && before(&queue->heap[child + 1], &queue->heap[child])) child++;
        if (!before(&queue->heap[child], &last)) break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    if (queue->count > 0) queue->heap[at] = last;
    return true;
}

void province_queue_destroy(struct province_queue *queue) {
    free(queue->heap);
    free(queue->stories);
    free(queue->idle);
}
