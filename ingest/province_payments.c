/* Payments of the synthetic province.
 *
 * A payment follows a plan: a list of states with delays, weighted by when its source counts a payment (FIRST, CAPTURED,
 * SETTLED). Plans cover success at once, two- and three-step success, declines by business, technical and fraud reasons,
 * expiry, voids, partial and full refunds, reversals, charge-backs lost and won; and, in streams that are not clean,
 * authorisations and captures that arrive behind what follows them, a decline after a capture (impossible) and
 * settlements of payments from before the stream (unresolved).
 *
 * Truth: the first state of the source's set that is sent counts, on its own day; refunds and charge-backs count on
 * theirs. The rule needs one bit of memory, `succeeded`, because a payment's messages are made in the order in which
 * they are sent.
 *
 * Most sources name the intent of a payment. An intent that was declined is tried again, in half of the cases, with the
 * next payment of its source; who pays then is left to chance, nothing looks at both. No chance is drawn for it, so a
 * stream is the same as without these names.
 *
 * A settlement is never further than 100,000 records from its capture: beyond the window it would count again
 * (booking.md §4). */
#include "check.h"
#include "ingest/province_truth.h"

#define P(state, wait) {PAY_##state, DELAY_##wait}

static const struct province_plan plans[] = {
    {.steps = {P(SETTLED, NONE)}, .weights = {340, 0, 300}},
    {.steps = {P(CAPTURED, NONE)}, .weights = {220, 380, 0}},
    {.steps = {P(AUTHORISED, NONE), P(CAPTURED, MINUTES), P(SETTLED, DAY)}, .weights = {60, 120, 200}},
    {.steps = {P(CAPTURED, NONE), P(SETTLED, DAY)}, .weights = {150, 200, 200}},
    {.steps = {P(INITIATED, NONE), P(SETTLED, SECONDS)}, .weights = {60, 0, 80}},
    {.steps = {P(INITIATED, NONE), P(CAPTURED, SECONDS)}, .weights = {20, 80, 0}},
    {.steps = {P(DECLINED, NONE)}, .weights = {70, 70, 70}},
    {.steps = {P(INITIATED, NONE), P(DECLINED, SECONDS)}, .weights = {30, 30, 30}},
    {.steps = {P(INITIATED, NONE), P(EXPIRED, HOURS)}, .weights = {8, 8, 8}},
    {.steps = {P(AUTHORISED, NONE), P(VOIDED, HOURS)}, .weights = {8, 8, 8}},
    {.steps = {P(SETTLED, NONE), P(REFUNDED, DAYS)}, .weights = {8, 0, 8}},
    {.steps = {P(CAPTURED, NONE), P(PART_REFUNDED, DAYS)}, .weights = {8, 8, 0}},
    {.steps = {P(CAPTURED, NONE), P(REVERSED, MINUTES)}, .weights = {4, 4, 0}},
    {.steps = {P(CAPTURED, NONE), P(SETTLED, DAY), P(REFUNDED, WEEK)}, .weights = {4, 4, 4}},
    {.steps = {P(CAPTURED, NONE), P(SETTLED, DAY), P(CHARGED_BACK, WEEK)}, .weights = {2, 2, 2}},
    {.steps = {P(CAPTURED, NONE), P(SETTLED, DAY), P(CHARGED_BACK, WEEK), P(CHARGEBACK_WON, WEEK)}, .weights = {2, 2, 2}},
    {.steps = {P(CAPTURED, NONE), P(AUTHORISED, BACK)}, .weights = {5, 5, 0}, .dirty = true},
    {.steps = {P(SETTLED, NONE), P(CAPTURED, BACK)}, .weights = {5, 5, 5}, .dirty = true},
    {.steps = {P(CAPTURED, NONE), P(DECLINED, MINUTES)}, .weights = {1, 1, 1}, .dirty = true, .twisted = true},
    {.steps = {P(SETTLED, NONE)}, .weights = {2, 0, 0}, .dirty = true, .orphan = true},
};
enum { PLAN_SETTLED = 0, PLAN_CAPTURED = 1 };

