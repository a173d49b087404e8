/* Packing one block of bytes with zstd and unpacking it again; streams are in archive/packed_file. One thread each. */
#ifndef NHIP_SQUEEZE_H
#define NHIP_SQUEEZE_H

#include <stdbool.h>
#include <stddef.h>

struct squeeze;

struct squeeze *squeeze_create(void); /* aborts only when memory is out */
void squeeze_destroy(struct squeeze *squeeze);

/* The most that squeeze_pack() makes of `bytes` bytes. */
size_t squeeze_bound(size_t bytes);
/* Packs into `out` (room for squeeze_bound(bytes)); returns how many bytes. The same input gives the same output. */
size_t squeeze_pack(struct squeeze *squeeze, const void *in, size_t bytes, void *out);
/* Unpacks into `out`; true when it gives exactly `out_bytes` bytes. Never writes more, whatever `in` holds. */
bool squeeze_unpack(struct squeeze *squeeze, const void *in, size_t bytes, void *out, size_t out_bytes);

#endif
