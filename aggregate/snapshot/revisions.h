/* What changed since the release before, cell by cell, and why (schemas/vintages.md §4). One thread. */
#ifndef NHIP_SNAPSHOT_REVISIONS_H
#define NHIP_SNAPSHOT_REVISIONS_H

#include "aggregate/snapshot/causes.h"

struct publication;

/* `old` null: NEW; `new` null: WITHDRAWN; else REVISED. */
struct revision {
    const char *key; /* FREQ to TIME_PERIOD joined by commas */
    const struct obs_row *old;
    const struct obs_row *new;
    unsigned causes;
};

/* Revisions of a headline: of all its rows that have a value in both releases, in hundredths of its unit. */
struct revision_summary {
    const struct indicator *indicator;
    int64_t rows;
    __int128 sum;
    __int128 sum_absolute;
    __int128 max_absolute;
    bool has_total;
    __int128 total; /* of the province's total row */
};

struct revisions {
    const struct previous *previous; /* null: first release, nothing to compare */
    struct revision *items;          /* by key */
    size_t count;
    struct revision_summary *summaries; /* one for each headline, in the order of the definitions */
    size_t summary_count;
    int64_t finalised;   /* rows whose status went from P to A, nothing else */
    int64_t after_final; /* revised although their status was A */
    bool recomputed;     /* causes were told apart by recomputation; else, where several are possible, all are named */
    struct obs_table now; /* the rows of this release */
};

/* Compares; recomputes with the registry cut and the definitions of `previous` where more than one group of inputs differs.
 * `release` is that of this vintage. False and `fault`. revisions_clear() is due in any case. */
bool revisions_find(struct revisions *revisions, const struct previous *previous, const struct computation *computation,
                    int64_t release, struct fault *fault);
void revisions_clear(struct revisions *revisions);

/* Whether two tables hold the same keys with the same figures; status P and A are one, RELEASE and AS_OF may differ. Pure. */
bool tables_agree(const struct obs_table *left, const struct obs_table *right);

/* revisions_file.c: revisions.csv and revisions_summary.csv. */
bool revisions_file(const struct publication *publication, FILE *out, struct fault *fault);
bool revisions_summary_file(const struct publication *publication, FILE *out, struct fault *fault);

/* The text of a published value as hundredths; false when it is empty. Values of more than two decimals do not occur but for
 * money in currencies of three or four, whose further digits are cut off. */
bool hundredths_of(const char *value, __int128 *out);

#endif
