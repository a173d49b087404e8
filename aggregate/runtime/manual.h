/* Man pages (mdoc), made from what --help prints, so that they cannot say anything else. One thread; the caller looks at
 * ferror(). */
#ifndef NHIP_MANUAL_H
#define NHIP_MANUAL_H

#include <stdio.h>

/* .Dd to .Nd of the page NAME(SECTION); `title` says in a few words what it is about. */
void manual_head(const char *name, int section, const char *title, FILE *out);
/* Words as lines of running text: broken after sentences, what mdoc would take for its own escaped. */
void manual_text(const char *text, FILE *out);
/* nhip-NAME(1) from the help text of a subcommand, whose form is that of all of them: usage lines, then paragraphs, options
 * (`  --name ARGUMENT  text`), lines to be shown as they are (indented), `Examples:`, `Exit codes:`. */
void manual_command(const char *name, const char *title, const char *usage, FILE *out);

#endif
