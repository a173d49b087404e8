/* CHECK() is for errors of the programmer: it stays on in release builds and stops the process at once, because a wrong
 * figure is worse than none. Bad data and failing disks are not its business (reject.h, fault.h). */
#ifndef NHIP_CHECK_H
#define NHIP_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (__builtin_expect(!(condition), 0)) {                                                \
            (void)fprintf(stderr, "nhip: %s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                            \
        }                                                                                       \
    } while (0)

#define UNREACHABLE() CHECK(0 && "reached what cannot be reached")

#endif
