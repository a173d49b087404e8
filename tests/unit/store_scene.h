/* What the store's tests share: a Redis of their own, options that point at it, and a second connection that looks behind the
 * scenes. */
#ifndef NHIP_TEST_STORE_SCENE_H
#define NHIP_TEST_STORE_SCENE_H

#include "aggregate/store/connection.h"
#include "aggregate/store/keys.h"
#include "check.h"
#include "tests/support/redis_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct scene {
    struct redis_server server;
    struct store_options options;
    struct connection *witness;
};

static inline void scene_witness(struct scene *scene) {
    struct fault fault;
    scene->witness = connection_open(&scene->options, 5000, &fault);
    CHECK(scene->witness != NULL);
}

static inline void scene_open(struct scene *scene) {
    redis_server_start(&scene->server, false, NULL);
    scene->options = (struct store_options){.address = scene->server.socket,
                                            .name_space = "nhip",
                                            .configuration_hash = HASH_A,
                                            .cluster_id = "c1",
                                            .timeout_ms = 5000};
    scene_witness(scene);
}

static inline void scene_close(struct scene *scene) {
    connection_close(scene->witness);
    redis_server_stop(&scene->server);
}

static inline redisReply *ask_words(struct connection *connection, const struct slice *words, size_t count) {
    struct fault fault = {.code = FAULT_NONE};
    struct resp out = {0};
    resp_words(&out, words, count);
    CHECK(connection_send(connection, (struct slice){out.data, out.length}, &fault));
    resp_free(&out);
    redisReply *reply = connection_reply(connection, 5000, &fault);
    CHECK(reply != NULL);
    return reply;
}

/* One command, its reply for the caller to free. */
#define ASK(scene, ...)                                                                                                          \
    ask_words((scene)->witness, (const struct slice[]){__VA_ARGS__},                                                             \
              sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))
#define DO(scene, ...) freeReplyObject(ASK(scene, __VA_ARGS__))

/* A reply as text: strings and statuses, "" for nil, integers in decimal. */
static inline void text_of(redisReply *reply, char *out, size_t capacity) {
    if (reply->type == REDIS_REPLY_INTEGER) {
        (void)snprintf(out, capacity, "%lld", reply->integer);
    } else {
        (void)snprintf(out, capacity, "%s", reply->str != NULL ? reply->str : "");
    }
    freeReplyObject(reply);
}

#define assert_answer(scene, expected, ...)                                                                                      \
    do {                                                                                                                         \
        char answer_[512];                                                                                                       \
        text_of(ASK(scene, __VA_ARGS__), answer_, sizeof(answer_));                                                              \
        assert_string_equal(answer_, expected);                                                                                  \
    } while (0)

/* How often Redis has executed `command` since CONFIG RESETSTAT. */
static inline int calls_of(struct scene *scene, const char *command) {
    redisReply *reply = ASK(scene, SLICE("INFO"), SLICE("commandstats"));
    char name[64];
    (void)snprintf(name, sizeof(name), "cmdstat_%s:calls=", command);
    const char *at = strstr(reply->str, name);
    int calls = at != NULL ? (int)strtol(at + strlen(name), NULL, 10) : 0;
    freeReplyObject(reply);
    return calls;
}

#endif
