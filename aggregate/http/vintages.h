/* Published vintages, read once and kept: what /v1/observations, /report and the headline shares are answered from. Only what
 * disclosure control has passed: raw figures stand in the same directory and are refused. Any thread. */
#ifndef NHIP_HTTP_VINTAGES_H
#define NHIP_HTTP_VINTAGES_H

#include "aggregate/report/edition.h"
struct vintages;

struct vintage_copy {
    struct edition edition;       /* obs.csv, whole; edition.name is the vintage's */
    struct csv_table benchmarks;
    char area[32];                /* REF_AREA of the whole */
    char *report;                 /* report.html; null when the vintage has none */
    size_t report_length;
};

enum vintage_state {
    VINTAGE_FOUND,   /* to be given back with vintages_close() */
    VINTAGE_NONE,    /* nothing has been published yet, or there is no vintage of that name */
    VINTAGE_UNFIT,   /* its files are not what its manifest says, or not for publication; the log says which */
};

#define VINTAGE_UNFIT_TEXT "its files are not what its manifest says, or they are not for publication"

struct vintages *vintages_create(const char *directory);
void vintages_destroy(struct vintages *vintages); /* null is fine */

/* `name` null: the latest. While it is open, nobody else has any. */
enum vintage_state vintages_open(struct vintages *vintages, const char *name, const struct vintage_copy **copy);
void vintages_close(struct vintages *vintages);

/* Names of published vintages, sorted, at most `max`; each to be given to free(). */
size_t vintages_list(struct vintages *vintages, char **names, size_t max);

#endif
