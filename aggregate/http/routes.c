/* The table of paths, and the short answers. */
#include "aggregate/http/routes.h"

#include "aggregate/http/metrics.h"
#include "aggregate/http/query.h"
#include "aggregate/runtime/version.h"
#include "check.h"

#include <string.h>

typedef void handler(const struct http_view *view, const struct http_request *request, struct http_answer *answer);

static struct http_facts *look(const struct http_view *view) {
    struct http_facts *facts = calloc(1, sizeof(*facts));
    CHECK_MEMORY(facts != NULL);
    view->look(view->context, facts);
    return facts;
}

static void answer_metrics(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    struct http_facts *facts = look(view);
    (void)request;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(facts, version_number(), version_commit(), answer->out);
    free(facts);
}

static void answer_health(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    struct http_facts *facts = look(view);
    (void)request;
    (void)fputs(facts->alive ? "ok\n" : "a worker has not gone round for a minute\n", answer->out);
    answer->status = facts->alive ? HTTP_STATUS_OK : HTTP_STATUS_LATER;
    free(facts);
}

static void answer_readiness(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    struct http_facts *facts = look(view);
    size_t held = 0;
    (void)request;
    for (size_t i = 0; i < facts->partition_count; i++) held += facts->partitions[i].reading.held;
    if (!facts->ready) {
        (void)fputs("Kafka or Redis has not answered yet\n", answer->out);
    } else if (held > 0) {
        (void)fprintf(answer->out, "%zu of %zu partitions wait for Redis\n", held, facts->partition_count);
    } else {
        (void)fprintf(answer->out, "ok\n%zu partitions\n", facts->partition_count);
    }
    answer->status = facts->ready && held == 0 ? HTTP_STATUS_OK : HTTP_STATUS_LATER;
    free(facts);
}

static void answer_events(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    (void)view, (void)request;
    answer->kind = HTTP_STREAM;
    answer->content_type = "text/event-stream";
}

/* The report is one file without scripts, made for offline reading; it brings its style sheet along. */
static void answer_report(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    static const char *const names[] = {"vintage"};
    const struct vintage_copy *copy = NULL;
    if (!query_check(request, (struct words){names, 1}, answer)) return;
    const char *wanted = query_value(request, "vintage");
    switch (vintages_open(view->vintages, wanted, &copy)) {
    case VINTAGE_NONE:
        (void)query_refuse(answer, HTTP_STATUS_NONE, "vintage", wanted, NULL,
                           wanted != NULL ? "there is no published vintage of that name" : "nothing has been published yet");
        return;
    case VINTAGE_UNFIT:
        (void)query_refuse(answer, HTTP_STATUS_BROKEN, "vintage", wanted, NULL, VINTAGE_UNFIT_TEXT);
        return;
    case VINTAGE_FOUND: break;
    }
    if (copy->report == NULL) {
        (void)query_refuse(answer, HTTP_STATUS_NONE, "vintage", copy->edition.name, NULL, "this vintage has no report.html");
    } else {
        answer->content_type = "text/html; charset=utf-8";
        answer->policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'";
        answer->tagged = true;
        (void)fwrite(copy->report, 1, copy->report_length, answer->out);
    }
    vintages_close(view->vintages);
}

static const struct {
    const char *path;
    handler *answer;
} table[] = {
    {"/metrics", answer_metrics}, {"/healthz", answer_health},    {"/readyz", answer_readiness},
    {"/metrics/adoption", metrics_adoption},
    {"/events", answer_events},   {"/v1/rolling", api_rolling},   {"/v1/observations", api_observations},
    {"/report", answer_report},
};

void routes_answer(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    static const char *const paths[] = {"/", "/metrics", "/metrics/adoption", "/healthz", "/readyz", "/events",
                                        "/v1/rolling", "/v1/observations", "/report"};
    answer->status = HTTP_STATUS_OK;
    answer->content_type = "text/plain; charset=utf-8";
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].path, request->path) == 0) {
            table[i].answer(view, request, answer);
            return;
        }
    }
    if (page_answer(request->path, answer)) return;
    const struct words accepted = {paths, sizeof(paths) / sizeof(paths[0])};
    (void)query_refuse(answer, HTTP_STATUS_NONE, "path", request->path, &accepted, "there is no such path");
}
