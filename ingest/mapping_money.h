/* Amounts as mappings describe them: the text of a value -> whole minor units. */
#ifndef NHIP_MAPPING_MONEY_H
#define NHIP_MAPPING_MONEY_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct money_form {
    int32_t shift;    /* the power of ten that the text is multiplied with */
    bool is_number;   /* a JSON number: may have an exponent */
    bool absolute;    /* drop a leading minus */
};

/* Exactly, or false: for other forms, a minus, fractions of a minor unit, and what is beyond int64. Any thread. */
bool money_read(const struct money_form *form, struct slice text, int64_t *minor);

#endif
