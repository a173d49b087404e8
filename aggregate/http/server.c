/* libmicrohttpd around the routes: see server.h.
 *
 * One internal thread with epoll, at a low priority: counting comes first. Bounds against people who mean no good:
 * CONNECTIONS_MAX at once, IDLE_S of silence, deadlines (server_deadline.c), REQUEST_BYTES for its headers, no bodies (a
 * connection that sends one is closed after the answer), viewers (live.h), bytes on the way out (server_answer.c). */
#include "aggregate/http/server_parts.h"

#include "check.h"
#include "log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { CONNECTIONS_MAX = 160, IDLE_S = 10, REQUEST_BYTES = 16384, ADDRESS_BYTES = 80, NICE = 10 };

/* --- waiting --- */

bool server_suspend(struct http_server *server, struct http_waiter *waiter) {
    if (server->ending) return false;
    waiter->waiting = true;
    waiter->next = server->waiters;
    server->waiters = waiter;
    MHD_suspend_connection(waiter->connection);
    return true;
}

void server_forget(struct http_server *server, struct http_waiter *waiter) {
    (void)pthread_mutex_lock(&server->lock);
    struct http_waiter **place = &server->waiters;
    while (waiter->waiting && *place != NULL && *place != waiter) place = &(*place)->next;
    if (waiter->waiting && *place == waiter) *place = waiter->next;
    (void)pthread_mutex_unlock(&server->lock);
}

static void resume_all(struct http_server *server) {
    while (server->waiters != NULL) {
        struct http_waiter *waiter = server->waiters;
        server->waiters = waiter->next;
        waiter->waiting = false;
        MHD_resume_connection(waiter->connection);
    }
}

void http_server_wake(struct http_server *server) {
    (void)pthread_mutex_lock(&server->lock);
    resume_all(server);
    (void)pthread_mutex_unlock(&server->lock);
}

/* --- one request --- */

static enum MHD_Result take_parameter(void *context, enum MHD_ValueKind kind, const char *name, size_t name_bytes,
                                      const char *value, size_t value_bytes) {
    struct http_request *request = context;
    (void)kind;
    if (value == NULL) {
        value = "";
        value_bytes = 0;
    }
    bool cut = strlen(name) != name_bytes || strlen(value) != value_bytes;
    request->malformed |= cut || request->parameter_count == HTTP_PARAMETERS_MAX;
    if (request->malformed) return MHD_NO;
    request->parameters[request->parameter_count++] = (struct http_parameter){name, value};
    return MHD_YES;
}

/* The answer's words; the caller frees them. Null when memory is short. */
static char *make_answer(const struct http_server *server, struct MHD_Connection *connection, const char *path, bool get,
                         struct http_answer *answer, size_t *length) {
    struct http_request request = {.path = path};
    char *text = NULL;
    answer->out = open_memstream(&text, length);
    if (answer->out == NULL) return NULL;
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    request.accept = accept != NULL ? accept : "";
    (void)MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_parameter, &request);
    if (get) {
        routes_answer(&server->view, &request, answer);
    } else {
        answer->status = HTTP_STATUS_METHOD;
        answer->content_type = "text/plain; charset=utf-8";
        (void)fputs("GET and HEAD only\n", answer->out);
    }
    if (fclose(answer->out) == 0) return text;
    free(text);
    return NULL;
}

