/* A lane at work: which reply belongs to what, and what to do when replies stay away.
 *
 *     sent:      MULTI HSET.. EXEC | WATCH HMGET | HGETALL HGETALL ...     one write, then reads behind the WATCH
 *     expected:  QUEUED x n, EXEC  | WATCH META  | HASH HASH ...
 *
 * The proof that a commit counts is the HMGET behind it, not the EXEC: only when epoch and owner are ours and `next` is the new
 * one is it confirmed, and the same reply is the licence for the following commit. Every doubt is settled by reading meta again,
 * never by guessing:
 *
 *     connection lost, EXEC refused    -> the bytes are kept (COMMIT_CUT), meta is read behind a fresh WATCH:
 *         next = new, claim ours       -> it was applied (the reply was lost, or an earlier copy of the same bytes came through)
 *         next = base, claim ours      -> sent again, the same bytes
 *         a later claim, or one of the
 *         same epoch by another        -> fenced: another worker has claimed
 *         an earlier claim, or ours
 *         with another next            -> went back: a failover or a restart has lost the tail; state and offset are together
 *                                         what they were a while ago, so claiming again and reading the log again heals it
 *         no claim at all              -> the state is gone; nobody but a person may decide to begin anew
 *     EXEC nil and next = base         -> went back: meta was written to, by nobody who claimed (or its node was replaced)
 *
 * An earlier copy can come through late: the old connection's bytes may still lie in Redis' socket when we have reconnected. Then
 * its EXEC either comes before ours (ours is nil, meta shows `new`: applied once) or after ours (its WATCH is broken: nil, nobody
 * reads it).
 *
 * Reads. A cold hash is asked for behind the WATCH of the commit that precedes it, so what comes back is the state with that
 * commit in it, and any foreign change after the read voids the next EXEC. If that commit did not count after all, the answers
 * behind it are old: they are thrown away and asked again behind the repetition. Answers read earlier stay good, because meta
 * proves that nothing moved.
 *
 * With options.replicas a WAIT stands between EXEC and WATCH. It tells how many replicas have what this connection wrote, so
 * it says something of a commit only when the EXEC in front of it on the same connection was applied; a commit that turned out to
 * be applied after a reconnect is confirmed but not safe until the next one is.
 *
 * Nothing here waits but lane_turn() with a timeout; who calls decides. */
#include "aggregate/store/lane.h"

#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/clock.h"
#include "check.h"
#include "fault_point.h"

#include <stdarg.h>

static const struct hash_id NO_HASH = {.kind = HASH_NONE};

bool lane_break(struct lane *lane, enum stop stop, const char *format, ...) {
    char what[420];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return fault_set(&lane->broken, stop, false, "%s/%d: %s (Redis at %.100s)", lane->topic, lane->who.partition, what,
                     lane->options.address);
}

bool lane_report(struct lane *lane, struct fault *fault) {
    if (lane->broken.code != FAULT_NONE) {
        *fault = lane->broken;
        return false;
    }
    if (lane->trouble.code == FAULT_NONE) return true;
    *fault = lane->trouble;
    lane->trouble.code = FAULT_NONE;
    return false;
}

/* --- the queue of expected replies --- */

bool lane_waiting(const struct lane *lane) {
    return lane->expected.first < lane->expected.length;
}

void lane_expect(struct lane *lane, enum expectation kind, size_t count, struct hash_id id) {
    struct expected_queue *queue = &lane->expected;
    if (queue->first == queue->length) {
        queue->first = queue->length = 0;
        lane->asked_ms = clock_monotonic_ms();
    }
    if (queue->length == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 64 : queue->capacity * 2;
        queue->items = realloc(queue->items, queue->capacity * sizeof(*queue->items));
        CHECK_MEMORY(queue->items != NULL);
    }
    queue->items[queue->length++] = (struct expected){.kind = kind, .count = count, .id = id};
}

static void list_hash(struct hash_list *list, struct hash_id id) {
    if (list->length == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        list->items = realloc(list->items, list->capacity * sizeof(*list->items));
        CHECK_MEMORY(list->items != NULL);
    }
    list->items[list->length++] = id;
}

