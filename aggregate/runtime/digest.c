/* SHA-256 through libmd: configuration hashes, registry cuts and manifests. libmd and not OpenSSL, because one hash function does
 * not justify a TLS library in the process; and not our own lines, because a hash that people check with sha256sum must not be
 * ours. */
#include "aggregate/runtime/digest.h"

#include <errno.h>
#include <sha256.h>
#include <stdio.h>

_Static_assert(sizeof(SHA2_CTX) <= sizeof(struct digest), "struct digest is too small");
_Static_assert(SHA256_DIGEST_LENGTH == DIGEST_RAW_BYTES, "another SHA-256");

void digest_text(const uint8_t raw[static DIGEST_RAW_BYTES], char out[static DIGEST_TEXT_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_RAW_BYTES; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[2 * (size_t)DIGEST_RAW_BYTES] = '\0';
}

static void finish(SHA2_CTX *state, char out[static DIGEST_TEXT_BYTES]) {
    uint8_t raw[SHA256_DIGEST_LENGTH];
    SHA256Final(raw, state);
    digest_text(raw, out);
}

void digest_begin(struct digest *digest) {
    SHA256Init((SHA2_CTX *)(void *)digest);
}

void digest_add(struct digest *digest, struct slice bytes) {
    if (bytes.length > 0) SHA256Update((SHA2_CTX *)(void *)digest, (const uint8_t *)bytes.data, bytes.length);
}

void digest_end(struct digest *digest, uint8_t out[static DIGEST_RAW_BYTES]) {
    SHA256Final(out, (SHA2_CTX *)(void *)digest);
}

void digest_bytes(struct slice bytes, char out[static DIGEST_TEXT_BYTES]) {
    SHA2_CTX state;
    SHA256Init(&state);
    if (bytes.length > 0) SHA256Update(&state, (const uint8_t *)bytes.data, bytes.length);
    finish(&state, out);
}

bool digest_file(const char *path, char out[static DIGEST_TEXT_BYTES], struct fault *fault) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: cannot be read: %s", path, strerror(errno));
    SHA2_CTX state;
    SHA256Init(&state);
    uint8_t block[16384];
    size_t length;
    while ((length = fread(block, 1, sizeof(block), file)) > 0)
        SHA256Update(&state, block, length);
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (broken) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: reading broke off: %s", path, strerror(errno));
    finish(&state, out);
    return true;
}

bool digest_line(char *line, char **digest, char **name) {
    enum { DIGITS = DIGEST_TEXT_BYTES - 1 };
    size_t length = strcspn(line, "\n");
    if (line[length] != '\n' || length < DIGITS + 3 || strspn(line, "0123456789abcdef") != DIGITS) return false;
    if (line[DIGITS] != ' ' || line[DIGITS + 1] != ' ') return false;
    line[length] = '\0';
    line[DIGITS] = '\0';
    *digest = line;
    *name = line + DIGITS + 2;
    return strchr(*name, '/') == NULL && (*name)[0] != '.';
}
