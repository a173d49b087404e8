/* Accounts and pools: under which names the units sell, take money and buy, and how popular each name is.
 *
 * An account is (source, id). About half use the unit's own id and need no entry in the registry; the others have an id
 * of the source and are listed in the unit's record. A pool holds the accounts that one kind of event may draw. Pools
 * are how adoption is meant: a unit that is not to be observed in a marketplace is in no marketplace pool, so no chance
 * can put it there. Popularity falls as 1/(rank + 6), near enough to what merchants show, with integer weights.
 *
 * Each unit that must be observed also gets a promise: one event that will come whatever the size of the stream.
 * Outsiders (sellers in Shenzhen, advertising platforms, app stores) belong to no unit and end up in VN_38_U. */
#include "check.h"
#include "ingest/province_units.h"

#include <stdlib.h>

enum { PROMISES_MAX = 8192, OUTSIDERS = 12 };

void province_unit_id(uint32_t unit, char out[static 24]) {
    (void)snprintf(out, 24, "U38%06u", unit + 1);
}

static uint32_t account_add(struct province_units *units, enum province_source source) {
    if (units->account_count == units->account_capacity) {
        units->account_capacity = units->account_capacity ? units->account_capacity * 2 : 4096;
        units->accounts = realloc(units->accounts, units->account_capacity * sizeof *units->accounts);
        CHECK_MEMORY(units->accounts);
    }
    struct province_account *account = &units->accounts[units->account_count];
    *account =
        (struct province_account){.source = source, .before = PROVINCE_NOBODY, .after = PROVINCE_NOBODY, .switch_day = INT32_MIN};
    (void)snprintf(account->id, sizeof account->id, "%.3s-%07u", province_sources[source].name, units->account_count * 7 + 1000);
    return units->account_count++;
}

/* An account of the unit at the source: under its own id, or listed in the registry. */
static uint32_t account_make(struct province_units *units, uint32_t unit, enum province_source source, bool listed) {
    struct province_unit *owner = &units->units[unit];
    uint32_t index = account_add(units, source);
    struct province_account *account = &units->accounts[index];
    account->before = account->after = (int32_t)unit;
    account->listed = listed;
    if (!listed) province_unit_id(unit, account->id);
    if (listed) {
        CHECK(owner->account_count < PROVINCE_ACCOUNTS_MAX);
        owner->accounts[owner->account_count++] = index;
    }
    return index;
}

static void pool_add(struct province_units *units, enum province_pool pool, uint32_t account) {
    struct province_members *members = &units->pools[pool];
    if (members->count == members->capacity) {
        members->capacity = members->capacity ? members->capacity * 2 : 64;
        members->accounts = realloc(members->accounts, members->capacity * sizeof *members->accounts);
        CHECK_MEMORY(members->accounts);
    }
    members->accounts[members->count++] = account;
}

/* Half of the accounts are listed. */
static uint32_t member_make(struct province_units *units, enum province_pool pool, uint32_t unit, enum province_source source,
                            struct province_random *random) {
    bool room = units->units[unit].account_count + 2 < PROVINCE_ACCOUNTS_MAX;
    uint32_t account = account_make(units, unit, source, room && province_random_chance(random, 5000));
    pool_add(units, pool, account);
    return account;
}

static void promise_add(struct province_units *units, enum province_promise_kind kind, uint32_t account) {
    CHECK(units->promise_count < PROMISES_MAX);
    units->promises[units->promise_count++] = (struct province_promise){kind, account};
}

static const uint16_t market_weights[] = {24, 38, 16, 12, 6, 4}; /* Lazada, Shopee, Tiki, Sendo, TikTok, the rest */

static uint32_t seller_make(struct province_units *units, uint32_t unit, struct province_random *random) {
    uint32_t market = (uint32_t)province_random_pick(random, market_weights, 6);
    return member_make(units, (enum province_pool)(POOL_LAZADA + market), unit, (enum province_source)(SOURCE_LAZADA + market),
                       random);
}

static void card_accounts_make(struct province_units *units, uint32_t unit, struct province_random *random) {
    static const enum province_source others[] = {SOURCE_ACQCARD, SOURCE_TILLNET, SOURCE_BANKNET, SOURCE_MOMOPAY};
    uint32_t first = member_make(units, POOL_POS, unit, SOURCE_NAPASGW, random);
    if (units->units[unit].takes_cards) promise_add(units, PROMISE_CARD, first);
    for (size_t i = 0; i < 4; i++) {
        if (!province_random_chance(random, 2500)) continue;
        uint32_t account = member_make(units, POOL_POS, unit, others[i], random);
        units->accounts[account].terminal = province_random_chance(random, 3000);
    }
}

