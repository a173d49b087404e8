/* The offset vector, the registry cut and the configuration hashes are the identity of a vintage; the counts show what did not
 * get in. Written by hand and not with a JSON library: the order of keys and the form of numbers are part of "same inputs, same
 * bytes". */
#include "aggregate/snapshot/provenance.h"

#include "aggregate/publication/text_out.h"
#include "aggregate/snapshot/gaps.h"
#include "zone.h"

static void write_pair(FILE *out, const char *indent, const char *key, const char *value, bool more) {
    (void)fprintf(out, "%s\"%s\": ", indent, key);
    json_text(out, value);
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

void provenance_counts(const struct state *state, struct counts *total) {
    *total = (struct counts){.delivered = 0};
    for (size_t i = 0; i < state->partition_count; i++)
        counts_add(total, &state->partitions[i].progress.counts, 1);
}

static void write_inputs(const struct state *state, FILE *out) {
    struct counts total;
    provenance_counts(state, &total);
    (void)fputs("  \"inputs\": [", out);
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct state_partition *partition = &state->partitions[i];
        const struct progress *progress = &partition->progress;
        (void)fputs(i == 0 ? "\n    {\"topic\": " : ",\n    {\"topic\": ", out);
        json_text(out, partition->topic);
        (void)fprintf(out, ", \"partition\": %d, \"cluster_id\": ", (int)partition->partition);
        json_text(out, partition->cluster_id);
        (void)fprintf(out, ", \"end_offset\": %lld, \"tail_offset\": %lld, \"tail_print\": \"%016llx\",\n     ",
                      (long long)progress->next, (long long)progress->tail_offset, (unsigned long long)progress->tail_print);
        write_time(out, "record_time_max", progress->record_time_max_ms);
        (void)fputs(", ", out);
        write_time(out, "watermark", progress->watermark_ms);
        (void)fprintf(out, ", \"accounts\": %lld, \"units\": %lld,\n     \"counts\": ", (long long)progress->accounts,
                      (long long)progress->units);
        write_counts(out, &progress->counts);
        (void)fputs(", \"gaps\": ", out);
        gaps_write(progress, out);
        (void)fputs("}", out);
    }
    (void)fputs("\n  ],\n  \"counts\": ", out);
    write_counts(out, &total);
    (void)fputs(",\n", out);
}

static void write_engine(const struct publication *publication, FILE *out) {
    const struct snapshot_options *options = publication->options;
    const struct state *state = publication->state;
    (void)fputs("  \"engine\": {\n", out);
    write_pair(out, "    ", "version", options->engine_version, true);
    write_pair(out, "    ", "commit", options->engine_commit, true);
    write_pair(out, "    ", "state_config_sha256", state->partition_count == 0 ? "" : state->partitions[0].configuration_hash,
               true);
    write_pair(out, "    ", "presentation_config_sha256", options->presentation_hash, true);
    write_pair(out, "    ", "sources_sha256", sources_hash(options->sources), true);
    if (options->expected != NULL) write_pair(out, "    ", "expected_sources_sha256", options->expected->sha256, true);
    write_pair(out, "    ", "definitions_sha256", publication->definitions->sha256, true);
    write_pair(out, "    ", "definitions_version", publication->definitions->version, false);
    (void)fputs("  },\n", out);
}

static void write_registry(const struct publication *publication, FILE *out) {
    const struct registry *registry = publication->registry;
    (void)fprintf(out,
                  "  \"registry\": {\n    \"rows\": %zu,\n    \"rows_recorded_later\": %zu,\n    \"units\": %u,\n    \"sha256\": "
                  "\"%s\",\n    \"ordinals\": [",
                  registry->record_count, registry->record_total - registry->record_count, registry->unit_count,
                  registry->sha256);
    const char *separator = "";
    for (size_t i = 0; i < publication->state->partition_count; i++) {
        const struct state_partition *partition = &publication->state->partitions[i];
        if (partition->progress.units == 0) continue;
        (void)fprintf(out, "%s{\"topic\": ", separator);
        json_text(out, partition->topic);
        (void)fprintf(out, ", \"partition\": %d, \"end_ordinal\": %lld}", (int)partition->partition,
                      (long long)partition->progress.units);
        separator = ", ";
    }
    (void)fprintf(out, "],\n    \"refused_claims\": %lld,\n    \"unmatched_accounts\": %lld,\n    \"unmatched_n\": %lld\n  },\n",
                  (long long)crosswalk_refused(publication->crosswalk), (long long)publication->cells->unmatched_accounts,
                  (long long)publication->cells->unmatched_n);
}

