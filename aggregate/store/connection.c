/* The transport under every lane: a non-blocking socket (TCP, unix, TLS), an output buffer for what it did not take yet, hiredis'
 * reply parser.
 *
 *     connection_send     socket takes it directly | leftover is copied to `out`, flushed by later calls
 *     connection_receive  parser has a reply? -> flush leftovers -> recv -> parser ... until the deadline
 *
 * Why not hiredis' context: its output buffer is gone when a write fails, it cannot say whether a command went out, one timeout
 * covers single system calls instead of the whole exchange, and after any error the context is dead anyway (hiredis issues 238,
 * 520, 543). The commit protocol lives on knowing these things exactly, and they are little code.
 *
 * Losing a connection is final: every later call says so again. There is no reconnecting here, since a connection carries a WATCH
 * and a silent reconnect would drop it. TLS is tls.c's (hiredis 0.14 has none): a layer between these two functions and the
 * socket, with the same rules: nothing waits but poll(). */
#include "aggregate/store/connection.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/store/tls.h"
#include "check.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 32768,
    PARSER_BYTES_KEPT = 1 << 20, /* the parser's buffer is given back to the allocator above this */
};

struct connection {
    const char *address; /* of the options; they outlive the connection */
    const struct store_options *options;
    int socket;
    struct tls_session *tls; /* null: plain */
    bool heard; /* it has answered something */
    bool lost;
    redisReader *reader;
    struct resp out; /* what the socket has not taken yet: out.data[out_sent .. out.length) */
    size_t out_sent;
    int64_t active_ms;
};

static bool lose(struct connection *connection, struct fault *fault, const char *what) {
    connection->lost = true;
    return fault_set(fault, STOP_REDIS_SILENT, true, "Redis at %s: %s", connection->address, what);
}

/* Waits until a connect in progress is decided. */
static bool connected(int socket, int timeout_ms) {
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    struct pollfd wait = {.fd = socket, .events = POLLOUT};
    for (;;) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        int ready = poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) errno = ETIMEDOUT;
        if (ready <= 0) return false;
        int error = 0;
        socklen_t length = sizeof(error);
        if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return false;
        errno = error;
        return error == 0;
    }
}

static int try_address(const struct sockaddr *address, socklen_t length, int timeout_ms) {
    int made = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) return -1;
    if (connect(made, address, length) != 0 && !(errno == EINPROGRESS && connected(made, timeout_ms))) {
        int error = errno;
        (void)close(made);
        errno = error;
        return -1;
    }
    if (address->sa_family != AF_UNIX) {
        int on = 1;
        (void)setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(made, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    return made;
}

static int open_unix(const char *path, int timeout_ms, struct fault *fault) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof(address.sun_path)) {
        (void)fault_set(fault, STOP_SETTING, false,
                        "redis.address: the path %.120s is longer than a unix socket may have (%zu bytes)", path,
                        sizeof(address.sun_path) - 1);
        return -1;
    }
    memcpy(address.sun_path, path, length);
    int made = try_address((const struct sockaddr *)&address, sizeof(address), timeout_ms);
    if (made < 0) {
        (void)fault_set(fault, STOP_REDIS_SILENT, true, "Redis at %s cannot be reached: %s", path, strerror(errno));
    }
    return made;
}

/* host:port, [v6]:port */
static bool split_address(const char *address, char host[static 256], char port[static 8]) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address) return false;
    const char *first = address;
    const char *last = colon;
    if (*first == '[' && last[-1] == ']') {
        first++;
        last--;
    }
    size_t host_length = (size_t)(last - first);
    size_t port_length = strlen(colon + 1);
    if (host_length == 0 || host_length > 255 || port_length == 0 || port_length > 7) return false;
    memcpy(host, first, host_length);
    host[host_length] = '\0';
    memcpy(port, colon + 1, port_length + 1);
    return strspn(port, "0123456789") == port_length;
}

static int open_tcp(const char *address, int timeout_ms, struct fault *fault) {
    char host[256];
    char port[8];
    if (!split_address(address, host, port)) {
        (void)fault_set(fault, STOP_SETTING, false,
                        "redis.address: %.200s is neither host:port nor the absolute path of a unix socket",
                        address);
        return -1;
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        (void)fault_set(fault, STOP_REDIS_SILENT, true, "Redis at %.200s: the name is not resolved: %s", address,
                        gai_strerror(failure));
        return -1;
    }
    int made = -1;
    for (const struct addrinfo *one = found; one != NULL && made < 0; one = one->ai_next) {
        made = try_address(one->ai_addr, one->ai_addrlen, timeout_ms);
    }
    if (made < 0) {
        (void)fault_set(fault, STOP_REDIS_SILENT, true, "Redis at %.200s cannot be reached: %s", address, strerror(errno));
    }
    freeaddrinfo(found);
    return made;
}

