/* Messages in somebody else's shape -> events: the compiled form of a mapping file (schemas/mapping.md).
 *
 * A mapping is compiled once into a plan: a trie of the pointers that are needed, and a list of rules in the order of the
 * contract's table. Reading a message is one pass along the trie, then the rules, then event_derive() as for canonical
 * text. No allocation while reading. */
#ifndef NHIP_MAPPING_H
#define NHIP_MAPPING_H

#include "decode.h"
#include "record.h"

struct mapping;        /* immutable after creation; shareable between threads */
struct mapping_cursor; /* the place of one thread in one message */

/* A record's header by name; false when there is none. `native` is record.native. */
typedef bool mapping_header(const void *native, const char *name, struct slice *value);

/* Null and `fault` (FAULT_CONFIG; names file, line, JSON pointer into the file, and remedy). `decoder` must outlive it. */
struct mapping *mapping_create(const char *path, const struct decoder *decoder, struct fault *fault);
void mapping_destroy(struct mapping *mapping);

const char *mapping_name(const struct mapping *mapping);
/* How well a topic is claimed: 0 not at all, 1 by a prefix, 2 by its exact name. */
int mapping_claims(const struct mapping *mapping, const char *topic);
/* Whether it needs headers, key or time of the record, which a tee or an NDJSON archive does not keep. CloudEvents do:
 * their attributes may be in headers. */
bool mapping_needs_headers(const struct mapping *mapping);
/* Whether one message can be several events. */
bool mapping_fans_out(const struct mapping *mapping);

/* Null when memory is out. One per thread. */
struct mapping_cursor *mapping_cursor_create(void);
void mapping_cursor_destroy(struct mapping_cursor *cursor);

enum mapped {
    MAPPED_NONE = 0,
    MAPPED_EVENT,    /* `event` is filled; its slices live as long as record, event and mapping */
    MAPPED_IGNORED,  /* left out by a condition, a skip list or the envelope: one ignored event */
    MAPPED_REJECTED, /* `rejection` says why */
};

/* Starts with a record (its value is not null) of `topic`; then mapping_next() until *last is true: once at least, up to
 * FAN_OUT_MAX times. `header` may be null when the source has none. */
void mapping_begin(struct mapping_cursor *cursor, const struct mapping *mapping, const struct record *record, const char *topic,
                   mapping_header *header);
enum mapped mapping_next(struct mapping_cursor *cursor, struct event *event, struct rejection *rejection, bool *last);

/* The canonical text of the event that mapping_next() returned last (MAPPED_EVENT only): decode() of it gives the same
 * event. Returns its length, cut to `capacity`; for `nhip check` and tests. */
size_t mapping_text(const struct mapping_cursor *cursor, char *text, size_t capacity);

enum { FAN_OUT_MAX = 256 };

#endif
