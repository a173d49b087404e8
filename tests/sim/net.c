/* Sockets that lead nowhere: see net.h.
 *
 *     send -> out (bytes on their way) --ARRIVE--> the node reads whole commands --> replies in `in` --DELIVER--> recv
 *
 * Bytes keep their order within a connection and nothing else: delays are drawn for each piece, so the bytes of a connection that
 * was given up can arrive long after those of its successor. What a process has handed to the system before it dies or closes is
 * still sent. */
#include "tests/sim/net.h"

#include "check.h"
#include "tests/sim/judge.h"
#include "tests/sim/plan.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FD_BASE = 1 << 24, LINKS_MAX = 32768, WORDS_MAX = 4096, ROOM = 65536 };

enum phase { UNCONNECTED, CONNECTING, CONNECTED, FAILED };

struct link {
    bool open;             /* the client has the descriptor */
    bool broken;           /* the client will be told */
    bool deaf;             /* nothing passes, nobody is told */
    bool gone;             /* the server does not read it any more */
    bool crowded;          /* the server will say so and close */
    enum phase phase;
    int task;
    struct node *node;
    struct bytes out, in;
    size_t out_arrived, out_parsed, out_limit; /* limit: what is behind it will never arrive */
    size_t in_arrived, in_taken;
    int64_t out_us, in_us; /* when the last piece arrives */
    size_t room;           /* bytes that fit into the sockets' buffers */
    struct session session;
};

static struct link *links[LINKS_MAX];
static size_t link_count;
struct net net;
struct bytes net_dump;

static int descriptor_of(const struct link *link) {
    for (size_t i = link_count; i > 0; i--) {
        if (links[i - 1] == link) return FD_BASE + (int)i - 1;
    }
    CHECK(false);
}

static struct link *link_of(int descriptor) {
    CHECK(descriptor >= FD_BASE && descriptor < FD_BASE + (int)link_count);
    return links[descriptor - FD_BASE];
}

static int64_t lag_us(void) {
    if (world_trusts) return plan.deep ? 1 : world_between(20, 200);
    if (world_us() < net.storm_until_us) return world_skewed(100, 4 * SECOND);
    return world_skewed(20, net.lag_us_max);
}

static bool dead(void) {
    const struct task *task = task_now();
    return task != NULL && task->dead;
}

/* --- the server's side --- */

static bool read_number(const struct link *link, size_t *at, char mark, size_t *number) {
    const char *data = link->out.data;
    size_t i = *at;
    if (i >= link->out_arrived) return false;
    CHECK(data[i] == mark);
    *number = 0;
    for (i++; i < link->out_arrived && data[i] != '\r'; i++) *number = *number * 10 + (size_t)(data[i] - '0');
    if (i + 2 > link->out_arrived) return false;
    *at = i + 2;
    return true;
}

/* The next whole command; false when there is none yet. */
static bool read_command(struct link *link, struct span words[static WORDS_MAX], size_t *count) {
    size_t at = link->out_parsed;
    if (!read_number(link, &at, '*', count)) return false;
    CHECK(*count > 0 && *count <= WORDS_MAX);
    for (size_t i = 0; i < *count; i++) {
        size_t length = 0;
        if (!read_number(link, &at, '$', &length)) return false;
        if (at + length + 2 > link->out_arrived) return false;
        words[i] = (struct span){at, length};
        at += length + 2;
    }
    link->out_parsed = at;
    return true;
}

static void deliver(void *object, int64_t upto) {
    struct link *link = object;
    if (link->deaf) return;
    if ((size_t)upto > link->in_arrived) link->in_arrived = (size_t)upto;
    if (link->open) world_wake(descriptor_of(link));
}

static void send_back(struct link *link, size_t before) {
    if (link->in.length == before) return;
    size_t middle = before + 1 + world_below((uint32_t)(link->in.length - before));
    for (int piece = 0; piece < 2; piece++) {
        size_t upto = piece == 0 ? middle : link->in.length;
        int64_t us = world_us() + lag_us();
        if (us < link->in_us) us = link->in_us;
        link->in_us = us;
        world_at(us, deliver, link, (int64_t)upto);
        if (middle == link->in.length || world_chance(800)) {
            if (piece == 0) world_at(us, deliver, link, (int64_t)link->in.length);
            return;
        }
    }
}

static void arrive(void *object, int64_t upto) {
    static struct span words[WORDS_MAX];
    struct link *link = object;
    size_t count = 0;
    if (link->gone || link->deaf) return;
    if ((size_t)upto > link->out_limit) upto = (int64_t)link->out_limit;
    if ((size_t)upto > link->out_arrived) link->out_arrived = (size_t)upto;
    size_t before = link->in.length;
    while (!link->gone && read_command(link, words, &count))
        session_execute(&link->session, link->out.data, words, count, &link->in);
    send_back(link, before);
    if (link->open) world_wake(descriptor_of(link));
}

/* --- the client's side --- */

