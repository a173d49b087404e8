/* Written by hand and not with libraries: the form of every byte is part of "same inputs, same bytes". */
#include "aggregate/publication/text_out.h"

#include <string.h>

void json_text(FILE *out, const char *text) {
    (void)fputc('"', out);
    for (const char *at = text == NULL ? "" : text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20)
            (void)fprintf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

void csv_cell(FILE *out, const char *text, int last) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, out);
    } else {
        (void)fputc('"', out);
        for (const char *at = text; *at != '\0'; at++) {
            if (*at == '"') (void)fputc('"', out);
            (void)fputc(*at, out);
        }
        (void)fputc('"', out);
    }
    (void)fputc(last ? '\n' : ',', out);
}

void markdown_cell(FILE *out, const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '|') (void)fputc('\\', out);
        (void)fputc(*at == '\n' || *at == '\r' ? ' ' : *at, out);
    }
}

void stata_text(FILE *out, const char *text) {
    (void)fprintf(out, "`\"%s\"'", text);
}
