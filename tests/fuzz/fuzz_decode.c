/* Fuzzing of the decoders: whatever the bytes are, decode() and decode_reference() must agree on everything.
 *
 * With libFuzzer (clang); the fixtures are the best corpus to start from:
 *
 *     clang -std=c17 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -DNHIP_LIBFUZZER -iquote . -iquote include \
 *         -include include/banned.h tests/fuzz/fuzz_decode.c ingest/decode*.c ingest/unit*.c ingest/currency.c ingest/zone.c \
 *         ingest/codes.c ingest/fault.c tests/support/event_text.c -ljansson -o build/fuzz_decode
 *     mkdir -p build/corpus && build/fuzz_decode -max_len=4096 -max_total_time=60 build/corpus tests/fuzz/corpus_decode \
 *         tests/cases/decode/valid tests/cases/decode/invalid
 *
 * Without -DNHIP_LIBFUZZER it is a plain program that replays the files it is given (crashes that were found, or a
 * corpus), for compilers that have no fuzzer: replace `-fsanitize=fuzzer,...` by nothing. It stops with a message
 * at the first disagreement. */
#include "check.h"
#include "tests/support/event_text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    static struct decoder *decoder;
    if (decoder == NULL) decoder = test_decoder();
    /* A block of exactly this size, so that the sanitizer sees every byte too many. */
    char *exact = malloc(size > 0 ? size : 1);
    CHECK(exact != NULL);
    memcpy(exact, data, size);
    struct slice message = {exact, size};
    struct event first;
    struct event second;
    struct rejection one = {REASON_NONE, 0, ""};
    struct rejection other = {REASON_NONE, 0, ""};
    bool valid = decode(decoder, message, &first, &one);
    CHECK(valid == decode_reference(decoder, message, &second, &other));
    if (valid) {
        CHECK(event_difference(&first, &second) == NULL);
    } else {
        CHECK(one.reason == other.reason);
        CHECK(one.byte == other.byte);
        CHECK(one.byte <= size || one.reason == REASON_TOO_LARGE);
        CHECK(strcmp(one.field, other.field) == 0);
    }
    free(exact);
    return 0;
}

#ifndef NHIP_LIBFUZZER
enum { FILE_BYTES_MAX = 1 << 20 };

int main(int argc, char **argv) {
    unsigned char *bytes = malloc(FILE_BYTES_MAX);
    CHECK(bytes != NULL);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            (void)fprintf(stderr, "fuzz_decode: cannot read %s\n", argv[i]);
            free(bytes);
            return 1;
        }
        size_t size = fread(bytes, 1, FILE_BYTES_MAX, file);
        (void)fclose(file);
        (void)LLVMFuzzerTestOneInput(bytes, size);
    }
    printf("%d files: both decoders agree\n", argc - 1);
    free(bytes);
    return 0;
}
#endif
