/* TLS under a connection to Redis. OpenSSL is known to tls.c only.
 *
 * A struct tls is what a process knows (certificates, what to trust); a struct tls_session is one connection. */
#ifndef NHIP_TLS_H
#define NHIP_TLS_H

#include "fault.h"

#include <stddef.h>
#include <sys/types.h>

struct tls_options {
    const char *ca;          /* PEM file of the authorities to trust; "" = those of the system */
    const char *certificate; /* PEM file that shows who we are, "" = none; and its ... */
    const char *key;         /* ... private key */
    const char *server_name; /* name that the server's certificate must bear; "" = the host of the address */
    bool verify;             /* false: whoever answers is believed */
};

struct tls;

/* Reads the files; called once, before threads. Null and FAULT_CONFIG that names the setting. `options` is not kept, but
 * server_name must outlive the tls. */
struct tls *tls_create(const struct tls_options *options, struct fault *fault);
void tls_destroy(struct tls *tls); /* null is fine */

struct tls_session;

/* Shakes hands over a connected, non-blocking socket within `timeout_ms`. `address` is host:port as connected to. Null and
 * `fault`: FAULT_UNREACHABLE (retriable) when the server goes away or is silent, FAULT_REFUSED when one side does not accept the
 * other's certificate. Any thread; a session belongs to one. The socket stays the caller's. */
struct tls_session *tls_begin(const struct tls *tls, int socket, const char *address, int timeout_ms, struct fault *fault);
void tls_end(struct tls_session *session); /* null is fine */

/* Like send() and recv() on a non-blocking socket: -1 with errno EAGAIN when it would wait, 0 from tls_receive() at the end. A
 * send that would wait must be repeated with the same bytes in front. */
ssize_t tls_send(struct tls_session *session, const void *bytes, size_t length);
ssize_t tls_receive(struct tls_session *session, void *bytes, size_t capacity);
/* For poll(), after EAGAIN: what the last send waits for (POLLIN or POLLOUT). */
short tls_send_waits(const struct tls_session *session);
/* Why the last call failed otherwise; valid until the next call. */
const char *tls_error(const struct tls_session *session);
/* True when it failed because the server does not accept our certificate (it says so after its side of the handshake). */
bool tls_refused(const struct tls_session *session);

#endif
