/* METHODOLOGY.md: the 19 headings of the Euro-SDMX Metadata Structure, which reviewers of statistics know, filled from the
 * definitions that ran, the state and the rows that were written. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/code_lists.h"
#include "aggregate/publication/definitions_text.h"
#include "aggregate/publication/rows.h"
#include "aggregate/publication/text_out.h"
#include "zone.h"

struct note {
    const struct publication *publication;
    const struct obs_table *table;
    FILE *out;
};

static void heading(const struct note *note, int number, const char *en, const char *vi) {
    (void)fprintf(note->out, "\n## %d. %s (%s)\n\n", number, en, vi);
}

static void write_presentation(const struct note *note) {
    const struct definitions *definitions = note->publication->definitions;
    struct label area;
    code_label(note->publication, "CL_AREA", note->publication->options->reporting_area, &area);
    heading(note, 3, "Statistical presentation", "Trình bày số liệu");
    (void)fprintf(
        note->out,
        "Adoption of e-commerce and e-payment in %s (%s): shares of units, flows of orders and payments, concentration. "
        "Two families that are never added: e-commerce is how an order is placed, e-payment is how money moves. Three "
        "kinds of evidence, never added either: declared in the unit registry (R), observed in events (O), either (C). "
        "Classifications: VSIC 2018, frozen districts of 2021; codes carry their version. Units: enterprises and "
        "establishments of the registry; flows of accounts that no unit claims stand beside the area as `%s_U`.\n\n"
        "Definitions version %s (`indicators.json`, SHA-256 `%s`).\n\n### Populations\n\n",
        area.en, area.vi, note->publication->options->reporting_area, definitions->version, definitions->sha256);
    populations_text(definitions, note->out);
    (void)fputs("\nA condition on a column that a registry record does not have holds. VSIC codes are leading digits of the main "
                "activity.\n\n### Flows\n\n",
                note->out);
    flows_text(definitions, note->out);
    (void)fputs("\n### Indicators\n\n", note->out);
    indicators_text(definitions, note->out);
}

static void write_reference(const struct note *note) {
    const struct publication *publication = note->publication;
    const struct period *period = &publication->statistics->period;
    char first[11];
    char last[11];
    char as_of[25];
    iso_date_format(period->first, first);
    iso_date_format(period->last, last);
    rfc3339_format(publication->as_of_ms, as_of);
    heading(note, 4, "Unit of measure", "Đơn vị tính");
    (void)fprintf(
        note->out,
        "PT: percent; NB: number; IX_10K: index from 0 to 10,000; %s: currency, nominal. One rounding, half to even, from "
        "exact integers.\n",
        publication->options->reporting_currency);
    heading(note, 5, "Reference period", "Kỳ báo cáo");
    (void)fprintf(
        note->out,
        "%s: local days %s to %s. An event belongs to the local day on which it happened, whenever it arrived. Stock shares "
        "describe the last day; where WINDOW is `%s` they look at the %d days up to it. Weeks are ISO weeks. Known as of "
        "%s.\n",
        period->text, first, last, publication->statistics->window, (int)publication->definitions->window_days, as_of);
    heading(note, 6, "Institutional mandate", "Cơ sở pháp lý");
    (void)fputs("The indicators follow the wording of Decision 1563/QĐ-TTg and Decision 645/QĐ-TTg; `benchmarks.csv` holds their "
                "targets. The publishing institution adds its own mandate here when it republishes.\n",
                note->out);
}

struct census {
    size_t rows;
    size_t values;
    size_t conf[128];
    size_t status[128];
};

static struct census count_rows(const struct obs_table *table) {
    struct census census = {.rows = table->count};
    for (size_t i = 0; i < table->count; i++) {
        const char *const *cells = table->rows[i].cells;
        census.values += cells[OBS_VALUE][0] != '\0';
        census.conf[cells[OBS_CONF_STATUS][0] & 127]++;
        census.status[cells[OBS_OBS_STATUS][0] & 127]++;
    }
    return census;
}

static void write_codes(const struct note *note, const char *list, const size_t counts[static 128]) {
    (void)fputs("| code | English | Vietnamese | rows |\n|---|---|---|--:|\n", note->out);
    for (int code = 'A'; code <= 'Z'; code++) {
        char text[2] = {(char)code, '\0'};
        struct label label;
        if (counts[code] == 0) continue;
        code_label(note->publication, list, text, &label);
        (void)fprintf(note->out, "| `%s` | %s | %s | %zu |\n", text, label.en, label.vi, counts[code]);
    }
}

/* The rules that this vintage was held to; nothing of what they hid. */
static void write_rules(const struct note *note) {
    const struct disclosure_rules *rules = &note->publication->options->disclosure;
    if (note->publication->disclosure->raw) {
        (void)fputs("These are raw figures, without disclosure control: not for publication.\n\n", note->out);
        return;
    }
    (void)fprintf(note->out, "Suppressed are cells with fewer than %lld merchants, %lld platforms or %lld payers",
                  (long long)rules->min_units, (long long)rules->min_platforms, (long long)rules->min_payers);
    if (rules->dominance == DOMINANCE_P)
        (void)fprintf(note->out, "; cells dominated under the p %% rule (p = %lld)", (long long)rules->p);
    if (rules->dominance == DOMINANCE_NK) (void)fputs("; cells dominated by one or two (75 %, 85 %)", note->out);
    if (rules->near_ends) (void)fputs("; shares close to 0 or 1 in small populations", note->out);
    if (rules->near_ends && rules->windows) (void)fputs(", also in what changed since the window before", note->out);
    (void)fputs(
        "; what is derived from a suppressed cell; and as many further cells as it takes that none can be found by subtraction "
        "from totals.\n\n",
        note->out);
}

