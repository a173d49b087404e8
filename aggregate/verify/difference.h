/* Two vintages, file by file: what was published, and what came out again. */
#ifndef NHIP_VERIFY_DIFFERENCE_H
#define NHIP_VERIFY_DIFFERENCE_H

#include "aggregate/verify/finding.h"
#include "aggregate/verify/manifest.h"

/* Every file of `published` in PUBLISHED/ against the one of the same name in MADE/: the same bytes; of SQLite, Stata and HTML,
 * whose writers may be of another version, a difference of bytes is told and does not count where obs.csv is the same. Of a CSV
 * the first line that differs is named, with its key and column. `figures_only`: snapshot.json and what shows its offsets is left
 * out (made again from files). False and `fault` when a file cannot be read. */
bool difference_check(const struct manifest *published, const char *published_directory, const char *made_directory,
                      bool figures_only, struct findings *findings, struct fault *fault);

#endif
