/* The axes are found by comparing coordinates and not by asking the definitions which slices they make: what is described is what
 * was written. */
#include "aggregate/publication/rows.h"

static unsigned area_axis(const char *area, const char *total) {
    size_t length = strlen(total);
    if (strcmp(area, total) == 0) return 0;
    if (strncmp(area, total, length) != 0 || area[length] != '_') return ROW_COMMUNE;
    switch (area[length + 1]) {
    case 'U':
        return ROW_UNMATCHED;
    case 'D':
        return ROW_DISTRICT;
    default:
        return ROW_COMMUNE;
    }
}

/* A coordinate that has become "does not apply" is no axis: a breakdown along another one has switched it off. */
static unsigned axis_if(const char *found, const char *total, unsigned axis) {
    return strcmp(found, total) == 0 || strcmp(found, "_Z") == 0 ? 0 : axis;
}

unsigned rows_axes(const struct publication *publication, const struct indicator *indicator, const struct obs_row *row) {
    char frequency[2] = {(char)publication->statistics->period.frequency, '\0'};
    const char *const *cells = row->cells;
    return area_axis(cells[OBS_REF_AREA], publication->options->reporting_area) |
           axis_if(cells[OBS_ACTIVITY], "_T", ROW_ACTIVITY) | axis_if(cells[OBS_UNIT_TYPE], indicator->unit_type, ROW_UNIT_TYPE) |
           axis_if(cells[OBS_SIZE_CLASS], "_T", ROW_SIZE_CLASS) |
           axis_if(cells[OBS_PLATFORM], indicator->platform, ROW_PLATFORM) |
           axis_if(cells[OBS_INSTRUMENT], indicator->instrument, ROW_INSTRUMENT) |
           axis_if(cells[OBS_TRANSFORMATION], "N", ROW_TRANSFORMATION) | axis_if(cells[OBS_FREQ], frequency, ROW_FREQ);
}

void rows_axes_name(unsigned axes, char out[static ROW_AXES_BYTES]) {
    static const char *const names[] = {"district",   "unmatched", "commune",    "activity",       "unit_type",
                                        "size_class", "platform",  "instrument", "transformation", "freq"};
    size_t length = 0;
    (void)snprintf(out, ROW_AXES_BYTES, "total");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((axes >> i & 1) == 0) continue;
        length += (size_t)snprintf(out + length, ROW_AXES_BYTES - length, "%s%s", length == 0 ? "" : "+", names[i]);
    }
}