static void channel_accounts_make(struct province_units *units, uint32_t unit, uint32_t rank, struct province_random *random) {
    bool enterprise = units->units[unit].versions[0].legal == LEGAL_ENTERPRISE; /* those stay away from marketplaces */
    uint32_t account, draw = province_random_below(random, 10);
    if (rank < 3) {
        account = member_make(units, POOL_RIDE, unit, SOURCE_RIDEHUB, random);
        (void)member_make(units, POOL_FARE, unit, SOURCE_RIDEPAY, random);
    } else if (draw < 4) {
        account = member_make(units, POOL_OTA, unit, SOURCE_OTAHUB, random);
    } else if (draw < 7) {
        account = member_make(units, POOL_WEB, unit, SOURCE_WEBSHOP, random);
    } else if (draw < 9 || enterprise) {
        account = member_make(units, POOL_SOCIAL, unit, SOURCE_SOCIALHUB, random);
    } else {
        account = seller_make(units, unit, random);
    }
    promise_add(units, PROMISE_CHANNEL, account);
    (void)member_make(units, POOL_ONLINE, unit, SOURCE_NAPASGW, random);
}

static void enterprise_accounts_make(struct province_units *units, uint32_t unit, struct province_random *random) {
    const struct province_unit *owner = &units->units[unit];
    const struct province_version *version = &owner->versions[0];
    if (owner->sells) {
        promise_add(units, PROMISE_SELL, seller_make(units, unit, random));
        if (province_random_chance(random, 4000)) (void)seller_make(units, unit, random);
    }
    if (owner->buys) {
        bool listed = province_random_chance(random, 3000);
        enum province_source source = province_random_chance(random, 5000) ? SOURCE_SHOPEE : SOURCE_LAZADA;
        uint32_t account = account_make(units, unit, source, listed);
        pool_add(units, POOL_BUYER, account);
        promise_add(units, PROMISE_BUY, account);
    }
    if (province_random_chance(random, 1500)) (void)member_make(units, POOL_WEB, unit, SOURCE_WEBSHOP, random);
    if (province_random_chance(random, 2000)) card_accounts_make(units, unit, random);
    if (province_random_chance(random, 1500)) {
        (void)member_make(units, POOL_ONLINE, unit, province_random_chance(random, 5000) ? SOURCE_MOMOPAY : SOURCE_ACQCARD,
                          random);
    }
    if (version->has_email == CELL_YES && province_random_chance(random, 3500)) {
        (void)member_make(units, POOL_MAIL, unit, SOURCE_MAILERP, random);
    } else if (province_random_chance(random, 600)) {
        pool_add(units, POOL_MAIL_BUYER, account_make(units, unit, SOURCE_MAILERP, false));
    }
    if (version->website) pool_add(units, POOL_CRAWL, account_make(units, unit, SOURCE_CRAWLER, false));
    if (owner->group == GROUP_IT && province_random_chance(random, 1500)) {
        (void)member_make(units, POOL_DIGITAL, unit, SOURCE_APPBILL, random);
    }
}

static void shop_accounts_make(struct province_units *units, uint32_t unit, struct province_random *random) {
    if (province_random_chance(random, 4000)) (void)seller_make(units, unit, random);
    if (province_random_chance(random, 1500)) (void)seller_make(units, unit, random);
    if (province_random_chance(random, 2000)) (void)member_make(units, POOL_SOCIAL, unit, SOURCE_SOCIALHUB, random);
    if (province_random_chance(random, 1000)) (void)member_make(units, POOL_WEB, unit, SOURCE_WEBSHOP, random);
    if (province_random_chance(random, 5000)) card_accounts_make(units, unit, random);
    if (province_random_chance(random, 1500)) (void)member_make(units, POOL_ONLINE, unit, SOURCE_BANKNET, random);
}

/* What a unit of each group does. `rank` counts the service units that have a channel. */
static void unit_accounts_make(struct province_units *units, uint32_t unit, uint32_t *rank, struct province_random *random) {
    const struct province_unit *owner = &units->units[unit];
    switch (owner->group) {
    case GROUP_ENTERPRISE:
    case GROUP_IT:
        enterprise_accounts_make(units, unit, random);
        return;
    case GROUP_UTILITY:
        pool_add(units, owner->takes_bills ? POOL_BILL : POOL_COUNTER, account_make(units, unit, SOURCE_BILLHUB, unit % 2 == 0));
        if (owner->takes_bills) promise_add(units, PROMISE_BILL, units->account_count - 1);
        return;
    case GROUP_MODERN:
        if (owner->takes_cards) card_accounts_make(units, unit, random);
        else (void)member_make(units, POOL_TILL, unit, SOURCE_TILLNET, random);
        return;
    case GROUP_SERVICE:
        if (owner->has_channel) channel_accounts_make(units, unit, (*rank)++, random);
        if (province_random_chance(random, 3000)) card_accounts_make(units, unit, random);
        return;
    case GROUP_SHOP:
        shop_accounts_make(units, unit, random);
        return;
    case GROUP_CONVENIENCE:
    case GROUP_PUBLIC:
        card_accounts_make(units, unit, random);
        return;
    case GROUP_DEAD:
        if (province_random_chance(random, 500)) (void)member_make(units, POOL_ONLINE, unit, SOURCE_NAPASGW, random);
        return;
    case GROUP_NONE:
        UNREACHABLE();
    }
}

