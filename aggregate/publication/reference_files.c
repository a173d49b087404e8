/* codes.csv and geo.csv: what the codes of obs.csv mean. Areas stand in both: as codes with labels beside all other codes, and
 * with what a map or a merge needs. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/areas.h"
#include "aggregate/publication/code_lists.h"
#include "aggregate/publication/text_out.h"

static void write_code(void *context, const struct code *code) {
    FILE *out = context;
    csv_cell(out, code->list, false);
    csv_cell(out, code->code, false);
    csv_cell(out, code->vi, false);
    csv_cell(out, code->en, false);
    csv_cell(out, code->parent, false);
    csv_cell(out, code->from, false);
    csv_cell(out, code->to, false);
    csv_cell(out, code->source, true);
}

bool codes_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    (void)fputs("codelist,code,label_vi,label_en,parent,valid_from,valid_to,source\n", out);
    for (size_t i = 0; i < code_list_count; i++)
        code_list_visit(publication, code_list_names[i], write_code, out);
    return true;
}

/* One area: the cells of a row that are not names. */
struct area_row {
    const char *area;
    const char *ascii;
    const char *iso;
    const char *province;
    const char *gso_code;
    const char *level;
    const char *year;
    const char *successor;
    const char *district;
    const char *note;
};

struct area_search {
    const struct area_row *row;
    FILE *out;
};

static void write_area(void *context, const struct code *code) {
    const struct area_search *search = context;
    const struct area_row *row = search->row;
    FILE *out = search->out;
    if (strcmp(code->code, row->area) != 0) return;
    csv_cell(out, code->code, false);
    csv_cell(out, code->vi, false);
    csv_cell(out, code->en, false);
    csv_cell(out, row->ascii, false);
    csv_cell(out, row->iso, false);
    csv_cell(out, row->province, false);
    csv_cell(out, row->gso_code, false);
    csv_cell(out, row->level, false);
    csv_cell(out, row->year, false);
    csv_cell(out, code->parent, false);
    csv_cell(out, code->from, false);
    csv_cell(out, code->to, false);
    csv_cell(out, row->successor, false);
    csv_cell(out, row->district, false);
    csv_cell(out, row->note, true);
}

static void give_area(const struct publication *publication, struct area_row row, FILE *out) {
    struct area_search search = {&row, out};
    code_list_visit(publication, "CL_AREA", write_area, &search);
}

static void write_districts(const struct publication *publication, const char *province, FILE *out) {
    const char *area = publication->options->reporting_area;
    for (size_t i = 0; i < district_count; i++) {
        const struct district *district = &districts[i];
        char code[AREA_BYTES];
        char gso[8];
        char successor[AREA_BYTES] = "";
        (void)snprintf(code, sizeof(code), "%.24s_D%d", area, (int)district->code);
        (void)snprintf(gso, sizeof(gso), "%d", (int)district->code);
        const char *note = "The district level ended on 2025-07-01; kept as a frozen statistical area";
        if (district->code == 405) {
            (void)snprintf(successor, sizeof(successor), "%.24s_D380", area);
            note = "Merged into Thanh Hóa city on 2025-01-01; kept as a frozen statistical area";
        }
        give_area(publication,
                  (struct area_row){code, district->name_ascii, "", province, gso, "DISTRICT", "2021", successor, "", note}, out);
    }
}

static void write_communes(const struct publication *publication, const char *province, FILE *out) {
    const char *area = publication->options->reporting_area;
    for (size_t i = 0; i < commune_count; i++) {
        const struct commune *commune = &communes[i];
        char code[AREA_BYTES];
        char district[AREA_BYTES];
        (void)snprintf(code, sizeof(code), "%.20s_C%s_2025", area, commune->code);
        (void)snprintf(district, sizeof(district), "%.24s_D%d", area, (int)commune->district_2021);
        give_area(publication,
                  (struct area_row){code, commune->name_ascii, "", province, commune->code, "COMMUNE", "2025", "", district,
                                    "District of 2021: by reuse of the commune code, not a legal crosswalk"},
                  out);
    }
}

bool geo_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const char *area = publication->options->reporting_area;
    bool known = strcmp(area, "VN_38") == 0;
    const char *province = known ? "38" : "";
    char unmatched[AREA_BYTES];
    (void)snprintf(unmatched, sizeof(unmatched), "%.30s_U", area);
    (void)fputs("code,name_vi,name_en,name_ascii,iso3166_2,gso_province,gso_code,level,geo_vintage,parent,valid_from,valid_to,"
                "successor,district_2021,note\n",
                out);
    give_area(publication, (struct area_row){"VN", "Viet Nam", "", "", "", "COUNTRY", "", "", "", ""}, out);
    give_area(
        publication,
        (struct area_row){area, known ? "Thanh Hoa" : area, known ? "VN-21" : "", province, province, "PROVINCE", "", "", "", ""},
        out);
    give_area(publication,
              (struct area_row){unmatched, "Matched to no unit", "", "", "", "UNMATCHED", "", "", "",
                                "Flows of accounts that no registered unit claims; beside the province, never in it"},
              out);
    write_districts(publication, province, out);
    if (known) write_communes(publication, province, out);
    return true;
}
