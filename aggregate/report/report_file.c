/* The only place where the report touches the snapshot: names, places and counts go in, no figure does. Figures are read from the
 * files that have just been written, after disclosure control. */
#include "aggregate/report/report_file.h"

#include "aggregate/report/report.h"
#include "aggregate/snapshot/provenance.h"

bool report_file(const struct publication *publication, FILE *out, struct fault *fault) {
    struct report_input input = {
        .path = publication->vintage->temporary,
        .name = publication->vintage->name,
        .collection = publication->vintage->directory,
        .area = publication->options->reporting_area,
        .quality = {.units = publication->registry->unit_count,
                    .unmatched_accounts = publication->cells->unmatched_accounts,
                    .unmatched_n = publication->cells->unmatched_n,
                    .refused_claims = crosswalk_refused(publication->crosswalk)},
    };
    provenance_counts(publication->state, &input.quality.counts);
    return report_write(&input, out, fault);
}