/* The rules as text: what the figures that left were held to, and what its hash is taken of. */
static void rules_text(const struct disclosure_rules *rules, char *out, size_t out_bytes) {
    static const char *const dominances[] = {"off", "p", "nk"};
    (void)snprintf(out, out_bytes,
                   "{\"merchants\": %lld, \"platforms\": %lld, \"payers\": %lld, \"dominance\": \"%s\", \"p\": %lld, "
                   "\"near_ends\": %s, \"windows\": %s, \"zeros\": %s}",
                   (long long)rules->min_units, (long long)rules->min_platforms, (long long)rules->min_payers,
                   dominances[rules->dominance], (long long)rules->p, rules->near_ends ? "true" : "false",
                   rules->windows ? "true" : "false", rules->allow_zero ? "true" : "false");
}

/* Counts by rule and axis; never the values. */
static void write_disclosure(const struct publication *publication, FILE *out) {
    const struct disclosure_audit *audit = publication->disclosure;
    char rules[256];
    char hash[DIGEST_TEXT_BYTES];
    if (audit->raw) {
        (void)fputs("  \"publication\": \"not for publication: raw figures, no disclosure control\",\n", out);
        (void)fputs("  \"disclosure\": null,\n", out);
        return;
    }
    rules_text(&publication->options->disclosure, rules, sizeof(rules));
    digest_bytes(slice_of(rules), hash);
    (void)fprintf(out, "  \"publication\": \"for publication\",\n  \"disclosure\": {\n    \"rules\": %s,\n", rules);
    (void)fprintf(out, "    \"rules_sha256\": \"%s\",\n    \"free\": %lld,\n    \"suppressed\": {", hash, (long long)audit->free);
    static const char statuses[] = "AOTMDC";
    for (int i = 0; statuses[i] != '\0'; i++)
        (void)fprintf(out, "%s\"%c\": %lld", i > 0 ? ", " : "", statuses[i],
                      (long long)audit->statuses[(unsigned char)statuses[i]]);
    (void)fputs("},\n    \"by_rule\": {", out);
    for (int i = GROUND_NONE + 1; i < GROUND_COUNT; i++)
        (void)fprintf(out, "%s\"%s\": %lld", i > GROUND_NONE + 1 ? ", " : "", disclosure_ground_name((enum disclosure_ground)i),
                      (long long)audit->grounds[i]);
    (void)fprintf(out, "},\n    \"differencing_checks\": %lld\n  },\n", (long long)audit->differencing_checks);
}

/* The release before, of which this one is a function too: its name and its manifest. */
static void write_previous(const struct publication *publication, FILE *out) {
    const struct previous *previous = publication->previous;
    const struct revisions *revisions = publication->revisions;
    if (previous == NULL) {
        (void)fputs("  \"previous\": null,\n", out);
        return;
    }
    (void)fputs("  \"previous\": {\n", out);
    write_pair(out, "    ", "vintage", previous->name, true);
    write_pair(out, "    ", "manifest_sha256", previous->manifest_sha256, true);
    (void)fprintf(out, "    \"revisions\": %zu,\n    \"causes\": {", revisions->count);
    const char *separator = "";
    for (int i = 0; i < REVISED_COUNT; i++) {
        int64_t rows = 0;
        for (size_t j = 0; j < revisions->count; j++)
            rows += revisions->items[j].causes >> i & 1;
        if (rows == 0) continue;
        (void)fprintf(out, "%s\"%s\": %lld", separator, cause_name(i), (long long)rows);
        separator = ", ";
    }
    (void)fprintf(
        out, "},\n    \"causes_recomputed\": %s,\n    \"revised_after_final\": %lld,\n    \"became_final\": %lld\n  },\n",
        revisions->recomputed ? "true" : "false", (long long)revisions->after_final, (long long)revisions->finalised);
}

