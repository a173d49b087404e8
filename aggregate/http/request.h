/* One request and what is said to it, without any word of HTTP's library: routes read the one and fill the other. A handler runs
 * on the endpoint's only thread: it must be short, and may never wait for anybody. */
#ifndef NHIP_HTTP_REQUEST_H
#define NHIP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { HTTP_PARAMETERS_MAX = 24, HTTP_LINK_BYTES = 1200 };

enum http_status {
    HTTP_STATUS_OK = 200,
    HTTP_STATUS_BAD = 400,
    HTTP_STATUS_NONE = 404,
    HTTP_STATUS_METHOD = 405,
    HTTP_STATUS_UNACCEPTABLE = 406,
    HTTP_STATUS_BROKEN = 500,
    HTTP_STATUS_LATER = 503,
};

struct http_parameter {
    const char *name, *value; /* decoded */
};

struct http_request {
    const char *path;
    const char *accept; /* "" when there is none */
    struct http_parameter parameters[HTTP_PARAMETERS_MAX];
    size_t parameter_count;
    bool malformed; /* more of them than that, or with a NUL in it */
};

enum http_kind {
    HTTP_BODY = 0, /* what was written to `out` */
    HTTP_WAIT,     /* ask again when the live facts are new: a second at most */
    HTTP_STREAM,   /* live events for as long as the client likes */
};

struct http_answer {
    enum http_kind kind;
    unsigned status; /* enum http_status */
    const char *content_type;
    const char *policy;         /* Content-Security-Policy; null: nothing may be loaded */
    bool tagged;                /* ETag of the bytes; 304 when the client has them */
    char link[HTTP_LINK_BYTES]; /* of a Link header; "" = none */
    FILE *out;                  /* the body */
};

#endif
