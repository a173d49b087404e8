/* indicators.json -> struct definitions: axes, populations, flows (the indicators themselves: definition_indicators.c).
 *
 * Definitions are data, so that an economist can read what is computed and the methodology note can print it. They are compiled
 * here to sets of bits: whether a ledger cell belongs to a flow is nine ANDs, and nothing is looked up by name after this file.
 */
#include "aggregate/snapshot/definitions.h"

#include "aggregate/snapshot/json_reading.h"
#include "aggregate/snapshot/memory.h"

#include <stdio.h>

static bool read_group(struct reading *reading, const char *where, json_t *object, const char *name, enum code_list list,
                       struct axis *axis) {
    if (axis->group_count == GROUPS_MAX) return reading_refuse(reading, where, name, NULL, "at most 4 groups");
    if (!reading_name(reading, where, name)) return false;
    struct code_group *group = &axis->groups[axis->group_count++];
    group->name = name;
    return reading_codes(reading, where, object, name, list, &group->codes);
}

static uint64_t axis_codes_of(const struct axis *axis, enum code_list list, const char *name) {
    for (size_t i = 0; i < axis->group_count; i++) {
        if (strcmp(axis->groups[i].name, name) == 0) return axis->groups[i].codes;
    }
    int code = reading_code(list, name);
    return code == 0 ? 0 : (uint64_t)1 << code;
}

static bool read_axis(struct reading *reading, json_t *axes, const char *key, enum code_list list, struct axis *axis) {
    char where[64];
    (void)snprintf(where, sizeof(where), "axes.%s", key);
    json_t *object;
    if (!reading_object(reading, "axes", axes, key, &object)) return false;
    if (!reading_keys(reading, where, object, "total groups codes")) return false;
    if (!reading_codes(reading, where, object, "total", list, &axis->total)) return false;
    if (axis->total == 0) return reading_refuse(reading, where, "total", NULL, reading_code_list_name(list));
    json_t *groups = json_object_get(object, "groups");
    for (void *i = json_object_iter(groups); i != NULL; i = json_object_iter_next(groups, i)) {
        if (!read_group(reading, where, groups, json_object_iter_key(i), list, axis)) return false;
    }
    struct text_list names = {.count = 0};
    if (!reading_texts(reading, where, object, "codes", true, &names)) return false;
    if (names.count > AXIS_CODES_MAX) return reading_refuse(reading, where, "codes", NULL, "at most 32 codes");
    for (size_t i = 0; i < names.count; i++) {
        struct code_group *code = &axis->codes[axis->code_count++];
        *code = (struct code_group){names.items[i], axis_codes_of(axis, list, names.items[i])};
        if (code->codes == 0) {
            return reading_refuse(reading, where, "codes", json_array_get(json_object_get(object, "codes"), i),
                                  "groups and codes");
        }
    }
    return true;
}

/* Named parties, and `rest`: every other one, and none at all. */
static bool read_ad_platforms(struct reading *reading, json_t *axes, struct axis *axis) {
    static const char where[] = "axes.ad_platform";
    json_t *object;
    struct text_list names = {.count = 0};
    const char *rest = NULL;
    if (!reading_object(reading, "axes", axes, "ad_platform", &object)) return false;
    if (!reading_keys(reading, where, object, "codes rest")) return false;
    if (!reading_texts(reading, where, object, "codes", true, &names)) return false;
    if (!reading_text(reading, where, object, "rest", true, &rest) || !reading_name(reading, where, rest)) return false;
    if (names.count >= AXIS_CODES_MAX) return reading_refuse(reading, where, "codes", NULL, "at most 31 codes");
    uint64_t left = axis->total = UINT64_MAX;
    for (size_t i = 0; i < names.count; i++) {
        int code = reading_code(LIST_PARTY, names.items[i]);
        if (code == 0 || (left >> code & 1) == 0) {
            return reading_refuse(reading, where, "codes", json_array_get(json_object_get(object, "codes"), i),
                                  reading_code_list_name(LIST_PARTY));
        }
        axis->codes[axis->code_count++] = (struct code_group){names.items[i], (uint64_t)1 << code};
        left &= ~((uint64_t)1 << code);
    }
    axis->codes[axis->code_count++] = (struct code_group){rest, left};
    return true;
}

static bool read_axes(struct reading *reading, struct definitions *definitions) {
    json_t *axes;
    json_t *unit_type;
    if (!reading_object(reading, "", reading->file.root, "axes", &axes)) return false;
    if (!reading_keys(reading, "axes", axes, "platform instrument ad_platform unit_type")) return false;
    if (!read_axis(reading, axes, "platform", LIST_OUTLET, &definitions->platform)) return false;
    if (!read_axis(reading, axes, "instrument", LIST_INSTRUMENT, &definitions->instrument)) return false;
    bool ads = json_object_get(axes, "ad_platform") != NULL;
    if (ads && !read_ad_platforms(reading, axes, &definitions->ad_platform)) return false;
    if (!reading_object(reading, "axes", axes, "unit_type", &unit_type)) return false;
    if (!reading_keys(reading, "axes.unit_type", unit_type, "codes")) return false;
    if (!reading_texts(reading, "axes.unit_type", unit_type, "codes", true, &definitions->unit_types)) return false;
    if (definitions->unit_types.count > UNIT_TYPES_MAX) {
        return reading_refuse(reading, "axes.unit_type", "codes", NULL, "at most 16 codes");
    }
    return true;
}

