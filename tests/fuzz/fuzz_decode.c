/* Fuzzing of the decoders: whatever the bytes are, decode() and decode_reference() must agree on everything.
 *
 * Compared are verdict, reason, byte and field of a refusal, every member of an event, and that its slices lie in the message
 * or in the event; and what they refuse as no JSON, jansson alone must refuse. No disagreement is accepted
 * (tests/fuzz/README.md). Both events start from different bytes, so that a member that one decoder forgets to set is a
 * difference. decode() reads each message twice: its guess of the next key depends on what came before, its result must not.
 * The second time a twin comes before it, with the same keys in the same order and nothing else, so that all guesses are
 * right and every member goes the short way that it can. The message ends where its block ends, so that the sanitizer sees
 * every byte too many, and starts at an address that its content decides, so that no alignment is assumed.
 *
 * Because of those guesses a mistake may need the messages before it: the last ones are kept, and written to the directory
 * FUZZ_BEFORE, if that is set, when the decoders disagree.
 *
 * Built and run by tests/fuzz.sh (libFuzzer of clang); given files as arguments, the program replays them. */
#include "check.h"
#include "tests/fuzz/fuzz_outline.h"
#include "tests/fuzz/fuzz_words.h"
#include "tests/support/event_text.h"

#include <jansson.h>
#include <stdlib.h>

