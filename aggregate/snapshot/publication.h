/* A vintage on its way out: everything that its files are written from, and the table of those files (schemas/vintages.md §1).
 *
 * A file of the vintage is one row of publication_files[]; who adds one adds a function and a row, and nothing else. One
 * thread. */
#ifndef NHIP_SNAPSHOT_PUBLICATION_H
#define NHIP_SNAPSHOT_PUBLICATION_H

#include "aggregate/snapshot/compute.h"
#include "aggregate/snapshot/revisions.h"
#include "aggregate/snapshot/vintage.h"

/* Borrowed, and read only for the writers. `observations` are sorted by key, with their statuses final. */
struct publication {
    const struct snapshot_options *options;
    const struct state *state;
    const struct definitions *definitions;
    const struct registry *registry;
    const struct crosswalk *crosswalk;
    const struct cells *cells;
    struct coverage *coverage; /* null: nothing is expected of any source; asking it fills a memo */
    const struct statistics *statistics;
    const struct observations *observations;
    const struct disclosure_audit *disclosure;
    const struct previous *previous; /* the release before of this period; null: this is the first */
    const struct previous *neighbour; /* the newest release of the period before; null: there is none, or cohorts are not held */
    const struct growth_base *bases; /* what growths were measured from */
    size_t base_count;
    const struct revisions *revisions;
    const struct obs_table *rows;    /* obs.csv as it was written; null until it has been */
    const struct vintage *vintage; /* name, release; digests of the files before this one in the table */
    int64_t as_of_ms;
};

/* One file. `write` or `write_at` is set: `write` gets a stream (the caller flushes, fsyncs and looks at ferror()); `write_at` a
 * path where nothing stands yet, for libraries that want to open it themselves. False and `fault` when it cannot. */
struct publication_file {
    const char *name;
    bool (*write)(const struct publication *publication, FILE *out, struct fault *fault);
    bool (*write_at)(const struct publication *publication, const char *path, struct fault *fault);
    bool (*wanted)(const struct publication *publication); /* null: always */
};

/* In the order in which they are written: a file that lists others (datapackage.json) stands behind them. */
extern const struct publication_file publication_files[];
extern const size_t publication_file_count;

/* Whether such a vintage has cohorts that are held to what earlier ones withheld: months, quarters and years, but no raw ones. */
bool publication_holds_cohorts(const struct snapshot_options *options, const struct period *period);

/* Writes them all into `vintage`, which is open and the one in `publication`. */
bool publication_write(const struct publication *publication, struct vintage *vintage, struct fault *fault);

#endif
