/* Populations, flows and indicators in sentences, from the same structures that the engine executes: a page that is written
 * beside the code drifts from it. */
#include "aggregate/publication/definitions_text.h"

#include "aggregate/publication/text_out.h"

#include <string.h>

static const char *column_name(enum column column) {
    static const char *const names[] = {"",
                                        "has_email",
                                        "accepts_epay",
                                        "bills_households",
                                        "mgmt_software",
                                        "has_email_asof",
                                        "website_updated_at",
                                        "website_url",
                                        "mktpl_accounts",
                                        "echannels"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == COLUMN_COUNT, "a name for each column");
    return names[column];
}

static void write_side(const struct side *side, FILE *out) {
    (void)fprintf(out, "`%s` ", column_name(side->column));
    switch (side->test) {
    case TEST_NONE:
        break;
    case TEST_YES:
        (void)fputs("is yes", out);
        break;
    case TEST_NO:
        (void)fputs("is no", out);
        break;
    case TEST_IN_WINDOW:
        (void)fputs("lies in the window", out);
        break;
    case TEST_WITHIN_DAYS:
        (void)fprintf(out, "is at most %d days old", (int)side->days);
        break;
    case TEST_NON_EMPTY:
        (void)fputs("is not empty", out);
        break;
    }
}

static void write_list(const char *what, const struct text_list *list, const char **separator, FILE *out) {
    if (list->count == 0) return;
    (void)fprintf(out, "%s%s", *separator, what);
    *separator = "; ";
    for (size_t i = 0; i < list->count; i++)
        (void)fprintf(out, " %s", list->items[i]);
}

static void write_condition(const struct condition *condition, const char *separator, FILE *out) {
    write_list("legal form", &condition->legal_form, &separator, out);
    write_list("unit type", &condition->unit_type, &separator, out);
    write_list("VSIC 2018", &condition->vsic, &separator, out);
    for (size_t i = 0; i < condition->side_count; i++) {
        (void)fputs(separator, out);
        separator = "; ";
        write_side(&condition->sides[i], out);
    }
}

void populations_text(const struct definitions *definitions, FILE *out) {
    (void)fputs("| population | Vietnamese | who: registered, active on the last day of the period |\n|---|---|---|\n", out);
    for (size_t i = 0; i < definitions->population_count; i++) {
        const struct population *population = &definitions->populations[i];
        struct name name = definitions_name(definitions, population->name);
        (void)fprintf(out, "| `%s` %s | %s | active", population->name, name.en, name.vi);
        write_condition(&population->base, "; ", out);
        for (size_t j = 0; j < population->any_count; j++) {
            (void)fputs(j == 0 ? "; and (" : " or (", out);
            write_condition(&population->any[j], "", out);
            (void)fputs(")", out);
        }
        (void)fputs(" |\n", out);
    }
}

/* One coordinate of a flow: the codes of its set, unless it is everything. */
static void write_set(const char *what, uint64_t set, int count, const char *(*name)(int), FILE *out) {
    int inside = 0;
    for (int i = 1; i < count; i++)
        inside += (set >> i & 1) != 0;
    if (inside == count - 1) return;
    (void)fprintf(out, "; %s", what);
    for (int i = 1; i < count; i++) {
        if ((set >> i & 1) != 0) (void)fprintf(out, " %s", name(i));
    }
}

#define NAMER(list, type)                                                                                                        \
    static const char *list##_of(int code) {                                                                                     \
        return list##_name((enum type)code);                                                                                     \
    }
NAMER(family, family)
NAMER(outlet, outlet)
NAMER(instrument, instrument)
NAMER(context, context)
NAMER(pay_mode, pay_mode)
NAMER(person_type, person_type)
NAMER(outcome, outcome)
NAMER(reason_class, reason_class)
NAMER(category, category)
NAMER(cross_border, cross_border)

static const char *role_of(int code) {
    return code == ROLE_SELLER ? "SELLER" : "BUYER";
}

