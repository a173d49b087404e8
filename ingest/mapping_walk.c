/* Reading one message: a single pass over its bytes, along the trie of what is asked.
 *
 * The pass is what decode.c is for the canonical contract, for shapes that are not known beforehand: it checks the grammar,
 * UTF-8 and the depth of everything, and where a node of the trie goes along, it remembers where the value stands
 * (struct span). Values mean nothing here; rules read the few that they need afterwards.
 *
 * It is a loop with a stack of its own instead of a recursive descent, so that nesting costs no C stack. A level is an
 * open object or array and the node that it stands for; node 0 has no children, so what nobody asks for goes the same way
 * without look-ups. A key is first compared with the one that came next the last time (struct key_memory), which costs a
 * tenth of reading and finding it; else it is found by a hash of its first and last eight bytes, and comparing decides.
 *
 * The last element of an array is known only when its bracket comes. So for a pointer with `-1` the beginning of each
 * element is kept, and the last one is walked once more. */
#include "ingest/mapping_inner.h"

#include <string.h>

struct level {
    const char *last; /* where the latest element begins */
    uint32_t index;   /* of that */
    uint16_t node;
    uint16_t next_index; /* the next child of an array that is asked for */
    uint16_t before;     /* the key before, in the memory of keys */
    bool object;
};

struct walk {
    const struct scan *scan;
    const struct node *nodes;
    const uint16_t *buckets;
    struct span *spans;
    struct key_memory *memory;
    uint64_t serial;
    struct mapping_cursor *cursor;
};

/* The child of a node by its key; 0 = nobody asks. */
static inline uint32_t child_find(const struct walk *walk, uint32_t node, struct slice key, struct text_ends ends,
                                  uint32_t hash) {
    uint32_t mask = walk->nodes[node].mask;
    const uint16_t *buckets = walk->buckets + walk->nodes[node].buckets;
    for (uint32_t at = hash & mask; buckets[at] != 0; at = (at + 1) & mask) {
        const struct node *child = &walk->nodes[buckets[at]];
        if (text_is(child->key, child->ends, key, ends)) return buckets[at];
    }
    return 0;
}

void mapping_bucket_add(struct mapping *mapping, uint32_t node, uint32_t child) {
    uint16_t *buckets = mapping->buckets + mapping->nodes[node].buckets;
    uint32_t hash = text_ends_hash(mapping->nodes[child].ends, mapping->nodes[child].key.length);
    uint32_t at = hash & mapping->nodes[node].mask;
    while (buckets[at] != 0) at = (at + 1) & mapping->nodes[node].mask;
    buckets[at] = (uint16_t)child;
}

/* A key that has escapes and is longer than the room of the scanner. */
static __attribute__((noinline, cold)) struct slice long_key(const struct walk *walk, const char *quote, const char *end) {
    struct span span = {.text = quote + 1, .length = (uint32_t)(end - 1 - (quote + 1)), .kind = SPAN_STRING, .escapes = true};
    return span_text(walk->cursor, &span);
}

/* The colon behind a key, and the space around it. */
static inline const char *colon_pass(const struct scan *scan, const char *at) {
    if (at == scan->end || *at != ':') {
        at = scan_space(scan, at);
        if (at == scan->end || *at != ':') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    }
    return scan_space(scan, at + 1);
}

static __attribute__((noinline, cold)) void key_twice(const struct walk *walk, uint32_t child, const char *at) {
    walk->cursor->doubled = true;
    if (walk->spans[child].twice == 0) walk->spans[child].twice = 1 + (uint32_t)(at - walk->scan->begin);
}

/* The key at `at` goes into the memory when it stands there without escapes and spaces; `end` is its colon. */
static void key_remember(const struct walk *walk, struct level *level, const char *at, const char *end, uint32_t child,
                         uint32_t hash) {
    size_t length = (size_t)(end - at) + 1;
    if (length > PATTERN_BYTES || *end != ':') return;
    struct key_memory *memory = walk->memory;
    unsigned slot = (hash ^ level->node * 0x9E37u) % MEMORY_KEYS;
    struct remembered_key *key = &memory->keys[slot];
    uint64_t owner = walk->serial + level->node;
    bool rival = key->owner == owner && (key->length != length || memcmp(key->pattern, at, length) != 0);
    if (rival) slot = (slot + 1) % MEMORY_KEYS; /* two keys of one object would push each other out for ever */
    key = &memory->keys[slot];
    uint64_t bits = ((uint64_t)1 << length) - 1;
    memcpy(key->pattern, at, length);
    key->first_half = (uint32_t)bits & 0xFFFF;
    key->second_half = (uint32_t)(bits >> 16);
    key->owner = owner;
    key->child = (uint16_t)child;
    key->length = (uint16_t)length;
    memory->next[level->before] = (uint8_t)slot;
    level->before = (uint16_t)slot;
}