static void put_out(struct link *link, const char *data, size_t length) {
    size_t before = link->out.length;
    bytes_put(&link->out, data, length);
    size_t middle = link->out.length;
    if (length > 1 && world_chance(200)) middle = before + 1 + world_below((uint32_t)length - 1);
    for (;;) {
        int64_t us = world_us() + lag_us();
        if (us < link->out_us) us = link->out_us;
        link->out_us = us;
        world_at(us, arrive, link, (int64_t)middle);
        if (middle == link->out.length) break;
        middle = link->out.length;
    }
}

int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol) {
    (void)domain, (void)type, (void)protocol;
    if (dead()) {
        errno = EMFILE;
        return -1;
    }
    CHECK(link_count < LINKS_MAX);
    if (links[link_count] == NULL) links[link_count] = calloc(1, sizeof(struct link));
    struct link *link = links[link_count++];
    CHECK(link != NULL);
    struct bytes out = {link->out.data, 0, link->out.capacity};
    struct bytes in = {link->in.data, 0, link->in.capacity};
    memset(link, 0, offsetof(struct link, session));
    link->out = out;
    link->in = in;
    link->open = true;
    link->task = task_now()->number;
    link->out_limit = SIZE_MAX;
    link->room = world_trusts || world_chance(700) ? ROOM : (size_t)world_between(64, 4096);
    return FD_BASE + (int)link_count - 1;
}

static void connected(void *object, int64_t unused) {
    struct link *link = object;
    (void)unused;
    if (link->phase != CONNECTING) return;
    link->phase = link->node->down ? FAILED : CONNECTED;
    if (link->phase == CONNECTED && link->node->crowded) {
        static const char error[] = "-ERR max number of clients reached\r\n";
        bytes_put(&link->in, error, sizeof(error) - 1);
        link->in_arrived = link->in.length;
        link->gone = true;
    }
    if (link->open) world_wake(descriptor_of(link));
}

int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    struct link *link = link_of(descriptor);
    (void)length;
    task_preempt();
    if (dead()) {
        errno = ECONNREFUSED;
        return -1;
    }
    CHECK(address->sa_family == AF_INET);
    struct sockaddr_in place;
    memcpy(&place, address, sizeof(place));
    int port = ntohs(place.sin_port);
    int node = port == SEED_PORT ? (redis.cluster ? 0 : redis.primary) : port - SEED_PORT - 1;
    CHECK(node >= 0 && node < redis.node_count);
    link->node = &redis.nodes[node];
    link->phase = CONNECTING;
    session_begin(&link->session, link->node, link->task);
    TRACE("connects to node %d%s", node, link->node->down ? ", which is down" : "");
    int64_t us = lag_us();
    if (world_us() < net.deaf_until_us) us += net.deaf_until_us - world_us();
    world_at(world_us() + us, connected, link, 0);
    errno = EINPROGRESS;
    return -1;
}

int __wrap_getsockopt(int descriptor, int level, int name, void *value, socklen_t *length);
int __wrap_getsockopt(int descriptor, int level, int name, void *value, socklen_t *length) {
    (void)level, (void)name, (void)length;
    int error = dead() || link_of(descriptor)->phase != CONNECTED ? ECONNREFUSED : 0;
    memcpy(value, &error, sizeof(error));
    return 0;
}

int __wrap_setsockopt(int descriptor, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int descriptor, int level, int name, const void *value, socklen_t length) {
    (void)descriptor, (void)level, (void)name, (void)value, (void)length;
    return 0;
}

static size_t room_of(const struct link *link) {
    size_t waiting = link->out.length - (link->out_arrived < link->out.length ? link->out_arrived : link->out.length);
    return waiting >= link->room ? 0 : link->room - waiting;
}

ssize_t __wrap_send(int descriptor, const void *data, size_t length, int flags);
ssize_t __wrap_send(int descriptor, const void *data, size_t length, int flags) {
    struct link *link = link_of(descriptor);
    (void)flags;
    task_preempt();
    struct task *task = task_now();
    if (task->dead || link->broken || link->phase != CONNECTED) {
        errno = EPIPE;
        return -1;
    }
    size_t room = room_of(link);
    if (room == 0) {
        errno = EAGAIN;
        return -1;
    }
    size_t taken = length < room ? length : room;
    if (task->dies_sending) {
        taken = world_chance(300) ? taken : world_below((uint32_t)taken + 1);
        TRACE("killed after %zu of %zu bytes", taken, length);
        if (taken > 0) put_out(link, data, taken);
        task_kill(task);
        net_task_died(task->number);
        errno = EPIPE;
        return -1;
    }
    put_out(link, data, taken);
    return (ssize_t)taken;
}

