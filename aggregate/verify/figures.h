/* What can be said of obs.csv without the log: its form, and that its cells agree with each other. */
#ifndef NHIP_VERIFY_FIGURES_H
#define NHIP_VERIFY_FIGURES_H

#include "aggregate/verify/finding.h"
#include "fault.h"

/* Keys sorted and unique; values that are shares of their numerator and denominator; values within their bounds; accepted and
 * declined payments adding up; suppressed cells empty. `rows_expected`: what snapshot.json says. */
bool figures_check(const char *directory, int64_t rows_expected, struct findings *findings, struct fault *fault);

#endif
