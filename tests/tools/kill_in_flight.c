/* Kills a running `nhip run` while a commit is in flight: polls its status file (mmap, so no system call stands
 * between seeing and doing) and sends SIGKILL the moment `in_flight` is above zero, or after TIMEOUT_MS in any case.
 * Prints what the status file says afterwards.
 *
 *     kill_in_flight PID STATUS_FILE DELIVERED_MIN TIMEOUT_MS   ->   in_flight=1 delivered=12345 commits=17 killed=yes
 */
#include "aggregate/runtime/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static long long counter(const char *page, size_t bytes, const char *name) {
    size_t length = strlen(name);
    for (size_t at = 0; at + 32 <= bytes; at += 32) {
        if (memcmp(page + at, name, length) == 0 && page[at + length] == ' ') return strtoll(page + at + 16, NULL, 10);
    }
    return -1;
}

static const char *map_status(const char *path, size_t *bytes) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0) return NULL;
    *bytes = (size_t)status.st_size;
    const char *page = mmap(NULL, *bytes, PROT_READ, MAP_SHARED, file, 0);
    (void)close(file);
    return page == MAP_FAILED ? NULL : page;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    pid_t pid = (pid_t)strtol(argv[1], NULL, 10);
    long long delivered_min = strtoll(argv[3], NULL, 10);
    int64_t until_ms = clock_monotonic_ms() + strtoll(argv[4], NULL, 10);
    size_t bytes = 0;
    const char *page = NULL;
    while (page == NULL && clock_monotonic_ms() < until_ms) {
        page = map_status(argv[2], &bytes);
        if (page == NULL) clock_sleep_ms(1);
    }
    if (page == NULL) return 1;
    while (clock_monotonic_ms() < until_ms && kill(pid, 0) == 0) {
        if (counter(page, bytes, "delivered") >= delivered_min && counter(page, bytes, "in_flight") > 0) break;
    }
    int killed = kill(pid, SIGKILL);
    clock_sleep_ms(20);
    (void)printf("in_flight=%lld delivered=%lld commits=%lld killed=%s\n", counter(page, bytes, "in_flight"),
                 counter(page, bytes, "delivered"), counter(page, bytes, "commits"), killed == 0 ? "yes" : "no");
    return 0;
}
