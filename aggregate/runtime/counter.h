/* Any counter by its name, as one number: what `nhip inspect --counter` prints. One thread. */
#ifndef NHIP_COUNTER_H
#define NHIP_COUNTER_H

#include "aggregate/store/store.h"

enum { COUNTER_TEXT_BYTES = 48 };

/* All partitions together. */
struct counter_totals {
    const struct counts *counts;
    int64_t partitions, replayed, lost, lag;
};

/* False and `fault` (STOP_USAGE, with the nearest name) when there is no such counter. */
bool counter_known(const char *name, struct fault *fault);
/* `name` is known. Decimal text. */
void counter_text(const char *name, const struct counter_totals *totals, char out[static COUNTER_TEXT_BYTES]);

/* WINDOW:FIELD, a field of nhip:rolling:WINDOW (store-layout.md §8): 1h:ORDER|SHOPEE|_Z|_Z|CREATED, with or without |sum. */
bool counter_is_rolling(const char *name);
/* Asks Redis. A field that the window does not have is 0. False and `fault`: no such window, or Redis fails. */
bool counter_rolling(const struct store_options *options, const char *name, char out[static COUNTER_TEXT_BYTES],
                     struct fault *fault);

#endif
