/* The list of indicators: each kind has its own keys (schemas/indicators.md §3), and names of flows and populations become
 * numbers and pointers here. A key that its kind does not read is refused: a slice or a condition that would silently do nothing
 * is a wrong figure. */
#include "aggregate/snapshot/json_reading.h"

#include <stdio.h>

struct kind_rule {
    enum indicator_kind kind;
    const char *name;
    const char *keys;
    unsigned slices; /* that this kind can make */
};

#define KEYS_COMMON "code kind unit_type platform instrument slices daily finality headline "

static const struct kind_rule kind_rules[] = {
    {INDICATOR_SHARE, "share", KEYS_COMMON "population size_ge10 R O",
     SLICE_DISTRICT | SLICE_UNIT_TYPE | SLICE_PLATFORM | SLICE_MARKETPLACE | SLICE_INSTRUMENT},
    {INDICATOR_UNITS, "units", KEYS_COMMON "populations", 0},
    {INDICATOR_STRUCTURE, "structure", KEYS_COMMON "populations", 0},
    {INDICATOR_ACTIVE, "active", KEYS_COMMON "population flows share", SLICE_DISTRICT | SLICE_UNIT_TYPE},
    {INDICATOR_TURNOVER, "turnover", KEYS_COMMON "part flows activities", 0},
    {INDICATOR_FLOW, "flow", KEYS_COMMON "unit plus minus area",
     SLICE_DISTRICT | SLICE_UNIT_TYPE | SLICE_PLATFORM | SLICE_INSTRUMENT | SLICE_AD_PLATFORM},
    {INDICATOR_RATIO, "ratio", KEYS_COMMON "unit factor plus minus over over_minus",
     SLICE_DISTRICT | SLICE_UNIT_TYPE | SLICE_PLATFORM | SLICE_INSTRUMENT},
    {INDICATOR_DISTINCT, "distinct", KEYS_COMMON "plus", SLICE_DISTRICT | SLICE_PLATFORM | SLICE_INSTRUMENT},
    {INDICATOR_DISTINCT_SHARE, "distinct_share", KEYS_COMMON "plus over", SLICE_INSTRUMENT},
    {INDICATOR_HHI, "hhi", KEYS_COMMON "flow by", SLICE_DISTRICT | SLICE_MARKETPLACE_TOTAL},
};

static const struct {
    const char *name;
    unsigned slice;
} slice_names[] = {
    {"district", SLICE_DISTRICT},       {"unit_type", SLICE_UNIT_TYPE},   {"platform", SLICE_PLATFORM},
    {"marketplace", SLICE_MARKETPLACE}, {"instrument", SLICE_INSTRUMENT}, {"marketplace_total", SLICE_MARKETPLACE_TOTAL},
    {"ad_platform", SLICE_AD_PLATFORM},
};

/* One of `words` (joined by blanks) -> 1, 2, ...; refused otherwise. */
static bool read_choice(struct reading *reading, const char *where, json_t *object, const char *key, const char *words,
                        int *choice) {
    const char *text = json_string_value(json_object_get(object, key));
    int number = 1;
    for (const char *at = words; text != NULL && *at != '\0'; number++) {
        size_t length = strcspn(at, " ");
        if (strlen(text) == length && memcmp(at, text, length) == 0) {
            *choice = number;
            return true;
        }
        at += length + (at[length] == ' ');
    }
    return reading_refuse(reading, where, key, json_object_get(object, key), words);
}

static bool flow_number(struct reading *reading, const char *where, const char *key, json_t *found, const char *name,
                        size_t length, const struct definitions *definitions, uint32_t *number) {
    for (uint32_t i = 0; name != NULL && i < definitions->flow_count; i++) {
        const char *known = definitions->flows[i].name;
        if (strlen(known) == length && memcmp(known, name, length) == 0) {
            *number = i;
            return true;
        }
    }
    return reading_refuse(reading, where, key, found, "names of `flows`");
}

static bool read_flows(struct reading *reading, const char *where, json_t *object, const char *key,
                       const struct definitions *definitions, uint64_t *flows) {
    struct text_list names = {.count = 0};
    if (!reading_texts(reading, where, object, key, true, &names)) return false;
    for (size_t i = 0; i < names.count; i++) {
        uint32_t number;
        json_t *found = json_array_get(json_object_get(object, key), i);
        const char *name = names.items[i];
        if (!flow_number(reading, where, key, found, name, strlen(name), definitions, &number)) return false;
        *flows |= (uint64_t)1 << number;
    }
    return true;
}

