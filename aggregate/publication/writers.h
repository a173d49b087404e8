/* The files of a vintage beside obs.csv, snapshot.json and their kin (schemas/vintage-files.md): what economists' programs open.
 *
 * Each is a row of publication_files[] (aggregate/snapshot/publication.c) and has its shape: it writes the whole file to `out`,
 * whose errors the caller looks at, and is a function of the publication and of the files written before it - of obs.csv above
 * all, which is read back (`rows`), so that no figure that disclosure control has emptied can get into another file;
 * cohorts.csv alone has figures of its own, and a control of its own. No clock, no environment: same inputs, same bytes. False
 * and `fault` when a file cannot be read back or a library refuses. One thread. */
#ifndef NHIP_PUBLICATION_WRITERS_H
#define NHIP_PUBLICATION_WRITERS_H

#include "aggregate/snapshot/publication.h"

bool codes_csv_write(const struct publication *publication, FILE *out, struct fault *fault);
bool geo_csv_write(const struct publication *publication, FILE *out, struct fault *fault);
bool benchmarks_csv_write(const struct publication *publication, FILE *out, struct fault *fault);
bool slices_csv_write(const struct publication *publication, FILE *out, struct fault *fault);
bool paradata_csv_write(const struct publication *publication, FILE *out, struct fault *fault);
/* Reads calendar.csv of the release before. */
bool calendar_csv_write(const struct publication *publication, FILE *out, struct fault *fault);
/* Reads cohorts.csv of the release before, and of the newest one of the period before. */
bool cohorts_csv_write(const struct publication *publication, FILE *out, struct fault *fault);
bool delta_write(const struct publication *publication, FILE *out, struct fault *fault);
bool structure_json_write(const struct publication *publication, FILE *out, struct fault *fault);
bool labels_do_write(const struct publication *publication, FILE *out, struct fault *fault);
bool stata_write(const struct publication *publication, FILE *out, struct fault *fault);
bool sqlite_write(const struct publication *publication, FILE *out, struct fault *fault);
bool methodology_write(const struct publication *publication, FILE *out, struct fault *fault);
bool readme_write(const struct publication *publication, FILE *out, struct fault *fault);
bool citation_write(const struct publication *publication, FILE *out, struct fault *fault);
/* Describes the files before it in the table: stands last. */
bool datapackage_write(const struct publication *publication, FILE *out, struct fault *fault);

#endif
