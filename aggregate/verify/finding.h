/* What a verification has found, told line by line. One thread. */
#ifndef NHIP_VERIFY_FINDING_H
#define NHIP_VERIFY_FINDING_H

#include <stdint.h>
#include <stdio.h>

struct findings {
    FILE *out;
    int64_t held;    /* claims that hold */
    int64_t differs; /* claims that do not */
    char first[400]; /* the first of these, for the message that ends nhip */
};

/* One line each, printf style: "ok       ..." and "DIFFERS  ...". */
void finding_held(struct findings *findings, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_differs(struct findings *findings, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
