/* What a newcomer looks at first. Everything comes from the written obs.csv, so that the table shows what was published and
 * nothing else.
 *
 * The published figures are those of the province's report that nhip started from: declarations of 2020/21, taken as they were
 * printed. The difference is taken from the evidence that answers the same question (the letter behind it), in percentage points,
 * and in integers: the texts are parsed as hundredths. */
#include "aggregate/snapshot/table.h"

#include "aggregate/snapshot/obs_table.h"

enum { NUMBER_BYTES = 48, CELL_BYTES = 32 };

struct view {
    const struct obs_table *table;
    const char *area;
    const char *period;
    FILE *out;
};

struct share_line {
    const char *indicator;
    const char *label;
    const char *unit_type, *platform, *instrument; /* of the total row */
    int published;
    char headline; /* the evidence that is compared first */
};

static const struct share_line share_lines[] = {
    {"ENT_EMAIL", "Enterprises using e-mail", "ENT", "_Z", "_Z", 70, 'R'},
    {"ENT_WEB_UPD", "Enterprises, website kept fresh", "ENT", "_Z", "_Z", 50, 'R'},
    {"ENT_MKTPL", "Enterprises on marketplaces", "ENT", "_T", "_Z", 35, 'R'},
    {"ENT_MGMTSW", "Enterprises, special software", "ENT", "_Z", "_Z", 10, 'R'},
    {"MDT_EPAY", "Modern retail taking e-payment", "EST", "_Z", "_T", 70, 'R'},
    {"UTL_EPAY_HH", "Utilities, household e-payment", "UTILITY", "_Z", "_T", 50, 'R'},
    {"TSB_ECHAN", "Trade services, e-channel", "EST", "_T", "_Z", 20, 'R'},
};

static const struct {
    const char *activity;
    const char *label;
    int published;
} structure_lines[] = {
    {"V18_IT_HW", "IT enterprises: goods", 67},
    {"V18_IT_SW", "IT enterprises: software, media", 8},
    {"V18_IT_SV", "IT enterprises: services", 25},
};

static const struct {
    const char *indicator;
    const char *label;
    const char *platform, *instrument;
} flow_lines[] = {
    {"ORD_N", "Orders received", "_T", "_Z"},
    {"GMV_GROSS", "Order value, gross", "_T", "_Z"},
    {"AOV", "Average order", "_T", "_Z"},
    {"CANC_RATE", "Cancelled orders", "_T", "_Z"},
    {"COD_SH_N", "Cash on delivery, share of orders", "_T", "_Z"},
    {"PAY_ATT_N", "Payment attempts, non-cash", "_Z", "_T"},
    {"PAY_SUCC", "Payments accepted", "_Z", "_T"},
    {"PAYV_GROSS", "Payment value, gross", "_Z", "_T"},
    {"EW_SH_N", "E-wallets, share of payments", "_Z", "_Z"},
    {"EW_SH_V", "E-wallets, share of value", "_Z", "_Z"},
    {"NONCASH_SH_N", "Non-cash, share of payments", "_Z", "_Z"},
    {"NONCASH_SH_V", "Non-cash, share of value", "_Z", "_Z"},
    {"MER_ACTIVE_SH", "Units active in 90 days", "_Z", "_Z"},
    {"BUYERS_ACT_N", "Household buyers and payers", "_T", "_T"},
    {"HHI_PLATFORM", "Concentration, all channels", "_T", "_Z"},
    {"HHI_PLATFORM", "Concentration, marketplaces", "MARKETPLACE", "_Z"},
};

/* "60.00" -> 6000; false for anything else than digits with two decimals. */
static bool hundredths_of(const char *text, int64_t *value) {
    *value = 0;
    const char *point = strchr(text, '.');
    if (point == NULL || strlen(point) != 3 || strlen(text) > 12) return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (at == point) continue;
        if (*at < '0' || *at > '9') return false;
        *value = *value * 10 + (*at - '0');
    }
    return true;
}

/* 1100000 -> 1,100,000; decimals and sign stay. */
static void group_digits(const char *text, char out[static NUMBER_BYTES]) {
    size_t whole = strcspn(text, ".");
    size_t sign = text[0] == '-';
    size_t length = 0;
    for (size_t i = 0; text[i] != '\0' && length < NUMBER_BYTES - 2; i++) {
        if (i > sign && i < whole && (whole - i) % 3 == 0) out[length++] = ',';
        out[length++] = text[i];
    }
    out[length] = '\0';
}

/* The row at these coordinates, in the province and of all sizes. */
static const struct obs_row *find(const struct view *view, struct observation_key key) {
    key.area = view->area;
    key.period = view->period;
    key.size_class = "_T";
    if (key.activity == NULL) key.activity = "_T";
    return obs_table_find(view->table, &key);
}

static const char *status_words(const struct obs_row *row) {
    if (row == NULL) return "no row";
    if (row->cells[OBS_OBS_STATUS][0] == 'M') return "not known";
    if (row->cells[OBS_OBS_STATUS][0] == 'L') return "not collected";
    return row->cells[OBS_CONF_STATUS][0] == 'F' ? "empty" : "suppressed";
}

/* " 60.00    3/5" in 18 columns; a line of shares has 31 + 3 * 18 + 5 + 9 = 99. */
static void print_share(const struct view *view, const struct obs_row *row) {
    char fraction[CELL_BYTES];
    if (row == NULL || row->cells[OBS_VALUE][0] == '\0') {
        (void)fprintf(view->out, " %17s", status_words(row));
        return;
    }
    (void)snprintf(fraction, sizeof(fraction), "%s/%s", row->cells[OBS_NUMERATOR], row->cells[OBS_DENOMINATOR]);
    (void)fprintf(view->out, " %6s %10s", row->cells[OBS_VALUE], fraction);
}

