/* From pointers to the trie that mapping_walk.c goes along.
 *
 * Under an envelope the body can stand in several places (Debezium: `after` or `before`, at the top or in `payload`), and
 * which one it is may be known only when the message has been read, because keys come in any order. So the pointers into
 * the body are put into the trie once for each place, a variant, and all are followed in the one pass; afterwards the
 * variant says whose spans count. Pointers of all variants that share a path share its nodes. */
#include "ingest/mapping_draft.h"

#include <stdio.h>
#include <stdlib.h>

static bool path_hold(struct draft *draft, const char *text, const char *path) {
    size_t tokens = 0;
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '/') tokens++;
        if (*at == '~' && at[1] != '0' && at[1] != '1') {
            return draft_refuse(draft, "pointer \"%.80s\": ~ must be followed by 0 (for ~) or 1 (for /)", text);
        }
    }
    if (tokens <= TOKENS_MAX) return true;
    return draft_refuse(draft, "pointer \"%.80s\": has %zu tokens, at most %d; messages nest no deeper", text, tokens,
                        TOKENS_MAX);
}

static bool name_hold(struct draft *draft, const char *text, const char *name) {
    if (name[0] != '\0' && strlen(name) <= 64) return true;
    return draft_refuse(draft, "pointer \"%.80s\": a name of 1 to 64 bytes must follow the colon", text);
}

static bool origin_find(struct draft *draft, const char *text, bool inside, struct pointer *pointer) {
    static const char envelope[] = "envelope:";
    static const char header[] = "header:";
    struct mapping *mapping = draft->mapping;
    *pointer = (struct pointer){.origin = ORIGIN_BODY, .text = text, .path = text};
    if (text[0] == '\0' || text[0] == '/') return path_hold(draft, text, text);
    if (text[0] == '@' && (text[1] == '\0' || text[1] == '/')) {
        pointer->origin = ORIGIN_ELEMENT;
        pointer->path = text + 1;
        if (inside) return path_hold(draft, text, text + 1);
        return draft_refuse(draft, "pointer \"%.80s\": @ is an element of `each`, so it stands in `event`, `only_each` and "
                            "`ignore_each` of a mapping that has `each`", text);
    }
    if (strncmp(text, envelope, sizeof(envelope) - 1) == 0) {
        pointer->origin = ORIGIN_ENVELOPE;
        pointer->path = text + sizeof(envelope) - 1;
        if (mapping->envelope == ENVELOPE_NONE) {
            return draft_refuse(draft, "pointer \"%.80s\": this mapping has no envelope; write `/...`, or add \"envelope\"",
                                text);
        }
        (void)snprintf(pointer->header, sizeof(pointer->header), "ce_%.64s", pointer->path);
        if (pointer->path[0] != '/' && !name_hold(draft, text, pointer->path)) return false;
        return path_hold(draft, text, pointer->path);
    }
    if (strncmp(text, header, sizeof(header) - 1) == 0) {
        pointer->origin = ORIGIN_HEADER;
        pointer->path = text + sizeof(header) - 1;
        mapping->needs_headers = true;
        return name_hold(draft, text, pointer->path);
    }
    static const struct {
        const char *text;
        enum origin origin;
    } records[] = {{"record:time", ORIGIN_TIME}, {"record:key", ORIGIN_KEY}, {"record:topic", ORIGIN_TOPIC}};
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        if (strcmp(text, records[i].text) != 0) continue;
        pointer->origin = records[i].origin;
        mapping->needs_headers |= records[i].origin != ORIGIN_TOPIC;
        return true;
    }
    return draft_refuse(draft, "pointer \"%.80s\": accepted are /a/b, @/a, envelope:NAME, header:NAME, record:time, record:key, "
                        "record:topic", text);
}

int32_t pointer_add(struct draft *draft, const char *text, bool inside) {
    struct mapping *mapping = draft->mapping;
    struct pointer pointer;
    if (!origin_find(draft, text, inside, &pointer)) return -1;
    for (size_t i = 0; i < mapping->pointer_count; i++) {
        if (strcmp(mapping->pointers[i].text, text) == 0) return (int32_t)i;
    }
    if (mapping->pointer_count == POINTERS_MAX) {
        (void)draft_refuse(draft, "this is pointer %d of the mapping; at most %d different ones", POINTERS_MAX + 1, POINTERS_MAX);
        return -1;
    }
    mapping->pointers[mapping->pointer_count] = pointer;
    return (int32_t)mapping->pointer_count++;
}