void flows_text(const struct definitions *definitions, FILE *out) {
    (void)fputs("| flow | booked cells with (a coordinate that is not named: any) |\n|---|---|\n", out);
    for (size_t i = 0; i < definitions->flow_count; i++) {
        const struct flow_rule *flow = &definitions->flows[i];
        (void)fprintf(out, "| `%s` | booked", flow->name);
        write_set("family", flow->family, FAMILY_COUNT, family_of, out);
        write_set("role", flow->role, ROLE_COUNT, role_of, out);
        write_set("outcome", flow->outcome, OUTCOME_COUNT, outcome_of, out);
        write_set("reason class", flow->reason_class, REASON_CLASS_COUNT, reason_class_of, out);
        write_set("channel or platform", flow->outlet, OUTLET_COUNT, outlet_of, out);
        write_set("instrument", flow->instrument, INSTRUMENT_COUNT, instrument_of, out);
        write_set("context", flow->context, CONTEXT_COUNT, context_of, out);
        write_set("pay mode", flow->pay_mode, PAY_MODE_COUNT, pay_mode_of, out);
        write_set("payer or buyer", flow->person_type, PERSON_COUNT, person_type_of, out);
        write_set("category", flow->category, CATEGORY_COUNT, category_of, out);
        write_set("cross-border", flow->cross_border, CROSS_BORDER_COUNT, cross_border_of, out);
        (void)fputs(flow->records_cash ? "; only sources that record cash" : "", out);
        (void)fputs(flow->named ? "; only accounts that name intents or drivers, from the first such day to the last" : "", out);
        (void)fputs(" |\n", out);
    }
}

static void write_flow_names(const struct definitions *definitions, uint64_t flows, FILE *out) {
    const char *separator = "";
    for (size_t i = 0; i < definitions->flow_count; i++) {
        if ((flows >> i & 1) == 0) continue;
        (void)fprintf(out, "%s`%s`", separator, definitions->flows[i].name);
        separator = ", ";
    }
}

static void write_terms(const struct definitions *definitions, const struct terms *plus, const struct terms *minus, FILE *out) {
    for (size_t i = 0; i < plus->count; i++) {
        const struct term *term = &plus->items[i];
        (void)fprintf(out, "%s%s of `%s`", i == 0 ? "" : " + ", term->sum ? "value" : "number",
                      definitions->flows[term->flow].name);
    }
    for (size_t i = 0; i < minus->count; i++) {
        const struct term *term = &minus->items[i];
        (void)fprintf(out, " − %s of `%s`", term->sum ? "value" : "number", definitions->flows[term->flow].name);
    }
}

static void write_share(const struct definitions *definitions, const struct indicator *indicator, FILE *out) {
    bool declarable = indicator->declared.column != COLUMN_NONE;
    (void)fprintf(out, "100 × units / all units of `%s`. %s", indicator->populations[0]->name,
                  declarable ? "Declared (R): " : "");
    if (declarable) write_side(&indicator->declared, out);
    for (size_t i = 0; i < indicator->side_count; i++) {
        (void)fputs(" and ", out);
        write_side(&indicator->sides[i], out);
    }
    if (indicator->flows == 0) {
        (void)fputs(". Not observable in events.", out);
        return;
    }
    (void)fputs(declarable ? ". Observed (O): an event of " : "Observed (O): an event of ", out);
    write_flow_names(definitions, indicator->flows, out);
    (void)fprintf(out, " in the last %d days%s", (int)definitions->window_days, declarable ? ". Combined (C): either." : ".");
}

static void write_members(const struct indicator *indicator, FILE *out) {
    for (size_t i = 0; i < indicator->population_count; i++)
        (void)fprintf(out, "%s`%s`", i == 0 ? "" : ", ", indicator->populations[i]->name);
}