ssize_t __wrap_recv(int descriptor, void *data, size_t length, int flags);
ssize_t __wrap_recv(int descriptor, void *data, size_t length, int flags) {
    struct link *link = link_of(descriptor);
    (void)flags;
    task_preempt();
    if (dead()) {
        errno = ECONNRESET;
        return -1;
    }
    size_t there = link->in_arrived - link->in_taken;
    if (there == 0 && (link->broken || link->gone)) {
        if (link->crowded || link->gone) return 0;
        errno = ECONNRESET;
        return -1;
    }
    if (there == 0) {
        errno = EAGAIN;
        return -1;
    }
    size_t taken = there < length ? there : length;
    if (!world_trusts && world_chance(100)) taken = 1 + world_below((uint32_t)taken);
    memcpy(data, link->in.data + link->in_taken, taken);
    link->in_taken += taken;
    return (ssize_t)taken;
}

static short ready(const struct link *link, short wanted) {
    short found = 0;
    if (link->broken || link->phase == FAILED) return (short)(POLLERR | POLLHUP | wanted);
    if (link->phase != CONNECTED) return 0;
    if (link->in_arrived > link->in_taken || link->gone) found |= POLLIN;
    if (room_of(link) > 0) found |= POLLOUT;
    return (short)(found & wanted);
}

int __wrap_poll(struct pollfd *polled, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *polled, nfds_t count, int timeout_ms) {
    CHECK(count == 1);
    struct link *link = link_of(polled->fd);
    int64_t deadline_us = world_us() + (int64_t)timeout_ms * MS;
    for (;;) {
        if (!dead()) polled->revents = ready(link, polled->events);
        if (dead()) polled->revents = POLLERR;
        if (polled->revents != 0) return 1;
        int64_t left_us = deadline_us - world_us();
        if (left_us <= 0) return 0;
        task_wait(polled->fd, left_us);
    }
}

int __real_close(int descriptor);
int __wrap_close(int descriptor);
int __wrap_close(int descriptor) {
    if (descriptor < FD_BASE) return __real_close(descriptor);
    struct link *link = link_of(descriptor);
    CHECK(link->open);
    link->open = false;
    link->session.given_up = true;
    return 0;
}

ssize_t __real_write(int descriptor, const void *data, size_t length);
ssize_t __wrap_write(int descriptor, const void *data, size_t length);
ssize_t __wrap_write(int descriptor, const void *data, size_t length) {
    if (descriptor != DUMP_FILE) return __real_write(descriptor, data, length);
    bytes_put(&net_dump, data, length);
    return (ssize_t)length;
}

/* --- what befalls connections --- */

static void lose(struct link *link) {
    size_t on_its_way = link->out.length - link->out_arrived;
    if (link->out_limit > link->out.length)
        link->out_limit = world_chance(400) ? link->out.length : link->out_arrived + world_below((uint32_t)on_its_way + 1);
}

static struct link *any_link(void) {
    if (link_count == 0) return NULL;
    uint32_t first = world_below((uint32_t)link_count);
    for (size_t i = 0; i < link_count; i++) {
        struct link *link = links[(first + i) % link_count];
        if (link->open && !link->broken && !link->deaf && link->phase == CONNECTED) return link;
    }
    return NULL;
}

void net_cut_any(void) {
    struct link *link = any_link();
    if (link == NULL) return;
    lose(link);
    link->broken = true;
    if (world_chance(500)) link->in_arrived = link->in_taken;
    TRACE("fault: a connection of %c is cut, %zu of its bytes are on their way, %zu of them will arrive", 'A' + link->task,
          link->out.length - link->out_arrived, link->out_limit - link->out_arrived);
    world_wake(descriptor_of(link));
}

void net_deafen_any(void) {
    struct link *link = any_link();
    if (link == NULL) return;
    TRACE("fault: a connection of %c goes deaf", 'A' + link->task);
    link->deaf = true;
}

void net_cut_node(const struct node *node, bool silently) {
    for (size_t i = 0; i < link_count; i++) {
        struct link *link = links[i];
        if (link->node != node || link->gone) continue;
        link->gone = true;
        if (silently) {
            link->deaf = true;
            link->gone = false;
        } else if (link->open) {
            link->broken = true;
            if (world_chance(300)) link->in_arrived = link->in_taken;
            world_wake(descriptor_of(link));
        }
    }
}

void net_move_node(const struct node *node, struct dataset *data) {
    for (size_t i = 0; i < link_count; i++) {
        struct session *session = &links[i]->session;
        if (links[i]->node != node || links[i]->gone) continue;
        for (size_t k = 0; k < session->watch_count; k++) {
            const struct entry *entry = session->watches[k].entry;
            bool holds = entry->version == session->watches[k].version;
            session->watches[k].entry = dataset_entry(data, entry->key);
            session->watches[k].version = holds ? session->watches[k].entry->version : UINT64_MAX;
        }
    }
}

void net_task_died(int task) {
    for (size_t i = 0; i < link_count; i++) {
        struct link *link = links[i];
        if (link->open && link->task == task && world_chance(200)) lose(link);
    }
}

void net_begin(void) {
    link_count = 0;
    net = (struct net){.lag_us_max = 1 * MS};
    net_dump.length = 0;
}

void net_end(void) {
    for (size_t i = 0; i < link_count; i++) {
        if (links[i]->open) violation("a connection of worker %c was never closed", 'A' + links[i]->task);
    }
}