static bool read_terms(struct reading *reading, const char *where, json_t *object, const char *key, bool required,
                       const struct definitions *definitions, struct terms *terms) {
    struct text_list names = {.count = 0};
    if (!reading_texts(reading, where, object, key, required, &names)) return false;
    json_t *list = json_object_get(object, key);
    if (names.count > TERMS_MAX || (required && names.count == 0))
        return reading_refuse(reading, where, key, list, "1 to 6 terms");
    for (size_t i = 0; i < names.count; i++) {
        struct term *term = &terms->items[terms->count++];
        const char *point = strrchr(names.items[i], '.');
        term->sum = point != NULL && strcmp(point, ".sum") == 0;
        if (point == NULL || (!term->sum && strcmp(point, ".n") != 0)) {
            return reading_refuse(reading, where, key, json_array_get(list, i), "flow.n or flow.sum");
        }
        size_t length = (size_t)(point - names.items[i]);
        if (!flow_number(reading, where, key, json_array_get(list, i), names.items[i], length, definitions, &term->flow))
            return false;
    }
    return true;
}

static bool add_population(struct reading *reading, const char *where, const char *key, json_t *found,
                           const struct definitions *definitions, struct indicator *indicator) {
    const char *name = json_string_value(found);
    for (size_t i = 0; name != NULL && i < definitions->population_count; i++) {
        if (strcmp(definitions->populations[i].name, name) != 0) continue;
        if (indicator->population_count == MEMBERS_MAX)
            return reading_refuse(reading, where, key, found, "at most 8 populations");
        indicator->populations[indicator->population_count++] = &definitions->populations[i];
        return true;
    }
    return reading_refuse(reading, where, key, found, "names of `populations`");
}

static bool read_populations(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                             struct indicator *indicator) {
    json_t *list = json_object_get(object, "populations");
    if (json_array_size(list) == 0)
        return reading_refuse(reading, where, "populations", list, "a list of names of `populations`");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!add_population(reading, where, "populations", json_array_get(list, i), definitions, indicator)) return false;
    }
    return true;
}

static bool read_declared(struct reading *reading, const char *where, json_t *object, struct indicator *indicator) {
    char inner[96];
    (void)snprintf(inner, sizeof(inner), "%.60s.R", where);
    json_t *declared = json_object_get(object, "R");
    const char *column = NULL;
    int test = 0;
    if (declared == NULL) return true; /* nothing that a registry could say: evidence O only */
    if (!reading_object(reading, where, object, "R", &declared)) return false;
    if (!reading_keys(reading, inner, declared, "column is side window")) return false;
    if (!reading_text(reading, inner, declared, "column", true, &column)) return false;
    if (!read_choice(reading, inner, declared, "is", "yes in_window non_empty", &test)) return false;
    indicator->declared.column = reading_column(column);
    indicator->declared.test = test == 1 ? TEST_YES : test == 2 ? TEST_IN_WINDOW : TEST_NON_EMPTY;
    bool dated = indicator->declared.column == COLUMN_HAS_EMAIL_ASOF || indicator->declared.column == COLUMN_WEBSITE_UPDATED_AT;
    if (indicator->declared.column == COLUMN_NONE || dated != (indicator->declared.test == TEST_IN_WINDOW)) {
        return reading_refuse(reading, inner, "column", json_object_get(declared, "column"),
                              "a column of schemas/README.md §3 that fits `is` (in_window: a date)");
    }
    return reading_sides(reading, inner, declared, "side", indicator->sides, &indicator->side_count) &&
           reading_bool(reading, inner, declared, "window", &indicator->declared_window);
}

static bool read_share(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                       struct indicator *indicator) {
    char inner[96];
    (void)snprintf(inner, sizeof(inner), "%.60s.O", where);
    json_t *observed;
    return add_population(reading, where, "population", json_object_get(object, "population"), definitions, indicator) &&
           reading_bool(reading, where, object, "size_ge10", &indicator->size_ge10) &&
           read_declared(reading, where, object, indicator) && reading_object(reading, where, object, "O", &observed) &&
           reading_keys(reading, inner, observed, "flows needs_flow") &&
           read_flows(reading, inner, observed, "flows", definitions, &indicator->flows) &&
           reading_bool(reading, inner, observed, "needs_flow", &indicator->needs_flow);
}

static bool read_turnover(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                          struct indicator *indicator) {
    int part = 0;
    if (!read_choice(reading, where, object, "part", "new retained reactivated churned", &part)) return false;
    indicator->part = (enum turnover_part)part;
    return read_flows(reading, where, object, "flows", definitions, &indicator->flows) &&
           reading_codes(reading, where, object, "activities", LIST_ACTIVITY, &indicator->activities);
}

