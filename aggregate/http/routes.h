/* What the endpoint has, by path. */
#ifndef NHIP_HTTP_ROUTES_H
#define NHIP_HTTP_ROUTES_H

#include "aggregate/http/facts.h"
#include "aggregate/http/live.h"
#include "aggregate/http/request.h"

/* What routes answer from. */
struct http_view {
    void (*look)(void *context, struct http_facts *facts); /* fills facts for one request */
    void *context;
    struct live *live;
    struct vintages *vintages;
};

/* Fills the answer (zeroed but for `out`). On the endpoint's thread. */
void routes_answer(const struct http_view *view, const struct http_request *request, struct http_answer *answer);

/* --- the handlers that have files of their own --- */

void api_rolling(const struct http_view *view, const struct http_request *request, struct http_answer *answer);
void api_observations(const struct http_view *view, const struct http_request *request, struct http_answer *answer);
void metrics_adoption(const struct http_view *view, const struct http_request *request, struct http_answer *answer);
/* A file of the live page, by path; false when there is none of that name. */
bool page_answer(const char *path, struct http_answer *answer);

#endif
