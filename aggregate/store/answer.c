/* Replies taken one by one or in bulk, and what Redis' errors mean: everything about a connection that needs no socket.
 *
 * Errors are told apart by their first word, which Redis keeps stable; the rest is for people and goes into the message. */
#include "aggregate/store/connection.h"

enum { PIPELINE_DEPTH = 512 };

redisReply *connection_reply(struct connection *connection, int timeout_ms, struct fault *fault) {
    redisReply *reply = NULL;
    if (connection_receive(connection, timeout_ms, &reply, fault) == ARRIVAL_NONE) {
        (void)fault_set(fault, STOP_REDIS_SILENT, true, "Redis at %s: no answer for %d ms (redis.timeout)",
                        connection_options(connection)->address, timeout_ms);
    }
    return reply;
}

redisReply *connection_answer(struct connection *connection, int timeout_ms, const char *doing, struct fault *fault) {
    redisReply *reply = connection_reply(connection, timeout_ms, fault);
    if (reply == NULL || reply->type != REDIS_REPLY_ERROR) return reply;
    (void)error_fault(connection_options(connection), doing, reply->str, fault);
    freeReplyObject(reply);
    return NULL;
}

bool connection_pipeline(struct connection *connection, const struct pipeline *pipeline, int timeout_ms, struct fault *fault) {
    struct resp out = {0};
    size_t sent = 0;
    bool fine = true;
    for (size_t taken = 0; fine && taken < pipeline->count; taken++) {
        /* Half a window at a time, so that requests travel in few writes. */
        if (sent < pipeline->count && sent - taken <= PIPELINE_DEPTH / 2) {
            resp_clear(&out);
            for (; sent < pipeline->count && sent - taken < PIPELINE_DEPTH; sent++) {
                pipeline->request(pipeline->context, sent, &out);
            }
            fine = connection_send(connection, (struct slice){out.data, out.length}, fault);
            if (!fine) break;
        }
        redisReply *reply = connection_answer(connection, timeout_ms, pipeline->doing, fault);
        fine = reply != NULL && pipeline->take(pipeline->context, taken, reply, fault);
        freeReplyObject(reply);
    }
    resp_free(&out);
    return fine;
}

static bool starts_with(const char *text, const char *word) {
    return strncmp(text, word, strlen(word)) == 0;
}

const char *error_cause(const char *error) {
    static const char because[] = "EXECABORT Transaction discarded because of: ";
    return starts_with(error, because) ? error + sizeof(because) - 1 : error;
}

bool error_fault(const struct store_options *options, const char *doing, const char *error, struct fault *fault) {
    static const char *const passing[] = {
        "OOM ", "MISCONF ", "NOREPLICAS ", "LOADING ", "CLUSTERDOWN ", "TRYAGAIN ",
        "ASK ", "MOVED ",   "MASTERDOWN ", "BUSY ",    "READONLY ",    "ERR max number of clients",
    };
    static const char *const forbidding[] = {"NOAUTH", "WRONGPASS", "NOPERM", "ERR AUTH"};
    static const char remedy[] = "; redis.user needs the commands and keys of ops/redis.md";
    const char *text = error_cause(error);
    bool retriable = false;
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        retriable |= starts_with(text, passing[i]);
    enum stop stop = STOP_REDIS_ERROR;
    for (size_t i = 0; i < sizeof(forbidding) / sizeof(forbidding[0]); i++) {
        if (starts_with(text, forbidding[i])) stop = STOP_REDIS_CLOSED;
    }
    return fault_set(fault, stop, retriable, "Redis at %.100s refused while %s: %.200s%s", options->address, doing, error,
                     starts_with(text, "NOPERM") ? remedy : "");
}

bool error_moved(const char *error, char address[static ADDRESS_BYTES_MAX]) {
    const char *text = error_cause(error);
    if (!starts_with(text, "MOVED ")) return false;
    const char *space = strchr(text + sizeof("MOVED ") - 1, ' ');
    if (space == NULL) return false;
    size_t length = strcspn(space + 1, " \r\n");
    if (length == 0 || length >= ADDRESS_BYTES_MAX) return false;
    memcpy(address, space + 1, length);
    address[length] = '\0';
    return true;
}

bool reply_is_pairs(const redisReply *reply) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0) return false;
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type != REDIS_REPLY_STRING) return false;
    }
    return true;
}
