/* The offset vector, the registry cut and the configuration hashes are the identity of a vintage; the counts show what did not
 * get in. Written by hand and not with a JSON library: the order of keys and the form of numbers are part of "same inputs, same
 * bytes". */
#include "aggregate/snapshot/provenance.h"

#include "zone.h"

static void write_text(FILE *out, const char *text) {
    (void)fputc('"', out);
    for (const char *at = text == NULL ? "" : text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20)
            (void)fprintf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

static void write_pair(FILE *out, const char *indent, const char *key, const char *value, bool more) {
    (void)fprintf(out, "%s\"%s\": ", indent, key);
    write_text(out, value);
    (void)fputs(more ? ",\n" : "\n", out);
}

/* A time as text, or null when it is not known. */
static void write_time(FILE *out, const char *key, int64_t time_ms) {
    char text[25];
    if (time_ms == INT64_MIN) {
        (void)fprintf(out, "\"%s\": null", key);
        return;
    }
    rfc3339_format(time_ms, text);
    (void)fprintf(out, "\"%s\": \"%s\"", key, text);
}

static void write_counts(FILE *out, const struct counts *counts) {
    (void)fprintf(out,
                  "{\"delivered\": %lld, \"applied\": %lld, \"duplicate\": %lld, \"quarantined\": %lld, \"rejected\": %lld, "
                  "\"ignored\": %lld, \"conflict\": %lld, \"late\": %lld, \"unresolved\": %lld, \"unconverted\": %lld, "
                  "\"open_unknown\": %lld, \"reasons\": {",
                  (long long)counts->delivered, (long long)counts->applied, (long long)counts->duplicate,
                  (long long)counts->quarantined, (long long)counts->rejected, (long long)counts->ignored,
                  (long long)counts->conflict, (long long)counts->late, (long long)counts->unresolved,
                  (long long)counts->unconverted, (long long)counts->open_unknown);
    const char *separator = "";
    for (int i = 1; i < REASON_COUNT; i++) {
        if (counts->reasons[i] == 0) continue;
        (void)fprintf(out, "%s\"%s\": %lld", separator, reason_name((enum reason)i), (long long)counts->reasons[i]);
        separator = ", ";
    }
    (void)fputs("}}", out);
}

static void add_counts(struct counts *total, const struct counts *counts) {
    total->delivered += counts->delivered;
    total->applied += counts->applied;
    total->duplicate += counts->duplicate;
    total->quarantined += counts->quarantined;
    total->rejected += counts->rejected;
    total->ignored += counts->ignored;
    total->conflict += counts->conflict;
    total->late += counts->late;
    total->unresolved += counts->unresolved;
    total->unconverted += counts->unconverted;
    total->open_unknown += counts->open_unknown;
    for (int i = 0; i < REASON_COUNT; i++)
        total->reasons[i] += counts->reasons[i];
}

static void write_inputs(const struct state *state, FILE *out) {
    struct counts total = {.delivered = 0};
    (void)fputs("  \"inputs\": [", out);
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct state_partition *partition = &state->partitions[i];
        const struct progress *progress = &partition->progress;
        (void)fputs(i == 0 ? "\n    {\"topic\": " : ",\n    {\"topic\": ", out);
        write_text(out, partition->topic);
        (void)fprintf(out, ", \"partition\": %d, \"cluster_id\": ", (int)partition->partition);
        write_text(out, partition->cluster_id);
        (void)fprintf(out, ", \"end_offset\": %lld, \"tail_offset\": %lld, \"tail_print\": \"%016llx\",\n     ",
                      (long long)progress->next, (long long)progress->tail_offset, (unsigned long long)progress->tail_print);
        write_time(out, "record_time_max", progress->record_time_max_ms);
        (void)fputs(", ", out);
        write_time(out, "watermark", progress->watermark_ms);
        (void)fprintf(out, ", \"accounts\": %lld, \"units\": %lld,\n     \"counts\": ", (long long)progress->accounts,
                      (long long)progress->units);
        write_counts(out, &progress->counts);
        (void)fputs("}", out);
        add_counts(&total, &progress->counts);
    }
    (void)fputs("\n  ],\n  \"counts\": ", out);
    write_counts(out, &total);
    (void)fputs(",\n", out);
}