#define X(name) #name,
static const char *const status_names[] = {"", PAY_STATUSES(X)};
static const char *const reason_names[] = {"", REASON_CLASSES(X)};
static const char *const instrument_names[] = {"", INSTRUMENTS(X)};
static const char *const context_names[] = {"", CONTEXTS(X)};
static const char *const person_names[] = {"", PERSON_TYPES(X)};
/* A wallet and a platform that no list knows: read as OTHER. X is what TWITTER is called now. */
static const char *const party_names[] = {"", PARTIES(X)};
#undef X

/* Instruments by source, in the order of the list. */
static const uint16_t instrument_weights[SOURCE_COUNT][INSTRUMENT_COUNT - 1] = {
    [SOURCE_NAPASGW] = {45, 20, 5, 28, 0, 0, 1, 1}, [SOURCE_MOMOPAY] = {0, 100, 0, 0, 0, 0, 0, 0},
    [SOURCE_ACQCARD] = {94, 0, 0, 0, 0, 0, 6, 0},   [SOURCE_BANKNET] = {0, 0, 60, 40, 0, 0, 0, 0},
    [SOURCE_BILLHUB] = {6, 24, 26, 0, 38, 6, 0, 0}, [SOURCE_TILLNET] = {24, 12, 0, 16, 42, 5, 0, 1},
    [SOURCE_RIDEPAY] = {15, 70, 0, 0, 15, 0, 0, 0}, [SOURCE_APPBILL] = {72, 20, 0, 0, 0, 8, 0, 0},
};

struct scene { /* where a payment happens */
    enum context context;
    enum province_pool pool;
    uint16_t weight;
    int32_t low, high; /* thousands of dong */
};

static const struct scene scenes[] = {
    {CONTEXT_POS, POOL_POS, 420, 20, 600},        {CONTEXT_POS, POOL_TILL, 30, 20, 600},
    {CONTEXT_ONLINE, POOL_ONLINE, 220, 40, 900},  {CONTEXT_BILL, POOL_BILL, 110, 50, 700},
    {CONTEXT_BILL, POOL_COUNTER, 40, 50, 700},    {CONTEXT_RIDE, POOL_FARE, 30, 12, 90},
    {CONTEXT_TRANSFER, POOL_POS, 30, 100, 4000},  {CONTEXT_TOPUP, POOL_ONLINE, 15, 50, 1000},
    {CONTEXT_CASHOUT, POOL_ONLINE, 5, 100, 2000}, {CONTEXT_AD, POOL_AD, 30, 100, 5000},
    {CONTEXT_DIGITAL, POOL_DIGITAL, 50, 10, 300},
};

static enum party party_of(struct province *province, const struct province_story *story) {
    static const uint16_t wallets[] = {44, 20, 15, 11, 8, 2};
    static const uint16_t advertisers[] = {48, 14, 6, 22, 10};
    if (story->context == CONTEXT_AD) {
        if (province_random_chance(&province->random, 300)) return PARTY_OTHER;
        return (enum party)(PARTY_FACEBOOK + province_random_pick(&province->random, advertisers, 5));
    }
    if (story->instrument != INSTRUMENT_EWALLET) return PARTY_NONE;
    return (enum party)(PARTY_MOMO + province_random_pick(&province->random, wallets, 6));
}

static void payer_set(struct province *province, struct province_story *story) {
    static const uint16_t weights[] = {88, 8, 1, 3};
    static const uint16_t advertisers[] = {5, 92, 1, 2};
    struct province_random *random = &province->random;
    const uint16_t *use = story->context == CONTEXT_AD ? advertisers : weights;
    story->person_type = (enum person_type)(1 + province_random_pick(random, use, 4));
    uint32_t a = province_random_below(random, PROVINCE_PERSONS), b = province_random_below(random, PROVINCE_PERSONS);
    story->buyer = a < b ? a : b; /* some people pay more often than others */
    story->countries = province_random_chance(random, 5000);
    story->abroad = province_random_chance(random, 200);
}

static const struct scene *scene_pick(struct province *province) {
    enum { COUNT = sizeof scenes / sizeof scenes[0] };
    uint16_t weights[COUNT];
    for (size_t i = 0; i < COUNT; i++) weights[i] = scenes[i].weight;
    return &scenes[province_random_pick(&province->random, weights, COUNT)];
}

