/* What the files of the server share. Private to server*.c. */
#ifndef NHIP_HTTP_SERVER_PARTS_H
#define NHIP_HTTP_SERVER_PARTS_H

#include "aggregate/http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* A connection that is suspended until there is a new event: a stream between two of them, or a request that must wait. */
struct http_waiter {
    struct MHD_Connection *connection;
    struct http_waiter *next; /* in server->waiters while it waits */
    bool waiting;
};

/* Of all connections, what each may still take (server_deadline.c). */
struct http_deadlines {
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t bell;
    bool stop;
    struct http_peer *peers;
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_view view;
    int port;
    struct http_deadlines deadlines;
    _Atomic size_t outgoing_bytes; /* of answers that are not yet sent */
    pthread_mutex_t lock;          /* of what follows, and of suspending and resuming */
    struct http_waiter *waiters;
    bool ending; /* nobody is suspended any more */
};

/* Suspends until http_server_wake(). False when the server is ending. On the server's thread, with the lock held. */
bool server_suspend(struct http_server *server, struct http_waiter *waiter);
/* Takes it off the list before it is freed. */
void server_forget(struct http_server *server, struct http_waiter *waiter);

/* --- server_answer.c --- */

/* Sends the answer with `text` (malloc'd, taken over) as its body. */
enum MHD_Result server_send(struct http_server *server, struct MHD_Connection *connection, const struct http_answer *answer,
                            char *text, size_t length);
void server_add_headers(struct MHD_Response *response, const struct http_answer *answer);

/* --- server_deadline.c --- */

void server_deadlines_start(struct http_deadlines *deadlines);
void server_deadlines_stop(struct http_deadlines *deadlines); /* after the daemon: no connection is left */
/* For MHD_OPTION_NOTIFY_CONNECTION, with the deadlines as its context. */
void server_on_connection(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode what);
/* What the connection has time for from now on: 10 s for a request to come, 120 s for its answer,
 * for events as long as may be. */
enum http_phase { HTTP_REQUEST, HTTP_ANSWER, HTTP_EVENTS };
void server_allow(struct http_server *server, struct MHD_Connection *connection, enum http_phase phase);

/* --- server_stream.c --- */

/* Begins a stream of events; 503 when there are viewers enough. */
enum MHD_Result server_stream(struct http_server *server, struct MHD_Connection *connection, const struct http_answer *answer);

#endif
