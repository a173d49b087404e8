/* zstd streams over a file: see packed_file.h. Level 3, as for backups. One frame for the whole file, not one a block as there:
 * what is broken inside it is found by the file's hash before anything is unpacked, and any zstd program reads it.
 *
 * write(2) and not stdio, because stdio forgets what it could not write. */
#include "aggregate/archive/packed_file.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

enum { LEVEL = 3, PIECE_BYTES = 1 << 17 };

struct packed_writer {
    int fd;
    char *path;
    ZSTD_CCtx *packer;
    struct digest digest;
    int64_t file_bytes;
    char piece[PIECE_BYTES];
};

struct packed_reader {
    int fd;
    char *path;
    ZSTD_DCtx *unpacker;
    ZSTD_inBuffer in;
    bool whole;   /* the frame has ended */
    bool pending; /* there was no room for all that the unpacker has */
    char piece[PIECE_BYTES];
};

static bool not_written(const struct packed_writer *writer, const char *what, struct fault *fault) {
    int error = errno;
    bool full = error == ENOSPC || error == EDQUOT;
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s: %s%s", writer->path, what, strerror(error),
                     full ? " (make room and call nhip archive again: it goes on where it was)" : "");
}

struct packed_writer *packed_create(const char *path, struct fault *fault) {
    struct packed_writer *writer = malloc(sizeof(*writer));
    CHECK_MEMORY(writer != NULL);
    writer->path = strdup(path);
    writer->packer = ZSTD_createCCtx();
    CHECK_MEMORY(writer->path != NULL && writer->packer != NULL);
    writer->file_bytes = 0;
    digest_begin(&writer->digest);
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(writer->packer, ZSTD_c_compressionLevel, LEVEL)));
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(writer->packer, ZSTD_c_checksumFlag, 1)));
    writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (writer->fd >= 0) return writer;
    (void)not_written(writer, "cannot be opened", fault);
    packed_close(writer);
    return NULL;
}

static bool put_out(struct packed_writer *writer, const char *bytes, size_t length, struct fault *fault) {
    digest_add(&writer->digest, (struct slice){bytes, length});
    writer->file_bytes += (int64_t)length;
    while (length > 0) {
        ssize_t written = write(writer->fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return not_written(writer, "cannot be written", fault);
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static bool pack(struct packed_writer *writer, struct slice bytes, ZSTD_EndDirective how, struct fault *fault) {
    ZSTD_inBuffer in = {.src = bytes.data, .size = bytes.length};
    for (;;) {
        ZSTD_outBuffer out = {.dst = writer->piece, .size = PIECE_BYTES};
        size_t left = ZSTD_compressStream2(writer->packer, &out, &in, how);
        CHECK_MEMORY(!ZSTD_isError(left)); /* nothing else can go wrong with it */
        if (!put_out(writer, writer->piece, out.pos, fault)) return false;
        if (how == ZSTD_e_continue ? in.pos == in.size : left == 0) return true;
    }
}

bool packed_put(struct packed_writer *writer, struct slice bytes, struct fault *fault) {
    return pack(writer, bytes, ZSTD_e_continue, fault);
}

bool packed_finish(struct packed_writer *writer, char digest[static DIGEST_TEXT_BYTES], int64_t *file_bytes,
                   struct fault *fault) {
    uint8_t raw[DIGEST_RAW_BYTES];
    if (!pack(writer, SLICE(""), ZSTD_e_end, fault)) return false;
    digest_end(&writer->digest, raw);
    digest_text(raw, digest);
    *file_bytes = writer->file_bytes;
    return fsync(writer->fd) == 0 || not_written(writer, "cannot be made durable", fault);
}

void packed_close(struct packed_writer *writer) {
    if (writer == NULL) return;
    if (writer->fd >= 0) (void)close(writer->fd);
    (void)ZSTD_freeCCtx(writer->packer);
    free(writer->path);
    free(writer);
}

struct packed_reader *packed_open(const char *path, struct fault *fault) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        (void)fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    struct packed_reader *reader = malloc(sizeof(*reader));
    CHECK_MEMORY(reader != NULL);
    reader->fd = fd;
    reader->path = strdup(path);
    reader->unpacker = ZSTD_createDCtx();
    CHECK_MEMORY(reader->path != NULL && reader->unpacker != NULL);
    reader->in = (ZSTD_inBuffer){.src = reader->piece};
    reader->whole = reader->pending = false;
    return reader;
}

/* More of the file; false at its end, or with a fault. */
static bool more(struct packed_reader *reader, struct fault *fault) {
    ssize_t got;
    do {
        got = read(reader->fd, reader->piece, PIECE_BYTES);
    } while (got < 0 && errno == EINTR);
    reader->in = (ZSTD_inBuffer){.src = reader->piece, .size = got > 0 ? (size_t)got : 0};
    if (got >= 0) return got > 0;
    return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: reading broke off: %s", reader->path, strerror(errno));
}

int64_t packed_take(struct packed_reader *reader, char *out, size_t room, struct fault *fault) {
    ZSTD_outBuffer to = {.dst = out, .size = room};
    fault->code = FAULT_NONE;
    while (to.pos < room) {
        if (reader->in.pos == reader->in.size && !reader->pending && !more(reader, fault)) break;
        if (reader->whole) {
            (void)fault_set(fault, STOP_ARCHIVE_BROKEN, false, "%.300s: something follows the end of its zstd frame",
                            reader->path);
            return -1;
        }
        size_t hint = ZSTD_decompressStream(reader->unpacker, &to, &reader->in);
        if (ZSTD_isError(hint)) {
            (void)fault_set(fault, STOP_ARCHIVE_BROKEN, false, "%.300s: is damaged: zstd says \"%.60s\"", reader->path,
                            ZSTD_getErrorName(hint));
            return -1;
        }
        reader->whole = hint == 0;
        reader->pending = to.pos == room && !reader->whole;
    }
    if (fault->code != FAULT_NONE) return -1;
    if (to.pos > 0 || reader->whole) return (int64_t)to.pos;
    (void)fault_set(fault, STOP_ARCHIVE_BROKEN, false, "%.300s: is cut off: its zstd frame has no end", reader->path);
    return -1;
}

void packed_end(struct packed_reader *reader) {
    if (reader == NULL) return;
    (void)close(reader->fd);
    (void)ZSTD_freeDCtx(reader->unpacker);
    free(reader->path);
    free(reader);
}
