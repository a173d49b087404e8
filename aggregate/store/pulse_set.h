/* The pulses of all partitions of a namespace, and how far they are together. One thread. */
#ifndef NHIP_PULSE_SET_H
#define NHIP_PULSE_SET_H

#include "aggregate/store/pool.h"
#include "aggregate/store/pulse.h"

enum { PULSE_MINUTE_MS = 60000 };

struct pulse_set {
    const struct store_options *options;
    struct pool *pool;
    struct pulse **pulses; /* sorted as partitions_list() gives them */
    size_t count;
};

/* Makes `pulses` those of the namespace, keeping what is known of them; `*changed`: there are others than before. */
bool pulse_set_list(struct pulse_set *set, bool *changed, struct fault *fault);
/* Asks how far every partition is. */
bool pulse_set_ask(struct pulse_set *set, struct fault *fault);
/* W in minutes: the least watermark of the partitions that are not idle, floored. False when no partition has a watermark. */
bool pulse_set_closed(const struct pulse_set *set, int64_t idle_ms, int32_t *minute);
/* Appends `topic/partition=next ...`, what the cells stand for. Returns the sum of the offsets. */
int64_t pulse_set_offsets(const struct pulse_set *set, struct resp *text);
void pulse_set_drop(struct pulse_set *set);

#endif
