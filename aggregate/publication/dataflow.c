/* One text names the dataflow in every row of obs.csv; the other artefacts of the structure are named after it. */
#include "aggregate/publication/dataflow.h"

#include <stdio.h>
#include <string.h>

static void copy(char out[static DATAFLOW_PART_BYTES], const char *prefix, const char *from, size_t length) {
    (void)snprintf(out, DATAFLOW_PART_BYTES, "%.8s%.*s", prefix, (int)(length < 48 ? length : 48), from);
}

struct dataflow dataflow_of(const char *structure_id) {
    struct dataflow flow = {.version = ""};
    size_t agency = strcspn(structure_id, ":");
    const char *id = structure_id + agency + (structure_id[agency] == ':');
    size_t length = strcspn(id, "(");
    const char *version = id + length + (id[length] == '(');
    const char *name = strncmp(id, "DF_", 3) == 0 ? id + 3 : id;
    copy(flow.agency, "", structure_id, agency);
    copy(flow.id, "", id, length);
    copy(flow.structure, "DSD_", name, length - (size_t)(name - id));
    copy(flow.concepts, "CS_", name, length - (size_t)(name - id));
    copy(flow.version, "", version, strcspn(version, ")"));
    return flow;
}
