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
     "host:port of Redis, or the path of its unix socket; several, separated by commas, are tried in turn."},
    {"redis.user", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_user), "ACL user; empty: the default user."},
    {"redis.password", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_password), "Password; better: redis.password.file."},
    {"redis.password.file", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_password_file),
     "File whose first line is the password."},
    {"redis.timeout", SETTING_DURATION, SCOPE_OPERATION, "5s", 10, 10 * MINUTE_MS, AT(redis_timeout_ms),
     "Longest wait for one answer of Redis."},
    {"redis.tls", SETTING_SWITCH, SCOPE_OPERATION, "off", 0, 0, AT(redis_tls), "TLS to Redis; the port is its tls-port."},
    {"redis.tls.ca", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_tls_ca),
     "PEM file of the authorities that may have signed Redis' certificate; empty: those of the system."},
    {"redis.tls.cert", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_tls_cert),
     "PEM file with our certificate, for a Redis that asks for one (tls-auth-clients)."},
    {"redis.tls.key", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_tls_key), "PEM file with the private key to it."},
    {"redis.tls.server_name", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(redis_tls_server_name),
     "Name that Redis' certificate must bear; empty: the host of the address."},
    {"redis.tls.verify", SETTING_SWITCH, SCOPE_OPERATION, "on", 0, 0, AT(redis_tls_verify),
     "off believes whoever answers: for tests only."},
    {"durability", SETTING_DURABILITY, SCOPE_OPERATION, "async", 0, 0, AT(durability),
     "A commit counts when the primary has it (async), or durability.replicas replicas too (replica)."},
    {"durability.replicas", SETTING_COUNT, SCOPE_OPERATION, "1", 1, 16, AT(durability_replicas),
     "Replicas that must have a commit, under durability = replica."},
    {"durability.timeout", SETTING_DURATION, SCOPE_OPERATION, "1s", 1, MINUTE_MS, AT(durability_timeout_ms),
     "How long a commit waits for them; then counting goes on, and a later commit confirms both."},
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
    {"stream.topic", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(stream_topic),
     "Compacted Kafka topic for closed minutes and published observations, as upserts; schemas/stream.md."},
    {"stream.interval", SETTING_DURATION, SCOPE_OPERATION, "5s", 50, 10 * MINUTE_MS, AT(stream_interval_ms),
     "How often what has changed goes there."},
    {"tee.directory", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(tee_directory),
     "Copies what is read as NDJSON, a file per partition."},
    {"archive.directory", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(archive_directory),
     "Where nhip archive keeps what was consumed; schemas/archive.md."},
    {"status.file", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(status_file),
     "Memory-mapped counters of the running process, readable with cat."},
    {"http.listen", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(http_listen),
     "ADDRESS:PORT of page, API and metrics (ops/http.md), such as 127.0.0.1:9478; port 0: any; empty: none."},
    {"log.level", SETTING_TEXT, SCOPE_OPERATION, "info", 0, 0, AT(log_level), "debug, info, warn or error."},
    {"log.format", SETTING_TEXT, SCOPE_OPERATION, "logfmt", 0, 0, AT(log_format),
     "logfmt (key=value) or json (an object a line), on standard error."},
    {"log.burst", SETTING_COUNT, SCOPE_OPERATION, "500", 0, 1000000, AT(log_burst),
     "Lines of one event in ten seconds; more are counted, and the count is said. 0: no limit."},

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
    {"amount.max", SETTING_TEXT, SCOPE_STATE, "", 0, 0, AT(amount_max),
     "Refuses larger amounts; minor units, by currency: USD=100000000,VND=50000000000."},
    {"sources.file", SETTING_TEXT, SCOPE_STATE, "", 0, 0, AT(sources_file),
     "JSON: what each source declares (success_at, records_cash); schemas/sources.schema.json."},
    {"mappings", SETTING_TEXT, SCOPE_STATE, "", 0, 0, AT(mappings),
     "Mapping files, separated by commas, for topics in other shapes; schemas/mapping.md."},
    {"exclusions.file", SETTING_TEXT, SCOPE_STATE, "", 0, 0, AT(exclusions_file),
     "CSV: deliveries that are withdrawn, by offsets and source, with the reason; schemas/exclusions.md."},
    {"sketches.accounts", SETTING_SWITCH, SCOPE_STATE, "off", 0, 0, AT(sketches_accounts),
     "on: persons also by account and month, for BUYERS_ACT_N by district; schemas/indicators.md."},
    {"secret.key.file", SETTING_TEXT, SCOPE_STATE, "", 0, 0, AT(secret_key_file),
     "File with 16 to 256 bytes that key the fingerprints of ids; empty: a well-known development key."},

    {"reporting.area", SETTING_TEXT, SCOPE_PRESENTATION, "VN_38", 0, 0, AT(reporting_area),
     "Code of the province in published tables."},
    {"disclosure.merchants", SETTING_COUNT, SCOPE_PRESENTATION, "5", 1, 1000, AT(disclosure_min_merchants),
     "A figure of fewer merchants (by enterprise group) is suppressed; schemas/disclosure.md."},
    {"disclosure.platforms", SETTING_COUNT, SCOPE_PRESENTATION, "3", 1, 100, AT(disclosure_min_platforms),
     "...or fewer marketplaces, wallets or other payment providers; 1 publishes the figures of single platforms."},
    {"disclosure.payers", SETTING_COUNT, SCOPE_PRESENTATION, "10", 1, 10000, AT(disclosure_min_payers), "...or fewer payers."},
    {"disclosure.dominance", SETTING_DOMINANCE, SCOPE_PRESENTATION, "p", 0, 2, AT(disclosure_dominance),
     "Against figures that one or two contributors make up: p (p% rule), nk (75 %, 85 %) or off."},
    {"disclosure.p", SETTING_COUNT, SCOPE_PRESENTATION, "10", 1, 100, AT(disclosure_p_percent),
     "How closely, in per cent, no contributor may be able to estimate another."},
    {"disclosure.near_ends", SETTING_SWITCH, SCOPE_PRESENTATION, "on", 0, 0, AT(disclosure_near_ends),
     "Suppresses shares of fewer than 20 with 1 or 2 on one side."},
    {"disclosure.windows", SETTING_SWITCH, SCOPE_PRESENTATION, "on", 0, 0, AT(disclosure_windows),
     "Suppresses shares of fewer than 20 that 1 or 2 have joined or left since the window of the period before."},
    {"disclosure.zeros", SETTING_SWITCH, SCOPE_PRESENTATION, "on", 0, 0, AT(disclosure_zeros),
     "Publishes figures to which nobody contributes as 0; off suppresses them."},
    {"snapshot.growth", SETTING_SWITCH, SCOPE_PRESENTATION, "off", 0, 0, AT(snapshot_growth),
     "on: also growth of flows on the period before and on a year ago (G1, GY, GYT); schemas/indicators.md."},
    {"snapshot.base", SETTING_TEXT, SCOPE_PRESENTATION, "", 0, 0, AT(snapshot_base),
     "The period of which flows are an index (IX, IXM) with snapshot.growth = on, such as 2021; empty: no index."},
    {"snapshot.directory", SETTING_TEXT, SCOPE_OPERATION, "snapshots", 0, 0, AT(snapshot_directory),
     "Where vintages are collected."},
    {"snapshot.folds", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(snapshot_folds),
     "Directory for closed days of the ledger (confidential): Redis is not asked for them again. Empty: none."},
    {"snapshot.judgement", SETTING_SWITCH, SCOPE_OPERATION, "off", 0, 0, AT(snapshot_judgement),
     "on: a release whose headlines jump beyond their bounds waits for nhip publish --approve."},
    {"snapshot.definitions", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(snapshot_definitions),
     "indicators.json; empty: schemas/indicators.json here, else the installed one."},
    {"snapshot.sources", SETTING_TEXT, SCOPE_OPERATION, "", 0, 0, AT(snapshot_sources),
     "CSV: which source delivers what, and when; for COVERAGE, and L instead of 0; schemas/coverage.md."},
};

const size_t settings_count = sizeof(settings_table) / sizeof(settings_table[0]);

const char *const *setting_words(enum setting_type type) {
    static const char *const switches[] = {"off", "on", NULL};
    static const char *const durabilities[] = {"async", "replica", NULL};
    static const char *const dominances[] = {"off", "p", "nk", NULL};
    if (type == SETTING_SWITCH) return switches;
    if (type == SETTING_DOMINANCE) return dominances;
    return type == SETTING_DURABILITY ? durabilities : NULL;
}

void setting_accepts(const struct setting *setting, char *out, size_t out_bytes) {
    const char *const *words = setting_words(setting->type);
    switch (setting->type) {
    case SETTING_SWITCH:
    case SETTING_DURABILITY:
        (void)snprintf(out, out_bytes, "%s or %s", words[0], words[1]);
        return;
    case SETTING_DOMINANCE:
        (void)snprintf(out, out_bytes, "%s, %s or %s", words[0], words[1], words[2]);
        return;
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