/* Every text of `list` is one of `words`; `words` null: two to five digits. */
static bool check_texts(struct reading *reading, const char *where, const char *key, const struct text_list *list,
                        const char *words) {
    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->items[i];
        size_t length = strlen(text);
        bool good =
            words == NULL ? length >= 2 && length <= 5 && strspn(text, "0123456789") == length : reading_word(words, text);
        if (!good) return reading_refuse(reading, where, key, NULL, words == NULL ? "2 to 5 digits" : words);
    }
    return true;
}

static bool read_condition(struct reading *reading, const char *where, json_t *object, struct condition *condition) {
    return reading_texts(reading, where, object, "legal_form", false, &condition->legal_form) &&
           check_texts(reading, where, "legal_form", &condition->legal_form,
                       "ENTERPRISE BRANCH COOPERATIVE HOUSEHOLD_BIZ PUBLIC_UNIT") &&
           reading_texts(reading, where, object, "unit_type", false, &condition->unit_type) &&
           check_texts(reading, where, "unit_type", &condition->unit_type,
                       "GENERIC SUPERMARKET MALL HYPERMARKET CONVENIENCE MODERN_OTHER UTILITY MARKET OTHER") &&
           reading_texts(reading, where, object, "vsic", false, &condition->vsic) &&
           check_texts(reading, where, "vsic", &condition->vsic, NULL) &&
           reading_sides(reading, where, object, "side", condition->sides, &condition->side_count);
}

static bool read_population(struct reading *reading, const char *name, json_t *object, struct population *population) {
    char where[96];
    (void)snprintf(where, sizeof(where), "populations.%.48s", name);
    population->name = name;
    if (!reading_name(reading, where, name)) return false;
    if (!reading_keys(reading, where, object, "legal_form unit_type vsic side any")) return false;
    if (!read_condition(reading, where, object, &population->base)) return false;
    json_t *any = json_object_get(object, "any");
    if (any == NULL) return true;
    size_t count = json_array_size(any);
    if (count == 0 || count > ALTERNATIVES_MAX)
        return reading_refuse(reading, where, "any", any, "a list of 1 to 4 alternatives");
    for (size_t i = 0; i < count; i++) {
        json_t *alternative = json_array_get(any, i);
        if (!reading_keys(reading, where, alternative, "legal_form unit_type vsic side")) return false;
        if (!read_condition(reading, where, alternative, &population->any[population->any_count++])) return false;
    }
    return true;
}

/* `key`: only these; `key_not`: all but these, absent included. */
static bool read_set(struct reading *reading, const char *where, json_t *object, const char *key, enum code_list list,
                     uint64_t *set) {
    char negated[32];
    (void)snprintf(negated, sizeof(negated), "%s_not", key);
    uint64_t excluded = 0;
    *set = UINT64_MAX;
    if (!reading_codes(reading, where, object, key, list, set)) return false;
    if (!reading_codes(reading, where, object, negated, list, &excluded)) return false;
    *set &= ~excluded;
    return true;
}

static bool read_single(struct reading *reading, const char *where, json_t *object, const char *key, enum code_list list,
                        bool required, uint64_t *set) {
    const char *name = NULL;
    *set = UINT64_MAX;
    if (!reading_text(reading, where, object, key, required, &name)) return false;
    if (name == NULL) return true;
    int code = reading_code(list, name);
    if (code == 0) return reading_refuse(reading, where, key, json_object_get(object, key), reading_code_list_name(list));
    *set = (uint64_t)1 << code;
    return true;
}

static bool read_flow(struct reading *reading, const char *name, json_t *object, struct flow_rule *flow) {
    char where[96];
    (void)snprintf(where, sizeof(where), "flows.%.48s", name);
    flow->name = name;
    return reading_name(reading, where, name) &&
           reading_keys(
               reading, where, object,
               "family role outlet outlet_not instrument instrument_not context context_not pay_mode person_type outcome "
               "reason_class category category_not cross_border records_cash named") &&
           read_single(reading, where, object, "family", LIST_FAMILY, true, &flow->family) &&
           read_single(reading, where, object, "role", LIST_ROLE, false, &flow->role) &&
           read_set(reading, where, object, "outlet", LIST_OUTLET, &flow->outlet) &&
           read_set(reading, where, object, "instrument", LIST_INSTRUMENT, &flow->instrument) &&
           read_set(reading, where, object, "context", LIST_CONTEXT, &flow->context) &&
           read_set(reading, where, object, "pay_mode", LIST_PAY_MODE, &flow->pay_mode) &&
           read_set(reading, where, object, "person_type", LIST_PERSON_TYPE, &flow->person_type) &&
           read_set(reading, where, object, "outcome", LIST_OUTCOME, &flow->outcome) &&
           read_set(reading, where, object, "reason_class", LIST_REASON_CLASS, &flow->reason_class) &&
           read_set(reading, where, object, "category", LIST_CATEGORY, &flow->category) &&
           read_set(reading, where, object, "cross_border", LIST_CROSS_BORDER, &flow->cross_border) &&
           reading_bool(reading, where, object, "records_cash", &flow->records_cash) &&
           reading_bool(reading, where, object, "named", &flow->named);
}

