/* What the files of the mapping share and nobody else sees: the plan that a mapping file becomes, and the place of one
 * thread in one message. */
#ifndef NHIP_MAPPING_INNER_H
#define NHIP_MAPPING_INNER_H

#include "ingest/decode_scan.h"
#include "ingest/mapping_table.h"
#include "ingest/mapping_time.h"
#include "mapping.h"

enum {
    POINTERS_MAX = 128,         /* different pointers of one mapping */
    TOKENS_MAX = 31,            /* of one pointer: what lies deeper is `too_deep` anyway */
    NODES_MAX = 2048,           /* of the trie */
    VARIANTS_MAX = 4,           /* places where the body can stand under one envelope */
    CONCAT_PARTS_MAX = 16,
    LITERAL_BYTES_MAX = 1024,   /* one text of a concat */
    OUTSIDE_BYTES_MAX = 65536,  /* a header or record key that is longer has no text */
    SCRATCH_BYTES = CONCAT_PARTS_MAX * (MESSAGE_BYTES_MAX + LITERAL_BYTES_MAX),
    REFERENCES_MAX = 2048, /* pointers and parts that rules and conditions name, with repetitions */
};

/* ---- what was met at the end of a pointer ---- */

enum span_kind {
    SPAN_NONE = 0, /* the pointer leads nowhere */
    SPAN_NULL,     /* ... to null: as good as nowhere, but the key must not come again */
    SPAN_STRING,
    SPAN_NUMBER,
    SPAN_BOOL,
    SPAN_OBJECT,
    SPAN_ARRAY,
    SPAN_NO_TEXT, /* a header or key that is no UTF-8 */
};

struct span {
    const char *text; /* a string's content as it stands, a number, a word; of an object or array its bracket */
    uint32_t length;  /* of text; unused for objects and arrays */
    uint32_t place;   /* first byte of the value in the message, for refusals; 0 for what is outside */
    uint32_t twice;   /* 1 + the place of the same key's second occurrence; 0 = it came once */
    uint16_t count;   /* elements of an array */
    uint8_t kind;     /* enum span_kind */
    bool escapes;     /* of a string: may have escapes; not of one from outside */
    bool plain;       /* of a string: no escapes, printable ASCII; of a number: neither fraction nor exponent */
};

static inline bool span_is_there(const struct span *span) {
    return span->kind > SPAN_NULL;
}

/* ---- the plan ---- */

/* One token of the pointers, below another. Number 0 is "nobody asks". */
struct node {
    struct slice key;
    struct text_ends ends; /* of the key */
    uint32_t buckets;     /* where its children's hash begins in mapping->buckets */
    uint32_t mask;        /* buckets - 1; 0 = no children */
    int32_t index;        /* the key as an index; -1 = none */
    uint16_t next_index;  /* the next sibling that is an index, ascending; 0 = none */
    uint16_t first_index; /* the least child that is an index */
    uint16_t last;        /* the child `-1` */
    uint16_t first_child; /* while compiling */
    uint16_t next_sibling;
    uint8_t variants; /* set of variants in which a pointer of the mapping goes through or to it */
};

enum origin { ORIGIN_BODY, ORIGIN_ELEMENT, ORIGIN_ENVELOPE, ORIGIN_HEADER, ORIGIN_TIME, ORIGIN_KEY, ORIGIN_TOPIC };

struct pointer {
    enum origin origin;
    const char *text;            /* as it is written */
    const char *path;            /* the RFC 6901 part of `text`, or the name of a header or attribute */
    char header[72];             /* the header that it reads in binary CloudEvents */
    uint16_t node[VARIANTS_MAX]; /* whose span it is; outside of the trie for headers and the record */
};

enum condition_kind { CONDITION_EXISTS, CONDITION_ABSENT, CONDITION_IN, CONDITION_NOT_IN, CONDITION_ALL };

struct condition_list {
    struct condition *items;
    size_t count;
};

struct condition {
    enum condition_kind kind;
    uint16_t pointer;
    struct word_table *words;
    struct condition_list all; /* CONDITION_ALL: these together */
};

enum otherwise { OTHERWISE_REFUSE, OTHERWISE_SKIP, OTHERWISE_VALUE };

/* A pointer, or a text between pointers (pointer < 0). */
struct part {
    struct slice text;
    int32_t pointer;
    bool plain; /* of a text: printable ASCII */
};

struct rule {
    const struct field_card *card;
    const struct part *parts; /* `from`: pointers to try in turn; `concat`: what to join */
    uint32_t part_count;
    bool concat;
    bool nonempty; /* "" is as good as absent */
    bool upper;
    bool digest;
    bool absolute;
    bool major;
    bool has_default;
    enum otherwise otherwise;
    int32_t shift; /* powers of ten: multiply - scale */
    struct constant value; /* the constant or default */
    struct constant other; /* OTHERWISE_VALUE */
    struct word_table *table;
    struct time_form time;
    int64_t open_other; /* number of OTHER in the list of an open code */
};

enum envelope { ENVELOPE_NONE, ENVELOPE_CLOUDEVENTS, ENVELOPE_DEBEZIUM };

/* Variants: where the body stands. */
enum {
    VARIANT_WHOLE = 0, /* no envelope */
    VARIANT_STRUCTURED = 0,
    VARIANT_BINARY = 1,
    VARIANT_IN_PAYLOAD = 1, /* Debezium: a set of two bits */
    VARIANT_BEFORE = 2,
};

