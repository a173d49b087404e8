/* Where every partition of a namespace stands and who has it: the metas alone, one question each, so that it can be asked every
 * second. What a state holds beside that is the reader's business (reader.h). One thread. */
#ifndef NHIP_METAS_H
#define NHIP_METAS_H

#include "aggregate/store/meta.h"

struct pool;

struct meta_row {
    struct source_partition who;
    struct meta meta;
};

/* Sorted by topic and partition; `*rows` is to be given to free(), and `*list`, which their topics are part of, too. An empty
 * namespace has none. Each row is one moment of its partition. After a fault the caller resets the pool. */
bool metas_read(struct pool *pool, const struct store_options *options, struct meta_row **rows, struct source_partition **list,
                size_t *count, struct fault *fault);

#endif
