/* A line of somebody's data on the terminal, with a caret under one byte. */
#ifndef NHIP_EXCERPT_H
#define NHIP_EXCERPT_H

#include "slice.h"

#include <stdio.h>

/* Columns of the terminal behind `file`, of the variable COLUMNS, or 100; at least 40. */
int excerpt_columns(FILE *file);

/* Prints two lines, each begun with `indent` blanks: the part of `line` around `byte` that fits `columns`, and a caret below that
 * byte (behind the last one when `byte` >= length). Control bytes, bytes that are not UTF-8 and characters that would turn the
 * direction of the text are shown as escapes, so that no data can play with the terminal. */
void excerpt_print(FILE *file, struct slice line, size_t byte, int indent, int columns);

/* `text` within `columns`, with the same care, runs of white space as one blank; no newline. */
void excerpt_text(FILE *file, struct slice text, int columns);

#endif
