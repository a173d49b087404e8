/* The mapping files of a process (setting `mappings`): compiled, hashed, and asked which of them reads a topic.
 * Immutable after mappings_create(); shareable between threads. */
#ifndef NHIP_MAPPINGS_H
#define NHIP_MAPPINGS_H

#include "mapping.h"

struct mappings;

/* `files`: paths separated by commas, may be empty. Null and `fault` (FAULT_CONFIG or FAULT_IO) for a file that cannot be
 * read or compiled, one that is named twice, or two mappings of one name. `decoder` must outlive it. */
struct mappings *mappings_create(const char *files, const struct decoder *decoder, struct fault *fault);
void mappings_destroy(struct mappings *mappings);

/* Null stands for none here and in mappings_find(). */
size_t mappings_count(const struct mappings *mappings);
/* Hex SHA-256 of the bytes of all files, whatever their names and order; "" when there are none. */
const char *mappings_hash(const struct mappings *mappings);
/* The mapping that claims `topic` best; null when none does: its messages are canonical. */
const struct mapping *mappings_find(const struct mappings *mappings, const char *topic);
/* False and FAULT_CONFIG when two mappings claim `topic` equally well, or `kept` (the setting that keeps copies of what is
 * read, or null) cannot keep what the topic's mapping needs. */
bool mappings_check(const struct mappings *mappings, const char *topic, const char *kept, struct fault *fault);
/* Says in the log which mappings claim none of the topics. */
void mappings_warn_unused(const struct mappings *mappings, const char *const *topics, size_t topic_count);

#endif
