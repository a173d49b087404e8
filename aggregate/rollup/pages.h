/* Memory for the big tables of the roll-up, in huge pages where the kernel gives them.
 *
 * Each event touches a dozen lines at random in some 50 MB a partition. With pages of 4 KiB nearly each of them is a miss in
 * the TLB too, a walk through page tables that even a prefetch must wait for; with pages of 2 MiB it is not. */
#ifndef NHIP_ROLLUP_PAGES_H
#define NHIP_ROLLUP_PAGES_H

#include <stddef.h>

/* Zeroed, aligned to a cache line at least; null when memory is short. From PAGES_HUGE_BYTES on the block is a mapping
 * of its own, in huge pages if possible; smaller ones come from the heap. */
void *pages_create(size_t bytes);
/* `bytes` as at creation; null is fine. */
void pages_destroy(void *block, size_t bytes);

enum { PAGES_HUGE_BYTES = 2 << 20 };

#endif
