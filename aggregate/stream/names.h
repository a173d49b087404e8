/* Texts that occur many times, each kept once and known by a number. One thread. */
#ifndef NHIP_STREAM_NAMES_H
#define NHIP_STREAM_NAMES_H

#include "slice.h"

#include <stdint.h>

struct names {
    struct name {
        size_t at; /* in `text` */
        uint32_t length;
        uint32_t slot_hash;
    } *items; /* by number */
    size_t count, capacity;
    uint32_t *slots; /* open addressing: number + 1, 0 = empty */
    size_t slot_count;
    char *text;
    size_t text_length, text_capacity;
};

/* The number of `text`, which is kept if it is new; numbers count from 0 in the order of first sight. */
uint32_t names_number(struct names *names, struct slice text);
/* Valid until the next names_number(). */
struct slice names_text(const struct names *names, uint32_t number);
void names_free(struct names *names);

#endif
