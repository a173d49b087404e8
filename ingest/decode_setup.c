/* A decoder is made once per process: the lexicons of keys and codes, and the secret of the fingerprints.
 *
 * The words come from the lists of codes.h by way of their names, so that a code which is added there is known
 * here. A decoder is about 50 KiB, of which an event touches some twenty cache lines; it is immutable afterwards
 * and shared by all threads. */
#include "check.h"
#include "ingest/decode_inner.h"

#include <stdlib.h>

enum { SECRET_BYTES_MIN = 16, SECRET_BYTES_MAX = 256, CACHE_LINE = 64 };

#define ADD_LIST(lexicon, name_of, type, first, end)                                             \
    for (unsigned code = (first); code < (unsigned)(end); code++) {                              \
        lexicon_add((lexicon), name_of((enum type)code), code);                                  \
    }

static void add_open_lists(struct lexicon *lists) {
    /* Schemes are checked but not stored, so they have no enum: OTHER is number 1, all others 2, 3, ... in their order. */
    uint32_t scheme = 2;
#define X(name) lexicon_add(&lists[LIST_SCHEME], #name, strcmp(#name, "OTHER") == 0 ? 1 : scheme++);
    SCHEMES(X)
#undef X
    ADD_LIST(&lists[LIST_WALLET], party_name, party, 1, PARTY_OTHER + 1)
    ADD_LIST(&lists[LIST_AD_PLATFORM], party_name, party, PARTY_OTHER, PARTY_COUNT)
    lexicon_add(&lists[LIST_AD_PLATFORM], "X", PARTY_TWITTER);
    ADD_LIST(&lists[LIST_PLATFORM], outlet_name, outlet, 1, OUTLET_OTHER + 1)
    lexicon_add(&lists[LIST_PLATFORM], "_Z", PLATFORM_NOT_ANY);
    ADD_LIST(&lists[LIST_CATEGORY], category_name, category, 1, CATEGORY_COUNT)
}

static void add_closed_lists(struct lexicon *lists) {
    ADD_LIST(&lists[LIST_KIND], event_kind_name, event_kind, 1, KIND_COUNT)
    ADD_LIST(&lists[LIST_STATUS], pay_status_name, pay_status, 1, PAY_COUNT)
    ADD_LIST(&lists[LIST_REASON_CLASS], reason_class_name, reason_class, 1, REASON_CLASS_COUNT)
    ADD_LIST(&lists[LIST_INSTRUMENT], instrument_name, instrument, 1, INSTRUMENT_COUNT)
    ADD_LIST(&lists[LIST_CONTEXT], context_name, context, 1, CONTEXT_COUNT)
    ADD_LIST(&lists[LIST_PERSON], person_type_name, person_type, 1, PERSON_COUNT)
    ADD_LIST(&lists[LIST_CHANNEL], channel_name, channel, 1, CHANNEL_COUNT)
    ADD_LIST(&lists[LIST_PAY_MODE], pay_mode_name, pay_mode, 1, PAY_MODE_COUNT)
}

static enum short_way way_of(const struct field_rule *rule) {
    if (rule->value == VALUE_ID) return SHORT_ID;
    if (rule->list != LIST_NONE) return SHORT_CODE;
    if (rule->value == VALUE_CURRENCY) return SHORT_CURRENCY;
    return rule->value == VALUE_TIME || rule->value == VALUE_MONEY || rule->value == VALUE_INT ? SHORT_NUMBER : SHORT_NONE;
}

static void make_card(struct field_card *card, enum field field) {
    const struct field_rule *rule = &field_rules[field];
    enum short_way way = way_of(rule);
    char pattern[sizeof(card->pattern) + 1];
    int length = snprintf(pattern, sizeof(pattern), "\"%s\":%s", rule->name, way == SHORT_NUMBER ? "" : "\"");
    CHECK(length > 0);
    CHECK((size_t)length <= sizeof(card->pattern) || way == SHORT_NONE);
    uint32_t bits = way == SHORT_NONE ? (uint32_t)1 << 16 : (uint32_t)(((uint64_t)1 << length) - 1);
    memcpy(card->pattern, pattern, sizeof(card->pattern));
    card->first_half = way == SHORT_NONE ? bits : bits & 0xFFFF;
    card->second_half = bits >> 16;
    card->length = (uint16_t)length;
    card->bit = field_bit(field);
    card->field = (uint8_t)field;
    card->value = (uint8_t)rule->value;
    card->list = (uint8_t)rule->list;
    card->way = (uint8_t)way;
}

static void add_keys(struct decoder *decoder) {
    decoder->cards[FIELD_NONE].first_half = 1 << 16; /* matches nothing */
    for (unsigned field = 1; field < FIELD_LIMIT; field++) {
        make_card(&decoder->cards[field], (enum field)field);
        lexicon_add(&decoder->keys, field_rules[field].name, field);
    }
    lexicon_seal(&decoder->keys);
}

static bool options_hold(const struct decoder_options *options, struct fault *fault) {
    if (options->secret_key.length < SECRET_BYTES_MIN || options->secret_key.length > SECRET_BYTES_MAX) {
        return fault_set(fault, STOP_SETTING_FILE, false, "the secret key has %zu bytes; it must have %d to %d",
                         options->secret_key.length, SECRET_BYTES_MIN, SECRET_BYTES_MAX);
    }
    if (currency_exponent(slice_of(options->reporting_currency)) < 0) {
        return fault_set(fault, STOP_SETTING, false,
                         "reporting.currency: `%s` is not in schemas/codes/currencies.csv; write a code such as VND",
                         options->reporting_currency);
    }
    const char *country = options->reporting_country;
    bool two_capitals = strlen(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z';
    if (!two_capitals) {
        return fault_set(fault, STOP_SETTING, false, "reporting.country: `%s` is not two capital letters such as VN", country);
    }
    return true;
}

struct decoder *decoder_create(const struct decoder_options *options, struct fault *fault) {
    if (!options_hold(options, fault)) return NULL;
    struct decoder *decoder = aligned_alloc(CACHE_LINE, (sizeof(*decoder) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    if (decoder == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for the decoder (%zu bytes)", sizeof(*decoder));
        return NULL;
    }
    registry_memory();
    memset(decoder, 0, sizeof(*decoder));
    decoder->reporting_currency = currency_pack(slice_of(options->reporting_currency));
    decoder->reporting_country = options->reporting_country[0] << 8 | options->reporting_country[1];
    if (!amount_bounds_read(&decoder->bounds, options->amount_max, fault)) {
        decoder_destroy(decoder);
        return NULL;
    }
    const char *currency = options->reporting_currency;
    decoder->reporting_currency_text = lexicon_load4((const char[]){currency[0], currency[1], currency[2], '"'});
    print_setup(decoder, options->secret_key);
    add_keys(decoder);
    add_closed_lists(decoder->lists);
    add_open_lists(decoder->lists);
    for (unsigned list = 1; list < LIST_COUNT; list++) lexicon_seal(&decoder->lists[list]);
    return decoder;
}

void decoder_destroy(struct decoder *decoder) {
    free(decoder);
}
