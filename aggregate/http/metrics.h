/* /metrics: the text format of Prometheus (0.0.4), and the same table as a page for people. */
#ifndef NHIP_HTTP_METRICS_H
#define NHIP_HTTP_METRICS_H

#include "aggregate/http/facts.h"

#include <stdio.h>

/* Every metric of the table, in its order; those whose value is not known are left out. Any thread; writes to `out` only. */
void metrics_write(const struct http_facts *facts, const char *version, const char *commit, FILE *out);

/* ops/metrics.md. */
void metrics_print_markdown(FILE *out);
/* Its part on /metrics/adoption (adoption.c). */
void adoption_print_markdown(FILE *out);

#endif
