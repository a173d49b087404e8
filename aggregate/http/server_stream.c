/* Server-sent events: the same bytes to every viewer, once a second.
 *
 * Between two events a viewer's connection is suspended, so that the thread sleeps; http_server_wake() resumes all of them. Who
 * reads too slowly misses events instead of collecting them: he gets the newest one when he is done with the former. Who has gone
 * is found out by the next event. */
#include "aggregate/http/server_parts.h"

#include "check.h"

#include <string.h>

enum { BLOCK_BYTES = 32768 };

struct viewer {
    struct http_waiter waiter;
    struct http_server *server;
    uint64_t sequence;
    char *text; /* the event that he is getting */
    size_t length, sent;
};

static ssize_t on_stream(void *context, uint64_t position, char *buffer, size_t room) {
    struct viewer *viewer = context;
    struct http_server *server = viewer->server;
    ssize_t given = 0;
    (void)position;
    (void)pthread_mutex_lock(&server->lock);
    if (viewer->text == NULL) {
        viewer->text = live_event(server->view.live, &viewer->sequence, &viewer->length);
        viewer->sent = 0;
    }
    if (server->ending) {
        given = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (viewer->text == NULL) {
        (void)server_suspend(server, &viewer->waiter);
    } else {
        size_t left = viewer->length - viewer->sent;
        size_t count = left < room ? left : room;
        memcpy(buffer, viewer->text + viewer->sent, count);
        viewer->sent += count;
        given = (ssize_t)count;
        if (viewer->sent == viewer->length) {
            free(viewer->text);
            viewer->text = NULL;
        }
    }
    (void)pthread_mutex_unlock(&server->lock);
    return given;
}

static void on_end(void *context) {
    struct viewer *viewer = context;
    server_forget(viewer->server, &viewer->waiter);
    live_leave(viewer->server->view.live);
    free(viewer->text);
    free(viewer);
}

enum MHD_Result server_stream(struct http_server *server, struct MHD_Connection *connection, const struct http_answer *answer) {
    struct viewer *viewer = calloc(1, sizeof(*viewer));
    CHECK_MEMORY(viewer != NULL);
    viewer->server = server;
    viewer->waiter.connection = connection;
    if (!live_enter(server->view.live, &viewer->sequence)) {
        free(viewer);
        const struct http_answer full = {.status = HTTP_STATUS_LATER, .content_type = "text/plain; charset=utf-8"};
        char *text = strdup("there are as many viewers as there may be\n");
        CHECK_MEMORY(text != NULL);
        return server_send(server, connection, &full, text, strlen(text));
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_stream, viewer, on_end);
    if (response == NULL) {
        on_end(viewer);
        return MHD_NO;
    }
    server_add_headers(response, answer);
    server_allow(server, connection, HTTP_EVENTS);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
