/* When a connection has had its time.
 *
 * The library ends who is silent for IDLE_S; who sends a byte now and then is never silent, and CONNECTIONS_MAX of them would
 * keep Prometheus and the supervisor out for good. So each connection has a deadline: for a request to come, and then for its
 * answer to be taken; a stream of events has none. A thread of its own looks every second while there are connections, and
 * shuts sockets down; the library then finds them ended. A socket on the list is open: it leaves the list before it is closed. */
#include "aggregate/http/server_parts.h"

#include "aggregate/runtime/clock.h"
#include "check.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { LOOK_MS = 1000, REQUEST_MS = 10000, ANSWER_MS = 120000, NICE = 10 };

struct http_peer {
    int socket;
    int64_t until_ms; /* monotonic */
    struct http_peer *next, *before;
};

static void *run(void *argument) {
    struct http_deadlines *deadlines = argument;
    (void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread */
    (void)pthread_mutex_lock(&deadlines->lock);
    while (!deadlines->stop) {
        int64_t now_ms = clock_monotonic_ms();
        for (struct http_peer *peer = deadlines->peers; peer != NULL; peer = peer->next) {
            if (now_ms >= peer->until_ms) (void)shutdown(peer->socket, SHUT_RDWR);
        }
        int64_t due_ms = now_ms + LOOK_MS;
        const struct timespec until = {.tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000};
        if (deadlines->peers == NULL)
            (void)pthread_cond_wait(&deadlines->bell, &deadlines->lock);
        else
            (void)pthread_cond_timedwait(&deadlines->bell, &deadlines->lock, &until);
    }
    (void)pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

void server_deadlines_start(struct http_deadlines *deadlines) {
    pthread_condattr_t attributes;
    (void)pthread_mutex_init(&deadlines->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&deadlines->bell, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    CHECK(pthread_create(&deadlines->thread, NULL, run, deadlines) == 0);
}

void server_deadlines_stop(struct http_deadlines *deadlines) {
    (void)pthread_mutex_lock(&deadlines->lock);
    deadlines->stop = true;
    (void)pthread_cond_signal(&deadlines->bell);
    (void)pthread_mutex_unlock(&deadlines->lock);
    (void)pthread_join(deadlines->thread, NULL);
    (void)pthread_cond_destroy(&deadlines->bell);
    (void)pthread_mutex_destroy(&deadlines->lock);
}

void server_on_connection(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode what) {
    struct http_deadlines *deadlines = context;
    struct http_peer *peer = *state;
    (void)pthread_mutex_lock(&deadlines->lock);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        peer = calloc(1, sizeof(*peer));
        CHECK_MEMORY(peer != NULL && info != NULL);
        *peer = (struct http_peer){
            .socket = info->connect_fd, .until_ms = clock_monotonic_ms() + REQUEST_MS, .next = deadlines->peers};
        if (peer->next == NULL)
            (void)pthread_cond_signal(&deadlines->bell);
        else
            peer->next->before = peer;
        deadlines->peers = peer;
        *state = peer;
    } else if (peer != NULL) {
        if (peer->next != NULL) peer->next->before = peer->before;
        *(peer->before != NULL ? &peer->before->next : &deadlines->peers) = peer->next;
        free(peer);
        *state = NULL;
    }
    (void)pthread_mutex_unlock(&deadlines->lock);
}

void server_allow(struct http_server *server, struct MHD_Connection *connection, enum http_phase phase) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_peer *peer = info != NULL ? info->socket_context : NULL;
    if (peer == NULL) return;
    (void)pthread_mutex_lock(&server->deadlines.lock);
    peer->until_ms = phase == HTTP_EVENTS ? INT64_MAX : clock_monotonic_ms() + (phase == HTTP_REQUEST ? REQUEST_MS : ANSWER_MS);
    (void)pthread_mutex_unlock(&server->deadlines.lock);
}