/* `area`: observed. What belongs to no unit stands in no district; rows by day and by other codes are made of what does. */
static bool read_area(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                      struct indicator *indicator) {
    json_t *area = json_object_get(object, "area");
    int choice = 0;
    bool by_ad_platform = (indicator->slices & SLICE_AD_PLATFORM) != 0;
    if (area != NULL && !read_choice(reading, where, object, "area", "observed", &choice)) return false;
    indicator->observed = choice == 1;
    if (by_ad_platform && (!indicator->observed || definitions->ad_platform.code_count == 0)) {
        return reading_refuse(reading, where, "slices", json_object_get(object, "slices"),
                              "ad_platform with \"area\": \"observed\" and axes.ad_platform");
    }
    bool alone = !indicator->daily && indicator->minus.count == 0 && (indicator->slices & ~(unsigned)SLICE_AD_PLATFORM) == 0;
    return !indicator->observed || alone ||
           reading_refuse(reading, where, "area", area, "with slices ad_platform only, without daily and minus");
}

static bool read_flow_kind(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                           struct indicator *indicator) {
    int unit = 0;
    if (!read_choice(reading, where, object, "unit", "NB CURRENCY PT", &unit)) return false;
    indicator->measure = (enum measure)unit;
    if (!read_terms(reading, where, object, "plus", true, definitions, &indicator->plus)) return false;
    if (!read_terms(reading, where, object, "minus", false, definitions, &indicator->minus)) return false;
    if (indicator->kind == INDICATOR_FLOW) return read_area(reading, where, object, definitions, indicator);
    int64_t factor = 0;
    if (!reading_whole(reading, where, object, "factor", 1, 10000, &factor)) return false;
    for (int64_t rest = factor; rest > 1; rest /= 10) {
        if (rest % 10 != 0)
            return reading_refuse(reading, where, "factor", json_object_get(object, "factor"), "1, 10, 100, 1000, 10000");
        indicator->shift++;
    }
    return read_terms(reading, where, object, "over", true, definitions, &indicator->over) &&
           read_terms(reading, where, object, "over_minus", false, definitions, &indicator->over_minus);
}

/* Terms of a distinct number: events that can name who is counted, each once. */
static bool read_named(struct reading *reading, const char *where, json_t *object, const char *key, bool required,
                       const struct definitions *definitions, struct terms *terms) {
    if (!read_terms(reading, where, object, key, required, definitions, terms)) return false;
    for (size_t i = 0; i < terms->count; i++) {
        const struct flow_rule *rule = &definitions->flows[terms->items[i].flow];
        bool names = rule->family == (uint64_t)1 << FAMILY_PAYMENT || rule->family == (uint64_t)1 << FAMILY_RIDE;
        if (!terms->items[i].sum && rule->named && names) continue;
        return reading_refuse(reading, where, key, json_array_get(json_object_get(object, key), i),
                              "flow.n of payments or rides with \"named\": true");
    }
    return true;
}

static bool read_distinct(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                          struct indicator *indicator) {
    bool share = indicator->kind == INDICATOR_DISTINCT_SHARE;
    if (!read_named(reading, where, object, "plus", share, definitions, &indicator->plus)) return false;
    if (share && !read_named(reading, where, object, "over", true, definitions, &indicator->over)) return false;
    if (share) indicator->measure = MEASURE_PERCENT;
    bool persons = indicator->plus.count == 0;
    if (!persons && (indicator->slices & ~(unsigned)SLICE_INSTRUMENT) != 0)
        return reading_refuse(reading, where, "slices", json_object_get(object, "slices"), "instrument, where `plus` is given");
    return persons || !indicator->daily ||
           reading_refuse(reading, where, "daily", json_object_get(object, "daily"), "false, where `plus` is given");
}

static bool read_hhi(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                     struct indicator *indicator) {
    json_t *flow = json_object_get(object, "flow");
    const char *name = json_string_value(flow);
    int leaf = 0;
    if (!flow_number(reading, where, "flow", flow, name, name == NULL ? 0 : strlen(name), definitions, &indicator->flow))
        return false;
    if (!read_choice(reading, where, object, "by", "outlet party", &leaf)) return false;
    indicator->leaf = (enum leaf)leaf;
    return true;
}

static bool read_kind(struct reading *reading, const char *where, json_t *object, const struct definitions *definitions,
                      struct indicator *indicator) {
    switch (indicator->kind) {
    case INDICATOR_NONE:
        return true;
    case INDICATOR_DISTINCT:
    case INDICATOR_DISTINCT_SHARE:
        return read_distinct(reading, where, object, definitions, indicator);
    case INDICATOR_SHARE:
        return read_share(reading, where, object, definitions, indicator);
    case INDICATOR_UNITS:
    case INDICATOR_STRUCTURE:
        return read_populations(reading, where, object, definitions, indicator);
    case INDICATOR_ACTIVE:
        return add_population(reading, where, "population", json_object_get(object, "population"), definitions, indicator) &&
               read_flows(reading, where, object, "flows", definitions, &indicator->flows) &&
               reading_bool(reading, where, object, "share", &indicator->share);
    case INDICATOR_TURNOVER:
        return read_turnover(reading, where, object, definitions, indicator);
    case INDICATOR_FLOW:
    case INDICATOR_RATIO:
        return read_flow_kind(reading, where, object, definitions, indicator);
    case INDICATOR_HHI:
        return read_hhi(reading, where, object, definitions, indicator);
    }
    return true;
}

