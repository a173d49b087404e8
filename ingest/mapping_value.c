/* Applying the rules: spans of a message -> a `struct reading`, as decode() would have filled it from the canonical text.
 *
 * Amounts are read as text, digit by digit: no number of a message ever passes through a double. Texts that stand nowhere
 * as they are needed (unescaped, joined, in capitals, digests) go to the rooms of the reading, from where event_derive()
 * copies the few that an event keeps. */
#include "ingest/mapping_value.h"

#include "ingest/decode_print.h"

/* A value before conversion. */
struct found {
    struct slice text;
    uint32_t place;
    uint8_t kind; /* enum span_kind; SPAN_NONE = absent */
    bool plain;
    bool instant; /* the record's time */
};

static enum step refuse_field(const struct mapping_cursor *cursor, const struct rule *rule, enum reason reason, uint32_t place) {
    return mapping_refuse(cursor, reason, place, field_rules[rule->card->field].name);
}

void text_digest(struct slice text, char out[static DIGEST_BYTES]) {
    static const char hex[] = "0123456789abcdef";
    XXH128_hash_t hash = XXH3_128bits(text.data, text.length);
    out[0] = 'x';
    out[1] = ':';
    for (unsigned i = 0; i < 16; i++) {
        out[2 + i] = hex[hash.high64 >> (60 - 4 * i) & 15];
        out[18 + i] = hex[hash.low64 >> (60 - 4 * i) & 15];
    }
}

bool text_is_id(struct slice text) {
    return text.length - 1 < ID_BYTES_MAX && text_is_printable(text);
}

bool text_is_printable(struct slice text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~') return false;
    }
    return true;
}

int64_t country_number(struct slice text) {
    if (text.length != 2) return 0;
    for (size_t i = 0; i < 2; i++) {
        if (text.data[i] < 'A' || text.data[i] > 'Z') return 0;
    }
    return text.data[0] << 8 | text.data[1];
}

/* ---- storing ---- */

static inline void store(struct mapping_cursor *cursor, const struct field_card *card, int64_t number, uint32_t place) {
    struct reading *reading = &cursor->reading;
    reading->number[card->field] = number;
    reading->place[card->field] = cursor->scan.begin + place;
    reading->payload += print_part(card, (uint64_t)number);
    reading->present |= card->bit;
}

static inline void store_constant(struct mapping_cursor *cursor, const struct field_card *card, const struct constant *constant) {
    struct reading *reading = &cursor->reading;
    reading->number[card->field] = constant->number;
    reading->text[card->field] = constant->text;
    reading->place[card->field] = cursor->scan.begin;
    reading->payload += constant->part;
    reading->present |= card->bit;
}

static inline bool in_message(const struct mapping_cursor *cursor, const char *data) {
    return (uintptr_t)data - (uintptr_t)cursor->scan.begin < (size_t)(cursor->scan.end - cursor->scan.begin);
}

/* ---- finding ---- */

static inline bool leads_there(const struct rule *rule, const struct span *span) {
    return span_is_there(span) && !(rule->nonempty && span->kind == SPAN_STRING && span->length == 0);
}

/* Judges a span that is there: only scalars with a text go on. */
static inline enum step scalar_hold(struct mapping_cursor *cursor, const struct rule *rule, const struct span *span) {
    if (__builtin_expect(span->kind <= SPAN_BOOL, 1)) return STEP_ON;
    return refuse_field(cursor, rule, span->kind == SPAN_NO_TEXT ? REASON_BAD_UTF8 : REASON_WRONG_TYPE, span->place);
}

static enum step concat_find(struct mapping_cursor *cursor, const struct rule *rule, struct found *found) {
    char *out = cursor->scratch;
    size_t length = 0;
    bool placed = false;
    bool plain = true;
    found->kind = SPAN_NONE;
    found->place = 0;
    for (uint32_t i = 0; i < rule->part_count; i++) {
        const struct part *part = &rule->parts[i];
        if (part->pointer < 0) {
            memcpy(out + length, part->text.data, part->text.length);
            length += part->text.length;
            plain &= part->plain;
            continue;
        }
        const struct span *span = span_of(cursor, (uint32_t)part->pointer);
        if (!leads_there(rule, span)) return STEP_ON;
        if (scalar_hold(cursor, rule, span) != STEP_ON) return STEP_REFUSE;
        if (!placed) found->place = span->place;
        placed = true;
        plain &= span->plain || span->kind != SPAN_STRING;
        length += span_copy(span, out + length);
    }
    found->text = (struct slice){out, length};
    found->kind = SPAN_STRING;
    found->plain = plain;
    return STEP_ON;
}

