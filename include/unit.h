/* One registry record (`unit.registered`), read from its JSON text: what a snapshot joins to the ledger.
 *
 * Rules of the fields: schemas/README.md §3. Absent and empty are different (indicators.md §2), so yes/no columns
 * have four values and dates two kinds of nothing. Strings are owned by the record. */
#ifndef NHIP_UNIT_H
#define NHIP_UNIT_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

enum unit_status { UNIT_STATUS_NONE = 0, UNIT_ACTIVE, UNIT_SUSPENDED, UNIT_CLOSED, UNIT_UNKNOWN };
enum yes_no { YES_NO_ABSENT = 0, YES_NO_EMPTY, YES_NO_NO, YES_NO_YES };

enum { DAY_ABSENT = INT32_MIN, DAY_EMPTY = INT32_MIN + 1, EMPLOYEES_UNKNOWN = -1 };

struct unit_account {
    const char *source;
    const char *account_id;
    int32_t valid_from; /* local day, DAY_ABSENT = since ever */
    int32_t valid_to;   /* exclusive, DAY_ABSENT = open */
};

struct unit_record {
    const char *unit_id; /* merchant_id */
    const char *event_id;
    const char *source;
    const char *enterprise; /* parent_enterprise_id: the unit that it is an establishment of; null: none known */
    const char *group;      /* enterprise_group_id; null: none known */
    int64_t recorded_at_ms;
    int32_t valid_from; /* days are calendar days; no zone is involved */
    int32_t valid_to;   /* exclusive; DAY_ABSENT = open */
    enum unit_status status;
    const char *legal_form; /* wire names: ENTERPRISE, ... */
    const char *unit_type;  /* GENERIC, SUPERMARKET, ... */
    const char *vsic;       /* digits only, section letter dropped */
    int32_t vsic_version;
    int32_t district; /* 380 .. 407 */
    int32_t employees; /* EMPLOYEES_UNKNOWN when absent or empty */
    enum yes_no has_email;
    enum yes_no accepts_epay;
    enum yes_no bills_households;
    enum yes_no mgmt_software; /* yes: "Y" or a non-empty list */
    int32_t has_email_asof;     /* DAY_ABSENT, DAY_EMPTY or a day; so for the next */
    int32_t website_updated_at;
    enum yes_no website_url;    /* lists and texts: ABSENT, EMPTY, or YES when something is in it; so for the next two */
    enum yes_no mktpl_accounts;
    enum yes_no echannels;
    const struct unit_account *accounts;
    size_t account_count;
};

/* The first rule a document breaks. `field` is static storage. */
struct unit_refusal {
    const char *field;
    char message[160];
};

/* Reads a whole `unit.registered` document that is already known to be well-formed JSON. Null and `refusal` when a
 * registry rule is broken. The record is one allocation, to be given to unit_destroy(). Any thread. */
struct unit_record *unit_parse(struct slice document, struct unit_refusal *refusal);
void unit_destroy(struct unit_record *record);

/* True for a district code of schemas/codes/districts.csv (the 27 of 2021). Static table. */
bool unit_district_known(int32_t district);

#endif