/* The hashes that are on their way will not come, or will come too old: ask for them again later. */
static void void_reads(struct lane *lane) {
    struct expected_queue *queue = &lane->expected;
    for (size_t i = queue->first; i < queue->length; i++) {
        if (queue->items[i].kind != EXPECT_HASH) continue;
        list_hash(&lane->unread, queue->items[i].id);
        queue->items[i].kind = EXPECT_VOID;
    }
}

void lane_lose(struct lane *lane, const struct fault *fault) {
    void_reads(lane);
    lane->expected.first = lane->expected.length = 0;
    connection_close(lane->connection);
    lane->connection = NULL;
    lane->watched = false;
    lane->refusal.code = FAULT_NONE;
    lane->detour = false;
    if (lane->commit.state == COMMIT_SENT) lane->commit.state = COMMIT_CUT;
    lane->commit.voided = false;
    lane->commit.executed = false;
    lane->trouble = *fault;
}

bool lane_reopen(struct lane *lane, struct fault *fault) {
    CHECK(lane->connection == NULL && !lane->watched && !lane_waiting(lane));
    int patience_ms = lane->options.timeout_ms < RECONNECT_MS_MAX ? lane->options.timeout_ms : RECONNECT_MS_MAX;
    if (!FAULT_BREAKS("reopen.connect", fault)) lane->connection = connection_open(&lane->options, patience_ms, fault);
    if (lane->connection == NULL) {
        if (!fault->retriable) lane->broken = *fault;
        route_next(&lane->route); /* the node may have died: a configured one tells who has its slots now */
        return false;
    }
    struct resp out = {0};
    resp_chain(&out, lane);
    lane_expect(lane, EXPECT_WATCH, 1, NO_HASH);
    lane_expect(lane, EXPECT_META, 1, NO_HASH);
    bool fine = !FAULT_BREAKS("reopen.chain", fault) &&
                connection_send(lane->connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    if (!fine) {
        lane_lose(lane, fault);
        lane->trouble.code = FAULT_NONE; /* reported here and now */
    }
    return fine;
}

/* --- replies --- */

static bool is_error(const redisReply *reply) {
    return reply->type == REDIS_REPLY_ERROR;
}

/* Redis refused something outside the transaction's own logic: passing states of the server cost us the connection (what was
 * watched there is not worth an analysis), others are final. */
static void refused(struct lane *lane, const char *doing, const char *error) {
    struct fault fault;
    (void)error_fault(&lane->options, doing, error, &fault);
    (void)route_follow(&lane->route, error);
    if (fault.retriable) {
        lane_lose(lane, &fault);
    } else {
        lane->broken = fault;
    }
}

/* A slot that moved, or a primary that is one no more, shows in the commands already. */
static void take_queued(struct lane *lane, const redisReply *reply) {
    if (!is_error(reply) || lane->refusal.code != FAULT_NONE) return;
    (void)error_fault(&lane->options, "sending a commit", reply->str, &lane->refusal);
    lane->detour = route_follow(&lane->route, reply->str);
}

/* Nothing was written: queueing failed for one command, or EXEC was refused as a whole. */
static void take_refused_exec(struct lane *lane, const char *error) {
    struct fault fault = lane->refusal;
    if (fault.code == FAULT_NONE) {
        (void)error_fault(&lane->options, "committing", error, &fault);
        lane->detour = route_follow(&lane->route, error_cause(error));
    }
    lane->refusal.code = FAULT_NONE;
    lane->commit.state = COMMIT_CUT;
    void_reads(lane);
    if (!fault.retriable) {
        lane->broken = fault;
    } else if (lane->detour) {
        lane_lose(lane, &fault);
    } else {
        lane->trouble = fault;
    }
}

static void take_exec(struct lane *lane, const redisReply *reply) {
    struct commit *commit = &lane->commit;
    struct fault fault;
    CHECK(commit->state == COMMIT_SENT);
    if (FAULT_BREAKS("exec.reply", &fault)) {
        lane_lose(lane, &fault);
        return;
    }
    if (is_error(reply)) {
        take_refused_exec(lane, reply->str);
        return;
    }
    if (reply->type == REDIS_REPLY_NIL) {
        commit->state = COMMIT_CUT;
        commit->voided = true;
        void_reads(lane);
        return;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != commit->commands) {
        (void)lane_break(lane, STOP_REDIS_ERROR, "EXEC answered something else than one result per command");
        return;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        if (!is_error(reply->element[i])) continue;
        (void)lane_break(lane, STOP_STATE_DAMAGED,
                         "a command inside a commit failed, the state is corrupt; rebuild it in a new `namespace`: %.160s",
                         reply->element[i]->str);
        return;
    }
    commit->executed = true;
    FAULT_STEP("exec.done");
}

/* Errors but a missing permission say that there are no replicas to wait for: none has it then. */
static void take_wait(struct lane *lane, const redisReply *reply) {
    lane->commit.copies = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    if (!is_error(reply)) return;
    struct fault fault;
    (void)error_fault(&lane->options, "waiting for replicas", reply->str, &fault);
    if (fault.code == FAULT_REFUSED) lane->broken = fault;
}

static bool read_claim(const redisReply *reply, int64_t *epoch, struct slice *owner, int64_t *next) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) return false;
    const redisReply *epoch_reply = reply->element[0];
    const redisReply *owner_reply = reply->element[1];
    const redisReply *next_reply = reply->element[2];
    *next = SOURCE_START_BEGINNING;
    if (next_reply->type == REDIS_REPLY_STRING && !decimal_read(reply_text(next_reply), next)) return false;
    if (epoch_reply->type != REDIS_REPLY_STRING || owner_reply->type != REDIS_REPLY_STRING) return false;
    *owner = reply_text(owner_reply);
    return decimal_read(reply_text(epoch_reply), epoch);
}

