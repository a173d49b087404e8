/* nhip itself (the same main, the same objects), in a world where the k-th thing that our code asks for fails:
 *
 *     NHIP_TORTURE=memory:17 nhip_tortured snapshot ...        the 17th malloc, calloc, realloc, strdup, ... fails
 *     NHIP_TORTURE=ENOSPC:5 nhip_tortured backup ...           the 5th call that changes or reads the disk fails so
 *     NHIP_TORTURE=ENOSPC:5:40 ...                             the 5th to the 44th
 *     NHIP_TORTURE=short:5 ...                                 the 5th write takes one byte of what it was given
 *     NHIP_TORTURE=clock:7 ...                                 the wall clock leaps about, by up to 400 days; 7 is the seed
 *
 * NHIP_TORTURE_LOG names a file to which the number of calls, and the call that failed, are appended (by bare system calls,
 * which cannot fail here). Only calls from our own objects pass here (ld --wrap), so that libraries are not tried; streams
 * (fopen) are given to the C library with our reading and writing, so that what stdio does can fail too. */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STREAMS_MAX = 64, CLOCK_DAYS = 400 };

static struct {
    enum { NOTHING, MEMORY, DISK, SHORT, CLOCK } what;
    int error;
    long long from, count;
} plan;
static atomic_llong calls;
static atomic_bool fired;

static const struct {
    const char *name;
    int value;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"EDQUOT", EDQUOT}, {"EACCES", EACCES}, {"EMFILE", EMFILE}};

static void tell(const char *what, const char *name, long long number) {
    const char *path = getenv("NHIP_TORTURE_LOG");
    char line[160];
    int length = snprintf(line, sizeof(line), "%s %s %lld\n", what, name, number);
    int file = path != NULL ? (int)syscall(SYS_open, path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    if (file < 0) return;
    (void)syscall(SYS_write, file, line, (size_t)length);
    (void)syscall(SYS_close, file);
}

static __attribute__((constructor)) void begin(void) {
    const char *text = getenv("NHIP_TORTURE");
    if (text == NULL) return;
    char *end = strchr(text, ':');
    size_t length = end == NULL ? 0 : (size_t)(end - text);
    if (length == 6 && strncmp(text, "memory", length) == 0) plan.what = MEMORY;
    if (length == 5 && strncmp(text, "short", length) == 0) plan.what = SHORT;
    if (length == 5 && strncmp(text, "clock", length) == 0) plan.what = CLOCK;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strlen(errors[i].name) != length || strncmp(text, errors[i].name, length) != 0) continue;
        plan.what = DISK;
        plan.error = errors[i].value;
    }
    CHECK(plan.what != NOTHING);
    plan.from = strtoll(end + 1, &end, 10);
    plan.count = *end == ':' ? strtoll(end + 1, NULL, 10) : 1;
}

static __attribute__((destructor)) void finish(void) {
    if (plan.what != NOTHING) tell("calls", "all", atomic_load(&calls));
}

static bool now(int what, const char *name) {
    if ((int)plan.what != what) return false;
    long long number = atomic_fetch_add(&calls, 1) + 1;
    if (number < plan.from || number >= plan.from + plan.count) return false;
    if (!atomic_exchange(&fired, true)) tell("fired", name, number);
    errno = what == MEMORY ? ENOMEM : plan.error;
    return true;
}

/* --- memory --- */

#define MEMORY_CALL(type, name, parameters, arguments) \
    type __real_##name parameters;                     \
    type __wrap_##name parameters;                     \
    type __wrap_##name parameters {                    \
        return now(MEMORY, #name) ? NULL : __real_##name arguments; \
    }

MEMORY_CALL(void *, malloc, (size_t bytes), (bytes))
MEMORY_CALL(void *, calloc, (size_t count, size_t bytes), (count, bytes))
MEMORY_CALL(void *, realloc, (void *block, size_t bytes), (block, bytes))
MEMORY_CALL(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes))
MEMORY_CALL(char *, strdup, (const char *text), (text))
MEMORY_CALL(char *, strndup, (const char *text, size_t bytes), (text, bytes))
MEMORY_CALL(FILE *, open_memstream, (char **text, size_t *bytes), (text, bytes))

