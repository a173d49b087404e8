/* Forms: sums of flows, what of an amount they take, and which of them is a part of which. An amount is in a set of flows, so a
 * form takes so many times its n and so many times its sum; the sets that occur are few, and being a part is asked of them. */
#include "aggregate/snapshot/control_parts.h"

#include "check.h"

struct form form_of(const struct terms *terms) {
    struct form form = {.n = {0}};
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->items[i].sum)
            form.sum[terms->items[i].flow]++;
        else
            form.n[terms->items[i].flow]++;
    }
    return form;
}

uint32_t form_find(const struct flow_figures *flows, const struct form *form) {
    for (size_t i = 0; i < flows->count; i++) {
        if (memcmp(&flows->uses[i].form, form, sizeof(*form)) == 0) return (uint32_t)i;
    }
    return UINT32_MAX;
}

/* How much of a cell's n and sum a form takes, by the cell's set of flows. */
struct take {
    int n, sum;
};

static struct take take_of(const struct form *form, uint64_t set) {
    struct take take = {0, 0};
    for (; set != 0; set &= set - 1) {
        take.n += form->n[__builtin_ctzll(set)];
        take.sum += form->sum[__builtin_ctzll(set)];
    }
    return take;
}

void patterns_find(const struct control *control, struct patterns *patterns) {
    uint64_t last = 0;
    patterns->count = 0;
    for (size_t i = 0; i < control->pool_count; i++) {
        uint64_t set = control->pool[i].flows;
        if (set == last) continue;
        last = set;
        size_t at = 0;
        while (at < patterns->count && patterns->sets[at] != set)
            at++;
        CHECK(at < PATTERNS_MAX);
        if (at == patterns->count) patterns->sets[patterns->count++] = set;
    }
}

bool form_is_part(const struct patterns *patterns, const struct form *inner, const struct form *outer) {
    bool any = false;
    for (size_t i = 0; i < patterns->count; i++) {
        struct take a = take_of(inner, patterns->sets[i]);
        struct take b = take_of(outer, patterns->sets[i]);
        if (a.n > b.n || a.sum > b.sum) return false;
        any = any || a.n + a.sum > 0;
    }
    return any;
}

bool form_amount(const struct form *outer, const struct form *inner, const struct pooled *amount, struct contribution *item) {
    struct take take = take_of(outer, amount->flows);
    struct take less = inner != NULL ? take_of(inner, amount->flows) : (struct take){0, 0};
    take.n -= less.n;
    take.sum -= less.sum;
    if (take.n == 0 && take.sum == 0) return false;
    *item = (struct contribution){.unit = amount->unit, .platform = amount->platform};
    item->payers = amount->n > INT64_MAX ? INT64_MAX : (int64_t)amount->n;
    item->value = amount->n * take.n + amount->sum * take.sum;
    memcpy(item->codes, amount->codes, sizeof(item->codes));
    return true;
}
