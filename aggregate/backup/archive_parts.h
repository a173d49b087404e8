/* What writing and reading an archive share. Private to archive*.c. */
#ifndef NHIP_ARCHIVE_PARTS_H
#define NHIP_ARCHIVE_PARTS_H

#include "aggregate/backup/archive.h"
#include "aggregate/runtime/digest.h"

enum {
    BLOCK_SIZES_BYTES = 8,   /* packed, plain: 32 bits each, the low byte first */
    BLOCK_CHECK_BYTES = 16,  /* the first bytes of block_check() */
    HEADER_CHECK_BYTES = 71, /* "check ", 64 digits, newline */
};

#define ARCHIVE_END_FORMAT "end blocks=%lld bytes=%lld hashes=%lld fields=%lld sha256=%s\n"

/* Over the header's check, the block's number and its bytes (sizes and frame). */
void block_check(const uint8_t header_check[static DIGEST_RAW_BYTES], int64_t number, struct slice bytes,
                 uint8_t out[static DIGEST_RAW_BYTES]);
/* By bytes, the shorter first. */
int bytes_compare(struct slice a, struct slice b);

#endif
