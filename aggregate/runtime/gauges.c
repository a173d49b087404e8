/* The board that workers write on and the HTTP endpoint reads: see gauges.h.
 *
 * One mutex: a worker takes it four times a second and partition and once a commit, a scrape once. Atomics for each number would
 * be no faster at that rate, and a reading would be torn between them. The list is kept sorted, so that every reader sees the
 * same order. */
#include "aggregate/runtime/gauges.h"

#include "check.h"
#include "limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int64_t latency_bounds_ms[LATENCY_BUCKETS] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};

struct gauges {
    pthread_mutex_t lock;
    struct gauge_partition list[PARTITIONS_MAX];
    size_t count;
    struct gauge_totals totals;
    _Atomic int64_t turned_ms[GAUGE_WORKERS_MAX]; /* 0: never */
};

struct gauges *gauges_create(void) {
    struct gauges *gauges = calloc(1, sizeof(*gauges));
    CHECK(gauges != NULL);
    (void)pthread_mutex_init(&gauges->lock, NULL);
    return gauges;
}

void gauges_destroy(struct gauges *gauges) {
    if (gauges == NULL) return;
    (void)pthread_mutex_destroy(&gauges->lock);
    free(gauges);
}

static int compare(const struct gauge_partition *entry, struct source_partition who) {
    int order = strcmp(entry->topic, who.topic);
    return order != 0 ? order : (entry->partition > who.partition) - (entry->partition < who.partition);
}

/* Where `who` is, or belongs. */
static size_t place_of(const struct gauges *gauges, struct source_partition who, bool *found) {
    size_t i = 0;
    while (i < gauges->count && compare(&gauges->list[i], who) < 0) i++;
    *found = i < gauges->count && compare(&gauges->list[i], who) == 0;
    return i;
}

void gauges_tell(struct gauges *gauges, struct source_partition who, const struct gauge_reading *reading,
                 const struct counts *counts, const struct counts *known) {
    if (gauges == NULL) return;
    bool found;
    (void)pthread_mutex_lock(&gauges->lock);
    size_t at = place_of(gauges, who, &found);
    if (!found && gauges->count < PARTITIONS_MAX) {
        memmove(&gauges->list[at + 1], &gauges->list[at], (gauges->count - at) * sizeof(gauges->list[0]));
        gauges->count++;
        (void)snprintf(gauges->list[at].topic, sizeof(gauges->list[at].topic), "%s", who.topic);
        gauges->list[at].partition = who.partition;
        found = true;
    }
    if (found) gauges->list[at].reading = *reading;
    counts_add(&gauges->totals.counts, counts, 1);
    counts_add(&gauges->totals.counts, known, -1);
    (void)pthread_mutex_unlock(&gauges->lock);
}

void gauges_forget(struct gauges *gauges, struct source_partition who) {
    if (gauges == NULL) return;
    bool found;
    (void)pthread_mutex_lock(&gauges->lock);
    size_t at = place_of(gauges, who, &found);
    if (found) {
        gauges->count--;
        memmove(&gauges->list[at], &gauges->list[at + 1], (gauges->count - at) * sizeof(gauges->list[0]));
    }
    (void)pthread_mutex_unlock(&gauges->lock);
}

void gauges_occasion(struct gauges *gauges, enum gauge_occasion occasion) {
    if (gauges == NULL) return;
    (void)pthread_mutex_lock(&gauges->lock);
    struct gauge_totals *totals = &gauges->totals;
    switch (occasion) {
    case GAUGE_ASSIGNED: totals->assigned++; break;
    case GAUGE_REVOKED: totals->revoked++; break;
    case GAUGE_LOST: totals->lost++; break;
    case GAUGE_HELD: totals->held++; break;
    }
    (void)pthread_mutex_unlock(&gauges->lock);
}

void gauges_commit(struct gauges *gauges, int64_t latency_ms, int64_t cells) {
    if (gauges == NULL) return;
    size_t bucket = 0;
    while (bucket < LATENCY_BUCKETS && latency_ms > latency_bounds_ms[bucket]) bucket++;
    (void)pthread_mutex_lock(&gauges->lock);
    gauges->totals.commits++;
    gauges->totals.commit_cells += cells;
    gauges->totals.commit_ms += latency_ms;
    if (bucket < LATENCY_BUCKETS) gauges->totals.commit_latency[bucket]++;
    (void)pthread_mutex_unlock(&gauges->lock);
}

void gauges_turn(struct gauges *gauges, size_t number, int64_t now_ms) {
    if (gauges != NULL && number < GAUGE_WORKERS_MAX)
        atomic_store_explicit(&gauges->turned_ms[number], now_ms, memory_order_relaxed);
}

int64_t gauges_idle_ms(const struct gauges *gauges, int64_t now_ms) {
    int64_t idle_ms = 0;
    for (size_t i = 0; gauges != NULL && i < GAUGE_WORKERS_MAX; i++) {
        int64_t turned_ms = atomic_load_explicit(&gauges->turned_ms[i], memory_order_relaxed);
        if (turned_ms > 0 && now_ms - turned_ms > idle_ms) idle_ms = now_ms - turned_ms;
    }
    return idle_ms;
}

size_t gauges_list(struct gauges *gauges, struct gauge_partition *out, size_t max) {
    if (gauges == NULL) return 0;
    (void)pthread_mutex_lock(&gauges->lock);
    size_t count = gauges->count < max ? gauges->count : max;
    memcpy(out, gauges->list, count * sizeof(*out));
    (void)pthread_mutex_unlock(&gauges->lock);
    return count;
}

void gauges_totals(struct gauges *gauges, struct gauge_totals *out) {
    *out = (struct gauge_totals){0};
    if (gauges == NULL) return;
    (void)pthread_mutex_lock(&gauges->lock);
    *out = gauges->totals;
    (void)pthread_mutex_unlock(&gauges->lock);
}
