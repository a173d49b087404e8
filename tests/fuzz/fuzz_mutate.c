/* Mutations that know JSON, for libFuzzer: most random bytes are refused at the first brace, so the interesting places - the
 * second of two equal keys, the last digit that fits, the half surrogate at the end - would hardly ever be reached.
 *
 * One mutation is one to four edits: members are put in, left out, doubled, swapped, renamed, given another
 * value; strings get pieces; blanks come between tokens; the end is cut off. One time in four libFuzzer's own byte mutations
 * are used instead. The same seed makes the same mutation. */
#include "check.h"
#include "tests/fuzz/fuzz_outline.h"
#include "tests/fuzz/fuzz_words.h"

enum { PIECE_MAX = 4096, EDITS_MAX = 4 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t max_out_size, unsigned int seed);

/* Puts `bytes` in the place of [begin, end); without effect when that would be too long. */
static void splice(struct draft *text, struct span place, const char *bytes, size_t length) {
    size_t rest = text->length - place.end;
    if (place.begin + length + rest > text->capacity) return;
    memmove(text->data + place.begin + length, text->data + place.end, rest);
    if (length > 0) memcpy(text->data + place.begin, bytes, length);
    text->length = place.begin + length + rest;
}

static size_t some_member(struct chance *chance, const struct outline *outline) {
    return chance_below(chance, (uint32_t)outline->member_count);
}

/* A new member in front of one that is there. */
static void member_insert(struct chance *chance, struct draft *text, const struct outline *outline) {
    char room[PIECE_MAX];
    struct draft piece = {room, 0, sizeof(room)};
    enum field field = chance_below(chance, 8) == 0 ? FIELD_NONE : words_field(chance);
    words_key(chance, field, &piece);
    draft_text(&piece, ":");
    words_value(chance, field, &piece);
    draft_text(&piece, ",");
    size_t at = outline->members[some_member(chance, outline)].begin;
    splice(text, (struct span){at, at}, piece.data, piece.length);
}

/* Without the comma behind it, or before it: mostly the text stays whole. */
static void member_delete(struct chance *chance, struct draft *text, const struct outline *outline) {
    size_t member = some_member(chance, outline);
    struct span place = outline->members[member];
    if (member + 1 < outline->member_count) {
        place.end = outline->members[member + 1].begin;
    } else if (member > 0) {
        place.begin = outline->members[member - 1].end;
    }
    splice(text, place, "", 0);
}

static void member_double(struct chance *chance, struct draft *text, const struct outline *outline) {
    char room[PIECE_MAX];
    struct draft piece = {room, 0, sizeof(room)};
    struct span from = outline->members[some_member(chance, outline)];
    draft_put(&piece, text->data + from.begin, from.end - from.begin);
    draft_text(&piece, ",");
    size_t at = outline->members[some_member(chance, outline)].begin;
    splice(text, (struct span){at, at}, piece.data, piece.length);
}

static void members_swap(struct chance *chance, struct draft *text, const struct outline *outline) {
    char room[PIECE_MAX];
    struct draft piece = {room, 0, sizeof(room)};
    size_t first = some_member(chance, outline);
    size_t second = some_member(chance, outline);
    if (first == second) return;
    struct span a = outline->members[first < second ? first : second];
    struct span b = outline->members[first < second ? second : first];
    draft_put(&piece, text->data + b.begin, b.end - b.begin);
    draft_put(&piece, text->data + a.end, b.begin - a.end);
    draft_put(&piece, text->data + a.begin, a.end - a.begin);
    if (piece.length == b.end - a.begin) splice(text, (struct span){a.begin, b.end}, piece.data, piece.length);
}

static void key_change(struct chance *chance, struct draft *text, const struct outline *outline) {
    char room[PIECE_MAX];
    struct draft piece = {room, 0, sizeof(room)};
    size_t member = some_member(chance, outline);
    bool same = chance_below(chance, 2) == 0; /* the same name, maybe written with escapes */
    words_key(chance, same ? outline_field(text->data, outline->keys[member]) : words_field(chance), &piece);
    splice(text, outline->keys[member], piece.data, piece.length);
}

