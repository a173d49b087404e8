/* Who lives in the synthetic province: units with their bitemporal registry versions, their accounts at the sources, and
 * the pools from which events draw a merchant. Everything here is decided once, at creation, from the seed. */
#ifndef NHIP_PROVINCE_UNITS_H
#define NHIP_PROVINCE_UNITS_H

#include "ingest/province_calendar.h"
#include "ingest/province_random.h"
#include "ingest/province_text.h"

enum {
    PROVINCE_DISTRICTS = 27,
    PROVINCE_VERSIONS_MAX = 3,
    PROVINCE_ACCOUNTS_MAX = 8, /* of one unit */
    PROVINCE_NOBODY = -1,      /* an account that no unit owns */
    PROVINCE_FOREVER = INT32_MAX,
    PROVINCE_DATE_ABSENT = INT32_MIN,
    PROVINCE_DATE_EMPTY = INT32_MIN + 1,
};

/* A yes/no cell of the registry: no such column, an empty cell, no, yes. */
enum province_cell { CELL_ABSENT = 0, CELL_EMPTY, CELL_NO, CELL_YES };
enum province_status { STATUS_NONE = 0, STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_CLOSED, STATUS_UNKNOWN };
enum province_legal { LEGAL_NONE = 0, LEGAL_ENTERPRISE, LEGAL_BRANCH, LEGAL_COOPERATIVE, LEGAL_HOUSEHOLD, LEGAL_PUBLIC };
/* In the order of the `unit_type` axis of indicators.json. */
enum province_type {
    TYPE_NONE = 0, TYPE_GENERIC, TYPE_SUPERMARKET, TYPE_MALL, TYPE_HYPERMARKET, TYPE_CONVENIENCE, TYPE_MODERN_OTHER,
    TYPE_UTILITY, TYPE_MARKET, TYPE_OTHER, TYPE_COUNT
};
/* The populations a version is meant to belong to. */
enum {
    POPULATION_ENT = 1, POPULATION_MDT = 2, POPULATION_UTL = 4, POPULATION_TSB = 8,
    POPULATION_HW = 16, POPULATION_SW = 32, POPULATION_SV = 64
};
enum province_group {
    GROUP_NONE = 0, GROUP_ENTERPRISE, GROUP_IT, GROUP_UTILITY, GROUP_MODERN, GROUP_SERVICE, GROUP_SHOP, GROUP_CONVENIENCE,
    GROUP_PUBLIC, GROUP_DEAD
};

enum province_source {
    SOURCE_NONE = 0,
    SOURCE_NAPASGW,
    SOURCE_MOMOPAY,
    SOURCE_ACQCARD,
    SOURCE_BANKNET,
    SOURCE_BILLHUB,
    SOURCE_TILLNET,
    SOURCE_RIDEPAY,
    SOURCE_APPBILL,
    SOURCE_LAZADA,
    SOURCE_SHOPEE,
    SOURCE_TIKI,
    SOURCE_SENDO,
    SOURCE_TIKTOK,
    SOURCE_VOSO,
    SOURCE_WEBSHOP,
    SOURCE_SOCIALHUB,
    SOURCE_OTAHUB,
    SOURCE_MAILERP,
    SOURCE_RIDEHUB,
    SOURCE_CRAWLER,
    SOURCE_COUNT
};
/* When a payment of the source counts, as sources.json declares it. */
enum province_policy { POLICY_FIRST = 0, POLICY_CAPTURED, POLICY_SETTLED, POLICY_COUNT };
enum { STYLE_RFC = 1, STYLE_EXTRA = 2, STYLE_ESCAPE = 4 }; /* how a source writes its JSON */

struct province_source_trait {
    const char *name;
    enum province_policy policy;
    bool records_cash;
    unsigned style;
};
extern const struct province_source_trait province_sources[SOURCE_COUNT];

struct province_version {
    int32_t valid_from;
    int32_t valid_to; /* exclusive, PROVINCE_FOREVER = open */
    int64_t recorded_ms;
    enum province_status status;
    enum province_legal legal;
    enum province_type type;
    const char *vsic;
    uint32_t district;   /* 0 .. 26 */
    unsigned population; /* POPULATION_* */
    int32_t employees;   /* -1 empty, -2 absent */
    enum province_cell has_email, accepts_epay, bills_households, management;
    int32_t email_asof, website_updated; /* day, PROVINCE_DATE_ABSENT or _EMPTY */
    bool website;
    unsigned marketplaces; /* declared: bits of `enum province_source` from SOURCE_LAZADA */
    unsigned channels;     /* declared: bits of `enum channel` */
};