/* The newest release of another period that this vintage is a function of, too; 0: there was none. */
static void write_release(const struct period *period, int64_t release, const char *vintage, const char *manifest_sha256,
                          FILE *out) {
    (void)fprintf(out, "{\"freq\": \"%c\", \"period\": \"%s\", \"release\": %lld, \"vintage\": ", (char)period->frequency,
                  period->text, (long long)release);
    json_text(out, vintage);
    (void)fprintf(out, ", \"manifest_sha256\": \"%s\"}", manifest_sha256);
}

/* What cohorts were held to, beside the release before. */
static void write_cohorts(const struct publication *publication, FILE *out) {
    const struct previous *neighbour = publication->neighbour;
    struct period before = period_preceding(&publication->statistics->period);
    if (!publication_holds_cohorts(publication->options, &publication->statistics->period)) return;
    (void)fputs("  \"cohorts\": ", out);
    if (neighbour == NULL)
        write_release(&before, 0, "", "", out);
    else
        write_release(&before, neighbour->release, neighbour->name, neighbour->manifest_sha256, out);
    (void)fputs(",\n", out);
}

/* What growths were measured from, of which this vintage is a function too; nothing where there are none. */
static void write_growth(const struct publication *publication, FILE *out) {
    const char *separator = "";
    if (publication->base_count == 0) return;
    (void)fputs("  \"growth\": [", out);
    for (size_t i = 0; i < publication->base_count; i++) {
        const struct growth_base *base = &publication->bases[i];
        (void)fprintf(out, "%s\n    ", separator);
        write_release(&base->period, base->release, base->vintage, base->manifest_sha256, out);
        separator = ",";
    }
    (void)fputs("\n  ],\n", out);
}

/* `key=value` lines as an object; the hash of the secret key stays at home. */
static void write_state_config(const char *text, FILE *out) {
    const char *separator = "";
    (void)fputs("  \"state_config\": {", out);
    for (const char *at = text == NULL ? "" : text; *at != '\0';) {
        char key[64];
        char value[512];
        size_t length = strcspn(at, "\n");
        size_t name = strcspn(at, "=\n");
        if (name < length && name < sizeof(key) && length - name < sizeof(value) && strncmp(at, "secret=", 7) != 0) {
            (void)snprintf(key, sizeof(key), "%.*s", (int)name, at);
            (void)snprintf(value, sizeof(value), "%.*s", (int)(length - name - 1), at + name + 1);
            (void)fprintf(out, "%s\n    ", separator);
            json_text(out, key);
            (void)fputs(": ", out);
            json_text(out, value);
            separator = ",";
        }
        at += length + (at[length] == '\n');
    }
    (void)fputs("\n  },\n", out);
}

/* How many records a range has withdrawn: known where the partition has no other range, as the state counts by partition. */
static bool withdrawn_count(const struct publication *publication, const struct exclusion *range, int64_t *count) {
    size_t ranges;
    const struct state *state = publication->state;
    (void)exclusions_of(publication->options->exclusions, range->topic, range->partition, &ranges);
    *count = 0;
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct state_partition *partition = &state->partitions[i];
        if (partition->partition == range->partition && strcmp(partition->topic, range->topic) == 0)
            *count = partition->progress.counts.reasons[REASON_WITHDRAWN];
    }
    return ranges == 1 || *count == 0;
}

