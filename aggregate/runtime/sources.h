/* What each source declares about itself (`sources.json`): {"PSP1": {"success_at": "FIRST", "records_cash": true}, ...}.
 * A source that is not listed is FIRST and does not record cash. Read once at start, immutable, shareable between threads. */
#ifndef NHIP_SOURCES_H
#define NHIP_SOURCES_H

#include "aggregate/rollup/rollup.h"

struct sources;

/* `path` null or "": no declarations. Null and `fault` (FAULT_CONFIG: file, line, key, what is accepted). */
struct sources *sources_create(const char *path, struct fault *fault);
void sources_destroy(struct sources *sources);
enum success_at sources_success_at(const void *sources, struct slice source); /* shape of rollup_options.success_at */
bool sources_records_cash(const struct sources *sources, struct slice source);
bool sources_any_records_cash(const struct sources *sources);
const char *sources_hash(const struct sources *sources); /* hex SHA-256 of the meaning, independent of layout of the file */

#endif
