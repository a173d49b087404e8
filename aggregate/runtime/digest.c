/* SHA-256 through libmd: configuration hashes, registry cuts and manifests. libmd and not OpenSSL, because one hash function does
 * not justify a TLS library in the process; and not our own lines, because a hash that people check with sha256sum must not be
 * ours. */
#include "aggregate/runtime/digest.h"

#include <errno.h>
#include <sha256.h>
#include <stdio.h>

static void finish(SHA2_CTX *state, char out[static DIGEST_TEXT_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t raw[SHA256_DIGEST_LENGTH];
    SHA256Final(raw, state);
    for (size_t i = 0; i < sizeof(raw); i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[2 * sizeof(raw)] = '\0';
}

void digest_bytes(struct slice bytes, char out[static DIGEST_TEXT_BYTES]) {
    SHA2_CTX state;
    SHA256Init(&state);
    if (bytes.length > 0) SHA256Update(&state, (const uint8_t *)bytes.data, bytes.length);
    finish(&state, out);
}

bool digest_file(const char *path, char out[static DIGEST_TEXT_BYTES], struct fault *fault) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return fault_set(fault, FAULT_IO, false, "%s: cannot be read: %s", path, strerror(errno));
    SHA2_CTX state;
    SHA256Init(&state);
    uint8_t block[16384];
    size_t length;
    while ((length = fread(block, 1, sizeof(block), file)) > 0)
        SHA256Update(&state, block, length);
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (broken) return fault_set(fault, FAULT_IO, false, "%s: reading broke off: %s", path, strerror(errno));
    finish(&state, out);
    return true;
}