struct province_unit {
    enum province_group group;
    uint32_t version_count;
    struct province_version versions[PROVINCE_VERSIONS_MAX]; /* in log order */
    uint32_t account_count;
    uint32_t accounts[PROVINCE_ACCOUNTS_MAX];
    int32_t false_claim; /* account of somebody else that this unit claims in vain, or PROVINCE_NOBODY */
    int32_t end_day;     /* from here on it does little business, or PROVINCE_FOREVER */
    bool sells, buys, takes_cards, takes_bills, has_channel; /* meant to be observed adopting */
};

struct province_account {
    char id[24];
    enum province_source source;
    bool listed;   /* in `accounts` of its owner; otherwise the id is the unit's own, or nobody's */
    bool terminal; /* payments name it by terminal_id */
    bool foreign;  /* the merchant's country is not the province's */
    int32_t before, after; /* owning unit before and from `switch_day` on; PROVINCE_NOBODY */
    int32_t switch_day;
};

enum province_pool {
    POOL_LAZADA = 0, POOL_SHOPEE, POOL_TIKI, POOL_SENDO, POOL_TIKTOK, POOL_VOSO, /* sellers, by marketplace */
    POOL_WEB, POOL_SOCIAL, POOL_OTA, POOL_MAIL, POOL_BUYER, POOL_MAIL_BUYER,
    POOL_POS,     /* take cards at the counter */
    POOL_TILL,    /* cash and declined cards only */
    POOL_BILL,    /* households pay electronically */
    POOL_COUNTER, /* households pay cash, businesses electronically */
    POOL_ONLINE, POOL_RIDE, POOL_FARE, POOL_DIGITAL, POOL_AD, POOL_CRAWL, POOL_COUNT
};

struct province_members { /* one pool: accounts by falling popularity, about 1/rank */
    uint32_t *accounts;
    uint64_t *cumulative;
    uint32_t count, capacity;
};

enum province_promise_kind { PROMISE_NONE = 0, PROMISE_SELL, PROMISE_BUY, PROMISE_CARD, PROMISE_BILL, PROMISE_CHANNEL };
struct province_promise { /* one event that must come, so that a unit meant to adopt is seen to */
    enum province_promise_kind kind;
    uint32_t account;
};

struct province_units {
    struct province_unit *units;
    uint32_t unit_count, unit_capacity;
    struct province_account *accounts;
    uint32_t account_count, account_capacity;
    struct province_members pools[POOL_COUNT];
    struct province_promise *promises;
    uint32_t promise_count;
    uint32_t *order; /* registry messages: unit * PROVINCE_VERSIONS_MAX + version, by recorded_ms */
    uint32_t order_count;
    int32_t last_day;           /* the reference day that the shares are calibrated for */
    int32_t window_first;       /* first day of its 90 */
    int32_t first_day, end_day; /* the stream, end exclusive */
};

/* Aborts when memory is short (a few MiB; start-up of a tool). */
void province_units_create(struct province_units *units, const struct province_calendar *calendar,
                           struct province_random *random);
void province_units_destroy(struct province_units *units);

/* The version that holds on a day, or null. The unit that owns an account on a day, or PROVINCE_NOBODY. */
const struct province_version *province_version_on(const struct province_unit *unit, int32_t day);
int32_t province_owner_on(const struct province_units *units, uint32_t account, int32_t day);

/* An account of the pool, popular ones more often. */
uint32_t province_pool_pick(const struct province_members *pool, struct province_random *random);

/* The registry message of `order[index]`; `id` of a unit as text. */
void province_registry_text(const struct province_units *units, uint32_t index, struct province_text *text);
void province_unit_id(uint32_t unit, char out[static 24]);

/* Steps of the creation, in this order; each in its own file. */
void province_people_make(struct province_units *units, struct province_random *random);   /* province_units.c */
void province_quotas_set(struct province_units *units, struct province_random *random);    /* province_quotas.c */
void province_accounts_make(struct province_units *units, struct province_random *random); /* province_accounts.c */
void province_history_make(struct province_units *units, struct province_random *random);  /* province_history.c */

#endif
