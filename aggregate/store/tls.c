/* TLS with OpenSSL: see tls.h.
 *
 *     tls_begin     SSL over a BIO of ours over the socket -> handshake, waiting in poll() -> the peer is who we want
 *     tls_send      SSL_write, partial writes allowed: the caller keeps what was not taken
 *     tls_receive   SSL_read
 *
 * Why an own BIO: OpenSSL's socket BIO calls write(), and a peer that has gone would end a process that does not ignore SIGPIPE;
 * ours sends with MSG_NOSIGNAL as the plain transport does.
 *
 * The peer is verified unless the operator says otherwise: chain, validity, and the name. The name is the host part of the
 * address, also when it is an IP address (then the certificate must hold it as such); in a cluster nodes are often addressed by
 * numbers that no certificate bears: server_name stands in for all of them. TLS 1.2 is the least. No renegotiation, no
 * compression, no session files. */
#include "aggregate/store/tls.h"

#include "aggregate/runtime/clock.h"
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

enum { NAME_BYTES = 256, TEXT_BYTES = 200 };

struct tls {
    SSL_CTX *context;
    BIO_METHOD *method;
    const char *server_name;
    bool verify;
};

struct tls_session {
    SSL *ssl;
    int socket;
    short send_waits;
    bool refused;
    char error[TEXT_BYTES];
};

/* --- the BIO --- */