static void outsiders_make(struct province_units *units) {
    for (uint32_t i = 0; i < OUTSIDERS; i++) {
        for (uint32_t market = 0; market < 6; market++) {
            uint32_t account = account_add(units, (enum province_source)(SOURCE_LAZADA + market));
            units->accounts[account].foreign = i % 2 == 0;
            pool_add(units, (enum province_pool)(POOL_LAZADA + market), account);
        }
        uint32_t store = account_add(units, SOURCE_APPBILL);
        units->accounts[store].foreign = true;
        pool_add(units, i < 6 ? POOL_DIGITAL : POOL_AD, store);
        if (i < 3) pool_add(units, POOL_POS, account_add(units, SOURCE_NAPASGW));
        if (i < 2) pool_add(units, POOL_RIDE, account_add(units, SOURCE_RIDEHUB));
        if (i < 4) pool_add(units, POOL_BUYER, account_add(units, SOURCE_SHOPEE));
        if (i < 4) pool_add(units, POOL_OTA, account_add(units, SOURCE_OTAHUB));
    }
}

/* Extra accounts that change hands, begin or end during the stream; both hands are meant to sell, so no share is moved by it. */
static void changing_accounts_make(struct province_units *units, struct province_random *random) {
    uint32_t previous[2] = {UINT32_MAX, UINT32_MAX}, made = 0;
    int32_t days = units->end_day - units->first_day;
    for (uint32_t i = 0; i < units->unit_count && made < 48; i++) {
        struct province_unit *unit = &units->units[i];
        bool shop = unit->group == GROUP_SHOP;
        if ((!shop && !unit->sells) || unit->end_day != PROVINCE_FOREVER || i % 11 != 0) continue;
        if (unit->account_count + 1 >= PROVINCE_ACCOUNTS_MAX) continue;
        uint32_t market = (uint32_t)province_random_pick(random, market_weights, 6);
        uint32_t index = account_make(units, i, (enum province_source)(SOURCE_LAZADA + market), true);
        struct province_account *account = &units->accounts[index];
        account->switch_day = units->first_day + days / 5 + (int32_t)province_random_below(random, (uint32_t)days / 2 + 1);
        if (made % 3 == 0 && previous[shop] != UINT32_MAX) {
            struct province_unit *buyer = &units->units[previous[shop]];
            account->after = (int32_t)previous[shop];
            CHECK(buyer->account_count < PROVINCE_ACCOUNTS_MAX);
            buyer->accounts[buyer->account_count++] = index;
            previous[shop] = UINT32_MAX;
        } else if (made % 3 == 1) {
            account->before = PROVINCE_NOBODY;
        } else {
            account->after = PROVINCE_NOBODY;
        }
        if (made % 3 != 0) previous[shop] = i;
        pool_add(units, (enum province_pool)(POOL_LAZADA + market), index);
        made++;
    }
}

static void pools_weigh(struct province_units *units, struct province_random *random) {
    for (int i = 0; i < POOL_COUNT; i++) {
        struct province_members *pool = &units->pools[i];
        CHECK(pool->count > 0);
        province_random_shuffle(random, pool->accounts, pool->count);
        pool->cumulative = calloc(pool->count, sizeof *pool->cumulative);
        CHECK_MEMORY(pool->cumulative);
        uint64_t total = 0;
        for (uint32_t rank = 0; rank < pool->count; rank++) {
            total += 1000000 / (rank + 6);
            pool->cumulative[rank] = total;
        }
        CHECK(total < UINT32_MAX);
    }
}

void province_accounts_make(struct province_units *units, struct province_random *random) {
    units->promises = calloc(PROMISES_MAX, sizeof *units->promises);
    CHECK_MEMORY(units->promises);
    uint32_t rank = 0;
    for (uint32_t i = 0; i < units->unit_count; i++) unit_accounts_make(units, i, &rank, random);
    outsiders_make(units);
    changing_accounts_make(units, random);
    pools_weigh(units, random);
    for (uint32_t i = units->promise_count; i > 1; i--) { /* spread over the stream in random order */
        uint32_t j = province_random_below(random, i);
        struct province_promise promise = units->promises[i - 1];
        units->promises[i - 1] = units->promises[j];
        units->promises[j] = promise;
    }
}

uint32_t province_pool_pick(const struct province_members *pool, struct province_random *random) {
    uint64_t at = province_random_below(random, (uint32_t)pool->cumulative[pool->count - 1]);
    uint32_t low = 0, high = pool->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (pool->cumulative[middle] > at) high = middle;
        else low = middle + 1;
    }
    return pool->accounts[low];
}
