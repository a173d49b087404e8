/* Orders of the synthetic province.
 *
 * Goods paid before or on delivery, bookings and tickets, and orders by mail and telephone each follow plans from
 * creation to delivery, refusal at the door, cancellation, return and refund. Not clean: creations that come twice under
 * another event id (impossible) and follow-ups of orders from before the stream, with their date (booked to it) or
 * without (unresolved).
 *
 * Truth: the day each step is booked to follows from the story's own dates (booking.md §5), whether a message carries
 * them or the window of the reader must supply them. The message carries them when the step is far from its beginning,
 * when anything of the order was delayed, and now and then. */
#include "check.h"
#include "ingest/province_truth.h"

#define O(event, wait) {KIND_ORDER_##event, DELAY_##wait}

enum { SALE_PREPAID = 0, SALE_COD, SALE_SERVICE, SALE_MAIL };

static const struct province_plan plans[] = {
    {.steps = {O(CREATED, NONE), O(PAID, MINUTES), O(SHIPPED, DAY), O(DELIVERED, DAYS)}, .weights = {500, 0, 0, 0}},
    {.steps = {O(CREATED, NONE), O(PAID, MINUTES), O(CONFIRMED, HOURS), O(SHIPPED, DAY), O(DELIVERED, DAYS)},
     .weights = {150, 0, 0, 0}},
    {.steps = {O(CREATED, NONE), O(CONFIRMED, HOURS), O(SHIPPED, DAY), O(DELIVERED, DAYS)}, .weights = {0, 700, 0, 0}},
    {.steps = {O(CREATED, NONE), O(CONFIRMED, HOURS), O(SHIPPED, DAY), O(FAILED_DELIVERY, DAYS)}, .weights = {0, 90, 0, 0}},
    {.steps = {O(CREATED, NONE), O(CANCELLED, HOURS)}, .weights = {60, 80, 40, 30}},
    {.steps = {O(CREATED, NONE), O(PAID, MINUTES), O(CANCELLED, DAY)}, .weights = {40, 0, 30, 0}},
    {.steps = {O(CREATED, NONE), O(CONFIRMED, HOURS), O(CANCELLED, DAYS)}, .weights = {0, 40, 0, 0}},
    {.steps = {O(CREATED, NONE), O(PAID, MINUTES), O(DELIVERED, DAYS)}, .weights = {0, 0, 600, 0}},
    {.steps = {O(CREATED, NONE), O(CONFIRMED, MINUTES), O(DELIVERED, DAYS)}, .weights = {0, 0, 0, 600}},
    {.steps = {O(CREATED, NONE)}, .weights = {30, 30, 100, 100}},
    {.steps = {O(CREATED, NONE), O(PAID, MINUTES), O(SHIPPED, DAY), O(DELIVERED, DAYS), O(RETURN_REQUESTED, DAY),
               O(RETURNED, DAYS), O(REFUNDED, DAY)},
     .weights = {60, 0, 0, 0}},
    {.steps = {O(CREATED, NONE), O(CONFIRMED, HOURS), O(SHIPPED, DAY), O(DELIVERED, DAYS), O(RETURN_REQUESTED, DAYS),
               O(RETURNED, WEEK), O(REFUNDED, HOURS)},
     .weights = {0, 40, 0, 0}},
    {.steps = {O(CREATED, NONE), O(PAID, MINUTES), O(SHIPPED, DAY), O(DELIVERED, DAYS), O(REFUNDED, WEEK)},
     .weights = {10, 0, 0, 0}},
    {.steps = {O(CREATED, NONE), O(CREATED, MINUTES)}, .weights = {1, 1, 1, 1}, .dirty = true, .twisted = true},
    {.steps = {O(CANCELLED, NONE)}, .weights = {1, 1, 1, 1}, .dirty = true, .orphan = true},
    {.steps = {O(FAILED_DELIVERY, NONE)}, .weights = {1, 2, 0, 0}, .dirty = true, .orphan = true},
    {.steps = {O(RETURNED, NONE)}, .weights = {2, 2, 0, 0}, .dirty = true, .orphan = true},
    {.steps = {O(DELIVERED, NONE), O(REFUNDED, WEEK)}, .weights = {2, 1, 1, 0}, .dirty = true, .orphan = true},
};
enum { PLAN_PLAIN = 9 };

