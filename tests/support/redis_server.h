/* A private redis-server for one test: a unix socket in a temporary directory, no network, gone afterwards.
 *
 * Starting and stopping abort the test program when they fail: a test without its server proves nothing. */
#ifndef NHIP_TEST_REDIS_SERVER_H
#define NHIP_TEST_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

enum { REDIS_EXTRA_MAX = 16 };

struct redis_server {
    pid_t pid;
    char directory[64];
    char socket[96];                    /* what store_options.address takes */
    const char *extra[REDIS_EXTRA_MAX]; /* further arguments, null-terminated */
    bool appendonly;
};

/* Makes the directory, starts the server and waits until it answers. `extra`: further arguments of redis-server
 * ("--cluster-enabled", "yes", null) or null; the strings must outlive the server. */
void redis_server_start(struct redis_server *server, bool appendonly, const char *const *extra);
void redis_server_kill(struct redis_server *server);    /* SIGKILL, as a crash; the directory stays */
void redis_server_restart(struct redis_server *server); /* again in the same directory */
void redis_server_stop(struct redis_server *server);    /* SIGKILL, and the directory goes */

#endif
