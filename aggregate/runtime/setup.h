/* From settings to the parts that a command needs: zone, sources, decoder, mappings, exclusions, store options. One place, so
 * that `run`, `snapshot` and `demo` cannot read the same setting in two ways. Immutable after setup_create(); shareable between
 * threads. */
#ifndef NHIP_SETUP_H
#define NHIP_SETUP_H

#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/config.h"
#include "aggregate/runtime/exclusions.h"
#include "aggregate/runtime/expected.h"
#include "aggregate/runtime/mappings.h"
#include "aggregate/runtime/sources.h"
#include "aggregate/snapshot/snapshot.h"
#include "aggregate/store/keys.h"
#include "aggregate/store/store.h"
#include "decode.h"

struct tls;

struct setup {
    struct config *config; /* borrowed */
    struct zone *zone;
    struct sources *sources;
    struct expected *expected; /* of snapshot.sources, read by setup_snapshot(); null: empty */
    struct decoder *decoder;
    struct mappings *mappings;
    struct exclusions *exclusions;
    struct tls *tls; /* null: plain connections to Redis */
    struct store_options store; /* cluster_id "" until the caller knows it */
    struct rollup_options rollup;
    char name_space[NAMESPACE_BYTES_MAX + 1]; /* the one that setup_follow() found */
    char state_text[CONFIG_STATE_TEXT_BYTES]; /* what store.configuration_hash is the hash of */
};

bool setup_create(struct setup *setup, struct config *config, struct fault *fault);
void setup_destroy(struct setup *setup);

/* For commands that read the state: unless the setting `namespace` was given, takes the namespace that was last promoted. Asks
 * Redis. */
bool setup_follow(struct setup *setup, struct fault *fault);

/* Options of a snapshot as the settings have them: zone, sources, definitions, directory, reporting.*; period, as_of
 * and daily are the caller's. `definitions` receives the path that was found and must outlive the options, and so must
 * `setup`. False and FAULT_CONFIG when no indicators.json is found, or the expected sources are refused: here and not before,
 * so that counting never stops for them. */
bool setup_snapshot(struct setup *setup, struct snapshot_options *options, char definitions[static 512],
                    struct fault *fault);

#endif