/* ---- the trie ---- */

/* A new node; 0 when there are too many. */
static uint16_t node_add(struct mapping *mapping, struct slice key) {
    if (mapping->node_count == NODES_MAX) return 0;
    mapping->nodes[mapping->node_count] = (struct node){.key = key, .ends = text_ends_of(key), .index = -1};
    return (uint16_t)mapping->node_count++;
}

/* A token as an index of arrays; -1 when it is none. */
static int32_t index_of(struct slice token) {
    if (token.length == 0 || token.length > 9 || (token.data[0] == '0' && token.length > 1)) return -1;
    int32_t index = 0;
    for (size_t i = 0; i < token.length; i++) {
        if (token.data[i] < '0' || token.data[i] > '9') return -1;
        index = index * 10 + (token.data[i] - '0');
    }
    return index;
}

static void index_insert(struct mapping *mapping, uint16_t parent, uint16_t child) {
    struct node *nodes = mapping->nodes;
    uint16_t *link = &nodes[parent].first_index;
    while (*link != 0 && nodes[*link].index < nodes[child].index) link = &nodes[*link].next_index;
    nodes[child].next_index = *link;
    *link = child;
}

/* Finds or adds a child. */
static uint16_t node_child(struct mapping *mapping, uint16_t parent, struct slice key) {
    struct node *nodes = mapping->nodes;
    for (uint16_t child = nodes[parent].first_child; child != 0; child = nodes[child].next_sibling) {
        if (slice_equal(nodes[child].key, key)) return child;
    }
    uint16_t child = node_add(mapping, key);
    if (child == 0) return 0;
    nodes[child].next_sibling = nodes[parent].first_child;
    nodes[parent].first_child = child;
    nodes[child].index = index_of(key);
    if (nodes[child].index >= 0) index_insert(mapping, parent, child);
    if (slice_equal(key, SLICE("-1"))) nodes[parent].last = child;
    return child;
}

/* A token without its escapes; the text is the mapping's. Null data when memory is out. */
static struct slice token_text(struct mapping *mapping, const char *token, size_t length) {
    if (memchr(token, '~', length) == NULL) return (struct slice){token, length};
    char *plain = malloc(length + 1);
    if (plain == NULL) return (struct slice){NULL, 0};
    size_t out = 0;
    for (size_t i = 0; i < length; i++) {
        plain[out++] = token[i] != '~' ? token[i] : token[i + 1] == '0' ? '~' : '/';
        i += token[i] == '~';
    }
    json_t *kept = json_stringn(plain, out);
    free(plain);
    if (json_array_append_new(mapping->owned, kept) != 0) return (struct slice){NULL, 0};
    return (struct slice){json_string_value(kept), out};
}

/* The node of a path below `base`; every node on the way belongs to `variants`. 0 when memory or nodes are out. */
static uint16_t path_insert(struct mapping *mapping, uint16_t base, const char *path, unsigned variants) {
    uint16_t node = base;
    const char *at = path;
    while (*at != '\0' && node != 0) {
        if (*at == '/') at++;
        size_t length = strcspn(at, "/");
        struct slice token = token_text(mapping, at, length);
        if (token.data == NULL) return 0;
        node = node_child(mapping, node, token);
        mapping->nodes[node].variants |= (uint8_t)variants;
        at += length;
        if (*at == '/' && at[1] == '\0') { /* "a/" ends in an empty token */
            node = node_child(mapping, node, (struct slice){at, 0});
            mapping->nodes[node].variants |= (uint8_t)variants;
            at++;
        }
    }
    return node;
}

/* One variant: all pointers of the message, with the body and the envelope at these nodes (no envelope in the trie: 0). */
static bool variant_build(struct mapping *mapping, unsigned variant, uint16_t body, uint16_t envelope) {
    for (size_t i = 0; i < mapping->pointer_count; i++) {
        struct pointer *pointer = &mapping->pointers[i];
        uint16_t node = 0;
        if (pointer->origin == ORIGIN_ELEMENT) continue;
        if (pointer->origin == ORIGIN_BODY) {
            node = path_insert(mapping, body, pointer->path, 1U << variant);
        } else if (pointer->origin == ORIGIN_ENVELOPE && envelope != 0) {
            node = path_insert(mapping, envelope, pointer->path, 1U << variant);
        } else {
            node = node_add(mapping, (struct slice){"", 0}); /* not in the trie: filled from outside */
        }
        if (node == 0) return false;
        pointer->node[variant] = node;
    }
    return true;
}