static void value_change(struct chance *chance, struct draft *text, const struct outline *outline) {
    char room[PIECE_MAX];
    struct draft piece = {room, 0, sizeof(room)};
    size_t member = some_member(chance, outline);
    words_value(chance, outline_field(text->data, outline->keys[member]), &piece);
    splice(text, outline->values[member], piece.data, piece.length);
}

/* Into a string, or between two tokens. */
static void token_change(struct chance *chance, struct draft *text, const struct outline *outline) {
    static const char *const between[] = {" ",  "\n", "\t",       "\r", "  ",  "                ", "\f",
                                          "\v", ",",  "\xc2\xa0", "0",  "\"", "{",                "}"};
    char room[PIECE_MAX];
    struct draft piece = {room, 0, sizeof(room)};
    const struct token *token = &outline->tokens[chance_below(chance, (uint32_t)outline->token_count)];
    size_t at = token->span.begin;
    if (token->kind == '"' && token->span.end > at + 1) {
        uint32_t inside = (uint32_t)(token->span.end - at - 1);
        at += chance_below(chance, 3) == 0 ? inside : 1 + chance_below(chance, inside); /* often at the end */
        words_piece(chance, &piece);
    } else {
        draft_text(&piece, between[chance_below(chance, sizeof(between) / sizeof(between[0]))]);
    }
    splice(text, (struct span){at, at}, piece.data, piece.length);
}

/* Lengthens or shortens the run of digits at some number by a few bytes, or changes its last one. */
static void digits_change(struct chance *chance, struct draft *text, const struct outline *outline) {
    const struct token *token = &outline->tokens[chance_below(chance, (uint32_t)outline->token_count)];
    if (token->kind != '0') return;
    char digit = (char)('0' + chance_below(chance, 10));
    size_t end = token->span.end;
    splice(text, (struct span){chance_below(chance, 2) == 0 ? end - 1 : end, end}, &digit, chance_below(chance, 4) == 0 ? 0 : 1);
}

static void cut_end(struct chance *chance, struct draft *text) {
    if (text->length > 0) text->length = chance_below(chance, (uint32_t)text->length);
    if (chance_below(chance, 2) == 0) draft_text(text, "}");
}

static void edit(struct chance *chance, struct draft *text) {
    static struct outline outline;
    outline_find(text->data, text->length, &outline);
    uint32_t how = chance_below(chance, 32);
    if (outline.token_count == 0 || how == 0) {
        text->length = 0;
        words_event(chance, text);
    } else if (how == 1) {
        cut_end(chance, text);
    } else if (how < 6 || outline.member_count == 0) {
        token_change(chance, text, &outline);
    } else if (how < 8) {
        digits_change(chance, text, &outline);
    } else if (how < 14) {
        member_insert(chance, text, &outline);
    } else if (how < 16) {
        member_delete(chance, text, &outline);
    } else if (how < 18) {
        member_double(chance, text, &outline);
    } else if (how < 21) {
        members_swap(chance, text, &outline);
    } else if (how < 23) {
        key_change(chance, text, &outline);
    } else {
        value_change(chance, text, &outline);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    struct chance chance = {seed};
    if (chance_below(&chance, 4) == 0) return LLVMFuzzerMutate(data, size, max_size);
    struct draft text = {(char *)data, size, max_size};
    for (uint32_t edits = 1 + chance_below(&chance, EDITS_MAX); edits > 0; edits--) edit(&chance, &text);
    return text.length;
}

/* The first message with a member of the second in front of one of its own, or in the place of one. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t max_out_size, unsigned int seed) {
    static struct outline mine;
    static struct outline other;
    struct chance chance = {seed};
    struct draft text = {(char *)out, 0, max_out_size};
    draft_put(&text, (const char *)data1, size1);
    outline_find(text.data, text.length, &mine);
    outline_find((const char *)data2, size2, &other);
    if (mine.member_count == 0 || other.member_count == 0) return text.length;
    char room[PIECE_MAX];
    struct draft piece = {room, 0, sizeof(room)};
    struct span from = other.members[some_member(&chance, &other)];
    struct span place = mine.members[some_member(&chance, &mine)];
    draft_put(&piece, (const char *)data2 + from.begin, from.end - from.begin);
    if (chance_below(&chance, 2) == 0) {
        draft_text(&piece, ",");
        place.end = place.begin;
    }
    splice(&text, place, piece.data, piece.length);
    return text.length;
}