static bool read_tables(struct reading *reading, struct definitions *definitions) {
    json_t *populations;
    json_t *flows;
    if (!reading_object(reading, "", reading->file.root, "populations", &populations)) return false;
    if (!reading_object(reading, "", reading->file.root, "flows", &flows)) return false;
    if (json_object_size(populations) > POPULATIONS_MAX) return reading_refuse(reading, "", "populations", NULL, "at most 32");
    if (json_object_size(flows) > FLOWS_MAX) return reading_refuse(reading, "", "flows", NULL, "at most 64");
    for (void *i = json_object_iter(populations); i != NULL; i = json_object_iter_next(populations, i)) {
        struct population *population = &definitions->populations[definitions->population_count++];
        if (!read_population(reading, json_object_iter_key(i), json_object_iter_value(i), population)) return false;
    }
    for (void *i = json_object_iter(flows); i != NULL; i = json_object_iter_next(flows, i)) {
        struct flow_rule *flow = &definitions->flows[definitions->flow_count++];
        if (!read_flow(reading, json_object_iter_key(i), json_object_iter_value(i), flow)) return false;
    }
    return true;
}

static bool read_all(struct reading *reading, struct definitions *definitions) {
    json_t *root = reading->file.root;
    int64_t window_days = 0;
    if (!reading_keys(reading, "top", root, "$schema version structure_id window_days axes populations flows indicators names "
                      "benchmarks"))
        return false;
    if (!reading_text(reading, "", root, "version", true, &definitions->version)) return false;
    if (!reading_text(reading, "", root, "structure_id", true, &definitions->structure_id)) return false;
    if (!reading_whole(reading, "", root, "window_days", 1, 366, &window_days)) return false;
    definitions->window_days = (int32_t)window_days;
    const char *colon = strchr(definitions->structure_id, ':');
    const char *bracket = colon == NULL ? NULL : strchr(colon, '(');
    if (bracket == NULL || bracket == colon + 1) {
        return reading_refuse(reading, "", "structure_id", json_object_get(root, "structure_id"), "AGENCY:FLOW(version)");
    }
    json_t *indicators = json_object_get(root, "indicators");
    if (!json_is_array(indicators)) return reading_refuse(reading, "", "indicators", indicators, "a list");
    return read_axes(reading, definitions) && read_tables(reading, definitions) &&
           reading_indicators(reading, indicators, definitions) && reading_names(reading, definitions) &&
           reading_benchmarks(reading, definitions);
}

struct definitions *definitions_create(const char *path, struct fault *fault) {
    struct definitions *definitions = memory_zeroed(1, sizeof(*definitions));
    struct reading *reading = memory_zeroed(1, sizeof(*reading));
    definitions->owner = reading;
    reading->fault = fault;
    if (!json_file_open(&reading->file, path, fault) || !read_all(reading, definitions)) {
        definitions_destroy(definitions);
        return NULL;
    }
    definitions->text = reading->file.text;
    definitions->text_length = reading->file.length;
    digest_bytes((struct slice){definitions->text, definitions->text_length}, definitions->sha256);
    reading->fault = NULL;
    return definitions;
}

void definitions_destroy(struct definitions *definitions) {
    if (definitions == NULL) return;
    struct reading *reading = definitions->owner;
    json_file_close(&reading->file);
    free(reading);
    free(definitions);
}

uint64_t terms_flows(const struct terms *terms) {
    uint64_t flows = 0;
    for (size_t i = 0; i < terms->count; i++)
        flows |= (uint64_t)1 << terms->items[i].flow;
    return flows;
}

uint64_t definitions_observed_flows(const struct definitions *definitions) {
    uint64_t flows = 0;
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        const struct indicator *indicator = &definitions->indicators[i];
        if (indicator->observed) flows |= terms_flows(&indicator->plus);
    }
    return flows;
}

bool flows_record_cash(const struct definitions *definitions, uint64_t flows) {
    for (size_t i = 0; i < definitions->flow_count; i++) {
        if ((flows >> i & 1) != 0 && definitions->flows[i].records_cash) return true;
    }
    return false;
}