static inline enum step from_find(struct mapping_cursor *cursor, const struct rule *rule, struct found *found) {
    const struct span *span = &cursor->spans[0];
    uint32_t i = 0;
    for (; i < rule->part_count; i++) {
        span = span_of(cursor, (uint32_t)rule->parts[i].pointer);
        if (leads_there(rule, span)) break;
    }
    if (i == rule->part_count) {
        found->kind = SPAN_NONE;
        return STEP_ON;
    }
    if (scalar_hold(cursor, rule, span) != STEP_ON) return STEP_REFUSE;
    found->kind = span->kind;
    found->place = span->place;
    found->plain = span->plain;
    found->text = span_text(cursor, span);
    found->instant = rule->card->value == VALUE_TIME &&
                     cursor->mapping->pointers[rule->parts[i].pointer].origin == ORIGIN_TIME;
    return STEP_ON;
}

static void upper_make(struct mapping_cursor *cursor, struct found *found) {
    if (found->kind != SPAN_STRING) return;
    for (size_t i = 0; i < found->text.length; i++) {
        char byte = found->text.data[i];
        cursor->scratch[i] = byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
    }
    found->text.data = cursor->scratch;
}

/* ---- conversions ---- */

static enum step id_apply(struct mapping_cursor *cursor, const struct rule *rule, const struct found *found) {
    struct reading *reading = &cursor->reading;
    struct slice text = found->text;
    if (found->kind == SPAN_BOOL) return refuse_field(cursor, rule, REASON_WRONG_TYPE, found->place);
    if (rule->digest) {
        char *room = reading->room[reading->rooms++];
        text_digest(text, room);
        text = (struct slice){room, DIGEST_BYTES};
    } else {
        bool good = found->plain ? text.length - 1 < ID_BYTES_MAX : found->kind == SPAN_STRING && text_is_id(text);
        if (!good) return refuse_field(cursor, rule, REASON_BAD_ID, found->place);
        if (!in_message(cursor, text.data)) {
            char *room = reading->room[reading->rooms++];
            memcpy(room, text.data, text.length);
            text.data = room;
        }
    }
    reading->text[rule->card->field] = text;
    store(cursor, rule->card, (int64_t)print_hash(cursor->mapping->decoder, text.data, text.length), found->place);
    return STEP_ON;
}

/* The number of a code that is in no list, or 0 and *reason. */
static bool code_stands(struct mapping_cursor *cursor, const struct rule *rule, size_t length, int64_t *number) {
    enum value_kind kind = (enum value_kind)rule->card->value;
    if (kind == VALUE_TYPE) return true; /* judged when the event is whole */
    if (kind == VALUE_STATUS) return length <= CODE_BYTES_MAX;
    if (kind != VALUE_OPEN || length > CODE_BYTES_MAX) return false;
    cursor->reading.unknown |= rule->card->bit;
    *number = rule->open_other;
    return true;
}

static bool code_number(struct mapping_cursor *cursor, const struct rule *rule, struct slice text, int64_t *number) {
    const struct field_card *card = rule->card;
    const struct decoder *decoder = cursor->mapping->decoder;
    if (card->value == VALUE_CURRENCY) {
        *number = currency_pack(text);
        return *number != 0 && (*number == decoder->reporting_currency || currency_exponent(text) >= 0);
    }
    if (card->value == VALUE_COUNTRY) {
        *number = country_number(text);
        return *number != 0;
    }
    const char *last_block = in_message(cursor, text.data) ? cursor->scan.last_block : NULL;
    *number = lexicon_find(&decoder->lists[card->list], text.data, text.length, last_block);
    if (*number == 0) return code_stands(cursor, rule, text.length, number);
    if (card->value == VALUE_TYPE && *number == KIND_UNIT_REGISTERED) *number = KIND_NONE;
    return true;
}

static enum step code_apply(struct mapping_cursor *cursor, const struct rule *rule, const struct found *found) {
    int64_t number;
    unsigned field = rule->card->field;
    struct slice text = found->text;
    if (found->kind != SPAN_STRING) return refuse_field(cursor, rule, REASON_WRONG_TYPE, found->place);
    if (!code_number(cursor, rule, text, &number)) return refuse_field(cursor, rule, REASON_UNKNOWN_CODE, found->place);
    if (!in_message(cursor, text.data)) {
        if (text.length > CODE_BYTES_MAX) text.length = CODE_BYTES_MAX; /* a type that is refused with the whole */
        memcpy(cursor->code_room[field], text.data, text.length);
        text.data = cursor->code_room[field];
    }
    cursor->reading.text[field] = text;
    store(cursor, rule->card, number, found->place);
    return STEP_ON;
}

static enum step time_apply(struct mapping_cursor *cursor, const struct rule *rule, const struct found *found) {
    int64_t time_ms = cursor->record->timestamp_ms;
    if (found->kind == SPAN_BOOL) return refuse_field(cursor, rule, REASON_WRONG_TYPE, found->place);
    bool good = (found->instant && !rule->concat) || time_form_read(&rule->time, found->text, &time_ms);
    if (!good) return refuse_field(cursor, rule, REASON_BAD_TIME, found->place);
    store(cursor, rule->card, time_ms, found->place);
    return STEP_ON;
}

