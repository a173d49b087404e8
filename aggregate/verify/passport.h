/* What a vintage says of itself in snapshot.json: everything that is needed to make it again, and to see whether it came out the
 * same. One thread. */
#ifndef NHIP_VERIFY_PASSPORT_H
#define NHIP_VERIFY_PASSPORT_H

#include "aggregate/runtime/digest.h"
#include "aggregate/runtime/exclusions.h"
#include "aggregate/snapshot/growth.h"
#include "aggregate/verify/finding.h"
#include "fault.h"

#include <stddef.h>
#include <stdint.h>

enum { PASSPORT_TOPIC_BYTES = 250, PASSPORT_TEXT_BYTES = 160 };

struct passport_input {
    char topic[PASSPORT_TOPIC_BYTES];
    int32_t partition;
    int64_t end_offset; /* exclusive */
    int64_t delivered;
    int64_t judged; /* applied, duplicate, quarantined, rejected and ignored, together */
    char cluster_id[128];
    char tail_print[17];
    char *counts; /* every count and reason, as text that can be compared */
    bool gaps;    /* records are known to be missing before end_offset */
};

/* A period that growths were measured from, and the newest release of it at that time. */
struct passport_base {
    char prefix[PASSPORT_TEXT_BYTES]; /* of the names of its vintages, FLOW_FREQ_PERIOD_r */
    int64_t release;                /* 0: none */
};

struct passport {
    char vintage[PASSPORT_TEXT_BYTES];
    char period[32];
    int64_t release;
    int64_t as_of_ms;
    bool daily;
    bool raw; /* not for publication */
    int64_t observations;
    char engine_version[32];
    char engine_commit[64];
    char state_hash[DIGEST_TEXT_BYTES];
    char presentation_hash[DIGEST_TEXT_BYTES];
    char definitions_hash[DIGEST_TEXT_BYTES];
    char expected_hash[DIGEST_TEXT_BYTES]; /* of expected_sources.csv; "": nothing was expected */
    char registry_hash[DIGEST_TEXT_BYTES];
    struct passport_input *inputs;
    size_t input_count;
    struct exclusion *exclusions; /* `line` is 0 */
    size_t exclusion_count;
    struct passport_base bases[GROWTH_BASES_MAX + 1]; /* of growths, and the one that cohorts were held to */
    size_t base_count;
};

/* Reads DIRECTORY/snapshot.json. False and `fault` when it is not what nhip snapshot writes; passport_clear() is due anyway. */
bool passport_read(struct passport *passport, const char *directory, struct fault *fault);
void passport_clear(struct passport *passport);

/* Verdicts of each input add up to what was delivered, and DIRECTORY/indicators.json is the one that is named. */
void passport_check(const struct passport *passport, const char *directory, struct findings *findings);

/* The same inputs with the same counts and tails? Names the first partition and offset range that differ. With `offsets` false
 * (made again from files, which have offsets of their own) end offsets are not looked at. */
void passport_compare(const struct passport *published, const struct passport *made, bool offsets, struct findings *findings);

#endif
