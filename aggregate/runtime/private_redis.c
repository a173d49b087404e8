/* Child process and temporary directory of a redis-server: see private_redis.h.
 *
 * The child dies with its parent (PR_SET_PDEATHSIG), so that a killed demo leaves no server behind; the directory
 * then stays in /tmp. A socket instead of a port: nothing can collide, and nobody else can connect. */
#include "aggregate/runtime/private_redis.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/tree.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS_MAX = 10000, TURN_MS = 20, STOP_TURNS = 250 };

struct private_redis {
    char directory[64];
    char socket[96];
    char log[96];
    pid_t child;
};

static void become_server(const struct private_redis *redis) {
    int log = open(redis->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log >= 0) {
        (void)dup2(log, STDOUT_FILENO);
        (void)dup2(log, STDERR_FILENO);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", redis->socket, "--unixsocketperm", "700", "--dir",
                 redis->directory, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy",
                 "noeviction", (char *)NULL);
    _exit(127);
}

static bool answers(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer < 0) return false;
    char reply[8] = "";
    bool fine = connect(peer, (struct sockaddr *)&address, sizeof(address)) == 0 && write(peer, "PING\r\n", 6) == 6 &&
                read(peer, reply, sizeof(reply) - 1) > 0 && reply[0] == '+';
    (void)close(peer);
    return fine;
}

static bool wait_until_ready(struct private_redis *redis, struct fault *fault) {
    int64_t until_ms = clock_monotonic_ms() + START_MS_MAX;
    int status = 0;
    while (clock_monotonic_ms() < until_ms) {
        if (answers(redis->socket)) return true;
        if (waitpid(redis->child, &status, WNOHANG) == redis->child) {
            redis->child = 0;
            return fault_set(fault, STOP_PRIVATE_REDIS, false,
                             "redis-server did not start (%s): is the package redis-server installed?",
                             WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "not found on PATH" : "it ended at once");
        }
        clock_sleep_ms(TURN_MS);
    }
    return fault_set(fault, STOP_PRIVATE_REDIS, false, "redis-server did not answer on %s within %d s", redis->socket,
                     START_MS_MAX / 1000);
}

struct private_redis *private_redis_start(struct fault *fault) {
    struct private_redis *redis = calloc(1, sizeof(*redis));
    CHECK_MEMORY(redis != NULL);
    (void)snprintf(redis->directory, sizeof(redis->directory), "/tmp/nhip-redis-XXXXXX");
    if (mkdtemp(redis->directory) == NULL) {
        (void)fault_set(fault, STOP_FILE_UNWRITABLE, false, "%s: %s", redis->directory, strerror(errno));
        free(redis);
        return NULL;
    }
    (void)snprintf(redis->socket, sizeof(redis->socket), "%s/redis.sock", redis->directory);
    (void)snprintf(redis->log, sizeof(redis->log), "%s/redis.log", redis->directory);
    redis->child = fork();
    if (redis->child == 0) become_server(redis);
    if (redis->child > 0 && wait_until_ready(redis, fault)) return redis;
    private_redis_stop(redis);
    return NULL;
}

const char *private_redis_address(const struct private_redis *redis) {
    return redis->socket;
}

void private_redis_stop(struct private_redis *redis) {
    if (redis == NULL) return;
    if (redis->child > 0) {
        (void)kill(redis->child, SIGTERM);
        int turns = 0;
        while (waitpid(redis->child, NULL, WNOHANG) == 0 && turns++ < STOP_TURNS) clock_sleep_ms(TURN_MS);
        if (turns > STOP_TURNS) {
            (void)kill(redis->child, SIGKILL);
            (void)waitpid(redis->child, NULL, 0);
        }
    }
    tree_remove(redis->directory);
    free(redis);
}