int __real___asprintf_chk(char **text, int flag, const char *format, ...);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...) {
    (void)flag;
    if (now(MEMORY, "asprintf")) return -1;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

/* --- the disk --- */

#define DISK_CALL(type, name, parameters, arguments, failure) \
    type __real_##name parameters;                            \
    type __wrap_##name parameters;                            \
    type __wrap_##name parameters {                           \
        return now(DISK, #name) ? (failure) : __real_##name arguments; \
    }

DISK_CALL(ssize_t, read, (int file, void *bytes, size_t length), (file, bytes, length), -1)
DISK_CALL(ssize_t, pread, (int file, void *bytes, size_t length, off_t at), (file, bytes, length, at), -1)
DISK_CALL(int, fsync, (int file), (file), -1)
DISK_CALL(int, fdatasync, (int file), (file), -1)
DISK_CALL(int, ftruncate, (int file, off_t length), (file, length), -1)
DISK_CALL(off_t, lseek, (int file, off_t at, int from), (file, at, from), -1)
DISK_CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
DISK_CALL(char *, mkdtemp, (char *path), (path), NULL)
DISK_CALL(int, chmod, (const char *path, mode_t mode), (path, mode), -1)
DISK_CALL(int, rename, (const char *from, const char *to), (from, to), -1)
DISK_CALL(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags), -1)
DISK_CALL(int, unlink, (const char *path), (path), -1)
DISK_CALL(int, unlinkat, (int directory, const char *path, int flags), (directory, path, flags), -1)
DISK_CALL(int, rmdir, (const char *path), (path), -1)
DISK_CALL(int, stat, (const char *path, struct stat *status), (path, status), -1)
DISK_CALL(int, fstat, (int file, struct stat *status), (file, status), -1)
DISK_CALL(int, access, (const char *path, int mode), (path, mode), -1)
DISK_CALL(DIR *, opendir, (const char *path), (path), NULL)
DISK_CALL(struct dirent *, readdir, (DIR *directory), (directory), NULL)

ssize_t __real_write(int file, const void *bytes, size_t length);
ssize_t __wrap_write(int file, const void *bytes, size_t length);
ssize_t __wrap_write(int file, const void *bytes, size_t length) {
    if (file <= STDERR_FILENO) return __real_write(file, bytes, length);
    if (now(DISK, "write")) return -1;
    if (length > 1 && now(SHORT, "write")) length = 1;
    return __real_write(file, bytes, length);
}

/* Fails, but closes: as Linux does. */
int __real_close(int file);
int __wrap_close(int file);
int __wrap_close(int file) {
    bool fails = now(DISK, "close");
    int result = __real_close(file);
    if (fails) errno = plan.error;
    return fails ? -1 : result;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return now(DISK, "open") ? -1 : __real_open(path, flags, mode);
}

/* --- streams --- */

static struct stream {
    FILE *file;
    int descriptor;
} streams[STREAMS_MAX];
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t stream_read(void *cookie, char *bytes, size_t length) {
    return __wrap_read(((struct stream *)cookie)->descriptor, bytes, length);
}

/* As the C library does with a descriptor: on after a short write, an error after an error. */
static ssize_t stream_write(void *cookie, const char *bytes, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t written = __wrap_write(((struct stream *)cookie)->descriptor, bytes + done, length - done);
        if (written <= 0) break;
        done += (size_t)written;
    }
    return (ssize_t)done;
}

static int stream_seek(void *cookie, off64_t *at, int from) {
    *at = lseek64(((struct stream *)cookie)->descriptor, *at, from);
    return *at < 0 ? -1 : 0;
}

static int stream_close(void *cookie) {
    struct stream *stream = cookie;
    int result = __wrap_close(stream->descriptor);
    (void)pthread_mutex_lock(&streams_lock);
    stream->file = NULL;
    (void)pthread_mutex_unlock(&streams_lock);
    return result;
}

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode) {
    static const cookie_io_functions_t functions = {stream_read, stream_write, stream_seek, stream_close};
    int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
    if (strchr(mode, 'x') != NULL) flags |= O_EXCL;
    int descriptor = __wrap_open(path, flags | O_CLOEXEC, 0666);
    if (descriptor < 0) return NULL;
    const char plain[] = {mode[0], '\0'};
    FILE *file = NULL;
    (void)pthread_mutex_lock(&streams_lock);
    for (struct stream *stream = streams; file == NULL && stream < streams + STREAMS_MAX; stream++) {
        if (stream->file != NULL) continue;
        stream->descriptor = descriptor;
        stream->file = file = fopencookie(stream, plain, functions);
        CHECK(file != NULL);
    }
    (void)pthread_mutex_unlock(&streams_lock);
    CHECK(file != NULL);
    return file;
}

int __real_fileno(FILE *file);
int __wrap_fileno(FILE *file);
int __wrap_fileno(FILE *file) {
    for (struct stream *stream = streams; stream < streams + STREAMS_MAX; stream++) {
        if (stream->file == file) return stream->descriptor;
    }
    return __real_fileno(file);
}

/* --- the wall clock --- */

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time) {
    int result = __real_clock_gettime(clock, time);
    if (plan.what != CLOCK || clock != CLOCK_REALTIME) return result;
    uint64_t draw = ((uint64_t)atomic_fetch_add(&calls, 1) / 3 + (uint64_t)plan.from) * 0x9e3779b97f4a7c15U;
    draw ^= draw >> 29;
    time->tv_sec += (time_t)(draw % (2 * CLOCK_DAYS * 86400)) - CLOCK_DAYS * 86400;
    return result;
}
