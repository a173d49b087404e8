/* Who the partitions are, where they stand, and up to which minute all of them are known: see pulse_set.h. */
#include "aggregate/store/pulse_set.h"

#include "aggregate/store/image.h"
#include "check.h"

void pulse_set_drop(struct pulse_set *set) {
    for (size_t i = 0; i < set->count; i++)
        pulse_destroy(set->pulses[i]);
    free(set->pulses);
    set->pulses = NULL;
    set->count = 0;
}

static bool same_partition(struct source_partition a, struct source_partition b) {
    return a.partition == b.partition && strcmp(a.topic, b.topic) == 0;
}

/* Takes the pulse of `who` out of `pulses`; null when it is not there. */
static struct pulse *take_pulse(struct pulse_set *set, struct source_partition who) {
    for (size_t i = 0; i < set->count; i++) {
        struct pulse *pulse = set->pulses[i];
        if (pulse == NULL || !same_partition(pulse->who, who)) continue;
        set->pulses[i] = NULL;
        return pulse;
    }
    return NULL;
}

static bool is_known(const struct pulse_set *set, const struct source_partition *list, size_t count) {
    if (count != set->count) return false;
    for (size_t i = 0; i < count; i++) {
        if (!same_partition(set->pulses[i]->who, list[i])) return false;
    }
    return true;
}

/* Makes `pulses` those of `list`, keeping what is known of them. */
static bool replace_pulses(struct pulse_set *set, const struct source_partition *list, size_t count, struct fault *fault) {
    struct pulse **pulses = calloc(count + 1, sizeof(struct pulse *));
    CHECK_MEMORY(pulses != NULL);
    size_t made = 0;
    for (; made < count; made++) {
        pulses[made] = take_pulse(set, list[made]);
        if (pulses[made] == NULL) pulses[made] = pulse_create(set->options->name_space, list[made], fault);
        if (pulses[made] == NULL) break;
    }
    pulse_set_drop(set);
    set->pulses = pulses;
    set->count = made;
    return made == count;
}

bool pulse_set_list(struct pulse_set *set, bool *changed, struct fault *fault) {
    struct source_partition *list = NULL;
    size_t count = 0;
    struct key key;
    struct connection *connection = pool_route(set->pool, key_global(set->options->name_space, "p", &key), fault);
    bool fine = connection != NULL && partitions_list(connection, set->options, &list, &count, fault);
    *changed = fine && !is_known(set, list, count);
    if (*changed) fine = replace_pulses(set, list, count, fault);
    free(list);
    return fine;
}

/* How far every partition is. One question each: in a cluster they live on several nodes. */
bool pulse_set_ask(struct pulse_set *set, struct fault *fault) {
    struct resp out = {0};
    bool fine = true;
    for (size_t i = 0; fine && i < set->count; i++) {
        struct pulse *pulse = set->pulses[i];
        struct key key;
        struct slice meta = key_meta(&pulse->keys, &key);
        RESP_COMMAND(&out, SLICE("HMGET"), meta, SLICE("next"), SLICE("watermark"), SLICE("end"));
        redisReply *reply = pool_ask(set->pool, meta, &out, 1, "reading meta for the pulse", fault);
        fine = reply != NULL && pulse_take_meta(pulse, reply, fault);
        freeReplyObject(reply);
    }
    resp_free(&out);
    return fine;
}

int64_t pulse_set_offsets(const struct pulse_set *set, struct resp *text) {
    int64_t total = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct pulse *pulse = set->pulses[i];
        if (!pulse->present) continue;
        char digits[DECIMAL_BYTES_MAX];
        if (text->length > 0) resp_append(text, SLICE(" "));
        resp_append(text, slice_of(pulse->topic));
        resp_append(text, SLICE("/"));
        resp_append(text, decimal_text(pulse->who.partition, digits));
        resp_append(text, SLICE("="));
        resp_append(text, decimal_text(pulse->read_next, digits));
        total += pulse->read_next;
    }
    return total;
}

bool pulse_set_closed(const struct pulse_set *set, int64_t idle_ms, int32_t *minute) {
    int64_t greatest_ms = INT64_MIN;
    int64_t least_ms = INT64_MAX;
    for (size_t i = 0; i < set->count; i++) {
        const struct pulse *pulse = set->pulses[i];
        if (pulse->present && pulse->timed && pulse->watermark_ms > greatest_ms) greatest_ms = pulse->watermark_ms;
    }
    if (greatest_ms == INT64_MIN) return false;
    for (size_t i = 0; i < set->count; i++) {
        const struct pulse *pulse = set->pulses[i];
        if (!pulse->present || !pulse->timed) continue;
        bool idle = pulse->end && pulse->watermark_ms < greatest_ms - idle_ms;
        if (!idle && pulse->watermark_ms < least_ms) least_ms = pulse->watermark_ms;
    }
    int64_t floored = least_ms / PULSE_MINUTE_MS - (least_ms % PULSE_MINUTE_MS < 0 ? 1 : 0);
    *minute = (int32_t)floored;
    return true;
}

