/* README.md and CITATION.cff of a vintage: what it is, how to open it in the programs that economists use, how to cite it. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/code_lists.h"
#include "aggregate/publication/dataflow.h"
#include "aggregate/publication/rows.h"
#include "aggregate/publication/text_out.h"
#include "zone.h"

static const struct {
    const char *file;
    const char *what;
} descriptions[] = {
    {"obs.csv", "the figures: SDMX-CSV 2.0, one row an observation, 34 columns"},
    {"revisions.csv", "every figure that differs from the release before, with the cause"},
    {"revisions_summary.csv", "mean, mean absolute and greatest revision of each headline"},
    {"codes.csv", "every code with its labels in Vietnamese and English"},
    {"geo.csv", "areas: districts of 2021, communes of 2025, with validity"},
    {"benchmarks.csv", "targets and reported figures beside ours, with the gap"},
    {"slices.csv", "which breakdowns exist, and why others do not"},
    {"paradata.csv", "how the data came in: duplicates, refusals, lateness, unmatched shares"},
    {"calendar.csv", "when this period and the next four are released and final, as planned and as it came"},
    {"cohorts.csv", "units by month of registration, and in which month since each was active for the first time"},
    {"indicators.json", "the definitions that ran"},
    {"expected_sources.csv", "which source was expected to deliver what, and when: what COVERAGE is of"},
    {"snapshot.json", "provenance: offsets, registry cut, hashes, counts"},
    {"structure.json", "SDMX structure: code lists, concepts, data structure, dataflow"},
    {"delta.ndjson", "changed observations against the release before, for streams"},
    {"labels.do", "Stata: labels for obs.csv in two languages"},
    {"adoption.dta", "Stata 14+: obs.csv, labelled"},
    {"adoption.sqlite", "SQLite: all tables, releases joined, a view for each indicator"},
    {"METHODOLOGY.md", "how every figure is made, under the 19 ESMS headings"},
    {"CITATION.cff", "how to cite"},
    {"report.html", "the headline figures as a page"},
};

static const char *describe(const char *file) {
    for (size_t i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        if (strcmp(descriptions[i].file, file) == 0) return descriptions[i].what;
    }
    return "";
}

static void write_files(const struct vintage *vintage, FILE *out) {
    (void)fputs("## Files\n\n| file | what |\n|---|---|\n", out);
    for (size_t i = 0; i < vintage->file_count; i++)
        (void)fprintf(out, "| `%s` | %s |\n", vintage->files[i], describe(vintage->files[i]));
    (void)fputs("| `datapackage.json` | columns, types, keys and hashes of all files (Data Package v2) |\n"
                "| `MANIFEST.sha256` | `sha256sum -c MANIFEST.sha256` |\n\n",
                out);
}

static const char reading[] = "## Read it in five lines\n\n"
                              "Stata: `use adoption.dta` (or `obs.csv` with `labels.do`).\n\n"
                              "```r\n"
                              "obs <- read.csv(\"obs.csv\", colClasses = \"character\", na.strings = character())\n"
                              "obs$OBS_VALUE <- suppressWarnings(as.numeric(obs$OBS_VALUE))\n"
                              "```\n\n"
                              "```python\n"
                              "import pandas as pd\n"
                              "obs = pd.read_csv(\"obs.csv\", keep_default_na=False, dtype={\"TIME_PERIOD\": \"string\"},\n"
                              "                  na_values={\"OBS_VALUE\": [\"\"], \"BOUND_LO\": [\"\"], \"BOUND_HI\": [\"\"]})\n"
                              "```\n\n"
                              "```sql\n"
                              "-- sqlite3 adoption.sqlite\n"
                              "SELECT AREA_VI, EVIDENCE, VALUE FROM ENT_MKTPL WHERE SIZE_CLASS = '_T';\n"
                              "```\n\n"
                              "```python\n"
                              "from pysdmx.io import get_datasets  # with code lists and types\n"
                              "data = get_datasets(\"obs.csv\", \"structure.json\")[0].data\n"
                              "```\n\n";

static const char empties[] =
    "## Four kinds of empty\n\n"
    "| OBS_VALUE | OBS_STATUS | meaning |\n|---|---|---|\n"
    "| `0` | any | nothing happened, and we know it |\n"
    "| empty | `Q` | suppressed: it would say something of a single company (CONF_STATUS: why) |\n"
    "| empty | `M` | cannot exist: the denominator is 0, or the evidence is not collected |\n"
    "| empty | `L`, `O` | exists, but did not reach us |\n\n"
    "`EVIDENCE`: `R` what the registry declares, `O` what transactions show, `C` either. Never add the three.\n"
    "Key: the columns FREQ to TIME_PERIOD. `ACTION` is `R`: load it as a replacement, or values that are now hidden survive.\n\n";

static void count_statuses(const struct obs_table *table, size_t *values, size_t *hidden, size_t *internal) {
    *values = 0;
    *hidden = 0;
    *internal = 0;
    for (size_t i = 0; i < table->count; i++) {
        char confidentiality = table->rows[i].cells[OBS_CONF_STATUS][0];
        *values += table->rows[i].cells[OBS_VALUE][0] != '\0';
        *internal += confidentiality == 'N';
        *hidden += confidentiality != 'N' && confidentiality != 'F';
    }
}

bool readme_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    struct label area;
    size_t values;
    size_t hidden;
    size_t internal;
    size_t withdrawn;
    char as_of[25];
    count_statuses(publication->rows, &values, &hidden, &internal);
    rfc3339_format(publication->as_of_ms, as_of);
    code_label(publication, "CL_AREA", publication->options->reporting_area, &area);
    (void)fprintf(
        out,
        "# E-commerce and e-payment adoption, %s, %s, release %lld\n\n*Mức độ ứng dụng thương mại điện tử và thanh toán "
        "điện tử, %s*\n\n",
        area.en, publication->statistics->period.text, (long long)publication->vintage->release, area.vi);
    (void)fprintf(
        out,
        "Shares of enterprises and establishments that sell, buy and are paid electronically, declared by the registry and "
        "observed in payment and marketplace events, with the flows behind them. %zu observations, %zu with a value, %zu "
        "hidden by disclosure control. Known as of %s; immutable: a correction is a new release. Every figure can be "
        "recomputed from the offsets in `snapshot.json`.\n\n",
        publication->rows->count, values, hidden, as_of);
    if (internal > 0) {
        (void)fprintf(out,
                      "**Not for publication**: %zu rows carry CONF_STATUS `N`; disclosure control has not released them.\n\n",
                      internal);
    }
    (void)exclusions_all(publication->options->exclusions, &withdrawn);
    if (withdrawn > 0)
        (void)fputs("Deliveries that turned out to be bad are withdrawn and not counted: `METHODOLOGY.md`, heading 13.\n\n", out);
    (void)fputs(reading, out);
    (void)fputs(empties, out);
    write_files(publication->vintage, out);
    (void)fputs("## Licence and citation\n\nCreative Commons Attribution 4.0; how to cite: `CITATION.cff`.\n", out);
    return true;
}

bool citation_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    struct dataflow flow = dataflow_of(publication->definitions->structure_id);
    struct label area;
    char as_of[25];
    rfc3339_format(publication->as_of_ms, as_of);
    code_label(publication, "CL_AREA", publication->options->reporting_area, &area);
    (void)fprintf(
        out,
        "cff-version: 1.2.0\nmessage: If you use these figures, please cite them so.\ntype: dataset\ntitle: \"E-commerce and "
        "e-payment adoption, %s, %s, release %lld\"\nauthors:\n  - name: \"%s\"\nversion: \"%s r%lld\"\ndate-released: "
        "%.10s\nlicense: CC-BY-4.0\nidentifiers:\n  - type: other\n    value: \"urn:nhip:%s\"\n    description: \"vintage; "
        "the hash of its MANIFEST.sha256 identifies it\"\nkeywords:\n  - e-commerce\n  - electronic payment\n  - official "
        "statistics\n",
        area.en, publication->statistics->period.text, (long long)publication->vintage->release, flow.agency,
        publication->definitions->version, (long long)publication->vintage->release, as_of, publication->vintage->name);
    return true;
}
