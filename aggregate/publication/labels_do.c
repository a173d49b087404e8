/* labels.do: a Stata program that labels obs.csv as imported, in both languages (label language en, vi), and the import line to
 * begin with. Codes stay text, as merges need them; the labels of codes come as variables beside them from codes.csv. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/fields.h"
#include "aggregate/publication/text_out.h"

static void write_text_columns(FILE *out) {
    (void)fputs("stringcols(", out);
    const char *separator = "";
    for (size_t i = 0; i < observation_file->field_count; i++) {
        enum field_type type = observation_file->fields[i].type;
        if (type == FIELD_DECIMAL || type == FIELD_INTEGER) continue;
        (void)fprintf(out, "%s%zu", separator, i + 1);
        separator = " ";
    }
    (void)fputs(")", out);
}

static void write_language(FILE *out, const char *language, bool vietnamese) {
    (void)fprintf(out, "capture label language %s, new\nlabel language %s\n", language, language);
    for (size_t i = 0; i < observation_file->field_count; i++) {
        const struct field *field = &observation_file->fields[i];
        (void)fprintf(out, "label variable %s ", field->name);
        stata_text(out, vietnamese ? field->vi : field->en);
        (void)fputc('\n', out);
    }
}

/* The labels of one coordinate, merged from codes.csv. */
static void write_merge(FILE *out, const struct field *field) {
    (void)fprintf(
        out,
        "preserve\nimport delimited using \"codes.csv\", varnames(1) case(preserve) encoding(\"utf-8\") "
        "stringcols(_all) clear\nkeep if codelist == \"%s\"\nkeep code label_vi label_en\nrename (code label_vi label_en) "
        "(%s %s_VI %s_EN)\ntempfile labels\nsave `labels'\nrestore\nmerge m:1 %s using `labels', keep(master match) "
        "nogenerate\n",
        field->code_list, field->name, field->name, field->name, field->name);
}

bool labels_do_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    (void)fprintf(out, "* %s: labels for obs.csv in English and Vietnamese. In the directory of the vintage:\n*\n",
                  publication->vintage->name);
    (void)fputs("*   import delimited using \"obs.csv\", varnames(1) case(preserve) encoding(\"utf-8\") ", out);
    write_text_columns(out);
    (void)fputs(" asdouble clear\n*   do labels.do\n*   label language vi\n*\n* adoption.dta holds the same, labelled.\n", out);
    write_language(out, "en", false);
    write_language(out, "vi", true);
    (void)fputs("label language en\n", out);
    for (size_t i = 0; i < observation_file->field_count; i++) {
        const struct field *field = &observation_file->fields[i];
        if (strcmp(field->name, "REF_AREA") == 0 || strcmp(field->name, "INDICATOR") == 0) write_merge(out, field);
    }
    (void)fputs("generate PERIOD_END_D = date(PERIOD_END, \"YMD\")\nformat PERIOD_END_D %td\n", out);
    return true;
}
