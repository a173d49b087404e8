/* The HTTP endpoint of a running process (libmicrohttpd, a thread of its own): metrics, health, the live page and its API.
 *
 * It reads what others publish (gauges, status, live.h, vintages) and writes nothing; a request can slow the workers by no more
 * than one short lock. GET and HEAD only. */
#ifndef NHIP_HTTP_SERVER_H
#define NHIP_HTTP_SERVER_H

#include "aggregate/http/routes.h"
#include "fault.h"

struct http_server;

/* Listens on `listen` ("127.0.0.1:9478", "[::1]:9478"; port 0: any free one). Null and `fault` (STOP_SETTING) when that is no
 * address or cannot be had. The view must outlive the server. */
struct http_server *http_server_start(const char *listen, const struct http_view *view, struct fault *fault);
int http_server_port(const struct http_server *server);
/* There is a new event: who waits for one goes on. Any thread. */
void http_server_wake(struct http_server *server);
/* Ends open connections and waits for the thread. Nobody may wake it any more. */
void http_server_stop(struct http_server *server);

#endif
