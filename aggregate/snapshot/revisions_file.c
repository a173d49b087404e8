/* revisions.csv and its summary. Both are written for a first release too, with their header alone: a file that is sometimes
 * there is a file that nobody reads. */
#include "aggregate/snapshot/publication.h"

static const char revisions_header[] =
    "FREQ,REF_AREA,INDICATOR,EVIDENCE,ACTIVITY,UNIT_TYPE,SIZE_CLASS,PLATFORM,INSTRUMENT,TRANSFORMATION,TIME_PERIOD,"
    "ACTION,OLD_VALUE,NEW_VALUE,OLD_STATUS,NEW_STATUS,CAUSE,NOTE\n";

static const struct {
    enum obs_column column;
    const char *name;
} noted[] = {
    {OBS_CONF_STATUS, "CONF_STATUS"}, {OBS_NUMERATOR, "NUMERATOR"},       {OBS_DENOMINATOR, "DENOMINATOR"},
    {OBS_N_UNITS, "N_UNITS"},         {OBS_BOUND_LO, "BOUND_LO"},         {OBS_BOUND_HI, "BOUND_HI"},
    {OBS_ERR_TYPE, "ERR_TYPE"},       {OBS_UNIT_MEASURE, "UNIT_MEASURE"}, {OBS_DECIMALS, "DECIMALS"},
    {OBS_WINDOW, "WINDOW"},           {OBS_OBS_PRE_BREAK, "OBS_PRE_BREAK"},
};

static const char *cell(const struct obs_row *row, enum obs_column column) {
    return row == NULL ? "" : row->cells[column];
}

/* What else changed in the row, and that it had been final. */
static void write_note(const struct revision *revision, FILE *out) {
    const char *separator = "";
    if (revision->old != NULL && revision->old->cells[OBS_OBS_STATUS][0] == 'A') {
        (void)fputs("was final", out);
        separator = "; ";
    }
    if (revision->old == NULL || revision->new == NULL) return;
    for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++) {
        if (strcmp(cell(revision->old, noted[i].column), cell(revision->new, noted[i].column)) == 0) continue;
        (void)fprintf(out, "%s%s", separator, noted[i].name);
        separator = " ";
    }
}

bool revisions_file(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const struct revisions *revisions = publication->revisions;
    (void)fputs(revisions_header, out);
    for (size_t i = 0; i < revisions->count; i++) {
        const struct revision *revision = &revisions->items[i];
        const char *what = revision->old == NULL ? "NEW" : revision->new == NULL ? "WITHDRAWN" : "REVISED";
        char causes[CAUSES_TEXT_BYTES];
        causes_text(revision->causes, causes);
        (void)fprintf(out, "%s,%s,%s,%s,%s,%s,%s,", revision->key, what, cell(revision->old, OBS_VALUE),
                      cell(revision->new, OBS_VALUE), cell(revision->old, OBS_OBS_STATUS), cell(revision->new, OBS_OBS_STATUS),
                      causes);
        write_note(revision, out);
        (void)fputc('\n', out);
    }
    return true;
}

bool revisions_summary_file(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const struct revisions *revisions = publication->revisions;
    (void)fputs("INDICATOR,EVIDENCE,RELEASE,PREVIOUS_RELEASE,ROWS,MEAN,MEAN_ABSOLUTE,MAX_ABSOLUTE,TOTAL\n", out);
    for (size_t i = 0; i < revisions->summary_count; i++) {
        const struct revision_summary *summary = &revisions->summaries[i];
        char mean[DECIMAL_BYTES] = "";
        char mean_absolute[DECIMAL_BYTES] = "";
        char max_absolute[DECIMAL_BYTES] = "";
        char total[DECIMAL_BYTES] = "";
        if (summary->rows > 0) {
            decimal_quotient(mean, summary->sum, (__int128)100 * summary->rows, 0, 4);
            decimal_quotient(mean_absolute, summary->sum_absolute, (__int128)100 * summary->rows, 0, 4);
            decimal_scaled(max_absolute, summary->max_absolute, 2);
        }
        if (summary->has_total) decimal_scaled(total, summary->total, 2);
        (void)fprintf(out, "%s,%c,%lld,%lld,%lld,%s,%s,%s,%s\n", summary->indicator->code, summary->indicator->headline,
                      (long long)publication->vintage->release, (long long)revisions->previous->release, (long long)summary->rows,
                      mean, mean_absolute, max_absolute, total);
    }
    return true;
}
