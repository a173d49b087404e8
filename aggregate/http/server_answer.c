/* How an answer goes out: headers, tags, and a bound on what lies in memory for readers that take their time.
 *
 * An answer is written whole into memory first, so its length and its tag are known and a slow reader holds nothing but those
 * bytes; OUTGOING_BYTES_MAX of all of them together, then it is 503 until some have been read. */
#include "aggregate/http/server_parts.h"

#include "aggregate/http/query.h"
#include "aggregate/runtime/digest.h"
#include "check.h"

#include <string.h>

enum { OUTGOING_BYTES_MAX = 64 << 20, TAG_DIGITS = 32, TAG_BYTES = TAG_DIGITS + 3 };

/* What belongs to an answer until its last byte is sent. */
struct parcel {
    struct http_server *server;
    char *text;
    size_t length;
};

static void free_parcel(void *context) {
    struct parcel *parcel = context;
    atomic_fetch_sub(&parcel->server->outgoing_bytes, parcel->length);
    free(parcel->text);
    free(parcel);
}

static void header(struct MHD_Response *response, const char *name, const char *value) {
    (void)MHD_add_response_header(response, name, value);
}

void server_add_headers(struct MHD_Response *response, const struct http_answer *answer) {
    char link[HTTP_LINK_BYTES + 20];
    header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    header(response, MHD_HTTP_HEADER_CACHE_CONTROL, answer->tagged ? "no-cache" : "no-store");
    header(response, "X-Content-Type-Options", "nosniff");
    header(response, "Referrer-Policy", "no-referrer");
    header(response, "Content-Security-Policy",
           answer->policy != NULL ? answer->policy : "default-src 'none'; frame-ancestors 'none'");
    if (answer->tagged) header(response, MHD_HTTP_HEADER_VARY, "Accept");
    if (answer->status == HTTP_STATUS_METHOD) {
        header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        header(response, MHD_HTTP_HEADER_CONNECTION, "close"); /* a body may follow that nobody reads */
    }
    if (answer->status == HTTP_STATUS_LATER) header(response, MHD_HTTP_HEADER_RETRY_AFTER, "2");
    if (answer->link[0] == '\0') return;
    (void)snprintf(link, sizeof(link), "<%s>; rel=\"next\"", answer->link);
    header(response, "Link", link);
}

static void make_tag(const char *text, size_t length, char tag[static TAG_BYTES]) {
    char digits[DIGEST_TEXT_BYTES];
    digest_bytes((struct slice){text, length}, digits);
    (void)snprintf(tag, TAG_BYTES, "\"%.*s\"", TAG_DIGITS, digits);
}

/* If-None-Match: `*`, or a list of tags, weak or not. */
static bool client_has(struct MHD_Connection *connection, const char *tag) {
    const char *at = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (at == NULL) return false;
    while (*at != '\0') {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ",");
        const char *bare = strncmp(at, "W/", 2) == 0 ? at + 2 : at;
        if (*at == '*' || strncmp(bare, tag, strlen(tag)) == 0) return true;
        at += length;
    }
    return false;
}

static enum MHD_Result send_bytes(struct http_server *server, struct MHD_Connection *connection, const struct http_answer *answer,
                                  const char *tag, char *text, size_t length) {
    struct parcel *parcel = malloc(sizeof(*parcel));
    CHECK_MEMORY(parcel != NULL);
    *parcel = (struct parcel){server, text, length};
    atomic_fetch_add(&server->outgoing_bytes, length);
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(length, text, free_parcel, parcel);
    if (response == NULL) {
        free_parcel(parcel);
        return MHD_NO;
    }
    server_add_headers(response, answer);
    if (tag[0] != '\0') header(response, MHD_HTTP_HEADER_ETAG, tag);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result server_send(struct http_server *server, struct MHD_Connection *connection, const struct http_answer *answer,
                            char *text, size_t length) {
    char tag[TAG_BYTES] = "";
    struct http_answer other = *answer;
    if (answer->tagged) make_tag(text, length, tag);
    if (answer->tagged && client_has(connection, tag)) {
        other.status = MHD_HTTP_NOT_MODIFIED;
        length = 0;
    } else if (atomic_load(&server->outgoing_bytes) + length > OUTGOING_BYTES_MAX) {
        other = (struct http_answer){.status = HTTP_STATUS_LATER, .content_type = "text/plain; charset=utf-8"};
        tag[0] = '\0';
        length = (size_t)snprintf(text, length, "busy\n") < length ? 5 : 0;
    }
    return send_bytes(server, connection, &other, tag, text, length);
}
