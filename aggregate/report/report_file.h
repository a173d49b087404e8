/* report.html as a file of the vintage: what the report needs, taken from the publication. */
#ifndef NHIP_REPORT_FILE_H
#define NHIP_REPORT_FILE_H

#include "aggregate/snapshot/publication.h"

/* Stands behind obs.csv, revisions.csv and benchmarks.csv in the table of files: it reads them as they were written. */
bool report_file(const struct publication *publication, FILE *out, struct fault *fault);

#endif
