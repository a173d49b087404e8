/* Who adopts what: quotas by count over a shuffled population, so that each share is a whole number of units.
 *
 * Declared and observed are drawn apart: of those meant to be seen adopting nine in ten declare it, and as many others
 * declare what will never be seen. Both shares hit the published figure and the combined one lies above, as it does in
 * life. The rest of a population is No, unknown, or a date one day too old: the edges of the definitions are made on
 * purpose, not left to chance. */
#include "check.h"
#include "ingest/province_units.h"

#include "codes.h"

#include <stdlib.h>

struct list {
    uint32_t *units;
    uint32_t count;
};

/* The units of a population that are alive to the end, in random order. To be freed. */
static struct list population_list(const struct province_units *units, unsigned population, struct province_random *random) {
    struct list list = {calloc(units->unit_count, sizeof(uint32_t)), 0};
    CHECK(list.units);
    for (uint32_t i = 0; i < units->unit_count; i++) {
        const struct province_unit *unit = &units->units[i];
        if (unit->group == GROUP_DEAD || unit->end_day != PROVINCE_FOREVER) continue;
        if (unit->versions[0].population & population) list.units[list.count++] = i;
    }
    province_random_shuffle(random, list.units, list.count);
    return list;
}

/* Of a shuffled list whose first `adopters` adopt: who declares. */
static bool declares(uint32_t index, uint32_t adopters) {
    uint32_t honest = adopters * 9 / 10;
    return index < honest || (index >= adopters && index < adopters + (adopters - honest));
}

static void email_set(struct province_units *units, struct province_random *random) {
    struct list list = population_list(units, POPULATION_ENT, random);
    uint32_t yes = list.count * 70 / 100;
    for (uint32_t i = 0; i < list.count; i++) {
        struct province_version *version = &units->units[list.units[i]].versions[0];
        version->has_email = CELL_NO;
        if (i < yes) {
            version->has_email = CELL_YES;
            version->email_asof = units->last_day - (int32_t)province_random_below(random, 300);
            if (i == 0) version->email_asof = units->last_day - 364; /* the oldest that counts */
            if (i % 10 == 1) version->email_asof = PROVINCE_DATE_EMPTY;
            if (i % 10 == 2) version->email_asof = PROVINCE_DATE_ABSENT;
        } else if (i < yes + list.count / 100) { /* stale: says yes, counts as no */
            version->has_email = CELL_YES;
            version->email_asof = units->last_day - 365 - (i == yes ? 0 : (int32_t)province_random_below(random, 400));
        } else if (i < yes + list.count * 6 / 100) {
            version->has_email = i % 8 == 0 ? CELL_ABSENT : CELL_EMPTY;
        }
    }
    free(list.units);
}

/* The last day that a record may still mention, so that its own `recorded_at` falls into the stream. */
static int32_t mention_day_max(const struct province_units *units) {
    int32_t days = units->end_day - units->first_day;
    int32_t day = units->end_day - 1 - (days / 5 < 18 ? days / 5 : 18);
    return day < units->last_day ? day : units->last_day;
}

static void website_set(struct province_units *units, struct province_random *random) {
    struct list list = population_list(units, POPULATION_ENT, random);
    uint32_t yes = list.count / 2;
    uint32_t span = (uint32_t)(mention_day_max(units) - units->window_first) + 1;
    for (uint32_t i = 0; i < list.count; i++) {
        struct province_version *version = &units->units[list.units[i]].versions[0];
        version->website_updated = i % 2 ? PROVINCE_DATE_EMPTY : PROVINCE_DATE_ABSENT;
        version->website = i < yes + list.count * 15 / 100;
        if (i < yes) {
            version->website_updated = units->window_first + (int32_t)(i == 0 ? 0 : province_random_below(random, span));
        } else if (i < yes + list.count / 10) {
            version->website_updated = units->window_first - 1 - (i == yes ? 0 : (int32_t)province_random_below(random, 300));
        } else if (i >= yes + list.count * 15 / 100 && i < yes + list.count * 18 / 100) {
            version->website_updated = units->window_first + (int32_t)province_random_below(random, span); /* but no address */
        }
    }
    free(list.units);
}

