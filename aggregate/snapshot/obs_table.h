/* A written obs.csv, read back: for the adoption table and for looking figures up. One thread. */
#ifndef NHIP_SNAPSHOT_OBS_TABLE_H
#define NHIP_SNAPSHOT_OBS_TABLE_H

#include "aggregate/snapshot/snapshot.h"

#include <stddef.h>

/* The columns of obs.csv by position. */
enum obs_column {
    OBS_STRUCTURE = 0,
    OBS_STRUCTURE_ID = 1,
    OBS_ACTION = 2,
    OBS_FREQ = 3,
    OBS_REF_AREA = 4,
    OBS_INDICATOR = 5,
    OBS_EVIDENCE = 6,
    OBS_ACTIVITY = 7,
    OBS_UNIT_TYPE = 8,
    OBS_SIZE_CLASS = 9,
    OBS_PLATFORM = 10,
    OBS_INSTRUMENT = 11,
    OBS_TRANSFORMATION = 12,
    OBS_TIME_PERIOD = 13,
    OBS_VALUE = 14,
    OBS_UNIT_MEASURE = 15,
    OBS_UNIT_MULT = 16,
    OBS_DECIMALS = 17,
    OBS_OBS_STATUS = 18,
    OBS_CONF_STATUS = 19,
    OBS_NUMERATOR = 20,
    OBS_DENOMINATOR = 21,
    OBS_N_UNITS = 22,
    OBS_BOUND_LO = 23,
    OBS_BOUND_HI = 24,
    OBS_ERR_TYPE = 25,
    OBS_COVERAGE = 26,
    OBS_WINDOW = 27,
    OBS_METHOD = 28,
    OBS_OBS_PRE_BREAK = 29,
    OBS_PERIOD_START = 30,
    OBS_PERIOD_END = 31,
    OBS_RELEASE = 32,
    OBS_AS_OF = 33,
    OBS_COLUMN_COUNT = 34
};

struct obs_row {
    const char *cells[OBS_COLUMN_COUNT];
    const char *key; /* FREQ to TIME_PERIOD joined by commas: what rows are sorted by */
};

struct obs_table {
    struct obs_row *rows;
    size_t count;
    char *text;
    char *keys;
};

/* Reads VINTAGE/obs.csv. False when it cannot be read or a line has not 34 cells. obs_table_close() is due in any case. */
bool obs_table_open(struct obs_table *table, const char *vintage_path);
/* The same of text in memory; takes `text` over (free()). */
bool obs_table_parse(struct obs_table *table, char *text);
void obs_table_close(struct obs_table *table);

/* The row with this key; null members of the key match anything. Null when there is none. */
const struct obs_row *obs_table_find(const struct obs_table *table, const struct observation_key *key);

/* The row with this joined key in a table whose rows are sorted (as written by nhip), or null. */
const struct obs_row *obs_table_key(const struct obs_table *table, const char *key);

#endif