#define X(name) #name,
static const char *const pay_modes[] = {"", PAY_MODES(X)};
static const char *const person_types[] = {"", PERSON_TYPES(X)};
static const char *const categories[] = {"", CATEGORIES(X)};
#undef X
#define X(name, wire, family) wire,
static const char *const kind_names[] = {"", EVENT_KINDS(X)};
#undef X

/* Where a source sells. Web shops also have an application; the order's number says which. */
static enum outlet outlet_of(struct province *province, enum province_source source) {
    bool second = province_random_chance(&province->random, 3000);
    switch (source) {
    case SOURCE_LAZADA: return OUTLET_LAZADA;
    case SOURCE_SHOPEE: return OUTLET_SHOPEE;
    case SOURCE_TIKI: return OUTLET_TIKI;
    case SOURCE_SENDO: return OUTLET_SENDO;
    case SOURCE_TIKTOK: return OUTLET_TIKTOK_SHOP;
    case SOURCE_VOSO: return OUTLET_OTHER;
    case SOURCE_WEBSHOP: return second ? OUTLET_OWN_APP : OUTLET_OWN_WEB;
    case SOURCE_SOCIALHUB: return OUTLET_SOCIAL;
    case SOURCE_OTAHUB: return OUTLET_OTA;
    case SOURCE_MAILERP: return second ? OUTLET_PHONE : OUTLET_EMAIL;
    case SOURCE_NONE:
    case SOURCE_NAPASGW:
    case SOURCE_MOMOPAY:
    case SOURCE_ACQCARD:
    case SOURCE_BANKNET:
    case SOURCE_BILLHUB:
    case SOURCE_TILLNET:
    case SOURCE_RIDEPAY:
    case SOURCE_APPBILL:
    case SOURCE_RIDEHUB:
    case SOURCE_CRAWLER:
    case SOURCE_COUNT: break;
    }
    UNREACHABLE();
    return OUTLET_NONE;
}

static void prepaid_vary(struct province_random *random, struct province_story *story) {
    static const enum category others[] = {CATEGORY_FOOD, CATEGORY_DIGITAL, CATEGORY_OTHER, CATEGORY_NONE};
    if (province_random_chance(random, 1200)) story->category = others[province_random_below(random, 4)];
    if (province_random_chance(random, 500)) story->pay_mode = PAY_MODE_INSTALMENT;
}

static void sale_set(struct province *province, struct province_story *story) {
    struct province_random *random = &province->random;
    bool market = story->outlet <= OUTLET_OTHER;
    int sale = SALE_PREPAID;
    story->category = CATEGORY_GOODS;
    story->amount_minor = province_amount(province, 40, 700);
    if (story->outlet == OUTLET_OTA || (story->outlet == OUTLET_OWN_WEB && province_random_chance(random, 2000))) {
        sale = SALE_SERVICE;
        story->category = story->outlet == OUTLET_OTA ? CATEGORY_TRAVEL : CATEGORY_SERVICE;
        story->amount_minor = province_amount(province, 300, 2500);
    } else if (story->outlet == OUTLET_EMAIL || story->outlet == OUTLET_PHONE) {
        sale = SALE_MAIL;
        story->amount_minor = province_amount(province, 1000, 20000);
    } else if (province_random_chance(random, market ? 5500 : 4000)) {
        sale = SALE_COD;
    }
    story->pay_mode = sale == SALE_COD ? PAY_MODE_COD : PAY_MODE_PREPAID;
    if (sale == SALE_PREPAID) prepaid_vary(random, story);
    story->plan = province_plan_pick(province, plans, sizeof plans / sizeof plans[0], sale);
    if (sale == SALE_SERVICE && province_random_chance(random, 800)) province_foreign_set(province, story);
}

static void household_set(struct province *province, struct province_story *story) {
    struct province_random *random = &province->random;
    story->person_type = PERSON_HOUSEHOLD;
    uint32_t a = province_random_below(random, PROVINCE_PERSONS), b = province_random_below(random, PROVINCE_PERSONS);
    story->buyer = a < b ? a : b;
    story->nameless = province_random_chance(random, 300);
}

