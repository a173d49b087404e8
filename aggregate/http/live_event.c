/* The event of a second, as JSON: what the live page draws (schemas/openapi.json, LiveEvent). Bounded: the partitions that are
 * furthest behind, the codes of the rolling windows, reasons that occur. */
#include "aggregate/http/live.h"

#include "aggregate/publication/text_out.h"
#include "check.h"
#include "codes.h"
#include "zone.h"

#include <inttypes.h>

enum { PARTITIONS_SHOWN_MAX = 64, CODES_MAX = 64, TIME_BYTES = 25 };

static void write_time(int64_t time_ms, FILE *out) {
    char text[TIME_BYTES];
    if (time_ms == INT64_MIN) {
        (void)fputs("null", out);
        return;
    }
    rfc3339_format(time_ms, text);
    (void)fprintf(out, "\"%s\"", text);
}

/* A number that is below zero is not known. */
static void write_number(const char *name, int64_t number, FILE *out) {
    if (number < 0)
        (void)fprintf(out, ",\"%s\":null", name);
    else
        (void)fprintf(out, ",\"%s\":%" PRId64, name, number);
}

static void write_counts(const struct http_facts *facts, FILE *out) {
    const struct counts *counts = &facts->totals.counts;
    write_number("delivered", counts->delivered, out);
    write_number("applied", counts->applied, out);
    write_number("duplicate", counts->duplicate, out);
    write_number("quarantined", counts->quarantined, out);
    write_number("rejected", counts->rejected, out);
    write_number("ignored", counts->ignored, out);
    write_number("late", counts->late, out);
    (void)fputs(",\"reasons\":[", out);
    const char *comma = "";
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        if (counts->reasons[i] == 0) continue;
        (void)fprintf(out, "%s[\"%s\",%" PRId64 "]", comma, reason_name((enum reason)i), counts->reasons[i]);
        comma = ",";
    }
    (void)fputc(']', out);
}

static int64_t lag_of(const struct gauge_reading *reading) {
    if (reading->log_end < 0 || reading->next < 0) return -1;
    return reading->log_end > reading->next ? reading->log_end - reading->next : 0;
}

static int by_lag(const void *left, const void *right) {
    int64_t a = lag_of(&((const struct gauge_partition *)left)->reading);
    int64_t b = lag_of(&((const struct gauge_partition *)right)->reading);
    return (a < b) - (a > b);
}

static void write_partitions(const struct http_facts *facts, FILE *out) {
    size_t shown = facts->partition_count < PARTITIONS_SHOWN_MAX ? facts->partition_count : PARTITIONS_SHOWN_MAX;
    int64_t lag = 0, held = 0, watermark_ms = INT64_MIN;
    struct gauge_partition *list = malloc((facts->partition_count + 1) * sizeof(*list));
    CHECK_MEMORY(list != NULL);
    memcpy(list, facts->partitions, facts->partition_count * sizeof(*list));
    for (size_t i = 0; i < facts->partition_count; i++) {
        const struct gauge_reading *reading = &list[i].reading;
        if (lag_of(reading) > 0) lag += lag_of(reading);
        held += reading->held;
        if (reading->watermark_ms > watermark_ms) watermark_ms = reading->watermark_ms;
    }
    if (shown < facts->partition_count) qsort(list, facts->partition_count, sizeof(*list), by_lag);
    write_number("lag", lag, out);
    write_number("held", held, out);
    (void)fputs(",\"watermark\":", out);
    write_time(watermark_ms, out);
    write_number("partition_count", (int64_t)facts->partition_count, out);
    (void)fputs(",\"partitions\":[", out);
    for (size_t i = 0; i < shown; i++) {
        const struct gauge_reading *reading = &list[i].reading;
        (void)fprintf(out, "%s{\"topic\":\"%s\",\"partition\":%d", i > 0 ? "," : "", list[i].topic, list[i].partition);
        write_number("next", reading->next, out);
        write_number("committed", reading->committed_next, out);
        write_number("lag", lag_of(reading), out);
        (void)fputs(",\"watermark\":", out);
        write_time(reading->watermark_ms, out);
        (void)fprintf(out, ",\"held\":%s}", reading->held ? "true" : "false");
    }
    (void)fputc(']', out);
    free(list);
}

