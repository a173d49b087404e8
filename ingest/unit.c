/* Registry records: one `unit.registered` document becomes one `struct unit_record` (schemas/README.md §3).
 *
 * The registry is small and precious where events are many and cheap: a few records a second at most, each of
 * which decides for years to which unit, district and industry the figures of a merchant belong. So this reader
 * takes its time: jansson builds a tree, every rule has its own reader (unit_fields.c), and a refusal is a
 * sentence for a person. It is used by the decoders (validation), by the importer of CSV files, and by snapshots,
 * which parse the stored documents again.
 *
 * The record is one allocation: the struct, then its accounts, then the bytes of its strings, so that a snapshot
 * can hold a nation's units without a million small blocks, and unit_destroy() is one free().
 *
 * `website_updated_at` may lie after `recorded_at`: registers carry attributes back into older versions (the
 * golden one does). valid_to before valid_from is not refused: such a version simply holds on no day. */
#include "unit.h"

#include "check.h"
#include "codes.h"
#include "ingest/decode_tame.h"
#include "ingest/unit_fields.h"

#include <jansson.h>

static const char *const statuses[] = {"ACTIVE", "SUSPENDED", "CLOSED", "UNKNOWN", NULL};
static const char *const legal_forms[] = {"ENTERPRISE", "BRANCH", "COOPERATIVE", "HOUSEHOLD_BIZ", "PUBLIC_UNIT", NULL};
static const char *const unit_types[] = {"GENERIC",      "SUPERMARKET", "MALL",   "HYPERMARKET", "CONVENIENCE",
                                         "MODERN_OTHER", "UTILITY",     "MARKET", "OTHER",       NULL};
static const char *const software[] = {"ERP", "ACCOUNTING", "CRM", "SCM", "HRM", "POS_ERP", "PRODUCTION", NULL};
#define X(name) #name,
static const char *const channels[] = {CHANNELS(X) NULL};
#undef X

static bool read_required(const struct unit_reader *reader, struct unit_record *record) {
    size_t status = 0;
    size_t legal_form = 0;
    size_t unit_type = 0;
    bool good = unit_id(reader, "event_id", NEED_REQUIRED, &record->event_id) &&
                unit_id(reader, "source", NEED_REQUIRED, &record->source) &&
                unit_id(reader, "merchant_id", NEED_REQUIRED, &record->unit_id) &&
                unit_time(reader, "recorded_at", &record->recorded_at_ms) &&
                unit_date(reader, "valid_from", NEED_REQUIRED, DAY_ABSENT, &record->valid_from) &&
                unit_code(reader, "status", statuses, &status) && unit_code(reader, "legal_form", legal_forms, &legal_form) &&
                unit_code(reader, "unit_type", unit_types, &unit_type) && unit_vsic(reader, &record->vsic) &&
                unit_vsic_version(reader, &record->vsic_version) && unit_district(reader, &record->district);
    if (!good) return false;
    record->status = (enum unit_status)(status + UNIT_ACTIVE);
    record->legal_form = legal_forms[legal_form];
    record->unit_type = unit_types[unit_type];
    return true;
}

static bool read_optional(const struct unit_reader *reader, struct unit_record *record) {
    return unit_date(reader, "valid_to", NEED_OPTIONAL, DAY_ABSENT, &record->valid_to) &&
           unit_id(reader, "parent_enterprise_id", NEED_OPTIONAL, &record->enterprise) &&
           unit_id(reader, "enterprise_group_id", NEED_OPTIONAL, &record->group) &&
           unit_employees(reader, &record->employees) && unit_yes_no(reader, "has_email", &record->has_email) &&
           unit_yes_no(reader, "accepts_epay", &record->accepts_epay) &&
           unit_yes_no(reader, "bills_households", &record->bills_households) &&
           unit_date(reader, "has_email_asof", NEED_OPTIONAL, DAY_EMPTY, &record->has_email_asof) &&
           unit_list(reader, "mgmt_software", software, true, &record->mgmt_software) &&
           unit_text(reader, "website_url", &record->website_url) &&
           unit_date(reader, "website_updated_at", NEED_OPTIONAL, DAY_EMPTY, &record->website_updated_at) &&
           unit_list(reader, "mktpl_accounts", NULL, false, &record->mktpl_accounts) &&
           unit_list(reader, "echannels", channels, false, &record->echannels);
}

