/* What happens to the units while the stream runs, and the registry messages that say so.
 *
 * Records are bitemporal: `valid_from` says since when, `recorded_at` when the registry learned it, usually days later.
 * Here are closures, records that end, moves to another district, corrections of an older record (same valid_from,
 * recorded later), records of the same instant (the later one in the log wins), websites updated, and claims on an
 * account that somebody else already holds (refused: the first claim stands). Everything is recorded some days before
 * the stream ends, so the default `as_of` sees it all. */
#include "check.h"
#include "ingest/province_units.h"

#include "codes.h"

#include <stdlib.h>

static int64_t day_ms(int32_t day) {
    return (int64_t)day * PROVINCE_DAY_MS - PROVINCE_OFFSET_MS;
}

/* Some hours to `days` days after a day, but not in the last nine days (the last tenth of a short stream). */
static int64_t recorded_after(const struct province_units *units, int32_t day, uint32_t days, struct province_random *random) {
    int64_t at_ms = day_ms(day) + PROVINCE_HOUR_MS + (int64_t)province_random_below(random, days * 86400) * 1000;
    int64_t tenth_ms = (int64_t)(units->end_day - units->first_day) * PROVINCE_DAY_MS / 10;
    int64_t latest_ms =
        day_ms(units->end_day) - (tenth_ms < 9 * (int64_t)PROVINCE_DAY_MS ? tenth_ms : 9 * (int64_t)PROVINCE_DAY_MS);
    return at_ms < latest_ms ? at_ms : latest_ms;
}

static struct province_version *version_add(struct province_unit *unit) {
    CHECK(unit->version_count < PROVINCE_VERSIONS_MAX);
    struct province_version *version = &unit->versions[unit->version_count];
    *version = unit->versions[unit->version_count - 1];
    unit->version_count++;
    return version;
}

static void endings_make(struct province_units *units, struct province_random *random) {
    for (uint32_t i = 0; i < units->unit_count; i++) {
        struct province_unit *unit = &units->units[i];
        if (unit->end_day == PROVINCE_FOREVER) continue;
        bool closes = unit->versions[0].valid_to == PROVINCE_FOREVER;
        unit->versions[0].valid_to = PROVINCE_FOREVER; /* nobody knew it yet */
        struct province_version *version = version_add(unit);
        version->recorded_ms = recorded_after(units, unit->end_day, 10, random);
        if (closes) {
            version->valid_from = unit->end_day;
            version->status = STATUS_CLOSED;
        } else {
            version->valid_to = unit->end_day;
        }
    }
}

/* A website's update is known to the registry when the record is made: either the only record is a late one, or a second
 * follows. */
static void websites_make(struct province_units *units, struct province_random *random) {
    for (uint32_t i = 0; i < units->unit_count; i++) {
        struct province_unit *unit = &units->units[i];
        int32_t updated = unit->versions[0].website_updated;
        if (updated == PROVINCE_DATE_ABSENT || updated == PROVINCE_DATE_EMPTY) continue;
        if (day_ms(updated + 1) < unit->versions[0].recorded_ms) continue;
        struct province_version *version = &unit->versions[0];
        if (province_random_chance(random, 6000)) {
            version = version_add(unit);
            unit->versions[0].website_updated = PROVINCE_DATE_EMPTY;
            if (province_random_chance(random, 5000)) version->valid_from = updated;
        }
        version->recorded_ms = recorded_after(units, updated + 1, 4, random);
    }
}

static bool can_change(const struct province_units *units, uint32_t unit) {
    const struct province_unit *u = &units->units[unit];
    return u->group != GROUP_DEAD && u->end_day == PROVINCE_FOREVER && u->version_count < PROVINCE_VERSIONS_MAX;
}