static bool authenticate(struct connection *connection, int timeout_ms, struct fault *fault) {
    const struct store_options *options = connection->options;
    if (options->password == NULL && options->user == NULL) return true;
    struct resp command = {0};
    if (options->user != NULL) { /* one without a password may be right ("nopass"); Redis will say */
        const char *password = options->password != NULL ? options->password : "";
        RESP_COMMAND(&command, SLICE("AUTH"), slice_of(options->user), slice_of(password));
    } else {
        RESP_COMMAND(&command, SLICE("AUTH"), slice_of(options->password));
    }
    bool fine = connection_send(connection, (struct slice){command.data, command.length}, fault);
    explicit_bzero(command.data, command.length);
    resp_free(&command);
    if (!fine) return false;
    redisReply *reply = connection_answer(connection, timeout_ms, "authenticating (redis.user, redis.password.file)", fault);
    freeReplyObject(reply);
    return reply != NULL;
}

/* A connection without talk; takes the socket over. */
static struct connection *connection_create(const struct store_options *options, int made, struct fault *fault) {
    struct connection *connection = calloc(1, sizeof(*connection));
    redisReader *reader = redisReaderCreate();
    if (connection == NULL || reader == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a connection to Redis");
        if (reader != NULL) redisReaderFree(reader);
        free(connection);
        (void)close(made);
        return NULL;
    }
    reader->maxbuf = PARSER_BYTES_KEPT;
    *connection = (struct connection){
        .address = options->address,
        .options = options,
        .socket = made,
        .reader = reader,
        .active_ms = clock_monotonic_ms(),
    };
    return connection;
}

struct connection *connection_open(const struct store_options *options, int timeout_ms, struct fault *fault) {
    bool is_path = options->address[0] == '/';
    if (is_path && options->tls != NULL) {
        (void)fault_set(fault, STOP_SETTING, false,
                        "redis.address: %.200s is a unix socket, on which Redis does not speak TLS: set redis.tls = off, or "
                        "host:port of its tls-port",
                        options->address);
        return NULL;
    }
    int made = is_path ? open_unix(options->address, timeout_ms, fault) : open_tcp(options->address, timeout_ms, fault);
    if (made < 0) return NULL;
    struct connection *connection = connection_create(options, made, fault);
    if (connection == NULL) return NULL;
    bool fine = true;
    if (options->tls != NULL) {
        connection->tls = tls_begin(options->tls, made, options->address, timeout_ms, fault);
        fine = connection->tls != NULL;
    }
    if (fine && authenticate(connection, timeout_ms, fault)) return connection;
    connection_close(connection);
    return NULL;
}

void connection_close(struct connection *connection) {
    if (connection == NULL) return;
    tls_end(connection->tls);
    (void)close(connection->socket);
    redisReaderFree(connection->reader);
    resp_free(&connection->out);
    free(connection);
}

const struct store_options *connection_options(const struct connection *connection) {
    return connection->options;
}

/* --- bytes --- */

