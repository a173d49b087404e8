/* Copies of the consumed records as NDJSON, one file per topic and partition (`TOPIC-P.ndjson`): what `nhip run
 * --file` replays. A value that is not one line of text (newlines, NUL, empty, tombstone, broken UTF-8) cannot be
 * a line of NDJSON as it is: newline and carriage return bytes outside strings become spaces; everything else is
 * written raw, a tombstone as `null`, an empty value as an empty line. */
#ifndef NHIP_TEE_H
#define NHIP_TEE_H

#include "fault.h"
#include "record.h"
#include "source.h"

struct tee;

/* Makes `directory` when it is missing; files are truncated. Shared by workers: put locks per file. Null and
 * `fault` (FAULT_IO). */
struct tee *tee_create(const char *directory, struct fault *fault);
bool tee_put(struct tee *tee, struct source_partition partition, const struct record *record, struct fault *fault);
bool tee_flush(struct tee *tee, struct fault *fault); /* everything put is in the files */
void tee_destroy(struct tee *tee);

#endif
