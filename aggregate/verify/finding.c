/* Findings as lines: see finding.h. A verification goes on after a difference: who looks for the reason wants all of them. */
#include "aggregate/verify/finding.h"

#include <stdarg.h>

void finding_held(struct findings *findings, const char *format, ...) {
    va_list arguments;
    findings->held++;
    (void)fputs("ok       ", findings->out);
    va_start(arguments, format);
    (void)vfprintf(findings->out, format, arguments);
    va_end(arguments);
    (void)fputc('\n', findings->out);
}

void finding_differs(struct findings *findings, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (findings->differs++ == 0) (void)snprintf(findings->first, sizeof(findings->first), "%s", text);
    (void)fprintf(findings->out, "DIFFERS  %s\n", text);
}