static bool debezium_build(struct mapping *mapping) {
    struct envelope_nodes *at = &mapping->at;
    uint16_t tops[2] = {mapping->root_node, at->payload = node_child(mapping, mapping->root_node, SLICE("payload"))};
    for (unsigned payload = 0; payload < 2; payload++) {
        at->op[payload] = node_child(mapping, tops[payload], SLICE("op"));
        at->after[payload] = node_child(mapping, tops[payload], SLICE("after"));
        at->before[payload] = node_child(mapping, tops[payload], SLICE("before"));
        if (!variant_build(mapping, payload * VARIANT_IN_PAYLOAD, at->after[payload], tops[payload])) return false;
        if (!mapping->deletes_before) continue;
        unsigned before = payload * VARIANT_IN_PAYLOAD + VARIANT_BEFORE;
        if (!variant_build(mapping, before, at->before[payload], tops[payload])) return false;
    }
    return true;
}

static bool message_build(struct mapping *mapping) {
    mapping->root_node = node_add(mapping, (struct slice){"", 0});
    if (mapping->envelope == ENVELOPE_DEBEZIUM) return debezium_build(mapping);
    if (mapping->envelope == ENVELOPE_NONE) return variant_build(mapping, VARIANT_WHOLE, mapping->root_node, 0);
    mapping->at.specversion = node_child(mapping, mapping->root_node, SLICE("specversion"));
    mapping->at.data = node_child(mapping, mapping->root_node, SLICE("data"));
    if (!variant_build(mapping, VARIANT_STRUCTURED, mapping->at.data, mapping->root_node)) return false;
    mapping->binary_root = node_add(mapping, (struct slice){"", 0});
    return variant_build(mapping, VARIANT_BINARY, mapping->binary_root, 0);
}

static bool elements_build(struct mapping *mapping) {
    mapping->message_nodes = mapping->node_count;
    mapping->element_root = node_add(mapping, (struct slice){"", 0});
    for (size_t i = 0; i < mapping->pointer_count; i++) {
        struct pointer *pointer = &mapping->pointers[i];
        if (pointer->origin != ORIGIN_ELEMENT) continue;
        uint16_t node = path_insert(mapping, mapping->element_root, pointer->path, UINT8_MAX);
        if (node == 0) return false;
        for (size_t variant = 0; variant < VARIANTS_MAX; variant++) pointer->node[variant] = node;
    }
    return true;
}

/* Children as hashes of their keys. */
static bool buckets_build(struct mapping *mapping) {
    mapping->buckets = calloc(4 * (size_t)mapping->node_count + 1, sizeof(*mapping->buckets));
    if (mapping->buckets == NULL) return false;
    for (uint32_t i = 1; i < mapping->node_count; i++) {
        struct node *node = &mapping->nodes[i];
        uint32_t children = 0;
        for (uint16_t child = node->first_child; child != 0; child = mapping->nodes[child].next_sibling) children++;
        if (children == 0) continue;
        uint32_t size = 2;
        while (size < 2 * children) size *= 2;
        node->buckets = mapping->bucket_count;
        node->mask = size - 1;
        mapping->bucket_count += size;
        for (uint16_t child = node->first_child; child != 0; child = mapping->nodes[child].next_sibling) {
            mapping_bucket_add(mapping, i, child);
        }
    }
    return true;
}

bool pointers_build(struct draft *draft) {
    struct mapping *mapping = draft->mapping;
    for (size_t i = 0; i < mapping->pointer_count; i++) {
        enum origin origin = mapping->pointers[i].origin;
        bool in_trie = origin == ORIGIN_BODY || origin == ORIGIN_ELEMENT ||
                       (origin == ORIGIN_ENVELOPE && mapping->envelope == ENVELOPE_DEBEZIUM);
        if (!in_trie) mapping->outside[mapping->outside_count++] = (uint16_t)i;
    }
    mapping->nodes = calloc(NODES_MAX, sizeof(*mapping->nodes));
    if (mapping->nodes == NULL) return draft_memory(draft);
    mapping->node_count = 1; /* node 0 is nobody */
    if (!message_build(mapping) || !elements_build(mapping)) {
        return draft_refuse(draft, "the pointers have more than %d tokens together; ask for less of the message", NODES_MAX - 1);
    }
    return buckets_build(mapping) || draft_memory(draft);
}
