/* The primary rules of disclosure control (schemas/disclosure.md §2): may a figure with these contributors be published?
 * Pure, exact integers, any thread. */
#ifndef NHIP_DISCLOSURE_RULES_H
#define NHIP_DISCLOSURE_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum disclosure_dominance { DOMINANCE_OFF = 0, DOMINANCE_P, DOMINANCE_NK };

struct disclosure_rules {
    int64_t min_units;     /* distinct contributors on the merchant axis */
    int64_t min_platforms; /* on the platform axis: marketplaces, payment providers */
    int64_t min_payers;    /* on the payer axis */
    int64_t p;             /* per cent, of the p% rule */
    enum disclosure_dominance dominance;
    bool near_ends;  /* shares close to 0 or 1 in a small population */
    bool allow_zero; /* a cell without any contributor is published as 0 */
    bool windows;    /* near ends, too, of who came into a share since the window before, and who left it */
};

/* What decided, in the order in which verdicts prevail; the audit counts by it. */
enum disclosure_ground {
    GROUND_NONE = 0,
    GROUND_UNITS,          /* too few merchants */
    GROUND_PLATFORMS,      /* too few platforms or payment providers */
    GROUND_PAYERS,         /* too few payers */
    GROUND_NEAR_ENDS,      /* a share close to 0 or 1 */
    GROUND_ZERO,           /* a zero that would tell */
    GROUND_UNITS_SHARE,    /* dominated by one or two merchants */
    GROUND_PLATFORM_SHARE, /* dominated by one or two platforms */
    GROUND_SECONDARY,      /* protects others */
    GROUND_TWO_WAY,        /* stands in a table of two ways, which is not published */
    GROUND_MONTHS,         /* less the published months of it, it would tell */
    GROUND_WINDOWS,        /* less the figure of the window before, it would tell */
    GROUND_VINTAGE,        /* suppressed in an earlier release */
    GROUND_UNJUDGED,       /* nobody said of what the figure is made */
    GROUND_COUNT
};

/* CONF_STATUS of a figure: F free; A small counts; O, T, M dominance by one, by two, other; D secondary; C unjudged. */
struct judgement {
    char status;
    enum disclosure_ground ground;
};

/* One figure on one axis: its contributors, and the two greatest of their contributions (none is negative). */
struct contributed {
    int64_t contributors;
    __int128 total, first, second;
};

/* One contributor more, with its contribution. */
void contributed_add(struct contributed *measure, __int128 value);

/* 'F', or O, T, M by dominance. `total` < 1e36. */
char disclosure_dominated(const struct disclosure_rules *rules, const struct contributed *measure);

/* A magnitude: `payers` is the number of payers or a greater number. */
struct judgement disclosure_magnitude(const struct disclosure_rules *rules, const struct contributed *units,
                                    const struct contributed *platforms, int64_t payers);
/* A number of units of a population, or the denominator of a share of units. */
struct judgement disclosure_population(const struct disclosure_rules *rules, int64_t contributors);
/* `part` of `whole`: 0 < part < 3 in a whole below 20; ask for the complement too. */
struct judgement disclosure_part(const struct disclosure_rules *rules, __int128 part, __int128 whole);
/* A part of `whole` that differs from its figure of the window before by `entered` and `left`: each is asked like a part. */
struct judgement disclosure_change(const struct disclosure_rules *rules, __int128 entered, __int128 left, __int128 whole);
/* A concentration over so many leaves: fewer than three can be solved for their shares. */
struct judgement disclosure_concentration(const struct disclosure_rules *rules, const struct contributed *leaves);

/* True when `verdict` prevails over `other`: A before O, T, M, then D; free never does. */
bool verdict_prevails(struct judgement verdict, struct judgement other);
const char *disclosure_ground_name(enum disclosure_ground ground);

#endif
