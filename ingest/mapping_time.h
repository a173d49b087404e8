/* Times as mappings describe them: the text of a value -> epoch milliseconds. */
#ifndef NHIP_MAPPING_TIME_H
#define NHIP_MAPPING_TIME_H

#include "slice.h"
#include "zone.h"

#include <stdbool.h>
#include <stdint.h>

enum time_kind { TIME_RFC3339 = 0, TIME_EPOCH_S, TIME_EPOCH_MS, TIME_EPOCH_US, TIME_FORMAT };
enum { GROUP_YEAR, GROUP_MONTH, GROUP_DAY, GROUP_HOUR, GROUP_MINUTE, GROUP_SECOND, GROUP_MILLI, GROUP_COUNT };
enum { FORMAT_BYTES_MAX = 64 };

/* Every group has a fixed width, so a format is a length, the places of the groups, and the bytes between them. */
struct time_form {
    enum time_kind kind;
    const struct zone *zone; /* null: the text counts UTC */
    uint8_t length;
    int8_t place[GROUP_COUNT]; /* -1 = not in the format */
    uint8_t literal_count;
    struct {
        uint8_t place;
        char byte;
    } literals[FORMAT_BYTES_MAX];
};

/* Compiles a format. Null, or what is wrong with it. */
const char *time_format_compile(struct slice format, struct time_form *form);

/* False for what does not fit or is no instant of 1970..2199. Any thread. */
bool time_form_read(const struct time_form *form, struct slice text, int64_t *time_ms);

/* Whether an instant lies in the years 1970..2199. */
bool time_is_in_range(int64_t time_ms);

#endif
