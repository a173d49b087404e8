/* What all stories share: how they begin, how much they are worth, how their JSON opens and closes.
 *
 * Everything that a message says is decided before it is written and kept in the story, so that the same step written twice (a
 * redelivery) gives the same bytes but for `ingest_time`. */
#include "ingest/province_story.h"

#include "check.h"

/* Rates are whole dong per minor unit, so converting is exact. */
static const struct {
    const char *code;
    int64_t rate;     /* VND per minor unit */
    int64_t thousand; /* minor units worth about 1,000 VND */
} currencies[CURRENCY_COUNT] = {{"VND", 1, 1000}, {"USD", 230, 5}, {"EUR", 262, 4}, {"JPY", 208, 5}, {"KWD", 76, 13}};

void province_story_begin(struct province *province, struct province_story *story, enum family family) {
    memset(story, 0, sizeof *story);
    story->family = family;
    story->number = province->story_number++;
    story->event_ms = PROVINCE_NEVER;
    story->created_ms = story->shipped_ms = story->delivered_ms = PROVINCE_NEVER;
}

const struct province_plan *province_plan_pick(struct province *province, const struct province_plan *plans, size_t count,
                                               int kind) {
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(plans[i].dirty && province->options.clean)) total += plans[i].weights[kind];
    }
    CHECK(total > 0);
    uint32_t rest = province_random_below(&province->random, total);
    for (size_t i = 0; i < count; i++) {
        if (plans[i].dirty && province->options.clean) continue;
        if (rest < plans[i].weights[kind]) return &plans[i];
        rest -= plans[i].weights[kind];
    }
    UNREACHABLE();
    return NULL;
}

uint32_t province_account_pick(struct province *province, enum province_pool pool) {
    int32_t today = province_day(province->now_ms);
    uint32_t account = 0;
    for (int tries = 0; tries < 8; tries++) {
        account = province_pool_pick(&province->units.pools[pool], &province->random);
        int32_t owner = province->units.accounts[account].after;
        if (owner == PROVINCE_NOBODY || province->units.units[owner].end_day > today) return account;
        if (province_random_chance(&province->random, 500)) return account; /* the last business of a closed shop */
    }
    return account;
}

int64_t province_amount(struct province *province, int32_t low, int32_t high) {
    int64_t thousands = province_random_between(&province->random, low, high);
    uint32_t draw = province_random_below(&province->random, 1000);
    if (draw < 100) thousands *= 4;
    else if (draw < 110) thousands *= 25;
    else if (draw < 111) thousands = 0; /* free of charge: zero is an amount */
    return thousands * 1000;
}

void province_foreign_set(struct province *province, struct province_story *story) {
    story->currency = (enum province_currency)province_random_between(&province->random, CURRENCY_USD, CURRENCY_COUNT - 1);
    story->converted = province_random_chance(&province->random, 8000);
    story->amount_minor = story->amount_minor / 1000 * currencies[story->currency].thousand;
}

int64_t province_reported(const struct province_story *story, int64_t amount_minor) {
    if (story->currency == CURRENCY_VND) return amount_minor;
    return story->converted ? amount_minor * currencies[story->currency].rate : 0;
}

int64_t province_sent_amount(const struct province_story *story) {
    if (story->family == FAMILY_PAYMENT && story->plan->steps[story->step].code == PAY_PART_REFUNDED)
        return story->amount_minor / 2;
    return story->amount_minor;
}

void province_time_text(struct province *province, const struct province_story *story, const char *name, int64_t time_ms) {
    struct province_text *text = &province->text;
    PROVINCE_TEXT(text, ",\"");
    province_text_string(text, name);
    PROVINCE_TEXT(text, "\":");
    if (province_sources[province->units.accounts[story->account].source].style & STYLE_RFC) province_text_time(text, time_ms);
    else province_text_number(text, time_ms);
}

void province_head_text(struct province *province, const struct province_story *story, const char *type, char letter) {
    struct province_text *text = &province->text;
    const struct province_source_trait *source = &province_sources[province->units.accounts[story->account].source];
    PROVINCE_TEXT(text, "{\"type\":\"");
    province_text_string(text, type);
    PROVINCE_TEXT(text, "\",\"schema_version\":1,\"event_id\":\"");
    char step[2] = {(char)('a' + story->step), 0};
    province_text_bytes(text, &letter, 1);
    province_text_number(text, (int64_t)story->number);
    province_text_string(text, step);
    PROVINCE_TEXT(text, "\",\"source\":\"");
    if (source->style & STYLE_ESCAPE) { /* the same name, its first letter escaped */
        PROVINCE_TEXT(text, "\\u00");
        char digits[2] = {"0123456789abcdef"[source->name[0] >> 4 & 15], "0123456789abcdef"[source->name[0] & 15]};
        province_text_bytes(text, digits, 2);
        province_text_string(text, source->name + 1);
    } else {
        province_text_string(text, source->name);
    }
    PROVINCE_TEXT(text, "\"");
    province_time_text(province, story, "event_time", story->event_ms);
    province_time_text(province, story, "ingest_time", province->now_ms);
}

void province_money_text(struct province *province, const struct province_story *story, const char *name) {
    struct province_text *text = &province->text;
    int64_t amount = province_sent_amount(story) + (story->conflicting ? 1000 : 0);
    PROVINCE_TEXT(text, ",\"");
    province_text_string(text, name);
    PROVINCE_TEXT(text, "\":");
    province_text_number(text, amount);
    province_text_field(text, "currency", currencies[story->currency].code);
    if (story->currency == CURRENCY_VND || !story->converted) return;
    PROVINCE_TEXT(text, ",\"fx_amount_minor\":");
    province_text_number(text, amount * currencies[story->currency].rate);
}

void province_tail_text(struct province *province, const struct province_story *story) {
    struct province_text *text = &province->text;
    if (province_sources[province->units.accounts[story->account].source].style & STYLE_EXTRA) {
        PROVINCE_TEXT(text, ", \"meta\" : {\"region\":\"Thanh H\\u00f3a\",\"note\":\"g\xc3\xb3i h\xc3\xa0ng \\\"A\\\"\","
                            "\"tags\":[ 1.5e3, -0, null, true, [ ] ]}");
    }
    PROVINCE_TEXT(text, "}");
}

void province_person_text(struct province_text *text, const char *name, uint32_t person) {
    PROVINCE_TEXT(text, ",\"");
    province_text_string(text, name);
    PROVINCE_TEXT(text, "\":\"h");
    province_text_hex(text, province_random_spread(person));
    PROVINCE_TEXT(text, "\"");
}
