/* Functions we do not use, as compile errors; included before everything else through -include.
 * Why: no length (strcpy, strcat, sprintf, strncpy), hidden state (strtok, gmtime, localtime, rand), silent errors (atoi, atol,
 * atof), or the locale decides (strtod, and money is never a double anyway). */
#ifndef NHIP_BANNED_H
#define NHIP_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef alloca /* macros in glibc (the next two under clang with _FORTIFY_SOURCE); poisoning needs the bare names */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gmtime localtime ctime asctime
#pragma GCC poison atoi atol atoll atof strtod strtof rand srand alloca

#endif
