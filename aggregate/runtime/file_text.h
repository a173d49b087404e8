/* A file, whole, in memory: for the files of a vintage, which are read back by many. Any thread. */
#ifndef NHIP_FILE_TEXT_H
#define NHIP_FILE_TEXT_H

#include "fault.h"

#include <stddef.h>

/* All bytes of the file with a NUL behind them, to be given to free(); `length` (may be null) without that NUL. Null and `fault`
 * (STOP_FILE_UNREADABLE, with path and reason). */
char *file_text(const char *path, size_t *length, struct fault *fault);

#endif
