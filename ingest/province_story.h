/* The inside of the synthetic province: stories (one payment, order, ride or website observation and its life), the
 * queue of what is due, and the province itself. Private to ingest/province*.c. */
#ifndef NHIP_PROVINCE_STORY_H
#define NHIP_PROVINCE_STORY_H

#include "codes.h"
#include "ingest/province.h"
#include "ingest/province_calendar.h"
#include "ingest/province_random.h"
#include "ingest/province_text.h"
#include "ingest/province_units.h"

enum { PROVINCE_PERSONS = 150000, PROVINCE_DRIVERS = 60 /* of an operator */, PROVINCE_STEPS_MAX = 8 };
#define PROVINCE_NEVER INT64_MIN

/* How long until the next step of a plan. BACK: at once, with an event time before the step that went ahead. */
enum province_delay { DELAY_NONE = 0, DELAY_SECONDS, DELAY_MINUTES, DELAY_HOURS, DELAY_DAY, DELAY_DAYS, DELAY_WEEK, DELAY_BACK };

struct province_step {
    uint8_t code; /* enum pay_status or enum event_kind; 0 ends the plan */
    uint8_t delay;
};

struct province_plan {
    struct province_step steps[PROVINCE_STEPS_MAX];
    uint16_t weights[4]; /* by policy of the source (payments) or by kind of order */
    bool dirty;          /* not in clean streams */
    bool orphan;         /* its beginning was before the stream: never sent */
    bool twisted;        /* its last step is impossible */
};

enum province_currency { CURRENCY_VND = 0, CURRENCY_USD, CURRENCY_EUR, CURRENCY_JPY, CURRENCY_KWD, CURRENCY_COUNT };

struct province_story {
    enum family family;
    const struct province_plan *plan;
    uint32_t step; /* of the plan: what is sent next, or was sent last in copies */
    uint64_t number;
    int64_t amount_minor;
    int64_t event_ms; /* of the latest step */
    int64_t created_ms, shipped_ms, delivered_ms; /* PROVINCE_NEVER when not yet; created_ms of a payment: its first success */
    uint32_t account;
    uint64_t intent; /* payment: number of its intent; 0: its source names none */
    uint32_t driver; /* ride: number of the driver, of the operator's; 0: not named */
    uint32_t buyer; /* household: number of the person; business: account; otherwise any number */
    enum outlet outlet;
    enum party party;
    enum instrument instrument;
    enum context context;
    enum pay_mode pay_mode;
    enum category category;
    enum person_type person_type;
    enum reason_class reason_class;
    enum province_currency currency;
    bool converted;   /* foreign currency with fx_amount_minor */
    bool nameless;    /* order without buyer_id */
    bool stranger;    /* business buyer of no unit: `buyer` is a number */
    bool abroad;      /* the buyer's or payer's country is not VN */
    bool countries;   /* countries are sent */
    bool same_owner;
    bool succeeded;   /* payment: a state of its source's set has been sent */
    bool dated;       /* follow-ups carry the dates they are booked to */
    bool promised;    /* never delayed */
    bool held;        /* a copy that arrives late: its times stand */
    bool copy;        /* a redelivery ... */
    bool conflicting; /* ... with another amount */
};

/* What waits for its slot, the earliest first; equal slots in order of arrival. */
struct province_queue {
    struct province_due {
        uint64_t slot;
        uint64_t sequence;
        uint32_t story;
    } *heap;
    size_t count, capacity;
    uint64_t sequence;
    struct province_story *stories;
    uint32_t *idle;
    uint32_t story_count, story_capacity, idle_count;
};

void province_queue_put(struct province_queue *queue, uint64_t slot, const struct province_story *story);
bool province_queue_take(struct province_queue *queue, uint64_t slot, struct province_story *story); /* due at or before `slot` */
void province_queue_destroy(struct province_queue *queue);

struct province_truth;

struct province {
    struct province_options options;
    struct province_random random;
    struct province_calendar calendar;
    struct province_units units;
    struct province_queue queue;
    struct province_truth *truth;
    uint32_t registry_next;
    uint32_t promise_next;
    uint64_t promise_first, promise_end; /* slots over which promises are spread */
    uint64_t slot;
    int64_t now_ms; /* record time of the slot */
    uint64_t story_number;
    uint64_t declined[SOURCE_COUNT]; /* intent of the latest attempt that was declined, to be tried again; 0: none */
    uint64_t broken_number;
    uint32_t last_registry_unit;
    int64_t dated_after_ms; /* follow-ups further from their beginning carry its date */
    struct province_text text;
    char key[32];
};

/* New stories. The promise is the account and kind that must be seen; null for a story of chance. */
void province_payment_new(struct province *province, const struct province_promise *promise, struct province_story *story);
void province_order_new(struct province *province, const struct province_promise *promise, struct province_story *story);
void province_ride_new(struct province *province, const struct province_promise *promise, struct province_story *story);
void province_website_new(struct province *province, struct province_story *story);

/* A story's current step as text, and what it means for the truth. */
void province_payment_text(struct province *province, const struct province_story *story);
void province_payment_book(struct province *province, struct province_story *story);
void province_order_text(struct province *province, const struct province_story *story);
void province_order_book(struct province *province, struct province_story *story);
void province_ride_text(struct province *province, const struct province_story *story);
void province_ride_book(struct province *province, struct province_story *story);
void province_website_text(struct province *province, const struct province_story *story);
void province_website_book(struct province *province, struct province_story *story);

/* Shared by the families. */
void province_story_begin(struct province *province, struct province_story *story, enum family family);
const struct province_plan *province_plan_pick(struct province *province, const struct province_plan *plans, size_t count,
                                               int kind);
uint32_t province_account_pick(struct province *province, enum province_pool pool); /* avoids units that have ended, mostly */
int64_t province_amount(struct province *province, int32_t low, int32_t high);      /* thousands of dong, with a long tail */
void province_foreign_set(struct province *province, struct province_story *story); /* currency and how it converts */
int64_t province_reported(const struct province_story *story, int64_t amount_minor); /* in VND, 0 when unconverted */
int64_t province_sent_amount(const struct province_story *story);                    /* minor units of the current step */
void province_head_text(struct province *province, const struct province_story *story, const char *type, char letter);
void province_time_text(struct province *province, const struct province_story *story, const char *name, int64_t time_ms);
void province_money_text(struct province *province, const struct province_story *story, const char *name);
void province_tail_text(struct province *province, const struct province_story *story);
void province_person_text(struct province_text *text, const char *name, uint32_t person);

/* A record that must not be applied, or a tombstone: `topic` and `timestamp` are set, its text is in province->text.
 * False for a tombstone. The truth has counted it. */
bool province_broken_text(struct province *province, const char **topic);
/* The same for the registry; false when it is not its turn. */
bool province_broken_registry(struct province *province, int64_t *timestamp_ms);

#endif