static void confirm(struct lane *lane) {
    struct commit *commit = &lane->commit;
    FAULT_STEP("commit.confirm");
    lane->base_next = commit->next;
    if (commit->executed && commit->copies >= lane->options.replicas) lane->safe_next = commit->next;
    if (lane->options.replicas == 0) lane->safe_next = commit->next;
    commit->executed = false;
    commit->state = COMMIT_NONE;
    lane->verifying = false;
    commit->voided = false;
    resp_clear(&commit->bytes);
    lane->watched = true;
}

/* No claim at all. Where nothing was ever committed, nothing is lost: the claim alone is taken again. */
static void take_nothing(struct lane *lane) {
    const struct commit *commit = &lane->commit;
    if (lane->base_next == SOURCE_START_BEGINNING) {
        (void)lane_break(lane, STOP_WENT_BACK, "Redis has lost our claim, before anything was committed");
        return;
    }
    (void)lane_break(lane, STOP_REDIS_EMPTY,
                     "the state is gone: Redis was emptied or started without its data; committed was offset %lld, read up to "
                     "%lld; nothing is written; restore a backup and start again, or count anew from the log: a new `namespace`, "
                     "or nhip run --accept-empty",
                     (long long)lane->base_next, (long long)(commit->state == COMMIT_NONE ? lane->base_next : commit->next));
}

static void take_meta(struct lane *lane, const redisReply *reply) {
    struct commit *commit = &lane->commit;
    int64_t epoch = 0;
    int64_t next = 0;
    struct slice owner = {NULL, 0};
    if (is_error(reply)) {
        refused(lane, "reading meta", reply->str);
        return;
    }
    if (!read_claim(reply, &epoch, &owner, &next)) {
        take_nothing(lane);
        return;
    }
    bool ours = epoch == lane->epoch && slice_equal(owner, slice_of(lane->owner));
    if (!ours && epoch >= lane->epoch) {
        (void)lane_break(lane, STOP_FENCED, "another worker has claimed this partition (epoch %lld, ours was %lld)",
                         (long long)epoch, (long long)lane->epoch);
        return;
    }
    if (!ours) {
        (void)lane_break(lane, STOP_WENT_BACK,
                         "Redis went back to before our claim (epoch %lld, ours was %lld): it stands at offset %lld, committed "
                         "was %lld",
                         (long long)epoch, (long long)lane->epoch, (long long)next, (long long)lane->base_next);
        return;
    }
    if (commit->state != COMMIT_NONE && next == commit->next) {
        confirm(lane);
        return;
    }
    if (next != lane->base_next || commit->state == COMMIT_SENT) {
        (void)lane_break(lane, STOP_WENT_BACK, "Redis went back to an older state: it stands at offset %lld, committed was %lld",
                         (long long)next, (long long)(commit->state == COMMIT_SENT ? commit->next : lane->base_next));
        return;
    }
    if (commit->voided) {
        (void)lane_break(lane, STOP_WENT_BACK, "meta was written to between two commits of ours, at offset %lld",
                         (long long)next);
        return;
    }
    lane->watched = true;
    lane->verifying = false;
}