/* Tills that take no cards see cards declined; counters see businesses pay electronically. */
static void reluctance_set(struct province *province, struct province_story *story, enum province_pool pool) {
    if (story->instrument == INSTRUMENT_CASH) story->plan = &plans[PLAN_CAPTURED];
    if (pool == POOL_TILL && story->instrument != INSTRUMENT_CASH) {
        story->plan = &plans[6 + province_random_below(&province->random, 2)];
    }
    if (pool == POOL_COUNTER && story->instrument != INSTRUMENT_CASH && story->person_type == PERSON_HOUSEHOLD) {
        story->person_type = PERSON_BUSINESS;
    }
}

static void promised_set(struct province_story *story, enum province_promise_kind kind) {
    story->promised = true;
    story->plan = &plans[PLAN_SETTLED];
    story->context = kind == PROMISE_CARD ? CONTEXT_POS : CONTEXT_BILL;
    story->person_type = PERSON_HOUSEHOLD;
    if (story->instrument == INSTRUMENT_CASH) story->instrument = INSTRUMENT_BANK_A2A;
}

static bool names_intents(enum province_source source) {
    return source != SOURCE_BANKNET && source != SOURCE_TILLNET;
}

static void intent_set(struct province *province, struct province_story *story, enum province_source source) {
    if (!names_intents(source)) return;
    bool again = province->declined[source] != 0 && province_random_spread(story->number) % 2 == 0;
    story->intent = again ? province->declined[source] : story->number + 1;
    if (again) province->declined[source] = 0;
}

void province_payment_new(struct province *province, const struct province_promise *promise, struct province_story *story) {
    static const uint16_t reasons[] = {66, 28, 6};
    struct province_random *random = &province->random;
    province_story_begin(province, story, FAMILY_PAYMENT);
    const struct scene *scene = scene_pick(province);
    if (promise) scene = &scenes[promise->kind == PROMISE_CARD ? 0 : 3];
    story->account = promise ? promise->account : province_account_pick(province, scene->pool);
    enum province_source source = province->units.accounts[story->account].source;
    intent_set(province, story, source);
    story->context = scene->context;
    story->instrument = (enum instrument)(1 + province_random_pick(random, instrument_weights[source], INSTRUMENT_COUNT - 1));
    story->plan = province_plan_pick(province, plans, sizeof plans / sizeof plans[0], (int)province_sources[source].policy);
    story->amount_minor = province_amount(province, scene->low, scene->high);
    payer_set(province, story);
    reluctance_set(province, story, scene->pool);
    if (promise) promised_set(story, promise->kind);
    story->party = party_of(province, story);
    story->reason_class = (enum reason_class)(1 + province_random_pick(random, reasons, 3));
    if (!promise && province_random_chance(random, 60)) story->same_owner = true;
    bool far = scene->pool == POOL_AD || scene->pool == POOL_DIGITAL || scene->pool == POOL_ONLINE;
    if (far && province_random_chance(random, scene->pool == POOL_ONLINE ? 300 : 2000)) province_foreign_set(province, story);
    if (story->plan->orphan) {
        story->dated = true;
        story->created_ms =
            province->calendar.start_ms - PROVINCE_HOUR_MS - (int64_t)province_random_below(random, 20 * PROVINCE_HOUR_MS);
    }
}

static const char *party_text(const struct province_story *story) {
    if (story->party == PARTY_OTHER) return "GPAY";
    if (story->party == PARTY_TWITTER && story->number % 2) return "X";
    return party_names[story->party];
}

static void means_text(struct province *province, const struct province_story *story) {
    static const char *const schemes[] = {"NAPAS", "NAPAS", "VISA", "MASTERCARD", "JCB", "AMEX", "UNIONPAY", "MIR"};
    struct province_text *text = &province->text;
    province_text_field(text, "instrument", instrument_names[story->instrument]);
    if (story->instrument == INSTRUMENT_EWALLET) {
        province_text_field(text, "wallet", story->context == CONTEXT_AD ? "MOMO" : party_text(story));
    }
    if (story->instrument == INSTRUMENT_CARD) province_text_field(text, "scheme", schemes[story->number % 8]);
    province_text_field(text, "context", context_names[story->context]);
    if (story->context == CONTEXT_AD) province_text_field(text, "ad_platform", party_text(story));
}

