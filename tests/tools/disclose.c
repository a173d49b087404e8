/* Judges tables that come as text on standard input: what tests/oracle/disclosure_check.py makes at random, and solves.
 *
 *   rules MERCHANTS PLATFORMS PAYERS P DOMINANCE NEAR_ENDS ZEROS WINDOWS   a new table
 *   place DIMENSION MASK PUBLISHED                                   dimension 6: everywhere
 *   adds WHOLE PART...
 *   figure JUDGE WHOLE DIMENSIONS COUNT, then COUNT lines            UNIT PLATFORM CODE CODE PAYERS VALUE
 *   moved FIGURE COUNT, then COUNT lines                             NOW BEFORE CODE CODE CODE_BEFORE CODE_BEFORE
 *   nested INNER OUTER REST
 *   hold FIGURE PLACE
 *   run                                                              prints "FIGURE PLACE STATUS CAUSE" lines and "end" */
#include "aggregate/disclosure/table.h"

#include "check.h"

#include <string.h>

enum { LINE_BYTES = 4096, PARTS_MAX = 64 };

struct desk {
    struct disclosure_table *table;
    uint32_t places;
    unsigned place_dimensions[256];
    uint32_t figures;
    unsigned figure_dimensions[256];
};

static void start(struct desk *desk, const char *text) {
    long long n[8];
    CHECK(sscanf(text, "%lld %lld %lld %lld %lld %lld %lld %lld", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) == 8);
    const struct disclosure_rules rules = {.min_units = n[0],
                                           .min_platforms = n[1],
                                           .min_payers = n[2],
                                           .p = n[3],
                                           .dominance = (enum disclosure_dominance)n[4],
                                           .near_ends = n[5] != 0,
                                           .allow_zero = n[6] != 0,
                                           .windows = n[7] != 0};
    disclosure_table_destroy(desk->table);
    *desk = (struct desk){.table = disclosure_table_create(&rules)};
}

static void add_place(struct desk *desk, const char *text) {
    unsigned dimension;
    unsigned long long mask;
    int published;
    CHECK(sscanf(text, "%u %llx %d", &dimension, &mask, &published) == 3 && desk->places < 256);
    desk->place_dimensions[desk->places++] = dimension;
    (void)disclosure_place(desk->table, dimension, mask, published != 0);
}

static void add_equation(struct desk *desk, const char *text) {
    uint32_t numbers[PARTS_MAX];
    size_t count = 0;
    int used = 0;
    for (; count < PARTS_MAX && sscanf(text, "%u%n", &numbers[count], &used) == 1; count++)
        text += used;
    CHECK(count >= 2);
    disclosure_adds_up(desk->table, numbers[0], numbers + 1, count - 1);
}

static void add_figure(struct desk *desk, const char *text) {
    unsigned judge, whole, dimensions, count;
    char line[LINE_BYTES];
    struct contributions contributions = {.items = NULL};
    CHECK(sscanf(text, "%u %u %u %u", &judge, &whole, &dimensions, &count) == 4 && desk->figures < 256);
    for (unsigned i = 0; i < count; i++) {
        unsigned unit, platform, first, second;
        long long payers, value;
        CHECK(fgets(line, sizeof(line), stdin) != NULL);
        CHECK(sscanf(line, "%u %u %u %u %lld %lld", &unit, &platform, &first, &second, &payers, &value) == 6);
        struct contribution item = {.unit = unit,
                                    .platform = platform,
                                    .codes = {(uint8_t)first, (uint8_t)second, DISCLOSURE_NONE, DISCLOSURE_NONE,
                                              DISCLOSURE_NONE, DISCLOSURE_NONE},
                                    .payers = payers,
                                    .value = value};
        contributions_add(&contributions, &item);
    }
    desk->figure_dimensions[desk->figures++] = dimensions;
    (void)disclosure_figure(desk->table, &contributions, (enum judge)judge, whole, dimensions);
}

static void add_moves(struct desk *desk, const char *text) {
    unsigned figure, count;
    char line[LINE_BYTES];
    struct disclosure_moves moves = {.items = NULL};
    CHECK(sscanf(text, "%u %u", &figure, &count) == 2);
    for (unsigned i = 0; i < count; i++) {
        unsigned now, before, codes[4];
        CHECK(fgets(line, sizeof(line), stdin) != NULL);
        CHECK(sscanf(line, "%u %u %u %u %u %u", &now, &before, &codes[0], &codes[1], &codes[2], &codes[3]) == 6);
        struct disclosure_move move = {.now = now != 0, .before = before != 0};
        memset(move.codes, DISCLOSURE_NONE, sizeof(move.codes));
        memset(move.codes_before, DISCLOSURE_NONE, sizeof(move.codes_before));
        for (unsigned j = 0; j < 2; j++) {
            move.codes[j] = (uint8_t)codes[j];
            move.codes_before[j] = (uint8_t)codes[2 + j];
        }
        disclosure_moves_add(&moves, &move);
    }
    disclosure_moved(desk->table, figure, &moves);
}

static void print(const struct desk *desk) {
    for (uint32_t figure = 0; figure < desk->figures; figure++) {
        for (uint32_t place = 0; place < desk->places; place++) {
            unsigned dimension = desk->place_dimensions[place];
            if (dimension != DISCLOSURE_ALL && (desk->figure_dimensions[figure] >> dimension & 1) == 0) continue;
            struct judgement judgement = disclosure_verdict(desk->table, figure, place);
            (void)printf("%u %u %c %s\n", figure, place, judgement.status, disclosure_ground_name(judgement.ground));
        }
    }
    (void)puts("end");
}

int main(void) {
    struct desk desk = {.table = NULL};
    char line[LINE_BYTES];
    unsigned numbers[3];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        const char *rest = line + strcspn(line, " \n");
        if (strncmp(line, "rules ", 6) == 0) start(&desk, rest);
        if (strncmp(line, "place ", 6) == 0) add_place(&desk, rest);
        if (strncmp(line, "adds ", 5) == 0) add_equation(&desk, rest);
        if (strncmp(line, "figure ", 7) == 0) add_figure(&desk, rest);
        if (strncmp(line, "moved ", 6) == 0) add_moves(&desk, rest);
        if (sscanf(line, "nested %u %u %u", &numbers[0], &numbers[1], &numbers[2]) == 3)
            disclosure_nested(desk.table, numbers[0], numbers[1], numbers[2]);
        if (sscanf(line, "hold %u %u", &numbers[0], &numbers[1]) == 2)
            disclosure_hold(desk.table, numbers[0], numbers[1], (struct judgement){'D', GROUND_VINTAGE});
        if (strcmp(line, "run\n") != 0) continue;
        disclosure_table_run(desk.table);
        print(&desk);
    }
    disclosure_table_destroy(desk.table);
    return 0;
}