static void stranger_set(struct province *province, struct province_story *story) {
    struct province_random *random = &province->random;
    static const uint16_t weights[] = {70, 10, 20};
    story->person_type = (enum person_type)(PERSON_BUSINESS + province_random_pick(random, weights, 3));
    story->stranger = true;
    story->buyer = province_random_below(random, 500);
    story->nameless = province_random_chance(random, 2000);
}

/* A business of the province buys in a marketplace: at its own account's platform, or anywhere under its unit's id. */
static void purchase_set(struct province *province, struct province_story *story, uint32_t buyer) {
    const struct province_account *account = &province->units.accounts[buyer];
    uint32_t market = province_random_below(&province->random, 6);
    if (account->listed || account->before == PROVINCE_NOBODY) market = (uint32_t)(account->source - SOURCE_LAZADA);
    story->account = province_account_pick(province, (enum province_pool)(POOL_LAZADA + market));
    story->person_type = PERSON_BUSINESS;
    story->buyer = buyer;
}

static enum province_pool pool_pick(struct province *province) {
    static const uint16_t weights[] = {180, 290, 120, 90, 50, 30, 90, 60, 50, 40};
    return (enum province_pool)province_random_pick(&province->random, weights, sizeof weights / sizeof weights[0]);
}

void province_order_new(struct province *province, const struct province_promise *promise, struct province_story *story) {
    struct province_random *random = &province->random;
    province_story_begin(province, story, FAMILY_ORDER);
    enum province_pool pool = pool_pick(province);
    if (promise && promise->kind == PROMISE_BUY) {
        purchase_set(province, story, promise->account);
    } else if (promise) {
        story->account = promise->account;
        household_set(province, story);
    } else if (pool <= POOL_VOSO && province_random_chance(random, 400)) {
        purchase_set(province, story, province_account_pick(province, POOL_BUYER));
    } else {
        story->account = province_account_pick(province, pool);
        if (pool == POOL_MAIL && province_random_chance(random, 2500)) {
            story->person_type = PERSON_BUSINESS;
            story->buyer = province_account_pick(province, POOL_MAIL_BUYER);
        } else if (province_random_chance(random, pool == POOL_MAIL ? 7000 : 400)) {
            stranger_set(province, story);
        } else {
            household_set(province, story);
        }
    }
    story->outlet = outlet_of(province, province->units.accounts[story->account].source);
    sale_set(province, story);
    story->countries = province_random_chance(random, 6000);
    story->abroad = province_random_chance(random, 150);
    story->dated = province_random_chance(random, 2500);
    if (promise) {
        story->promised = true;
        if (story->plan->dirty) story->plan = &plans[PLAN_PLAIN];
    }
    if (story->plan->orphan && story->dated) {
        int64_t ago_ms = (int64_t)(1 + province_random_below(random, 6)) * PROVINCE_DAY_MS;
        story->created_ms = province->now_ms - 2 * ago_ms;
        story->shipped_ms = province->now_ms - ago_ms - ago_ms / 2;
        story->delivered_ms = province->now_ms - ago_ms;
    }
}

static void outlet_text(struct province_text *text, const struct province *province, const struct province_story *story) {
    static const char *const channels[OUTLET_COUNT] = {
        [OUTLET_OWN_WEB] = "OWN_WEB", [OUTLET_OWN_APP] = "OWN_APP", [OUTLET_SOCIAL] = "SOCIAL",
        [OUTLET_OTA] = "OTA",         [OUTLET_EMAIL] = "EMAIL",     [OUTLET_PHONE] = "PHONE"};
    const char *channel = channels[story->outlet];
    province_text_field(text, "channel", channel ? channel : "MARKETPLACE");
    const char *platform = province_sources[province->units.accounts[story->account].source].name;
    province_text_field(text, "platform", channel ? (story->number % 3 == 0 ? "FACEBOOK" : "_Z") : platform);
}

static void buyer_text(struct province *province, const struct province_story *story) {
    struct province_text *text = &province->text;
    province_text_field(text, "buyer_type", person_types[story->person_type]);
    if (story->nameless) return;
    if (story->person_type == PERSON_HOUSEHOLD) {
        province_person_text(text, "buyer_id", story->buyer);
    } else if (story->stranger) {
        PROVINCE_TEXT(text, ",\"buyer_id\":\"corp ");
        province_text_number(text, story->buyer);
        PROVINCE_TEXT(text, "\"");
    } else {
        province_text_field(text, "buyer_id", province->units.accounts[story->buyer].id);
    }
}