static void keep_answer(struct lane *lane, struct hash_id id, redisReply *reply) {
    struct answer_list *answers = &lane->answers;
    if (answers->length == answers->capacity) {
        answers->capacity = answers->capacity == 0 ? 64 : answers->capacity * 2;
        answers->items = realloc(answers->items, answers->capacity * sizeof(*answers->items));
        CHECK_MEMORY(answers->items != NULL);
    }
    answers->items[answers->length++] = (struct answer){.id = id, .reply = reply};
}

/* A hash that the index names is not there. Either another worker has claimed and retired it: then meta, which is read first on
 * the next connection, says so. Or it is missing there too: somebody has taken it. */
static void miss(struct lane *lane, struct hash_id id) {
    struct fault fault;
    if (lane->missed) {
        (void)lane_break(lane, STOP_STATE_GONE,
                         "hash %c of bucket %d is gone: a key was deleted or evicted, the state is damaged; restore a backup, or "
                         "count anew in a new `namespace`; maxmemory-policy must be noeviction",
                         (char)id.kind, id.bucket);
        return;
    }
    lane->missed = true;
    list_hash(&lane->unread, id);
    (void)fault_set(&fault, STOP_REDIS_SILENT, true, "%s/%d: hash %c of bucket %d is not there, looking again", lane->topic,
                    lane->who.partition, (char)id.kind, id.bucket);
    lane_lose(lane, &fault);
}

/* True when the reply was kept. */
static bool take_hash(struct lane *lane, struct hash_id id, redisReply *reply) {
    FAULT_STEP("cold.reply");
    if (is_error(reply)) {
        list_hash(&lane->unread, id);
        refused(lane, "reading a cold hash", reply->str);
        return false;
    }
    if (!reply_is_pairs(reply)) {
        (void)lane_break(lane, STOP_STATE_DAMAGED, "hash %c of bucket %d is not a hash", (char)id.kind, id.bucket);
        return false;
    }
    if (reply->elements == 0) {
        miss(lane, id);
        return false;
    }
    lane->missed = false;
    keep_answer(lane, id, reply);
    return true;
}

static void take_reply(struct lane *lane, redisReply *reply) {
    struct expected_queue *queue = &lane->expected;
    if (queue->first == queue->length) {
        (void)lane_break(lane, STOP_REDIS_ERROR, "Redis answered more than it was asked");
        freeReplyObject(reply);
        return;
    }
    struct expected *front = &queue->items[queue->first];
    struct expected expected = *front;
    if (--front->count == 0) queue->first++;
    bool kept = false;
    switch (expected.kind) {
    case EXPECT_NONE:
        UNREACHABLE();
        break;
    case EXPECT_QUEUED:
        take_queued(lane, reply);
        break;
    case EXPECT_EXEC:
        take_exec(lane, reply);
        break;
    case EXPECT_WAIT:
        take_wait(lane, reply);
        break;
    case EXPECT_WATCH:
        if (is_error(reply)) refused(lane, "watching meta", reply->str);
        break;
    case EXPECT_META:
        take_meta(lane, reply);
        break;
    case EXPECT_HASH:
        kept = take_hash(lane, expected.id, reply);
        break;
    case EXPECT_VOID:
        break;
    }
    if (!kept) freeReplyObject(reply);
}