static ssize_t send_some(const struct connection *connection, struct slice bytes) {
    if (connection->tls != NULL) return tls_send(connection->tls, bytes.data, bytes.length);
    return send(connection->socket, bytes.data, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t receive_some(const struct connection *connection, char *bytes, size_t capacity) {
    if (connection->tls != NULL) return tls_receive(connection->tls, bytes, capacity);
    return recv(connection->socket, bytes, capacity, MSG_DONTWAIT);
}

/* The socket, or the layer on it, has failed, or `ended`. A server that does not like our certificate may be gone before its
 * reason has arrived. */
static bool lose_socket(struct connection *connection, bool ended, struct fault *fault) {
    const char *what = connection->tls != NULL ? tls_error(connection->tls) : strerror(errno);
    if (ended) what = "the server closed the connection";
    if (connection->tls == NULL || (!tls_refused(connection->tls) && connection->heard)) return lose(connection, fault, what);
    connection->lost = true;
    if (ended || !tls_refused(connection->tls)) {
        return fault_set(fault, STOP_REDIS_SILENT, true,
                         "Redis at %.120s: %s right after the TLS handshake: perhaps it wants a client certificate that it "
                         "trusts (redis.tls.cert, redis.tls.key)",
                         connection->address, what);
    }
    return fault_set(fault, STOP_REDIS_TLS, false,
                     "Redis at %.120s does not accept us: %s; set redis.tls.cert and redis.tls.key to a client certificate that "
                     "it trusts",
                     connection->address, tls_error(connection->tls));
}

/* Gives the socket as much of `bytes` as it takes; `*taken` says how much. */
static bool push(struct connection *connection, struct slice bytes, size_t *taken, struct fault *fault) {
    *taken = 0;
    while (*taken < bytes.length) {
        ssize_t sent = send_some(connection, (struct slice){bytes.data + *taken, bytes.length - *taken});
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (sent < 0) return lose_socket(connection, false, fault);
        *taken += (size_t)sent;
        connection->active_ms = clock_monotonic_ms();
    }
    return true;
}

static bool flush_out(struct connection *connection, struct fault *fault) {
    struct resp *out = &connection->out;
    if (out->length == 0) return true;
    size_t taken = 0;
    struct slice rest = {out->data + connection->out_sent, out->length - connection->out_sent};
    bool fine = push(connection, rest, &taken, fault);
    connection->out_sent += taken;
    if (connection->out_sent == out->length) {
        resp_clear(out);
        connection->out_sent = 0;
    }
    return fine;
}

bool connection_send(struct connection *connection, struct slice bytes, struct fault *fault) {
    if (connection->lost) return lose(connection, fault, "the connection was lost");
    if (!flush_out(connection, fault)) return false;
    size_t taken = 0;
    if (connection->out.length == 0 && !push(connection, bytes, &taken, fault)) return false;
    resp_append(&connection->out, (struct slice){bytes.data + taken, bytes.length - taken});
    return true;
}

enum fed { FED_NONE = 0, FED_BYTES, FED_LOST };

static enum fed feed(struct connection *connection, struct fault *fault) {
    char bytes[RECEIVE_BYTES];
    for (;;) {
        ssize_t got = receive_some(connection, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return FED_NONE;
        if (got <= 0) {
            (void)lose_socket(connection, got == 0, fault);
            return FED_LOST;
        }
        connection->active_ms = clock_monotonic_ms();
        connection->heard = true;
        CHECK(redisReaderFeed(connection->reader, bytes, (size_t)got) == REDIS_OK);
        return FED_BYTES;
    }
}

static bool parse(struct connection *connection, redisReply **reply, struct fault *fault) {
    void *parsed = NULL;
    if (redisReaderGetReply(connection->reader, &parsed) != REDIS_OK) {
        char what[200];
        (void)snprintf(what, sizeof(what), "what it sends is not RESP: %.120s", connection->reader->errstr);
        return lose(connection, fault, what);
    }
    *reply = parsed;
    return true;
}

enum arrival connection_receive(struct connection *connection, int timeout_ms, redisReply **reply, struct fault *fault) {
    *reply = NULL;
    int64_t deadline_ms = timeout_ms > 0 ? clock_monotonic_ms() + timeout_ms : 0;
    if (connection->lost) {
        (void)lose(connection, fault, "the connection was lost");
        return ARRIVAL_LOST;
    }
    for (;;) {
        if (!parse(connection, reply, fault)) return ARRIVAL_LOST;
        if (*reply != NULL) return ARRIVAL_REPLY;
        if (!flush_out(connection, fault)) return ARRIVAL_LOST;
        enum fed fed = feed(connection, fault);
        if (fed == FED_LOST) return ARRIVAL_LOST;
        if (fed == FED_BYTES) continue;
        int64_t left_ms = timeout_ms > 0 ? deadline_ms - clock_monotonic_ms() : 0;
        if (left_ms <= 0) return ARRIVAL_NONE;
        struct pollfd wait = {.fd = connection->socket, .events = POLLIN};
        if (connection->out.length > 0) wait.events |= connection->tls != NULL ? tls_send_waits(connection->tls) : (short)POLLOUT;
        (void)poll(&wait, 1, (int)left_ms);
    }
}

int64_t connection_active_ms(const struct connection *connection) {
    return connection->active_ms;
}

