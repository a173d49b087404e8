/* Sums of a flow over a part of its sources, as a chain index tells them to whoever solves for them (schemas/disclosure.md §3).
 *
 * Sources are of up to four classes; of each class everything is taken as known that the vintage publishes of all of them: the
 * flow, its parts (payments by e-wallet), and its slices along the two axes that a source stands on as a whole: a marketplace is
 * a PLATFORM, a wallet is most of an INSTRUMENT. Whatever of these a class has, and what remains of the class without it, must
 * pass the primary rules as figures of their own: then every sum of classes does, because the rules are closed under sums of
 * figures without a cell in common. They are asked twice, once with the source as the platform.
 *
 * All of it is asked only where sources are of several classes: one that comes, goes or pauses. That is rare, so each question is
 * a pass over the pool. */
#include "aggregate/snapshot/control_parts.h"

#include "aggregate/snapshot/memory.h"

/* Which amounts a question is about. */
struct question {
    const struct control *control;
    const uint8_t *class_of; /* per source */
    unsigned classes;        /* set of classes */
    unsigned dimension;      /* DISCLOSURE_ALL: every code */
    uint64_t codes;
};

/* Sums by whoever is on an axis. */
struct sums {
    __int128 *values;
    bool *there;
    size_t count;
};

static struct sums sums_create(size_t count) {
    return (struct sums){memory_zeroed(count, sizeof(__int128)), memory_zeroed(count, sizeof(bool)), count};
}

static void sums_add(struct sums *sums, uint32_t at, __int128 value) {
    sums->values[at] += value;
    sums->there[at] = true;
}

static struct contributed sums_close(struct sums *sums) {
    struct contributed measure = {.contributors = 0};
    for (size_t i = 0; i < sums->count; i++) {
        if (sums->there[i]) contributed_add(&measure, sums->values[i]);
    }
    free(sums->values);
    free(sums->there);
    return measure;
}

static bool is_asked(const struct question *question, const struct pooled *amount) {
    if (amount->unmatched || (question->classes >> question->class_of[amount->source] & 1) == 0) return false;
    return question->dimension == DISCLOSURE_ALL || (question->codes >> amount->codes[question->dimension] & 1) != 0;
}

/* Passes `outer` less `inner` (null: nothing) the primary rules there? What is nowhere tells of nobody. */
static bool passes(const struct question *question, const struct form *outer, const struct form *inner) {
    const struct control *control = question->control;
    size_t source_count = control->inputs.cells->source_count;
    struct sums platforms = sums_create((size_t)OUTLET_COUNT + PARTY_COUNT + source_count);
    struct sums sources = sums_create(source_count);
    struct contributed units = {.contributors = 0};
    int64_t payers = 0;
    __int128 value = 0; /* of the contributor at hand: those of one come together */
    bool open = false;
    for (size_t i = 0; i < control->pool_count; i++) {
        const struct pooled *amount = &control->pool[i];
        struct contribution item;
        if (i > 0 && open && amount->unit != control->pool[i - 1].unit) {
            contributed_add(&units, value);
            value = 0;
            open = false;
        }
        if (!is_asked(question, amount) || !form_amount(outer, inner, amount, &item)) continue;
        open = true;
        value += item.value;
        payers = payers > INT64_MAX - item.payers ? INT64_MAX : payers + item.payers;
        sums_add(&platforms, item.platform, item.value);
        sums_add(&sources, amount->source, item.value);
    }
    if (open) contributed_add(&units, value);
    struct contributed by_platform = sums_close(&platforms);
    struct contributed by_source = sums_close(&sources);
    const struct disclosure_rules *rules = control->inputs.rules;
    return units.contributors == 0 || (disclosure_magnitude(rules, &units, &by_platform, payers).status == 'F' &&
                                       disclosure_magnitude(rules, &units, &by_source, payers).status == 'F');
}

/* Codes of an axis that the published slices of a figure do not tell apart are one piece. */
static bool slices_pass(const struct question *whole, const struct axis *axis, const uint32_t *places, unsigned dimension,
                        uint32_t figure) {
    const struct flow_figures *flows = &whole->control->flows;
    uint32_t published[DISCLOSURE_CODES] = {0}; /* per code: the slices that it is in */
    uint64_t left = UINT64_MAX;
    for (size_t i = 0; i < axis->code_count; i++) {
        if (!disclosure_stands(flows->matched, figure, places[i])) return true; /* it has no slices here */
        if (disclosure_verdict(flows->matched, figure, places[i]).status != 'F') continue;
        for (unsigned code = 0; code < DISCLOSURE_CODES; code++)
            published[code] |= (uint32_t)(axis->codes[i].codes >> code & 1) << i;
    }
    struct question question = *whole;
    question.dimension = dimension;
    while (left != 0) {
        uint32_t slices = published[__builtin_ctzll(left)];
        question.codes = 0;
        for (unsigned code = 0; code < DISCLOSURE_CODES; code++)
            question.codes |= (uint64_t)(published[code] == slices) << code;
        left &= ~question.codes;
        if (!passes(&question, &flows->uses[figure].form, NULL)) return false;
    }
    return true;
}

/* The class has its share of every part of the figure, and of what the part leaves. */
static bool parts_pass(const struct question *question, const struct patterns *patterns, uint32_t figure) {
    const struct flow_figures *flows = &question->control->flows;
    const struct form *outer = &flows->uses[figure].form;
    for (uint32_t i = 0; i < flows->count; i++) {
        const struct form *inner = &flows->uses[i].form;
        if (i == figure || !form_is_part(patterns, inner, outer) || form_is_part(patterns, outer, inner)) continue;
        if (disclosure_verdict(flows->matched, i, 0).status != 'F') return false;
        if (!passes(question, inner, NULL) || !passes(question, outer, inner)) return false;
    }
    return true;
}

static bool figure_passes(const struct question *question, const struct patterns *patterns, uint32_t figure) {
    const struct flow_figures *flows = &question->control->flows;
    const struct definitions *definitions = question->control->inputs.definitions;
    return passes(question, &flows->uses[figure].form, NULL) && parts_pass(question, patterns, figure) &&
           slices_pass(question, &definitions->platform, flows->outlets, BY_OUTLET, figure) &&
           slices_pass(question, &definitions->instrument, flows->instruments, BY_INSTRUMENT, figure);
}

bool control_sources_told(const struct control *control, const struct indicator *indicator, const uint8_t *class_of,
                          const unsigned *classes, size_t count) {
    if (control == NULL) return true;
    CHECK(control->inputs.by_source);
    const struct terms *terms[] = {&indicator->plus, &indicator->minus};
    struct patterns *patterns = memory_zeroed(1, sizeof(*patterns));
    patterns_find(control, patterns);
    bool told = true;
    for (size_t i = 0; told && i < 2 * count; i++) {
        const struct question question = {
            .control = control, .class_of = class_of, .classes = classes[i / 2], .dimension = DISCLOSURE_ALL};
        if (terms[i % 2]->count == 0) continue;
        struct form form = form_of(terms[i % 2]);
        uint32_t figure = form_find(&control->flows, &form);
        CHECK(figure != UINT32_MAX);
        told = figure_passes(&question, patterns, figure);
    }
    free(patterns);
    return told;
}