/* Powers of ten that currency's minor unit has; -1 when the event has no currency. */
static int32_t exponent_of(const struct mapping_cursor *cursor) {
    const struct reading *reading = &cursor->reading;
    const struct mapping *mapping = cursor->mapping;
    if (!reading_has(reading, FIELD_CURRENCY)) return -1;
    if (reading->number[FIELD_CURRENCY] == mapping->decoder->reporting_currency) return mapping->reporting_exponent;
    return currency_exponent(reading->text[FIELD_CURRENCY]);
}

static enum step money_apply(struct mapping_cursor *cursor, const struct rule *rule, const struct found *found) {
    if (found->kind == SPAN_BOOL) return refuse_field(cursor, rule, REASON_WRONG_TYPE, found->place);
    int32_t exponent = rule->major ? exponent_of(cursor) : 0;
    if (exponent < 0) {
        size_t end = (size_t)(cursor->scan.end - cursor->scan.begin);
        return mapping_refuse(cursor, REASON_MISSING_FIELD, end, field_rules[FIELD_CURRENCY].name);
    }
    int64_t amount;
    const struct money_form form = {rule->shift + exponent, found->kind == SPAN_NUMBER, rule->absolute};
    if (!money_read(&form, found->text, &amount)) return refuse_field(cursor, rule, REASON_BAD_AMOUNT, found->place);
    store(cursor, rule->card, amount, found->place);
    return STEP_ON;
}

static enum step table_apply(struct mapping_cursor *cursor, const struct rule *rule, const struct found *found) {
    const struct word *word = word_table_find(rule->table, found->text);
    if (word == NULL && rule->otherwise == OTHERWISE_SKIP) return STEP_IGNORE;
    if (word == NULL && rule->otherwise == OTHERWISE_REFUSE) {
        enum reason reason = rule->card->value == VALUE_TYPE ? REASON_UNKNOWN_TYPE : REASON_UNKNOWN_CODE;
        return refuse_field(cursor, rule, reason, found->place);
    }
    const struct constant *made = word != NULL ? &word->value : &rule->other;
    if (!made->absent) store_constant(cursor, rule->card, made);
    return STEP_ON;
}

static enum step rule_apply(struct mapping_cursor *cursor, const struct rule *rule) {
    struct found found = {.kind = SPAN_NONE};
    enum step step = rule->concat ? concat_find(cursor, rule, &found) : from_find(cursor, rule, &found);
    if (step != STEP_ON) return step;
    if (found.kind == SPAN_NONE) {
        if (rule->has_default) store_constant(cursor, rule->card, &rule->value);
        return STEP_ON;
    }
    if (rule->upper) upper_make(cursor, &found);
    if (rule->table != NULL) return table_apply(cursor, rule, &found);
    if (rule->card->value == VALUE_ID) return id_apply(cursor, rule, &found);
    if (rule->card->value == VALUE_TIME) return time_apply(cursor, rule, &found);
    if (rule->card->value == VALUE_MONEY) return money_apply(cursor, rule, &found);
    if (rule->card->value != VALUE_BOOL) return code_apply(cursor, rule, &found);
    if (found.kind != SPAN_BOOL) return refuse_field(cursor, rule, REASON_WRONG_TYPE, found.place);
    store(cursor, rule->card, found.text.data[0] == 't', found.place);
    return STEP_ON;
}

/* When nobody says when an event was taken in: the record's time, or else its own. */
static void ingest_time_make(struct mapping_cursor *cursor) {
    struct reading *reading = &cursor->reading;
    const struct field_card *card = &cursor->mapping->decoder->cards[FIELD_INGEST_TIME];
    if (record_has_time(cursor->record)) {
        store(cursor, card, cursor->record->timestamp_ms, 0);
    } else if (reading_has(reading, FIELD_EVENT_TIME)) {
        store(cursor, card, reading->number[FIELD_EVENT_TIME], 0);
    }
}

enum step rules_apply(struct mapping_cursor *cursor) {
    const struct mapping *mapping = cursor->mapping;
    struct reading *reading = &cursor->reading;
    reading->seen[0] = reading->seen[1] = 0;
    reading->present = 0;
    reading->nulls = 0;
    reading->unknown = 0;
    reading->rooms = 0;
    reading->payload = 0;
    for (size_t i = 0; i < mapping->constant_count; i++) {
        store_constant(cursor, mapping->constants[i].card, &mapping->constants[i].value);
    }
    for (size_t i = 0; i < mapping->rule_count; i++) {
        enum step step = rule_apply(cursor, &mapping->rules[i]);
        if (step != STEP_ON) return step;
    }
    if (!mapping->maps_ingest_time) ingest_time_make(cursor);
    return STEP_ON;
}