static void print_difference(const struct view *view, const struct obs_row *row, int published) {
    int64_t value;
    (void)fprintf(view->out, " %4d", published);
    if (row == NULL || !hundredths_of(row->cells[OBS_VALUE], &value)) {
        (void)fprintf(view->out, "%7s\n", "-");
        return;
    }
    int64_t difference = value - (int64_t)published * 100;
    int64_t distance = difference < 0 ? -difference : difference;
    char text[CELL_BYTES];
    (void)snprintf(text, sizeof(text), "%s%lld.%02lld", difference < 0 ? "-" : "+", (long long)(distance / 100),
                   (long long)(distance % 100));
    (void)fprintf(view->out, "%7s %s\n", text, row->cells[OBS_EVIDENCE]);
}

static void print_share_line(const struct view *view, const struct share_line *line) {
    const struct obs_row *rows[3];
    static const char *const evidences[3] = {"R", "O", "C"};
    const struct obs_row *compared = NULL;
    (void)fprintf(view->out, "%-31s", line->label);
    for (int i = 0; i < 3; i++) {
        rows[i] = find(view, (struct observation_key){.indicator = line->indicator,
                                                      .evidence = evidences[i],
                                                      .unit_type = line->unit_type,
                                                      .platform = line->platform,
                                                      .instrument = line->instrument});
        print_share(view, rows[i]);
    }
    for (int i = 0; i < 3; i++) {
        bool known = rows[i] != NULL && rows[i]->cells[OBS_VALUE][0] != '\0';
        if (known && (compared == NULL || evidences[i][0] == line->headline)) compared = rows[i];
    }
    print_difference(view, compared, line->published);
}

static void print_structure(const struct view *view) {
    const struct obs_row *count = find(view, (struct observation_key){.indicator = "IT_ENT_N"});
    for (size_t i = 0; i < sizeof(structure_lines) / sizeof(structure_lines[0]); i++) {
        const char *activity = structure_lines[i].activity;
        const struct obs_row *row = find(view, (struct observation_key){.indicator = "IT_ENT_SH", .activity = activity});
        (void)fprintf(view->out, "%-31s", structure_lines[i].label);
        print_share(view, row);
        (void)fprintf(view->out, "%36s", "");
        print_difference(view, row, structure_lines[i].published);
    }
    bool known = count != NULL && count->cells[OBS_VALUE][0] != '\0';
    (void)fprintf(view->out, "%-31s %17s\n", "IT enterprises, number", known ? count->cells[OBS_VALUE] : status_words(count));
}

static void print_flows(const struct view *view) {
    for (size_t i = 0; i < sizeof(flow_lines) / sizeof(flow_lines[0]); i++) {
        const struct obs_row *row = find(view, (struct observation_key){.indicator = flow_lines[i].indicator,
                                                                        .unit_type = "_T",
                                                                        .platform = flow_lines[i].platform,
                                                                        .instrument = flow_lines[i].instrument});
        char value[NUMBER_BYTES];
        char low[NUMBER_BYTES];
        char high[NUMBER_BYTES];
        if (row == NULL || row->cells[OBS_VALUE][0] == '\0') {
            (void)fprintf(view->out, "%-36s %22s\n", flow_lines[i].label, status_words(row));
            continue;
        }
        const char *unit = row->cells[OBS_UNIT_MEASURE];
        const char *shown = strcmp(unit, "PT") == 0       ? "%"
                            : strcmp(unit, "NB") == 0     ? ""
                            : strcmp(unit, "IX_10K") == 0 ? "of 10,000"
                                                          : unit;
        group_digits(row->cells[OBS_VALUE], value);
        (void)fprintf(view->out, "%-36s %22s %s", flow_lines[i].label, value, shown);
        if (row->cells[OBS_BOUND_LO][0] != '\0') {
            group_digits(row->cells[OBS_BOUND_LO], low);
            group_digits(row->cells[OBS_BOUND_HI], high);
            (void)fprintf(view->out, "between %s and %s", low, high);
        }
        (void)fputc('\n', view->out);
    }
}

static const struct obs_row *first_of_period(const struct obs_table *table, const char *period) {
    struct observation_key key = {.period = period};
    return obs_table_find(table, &key);
}

bool adoption_table_print(const char *vintage_path, const char *period, FILE *out) {
    struct obs_table table;
    bool good = obs_table_open(&table, vintage_path);
    /* Rows are sorted, and the province's code is a prefix of its districts': the first row of the period is the province's. */
    const struct obs_row *first = good ? first_of_period(&table, period) : NULL;
    if (first != NULL) {
        struct view view = {.table = &table, .area = first->cells[OBS_REF_AREA], .period = period, .out = out};
        (void)fprintf(out, "Adoption in %s, %s (release %s, as of %s)\n\n", view.area, period, first->cells[OBS_RELEASE],
                      first->cells[OBS_AS_OF]);
        (void)fprintf(out, "%-31s %17s %17s %17s %4s %8s\n", "Per cent of units at the end", "declared R", "observed O",
                      "combined C", "pub.", "diff. pp");
        for (size_t i = 0; i < sizeof(share_lines) / sizeof(share_lines[0]); i++)
            print_share_line(&view, &share_lines[i]);
        print_structure(&view);
        (void)fputc('\n', out);
        print_flows(&view);
        if (first->cells[OBS_CONF_STATUS][0] == 'N')
            (void)fputs("\nNot for publication (CONF_STATUS=N): no disclosure control has been applied to these figures.\n", out);
    }
    obs_table_close(&table);
    return first != NULL;
}
