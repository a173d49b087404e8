/* The table of files. Every file is made durable and its digest taken as soon as it is whole, so that MANIFEST.sha256 speaks of
 * the bytes that were written and not of what stands in memory. */
#include "aggregate/snapshot/publication.h"

#include "aggregate/publication/writers.h"
#include "aggregate/report/report_file.h"
#include "aggregate/snapshot/provenance.h"

static bool write_observations(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const struct observation_frame frame = {
        .structure_id = publication->definitions->structure_id,
        .method = publication->definitions->version,
        .release = publication->vintage->release,
        .as_of_ms = publication->as_of_ms,
    };
    observations_write(publication->observations, &frame, out);
    return true;
}

static bool write_definitions(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    (void)fwrite(publication->definitions->text, 1, publication->definitions->text_length, out);
    return true;
}

static bool write_expected(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const struct expected *expected = publication->options->expected;
    (void)fwrite(expected->text, 1, expected->text_length, out);
    return true;
}

static bool expects(const struct publication *publication) {
    return publication->options->expected != NULL;
}

static bool has_cohorts(const struct publication *publication) {
    return period_months(publication->statistics->period.frequency) > 0;
}

bool publication_holds_cohorts(const struct snapshot_options *options, const struct period *period) {
    return period_months(period->frequency) > 0 && !options->raw;
}

const struct publication_file publication_files[] = {
    {"obs.csv", write_observations, NULL, NULL},
    {"revisions.csv", revisions_file, NULL, NULL},
    {"revisions_summary.csv", revisions_summary_file, NULL, NULL},
    {"indicators.json", write_definitions, NULL, NULL},
    {"expected_sources.csv", write_expected, NULL, expects},
    {"snapshot.json", provenance_file, NULL, NULL},
    {"codes.csv", codes_csv_write, NULL, NULL},
    {"geo.csv", geo_csv_write, NULL, NULL},
    {"benchmarks.csv", benchmarks_csv_write, NULL, NULL},
    {"slices.csv", slices_csv_write, NULL, NULL},
    {"paradata.csv", paradata_csv_write, NULL, NULL},
    {"calendar.csv", calendar_csv_write, NULL, NULL},
    {"cohorts.csv", cohorts_csv_write, NULL, has_cohorts},
    {"delta.ndjson", delta_write, NULL, NULL},
    {"structure.json", structure_json_write, NULL, NULL},
    {"labels.do", labels_do_write, NULL, NULL},
    {"adoption.dta", stata_write, NULL, NULL},
    {"adoption.sqlite", sqlite_write, NULL, NULL},
    {"report.html", report_file, NULL, NULL},
    {"METHODOLOGY.md", methodology_write, NULL, NULL},
    {"README.md", readme_write, NULL, NULL},
    {"CITATION.cff", citation_write, NULL, NULL},
    {"datapackage.json", datapackage_write, NULL, NULL},
};
const size_t publication_file_count = sizeof(publication_files) / sizeof(publication_files[0]);

static bool write_one(const struct publication *publication, const struct publication_file *file, struct vintage *vintage,
                      struct fault *fault) {
    if (file->wanted != NULL && !file->wanted(publication)) return true;
    if (file->write_at != NULL) {
        char path[VINTAGE_PATH_BYTES];
        vintage_file_path(vintage, file->name, path);
        return file->write_at(publication, path, fault) && vintage_take_file(vintage, file->name, fault);
    }
    FILE *out = vintage_file(vintage, file->name, fault);
    if (out == NULL) return false;
    bool good = file->write(publication, out, fault);
    return vintage_close_file(vintage, out, file->name, good ? fault : &(struct fault){.code = FAULT_NONE}) && good;
}

/* obs.csv comes first; what has been written of it is read back once, for all the files behind it. */
bool publication_write(const struct publication *publication, struct vintage *vintage, struct fault *fault) {
    struct obs_table rows = {.rows = NULL};
    struct publication whole = *publication;
    bool good = write_one(publication, &publication_files[0], vintage, fault);
    if (good && !obs_table_open(&rows, vintage->temporary)) {
        good = fault_set(fault, STOP_FILE_UNREADABLE, false, "%.200s/obs.csv: cannot be read back", vintage->temporary);
    }
    whole.rows = &rows;
    for (size_t i = 1; good && i < publication_file_count; i++)
        good = write_one(&whole, &publication_files[i], vintage, fault);
    obs_table_close(&rows);
    return good;
}