static enum MHD_Result serve(struct http_server *server, struct MHD_Connection *connection, const char *path, bool get,
                             struct http_waiter *waiter) {
    struct http_answer answer = {.kind = HTTP_BODY};
    size_t length = 0;
    char *text = make_answer(server, connection, path, get, &answer, &length);
    if (text == NULL) return MHD_NO;
    if (answer.kind == HTTP_BODY) return server_send(server, connection, &answer, text, length);
    free(text);
    if (answer.kind == HTTP_STREAM) return server_stream(server, connection, &answer);
    (void)pthread_mutex_lock(&server->lock);
    bool waits = server_suspend(server, waiter);
    (void)pthread_mutex_unlock(&server->lock);
    return waits ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *http_version, const char *body, size_t *body_bytes, void **state) {
    static _Thread_local bool calmed;
    struct http_server *server = context;
    (void)http_version, (void)body;
    if (!calmed) (void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread */
    calmed = true;
    if (*state == NULL) { /* the headers are there, a body may follow */
        struct http_waiter *waiter = calloc(1, sizeof(*waiter));
        if (waiter == NULL) return MHD_NO;
        waiter->connection = connection;
        *state = waiter;
        server_allow(server, connection, HTTP_ANSWER);
        return MHD_YES;
    }
    if (*body_bytes > 0) { /* nobody asked for one */
        *body_bytes = 0;
        return MHD_YES;
    }
    bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    return serve(server, connection, path, get, *state);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode how) {
    (void)how;
    if (*state == NULL) return;
    server_allow(context, connection, HTTP_REQUEST);
    server_forget(context, *state);
    free(*state);
    *state = NULL;
}

/* --- the daemon --- */

/* "host:port" with a numeric host; IPv6 in brackets. */
static bool parse_address(const char *listen, struct sockaddr_storage *address, struct fault *fault) {
    char host[ADDRESS_BYTES];
    const char *colon = strrchr(listen, ':');
    char *end = NULL;
    long port = colon != NULL ? strtol(colon + 1, &end, 10) : -1;
    size_t length = colon != NULL ? (size_t)(colon - listen) : 0;
    bool fine = port >= 0 && port <= 65535 && end != colon + 1 && *end == '\0' && length > 0 && length < sizeof(host);
    if (fine) {
        bool bracketed = listen[0] == '[' && listen[length - 1] == ']';
        (void)snprintf(host, sizeof(host), "%.*s", (int)(bracketed ? length - 2 : length), listen + (bracketed ? 1 : 0));
        struct sockaddr_in *four = (struct sockaddr_in *)(void *)address;
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)address;
        *address = (struct sockaddr_storage){.ss_family = bracketed ? AF_INET6 : AF_INET};
        fine = inet_pton(address->ss_family, host, bracketed ? (void *)&six->sin6_addr : (void *)&four->sin_addr) == 1;
        four->sin_port = htons((uint16_t)port); /* the same place in both */
    }
    if (fine) return true;
    return fault_set(fault, STOP_SETTING, false,
                     "http.listen: found \"%.80s\", accepted is ADDRESS:PORT such as 127.0.0.1:9478 or [::1]:9478", listen);
}

static void on_log(void *context, const char *format, va_list arguments) {
    char text[256];
    (void)context;
    (void)vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n\"")] = '\0';
    log_debug("http", "text=\"%s\"", text);
}

struct http_server *http_server_start(const char *listen, const struct http_view *view, struct fault *fault) {
    struct sockaddr_storage address;
    if (!parse_address(listen, &address, fault)) return NULL;
    struct http_server *server = calloc(1, sizeof(*server));
    CHECK(server != NULL);
    server->view = *view;
    (void)pthread_mutex_init(&server->lock, NULL);
    server_deadlines_start(&server->deadlines);
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
                                      MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                      (size_t)REQUEST_BYTES, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
                                      MHD_OPTION_NOTIFY_CONNECTION, server_on_connection, &server->deadlines, MHD_OPTION_END);
    if (server->daemon == NULL) {
        server_deadlines_stop(&server->deadlines);
        (void)pthread_mutex_destroy(&server->lock);
        free(server);
        (void)fault_set(fault, STOP_SETTING, false,
                        "http.listen: %.80s cannot be had (another process listens there, or this machine has no such address); "
                        "choose another port, or leave it empty",
                        listen);
        return NULL;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = info != NULL ? info->port : 0;
    return server;
}

int http_server_port(const struct http_server *server) {
    return server->port;
}

void http_server_stop(struct http_server *server) {
    if (server == NULL) return;
    (void)pthread_mutex_lock(&server->lock);
    server->ending = true; /* the library wants nobody suspended when it stops */
    resume_all(server);
    (void)pthread_mutex_unlock(&server->lock);
    MHD_stop_daemon(server->daemon);
    server_deadlines_stop(&server->deadlines);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}
