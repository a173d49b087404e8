/* The screen of `nhip top` as lines of text. Any thread. */
#ifndef NHIP_TOP_SCREEN_H
#define NHIP_TOP_SCREEN_H

#include "aggregate/top/sample.h"

#include <stdio.h>

struct top_size {
    int columns; /* longer lines are cut */
    int rows;    /* 0: as many as there are */
    bool plain;  /* no ANSI: for scripts and files */
};

/* Draws `now`, with rates since `before` (null: not known). With ANSI each line clears what stood there. */
void top_draw(const struct top_sample *now, const struct top_sample *before, const struct top_size *size, FILE *out);

#endif