static void management_set(struct province_units *units, struct province_random *random) {
    struct list list = population_list(units, POPULATION_ENT, random);
    for (uint32_t i = 0; i < list.count; i++) {
        struct province_version *version = &units->units[list.units[i]].versions[0];
        version->management = i < list.count / 10 ? CELL_YES : i < list.count * 14 / 100 ? CELL_EMPTY : CELL_NO;
        if (version->management == CELL_EMPTY && i % 9 == 0) version->management = CELL_ABSENT;
    }
    free(list.units);
}

/* Service units and utilities stay away from marketplaces: a hotel that sold there would also have an electronic channel. */
static void marketplace_set(struct province_units *units, struct province_random *random) {
    struct list list = population_list(units, POPULATION_ENT, random);
    uint32_t adopters = list.count * 35 / 100, seen = 0;
    for (uint32_t i = 0; i < list.count; i++) {
        struct province_unit *unit = &units->units[list.units[i]];
        if (unit->group != GROUP_ENTERPRISE && unit->group != GROUP_IT) continue;
        uint32_t index = seen++;
        if (declares(index, adopters)) {
            unit->versions[0].marketplaces = 1u + province_random_below(random, 63);
        }
        if (index >= adopters) continue;
        uint32_t draw = province_random_below(random, 100);
        unit->sells = draw < 72;
        unit->buys = draw >= 64;
    }
    CHECK(seen > adopters * 11 / 10);
    free(list.units);
}

static void modern_set(struct province_units *units, struct province_random *random) {
    struct list list = population_list(units, POPULATION_MDT, random);
    uint32_t adopters = list.count * 70 / 100;
    for (uint32_t i = 0; i < list.count; i++) {
        struct province_unit *unit = &units->units[list.units[i]];
        unit->takes_cards = i < adopters;
        unit->versions[0].accepts_epay = declares(i, adopters) ? CELL_YES
                                         : i % 3 == 0          ? CELL_EMPTY
                                         : i % 7 == 0          ? CELL_ABSENT
                                                               : CELL_NO;
    }
    free(list.units);
}

static void utility_set(struct province_units *units, struct province_random *random) {
    struct list list = population_list(units, POPULATION_UTL, random);
    uint32_t adopters = list.count / 2;
    for (uint32_t i = 0; i < list.count; i++) {
        struct province_unit *unit = &units->units[list.units[i]];
        unit->takes_bills = i < adopters;
        unit->versions[0].accepts_epay = declares(i, adopters) ? CELL_YES : i % 5 == 0 ? CELL_EMPTY : CELL_NO;
    }
    free(list.units);
}

static void service_set(struct province_units *units, struct province_random *random) {
    static const unsigned choices[] = {1u << CHANNEL_OWN_WEB, 1u << CHANNEL_OTA, 1u << CHANNEL_SOCIAL, 1u << CHANNEL_MARKETPLACE,
                                       1u << CHANNEL_OWN_WEB | 1u << CHANNEL_OWN_APP, 1u << CHANNEL_OTA | 1u << CHANNEL_PHONE};
    struct list list = population_list(units, POPULATION_TSB, random);
    uint32_t adopters = list.count / 5;
    for (uint32_t i = 0; i < list.count; i++) {
        struct province_unit *unit = &units->units[list.units[i]];
        unit->has_channel = i < adopters;
        if (declares(i, adopters)) unit->versions[0].channels = choices[province_random_below(random, 6)];
    }
    free(list.units);
}

void province_quotas_set(struct province_units *units, struct province_random *random) {
    email_set(units, random);
    website_set(units, random);
    management_set(units, random);
    marketplace_set(units, random);
    modern_set(units, random);
    utility_set(units, random);
    service_set(units, random);
}
