/* SHA-256 as lower-case hex, for configuration hashes and manifests. Any thread. */
#ifndef NHIP_DIGEST_H
#define NHIP_DIGEST_H

#include "fault.h"
#include "slice.h"

#include <stdint.h>

enum { DIGEST_TEXT_BYTES = 65 /* 64 digits and a NUL */, DIGEST_RAW_BYTES = 32 };

/* For bytes that come in pieces: begin, add, end. Plain memory, nothing to be freed. */
struct digest {
    uint64_t opaque[32];
};
void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, struct slice bytes);
void digest_end(struct digest *digest, uint8_t out[static DIGEST_RAW_BYTES]);
void digest_text(const uint8_t raw[static DIGEST_RAW_BYTES], char out[static DIGEST_TEXT_BYTES]);

/* `<64 digits>  <name>` and a line feed, as sha256sum writes it: the parts are cut out of `line`. False for anything else,
 * and for a name with a slash or a dot in front: a manifest names the files beside it. */
bool digest_line(char *line, char **digest, char **name);

void digest_bytes(struct slice bytes, char out[static DIGEST_TEXT_BYTES]);
bool digest_file(const char *path, char out[static DIGEST_TEXT_BYTES], struct fault *fault); /* FAULT_IO */

#endif
