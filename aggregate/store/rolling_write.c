/* The text of the rolling windows, and how their hashes are replaced (schemas/store-layout.md §8). */
#include "aggregate/store/rolling_parts.h"

#include "aggregate/store/pulse_text.h"
#include "check.h"
#include "zone.h"

static size_t write_pair(struct resp *arguments, struct slice field, struct slice value) {
    resp_argument(arguments, field);
    resp_argument(arguments, value);
    return 2;
}

static size_t write_offsets(const struct rolling *rolling, struct resp *arguments) {
    struct resp text = {0};
    (void)pulse_set_offsets(&rolling->set, &text);
    size_t count = write_pair(arguments, SLICE("_offsets"), (struct slice){text.data, text.length});
    resp_free(&text);
    return count;
}

static size_t write_fields(const struct rolling *rolling, size_t w, int32_t end, struct resp *arguments) {
    size_t count = 0;
    int64_t total_n = 0;
    char digits[DECIMAL_BYTES_MAX];
    for (size_t i = 0; i < rolling->table.count; i++) {
        const struct rolling_total *total = &rolling->totals[w][i];
        char name[FACET_NAME_BYTES], sum[WIDE_BYTES];
        if (total->n == 0) continue;
        total_n += total->n;
        count += write_pair(arguments, facet_name(rolling->table.facets[i], "", name), decimal_text(total->n, digits));
        count += write_pair(arguments, facet_name(rolling->table.facets[i], "|sum", name), wide_text(total->sum, sum));
    }
    char time[25];
    rfc3339_format((int64_t)(end - rolling_windows[w].minutes) * PULSE_MINUTE_MS, time);
    count += write_pair(arguments, SLICE("_from"), slice_of(time));
    rfc3339_format((int64_t)end * PULSE_MINUTE_MS, time);
    count += write_pair(arguments, SLICE("_to"), slice_of(time));
    count += write_pair(arguments, SLICE("_total"), decimal_text(total_n, digits));
    count += write_pair(arguments, SLICE("_namespace"), slice_of(rolling->options.name_space));
    return count + write_offsets(rolling, arguments);
}

/* MULTI, the new hash beside the old one, RENAME, EXEC: readers see the whole old or the whole new one. The name aside carries
 * the key's name as its hash tag, so that both are in one cluster slot. */
static bool write_window(struct rolling *rolling, const char *name_space, size_t w, int32_t end, struct resp *out,
                         struct fault *fault) {
    struct key key, aside;
    char rest[32], aside_rest[160];
    struct resp arguments = {0};
    (void)snprintf(rest, sizeof(rest), "rolling:%s", rolling_windows[w].name);
    (void)snprintf(aside_rest, sizeof(aside_rest), "rolling-next:{%s:%s}:%s", name_space, rest, rolling->nonce);
    struct slice name = key_global(name_space, rest, &key);
    struct slice aside_name = key_global(name_space, aside_rest, &aside);
    size_t count = write_fields(rolling, w, end, &arguments);
    RESP_COMMAND(out, SLICE("MULTI"));
    RESP_COMMAND(out, SLICE("DEL"), aside_name);
    resp_begin(out, 2 + count);
    resp_argument(out, SLICE("HSET"));
    resp_argument(out, aside_name);
    resp_append(out, (struct slice){arguments.data, arguments.length});
    RESP_COMMAND(out, SLICE("RENAME"), aside_name, name);
    RESP_COMMAND(out, SLICE("EXEC"));
    resp_free(&arguments);
    redisReply *reply = pool_ask(rolling->pool, name, out, 5, "writing the rolling windows", fault);
    freeReplyObject(reply);
    return reply != NULL;
}

bool rolling_publish(struct rolling *rolling, int32_t end, struct fault *fault) {
    struct resp out = {0};
    bool fine = true;
    for (size_t i = 0; fine && i < ROLLING_TARGETS; i++) {
        const struct rolling_target *target = &rolling->targets[i];
        for (size_t w = 0; fine && target->held && w < ROLLING_WINDOWS; w++)
            fine = write_window(rolling, target->name_space, w, end, &out, fault);
    }
    resp_free(&out);
    return fine;
}