/* The withdrawn deliveries, with what nhip verify needs to withdraw them again. Nothing when there are none. */
static void write_exclusions(const struct publication *publication, FILE *out) {
    size_t count;
    const struct exclusion *ranges = exclusions_all(publication->options->exclusions, &count);
    if (count == 0) return;
    (void)fputs("  \"exclusions\": [", out);
    for (size_t i = 0; i < count; i++) {
        int64_t records;
        (void)fputs(i == 0 ? "\n    {\"topic\": " : ",\n    {\"topic\": ", out);
        json_text(out, ranges[i].topic);
        (void)fprintf(out, ", \"partition\": %d, \"from_offset\": %lld, \"to_offset\": %lld, \"source\": ",
                      (int)ranges[i].partition, (long long)ranges[i].from, (long long)ranges[i].to);
        json_text(out, ranges[i].source);
        (void)fputs(",\n     \"reason\": ", out);
        json_text(out, ranges[i].reason);
        (void)fprintf(out, ", \"date\": \"%s\", \"withdrawn\": ", ranges[i].date);
        if (withdrawn_count(publication, &ranges[i], &records)) {
            (void)fprintf(out, "%lld}", (long long)records);
        } else {
            (void)fputs("null}", out);
        }
    }
    (void)fputs("\n  ],\n", out);
}

bool provenance_file(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const struct snapshot_options *options = publication->options;
    char frequency[2] = {(char)publication->statistics->period.frequency, '\0'};
    char first[11];
    char last[11];
    iso_date_format(publication->statistics->period.first, first);
    iso_date_format(publication->statistics->period.last, last);
    (void)fputs("{\n", out);
    write_pair(out, "  ", "vintage", publication->vintage->name, true);
    (void)fprintf(out, "  \"release\": %lld,\n  ", (long long)publication->vintage->release);
    write_time(out, "as_of", publication->as_of_ms);
    (void)fputs(",\n", out);
    write_pair(out, "  ", "freq", frequency, true);
    write_pair(out, "  ", "period", publication->statistics->period.text, true);
    write_pair(out, "  ", "period_start", first, true);
    write_pair(out, "  ", "period_end", last, true);
    (void)fprintf(out, "  \"daily\": %s,\n", options->daily ? "true" : "false");
    write_pair(out, "  ", "area", options->reporting_area, true);
    write_pair(out, "  ", "currency", options->reporting_currency, true);
    write_pair(out, "  ", "country", options->reporting_country, true);
    (void)fprintf(out, "  \"observations\": %lld,\n", (long long)publication->observations->count);
    write_disclosure(publication, out);
    write_previous(publication, out);
    write_growth(publication, out);
    write_cohorts(publication, out);
    write_engine(publication, out);
    write_state_config(options->state_text, out);
    write_exclusions(publication, out);
    write_inputs(publication->state, out);
    write_registry(publication, out);
    (void)fputs("  \"reproduce\": \"nhip run --until OFFSETS into an empty namespace (OFFSETS: the end_offset of each "
                "input), then nhip snapshot with the same period and as_of\"\n}\n",
                out);
    return true;
}

bool provenance_check(const struct state *state, struct fault *fault) {
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct state_partition *partition = &state->partitions[i];
        const struct counts *counts = &partition->progress.counts;
        if (counts->applied + counts->duplicate + counts->quarantined + counts->rejected + counts->ignored != counts->delivered) {
            return fault_set(
                fault, STOP_STATE_DAMAGED, false,
                "state of %.80s/%d: %lld records delivered, but the verdicts do not add up to that; rebuild the namespace",
                partition->topic, (int)partition->partition, (long long)counts->delivered);
        }
        if (strcmp(partition->configuration_hash, state->partitions[0].configuration_hash) != 0) {
            return fault_set(fault, STOP_STATES_MIXED, false,
                             "state of %.80s/%d was made under another configuration than %.80s/%d: finish the backfill first",
                             partition->topic, (int)partition->partition, state->partitions[0].topic,
                             (int)state->partitions[0].partition);
        }
    }
    return true;
}