enum { ALIGNMENTS = 32, BEFORE = 256, BEFORE_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct answer {
    bool valid;
    struct event event;
    struct rejection rejection;
};

static struct {
    unsigned char bytes[BEFORE][BEFORE_BYTES];
    size_t lengths[BEFORE];
    size_t count;
} before;

static void before_keep(const unsigned char *data, size_t size) {
    size_t place = before.count++ % BEFORE;
    before.lengths[place] = size < BEFORE_BYTES ? size : BEFORE_BYTES;
    if (size > 0) memcpy(before.bytes[place], data, before.lengths[place]);
}

/* Oldest first, so that the names in their order are the order of replay. */
static void before_write(void) {
    const char *directory = getenv("FUZZ_BEFORE");
    if (directory == NULL) return;
    for (size_t i = before.count > BEFORE ? before.count - BEFORE : 0; i < before.count; i++) {
        char path[600];
        (void)snprintf(path, sizeof(path), "%s/%09zu", directory, i);
        FILE *file = fopen(path, "wb");
        if (file == NULL) return;
        (void)fwrite(before.bytes[i % BEFORE], 1, before.lengths[i % BEFORE], file);
        (void)fclose(file);
    }
}

static __attribute__((noreturn)) void stop(const char *what, const struct answer *first, const struct answer *second) {
    (void)fprintf(stderr, "the decoders disagree on %s: decode %s %u %s, decode_reference %s %u %s\n", what,
                  reason_name(first->rejection.reason), first->rejection.byte, first->rejection.field,
                  reason_name(second->rejection.reason), second->rejection.byte, second->rejection.field);
    before_write();
    abort();
}

static void compare(const struct answer *first, const struct answer *second) {
    if (first->valid != second->valid) stop("the verdict", first, second);
    if (first->valid) {
        const char *member = event_difference(&first->event, &second->event);
        if (member != NULL) stop(member, first, second);
        return;
    }
    if (first->rejection.reason != second->rejection.reason) stop("the reason", first, second);
    if (first->rejection.byte != second->rejection.byte) stop("the byte", first, second);
    if (strcmp(first->rejection.field, second->rejection.field) != 0) stop("the field", first, second);
}

static bool within(struct slice part, const char *begin, size_t length) {
    return part.length == 0 || (part.data >= begin && part.data + part.length <= begin + length);
}

static bool kept(struct slice part, struct slice message, const struct event *event) {
    return within(part, message.data, message.length) || within(part, event->scratch[0], sizeof(event->scratch));
}

static void check_slices(struct slice message, const struct event *event) {
    CHECK(kept(event->source, message, event));
    CHECK(kept(event->account_id, message, event));
    CHECK(kept(event->buyer_id, message, event));
    CHECK(within(event->document, message.data, message.length));
}

typedef bool decoder_function(const struct decoder *, struct slice, struct event *, struct rejection *);

static void run(decoder_function *function, const struct decoder *decoder, struct slice message, int fill, struct answer *out) {
    memset(&out->event, fill, sizeof(out->event));
    out->rejection = (struct rejection){REASON_NONE, 0, ""};
    out->valid = function(decoder, message, &out->event, &out->rejection);
    if (out->valid) {
        check_slices(message, &out->event);
    } else {
        CHECK(out->rejection.byte <= message.length);
    }
}

/* What both decoders say is no JSON, jansson alone must say, too. (What they accept, decode_reference() has asked it.) Not when
 * there is a NUL: jansson 2.14 overlooks one behind a number. */
static void check_refusal(struct slice message, const struct answer *answer) {
    enum reason reason = answer->rejection.reason;
    if (answer->valid || (reason != REASON_NOT_JSON && reason != REASON_BAD_UTF8)) return;
    if (memchr(message.data, '\0', message.length) != NULL) return;
    json_t *root = json_loadb(message.data, message.length, 0, NULL);
    if (json_is_object(root)) {
        (void)fprintf(stderr, "the decoders disagree with jansson, which accepts what is %s at %u\n", reason_name(reason),
                      answer->rejection.byte);
        before_write();
        abort();
    }
    json_decref(root);
}

/* The keys of a message, in their order, with null; its kind, when it has one. Keys that are not listed are `x`. */
static void twin_put(const char *text, const struct outline *outline, struct draft *twin) {
    uint64_t seen[2] = {0, 0};
    draft_text(twin, "{");
    for (size_t i = 0; i < outline->member_count; i++) {
        enum field field = outline_field(text, outline->keys[i]);
        struct span value = outline->values[i];
        if (field != FIELD_NONE && (seen[field_set(field)] & field_bit(field)) != 0) continue;
        if (field != FIELD_NONE) seen[field_set(field)] |= field_bit(field);
        draft_text(twin, twin->length > 1 ? ",\"" : "\"");
        draft_text(twin, field != FIELD_NONE ? field_rules[field].name : "x");
        draft_text(twin, "\":");
        if (field == FIELD_TYPE && value.end > value.begin && text[value.begin] == '"') {
            draft_put(twin, text + value.begin, value.end - value.begin);
        } else {
            draft_text(twin, "null");
        }
    }
    draft_text(twin, "}");
}

static void twin_read(const struct decoder *decoder, struct slice message) {
    static struct outline outline;
    static char room[BEFORE_BYTES];
    struct draft twin = {room, 0, sizeof(room)};
    struct event event;
    struct rejection rejection;
    outline_find(message.data, message.length, &outline);
    twin_put(message.data, &outline, &twin);
    (void)decode(decoder, (struct slice){twin.data, twin.length}, &event, &rejection);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    static struct decoder *decoder;
    static struct answer first;
    static struct answer again;
    static struct answer second;
    if (decoder == NULL) decoder = test_decoder();
    size_t sum = size;
    for (size_t i = 0; i < size; i++) sum += data[i];
    size_t start = sum % ALIGNMENTS;
    char *block = malloc(start + size + (start + size == 0));
    CHECK(block != NULL);
    if (size > 0) memcpy(block + start, data, size);
    struct slice message = {block + start, size};
    before_keep(data, size);
    run(decode, decoder, message, 0x55, &first);
    run(decode_reference, decoder, message, 0x33, &second);
    compare(&first, &second);
    twin_read(decoder, message);
    run(decode, decoder, message, 0x22, &again);
    compare(&again, &second);
    check_refusal(message, &second);
    free(block);
    return 0;
}
