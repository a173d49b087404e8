/* The release before: read back from its directory, after its files have been held against its MANIFEST.sha256. What revisions
 * are measured from (schemas/vintages.md §4). One thread. */
#ifndef NHIP_SNAPSHOT_PREVIOUS_H
#define NHIP_SNAPSHOT_PREVIOUS_H

#include "aggregate/runtime/digest.h"
#include "aggregate/snapshot/obs_table.h"
#include "aggregate/snapshot/period.h"

enum { PREVIOUS_TEXT_BYTES = 96, PREVIOUS_PATH_BYTES = 512, PREVIOUS_TOPIC_BYTES = 250 };

/* One partition as snapshot.json of that release has it. */
struct previous_input {
    char topic[PREVIOUS_TOPIC_BYTES];
    int32_t partition;
    int64_t end_offset;
    uint64_t tail_print;
    int64_t delivered;
    int64_t units;
};

struct previous {
    char name[160];
    char path[PREVIOUS_PATH_BYTES];
    int64_t release;
    int64_t as_of_ms;
    char manifest_sha256[DIGEST_TEXT_BYTES];
    char engine_version[PREVIOUS_TEXT_BYTES];
    char engine_commit[PREVIOUS_TEXT_BYTES];
    char state_config_sha256[PREVIOUS_TEXT_BYTES];
    char presentation_sha256[PREVIOUS_TEXT_BYTES];
    char definitions_sha256[PREVIOUS_TEXT_BYTES];
    char expected_sha256[PREVIOUS_TEXT_BYTES]; /* "": nothing was expected */
    char registry_sha256[PREVIOUS_TEXT_BYTES];
    char *state_config; /* its `key=value` lines; "" when that release did not write them */
    struct previous_input *inputs;
    size_t input_count;
    struct obs_table table;
};

/* Finds the greatest release of this flow and period in `directory`; *previous is null when there is none. False and `fault`
 * when a vintage is there but does not hold (STOP_VERIFY_DIFFERS). */
bool previous_find(const char *directory, const char *flow, const struct period *period, struct previous **previous,
                   struct fault *fault);
/* The same of a directory that is named. Null and `fault`. */
struct previous *previous_open(const char *path, struct fault *fault);
void previous_destroy(struct previous *previous);

/* Every file that MANIFEST.sha256 of a vintage names has the digest it says. False and STOP_VERIFY_DIFFERS. */
bool manifest_holds(const char *vintage_path, char manifest_sha256[static DIGEST_TEXT_BYTES], struct fault *fault);

/* json_previous.c: reads snapshot.json into the members above. */
bool previous_read_provenance(struct previous *previous, struct fault *fault);

#endif