#ifdef __SSE2__
static inline bool key_matches(const struct scan *scan, const char *at, const struct remembered_key *key) {
    const __m128i *text = (const __m128i *)(const void *)at;
    const __m128i *wanted = (const __m128i *)(const void *)key->pattern;
    unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(text), _mm_loadu_si128(wanted)));
    if ((~equal & key->first_half) != 0) return false;
    if (key->second_half == 0) return true;
    if (at + 16 > scan->last_block) return false;
    equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(text + 1), _mm_loadu_si128(wanted + 1)));
    return (~equal & key->second_half) == 0;
}
#endif

/* Any key of an object that somebody asks for. Behind its colon. */
static __attribute__((noinline)) const char *key_look_up(const struct walk *walk, struct level *level, const char *at,
                                                         uint32_t *child) {
    const struct scan *scan = walk->scan;
    char room[ID_BYTES_MAX];
    struct text text;
    const char *next = scan_string(scan, at + 1, room, &text);
    if (next == NULL) return NULL;
    struct slice key = {text.data, text.length};
    if (__builtin_expect(text.data == room && text.length > ID_BYTES_MAX, 0)) key = long_key(walk, at, next);
    struct text_ends ends = text_ends_of(key);
    uint32_t hash = text_ends_hash(ends, key.length);
    *child = child_find(walk, level->node, key, ends, hash);
    if (next < scan->end && text.data != room) key_remember(walk, level, at, next, *child, hash);
    return colon_pass(scan, next);
}

/* The key at `at`, its colon and the space around them. *child: the node of its value. */
static inline __attribute__((always_inline)) const char *key_read(const struct walk *walk, struct level *level, const char *at,
                                                                  uint32_t *child) {
    const struct scan *scan = walk->scan;
    const char *next = NULL;
    if (at == scan->end || *at != '"') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    if (walk->nodes[level->node].mask == 0) {
        char room[ID_BYTES_MAX];
        struct text text;
        next = scan_string(scan, at + 1, room, &text);
        if (next == NULL) return NULL;
        *child = 0;
        return colon_pass(scan, next);
    }
#ifdef __SSE2__
    unsigned slot = walk->memory->next[level->before];
    const struct remembered_key *key = &walk->memory->keys[slot];
    if (at <= scan->last_block && key->owner == walk->serial + level->node && key_matches(scan, at, key)) {
        level->before = (uint16_t)slot;
        *child = key->child;
        next = scan_space(scan, at + key->length);
    }
#endif
    if (next == NULL) next = key_look_up(walk, level, at, child);
    if (next != NULL && *child != 0 && walk->spans[*child].kind != SPAN_NONE) {
        key_twice(walk, *child, at);
        *child = 0;
    }
    return next;
}

static inline void span_set(struct span *span, enum span_kind kind, const char *text, size_t length, bool plain) {
    span->text = text;
    span->length = (uint32_t)length;
    span->kind = (uint8_t)kind;
    span->plain = plain;
    span->escapes = false;
}

static __attribute__((noinline)) const char *word_read(const struct walk *walk, const char *at, struct span *span) {
    const struct scan *scan = walk->scan;
    const char *word = *at == 't' ? "true" : *at == 'f' ? "false" : *at == 'n' ? "null" : NULL;
    if (word == NULL) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    const char *next = scan_word(scan, at, word);
    if (next != NULL) span_set(span, *at == 'n' ? SPAN_NULL : SPAN_BOOL, at, (size_t)(next - at), true);
    return next;
}

/* Anything but an object or array. The span of node 0 is written, too, and never read. */
static inline const char *scalar_read(const struct walk *walk, const char *at, uint32_t node) {
    const struct scan *scan = walk->scan;
    struct span *span = &walk->spans[node];
    if (*at == '"') {
        char room[ID_BYTES_MAX];
        struct text text;
        const char *next = scan_string(scan, at + 1, room, &text);
        if (next == NULL) return NULL;
        span_set(span, SPAN_STRING, at + 1, (size_t)(next - at) - 2, text.printable && text.data != room);
        span->escapes = text.data == room;
        span->place = (uint32_t)(at - scan->begin);
        return next;
    }
    span->place = (uint32_t)(at - scan->begin);
    if (*at != '-' && !scan_is_digit(*at)) return word_read(walk, at, span);
    struct number number = {0};
    const char *next = scan_number(scan, at, &number);
    if (next == NULL) return NULL;
    span_set(span, SPAN_NUMBER, at, (size_t)(next - at), number.whole);
    return next;
}

