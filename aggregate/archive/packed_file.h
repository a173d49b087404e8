/* A file of bytes packed with zstd: one frame with a check, which `zstd -dc` reads too. One thread each. */
#ifndef NHIP_PACKED_FILE_H
#define NHIP_PACKED_FILE_H

#include "aggregate/runtime/digest.h"

struct packed_writer;

/* A new file at `path`; what stood there is overwritten. Null and `fault` (FAULT_IO). */
struct packed_writer *packed_create(const char *path, struct fault *fault);
bool packed_put(struct packed_writer *writer, struct slice bytes, struct fault *fault);
/* The end of the frame, then fsync. `digest` gets the SHA-256 of the file. To be closed all the same. */
bool packed_finish(struct packed_writer *writer, char digest[static DIGEST_TEXT_BYTES], int64_t *file_bytes,
                   struct fault *fault);
void packed_close(struct packed_writer *writer); /* null is fine */

struct packed_reader;

/* Null and `fault` (FAULT_IO) when it cannot be opened. */
struct packed_reader *packed_open(const char *path, struct fault *fault);
/* Unpacks up to `room` bytes; 0 at the end of the frame. -1 and `fault`: it cannot be read (FAULT_IO), or is damaged, cut off or
 * followed by something else (STOP_ARCHIVE_BROKEN). */
int64_t packed_take(struct packed_reader *reader, char *out, size_t room, struct fault *fault);
void packed_end(struct packed_reader *reader); /* null is fine */

#endif
