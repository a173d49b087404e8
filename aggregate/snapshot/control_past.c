/* What earlier publications told, against what this one is about to tell.
 *
 * The release before: a figure that was suppressed there, and is published now, tells nearly what it was, and with it what it
 * protected. So whatever no row of that release showed stays in, unless it had too few contributors then and has enough now.
 *
 * Months of a quarter or a year are publications of their own, each with figures withheld. A published quarter less its published
 * months is the sum of the others, which must be fit to be published itself. What the months withhold is computed here again, as
 * their own vintages would from this state, so that a vintage needs no other vintage to be rebuilt from. */
#include "aggregate/snapshot/control_parts.h"

#include "aggregate/snapshot/memory.h"

/* What a row of the release before said of one figure at one place. */
struct witness {
    struct disclosure_table *table;
    uint32_t figure, place;
    char status;
    bool alone; /* the row shows nothing else, so its status is the figure's */
};

struct witnesses {
    struct witness *items;
    size_t count, capacity;
};

static int compare_witnesses(const void *left, const void *right) {
    const struct witness *a = left;
    const struct witness *b = right;
    if (a->table != b->table) return (uintptr_t)a->table < (uintptr_t)b->table ? -1 : 1;
    if (a->figure != b->figure) return a->figure < b->figure ? -1 : 1;
    if (a->place != b->place) return a->place < b->place ? -1 : 1;
    return 0;
}

static void add_witnesses(struct witnesses *witnesses, const struct origin *origin, char status) {
    for (size_t i = 0; i < origin->figure_count * (origin->everywhere_too ? 2 : 1); i++) {
        bool everywhere = i >= origin->figure_count;
        witnesses->items =
            memory_reserve(witnesses->items, &witnesses->capacity, witnesses->count + 1, sizeof(*witnesses->items));
        witnesses->items[witnesses->count++] = (struct witness){
            .table = origin->table,
            .figure = origin->figures[i % origin->figure_count],
            .place = everywhere ? 0 : origin->place,
            .status = status,
            .alone = origin->figure_count == 1 && !origin->everywhere_too && origin->own.status == 'F',
        };
    }
}

/* All that was said of one figure at one place: withheld for another reason than few contributors, and shown by nobody? */
static bool stays_in(const struct witness *witnesses, size_t count) {
    char alone = '\0';
    bool protected = false;
    for (size_t i = 0; i < count; i++) {
        if (witnesses[i].status == 'F') return false;
        if (witnesses[i].alone) alone = witnesses[i].status;
        protected = protected || witnesses[i].status != 'A';
    }
    return alone != '\0' ? alone != 'A' : protected;
}

static void row_key(const struct obs_row *row, char out[static OBSERVATION_KEY_BYTES]) {
    size_t length = 0;
    for (int column = OBS_FREQ; column <= OBS_TIME_PERIOD; column++) {
        int written = snprintf(out + length, OBSERVATION_KEY_BYTES - length, "%s%s", column > OBS_FREQ ? "," : "",
                               row->cells[column]);
        CHECK(written >= 0 && length + (size_t)written < OBSERVATION_KEY_BYTES);
        length += (size_t)written;
    }
}

void control_hold(struct control *control, struct observations *observations, const struct obs_table *before) {
    struct witnesses witnesses = {.items = NULL};
    if (control == NULL) return;
    for (size_t i = 0; i < before->count; i++) {
        char key[OBSERVATION_KEY_BYTES];
        const struct obs_row *row = &before->rows[i];
        char status = row->cells[OBS_CONF_STATUS][0];
        row_key(row, key);
        struct observation *now = observations_find(observations, key);
        bool told = status != 'F' || row->cells[OBS_VALUE][0] != '\0' || row->cells[OBS_DENOMINATOR][0] != '\0';
        if (now == NULL || status == 'N' || !told) continue;
        add_witnesses(&witnesses, &now->origin, status);
        bool held = status != 'F' && status != 'A';
        if (held && now->origin.own.status == 'F') now->origin.own = (struct judgement){'D', GROUND_VINTAGE};
    }
    qsort(witnesses.items, witnesses.count, sizeof(*witnesses.items), compare_witnesses);
    for (size_t i = 0; i < witnesses.count;) {
        const struct witness *first = &witnesses.items[i];
        size_t count = 1;
        while (i + count < witnesses.count && compare_witnesses(first, first + count) == 0)
            count++;
        if (stays_in(first, count))
            disclosure_hold(first->table, first->figure, first->place, (struct judgement){'D', GROUND_VINTAGE});
        i += count;
    }
    free(witnesses.items);
}