static void dates_text(struct province *province, const struct province_story *story, enum event_kind kind) {
    bool back = kind == KIND_ORDER_RETURN_REQUESTED || kind == KIND_ORDER_RETURNED || kind == KIND_ORDER_REFUNDED;
    bool door = back || kind == KIND_ORDER_DELIVERED || kind == KIND_ORDER_FAILED_DELIVERY;
    if (!story->dated || kind == KIND_ORDER_CREATED) return;
    if (story->created_ms != PROVINCE_NEVER) province_time_text(province, story, "order_created_at", story->created_ms);
    if (door && story->shipped_ms != PROVINCE_NEVER) province_time_text(province, story, "shipped_at", story->shipped_ms);
    if (back && story->delivered_ms != PROVINCE_NEVER) province_time_text(province, story, "delivered_at", story->delivered_ms);
}

void province_order_text(struct province *province, const struct province_story *story) {
    struct province_text *text = &province->text;
    const struct province_account *account = &province->units.accounts[story->account];
    enum event_kind kind = (enum event_kind)story->plan->steps[story->step].code;
    province_head_text(province, story, kind_names[kind], 'o');
    PROVINCE_TEXT(text, ",\"order_id\":\"o");
    province_text_number(text, (int64_t)story->number);
    PROVINCE_TEXT(text, "\"");
    province_text_field(text, "seller_id", account->id);
    outlet_text(text, province, story);
    province_text_field(text, "pay_mode", pay_modes[story->pay_mode]);
    buyer_text(province, story);
    province_money_text(province, story, "amount_minor");
    if (story->category != CATEGORY_NONE) {
        province_text_field(text, "product_class", story->category == CATEGORY_OTHER ? "TOYS" : categories[story->category]);
    }
    if (story->countries) {
        province_text_field(text, "seller_country", account->foreign ? "CN" : "VN");
        province_text_field(text, "buyer_country", story->abroad ? "LA" : "VN");
    }
    dates_text(province, story, kind);
    province_tail_text(province, story);
}

/* A step that is booked to the day of an earlier one; an orphan without dates is unresolved. */
static void earlier_book(struct province *province, const struct province_story *story, enum outcome outcome, int64_t earlier_ms,
                         int64_t value) {
    if (earlier_ms == PROVINCE_NEVER) {
        province->truth->unresolved++;
        province_truth_pulse(province, story, OUTCOME_UNRESOLVED, value);
        return;
    }
    province_truth_order(province, story, outcome, province_day(earlier_ms), value);
    province_truth_pulse(province, story, outcome, value);
}

void province_order_book(struct province *province, struct province_story *story) {
    enum event_kind kind = (enum event_kind)story->plan->steps[story->step].code;
    int64_t value = province_reported(story, story->amount_minor);
    if (kind == KIND_ORDER_CANCELLED) {
        earlier_book(province, story, OUTCOME_CANCELLED, story->created_ms, value);
    } else if (kind == KIND_ORDER_FAILED_DELIVERY) {
        earlier_book(province, story, OUTCOME_FAILED, story->shipped_ms, value);
    } else if (kind == KIND_ORDER_RETURNED) {
        earlier_book(province, story, OUTCOME_RETURNED, story->delivered_ms, value);
    } else if (kind == KIND_ORDER_CREATED && story->step > 0) {
        province_truth_refusal(province, REASON_IMPOSSIBLE_STATE);
    } else {
        enum outcome outcome = kind == KIND_ORDER_CREATED     ? OUTCOME_CREATED
                               : kind == KIND_ORDER_SHIPPED   ? OUTCOME_SHIPPED
                               : kind == KIND_ORDER_DELIVERED ? OUTCOME_DELIVERED
                               : kind == KIND_ORDER_REFUNDED  ? OUTCOME_REFUNDED
                                                              : OUTCOME_PROGRESS;
        if (outcome != OUTCOME_PROGRESS) province_truth_order(province, story, outcome, province_day(story->event_ms), value);
        province_truth_pulse(province, story, outcome, outcome == OUTCOME_PROGRESS ? 0 : value);
    }
}
