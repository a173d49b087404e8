/* What can be said of obs.csv and cohorts.csv without the log: their form, and that their cells agree with each other. */
#ifndef NHIP_VERIFY_FIGURES_H
#define NHIP_VERIFY_FIGURES_H

#include "aggregate/verify/finding.h"
#include "fault.h"

/* Keys sorted and unique; values that are shares of their numerator and denominator; values within their bounds; accepted and
 * declined payments adding up; suppressed cells empty. `rows_expected`: what snapshot.json says. */
bool figures_check(const char *directory, int64_t rows_expected, struct findings *findings, struct fault *fault);

/* The same of cohorts.csv, where there is one: hazards and survivors follow from the counts, a cohort only shrinks, and what is
 * withheld is so to the end. */
bool cohorts_check(const char *directory, struct findings *findings, struct fault *fault);

#endif