static void write_engine(const struct provenance *provenance, FILE *out) {
    const struct snapshot_options *options = provenance->options;
    const struct state *state = provenance->state;
    (void)fputs("  \"engine\": {\n", out);
    write_pair(out, "    ", "version", options->engine_version, true);
    write_pair(out, "    ", "commit", options->engine_commit, true);
    write_pair(out, "    ", "state_config_sha256", state->partition_count == 0 ? "" : state->partitions[0].configuration_hash,
               true);
    write_pair(out, "    ", "presentation_config_sha256", options->presentation_hash, true);
    write_pair(out, "    ", "sources_sha256", sources_hash(options->sources), true);
    write_pair(out, "    ", "definitions_sha256", provenance->definitions->sha256, true);
    write_pair(out, "    ", "definitions_version", provenance->definitions->version, false);
    (void)fputs("  },\n", out);
}

static void write_registry(const struct provenance *provenance, FILE *out) {
    const struct registry *registry = provenance->registry;
    (void)fprintf(out,
                  "  \"registry\": {\n    \"rows\": %zu,\n    \"rows_recorded_later\": %zu,\n    \"units\": %u,\n    \"sha256\": "
                  "\"%s\",\n    \"ordinals\": [",
                  registry->record_count, registry->record_total - registry->record_count, registry->unit_count,
                  registry->sha256);
    const char *separator = "";
    for (size_t i = 0; i < provenance->state->partition_count; i++) {
        const struct state_partition *partition = &provenance->state->partitions[i];
        if (partition->progress.units == 0) continue;
        (void)fprintf(out, "%s{\"topic\": ", separator);
        write_text(out, partition->topic);
        (void)fprintf(out, ", \"partition\": %d, \"end_ordinal\": %lld}", (int)partition->partition,
                      (long long)partition->progress.units);
        separator = ", ";
    }
    (void)fprintf(out, "],\n    \"refused_claims\": %lld,\n    \"unmatched_accounts\": %lld,\n    \"unmatched_n\": %lld\n  },\n",
                  (long long)provenance->refused_claims, (long long)provenance->cells->unmatched_accounts,
                  (long long)provenance->cells->unmatched_n);
}

void provenance_write(const struct provenance *provenance, FILE *out) {
    const struct snapshot_options *options = provenance->options;
    char frequency[2] = {(char)provenance->period->frequency, '\0'};
    char first[11];
    char last[11];
    iso_date_format(provenance->period->first, first);
    iso_date_format(provenance->period->last, last);
    (void)fputs("{\n", out);
    write_pair(out, "  ", "vintage", provenance->vintage->name, true);
    (void)fprintf(out, "  \"release\": %lld,\n  ", (long long)provenance->vintage->release);
    write_time(out, "as_of", provenance->as_of_ms);
    (void)fputs(",\n", out);
    write_pair(out, "  ", "freq", frequency, true);
    write_pair(out, "  ", "period", provenance->period->text, true);
    write_pair(out, "  ", "period_start", first, true);
    write_pair(out, "  ", "period_end", last, true);
    (void)fprintf(out, "  \"daily\": %s,\n", options->daily ? "true" : "false");
    write_pair(out, "  ", "area", options->reporting_area, true);
    write_pair(out, "  ", "currency", options->reporting_currency, true);
    write_pair(out, "  ", "country", options->reporting_country, true);
    (void)fprintf(out, "  \"observations\": %lld,\n  \"disclosure\": null,\n", (long long)provenance->observations);
    write_engine(provenance, out);
    write_inputs(provenance->state, out);
    write_registry(provenance, out);
    (void)fputs("  \"reproduce\": \"nhip run --until OFFSETS into an empty namespace (OFFSETS: the end_offset of each "
                "input), then nhip snapshot with the same period and as_of\"\n}\n",
                out);
}

bool provenance_check(const struct state *state, struct fault *fault) {
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct state_partition *partition = &state->partitions[i];
        const struct counts *counts = &partition->progress.counts;
        if (counts->applied + counts->duplicate + counts->quarantined + counts->rejected + counts->ignored != counts->delivered) {
            return fault_set(
                fault, FAULT_STORE, false,
                "state of %.80s/%d: %lld records delivered, but the verdicts do not add up to that; rebuild the namespace",
                partition->topic, (int)partition->partition, (long long)counts->delivered);
        }
        if (strcmp(partition->configuration_hash, state->partitions[0].configuration_hash) != 0) {
            return fault_set(fault, FAULT_REFUSED, false,
                             "state of %.80s/%d was made under another configuration than %.80s/%d: finish the backfill first",
                             partition->topic, (int)partition->partition, state->partitions[0].topic,
                             (int)state->partitions[0].partition);
        }
    }
    return true;
}