static void changes_make(struct province_units *units, struct province_random *random) {
    int32_t days = units->end_day - units->first_day;
    for (uint32_t made = 0; made < 72;) {
        uint32_t i = province_random_below(random, units->unit_count);
        if (!can_change(units, i)) continue;
        struct province_unit *unit = &units->units[i];
        int32_t day = units->first_day + days / 10 + (int32_t)province_random_below(random, (uint32_t)days / 2 + 1);
        const struct province_version *last = &unit->versions[unit->version_count - 1];
        if (last->valid_from > day || last->recorded_ms > day_ms(day)) continue; /* one thing after the other */
        int64_t last_ms = last->recorded_ms;
        struct province_version *version = version_add(unit);
        version->recorded_ms = recorded_after(units, day, 12, random);
        if (made < 40) { /* moves */
            version->valid_from = day;
            version->district =
                (version->district + 1 + province_random_below(random, PROVINCE_DISTRICTS - 1)) % PROVINCE_DISTRICTS;
        } else if (made < 50) { /* the whole past was in the wrong district */
            version->district =
                (version->district + 1 + province_random_below(random, PROVINCE_DISTRICTS - 1)) % PROVINCE_DISTRICTS;
        } else if (made < 64) {
            version->employees = 1 + (int32_t)province_random_below(random, 60);
        } else if (made < 68) { /* recorded at the same instant: the later one in the log holds */
            version->recorded_ms = last_ms;
            version->employees = 10;
        } else if (unit->group == GROUP_SHOP) {
            version->valid_from = day;
            version->type = version->type == TYPE_MARKET ? TYPE_OTHER : TYPE_MARKET;
        }
        made++;
    }
}

/* The claimant has one record, later than the only record of the owner: its claim is refused on every day. */
static void false_claims_make(struct province_units *units, struct province_random *random) {
    for (uint32_t made = 0, tries = 0; made < 5 && tries < 200000; tries++) {
        uint32_t account = province_random_below(random, units->account_count);
        const struct province_account *a = &units->accounts[account];
        if (!a->listed || a->before != a->after) continue;
        const struct province_unit *owner = &units->units[a->before];
        uint32_t claimant = province_random_below(random, units->unit_count);
        struct province_unit *unit = &units->units[claimant];
        if (owner->version_count != 1 || unit->version_count != 1 || unit->group != GROUP_SHOP) continue;
        if (unit->false_claim != PROVINCE_NOBODY || unit->account_count > 0 || claimant == (uint32_t)a->before) continue;
        unit->false_claim = (int32_t)account;
        unit->versions[0].recorded_ms = owner->versions[0].recorded_ms + PROVINCE_HOUR_MS;
        made++;
    }
}

static int64_t order_ms(const struct province_units *units, uint32_t item) {
    return units->units[item / PROVINCE_VERSIONS_MAX].versions[item % PROVINCE_VERSIONS_MAX].recorded_ms;
}

/* Merge sort by (recorded_ms, item): stable and without the context that qsort lacks. */
static void order_sort(const struct province_units *units, uint32_t *items, uint32_t *spare, size_t count) {
    if (count < 2) return;
    size_t half = count / 2, left = 0, right = half;
    order_sort(units, items, spare, half);
    order_sort(units, items + half, spare + half, count - half);
    for (size_t i = 0; i < count; i++) {
        bool take_left = right == count || (left < half && order_ms(units, items[left]) <= order_ms(units, items[right]));
        spare[i] = take_left ? items[left++] : items[right++];
    }
    memcpy(items, spare, count * sizeof *items);
}

void province_history_make(struct province_units *units, struct province_random *random) {
    endings_make(units, random);
    websites_make(units, random);
    changes_make(units, random);
    false_claims_make(units, random);
    size_t most = (size_t)units->unit_count * PROVINCE_VERSIONS_MAX;
    uint32_t *spare = calloc(most, sizeof *spare);
    units->order = calloc(most, sizeof *units->order);
    CHECK_MEMORY(units->order && spare);
    for (uint32_t i = 0; i < units->unit_count; i++) {
        for (uint32_t v = 0; v < units->units[i].version_count; v++) {
            units->order[units->order_count++] = i * PROVINCE_VERSIONS_MAX + v;
        }
    }
    order_sort(units, units->order, spare, units->order_count);
    free(spare);
}
