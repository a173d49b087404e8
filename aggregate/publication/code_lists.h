/* Every code that the files of a vintage may hold, with labels in Vietnamese and English: the fixed lists, and those that follow
 * from the definitions that ran and from the area. Pure; any thread. */
#ifndef NHIP_PUBLICATION_CODE_LISTS_H
#define NHIP_PUBLICATION_CODE_LISTS_H

#include "aggregate/snapshot/publication.h"

struct code {
    const char *list; /* CL_AREA */
    const char *code;
    const char *vi;
    const char *en;
    const char *parent; /* "" none; so for the next two */
    const char *from;   /* YYYY-MM-DD */
    const char *to;     /* exclusive */
    const char *source;
};

/* The names of the lists, in the order in which codes are visited. */
extern const char *const code_list_names[];
extern const size_t code_list_count;
/* "Area", "Địa bàn" of CL_AREA; static texts. */
void code_list_name(const char *list, const char **vi, const char **en);

/* Calls `visit` for each code of the list; what it gets lives during the call only. */
void code_list_visit(const struct publication *publication, const char *list, void (*visit)(void *, const struct code *),
                     void *context);

/* The labels of one code, copied; the code itself in both when the list does not have it. */
enum { LABEL_BYTES = 400 };
struct label {
    char vi[LABEL_BYTES];
    char en[LABEL_BYTES];
};
void code_label(const struct publication *publication, const char *list, const char *code, struct label *label);

#endif
