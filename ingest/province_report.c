/* truth.json: counts, figures of every month that is fully covered, and the minutes of the last six hours.
 *
 * `last_hour` is summed for a reader with one partition (watermark = greatest event time - 5 min, floored to the
 * minute). A reader with several partitions may stand a little earlier; `minutes` lets it be checked for any window that
 * ends in the last five hours. */
#include "check.h"
#include "ingest/province_truth.h"

#include <errno.h>
#include <stdlib.h>

#define X(name, wire, class) wire,
static const char *const reason_names[] = {"", REASONS(X)};
#undef X
#define X(name) #name,
static const char *const families[] = {"", FAMILIES(X)};
static const char *const outlets[] = {"_Z", OUTLETS(X)};
static const char *const instruments[] = {"_Z", INSTRUMENTS(X)};
static const char *const contexts[] = {"_Z", CONTEXTS(X)};
static const char *const outcomes[] = {"", OUTCOMES(X)};
static const char *const reason_classes[] = {"", REASON_CLASSES(X)};
#undef X

static void key_print(FILE *file, uint32_t key) {
    uint32_t reason = key & 7;
    (void)fprintf(file, "\"%s|%s|%s|%s|%s%s%s\"", families[key >> 20], outlets[key >> 16 & 15], instruments[key >> 12 & 15],
                  contexts[key >> 8 & 15], outcomes[key >> 3 & 15], reason ? ":" : "", reason_classes[reason]);
}

static int minute_order(const void *a, const void *b) {
    const struct truth_minute *left = a, *right = b;
    if (left->minute != right->minute) return left->minute < right->minute ? -1 : 1;
    return left->key < right->key ? -1 : left->key > right->key;
}

static int key_order(const void *a, const void *b) {
    const struct truth_minute *left = a, *right = b;
    return left->key < right->key ? -1 : left->key > right->key;
}

/* The cells in use, sorted; to be freed. */
static struct truth_minute *minutes_sorted(const struct province_truth *truth) {
    struct truth_minute *cells = calloc(truth->minute_count + 1, sizeof *cells);
    CHECK_MEMORY(cells);
    size_t count = 0;
    for (size_t i = 0; i < truth->minute_capacity; i++) {
        if (truth->minutes[i].minute != 0) cells[count++] = truth->minutes[i];
    }
    qsort(cells, count, sizeof *cells, minute_order);
    return cells;
}

static void instant_print(FILE *file, int64_t time_ms) {
    struct province_text *text = calloc(1, sizeof *text);
    CHECK_MEMORY(text);
    province_text_utc(text, time_ms);
    (void)fprintf(file, "\"%.*s\"", (int)text->length, text->data);
    free(text);
}

/* Cells of [from, to) added up by key; `cells` sorted by minute. Returns how many keys; `sums` to be freed. */
static size_t hour_sum(const struct province_truth *truth, const struct truth_minute *cells, int64_t from_ms, int64_t to_ms,
                       struct truth_minute **sums) {
    struct truth_minute *picked = calloc(truth->minute_count + 1, sizeof *picked);
    CHECK_MEMORY(picked);
    size_t count = 0, merged = 0;
    for (size_t i = 0; i < truth->minute_count; i++) {
        int64_t at_ms = truth->tail_start_ms + (int64_t)(cells[i].minute - 1) * 60000;
        if (at_ms >= from_ms && at_ms < to_ms) picked[count++] = cells[i];
    }
    qsort(picked, count, sizeof *picked, key_order);
    for (size_t i = 0; i < count; i++) {
        if (merged > 0 && picked[merged - 1].key == picked[i].key) {
            picked[merged - 1].n += picked[i].n;
            picked[merged - 1].sum += picked[i].sum;
        } else {
            picked[merged++] = picked[i];
        }
    }
    *sums = picked;
    return merged;
}

static void last_hour_print(const struct province_truth *truth, const struct truth_minute *cells, FILE *file) {
    int64_t to_ms = province_truth_end_ms(truth);
    struct truth_minute *sums = NULL;
    size_t count = hour_sum(truth, cells, to_ms - PROVINCE_HOUR_MS, to_ms, &sums);
    (void)fprintf(file, " \"last_hour\": {\"watermark_bound_ms\": 300000, \"from\": ");
    instant_print(file, to_ms - PROVINCE_HOUR_MS);
    (void)fprintf(file, ", \"to\": ");
    instant_print(file, to_ms);
    for (int part = 0; part < 2; part++) {
        (void)fprintf(file, ",\n  \"%s\": {", part == 0 ? "n" : "sum");
        for (size_t i = 0; i < count; i++) {
            if (i > 0) (void)fprintf(file, ", ");
            key_print(file, sums[i].key);
            (void)fprintf(file, ": %lld", (long long)(part == 0 ? sums[i].n : sums[i].sum));
        }
        (void)fprintf(file, "}");
    }
    (void)fprintf(file, "}");
    free(sums);
}

