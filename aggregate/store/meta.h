/* The meta hash of one partition: progress, claim, configuration (schemas/store-layout.md §2). Any thread. */
#ifndef NHIP_META_H
#define NHIP_META_H

#include "aggregate/store/connection.h"

enum { LAYOUT_VERSION = 1, NONCE_BYTES = 17, META_TEXT_BYTES = 129 };

#define META_RESTORING "restoring" /* stands for the layout while a restore fills the partition */

struct meta {
    bool present; /* false: nobody has claimed this partition yet */
    bool end;     /* the owner stands at the end of the log */
    int64_t epoch;
    int64_t replayed; /* offsets that claims have lain back, all together */
    int64_t commit_ms; /* wall clock of the last commit or claim; 0: not known */
    char owner[NONCE_BYTES];
    char instance[META_TEXT_BYTES]; /* host and process of the owner */
    char configuration[META_TEXT_BYTES];
    char cluster[META_TEXT_BYTES];
    struct progress progress; /* next = SOURCE_START_BEGINNING before the first commit */
};

void progress_clear(struct progress *progress); /* as before the first record */

/* Reads the reply to HGETALL. False and FAULT_REFUSED for another layout version or text that is not of this one; `key` goes into
 * the message. Fields that this version does not know are passed over. */
bool meta_read(const redisReply *pairs, struct slice key, struct meta *meta, struct fault *fault);

/* Appends `field value` arguments for everything in `progress` that is known; returns how many arguments. */
size_t meta_write(struct resp *arguments, const struct progress *progress);

/* Fields that say who wrote and when, not what the log says: states are compared without them (I3). */
bool meta_field_is_authoritative(struct slice field);

enum { INSTANCE_BYTES = 96 };
void instance_name(char out[static INSTANCE_BYTES]); /* host and number of this process */
/* A fresh claim's name: 16 hex digits of the system's randomness. */
void nonce_create(char out[static NONCE_BYTES]);

#endif
