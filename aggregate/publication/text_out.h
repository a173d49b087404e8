/* Texts as parts of the files of a vintage: quoted as each format asks. The caller looks at ferror(). Any thread. */
#ifndef NHIP_PUBLICATION_TEXT_OUT_H
#define NHIP_PUBLICATION_TEXT_OUT_H

#include <stdio.h>

/* A JSON string with its quotes. `text` is UTF-8; null is "". */
void json_text(FILE *out, const char *text);
/* A CSV cell (RFC 4180): quoted only where it must be. `last`: a line feed follows, else a comma. */
void csv_cell(FILE *out, const char *text, int last);
/* A cell of a Markdown table: bars are escaped, line breaks become blanks. */
void markdown_cell(FILE *out, const char *text);
/* A Stata string in compound quotes. */
void stata_text(FILE *out, const char *text);

#endif
