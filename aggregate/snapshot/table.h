/* The adoption table for people: declared, observed and combined adoption beside the published figures, then the headline flows.
 */
#ifndef NHIP_SNAPSHOT_TABLE_H
#define NHIP_SNAPSHOT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

/* Reads VINTAGE/obs.csv and prints at most 100 columns to `out`. `period`: TIME_PERIOD of the rows to show. False when obs.csv
 * cannot be read, is not ours, or has no row of that period. */
bool adoption_table_print(const char *vintage_path, const char *period, FILE *out);

#endif