static void write_confidentiality(const struct note *note, const struct census *census) {
    heading(note, 7, "Confidentiality", "Bảo mật");
    (void)fputs(
        "No person is identified anywhere: payers and buyers are counted in sketches of keyed hashes. A cell that would say "
        "something of a single company is emptied in every file (OBS_STATUS `Q`; CONF_STATUS says why), with what it could "
        "be recomputed from.\n\n",
        note->out);
    write_rules(note);
    write_codes(note, "CL_CONF_STATUS", census->conf);
}

static void write_release(const struct note *note) {
    heading(note, 8, "Release policy", "Chính sách công bố");
    (void)fprintf(
        note->out,
        "Release %lld of this period. A vintage is immutable; a later one of the same period has the next release number, "
        "and what changed stands in `revisions.csv` and `delta.ndjson`. `calendar.csv` says beforehand when a period is released "
        "whole and when each class of figures is final, for this period and the next four, and which release reached it.\n",
        (long long)note->publication->vintage->release);
    heading(note, 9, "Frequency of dissemination", "Tần suất công bố");
    (void)fputs("FREQ of each row: D, W, M, Q, A. A change of frequency is a new series, never an edit.\n", note->out);
    heading(note, 10, "Accessibility and clarity", "Khả năng tiếp cận");
    (void)fputs(
        "SDMX-CSV 2.0, SDMX-JSON structure, Data Package, Stata, SQLite, labels in Vietnamese and English; `README.md` says how "
        "to open each. Licence CC BY 4.0.\n",
        note->out);
    heading(note, 11, "Quality management", "Quản lý chất lượng");
    (void)fputs("Every record is counted under exactly one verdict; a state that does not add up is refused. Every figure can be "
                "recomputed from the offsets and hashes in `snapshot.json`.\n",
                note->out);
    heading(note, 12, "Relevance", "Tính phù hợp");
    (void)fputs(
        "For targets of the national e-commerce plans, for comparison with the UNCTAD core indicators (B5, B7, B8, B12), and for "
        "research on adoption. `slices.csv` lists the breakdowns that exist and why others do not.\n",
        note->out);
}

/* Only where something was expected: the text is part of the bytes of a vintage. */
static void write_coverage(const struct note *note) {
    const struct expected *expected = note->publication->options->expected;
    if (expected == NULL) return;
    (void)fprintf(
        note->out,
        "COVERAGE of a row of evidence O or C is the share of source-days delivered among those expected "
        "(`expected_sources.csv`, %zu rows, SHA-256 `%s`), times the share of events whose account a unit claims, in "
        "percent, for the families of events and the days that the row hangs on; the least of them where there are "
        "several. What no expected source delivered is no figure and not 0: OBS_STATUS `L`. Below 50 %% a figure is of "
        "low reliability: `U`. `paradata.csv` has the days of each source.\n\n",
        expected->count, expected->sha256);
}

/* Deliveries that were counted out; nothing when there are none. */
static void write_withdrawn(const struct note *note) {
    size_t count;
    const struct exclusion *ranges = exclusions_all(note->publication->options->exclusions, &count);
    if (count == 0) return;
    (void)fputs("\nDeliveries that a decision has withdrawn are not counted (`snapshot.json` has the offsets, `paradata.csv` the "
                "number of records, as REFUSED `withdrawn`):\n\n| source | topic | decided | reason |\n|---|---|---|---|\n",
                note->out);
    for (size_t i = 0; i < count; i++) {
        (void)fputs("| ", note->out);
        markdown_cell(note->out, ranges[i].source[0] == '\0' ? "all" : ranges[i].source);
        (void)fprintf(note->out, " | `%s` | %s | ", ranges[i].topic, ranges[i].date);
        markdown_cell(note->out, ranges[i].reason);
        (void)fputs(" |\n", note->out);
    }
}

static void write_accuracy(const struct note *note, const struct census *census) {
    const struct publication *publication = note->publication;
    heading(note, 13, "Accuracy and reliability", "Độ chính xác");
    (void)fprintf(
        note->out,
        "Not a survey: no sampling error; what is missing are sources that are not connected and accounts that no unit "
        "claims (%lld of them in this period). Unknown answers are not No: BOUND_LO and BOUND_HI of a declared share are "
        "logical bounds, not a confidence interval (ERR_TYPE `BND`). Distinct buyers are estimates with a standard error of "
        "0.81 %%%s (`HLL`). Registry declarations may be stale. Observed e-mail and software use is a lower bound.\n\n",
        (long long)publication->cells->unmatched_accounts, publication->state->person_count > 0 ? ", by district 1.63 %" : "");
    write_coverage(note);
    (void)fprintf(note->out, "%zu rows, %zu with a value:\n\n", census->rows, census->values);
    write_codes(note, "CL_OBS_STATUS", census->status);
    write_withdrawn(note);
}

