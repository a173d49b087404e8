/* Reads a packed corpus (tests/fuzz/pack.py): a message a line, bytes outside 0x20..0x7E as \xHH, the backslash as \\. */
#ifndef NHIP_TESTS_CORPUS_H
#define NHIP_TESTS_CORPUS_H

#include "slice.h"

/* Called once per message; its bytes live until it returns. */
typedef void corpus_visitor(void *context, struct slice message);

/* How many messages there were; ends the process when the file cannot be read. */
size_t corpus_read(const char *path, corpus_visitor *visit, void *context);

#endif
