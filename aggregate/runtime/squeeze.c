/* zstd at level 3: a state packs to a fifth and less, faster than Redis gives it out. Contexts are kept between blocks, because
 * making one costs more than packing a small block. One frame a block, so that a broken one is found at its place. */
#include "aggregate/runtime/squeeze.h"

#include "check.h"

#include <zstd.h>

enum { LEVEL = 3 };

struct squeeze {
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
};

struct squeeze *squeeze_create(void) {
    struct squeeze *squeeze = calloc(1, sizeof(*squeeze));
    CHECK_MEMORY(squeeze != NULL);
    squeeze->packer = ZSTD_createCCtx();
    squeeze->unpacker = ZSTD_createDCtx();
    CHECK(squeeze->packer != NULL && squeeze->unpacker != NULL);
    return squeeze;
}

void squeeze_destroy(struct squeeze *squeeze) {
    if (squeeze == NULL) return;
    (void)ZSTD_freeCCtx(squeeze->packer);
    (void)ZSTD_freeDCtx(squeeze->unpacker);
    free(squeeze);
}

size_t squeeze_bound(size_t bytes) {
    return ZSTD_compressBound(bytes);
}

size_t squeeze_pack(struct squeeze *squeeze, const void *in, size_t bytes, void *out) {
    size_t packed = ZSTD_compressCCtx(squeeze->packer, out, ZSTD_compressBound(bytes), in, bytes, LEVEL);
    CHECK(ZSTD_isError(packed) == 0); /* the room suffices, so only memory can be short */
    return packed;
}

bool squeeze_unpack(struct squeeze *squeeze, const void *in, size_t bytes, void *out, size_t out_bytes) {
    size_t made = ZSTD_decompressDCtx(squeeze->unpacker, out, out_bytes, in, bytes);
    return ZSTD_isError(made) == 0 && made == out_bytes;
}
