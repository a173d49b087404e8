/* A pipe between a client and a unix-socket server that breaks on command: after exactly so many bytes in one direction, or that
 * holds bytes back. One thread of its own; the settings may be changed at any time. */
#ifndef NHIP_TEST_CUT_PROXY_H
#define NHIP_TEST_CUT_PROXY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { CUT_NEVER = -1 };

struct cut_proxy {
    char socket[96]; /* what clients connect to */
    const char *server;
    atomic_long cut_up;   /* bytes to the server until the connection is cut (both ways, once); CUT_NEVER */
    atomic_long cut_down; /* the same for bytes to the client */
    atomic_bool hold_up;  /* keep what the client sends */
    atomic_int cuts;      /* cuts made so far */
    atomic_bool stop;
    int listener;
    pthread_t thread;
};

/* `directory`: where the socket is made; `server`: path of the server's socket. Both outlive the proxy. */
void cut_proxy_start(struct cut_proxy *proxy, const char *directory, const char *server);
void cut_proxy_stop(struct cut_proxy *proxy);

#endif