static const char *part_text(enum turnover_part part) {
    switch (part) {
    case PART_NONE:
        break;
    case PART_NEW:
        return "active for the first time";
    case PART_RETAINED:
        return "active in this period and the one before";
    case PART_REACTIVATED:
        return "active in this period, not in the one before, but earlier";
    case PART_CHURNED:
        return "active in the period before, not in this one";
    }
    return "";
}

/* Whom events name, at most in two outcomes. */
static void write_named(const struct definitions *definitions, const struct indicator *indicator, FILE *out) {
    bool ride = definitions->flows[indicator->plus.items[0].flow].family == (uint64_t)1 << FAMILY_RIDE;
    (void)fprintf(out, "distinct %s of ", ride ? "drivers" : "intents to pay");
    write_flow_names(definitions, terms_flows(&indicator->plus), out);
    if (indicator->over.count > 0) {
        (void)fputs(" / those of ", out);
        write_flow_names(definitions, terms_flows(&indicator->over), out);
    }
    (void)fputs(" (HyperLogLog estimates), as far as events name them, matched to a unit or not", out);
}

static void write_formula(const struct definitions *definitions, const struct indicator *indicator, FILE *out) {
    switch (indicator->kind) {
    case INDICATOR_NONE:
        break;
    case INDICATOR_SHARE:
        write_share(definitions, indicator, out);
        break;
    case INDICATOR_UNITS:
        (void)fputs("Number of units in ", out);
        write_members(indicator, out);
        break;
    case INDICATOR_STRUCTURE:
        (void)fputs("100 × units of each of these / units in any: ", out);
        write_members(indicator, out);
        break;
    case INDICATOR_ACTIVE:
        (void)fprintf(out, "%sUnits of `%s` with an event of ", indicator->share ? "100 × " : "",
                      indicator->populations[0]->name);
        write_flow_names(definitions, indicator->flows, out);
        (void)fprintf(out, " in the last %d days%s", (int)definitions->window_days, indicator->share ? " / all units of it" : "");
        break;
    case INDICATOR_TURNOVER:
        (void)fprintf(out, "Units %s; activity: ", part_text(indicator->part));
        write_flow_names(definitions, indicator->flows, out);
        break;
    case INDICATOR_FLOW:
        write_terms(definitions, &indicator->plus, &indicator->minus, out);
        if (indicator->observed) (void)fputs(", whether the account belongs to a unit or not", out);
        break;
    case INDICATOR_RATIO:
        (void)fputs(indicator->shift == 2 ? "100 × (" : "(", out);
        write_terms(definitions, &indicator->plus, &indicator->minus, out);
        (void)fputs(") / (", out);
        write_terms(definitions, &indicator->over, &indicator->over_minus, out);
        (void)fputs(")", out);
        break;
    case INDICATOR_DISTINCT:
        if (indicator->plus.count == 0)
            (void)fputs("Distinct pseudonymous household buyers and payers (HyperLogLog estimate), matched to a unit or not; a "
                        "district has those of its own units",
                        out);
        else
            write_named(definitions, indicator, out);
        break;
    case INDICATOR_DISTINCT_SHARE:
        (void)fputs("100 × ", out);
        write_named(definitions, indicator, out);
        break;
    case INDICATOR_HHI:
        (void)fprintf(out, "10,000 × Σ v² / (Σ v)² over %s; v: value of `%s`",
                      indicator->leaf == LEAF_OUTLET ? "channels" : "wallets", definitions->flows[indicator->flow].name);
        break;
    }
}

void indicators_text(const struct definitions *definitions, FILE *out) {
    (void)fputs("| indicator | English | Vietnamese | computed as |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        struct name name = definitions_name(definitions, definitions->indicators[i].code);
        (void)fprintf(out, "| `%s` | ", name.code);
        markdown_cell(out, name.en);
        (void)fputs(" | ", out);
        markdown_cell(out, name.vi);
        (void)fputs(" | ", out);
        write_formula(definitions, &definitions->indicators[i], out);
        (void)fputs(" |\n", out);
    }
}