/* Months that withhold figures of a table, a bit each, by figure and place. */
struct withheld_months {
    uint32_t figures, places;
    uint64_t *sets;
};

static struct withheld_months withheld_create(const struct disclosure_table *table, uint32_t figures) {
    struct withheld_months months = {figures, disclosure_places(table), NULL};
    months.sets = memory_zeroed((size_t)figures * months.places, sizeof(*months.sets));
    return months;
}

static void add_withheld(const struct withheld_months *months, const struct disclosure_table *month, uint64_t bit) {
    for (uint32_t figure = 0; figure < months->figures; figure++) {
        for (uint32_t place = 0; place < months->places; place++) {
            if (!disclosure_stands(month, figure, place)) continue;
            bool withheld = disclosure_verdict(month, figure, place).status != 'F';
            if (withheld) months->sets[(size_t)figure * months->places + place] |= bit;
        }
    }
}

/* What one month, as a vintage of its own, withholds. */
static void add_month(const struct control *control, const struct period *period, uint64_t bit,
                      const struct withheld_months *flows, const struct withheld_months *observed) {
    struct control_inputs inputs = control->inputs;
    inputs.period = period;
    inputs.daily = false;
    struct control *month = control_create(&inputs);
    flow_figures_run(&month->flows);
    observed_figures_run(month);
    add_withheld(flows, month->flows.matched, bit);
    add_withheld(observed, month->observed.table, bit);
    control_destroy(month);
}

/* One month after the other, so that one is in memory at a time. */
static void add_months(const struct control *control, const struct withheld_months *flows,
                       const struct withheld_months *observed) {
    const struct period *whole = control->inputs.period;
    struct period month = *whole;
    month.frequency = FREQUENCY_MONTH;
    for (uint64_t bit = 1; month.first <= whole->last; bit <<= 1) {
        month.last = month.first;
        while (month.last < whole->last && month_of_day(month.last + 1) == month_of_day(month.first))
            month.last++;
        add_month(control, &month, bit, flows, observed);
        month.first = month.last + 1;
    }
}

/* Holds what is not safe less the months that tell it. Returns how much there was to be judged. */
static int64_t hold_withheld(struct disclosure_table *table, const struct withheld_months *months) {
    int64_t checks = 0;
    for (uint32_t figure = 0; figure < months->figures; figure++) {
        for (uint32_t place = 0; place < months->places; place++) {
            uint64_t set = months->sets[(size_t)figure * months->places + place];
            if (set == 0) continue;
            checks++;
            struct judgement judgement = disclosure_judge_within(table, figure, place, BY_MONTH, set);
            if ((set & (set - 1)) == 0 || judgement.status != 'F')
                disclosure_hold(table, figure, place, (struct judgement){'D', GROUND_MONTHS});
        }
    }
    return checks;
}

void control_hold_months(struct control *control) {
    const struct flow_figures *flows = &control->flows;
    enum frequency frequency = control->inputs.period->frequency;
    if (frequency != FREQUENCY_QUARTER && frequency != FREQUENCY_YEAR) return;
    struct withheld_months of_flows = withheld_create(flows->matched, (uint32_t)flows->count);
    struct withheld_months of_observed = withheld_create(control->observed.table, control->observed.count);
    add_months(control, &of_flows, &of_observed);
    control->differencing_checks += hold_withheld(flows->matched, &of_flows);
    control->differencing_checks += hold_withheld(control->observed.table, &of_observed);
    free(of_flows.sets);
    free(of_observed.sets);
}