static bool standing_still(const struct lane *lane) {
    return lane->broken.code != FAULT_NONE || lane->trouble.code != FAULT_NONE || lane->connection == NULL;
}

bool lane_turn(struct lane *lane, int timeout_ms) {
    if (standing_still(lane) || !lane_waiting(lane)) return false;
    struct fault fault;
    redisReply *reply = NULL;
    switch (connection_receive(lane->connection, timeout_ms, &reply, &fault)) {
    case ARRIVAL_REPLY:
        take_reply(lane, reply);
        return !standing_still(lane);
    case ARRIVAL_LOST:
        lane_lose(lane, &fault);
        return false;
    case ARRIVAL_NONE:
        break;
    }
    int64_t heard_ms = connection_active_ms(lane->connection);
    if (heard_ms < lane->asked_ms) heard_ms = lane->asked_ms;
    if (clock_monotonic_ms() - heard_ms > lane->options.timeout_ms) {
        (void)fault_set(&fault, STOP_REDIS_SILENT, true, "Redis at %.200s: no answer for %d ms (redis.timeout)",
                        lane->options.address, lane->options.timeout_ms);
        lane_lose(lane, &fault);
        route_next(&lane->route);
    }
    return false;
}

/* --- cold hashes --- */

void lane_collect(struct lane *lane, struct rollup *rollup) {
    struct hash_id id;
    while (rollup_cold(rollup, &id))
        list_hash(&lane->unread, id);
}

bool lane_ask(struct lane *lane) {
    if (lane->unread.length == 0) return true;
    /* Behind bytes that still have to be sent the answers would be too old; without a connection there is nobody to ask. */
    if (lane->connection == NULL || lane->commit.state == COMMIT_CUT) return false;
    struct resp out = {0};
    for (size_t i = 0; i < lane->unread.length; i++) {
        struct key key;
        RESP_COMMAND(&out, SLICE("HGETALL"), key_hash(&lane->keys, lane->unread.items[i], &key));
        lane_expect(lane, EXPECT_HASH, 1, lane->unread.items[i]);
    }
    lane->unread.length = 0;
    struct fault fault;
    bool fine =
        !FAULT_BREAKS("cold.ask", &fault) && connection_send(lane->connection, (struct slice){out.data, out.length}, &fault);
    if (!fine) lane_lose(lane, &fault);
    resp_free(&out);
    return fine;
}

static bool fill_one(struct lane *lane, const struct answer *answer, struct rollup *rollup) {
    struct fault fault;
    for (size_t i = 0; i < answer->reply->elements; i += 2) {
        if (rollup_fill(rollup, answer->id, reply_text(answer->reply->element[i]), reply_text(answer->reply->element[i + 1]),
                        &fault)) {
            continue;
        }
        return lane_break(lane, fault.stop, "hash %c of bucket %d shard %u: %.200s", (char)answer->id.kind, answer->id.bucket,
                          answer->id.shard, fault.message);
    }
    rollup_filled(rollup, answer->id);
    return true;
}

bool lane_fill(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    for (size_t i = 0; i < lane->answers.length; i++) {
        if (lane->broken.code == FAULT_NONE) (void)fill_one(lane, &lane->answers.items[i], rollup);
        freeReplyObject(lane->answers.items[i].reply);
    }
    lane->answers.length = 0;
    if (lane->broken.code == FAULT_NONE) return true;
    *fault = lane->broken;
    return false;
}

bool lane_warm(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    while (lane_turn(lane, 0))
        continue;
    if (lane->answers.length > 0 && !lane_fill(lane, rollup, fault)) return false;
    lane_collect(lane, rollup);
    (void)lane_ask(lane);
    if (!standing_still(lane)) return true;
    /* Not lane_report(): the trouble stays for lane_poll() or lane_commit(), whose caller acts on it. */
    *fault = lane->broken.code != FAULT_NONE ? lane->broken : lane->trouble;
    if (fault->code != FAULT_NONE) return false;
    return fault_set(fault, STOP_REDIS_SILENT, true, "Redis at %.200s: the connection was lost", lane->options.address);
}
