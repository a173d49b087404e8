/* The definitions that ran, as Markdown. Pure but for the stream. */
#ifndef NHIP_PUBLICATION_DEFINITIONS_TEXT_H
#define NHIP_PUBLICATION_DEFINITIONS_TEXT_H

#include "aggregate/snapshot/definitions.h"

#include <stdio.h>

void populations_text(const struct definitions *definitions, FILE *out);
void flows_text(const struct definitions *definitions, FILE *out);
void indicators_text(const struct definitions *definitions, FILE *out);

#endif