static int bio_write(BIO *bio, const char *bytes, int length) {
    BIO_clear_retry_flags(bio);
    ssize_t sent = send(*(const int *)BIO_get_data(bio), bytes, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(bio);
    return (int)sent;
}

static int bio_read(BIO *bio, char *bytes, int length) {
    BIO_clear_retry_flags(bio);
    ssize_t got = recv(*(const int *)BIO_get_data(bio), bytes, (size_t)length, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_read(bio);
    return (int)got;
}

static long bio_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/* --- what the process knows --- */

/* OpenSSL's reason for the last failure, as text; the queue of errors is emptied. */
static const char *reason(char out[static TEXT_BYTES]) {
    unsigned long code = ERR_peek_last_error();
    const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;
    (void)snprintf(out, TEXT_BYTES, "%s", text != NULL ? text : "unknown reason");
    ERR_clear_error();
    return out;
}

static bool load_trust(SSL_CTX *context, const struct tls_options *options, struct fault *fault) {
    char text[TEXT_BYTES];
    bool fine = options->ca[0] == '\0' ? SSL_CTX_set_default_verify_paths(context) == 1
                                       : SSL_CTX_load_verify_file(context, options->ca) == 1;
    if (fine) return true;
    return fault_set(fault, STOP_TLS_FILE, false, "redis.tls.ca: %.200s cannot be read as a PEM file of certificates: %s",
                     options->ca, reason(text));
}

static bool load_identity(SSL_CTX *context, const struct tls_options *options, struct fault *fault) {
    char text[TEXT_BYTES];
    bool has_certificate = options->certificate[0] != '\0';
    bool has_key = options->key[0] != '\0';
    if (!has_certificate && !has_key) return true;
    if (has_certificate != has_key) {
        return fault_set(fault, STOP_TLS_FILE, false, "%s is set and %s is not: a client certificate needs both files",
                         has_key ? "redis.tls.key" : "redis.tls.cert", has_key ? "redis.tls.cert" : "redis.tls.key");
    }
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1) {
        return fault_set(fault, STOP_TLS_FILE, false, "redis.tls.cert: %.200s cannot be read as a PEM certificate: %s",
                         options->certificate, reason(text));
    }
    if (SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(context) == 1)
        return true;
    return fault_set(fault, STOP_TLS_FILE, false, "redis.tls.key: %.200s is not the PEM key of %.150s: %s", options->key,
                     options->certificate, reason(text));
}

static BIO_METHOD *method_create(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
    CHECK(method != NULL);
    (void)BIO_meth_set_write(method, bio_write);
    (void)BIO_meth_set_read(method, bio_read);
    (void)BIO_meth_set_ctrl(method, bio_control);
    return method;
}

struct tls *tls_create(const struct tls_options *options, struct fault *fault) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct tls *tls = calloc(1, sizeof(*tls));
    CHECK_MEMORY(context != NULL && tls != NULL);
    *tls = (struct tls){.context = context, .server_name = options->server_name, .verify = options->verify};
    tls->method = method_create();
    (void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, options->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (load_trust(context, options, fault) && load_identity(context, options, fault)) return tls;
    tls_destroy(tls);
    return NULL;
}

void tls_destroy(struct tls *tls) {
    if (tls == NULL) return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    free(tls);
}

/* --- one connection --- */

/* The host of host:port, without the brackets of [v6]:port. */
static void host_of(const char *address, char out[static NAME_BYTES]) {
    const char *colon = strrchr(address, ':');
    size_t length = colon != NULL ? (size_t)(colon - address) : strlen(address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length >= NAME_BYTES) length = NAME_BYTES - 1;
    memcpy(out, address, length);
    out[length] = '\0';
}

static void expect_name(const struct tls *tls, SSL *ssl, const char *name) {
    unsigned char number[sizeof(struct in6_addr)];
    bool is_number = inet_pton(AF_INET, name, number) == 1 || inet_pton(AF_INET6, name, number) == 1;
    if (!is_number) CHECK(SSL_set_tlsext_host_name(ssl, name) == 1);
    if (!tls->verify) return;
    if (is_number) {
        CHECK(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1);
    } else {
        CHECK(SSL_set1_host(ssl, name) == 1);
    }
}

/* Why a handshake failed, and which setting decides it. */
static void refuse(const struct tls_session *session, const char *address, const char *name, int failure, struct fault *fault) {
    char text[TEXT_BYTES];
    long verdict = SSL_get_verify_result(session->ssl);
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        (void)fault_set(fault, STOP_REDIS_TLS, false,
                        "Redis at %.120s shows a certificate that is not for \"%.100s\": connect by a name that it bears, or set "
                        "redis.tls.server_name to one",
                        address, name);
    } else if (verdict != X509_V_OK) {
        (void)fault_set(fault, STOP_REDIS_TLS, false,
                        "Redis at %.120s shows a certificate that is not trusted: %s; set redis.tls.ca to the file of the "
                        "authority that signed it",
                        address, X509_verify_cert_error_string(verdict));
    } else if (failure == SSL_ERROR_SYSCALL || ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        (void)fault_set(fault, STOP_REDIS_SILENT, true,
                        "Redis at %.120s broke off the TLS handshake%s%s: is it a TLS port? (redis.tls = on)", address,
                        errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    } else {
        (void)fault_set(fault, STOP_REDIS_TLS, false,
                        "Redis at %.120s and we do not agree on TLS: %s; is it a TLS port (redis.tls), and does it want a client "
                        "certificate (redis.tls.cert, redis.tls.key)?",
                        address, reason(text));
    }
    ERR_clear_error();
}

/* Waits until the socket is ready for what the handshake wants; false when the time is over. */
static bool wait_for(int socket, int failure, int64_t deadline_ms) {
    struct pollfd wait = {.fd = socket, .events = failure == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN};
    for (;;) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        if (left_ms <= 0) return false;
        int ready = poll(&wait, 1, (int)left_ms);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

static bool shake_hands(struct tls_session *session, const char *address, const char *name, int timeout_ms, struct fault *fault) {
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int done = SSL_connect(session->ssl);
        if (done == 1) return true;
        int failure = SSL_get_error(session->ssl, done);
        if (failure != SSL_ERROR_WANT_READ && failure != SSL_ERROR_WANT_WRITE) {
            refuse(session, address, name, failure, fault);
            return false;
        }
        if (!wait_for(session->socket, failure, deadline_ms)) {
            return fault_set(fault, STOP_REDIS_SILENT, true,
                             "Redis at %.120s does not answer the TLS handshake for %d ms: is it a TLS port? (redis.tls = on)",
                             address, timeout_ms);
        }
    }
}

struct tls_session *tls_begin(const struct tls *tls, int socket, const char *address, int timeout_ms, struct fault *fault) {
    char host[NAME_BYTES];
    const char *name = tls->server_name;
    if (name[0] == '\0') {
        host_of(address, host);
        name = host;
    }
    struct tls_session *session = calloc(1, sizeof(*session));
    CHECK_MEMORY(session != NULL);
    session->socket = socket;
    session->send_waits = POLLOUT;
    session->ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->method);
    CHECK(session->ssl != NULL && bio != NULL);
    BIO_set_data(bio, &session->socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(session->ssl, bio, bio);
    expect_name(tls, session->ssl, name);
    if (shake_hands(session, address, name, timeout_ms, fault)) return session;
    tls_end(session);
    return NULL;
}

void tls_end(struct tls_session *session) {
    if (session == NULL) return;
    if (SSL_is_init_finished(session->ssl)) (void)SSL_shutdown(session->ssl); /* says goodbye, does not wait for an answer */
    ERR_clear_error();
    SSL_free(session->ssl);
    free(session);
}

/* Alerts by which a server says what it thinks of our certificate. */
static bool is_refusal(int code) {
    return code == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED || code == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE ||
           code == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED || code == SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED ||
           code == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN || code == SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE ||
           code == SSL_R_TLSV1_ALERT_UNKNOWN_CA || code == SSL_R_TLSV1_ALERT_ACCESS_DENIED;
}

/* What a call that did not succeed means, as send() and recv() say it. */
static ssize_t outcome(struct tls_session *session, int result, short *waits) {
    int cause = errno;
    int failure = SSL_get_error(session->ssl, result);
    if (failure == SSL_ERROR_WANT_READ || failure == SSL_ERROR_WANT_WRITE) {
        *waits = failure == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
        errno = EAGAIN;
        return -1;
    }
    if (failure == SSL_ERROR_ZERO_RETURN) return 0;
    if (failure == SSL_ERROR_SYSCALL && cause != 0) {
        (void)snprintf(session->error, sizeof(session->error), "%s", strerror(cause));
    } else if (failure == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        return 0; /* a server that dies says no goodbye */
    } else {
        session->refused = is_refusal(ERR_GET_REASON(ERR_peek_last_error()));
        (void)reason(session->error);
    }
    errno = EPROTO;
    return -1;
}

ssize_t tls_send(struct tls_session *session, const void *bytes, size_t length) {
    ERR_clear_error();
    errno = 0;
    int sent = SSL_write(session->ssl, bytes, length < INT32_MAX ? (int)length : INT32_MAX);
    if (sent > 0) return sent;
    ssize_t result = outcome(session, sent, &session->send_waits);
    if (result != 0) return result;
    (void)snprintf(session->error, sizeof(session->error), "the server closed the connection");
    errno = EPIPE;
    return -1;
}

ssize_t tls_receive(struct tls_session *session, void *bytes, size_t capacity) {
    short ignored;
    ERR_clear_error();
    errno = 0;
    int got = SSL_read(session->ssl, bytes, capacity < INT32_MAX ? (int)capacity : INT32_MAX);
    return got > 0 ? got : outcome(session, got, &ignored);
}

short tls_send_waits(const struct tls_session *session) {
    return session->send_waits;
}

const char *tls_error(const struct tls_session *session) {
    return session->error;
}

bool tls_refused(const struct tls_session *session) {
    return session->refused;
}
