/* Parameters of a request, and refusals that say what would be accepted. Any thread. */
#ifndef NHIP_HTTP_QUERY_H
#define NHIP_HTTP_QUERY_H

#include "aggregate/http/request.h"

#include <stdint.h>

/* What is accepted in some place: `count` words. */
struct words {
    const char *const *items;
    size_t count;
};

/* Makes the answer a refusal (application/problem+json, RFC 9457): what was found where, up to 40 of the accepted words, the
 * nearest of them. `value` and `accepted` may be null. Always false. */
bool query_refuse(struct http_answer *answer, unsigned status, const char *parameter, const char *value,
                  const struct words *accepted, const char *detail);

/* Each parameter is one of `names`, and given once. False and a refusal else. */
bool query_check(const struct http_request *request, struct words names, struct http_answer *answer);
/* The value, or null when it is not given. */
const char *query_value(const struct http_request *request, const char *name);
/* A whole number within bounds; `*number` stays as it is when the parameter is not given. */
bool query_number(const struct http_request *request, const char *name, int64_t min, int64_t max, int64_t *number,
                  struct http_answer *answer);

enum http_format { FORMAT_JSON, FORMAT_CSV, FORMAT_NDJSON };
/* `format=` decides, else the Accept header; nothing asked for: JSON. Sets the answer's content type. */
bool query_format(const struct http_request *request, enum http_format *format, struct http_answer *answer);

#endif
