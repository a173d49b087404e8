/* Faults of a network, made to measure. Bytes are forwarded in order; when a budget is used up, exactly its bytes have been
 * forwarded, then both sockets of that pair are closed and the budget is off, so that the client can come back. */
#include "tests/support/cut_proxy.h"

#include "check.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAIRS_MAX = 16, TURN_MS = 2, BYTES = 65536 };

struct pair {
    int client, server; /* -1: unused */
};

static int unix_socket(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    CHECK(strlen(path) < sizeof(address->sun_path));
    memcpy(address->sun_path, path, strlen(path) + 1);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(made >= 0);
    return made;
}

static void close_pair(struct pair *pair) {
    (void)close(pair->client);
    (void)close(pair->server);
    pair->client = pair->server = -1;
}

static bool write_all(int to, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(to, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Moves what is there; closes the pair at its end or when the budget is spent. */
static void forward(struct cut_proxy *proxy, struct pair *pair, bool up) {
    char bytes[BYTES];
    atomic_long *budget = up ? &proxy->cut_up : &proxy->cut_down;
    ssize_t got = recv(up ? pair->client : pair->server, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        close_pair(pair);
        return;
    }
    long left = atomic_load(budget);
    size_t length = (size_t)got;
    bool cut = left != CUT_NEVER && (long)length >= left;
    if (cut) length = (size_t)left;
    bool fine = write_all(up ? pair->server : pair->client, bytes, length);
    if (cut) {
        (void)usleep(20000); /* lets the server act on what it got before it sees the end */
        atomic_store(budget, CUT_NEVER);
        atomic_fetch_add(&proxy->cuts, 1);
    } else if (left != CUT_NEVER) {
        atomic_fetch_sub(budget, (long)length);
    }
    if (cut || !fine) close_pair(pair);
}

static void accept_one(struct cut_proxy *proxy, struct pair *pairs) {
    int client = accept(proxy->listener, NULL, NULL);
    if (client < 0) return;
    struct sockaddr_un address;
    int server = unix_socket(proxy->server, &address);
    if (connect(server, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(server);
        (void)close(client);
        return;
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (pairs[i].client >= 0) continue;
        pairs[i] = (struct pair){.client = client, .server = server};
        return;
    }
    UNREACHABLE(); /* too many connections */
}

static void *run(void *context) {
    struct cut_proxy *proxy = context;
    struct pair pairs[PAIRS_MAX];
    for (size_t i = 0; i < PAIRS_MAX; i++)
        pairs[i] = (struct pair){-1, -1};
    while (!atomic_load(&proxy->stop)) {
        struct pollfd waits[1 + 2 * PAIRS_MAX] = {{.fd = proxy->listener, .events = POLLIN}};
        bool hold = atomic_load(&proxy->hold_up);
        for (size_t i = 0; i < PAIRS_MAX; i++) {
            waits[1 + 2 * i] = (struct pollfd){.fd = hold ? -1 : pairs[i].client, .events = POLLIN};
            waits[2 + 2 * i] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
        }
        if (poll(waits, 1 + 2 * PAIRS_MAX, TURN_MS) <= 0) continue;
        if (waits[0].revents != 0) accept_one(proxy, pairs);
        for (size_t i = 0; i < PAIRS_MAX; i++) {
            if (waits[1 + 2 * i].revents != 0 && pairs[i].client >= 0 && !atomic_load(&proxy->hold_up))
                forward(proxy, &pairs[i], true);
            if (waits[2 + 2 * i].revents != 0 && pairs[i].server >= 0) forward(proxy, &pairs[i], false);
        }
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (pairs[i].client >= 0) close_pair(&pairs[i]);
    }
    return NULL;
}

void cut_proxy_start(struct cut_proxy *proxy, const char *directory, const char *server) {
    struct sockaddr_un address;
    *proxy = (struct cut_proxy){.server = server};
    atomic_store(&proxy->cut_up, CUT_NEVER);
    atomic_store(&proxy->cut_down, CUT_NEVER);
    (void)snprintf(proxy->socket, sizeof(proxy->socket), "%s/cut.sock", directory);
    proxy->listener = unix_socket(proxy->socket, &address);
    CHECK(bind(proxy->listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(proxy->listener, 16) == 0);
    CHECK(pthread_create(&proxy->thread, NULL, run, proxy) == 0);
}

void cut_proxy_stop(struct cut_proxy *proxy) {
    atomic_store(&proxy->stop, true);
    (void)pthread_join(proxy->thread, NULL);
    (void)close(proxy->listener);
    (void)unlink(proxy->socket);
}