/* --- the rolling windows --- */

struct row {
    char code[ROLLING_CODE_BYTES];
    int64_t n[ROLLING_WINDOW_COUNT];
};

static int by_greatest_window(const void *left, const void *right) {
    const struct row *a = left;
    const struct row *b = right;
    int64_t most_a = a->n[ROLLING_WINDOW_COUNT - 1];
    int64_t most_b = b->n[ROLLING_WINDOW_COUNT - 1];
    return most_a != most_b ? (most_a < most_b) - (most_a > most_b) : strcmp(a->code, b->code);
}

static struct row *row_of(struct row *rows, size_t *count, const char *code) {
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(rows[i].code, code) == 0) return &rows[i];
    }
    if (*count == CODES_MAX) return NULL;
    (void)snprintf(rows[*count].code, sizeof(rows[*count].code), "%s", code);
    return &rows[(*count)++];
}

static void write_axis(const struct rolling_view *views, enum rolling_axis axis, FILE *out) {
    struct row rows[CODES_MAX] = {{.code = ""}};
    size_t count = 0;
    for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++) {
        size_t group_count = 0;
        struct rolling_cell *groups = rolling_group(&views[w], 1u << axis, &group_count);
        for (size_t i = 0; i < group_count; i++) {
            struct row *row = row_of(rows, &count, groups[i].codes[axis]);
            if (row != NULL) row->n[w] = groups[i].n;
        }
        free(groups);
    }
    qsort(rows, count, sizeof(*rows), by_greatest_window);
    (void)fprintf(out, ",\"%s\":[", rolling_axis_name(axis));
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "%s[\"%s\"", i > 0 ? "," : "", rows[i].code);
        for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++) (void)fprintf(out, ",%" PRId64, rows[i].n[w]);
        (void)fputc(']', out);
    }
    (void)fputc(']', out);
}

static void write_rolling(const struct rolling_view *views, FILE *out) {
    static const enum rolling_axis axes[] = {ROLLING_FAMILY, ROLLING_CHANNEL, ROLLING_PLATFORM, ROLLING_INSTRUMENT};
    if (views == NULL || !views[0].present) {
        (void)fputs(",\"rolling\":null", out);
        return;
    }
    (void)fputs(",\"rolling\":{\"namespace\":", out);
    json_text(out, views[0].name_space);
    (void)fputs(",\"offsets\":", out);
    json_text(out, views[0].offsets);
    (void)fputs(",\"windows\":[", out);
    for (size_t w = 0; w < ROLLING_WINDOW_COUNT; w++) {
        (void)fprintf(out, "%s{\"window\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"total\":%" PRId64 "}", w > 0 ? "," : "",
                      rolling_window_name(w), views[w].from, views[w].to, views[w].total);
    }
    (void)fputc(']', out);
    for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) write_axis(views, axes[i], out);
    (void)fputc('}', out);
}

void live_event_write(const struct live_moment *moment, FILE *out) {
    const struct http_facts *facts = moment->facts;
    const struct live_rates *rates = moment->rates;
    (void)fputs("{\"at\":", out);
    write_time(facts->now_ms, out);
    (void)fputs(",\"started\":", out);
    write_time(facts->started_ms, out);
    (void)fprintf(out, ",\"version\":\"%s\",\"ready\":%s,\"alive\":%s", moment->version, facts->ready ? "true" : "false",
                  facts->alive ? "true" : "false");
    write_number("events_per_s", rates->known ? rates->events_per_s : -1, out);
    write_number("commits", facts->totals.commits, out);
    write_number("commit_ms", rates->known && rates->commits > 0 ? rates->commit_ms / rates->commits : -1, out);
    write_counts(facts, out);
    write_partitions(facts, out);
    write_number("workers", facts->workers, out);
    write_number("resident_bytes", facts->resident_bytes, out);
    write_number("redis_memory_bytes", facts->redis_memory_bytes, out);
    (void)fputs(",\"trouble\":", out);
    json_text(out, moment->trouble);
    write_rolling(moment->views, out);
    (void)fprintf(out, ",\"headlines\":%s}", moment->headlines);
}
