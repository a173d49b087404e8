/* See fuzz_outline.h. The lexer is lenient, so broken text has tokens, too; the members of the outer object are found by counting
 * brackets. */
#include "tests/fuzz/fuzz_outline.h"

static size_t string_end(const char *text, size_t at, size_t length) {
    for (at++; at < length; at++) {
        if (text[at] == '\\') {
            at++;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return length;
}

static bool is_mark(char byte) {
    return byte == '{' || byte == '}' || byte == '[' || byte == ']' || byte == ',' || byte == ':';
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void tokens_find(const char *text, size_t length, struct outline *outline) {
    outline->token_count = 0;
    for (size_t at = 0; at < length && outline->token_count < TOKENS_MAX;) {
        size_t end = at + 1;
        char kind = text[at];
        if (is_blank(kind)) {
            at++;
            continue;
        }
        if (kind == '"') {
            end = string_end(text, at, length);
        } else if (!is_mark(kind)) {
            while (end < length && !is_mark(text[end]) && !is_blank(text[end]) && text[end] != '"') end++;
            kind = '0';
        }
        outline->tokens[outline->token_count++] = (struct token){{at, end}, kind};
        at = end;
    }
}

/* How much deeper it is behind this mark. */
static int step_of(char kind) {
    if (kind == '{' || kind == '[') return 1;
    return kind == '}' || kind == ']' ? -1 : 0;
}

/* Opens a member behind token `i`, if a string stands there and something behind it. */
static bool member_open(struct outline *outline, size_t i, size_t member) {
    if (i + 3 >= outline->token_count || outline->tokens[i + 1].kind != '"') return false;
    outline->keys[member] = outline->tokens[i + 1].span;
    outline->values[member].begin = outline->tokens[i + 3].span.begin;
    outline->members[member].begin = outline->tokens[i + 1].span.begin;
    return true;
}

/* A member begins with a string behind `{` or `,` of depth 1 and ends before the next `,` or `}` of that depth. */
static void members_find(struct outline *outline) {
    int depth = 0;
    bool open = false;
    size_t count = 0;
    for (size_t i = 0; i < outline->token_count && count < MEMBERS_MAX; i++) {
        const struct token *token = &outline->tokens[i];
        if (depth == 1 && (token->kind == ',' || token->kind == '}')) {
            count += open;
            open = false;
            if (count == MEMBERS_MAX) break;
        }
        depth += step_of(token->kind);
        if (depth == 1 && (token->kind == '{' || token->kind == ',')) open = member_open(outline, i, count);
        if (open) outline->members[count].end = outline->values[count].end = token->span.end;
    }
    outline->member_count = count;
}

void outline_find(const char *text, size_t length, struct outline *outline) {
    tokens_find(text, length, outline);
    members_find(outline);
}

enum field outline_field(const char *text, struct span key) {
    struct slice name = {text + key.begin + 1, key.end - key.begin > 2 ? key.end - key.begin - 2 : 0};
    for (unsigned field = 1; field < FIELD_LIMIT; field++) {
        if (slice_equal(name, slice_of(field_rules[field].name))) return (enum field)field;
    }
    return FIELD_NONE;
}
