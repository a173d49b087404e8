/* The page from top to bottom. */
#include "aggregate/report/report.h"

#include "aggregate/report/section.h"

#include <unistd.h>

/* benchmarks.csv, revisions.csv and codes.csv: a vintage may be without them, but not with a broken one. */
static bool read_if_there(struct csv_table *table, const char *path, const char *name, struct fault *fault) {
    char file[1024];
    (void)snprintf(file, sizeof(file), "%.700s/%s", path, name);
    *table = (struct csv_table){.text = NULL};
    return access(file, F_OK) != 0 || csv_table_read(table, file, fault);
}

bool report_write(const struct report_input *input, FILE *out, struct fault *fault) {
    struct report report = {.page = {.out = out}, .input = input};
    bool good = editions_read(&report.editions, input->path, input->name, input->collection, fault) &&
                read_if_there(&report.benchmarks, input->path, "benchmarks.csv", fault) &&
                read_if_there(&report.revisions, input->path, "revisions.csv", fault) &&
                read_if_there(&report.codes, input->path, "codes.csv", fault);
    if (good) {
        report.page.own = editions_own(&report.editions);
        section_head(&report);
        section_shares(&report);
        section_districts(&report);
        section_flows(&report);
        section_multiples(&report);
        section_revisions(&report);
        section_quality(&report);
        section_method(&report);
    }
    csv_table_clear(&report.benchmarks);
    csv_table_clear(&report.revisions);
    csv_table_clear(&report.codes);
    editions_clear(&report.editions);
    return good;
}
