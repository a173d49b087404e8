/* Settings: `key = value` lines in librdkafka's dialect, environment (`NHIP_REDIS_ADDRESS`), `--set key=value`; the
 * later wins.
 *
 * One table (settings.c) makes the parser, `--help`, `nhip config` and ops/config.md. `kafka.*` passes through to
 * librdkafka. Settings that change what the state means are hashed together (config_state_hash); the others are
 * hashed apart. Built before threads start, immutable afterwards. */
#ifndef NHIP_CONFIG_H
#define NHIP_CONFIG_H

#include "fault.h"
#include "ingest/source_kafka.h"
#include "slice.h"

#include <stdint.h>
#include <stdio.h>

/* Effective values. Texts are owned by the config; durations in ms, dates as day numbers. */
struct settings {
    const char *topics; /* comma separated */
    const char *namespace_name;
    const char *redis_address;
    const char *redis_user;
    const char *redis_password;
    const char *redis_password_file;
    const char *redis_tls_ca;
    const char *redis_tls_cert;
    const char *redis_tls_key;
    const char *redis_tls_server_name;
    const char *deadletter_file;
    const char *deadletter_topic;
    const char *stream_topic;
    const char *tee_directory;
    const char *archive_directory;
    const char *status_file;
    const char *http_listen;
    const char *log_level;
    const char *log_format;
    const char *reporting_timezone;
    const char *reporting_currency;
    const char *reporting_country;
    const char *reporting_area;
    const char *amount_max;
    const char *sources_file;
    const char *mappings; /* comma separated */
    const char *exclusions_file;
    const char *secret_key_file;
    const char *snapshot_directory;
    const char *snapshot_definitions;
    const char *snapshot_base;
    const char *snapshot_sources;
    int64_t disclosure_min_merchants;
    int64_t disclosure_min_platforms;
    int64_t disclosure_min_payers;
    int64_t disclosure_dominance; /* 0 off, 1 p, 2 nk */
    int64_t disclosure_p_percent;
    int64_t disclosure_near_ends; /* switches: 0 off, 1 on */
    int64_t disclosure_windows;
    int64_t disclosure_zeros;
    const char *snapshot_folds;
    int64_t snapshot_judgement; /* 0 or 1 */
    int64_t snapshot_growth;    /* 0 or 1 */
    int64_t log_burst;
    int64_t redis_timeout_ms;
    int64_t redis_tls;        /* 0 or 1 */
    int64_t redis_tls_verify; /* 0 or 1 */
    int64_t durability;       /* 0 async, 1 replica */
    int64_t durability_replicas;
    int64_t durability_timeout_ms;
    int64_t workers;
    int64_t commit_interval_ms;
    int64_t commit_cells;
    int64_t cells_max;
    int64_t rate_limit;
    int64_t rolling_idle_ms;
    int64_t stream_interval_ms;
    int64_t window_records;
    int64_t window_max_age_ms;
    int64_t watermark_bound_ms;
    int64_t retention_days;
    int64_t sketches_accounts;
    int64_t oldest_day;
};

struct config;

struct config *config_create(void); /* defaults; exits the process's way through abort only when memory is out */
void config_destroy(struct config *config);

/* Each returns false and FAULT_CONFIG with file, line, key, what was found and what is accepted. */
bool config_load(struct config *config, const char *path, struct fault *fault);
bool config_environment(struct config *config, struct fault *fault);
bool config_set(struct config *config, const char *assignment, struct fault *fault); /* "key=value", from --set */
bool config_put(struct config *config, const char *key, const char *value, struct fault *fault); /* the same, in two parts */
bool config_set_namespace(struct config *config, const char *name, struct fault *fault); /* from --namespace */
/* After the last set: reads the secret files. Must be called once before the getters below. */
bool config_finish(struct config *config, struct fault *fault);

const struct settings *config_settings(const struct config *config);
const struct kafka_property *config_kafka(const struct config *config, size_t *count);
struct slice config_secret_key(const struct config *config);   /* 16..256 bytes */
/* "250ms", "1s", "5m", "24h", "7d" -> milliseconds; false for anything else. Pure. */
bool config_duration(const char *text, int64_t *ms);
bool config_secret_is_default(const struct config *config);    /* the well-known development key: fine for demos only */
const char *config_redis_password(const struct config *config); /* null: none */

/* What the files that settings name say, as hashes; "" where there is nothing (never for sources). */
struct config_files {
    const char *sources;
    const char *mappings;
    const char *exclusions;
};

/* Hex SHA-256 of everything that changes the state's meaning and of what only changes its presentation. */
const char *config_state_hash(struct config *config, const struct config_files *files);
const char *config_presentation_hash(struct config *config);
/* The text that config_state_hash() hashes: `key=value` lines, secrets and files as their hashes. Returns its length. */
enum { CONFIG_STATE_TEXT_BYTES = 16384 };
size_t config_state_text(struct config *config, const struct config_files *files, char *out, size_t out_bytes);
/* Whether somebody said so (file, environment, --set), or it is the default. False for a key that is not a setting. */
bool config_is_set(const struct config *config, const char *key);

/* The table for people: name, default, meaning; and the effective values with where each came from. */
void config_print_help(FILE *out);
void config_print_markdown(FILE *out);
void config_print_manual(FILE *out); /* nhip.conf(5) */
void config_print_effective(const struct config *config, FILE *out);
void config_print_example(FILE *out);

#endif
