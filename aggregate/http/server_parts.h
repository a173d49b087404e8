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

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_view view;
    int port;
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

/* --- server_stream.c --- */

/* Begins a stream of events; 503 when there are viewers enough. */
enum MHD_Result server_stream(struct http_server *server, struct MHD_Connection *connection, const struct http_answer *answer);

#endif