/* Only where there are growths. */
static void write_growth(const struct note *note) {
    if (note->publication->base_count == 0) return;
    (void)fputs("\nGrowth (`G1`, `GY`, `GYT`) and indices (`IX`) are of flows only, and both periods are computed from the same "
                "prefix of the log, so they need not be those of the vintages that were published then. Tet moves between "
                "January and February: `GYT` compares the two months together, and `paradata.csv` has the days of the holiday "
                "(`TET_DAYS`).\n",
                note->out);
    if (note->publication->options->growth_base == NULL || note->publication->options->growth_base[0] == '\0') return;
    (void)fputs("\nThe chain index (`IXM`; months, totals of the province) goes from month to month over the sources that were "
                "complete in both, so the entry or exit of one moves the flow and not the index; 100 is the last month of the "
                "base. It ends (`Q`) where a link would tell of those who came or left.\n",
                note->out);
}

/* Days and weeks have no cohorts. */
static void write_cohorts(const struct note *note) {
    if (period_months(note->publication->statistics->period.frequency) == 0) return;
    (void)fputs("\n### Cohorts\n\n`cohorts.csv` follows the units that were registered in a month (COHORT) until they are "
                "active for the first time, as MER_NEW_N counts it, or close, which takes them out of the numbers at risk "
                "(right censoring). Units that are older than the data are `PRE` (left-censored): their first activity that "
                "we see need not be their first. HAZARD is ADOPTIONS / AT_RISK, SURVIVOR its Kaplan-Meier product. No curve is "
                "fitted: before the turning point the size of the market is not identified. A cohort that disclosure control "
                "withholds at some age is withheld at every later one.\n",
                note->out);
}

static void write_timeliness(const struct note *note) {
    heading(note, 14, "Timeliness and punctuality", "Tính kịp thời");
    (void)fputs(
        "Late events are never dropped inside the retention; they change the period in which they happened and appear in the "
        "next release. `paradata.csv` has the counts of late, duplicate and refused records and the unmatched shares.\n",
        note->out);
    heading(note, 15, "Coherence and comparability", "Tính so sánh");
    (void)fputs(
        "Breaks to know: VSIC 2025 (in force 15 November 2025) gives codes such as 3512 another meaning, so figures stay on VSIC "
        "2018; Đông Sơn district joined Thanh Hóa city on 1 January 2025 and districts ended on 1 July 2025, so districts are "
        "the frozen ones of 2021; the entry or exit of a platform moves levels.\n",
        note->out);
    write_growth(note);
    write_cohorts(note);
    heading(note, 16, "Cost and burden", "Chi phí");
    (void)fputs("No questionnaire: events that sources produce anyway, and the existing registry.\n", note->out);
}

static void write_revision(const struct note *note) {
    heading(note, 17, "Data revision", "Điều chỉnh số liệu");
    (void)fputs(
        "Rows are provisional (`P`) until their indicator's class is final; a later change is a row of `revisions.csv` with its "
        "cause. No key disappears without one.\n",
        note->out);
    heading(note, 18, "Statistical processing", "Xử lý số liệu");
    (void)fputs(
        "Duplicates by source and event id are dropped and counted. Orders book on their creation day, payments on the day of "
        "their first outcome, refunds on their own day. Accounts are matched to units by the registry valid on the event's "
        "day; stock shares use the registry on the last day of the period. No seasonal adjustment, no imputation. Values are "
        "nominal.\n",
        note->out);
    heading(note, 19, "Comment", "Ghi chú");
    (void)fprintf(note->out, "Made by nhip %s (%s).\n", note->publication->options->engine_version,
                  note->publication->options->engine_commit);
}

bool methodology_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const struct note note = {publication, publication->rows, out};
    struct census census = count_rows(publication->rows);
    char as_of[25];
    rfc3339_format(publication->as_of_ms, as_of);
    (void)fprintf(out, "# Methodology of %s\n\nThe 19 headings of ESMS, rendered from the definitions that ran.\n",
                  publication->vintage->name);
    heading(&note, 1, "Contact", "Liên hệ");
    (void)fputs("The institution that publishes this vintage; the program: nhip.\n", out);
    heading(&note, 2, "Metadata update", "Cập nhật siêu dữ liệu");
    (void)fprintf(out, "With every vintage; this one is known as of %s.\n", as_of);
    write_presentation(&note);
    write_reference(&note);
    write_confidentiality(&note, &census);
    write_release(&note);
    write_accuracy(&note, &census);
    write_timeliness(&note);
    write_revision(&note);
    return true;
}