static bool read_account(const struct unit_reader *reader, const json_t *item, struct unit_account *account) {
    const struct unit_reader inner = {item, reader->refusal, "accounts"};
    if (!json_is_object(item)) return unit_refuse(reader, "accounts", "accounts: every item must be an object");
    return unit_id(&inner, "source", NEED_REQUIRED, &account->source) &&
           unit_id(&inner, "account_id", NEED_REQUIRED, &account->account_id) &&
           unit_date(&inner, "valid_from", NEED_OPTIONAL, DAY_ABSENT, &account->valid_from) &&
           unit_date(&inner, "valid_to", NEED_OPTIONAL, DAY_ABSENT, &account->valid_to);
}

/* Copies a string to *room and moves *room on; null stays null. */
static const char *keep(char **room, const char *text) {
    if (text == NULL) return NULL;
    size_t bytes = strlen(text) + 1;
    char *kept = *room;
    memcpy(kept, text, bytes);
    *room += bytes;
    return kept;
}

static size_t text_bytes(const struct unit_record *record, const struct unit_account *accounts, size_t count) {
    size_t bytes = strlen(record->unit_id) + strlen(record->event_id) + strlen(record->source) + strlen(record->vsic) + 4;
    bytes += record->enterprise != NULL ? strlen(record->enterprise) + 1 : 0;
    bytes += record->group != NULL ? strlen(record->group) + 1 : 0;
    for (size_t i = 0; i < count; i++) bytes += strlen(accounts[i].source) + strlen(accounts[i].account_id) + 2;
    return bytes;
}

/* Makes the one block out of what still points into the tree. */
static struct unit_record *record_pack(const struct unit_record *draft, const struct unit_account *accounts, size_t count) {
    size_t accounts_bytes = count * sizeof(*accounts);
    struct unit_record *record = malloc(sizeof(*record) + accounts_bytes + text_bytes(draft, accounts, count));
    CHECK_MEMORY(record != NULL);
    struct unit_account *kept = (struct unit_account *)(void *)(record + 1);
    char *room = (char *)kept + accounts_bytes;
    *record = *draft;
    record->unit_id = keep(&room, draft->unit_id);
    record->event_id = keep(&room, draft->event_id);
    record->source = keep(&room, draft->source);
    record->enterprise = keep(&room, draft->enterprise);
    record->group = keep(&room, draft->group);
    record->vsic = keep(&room, draft->vsic);
    for (size_t i = 0; i < count; i++) {
        kept[i] = accounts[i];
        kept[i].source = keep(&room, accounts[i].source);
        kept[i].account_id = keep(&room, accounts[i].account_id);
    }
    record->accounts = kept;
    record->account_count = count;
    return record;
}

/* `root` is the document's tree. */
static struct unit_record *record_read(const json_t *root, struct unit_refusal *refusal) {
    const struct unit_reader reader = {root, refusal, NULL};
    struct unit_record draft = {0};
    struct unit_record *record = NULL;
    struct unit_account *accounts = NULL;
    const json_t *list = json_object_get(root, "accounts");
    size_t count = json_array_size(list);
    if (!read_required(&reader, &draft) || !read_optional(&reader, &draft)) goto out;
    if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
        (void)unit_refuse(&reader, "accounts", "accounts must be a list of {source, account_id, valid_from, valid_to}");
        goto out;
    }
    accounts = calloc(count + 1, sizeof(*accounts));
    CHECK_MEMORY(accounts != NULL);
    for (size_t i = 0; i < count; i++) {
        if (!read_account(&reader, json_array_get(list, i), &accounts[i])) goto out;
    }
    record = record_pack(&draft, accounts, count);
out:
    free(accounts);
    return record;
}

struct unit_record *unit_parse(struct slice document, struct unit_refusal *refusal) {
    const struct unit_reader nowhere = {NULL, refusal, NULL};
    struct unit_record *record = NULL;
    json_error_t error;
    char *tame = json_tame(document);
    json_t *root = json_loadb(tame, document.length, 0, &error);
    if (!json_is_object(root)) {
        (void)unit_refuse(&nowhere, "", "the document is not a JSON object");
    } else {
        record = record_read(root, refusal);
    }
    json_decref(root);
    free(tame);
    return record;
}

void unit_destroy(struct unit_record *record) {
    free(record);
}
