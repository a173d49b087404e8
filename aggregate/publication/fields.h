/* The columns of every CSV file of a vintage, once: datapackage.json, structure.json, adoption.sqlite, adoption.dta and labels.do
 * are made from these tables, and a test compares them with the headers that the writers print. Append only. */
#ifndef NHIP_PUBLICATION_FIELDS_H
#define NHIP_PUBLICATION_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum field_type { FIELD_TEXT, FIELD_INTEGER, FIELD_DECIMAL, FIELD_DATE, FIELD_INSTANT };
/* The part of a column in SDMX; FIELD_PLAIN in files that are not SDMX. */
enum field_part { FIELD_PLAIN, FIELD_CONSTANT, FIELD_DIMENSION, FIELD_TIME, FIELD_MEASURE, FIELD_ATTRIBUTE, FIELD_CUSTOM };

struct field {
    const char *name;
    const char *code_list; /* "CL_..." or "" */
    const char *en;        /* label, at most 80 characters; so is the next */
    const char *vi;
    enum field_type type;
    enum field_part part;
    bool required;
    bool key;
};

struct data_file {
    const char *file; /* obs.csv */
    const char *name; /* obs: table and resource name */
    const char *en;
    const char *vi;
    const struct field *fields;
    size_t field_count;
};

extern const struct data_file data_files[];
extern const size_t data_file_count;
extern const struct data_file *const observation_file; /* obs.csv */

#endif
