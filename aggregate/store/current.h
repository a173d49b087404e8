/* Which namespace is the current one: what readers take when their settings name none (schemas/store-layout.md §10). Kept in two
 * hashes of one slot, `nhip:current` and its history; changed in one EXEC. Any thread. */
#ifndef NHIP_CURRENT_H
#define NHIP_CURRENT_H

#include "aggregate/store/keys.h"
#include "aggregate/store/meta.h"
#include "aggregate/store/store.h"

/* The name that is public: the default of the setting `namespace`, and what nhip:rolling:* are called for good. */
#define PUBLIC_NAME "nhip"

struct pool;

struct current {
    bool promoted;                            /* false: nobody ever promoted anything; the current one is PUBLIC_NAME */
    char name_space[NAMESPACE_BYTES_MAX + 1]; /* always filled in */
    char previous[NAMESPACE_BYTES_MAX + 1];   /* "" when there is none */
    char since[25];                           /* RFC 3339, "" */
    int64_t promotions;
};

/* False and `fault`; NOPERM is FAULT_REFUSED. */
bool current_read(const struct store_options *options, struct current *current, struct fault *fault);
/* The same over connections that the caller has; after a fault he resets them. */
bool current_ask(struct pool *pool, struct current *current, struct fault *fault);

/* Makes `name_space` the current one, provided that `before` still is what is stored; writes `note` (offsets, for people) into
 * the history. FAULT_REFUSED when somebody else promoted meanwhile. */
bool current_flip(const struct store_options *options, const struct current *before, const char *name_space, const char *note,
                  struct fault *fault);

/* The history, oldest first: `tell` is called for each with its number and text. */
bool current_history(const struct store_options *options, void (*tell)(void *context, int64_t number, struct slice text),
                     void *context, struct fault *fault);

/* How far the partitions of a namespace are. */
struct standing {
    struct source_partition who;
    int64_t next; /* -1: no commit yet */
    char cluster[META_TEXT_BYTES];
    char configuration[META_TEXT_BYTES];
};
/* Sorted by topic and partition; `*list` and its topics are one allocation, to be freed. An empty namespace has none. A
 * half-restored one is FAULT_REFUSED. */
bool standings_read(const struct store_options *options, const char *name_space, struct standing **list, size_t *count,
                    struct fault *fault);

#endif