void province_payment_text(struct province *province, const struct province_story *story) {
    struct province_text *text = &province->text;
    const struct province_account *account = &province->units.accounts[story->account];
    enum pay_status status = (enum pay_status)story->plan->steps[story->step].code;
    province_head_text(province, story, "payment.status", 'p');
    PROVINCE_TEXT(text, ",\"payment_id\":\"p");
    province_text_number(text, (int64_t)story->number);
    PROVINCE_TEXT(text, "\"");
    if (story->intent != 0) {
        PROVINCE_TEXT(text, ",\"payment_intent_id\":\"i");
        province_text_number(text, (int64_t)story->intent);
        PROVINCE_TEXT(text, "\"");
    }
    province_text_field(text, account->terminal ? "terminal_id" : "merchant_id", account->id);
    province_text_field(text, "status", status_names[status]);
    if (status == PAY_DECLINED) province_text_field(text, "reason_class", reason_names[story->reason_class]);
    province_money_text(province, story, "amount_minor");
    means_text(province, story);
    province_person_text(text, "payer_id", story->buyer);
    province_text_field(text, "payer_type", person_names[story->person_type]);
    if (story->countries) {
        province_text_field(text, "payer_country", story->abroad ? "LA" : "VN");
        province_text_field(text, "merchant_country", account->foreign ? "SG" : "VN");
    }
    if (story->same_owner) PROVINCE_TEXT(text, ",\"same_owner\":true");
    else if (story->number % 16 == 0) PROVINCE_TEXT(text, ",\"same_owner\":false,\"test\":false");
    if (story->dated) province_time_text(province, story, "captured_at", story->created_ms);
    province_tail_text(province, story);
}

static void success_book(struct province *province, struct province_story *story, int64_t value) {
    enum pay_status status = (enum pay_status)story->plan->steps[story->step].code;
    enum province_policy policy = province_sources[province->units.accounts[story->account].source].policy;
    bool counts = policy == POLICY_FIRST || (policy == POLICY_CAPTURED) == (status == PAY_CAPTURED);
    if (story->plan->orphan) {
        province->truth->unresolved++;
        province_truth_pulse(province, story, OUTCOME_UNRESOLVED, value);
    } else if (counts && !story->succeeded) {
        story->succeeded = true;
        story->created_ms = story->event_ms;
        province_truth_payment(province, story, OUTCOME_OK, province_day(story->event_ms), value);
        province_truth_pulse(province, story, OUTCOME_OK, value);
    } else {
        province_truth_pulse(province, story, OUTCOME_PROGRESS, 0);
    }
}

void province_payment_book(struct province *province, struct province_story *story) {
    int64_t value = province_reported(story, province_sent_amount(story));
    enum outcome outcome = OUTCOME_NONE;
    switch ((enum pay_status)story->plan->steps[story->step].code) {
    case PAY_CAPTURED:
    case PAY_SETTLED:
        success_book(province, story, value);
        return;
    case PAY_DECLINED:
        if (story->plan->twisted) {
            province_truth_refusal(province, REASON_IMPOSSIBLE_STATE);
            return;
        }
        outcome = OUTCOME_DECLINED;
        province->declined[province->units.accounts[story->account].source] = story->intent;
        break;
    case PAY_REFUNDED:
    case PAY_PART_REFUNDED:
    case PAY_REVERSED:
        outcome = OUTCOME_REFUNDED;
        break;
    case PAY_CHARGED_BACK:
        outcome = OUTCOME_CHARGED_BACK;
        break;
    case PAY_CHARGEBACK_WON:
        outcome = OUTCOME_CHARGEBACK_WON;
        break;
    case PAY_INITIATED:
    case PAY_AUTHORISED:
    case PAY_EXPIRED:
    case PAY_VOIDED:
    case PAY_NONE:
    case PAY_COUNT:
        province_truth_pulse(province, story, OUTCOME_PROGRESS, 0);
        return;
    }
    province_truth_payment(province, story, outcome, province_day(story->event_ms), value);
    province_truth_pulse(province, story, outcome, value);
}