static bool read_slices(struct reading *reading, const char *where, json_t *object, const struct kind_rule *rule,
                        struct indicator *indicator) {
    struct text_list names = {.count = 0};
    if (!reading_texts(reading, where, object, "slices", false, &names)) return false;
    for (size_t i = 0; i < names.count; i++) {
        unsigned slice = 0;
        for (size_t j = 0; j < sizeof(slice_names) / sizeof(slice_names[0]); j++) {
            if (strcmp(slice_names[j].name, names.items[i]) == 0) slice = slice_names[j].slice;
        }
        if ((slice & rule->slices) == 0) {
            return reading_refuse(reading, where, "slices", json_array_get(json_object_get(object, "slices"), i),
                                  "the slices that this kind can make (schemas/indicators.md §4)");
        }
        indicator->slices |= slice;
    }
    return true;
}

/* Kinds that look at the registry alone are REG, others F7 unless the definition says otherwise. */
static bool read_finality(struct reading *reading, const char *where, json_t *object, struct indicator *indicator) {
    bool registry_alone = indicator->kind == INDICATOR_UNITS || indicator->kind == INDICATOR_STRUCTURE;
    int class = registry_alone ? FINALITY_REG : FINALITY_F7;
    json_t *given = json_object_get(object, "finality");
    if (given != NULL && !read_choice(reading, where, object, "finality", "F7 F45 F120 REG", &class)) return false;
    indicator->finality = (enum finality_class)class;
    return true;
}

static bool read_headline(struct reading *reading, const char *where, json_t *object, struct indicator *indicator) {
    json_t *headline = json_object_get(object, "headline");
    char inner[96];
    int evidence = 0;
    if (headline == NULL) return true;
    (void)snprintf(inner, sizeof(inner), "%.60s.headline", where);
    if (!reading_object(reading, where, object, "headline", &headline)) return false;
    if (!reading_keys(reading, inner, headline, "evidence jump")) return false;
    if (!read_choice(reading, inner, headline, "evidence", "R O C", &evidence)) return false;
    indicator->headline = "ROC"[evidence - 1];
    return reading_whole(reading, inner, headline, "jump", 1, 1000000, &indicator->jump);
}

static bool read_indicator(struct reading *reading, json_t *object, const struct definitions *definitions,
                           struct indicator *indicator) {
    char where[64];
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const struct kind_rule *rule = NULL;
    *indicator = (struct indicator){.unit_type = "_T", .platform = "_Z", .instrument = "_Z"};
    if (!reading_text(reading, "indicators", object, "code", true, &indicator->code)) return false;
    (void)snprintf(where, sizeof(where), "indicators.%s", indicator->code);
    for (size_t i = 0; kind != NULL && i < sizeof(kind_rules) / sizeof(kind_rules[0]); i++) {
        if (strcmp(kind_rules[i].name, kind) == 0) rule = &kind_rules[i];
    }
    if (rule == NULL) {
        return reading_refuse(reading, where, "kind", json_object_get(object, "kind"),
                              "share units structure active turnover flow ratio distinct distinct_share hhi");
    }
    indicator->kind = rule->kind;
    return reading_keys(reading, where, object, rule->keys) &&
           reading_text(reading, where, object, "unit_type", false, &indicator->unit_type) &&
           reading_text(reading, where, object, "platform", false, &indicator->platform) &&
           reading_text(reading, where, object, "instrument", false, &indicator->instrument) &&
           reading_bool(reading, where, object, "daily", &indicator->daily) &&
           read_finality(reading, where, object, indicator) && read_headline(reading, where, object, indicator) &&
           read_slices(reading, where, object, rule, indicator) && read_kind(reading, where, object, definitions, indicator);
}

bool reading_indicators(struct reading *reading, json_t *list, struct definitions *definitions) {
    if (json_array_size(list) > INDICATORS_MAX) return reading_refuse(reading, "", "indicators", NULL, "at most 128");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct indicator *indicator = &definitions->indicators[definitions->indicator_count];
        if (!read_indicator(reading, json_array_get(list, i), definitions, indicator)) return false;
        for (size_t j = 0; j < definitions->indicator_count; j++) {
            if (strcmp(definitions->indicators[j].code, indicator->code) != 0) continue;
            return reading_refuse(reading, "indicators", indicator->code, NULL, "each code once");
        }
        definitions->indicator_count++;
    }
    return true;
}