static void minutes_print(const struct province_truth *truth, const struct truth_minute *cells, FILE *file) {
    (void)fprintf(file, ",\n \"minutes\": {");
    for (size_t i = 0; i < truth->minute_count; i++) {
        bool opens = i == 0 || cells[i].minute != cells[i - 1].minute;
        if (opens) {
            (void)fprintf(file, "%s\n  ", i == 0 ? "" : "},");
            instant_print(file, truth->tail_start_ms + (int64_t)(cells[i].minute - 1) * 60000);
            (void)fprintf(file, ": {");
        } else {
            (void)fprintf(file, ", ");
        }
        key_print(file, cells[i].key);
        (void)fprintf(file, ": [%lld, %lld]", (long long)cells[i].n, (long long)cells[i].sum);
    }
    (void)fprintf(file, "%s}", truth->minute_count > 0 ? "}" : "");
}

static void counts_print(const struct province_truth *truth, FILE *file) {
    (void)fprintf(
        file,
        " \"counts\": {\"delivered\": %lld, \"applied\": %lld, \"duplicate\": %lld, \"quarantined\": %lld, \"rejected\": %lld, "
        "\"ignored\": %lld, \"conflict\": %lld, \"unresolved\": %lld",
        (long long)truth->delivered, (long long)truth->applied, (long long)truth->duplicate, (long long)truth->quarantined,
        (long long)truth->rejected, (long long)truth->ignored, (long long)truth->conflict, (long long)truth->unresolved);
    for (int i = 1; i < REASON_COUNT; i++) {
        if (truth->reasons[i] > 0) (void)fprintf(file, ", \"reason.%s\": %lld", reason_names[i], (long long)truth->reasons[i]);
    }
    (void)fprintf(file, "},\n");
}

bool province_truth_print(const struct province *province, FILE *file) {
    const struct province_truth *truth = province->truth;
    struct province_date date = province_date_of(province->options.first_day);
    (void)fprintf(file, "{\"seed\": %llu, \"events\": %lld, \"first_day\": \"%04d-%02d-%02d\", \"days\": %d, \"clean\": %s,\n",
                  (unsigned long long)province->options.seed, (long long)province->options.events, date.year, date.month,
                  date.day, province->options.days, province->options.clean ? "true" : "false");
    counts_print(truth, file);
    (void)fprintf(file, " \"figures\": [");
    bool first = true;
    for (uint32_t m = truth->covered_first; m < truth->covered_end; m++) {
        province_truth_shares(province, m, file, &first);
        province_truth_figures(province, m, file, &first);
    }
    (void)fprintf(file, "],\n");
    struct truth_minute *cells = minutes_sorted(truth);
    if (truth->event_ms_max != PROVINCE_NEVER) {
        last_hour_print(truth, cells, file);
        minutes_print(truth, cells, file);
    } else {
        (void)fprintf(file, " \"last_hour\": {}");
    }
    free(cells);
    (void)fprintf(file, "}\n");
    return ferror(file) == 0;
}

bool province_write_truth(const struct province *province, const char *path, struct fault *fault) {
    FILE *file = fopen(path, "w");
    if (!file) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "cannot write the truth to %s: %s", path, strerror(errno));
    bool written = province_truth_print(province, file);
    if (fclose(file) != 0 || !written)
        return fault_set(fault, STOP_FILE_UNWRITABLE, false, "cannot write the truth to %s: %s", path, strerror(errno));
    return true;
}

bool province_write_sources(const char *path, struct fault *fault) {
    static const char *const policies[POLICY_COUNT] = {"FIRST", "CAPTURED", "SETTLED"};
    FILE *file = fopen(path, "w");
    if (!file) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "cannot write the sources to %s: %s", path, strerror(errno));
    for (int i = 1; i < SOURCE_COUNT; i++) {
        const struct province_source_trait *source = &province_sources[i];
        (void)fprintf(file, "%s\"%s\": {\"success_at\": \"%s\", \"records_cash\": %s}", i == 1 ? "{" : ",\n ", source->name,
                      policies[source->policy], source->records_cash ? "true" : "false");
    }
    (void)fprintf(file, "}\n");
    bool written = ferror(file) == 0;
    if (fclose(file) != 0 || !written)
        return fault_set(fault, STOP_FILE_UNWRITABLE, false, "cannot write the sources to %s: %s", path, strerror(errno));
    return true;
}
