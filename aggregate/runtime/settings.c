/* Every setting, once. Order is the order of the documentation. A setting of scope STATE cannot be changed under a
 * stored state: the hash of all of them is kept in meta, and a worker refuses to go on under another one (remedy: a
 * new namespace, backfilled). */
#include "aggregate/runtime/settings.h"

#include <stddef.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60000, DAY_MS = 86400000 };

#define AT(member) offsetof(struct settings, member)

const struct setting settings_table[] = {
    {"topics", SETTING_TEXT, SCOPE_OPERATION, "registry,payments,orders,rides,websites", 0, 0, AT(topics),
     "Kafka topics to read, separated by commas."},
    {"workers", SETTING_COUNT, SCOPE_OPERATION, "1", 1, 64, AT(workers),
     "Worker threads; each is a member of the consumer group of its own."},
    {"namespace", SETTING_TEXT, SCOPE_OPERATION, "nhip", 0, 0, AT(namespace_name),
     "First part of every key in Redis: one namespace holds one state."},
    {"redis.address", SETTING_TEXT, SCOPE_OPERATION, "127.0.0.1:6379", 0, 0, AT(redis_address),
     "host:port of Redis, or the path of its unix socket."},
    {"redis.user", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_user), "ACL user; empty: the default user."},
    {"redis.password", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_password), "Password; better: redis.password.file."},
    {"redis.password.file", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_password_file),
     "File whose first line is the password."},
    {"redis.timeout", SETTING_DURATION, SCOPE_OPERATION, "5s", 10, 10 * MINUTE_MS, AT(redis_timeout_ms),
     "Longest wait for one answer of Redis."},
    {"commit.interval", SETTING_DURATION, SCOPE_OPERATION, "1s", 1, 10 * MINUTE_MS, AT(commit_interval_ms),
     "Each partition commits this often while it has news."},
    {"commit.cells", SETTING_COUNT, SCOPE_OPERATION, "50000", 1, 10000000, AT(commit_cells),
     "...or as soon as this many cells have changed."},
    {"cells.max", SETTING_COUNT, SCOPE_OPERATION, "2000000", 1000, 100000000, AT(cells_max),
     "Cells a partition keeps in memory; beyond it clean ones are read again from Redis when needed."},
    {"rate.limit", SETTING_COUNT, SCOPE_OPERATION, "0", 0, INT64_MAX, AT(rate_limit),
     "Events per second and worker; 0: no limit."},
    {"rolling.idle", SETTING_DURATION, SCOPE_OPERATION, "5m", SECOND_MS, (int64_t)30 * DAY_MS, AT(rolling_idle_ms),
     "A partition at the end of its log and this far behind the others does not hold the windows back."},
    {"deadletter.file", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(deadletter_file), "NDJSON file for refused records."},
    {"deadletter.topic", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(deadletter_topic),
     "Kafka topic for refused records (instead of the file)."},
    {"tee.directory", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(tee_directory),
     "Copies what is read as NDJSON, a file per partition."},
    {"status.file", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(status_file),
     "Memory-mapped counters of the running process, readable with cat."},
    {"log.level", SETTING_TEXT, SCOPE_OPERATION, "info", 0, 0, AT(log_level), "debug, info, warn or error."},

    {"reporting.timezone", SETTING_TEXT, SCOPE_STATE, "Asia/Ho_Chi_Minh", 0, 0, AT(reporting_timezone),
     "IANA zone whose calendar cuts the days."},
    {"reporting.currency", SETTING_TEXT, SCOPE_STATE, "VND", 0, 0, AT(reporting_currency), "ISO 4217 code of all sums."},
    {"reporting.country", SETTING_TEXT, SCOPE_STATE, "VN", 0, 0, AT(reporting_country), "Home country of cross-border flows."},
    {"oldest_date", SETTING_DATE, SCOPE_STATE, "2015-01-01", 0, 0, AT(oldest_day), "Events before it are refused as too old."},
    {"retention.days", SETTING_COUNT, SCOPE_STATE, "400", 63, 36500, AT(retention_days), "Days the ledger is kept."},
    {"window.records", SETTING_COUNT, SCOPE_STATE, "524288", 16, 16777216, AT(window_records),
     "Records of its log that a partition remembers for duplicates and life cycles."},
    {"window.max_age", SETTING_DURATION, SCOPE_STATE, "14d", MINUTE_MS, (int64_t)400 * DAY_MS, AT(window_max_age_ms),
     "...unless they are older than this, by record time."},
    {"watermark.bound", SETTING_DURATION, SCOPE_STATE, "5m", 0, (int64_t)30 * DAY_MS, AT(watermark_bound_ms),
     "How far the watermark stays behind the greatest event time."},
    {"sources.file", SETTING_TEXT, SCOPE_STATE, "", 0, 0, AT(sources_file),
     "JSON: what each source declares (success_at, records_cash); schemas/sources.schema.json."},
    {"secret.key.file", SETTING_TEXT, SCOPE_STATE, "", 0, 0, AT(secret_key_file),
     "File with 16 to 256 bytes that key the fingerprints of ids; empty: a well-known development key."},

    {"reporting.area", SETTING_TEXT, SCOPE_PRESENTATION, "VN_38", 0, 0, AT(reporting_area),
     "Code of the province in published tables."},
    {"snapshot.directory", SETTING_TEXT, SCOPE_OPERATION, "snapshots", 0, 0, AT(snapshot_directory),
     "Where vintages are collected."},
    {"snapshot.definitions", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(snapshot_definitions),
     "indicators.json; empty: schemas/indicators.json here, else the installed one."},
};

const size_t settings_count = sizeof(settings_table) / sizeof(settings_table[0]);

void setting_accepts(const struct setting *setting, char *out, size_t out_bytes) {
    switch (setting->type) {
    case SETTING_TEXT:
        (void)snprintf(out, out_bytes, "a text");
        return;
    case SETTING_COUNT:
        (void)snprintf(out, out_bytes, "an integer from %lld to %lld", (long long)setting->min, (long long)setting->max);
        return;
    case SETTING_DURATION:
        (void)snprintf(out, out_bytes, "a duration such as 500ms, 5s, 10m, 2h or 14d, from %lldms to %lldms",
                       (long long)setting->min, (long long)setting->max);
        return;
    case SETTING_DATE:
        (void)snprintf(out, out_bytes, "a date YYYY-MM-DD");
        return;
    }
}
