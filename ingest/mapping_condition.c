/* Conditions: which messages, or elements of them, a mapping leaves out. */
#include "ingest/mapping_draft.h"

#include <stdlib.h>

static bool words_compile(struct draft *draft, const json_t *words, struct condition *condition) {
    size_t count = json_array_size(words);
    if (!json_is_array(words) || count == 0) return draft_refuse(draft, "an array of texts is expected, such as [\"querydr\"]");
    condition->words = word_table_create(count);
    if (condition->words == NULL) return draft_memory(draft);
    for (size_t i = 0; i < count; i++) {
        const json_t *word = json_array_get(words, i);
        size_t mark = draft_enter_index(draft, i);
        if (!json_is_string(word)) return draft_refuse(draft, "write texts in quotes, numbers too, such as \"200\"");
        struct slice text = {json_string_value(word), json_string_length(word)};
        word_table_add(condition->words, text);
        draft_leave(draft, mark);
    }
    return true;
}

static bool simple_compile(struct draft *draft, const json_t *json, bool inside, struct condition *condition) {
    static const char *const keys[] = {"at", "exists", "in", "not_in", "all", NULL};
    if (!json_is_object(json)) {
        return draft_refuse(draft, "a condition is an object such as {\"at\": \"/status\", \"in\": [\"x\"]}");
    }
    if (!draft_keys_hold(draft, json, keys, "a condition")) return false;
    if (json_object_get(json, "all") != NULL) return draft_refuse(draft, "\"all\" stands alone, and not within another");
    const json_t *exists = json_object_get(json, "exists");
    const json_t *in = json_object_get(json, "in");
    const json_t *not_in = json_object_get(json, "not_in");
    if ((exists != NULL) + (in != NULL) + (not_in != NULL) != 1) {
        return draft_refuse(draft, "a condition has exactly one of \"exists\", \"in\", \"not_in\"");
    }
    size_t mark = draft_enter(draft, "at");
    const char *at = json_string_value(json_object_get(json, "at"));
    if (at == NULL) return draft_refuse(draft, "a pointer is expected, such as \"/status\"");
    int32_t pointer = pointer_add(draft, at, inside);
    if (pointer < 0) return false;
    draft_leave(draft, mark);
    condition->pointer = (uint16_t)pointer;
    (void)draft_enter(draft, exists != NULL ? "exists" : in != NULL ? "in" : "not_in");
    if (exists != NULL) {
        condition->kind = json_is_true(exists) ? CONDITION_EXISTS : CONDITION_ABSENT;
        if (!json_is_boolean(exists)) return draft_refuse(draft, "true or false is expected");
    } else {
        condition->kind = in != NULL ? CONDITION_IN : CONDITION_NOT_IN;
        if (!words_compile(draft, in != NULL ? in : not_in, condition)) return false;
    }
    draft_leave(draft, mark);
    return true;
}

static bool list_open(struct draft *draft, const json_t *json, struct condition_list *list) {
    if (!json_is_array(json)) return draft_refuse(draft, "an array of conditions is expected");
    list->items = calloc(json_array_size(json) + 1, sizeof(*list->items));
    if (list->items == NULL) return draft_memory(draft);
    list->count = json_array_size(json);
    return true;
}

static bool all_compile(struct draft *draft, const json_t *all, bool inside, struct condition *condition) {
    size_t mark = draft_enter(draft, "all");
    condition->kind = CONDITION_ALL;
    if (!list_open(draft, all, &condition->all)) return false;
    if (condition->all.count == 0) return draft_refuse(draft, "at least one condition is expected");
    for (size_t i = 0; i < condition->all.count; i++) {
        size_t inner = draft_enter_index(draft, i);
        if (!simple_compile(draft, json_array_get(all, i), inside, &condition->all.items[i])) return false;
        draft_leave(draft, inner);
    }
    draft_leave(draft, mark);
    return true;
}

static bool condition_compile(struct draft *draft, const json_t *json, bool inside, struct condition *condition) {
    const json_t *all = json_object_get(json, "all");
    if (all == NULL || json_object_size(json) != 1) return simple_compile(draft, json, inside, condition);
    return all_compile(draft, all, inside, condition);
}

bool conditions_compile(struct draft *draft, const char *key, bool inside, struct condition_list *list) {
    const json_t *json = json_object_get(draft->mapping->root, key);
    if (json == NULL) return true;
    size_t mark = draft_enter(draft, key);
    if (!list_open(draft, json, list)) return false;
    for (size_t i = 0; i < list->count; i++) {
        size_t inner = draft_enter_index(draft, i);
        if (!condition_compile(draft, json_array_get(json, i), inside, &list->items[i])) return false;
        draft_leave(draft, inner);
    }
    draft_leave(draft, mark);
    return true;
}

void conditions_free(struct condition_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        struct condition *condition = &list->items[i];
        for (size_t j = 0; j < condition->all.count; j++) free(condition->all.items[j].words);
        free(condition->all.items);
        free(condition->words);
    }
    free(list->items);
}

static bool has_text(const struct span *span) {
    return span->kind == SPAN_STRING || span->kind == SPAN_NUMBER || span->kind == SPAN_BOOL;
}

static bool simple_holds(struct mapping_cursor *cursor, const struct condition *condition) {
    const struct span *span = span_of(cursor, condition->pointer);
    switch (condition->kind) {
    case CONDITION_EXISTS:
        return span_is_there(span);
    case CONDITION_ABSENT:
        return !span_is_there(span);
    case CONDITION_IN:
        return has_text(span) && word_table_find(condition->words, span_text(cursor, span)) != NULL;
    case CONDITION_NOT_IN:
        return !has_text(span) || word_table_find(condition->words, span_text(cursor, span)) == NULL;
    case CONDITION_ALL:
        break;
    }
    return false;
}

static bool holds(struct mapping_cursor *cursor, const struct condition *condition) {
    if (condition->kind != CONDITION_ALL) return simple_holds(cursor, condition);
    for (size_t i = 0; i < condition->all.count; i++) {
        if (!simple_holds(cursor, &condition->all.items[i])) return false;
    }
    return true;
}

bool conditions_hold(struct mapping_cursor *cursor, const struct condition_list *only, const struct condition_list *ignore) {
    for (size_t i = 0; i < only->count; i++) {
        if (!holds(cursor, &only->items[i])) return false;
    }
    for (size_t i = 0; i < ignore->count; i++) {
        if (holds(cursor, &ignore->items[i])) return false;
    }
    return true;
}