/* Goes on to element `level->index`, which begins at `at`. */
static inline uint32_t element_enter(const struct walk *walk, struct level *level, const char *at) {
    level->last = at;
    uint32_t child = level->next_index;
    if (child == 0 || (uint32_t)walk->nodes[child].index != level->index) return 0;
    level->next_index = walk->nodes[child].next_index;
    return child;
}

/* Behind an opening bracket and space: at the first value inside, whose node *node becomes, or at the closing bracket. */
static inline const char *level_enter(const struct walk *walk, struct level *level, const char *at, uint32_t *node, bool *empty) {
    struct span *span = &walk->spans[*node];
    level->object = *at == '{';
    level->node = (uint16_t)*node;
    level->index = 0;
    level->before = (uint16_t)(MEMORY_KEYS + *node % MEMORY_KEYS);
    level->next_index = walk->nodes[*node].first_index;
    span_set(span, level->object ? SPAN_OBJECT : SPAN_ARRAY, at, 1, false);
    span->place = (uint32_t)(at - walk->scan->begin);
    at = scan_space(walk->scan, at + 1);
    *empty = at < walk->scan->end && *at == (level->object ? '}' : ']');
    if (*empty) return at;
    if (level->object) return key_read(walk, level, at, node);
    *node = element_enter(walk, level, at);
    return at;
}

static const char *walk_value(const struct walk *walk, const char *at, uint32_t node);

/* At the bracket that closes the level. Whatever was found last in an array may be asked for as its last. */
static inline const char *level_leave(const struct walk *walk, const struct level *level, const char *at, bool empty) {
    if (!level->object && level->node != 0) {
        uint32_t count = empty ? 0 : level->index + 1;
        walk->spans[level->node].count = (uint16_t)(count < UINT16_MAX ? count : UINT16_MAX);
        uint32_t last = walk->nodes[level->node].last;
        if (last != 0 && !empty) (void)walk_value(walk, level->last, last);
    }
    return at + 1;
}

/* What is open while a value is read. */
struct stack {
    struct level levels[JSON_DEPTH_MAX];
    unsigned open;
};

/* Behind a value, or at the bracket that closes an empty level: closes what is closed here. Behind the whole value when nothing
 * is open any more, else behind the comma and space. */
static inline const char *levels_close(const struct walk *walk, struct stack *stack, const char *at, bool empty) {
    const struct scan *scan = walk->scan;
    if (at < scan->end && *at == ',') return scan_space(scan, at + 1);
    at = scan_space(scan, at);
    const struct level *level = &stack->levels[stack->open - 1];
    while (at < scan->end && *at == (level->object ? '}' : ']')) {
        at = level_leave(walk, level, at, empty);
        empty = false;
        if (--stack->open == 0) return at;
        level--;
        at = scan_space(scan, at);
    }
    if (at == scan->end || *at != ',') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    return scan_space(scan, at + 1);
}

/* The next member or element of a level that goes on. */
static inline const char *level_next(const struct walk *walk, struct level *level, const char *at, uint32_t *node) {
    if (level->object) return key_read(walk, level, at, node);
    level->index++;
    *node = element_enter(walk, level, at);
    return at;
}

static const char *walk_value(const struct walk *walk, const char *at, uint32_t node) {
    const struct scan *scan = walk->scan;
    struct stack stack;
    stack.open = 0;
    while (at != NULL) {
        bool empty = false;
        if (at == scan->end) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
        if (*at == '{' || *at == '[') {
            if (stack.open == JSON_DEPTH_MAX) return scan_refuse(scan, REASON_TOO_DEEP, at, FIELD_NONE);
            at = level_enter(walk, &stack.levels[stack.open++], at, &node, &empty);
            if (!empty) continue;
        } else {
            at = scalar_read(walk, at, node);
        }
        if (at == NULL || stack.open == 0) return at;
        at = levels_close(walk, &stack, at, empty);
        if (at == NULL || stack.open == 0) return at;
        at = level_next(walk, &stack.levels[stack.open - 1], at, &node);
    }
    return NULL;
}

const char *mapping_walk(struct mapping_cursor *cursor, const char *at, uint32_t node) {
    const struct mapping *mapping = cursor->mapping;
    const struct walk walk = {&cursor->scan,    mapping->nodes,  mapping->buckets, cursor->spans,
                              &cursor->memory,  mapping->serial, cursor};
    return walk_value(&walk, at, node);
}
