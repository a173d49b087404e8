/* Areas of the province that nhip knows by name. Static tables, any thread. */
#ifndef NHIP_PUBLICATION_AREAS_H
#define NHIP_PUBLICATION_AREAS_H

#include <stddef.h>
#include <stdint.h>

enum area_kind { AREA_CITY, AREA_TOWN, AREA_RURAL, AREA_WARD, AREA_COMMUNE };

struct district {
    int32_t code; /* of the statistics office */
    enum area_kind kind;
    const char *name;
    const char *name_ascii;
    const char *valid_from; /* YYYY-MM-DD or "" */
    const char *valid_to;   /* exclusive */
};

struct commune {
    const char *code;
    enum area_kind kind;
    int32_t district_2021;
    const char *name;
    const char *name_ascii;
};

extern const struct district districts[]; /* by code */
extern const size_t district_count;
extern const struct commune communes[];
extern const size_t commune_count;

/* "Huyện", "District"; static texts. */
void area_kind_name(enum area_kind kind, const char **vi, const char **en);

#endif
