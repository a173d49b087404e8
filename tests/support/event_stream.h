/* Seeded streams of decoded events for tests of the roll-up: no JSON, no clock; the same seed gives the same records.
 *
 * The stream is nasty on purpose: few payments and orders, so that life cycles collide; redelivered and conflicting
 * ids; tombstones, refused records, tests; jumps of record time; late, early and too old events; foreign amounts;
 * registry records. */
#ifndef NHIP_TESTS_EVENT_STREAM_H
#define NHIP_TESTS_EVENT_STREAM_H

#include "aggregate/rollup/rollup.h"

struct stream_item {
    struct record record;
    struct event event;
    bool valid; /* false: tombstone (reason 0) or refused */
    enum reason reason;
    char value[96];
    char texts[3][24]; /* source, account, buyer */
};

struct stream_options {
    uint64_t seed;
    size_t count;
    int64_t start_ms;
    int64_t step_ms_max; /* between records, usually */
    uint32_t entities;   /* payments and orders to choose from */
    uint32_t accounts;
    bool files; /* offsets as in a file, else 1 apart with holes */
    uint32_t fan_out; /* about half of the messages are 1 to this many events of one offset; 0: all are one event */
};

/* A random number; moves the seed. */
uint64_t stream_random(uint64_t *seed);
/* An array of `count` items in offset order; slices point into the items. The caller frees. */
struct stream_item *stream_create(const struct stream_options *options);
/* A fingerprint as a decoder could have made it: of two strings; never 0. */
uint64_t stream_print(struct slice source, struct slice id);
/* Declared statuses: sources "CAP..." CAPTURED, "SET..." SETTLED, others FIRST. */
enum success_at stream_success_at(const void *sources, struct slice source);

/* The first item at or behind `at` with which a message begins: cuts may be made in front of it. */
size_t stream_whole(const struct stream_item *items, size_t count, size_t at);
/* Applies items [from, to). */
void stream_feed(struct rollup *rollup, const struct stream_item *items, size_t from, size_t to);
/* Feeds rollup_rewarm() what a restored roll-up asks for; returns the first item that is new to it. */
size_t stream_rewarm(struct rollup *rollup, const struct stream_item *items, size_t count);

#endif
