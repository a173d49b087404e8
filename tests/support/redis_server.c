/* Private Redis servers for tests. A server is asked for PING over its socket until it answers PONG, by hand: this file knows no
 * client library, so that any test may use it. */
#include "tests/support/redis_server.h"

#include "check.h"

#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

enum { START_TRIES = 500, TRY_US = 10000, ARGUMENTS_MAX = 32 };

static bool answers(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) return false;
    char reply[7] = "";
    bool fine = connect(made, (const struct sockaddr *)&address, sizeof(address)) == 0 && write(made, "PING\r\n", 6) == 6 &&
                read(made, reply, sizeof(reply)) == (ssize_t)sizeof(reply) && memcmp(reply, "+PONG\r\n", 7) == 0;
    (void)close(made);
    return fine;
}

static void run_server(const struct redis_server *server) {
    char *arguments[ARGUMENTS_MAX];
    size_t count = 0;
    const char *const fixed[] = {
        "redis-server",
        "--port",
        "0",
        "--unixsocket",
        server->socket,
        "--dir",
        server->directory,
        "--save",
        "",
        "--appendonly",
        server->appendonly ? "yes" : "no",
        "--appendfsync",
        "no",
        "--daemonize",
        "no",
        "--loglevel",
        "warning",
        "--logfile",
        "redis.log",
    };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        arguments[count++] = strdup(fixed[i]);
    for (size_t i = 0; server->extra[i] != NULL; i++) {
        CHECK(count + 1 < ARGUMENTS_MAX);
        arguments[count++] = strdup(server->extra[i]);
    }
    arguments[count] = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves no server behind */
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(nothing, STDOUT_FILENO);
    (void)execvp(arguments[0], arguments);
    (void)fprintf(stderr, "redis-server cannot be started: is it installed? (make deps-test)\n");
    _exit(127);
}

void redis_server_restart(struct redis_server *server) {
    (void)unlink(server->socket);
    server->pid = fork();
    CHECK(server->pid >= 0);
    if (server->pid == 0) run_server(server);
    for (int i = 0; i < START_TRIES; i++) {
        if (answers(server->socket)) return;
        int status = 0;
        CHECK(waitpid(server->pid, &status, WNOHANG) == 0); /* it has ended at once */
        (void)usleep(TRY_US);
    }
    UNREACHABLE(); /* redis-server does not answer */
}

void redis_server_start(struct redis_server *server, bool appendonly, const char *const *extra) {
    *server = (struct redis_server){.appendonly = appendonly};
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++) {
        CHECK(i + 1 < REDIS_EXTRA_MAX);
        server->extra[i] = extra[i];
    }
    (void)snprintf(server->directory, sizeof(server->directory), "/tmp/nhip-redis-XXXXXX");
    CHECK(mkdtemp(server->directory) != NULL);
    (void)snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->directory);
    redis_server_restart(server);
}

void redis_server_kill(struct redis_server *server) {
    int status = 0;
    if (server->pid <= 0) return;
    (void)kill(server->pid, SIGKILL);
    CHECK(waitpid(server->pid, &status, 0) == server->pid);
    server->pid = 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void redis_server_stop(struct redis_server *server) {
    redis_server_kill(server);
    (void)nftw(server->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
