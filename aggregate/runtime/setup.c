/* Assembles the parts of a process from its settings: see setup.h. Nothing but setup_follow() talks to Kafka or Redis. */
#include "aggregate/runtime/setup.h"

#include "aggregate/runtime/version.h"
#include "aggregate/store/current.h"
#include "aggregate/store/tls.h"

#include <libgen.h>
#include <unistd.h>

/* How to talk to Redis, of the settings. */
static bool setup_redis(struct setup *setup, const struct settings *settings, struct fault *fault) {
    const struct tls_options tls = {
        .ca = settings->redis_tls_ca,
        .certificate = settings->redis_tls_cert,
        .key = settings->redis_tls_key,
        .server_name = settings->redis_tls_server_name,
        .verify = settings->redis_tls_verify != 0,
    };
    setup->store = (struct store_options){
        .address = settings->redis_address,
        .user = settings->redis_user[0] != '\0' ? settings->redis_user : NULL,
        .password = config_redis_password(setup->config),
        .name_space = settings->namespace_name,
        .cluster_id = "",
        .timeout_ms = (int)settings->redis_timeout_ms,
        .replicas = settings->durability != 0 ? (int)settings->durability_replicas : 0,
        .replicas_ms = (int)settings->durability_timeout_ms,
    };
    if (setup->store.replicas > 0 && setup->store.replicas_ms * 2 > setup->store.timeout_ms) {
        return fault_set(fault, STOP_SETTING, false,
                         "durability.timeout: found %d ms, accepted is at most half of redis.timeout (%d ms), or waiting would "
                         "be taken for silence",
                         setup->store.replicas_ms, setup->store.timeout_ms);
    }
    if (settings->redis_tls == 0) return true;
    setup->tls = tls_create(&tls, fault);
    setup->store.tls = setup->tls;
    return setup->tls != NULL;
}

bool setup_create(struct setup *setup, struct config *config, struct fault *fault) {
    const struct settings *settings = config_settings(config);
    *setup = (struct setup){.config = config};
    setup->zone = zone_create(settings->reporting_timezone, fault);
    if (setup->zone == NULL) goto refuse;
    setup->sources = sources_create(settings->sources_file, fault);
    if (setup->sources == NULL) goto refuse;
    const struct decoder_options decoder = {
        .secret_key = config_secret_key(config),
        .reporting_currency = settings->reporting_currency,
        .reporting_country = settings->reporting_country,
        .amount_max = settings->amount_max,
    };
    setup->decoder = decoder_create(&decoder, fault);
    if (setup->decoder == NULL) goto refuse;
    setup->mappings = mappings_create(settings->mappings, setup->decoder, fault);
    if (setup->mappings == NULL) goto refuse;
    setup->exclusions = exclusions_create(settings->exclusions_file, fault);
    if (setup->exclusions == NULL) goto refuse;
    if (!setup_redis(setup, settings, fault)) goto refuse;
    const struct config_files files = {.sources = sources_hash(setup->sources),
                                       .mappings = mappings_hash(setup->mappings),
                                       .exclusions = exclusions_hash(setup->exclusions)};
    (void)config_state_text(config, &files, setup->state_text, sizeof(setup->state_text));
    setup->store.configuration_hash = config_state_hash(config, &files);
    setup->rollup = (struct rollup_options){
        .zone = setup->zone,
        .window_records = (uint32_t)settings->window_records,
        .window_age_ms_max = settings->window_max_age_ms,
        .watermark_bound_ms = settings->watermark_bound_ms,
        .retention_days = (int32_t)settings->retention_days,
        .oldest_day = (int32_t)settings->oldest_day,
        .account_sketches = settings->sketches_accounts != 0,
        .success_at = sources_success_at,
        .sources = setup->sources,
        .hash_key = {decoder_print(setup->decoder, SLICE("nhip"), SLICE("table key 1")),
                     decoder_print(setup->decoder, SLICE("nhip"), SLICE("table key 2"))},
        .cells_max = (size_t)settings->cells_max,
    };
    return true;

refuse:
    setup_destroy(setup);
    return false;
}

void setup_destroy(struct setup *setup) {
    tls_destroy(setup->tls);
    exclusions_destroy(setup->exclusions);
    mappings_destroy(setup->mappings);
    decoder_destroy(setup->decoder);
    expected_close(setup->expected);
    sources_destroy(setup->sources);
    zone_destroy(setup->zone);
    *setup = (struct setup){.config = NULL};
}

bool setup_follow(struct setup *setup, struct fault *fault) {
    struct current current;
    if (config_is_set(setup->config, "namespace")) return true;
    if (!current_read(&setup->store, &current, fault)) return false;
    memcpy(setup->name_space, current.name_space, sizeof(setup->name_space));
    setup->store.name_space = setup->name_space;
    return true;
}

/* Beside the working directory, beside the build, or installed. */
static bool find_definitions(const char *configured, char path[static 512], struct fault *fault) {
    static const char *const below[] = {"../schemas", "../../schemas", "../share/nhip"};
    (void)snprintf(path, 512, "%s", configured[0] != '\0' ? configured : "schemas/indicators.json");
    if (access(path, R_OK) == 0) return true;
    char program[400];
    ssize_t length = configured[0] == '\0' ? readlink("/proc/self/exe", program, sizeof(program) - 1) : -1;
    if (length > 0) {
        program[length] = '\0';
        const char *directory = dirname(program);
        for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
            (void)snprintf(path, 512, "%s/%s/indicators.json", directory, below[i]);
            if (access(path, R_OK) == 0) return true;
        }
    }
    return fault_set(fault, STOP_SETTING_FILE, false,
                     "no indicator definitions: %s cannot be read; set snapshot.definitions to the path of indicators.json",
                     configured[0] != '\0' ? configured : "schemas/indicators.json");
}

bool setup_snapshot(struct setup *setup, struct snapshot_options *options, char definitions[static 512],
                    struct fault *fault) {
    const struct settings *settings = config_settings(setup->config);
    if (!find_definitions(settings->snapshot_definitions, definitions, fault)) return false;
    expected_close(setup->expected);
    if (!expected_open(&setup->expected, settings->snapshot_sources, fault)) return false;
    *options = (struct snapshot_options){
        .store = &setup->store,
        .zone = setup->zone,
        .sources = setup->sources,
        .expected = setup->expected,
        .definitions_path = definitions,
        .directory = settings->snapshot_directory,
        .folds = settings->snapshot_folds,
        .disclosure =
            {
                .min_units = settings->disclosure_min_merchants,
                .min_platforms = settings->disclosure_min_platforms,
                .min_payers = settings->disclosure_min_payers,
                .p = settings->disclosure_p_percent,
                .dominance = (enum disclosure_dominance)settings->disclosure_dominance,
                .near_ends = settings->disclosure_near_ends != 0,
                .windows = settings->disclosure_windows != 0,
                .allow_zero = settings->disclosure_zeros != 0,
            },
        .as_of_ms = TIME_NONE,
        .judged = settings->snapshot_judgement != 0,
        .growth = settings->snapshot_growth != 0,
        .growth_base = settings->snapshot_base,
        .reporting_currency = settings->reporting_currency,
        .reporting_country = settings->reporting_country,
        .reporting_area = settings->reporting_area,
        .state_text = setup->state_text,
        .exclusions = setup->exclusions,
        .presentation_hash = config_presentation_hash(setup->config),
        .engine_version = NHIP_VERSION,
        .engine_commit = version_commit(),
    };
    return true;
}
