/* SHA-256 as lower-case hex, for configuration hashes and manifests. Any thread. */
#ifndef NHIP_DIGEST_H
#define NHIP_DIGEST_H

#include "fault.h"
#include "slice.h"

enum { DIGEST_TEXT_BYTES = 65 }; /* 64 digits and a NUL */

void digest_bytes(struct slice bytes, char out[static DIGEST_TEXT_BYTES]);
bool digest_file(const char *path, char out[static DIGEST_TEXT_BYTES], struct fault *fault); /* FAULT_IO */

#endif
