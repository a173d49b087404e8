/* Writing on the archive of one partition: records in offset order become files. One thread. */
#ifndef NHIP_KEPT_WRITER_H
#define NHIP_KEPT_WRITER_H

#include "aggregate/archive/kept_log.h"
#include "zone.h"

struct kept_totals {
    int64_t records, lost, parts, plain_bytes, file_bytes;
};

struct kept_writer;

/* `log` is one that kept_log_resume() has opened; both it and `zone` (whose days cut the files) are borrowed. `cluster` is that
 * of the records that will come. */
struct kept_writer *kept_writer_create(struct kept_log *log, const struct zone *zone, const char *cluster);
/* Where an empty archive begins. Before anything is written. */
void kept_writer_begin(struct kept_writer *writer, int64_t first);
/* What lies between the end of the archive and `first` is gone. Before anything is written. */
void kept_writer_lose(struct kept_writer *writer, int64_t first);
/* Records in front of the end are not written again; the last one that was is compared: STOP_ARCHIVE_OTHER when it is another
 * one. False and `fault` also when a file cannot be written; then only kept_writer_destroy() may follow. */
bool kept_writer_put(struct kept_writer *writer, const struct record *record, const struct kept_header *headers, size_t count,
                     struct fault *fault);
/* Up to here there is no further record. */
bool kept_writer_pass(struct kept_writer *writer, int64_t next, struct fault *fault);
/* What was put is in a file under its name, and the manifest names it. More may follow, in another file. */
bool kept_writer_close(struct kept_writer *writer, struct fault *fault);

struct kept_totals kept_writer_totals(const struct kept_writer *writer);
int64_t kept_writer_position(const struct kept_writer *writer); /* -1: not begun */
/* What was not closed is given up. Null is fine. */
void kept_writer_destroy(struct kept_writer *writer);

#endif
