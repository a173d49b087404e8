/* Who must be in the set of partitions: see roster.h.
 *
 * A claim adds its partition to the set NS:p before the first commit. In a cluster the set lives on a node of its own choice, and
 * that node may lose its tail while the partition's keeps everything: then there would be a state that no snapshot finds.
 * So each process says now and then again what it has claimed. Adding is idempotent, and a partition without a state is passed
 * over by readers, so nothing has to be taken off the list. */
#include "aggregate/runtime/roster.h"

#include "check.h"
#include "limits.h"

#include <pthread.h>

struct roster {
    pthread_mutex_t lock;
    struct source_partition list[PARTITIONS_MAX];
    size_t count;
};

struct roster *roster_create(void) {
    struct roster *roster = calloc(1, sizeof(*roster));
    CHECK_MEMORY(roster != NULL);
    (void)pthread_mutex_init(&roster->lock, NULL);
    return roster;
}

void roster_destroy(struct roster *roster) {
    if (roster == NULL) return;
    for (size_t i = 0; i < roster->count; i++)
        free((char *)(uintptr_t)roster->list[i].topic);
    (void)pthread_mutex_destroy(&roster->lock);
    free(roster);
}

void roster_add(struct roster *roster, struct source_partition who) {
    (void)pthread_mutex_lock(&roster->lock);
    size_t i = 0;
    while (i < roster->count && (roster->list[i].partition != who.partition || strcmp(roster->list[i].topic, who.topic) != 0))
        i++;
    if (i == roster->count && roster->count < PARTITIONS_MAX) {
        char *topic = strdup(who.topic);
        CHECK_MEMORY(topic != NULL);
        roster->list[roster->count++] = (struct source_partition){.topic = topic, .partition = who.partition};
    }
    (void)pthread_mutex_unlock(&roster->lock);
}

bool roster_announce(struct roster *roster, const struct store_options *store, struct fault *fault) {
    (void)pthread_mutex_lock(&roster->lock);
    size_t count = roster->count; /* entries never change or go: they may be read without the lock */
    (void)pthread_mutex_unlock(&roster->lock);
    return count == 0 || store_announce(store, roster->list, count, fault);
}
