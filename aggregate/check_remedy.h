/* What to do about a refusal, in a few words. */
#ifndef NHIP_CHECK_REMEDY_H
#define NHIP_CHECK_REMEDY_H

#include "codes.h"

#include <stdbool.h>

/* For the author of a mapping (`mapped`) or of a producer of canonical events. Static storage; never null. */
const char *check_remedy(enum reason reason, bool mapped);

#endif
