/* Canonical values that a mapping file itself contains: constants, defaults, and what tables make of texts. They are judged
 * by the rules of the contract when the mapping is compiled, so that reading only stores them.
 *
 * One rule is stricter than the contract's: an open list would read a code that is not in it as OTHER and count it, event
 * by event; in a mapping that can only be a slip of the pen, so it is refused. */
#include "ingest/decode_print.h"
#include "ingest/mapping_draft.h"
#include "ingest/mapping_value.h"

#include <stdio.h>

/* The word of a list that is most like `text`. */
static const char *code_nearest(const struct lexicon *list, const char *text, char room[static 64]) {
    char words[LEXICON_WORDS_MAX][LEXICON_SHORT_BYTES + 1];
    const char *names[LEXICON_WORDS_MAX + LEXICON_LONG_MAX + 1];
    size_t count = 0;
    for (; count < list->count; count++) {
        memcpy(words[count], list->words[count + 1].part, LEXICON_SHORT_BYTES);
        words[count][LEXICON_SHORT_BYTES] = '\0';
        names[count] = words[count];
    }
    for (uint32_t i = 0; i < list->long_count; i++) names[count++] = list->long_words[i].text.data;
    names[count] = NULL;
    (void)snprintf(room, 64, "%s", mapping_nearest(text, names));
    return room;
}

static bool code_compile(struct draft *draft, const struct field_card *card, struct slice text, struct constant *constant) {
    const struct lexicon *list = &draft->mapping->decoder->lists[card->list];
    char room[64];
    constant->number = text.length > 0 ? lexicon_find(list, text.data, text.length, NULL) : 0;
    if (card->value == VALUE_TYPE && constant->number == KIND_UNIT_REGISTERED) {
        return draft_refuse(draft, "unit.registered cannot be mapped; registries are imported (nhip registry import)");
    }
    if (constant->number != 0) return true;
    return draft_refuse(draft, "\"%.64s\" is not a code of %s; nearest is \"%s\"%s", text.data, field_rules[card->field].name,
                        code_nearest(list, text.data, room), card->value == VALUE_OPEN ? ", or write \"OTHER\"" : "");
}

static bool text_compile(struct draft *draft, const struct field_card *card, struct slice text, struct constant *constant) {
    const struct decoder *decoder = draft->mapping->decoder;
    constant->text = text;
    if (card->value == VALUE_ID) {
        if (!text_is_id(text)) return draft_refuse(draft, "an id has 1 to 64 printable ASCII characters");
        constant->number = (int64_t)print_hash(decoder, text.data, text.length);
        return true;
    }
    if (card->value == VALUE_CURRENCY) {
        constant->number = currency_pack(text);
        if (constant->number != 0 && currency_exponent(text) >= 0) return true;
        return draft_refuse(draft, "\"%.64s\" is no currency of schemas/codes/currencies.csv; write a code such as VND",
                            text.data);
    }
    if (card->value == VALUE_COUNTRY) {
        constant->number = country_number(text);
        return constant->number != 0 || draft_refuse(draft, "a country is two capital letters such as VN");
    }
    return code_compile(draft, card, text, constant);
}

static bool number_compile(struct draft *draft, const struct field_card *card, const json_t *json, struct constant *constant) {
    constant->number = json_integer_value(json);
    if (card->value == VALUE_MONEY) {
        if (json_is_integer(json) && constant->number >= 0) return true;
        return draft_refuse(draft, "an amount is an integer from 0 on, in minor units");
    }
    if (json_is_string(json)) {
        struct slice text = {json_string_value(json), json_string_length(json)};
        if (rfc3339_parse(text, &constant->number)) return true;
    } else if (json_is_integer(json) && time_is_in_range(constant->number)) {
        return true;
    }
    return draft_refuse(draft, "a time is an integer of epoch milliseconds, or a text such as \"2021-10-02T17:00:00Z\"");
}

static bool boolean_compile(struct draft *draft, const json_t *json, bool of_table, struct constant *constant) {
    const char *text = of_table ? json_string_value(json) : json_is_true(json) ? "true" : json_is_false(json) ? "false" : NULL;
    constant->number = text != NULL && strcmp(text, "true") == 0;
    if (text != NULL && (constant->number != 0 || strcmp(text, "false") == 0)) return true;
    return draft_refuse(draft, of_table ? "\"true\" or \"false\" is expected" : "true or false is expected");
}

bool constant_compile(struct draft *draft, const struct field_card *card, const json_t *json, bool of_table,
                      struct constant *constant) {
    bool good;
    if (card->value == VALUE_TIME || card->value == VALUE_MONEY) {
        good = number_compile(draft, card, json, constant);
    } else if (card->value == VALUE_BOOL) {
        good = boolean_compile(draft, json, of_table, constant);
    } else if (json_is_string(json)) {
        good = text_compile(draft, card, (struct slice){json_string_value(json), json_string_length(json)}, constant);
    } else {
        good = draft_refuse(draft, "a text is expected, or a rule such as {\"from\": \"/id\"}");
    }
    constant->part = print_part(card, (uint64_t)constant->number);
    return good;
}