/* Nodes of what the envelope itself looks at. */
struct envelope_nodes {
    uint16_t payload, specversion, data;
    uint16_t op[2], after[2], before[2]; /* at the top, inside payload */
};

struct zone_entry {
    const char *name;
    struct zone *zone;
};

struct mapping {
    const struct decoder *decoder;
    uint64_t serial; /* no two mappings of a process have the same; lower 16 bits are 0 */
    struct json_t *root;  /* owns all texts */
    struct json_t *owned; /* texts that were made while compiling */
    const char *name;
    const char **topics;
    size_t topic_count;
    bool confluent;
    bool deletes_before;
    bool snapshots_ignore;
    bool needs_headers;
    bool maps_ingest_time;
    enum envelope envelope;
    int reporting_exponent;

    struct pointer pointers[POINTERS_MAX];
    size_t pointer_count;
    uint16_t outside[POINTERS_MAX]; /* pointers that may lead to headers or the record */
    size_t outside_count;
    struct node *nodes;
    uint32_t node_count;
    uint32_t message_nodes; /* nodes below this belong to the message, the others to elements */
    uint32_t bucket_count;
    uint16_t *buckets;
    uint16_t root_node;
    uint16_t binary_root; /* the body of a binary CloudEvent */
    uint16_t element_root;
    struct envelope_nodes at;

    int32_t each; /* pointer, -1 = one event a message */
    struct condition_list only, ignore, only_each, ignore_each;

    struct part *parts;
    size_t part_count;
    struct rule *constants; /* rules that only store */
    size_t constant_count;
    struct rule *rules; /* in the order of refusals */
    size_t rule_count;

    struct zone_entry *zones;
    size_t zone_count;
};

/* ---- one message ---- */

/* Keys that were met, as they stand in the text, and which came after which: objects of one kind nearly always have their keys
 * in one order, so the next key is compared with the one that came next the last time before it is looked up. Whatever is
 * remembered is compared with the text, so it can cost time only. */
enum { MEMORY_KEYS = 256, PATTERN_BYTES = 32 };

struct remembered_key {
    char pattern[PATTERN_BYTES]; /* quotes, key and colon, without spaces */
    uint32_t first_half;         /* one bit for each of the first 16 bytes that count */
    uint32_t second_half;
    uint64_t owner; /* mapping->serial + the node of the object */
    uint16_t child; /* what the key is there; 0 = nobody asks */
    uint16_t length; /* of the pattern */
};

struct key_memory {
    struct remembered_key keys[MEMORY_KEYS];
    uint8_t next[2 * MEMORY_KEYS]; /* which key followed a key; from MEMORY_KEYS on, which was the first of an object */
};

enum step {
    STEP_ON = 0,
    STEP_IGNORE,
    STEP_REFUSE, /* the rejection is filled */
};

struct mapping_cursor {
    const struct mapping *mapping;
    const struct record *record;
    const char *topic;
    mapping_header *header;
    struct scan scan; /* of the whole record */
    bool begun;
    bool binary;  /* a CloudEvent whose attributes are headers */
    bool binary_version; /* ... of the version that we know */
    bool doubled; /* some key that matters came twice */
    unsigned variant;
    uint32_t element;
    uint32_t element_count;
    const char *element_at;
    char time_text[24];
    struct reading reading;
    struct key_memory memory;
    struct span spans[NODES_MAX];
    char code_room[FIELD_LIMIT][CODE_BYTES_MAX]; /* codes that stand nowhere as such: for mapping_text() */
    char scratch[SCRATCH_BYTES];
};

static inline const struct span *span_of(const struct mapping_cursor *cursor, uint32_t pointer) {
    return &cursor->spans[cursor->mapping->pointers[pointer].node[cursor->variant]];
}

/* ---- reading (hot) ---- */

/* Puts a child into its parent's hash while compiling; here because the walk knows how it is hashed. */
void mapping_bucket_add(struct mapping *mapping, uint32_t node, uint32_t child);
/* Reads the value at `at` and all that is in it, filling the spans below `node`. Behind it, or NULL and the rejection. */
const char *mapping_walk(struct mapping_cursor *cursor, const char *at, uint32_t node);
/* Whether a record says when it was written; 0 and less mean that it does not. */
bool record_has_time(const struct record *record);
/* Sees whether a message's envelope is in its headers; to be called before the walk. */
void envelope_begin(struct mapping_cursor *cursor);
/* Fills the spans of headers and record, for the variant that envelope_open() has chosen. */
void outside_read(struct mapping_cursor *cursor);
/* Judges the envelope of a message that has been walked, and chooses the variant. */
enum step envelope_open(struct mapping_cursor *cursor);
bool conditions_hold(struct mapping_cursor *cursor, const struct condition_list *only, const struct condition_list *ignore);
/* Fills cursor->reading from spans. */
enum step rules_apply(struct mapping_cursor *cursor);

/* The text of a value without its escapes: in place, or in cursor->scratch. */
struct slice span_text(struct mapping_cursor *cursor, const struct span *span);
/* The same appended to `out`, which has room for span->length bytes; returns the bytes. */
size_t span_copy(const struct span *span, char *out);

static inline enum step mapping_refuse(const struct mapping_cursor *cursor, enum reason reason, size_t place, const char *field) {
    (void)reject(cursor->scan.rejection, reason, place, field);
    return STEP_REFUSE;
}

#endif
