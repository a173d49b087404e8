/* CHECK() is for errors of the programmer: it stays on in release builds and stops the process at once, because a wrong
 * figure is worse than none. Bad data and failing disks are not its business (reject.h, fault.h).
 *
 * CHECK_MEMORY() is for memory that there is no way around: without it the process ends at once, with a code and exit code 1,
 * and leaves what a kill would leave, which is always a true state. Where a caller can go on without it, a fault is right. */
#ifndef NHIP_CHECK_H
#define NHIP_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                      \
    do {                                                                                                      \
        if (__builtin_expect(!(condition), 0)) {                                                              \
            (void)fprintf(stderr, "nhip: NHIP-X01: %s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                                          \
        }                                                                                                     \
    } while (0)

#define CHECK_MEMORY(condition)                                                                               \
    do {                                                                                                      \
        if (__builtin_expect(!(condition), 0)) {                                                              \
            (void)fprintf(stderr, "nhip: NHIP-M01: %s:%d: out of memory: %s\n", __FILE__, __LINE__, #condition);  \
            _Exit(1);                                                                                         \
        }                                                                                                     \
    } while (0)

#define UNREACHABLE() CHECK(0 && "reached what cannot be reached")

#endif
