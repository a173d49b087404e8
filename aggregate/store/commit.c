/* The commit: from a roll-up's dirty cells to one MULTI/EXEC that Redis applies wholly or not at all.
 *
 *     MULTI
 *     HSET d:{T}:<day>:<shard> field value field value ...      one command per dirty hash (chunks of FIELDS_MAX)
 *     ...
 *     HSET x:{T}:d<day> <shard> <offset> ...                    per bucket: the record that changed each shard last
 *     HSET i:{T} <kind><bucket> <offset> ...                    one command: the record that changed each bucket last
 *     DEL <retired hashes> x:{T}:d<day> ...     HDEL i:{T} ...  only when retention passed something
 *     HSET f:{T} next ... counts ... commit_ms end
 *     EXEC
 *     WAIT <replicas> <ms>                                      only with durability = replica
 *     WATCH f:{T}
 *     HMGET f:{T} epoch owner next
 *
 * Values are absolute, so sending the same bytes twice is harmless; that only one of the copies can count is the WATCH's work. No
 * command in here can fail at run time but by WRONGTYPE, which means that somebody else wrote to our keys. Variadic HSET inside
 * MULTI costs Redis half of what the same in Lua costs and a third of HINCRBY (0.2-0.6 µs per field in short hashes), and has no
 * `unpack` limit.
 *
 * The fields of a hash are collected first, because RESP wants their number in front; then copied behind the command's head. The
 * bytes stay in `commit.bytes` until HMGET has confirmed them: they are the only thing that can be sent again, since the roll-up
 * goes on at once.
 *
 * What was not done: one EVALSHA per commit (numbers are doubles, arguments are limited, and an error in the middle does not roll
 * back), HINCRBY of differences (a lost reply makes them count twice), a reconnecting client library (it would lose the WATCH in
 * silence). */
#include "aggregate/store/lane.h"

#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/clock.h"
#include "check.h"
#include "fault_point.h"

enum { FIELDS_MAX = 1000, KEYS_MAX = 1000 };

static const struct hash_id NO_HASH = {.kind = HASH_NONE};

void commit_free(struct commit *commit) {
    resp_free(&commit->bytes);
    resp_free(&commit->arguments);
    free(commit->changes.items);
    free(commit->retired.items);
}

/* --- commands of one commit --- */

/* Writes `<name> <key> <collected arguments>` and empties the collection. */
static void write_collected(struct commit *commit, struct slice name, struct slice key) {
    if (commit->argument_count == 0) return;
    resp_begin(&commit->bytes, 2 + commit->argument_count);
    resp_argument(&commit->bytes, name);
    resp_argument(&commit->bytes, key);
    resp_append(&commit->bytes, (struct slice){commit->arguments.data, commit->arguments.length});
    resp_clear(&commit->arguments);
    commit->argument_count = 0;
    commit->commands++;
}

static void write_open_hash(struct lane *lane) {
    struct key key;
    struct commit *commit = &lane->commit;
    if (commit->argument_count > 0) write_collected(commit, SLICE("HSET"), key_hash(&lane->keys, commit->open, &key));
}

static void take_open(void *context, struct hash_id id, int64_t last_change_offset) {
    struct lane *lane = context;
    write_open_hash(lane);
    lane->commit.open = id;
    lane->commit.open_offset = last_change_offset;
    lane->commit.open_changed = false;
}

static void note_change(struct commit *commit) {
    struct change_list *changes = &commit->changes;
    if (changes->length == changes->capacity) {
        changes->capacity = changes->capacity == 0 ? 256 : changes->capacity * 2;
        changes->items = realloc(changes->items, changes->capacity * sizeof(*changes->items));
        CHECK_MEMORY(changes->items != NULL);
    }
    changes->items[changes->length++] = (struct change){.id = commit->open, .offset = commit->open_offset};
    commit->open_changed = true;
}

static void take_field(void *context, struct slice field, struct slice value) {
    struct lane *lane = context;
    struct commit *commit = &lane->commit;
    CHECK(commit->open.kind != HASH_NONE);
    if (!commit->open_changed) note_change(commit);
    resp_argument(&commit->arguments, field);
    resp_argument(&commit->arguments, value);
    commit->argument_count += 2;
    if (commit->argument_count >= (size_t)2 * FIELDS_MAX) write_open_hash(lane);
}

static void take_retired(void *context, struct hash_id id) {
    struct lane *lane = context;
    struct hash_list *retired = &lane->commit.retired;
    CHECK(id.kind != HASH_ACCOUNT && id.kind != HASH_UNIT); /* these are for ever */
    if (retired->length == retired->capacity) {
        retired->capacity = retired->capacity == 0 ? 64 : retired->capacity * 2;
        retired->items = realloc(retired->items, retired->capacity * sizeof(*retired->items));
        CHECK_MEMORY(retired->items != NULL);
    }
    retired->items[retired->length++] = id;
}

static int by_change(const void *left, const void *right) {
    return hash_id_compare(((const struct change *)left)->id, ((const struct change *)right)->id);
}

static int by_hash(const void *left, const void *right) {
    return hash_id_compare(*(const struct hash_id *)left, *(const struct hash_id *)right);
}

static bool same_bucket(struct hash_id a, struct hash_id b) {
    return a.kind == b.kind && a.bucket == b.bucket;
}

/* HSET x for every bucket with shards: changes are sorted, so a bucket is a run. */
static void write_shard_index(struct lane *lane) {
    struct commit *commit = &lane->commit;
    const struct change_list *changes = &commit->changes;
    for (size_t i = 0; i < changes->length; i++) {
        const struct change *change = &changes->items[i];
        if (!kind_has_shards(change->id.kind)) continue;
        resp_integer(&commit->arguments, change->id.shard);
        resp_integer(&commit->arguments, change->offset);
        commit->argument_count += 2;
        bool last = i + 1 == changes->length || !same_bucket(change->id, changes->items[i + 1].id);
        if (!last && commit->argument_count < (size_t)2 * FIELDS_MAX) continue;
        struct key key;
        write_collected(commit, SLICE("HSET"), key_shard_index(&lane->keys, change->id.kind, change->id.bucket, &key));
    }
}

/* HSET i: what changed in this cut changed after everything before it, so the greatest offset of the run is the bucket's. */
static void write_index(struct lane *lane) {
    struct commit *commit = &lane->commit;
    const struct change_list *changes = &commit->changes;
    struct key key;
    struct slice index = key_index(&lane->keys, &key);
    int64_t greatest = INT64_MIN;
    for (size_t i = 0; i < changes->length; i++) {
        const struct change *change = &changes->items[i];
        if (change->offset > greatest) greatest = change->offset;
        if (i + 1 < changes->length && same_bucket(change->id, changes->items[i + 1].id)) continue;
        char field[INDEX_FIELD_BYTES_MAX];
        resp_argument(&commit->arguments, index_field(change->id.kind, change->id.bucket, field));
        resp_integer(&commit->arguments, greatest);
        commit->argument_count += 2;
        greatest = INT64_MIN;
        if (commit->argument_count >= (size_t)2 * FIELDS_MAX) write_collected(commit, SLICE("HSET"), index);
    }
    write_collected(commit, SLICE("HSET"), index);
}

/* Retention passes whole buckets: the hashes go, and with them the bucket's shard index and its index entry. These commands come
 * behind the index, so that a hash that was changed and passed in one cut leaves nothing. */
static void write_retired(struct lane *lane) {
    struct commit *commit = &lane->commit;
    const struct hash_list *retired = &commit->retired;
    struct resp *arguments = &commit->arguments;
    struct key key;
    for (size_t i = 0; i < retired->length; i++) {
        struct hash_id id = retired->items[i];
        resp_argument(arguments, key_hash(&lane->keys, id, &key));
        commit->argument_count++;
        bool last = i + 1 == retired->length || !same_bucket(id, retired->items[i + 1]);
        if (last && kind_has_shards(id.kind)) {
            resp_argument(arguments, key_shard_index(&lane->keys, id.kind, id.bucket, &key));
            commit->argument_count++;
        }
        if (commit->argument_count < KEYS_MAX && i + 1 < retired->length) continue;
        resp_begin(&commit->bytes, 1 + commit->argument_count);
        resp_argument(&commit->bytes, SLICE("DEL"));
        resp_append(&commit->bytes, (struct slice){arguments->data, arguments->length});
        resp_clear(arguments);
        commit->argument_count = 0;
        commit->commands++;
    }
    struct slice index = key_index(&lane->keys, &key);
    for (size_t i = 0; i < retired->length; i++) {
        struct hash_id id = retired->items[i];
        if (i + 1 < retired->length && same_bucket(id, retired->items[i + 1])) continue;
        char field[INDEX_FIELD_BYTES_MAX];
        resp_argument(arguments, index_field(id.kind, id.bucket, field));
        if (++commit->argument_count >= KEYS_MAX) write_collected(commit, SLICE("HDEL"), index);
    }
    write_collected(commit, SLICE("HDEL"), index);
}

static void write_meta(struct lane *lane, const struct progress *progress) {
    struct commit *commit = &lane->commit;
    struct key key;
    commit->argument_count = meta_write(&commit->arguments, progress);
    resp_argument(&commit->arguments, SLICE("commit_ms"));
    resp_integer(&commit->arguments, clock_wall_ms());
    resp_argument(&commit->arguments, SLICE("end"));
    resp_integer(&commit->arguments, lane->end ? 1 : 0);
    commit->argument_count += 4;
    write_collected(commit, SLICE("HSET"), key_meta(&lane->keys, &key));
}

void resp_chain(struct resp *out, const struct lane *lane) {
    struct key key;
    struct slice meta = key_meta(&lane->keys, &key);
    RESP_COMMAND(out, SLICE("WATCH"), meta);
    RESP_COMMAND(out, SLICE("HMGET"), meta, SLICE("epoch"), SLICE("owner"), SLICE("next"));
}

/* Everything the roll-up has for us, as bytes. */
static void cut(struct lane *lane, struct rollup *rollup) {
    struct commit *commit = &lane->commit;
    const struct batch_writer writer = {.hash = take_open, .field = take_field, .retire = take_retired, .context = lane};
    resp_clear(&commit->bytes);
    commit->commands = 0;
    commit->changes.length = 0;
    commit->retired.length = 0;
    commit->open = NO_HASH;
    RESP_COMMAND(&commit->bytes, SLICE("MULTI"));
    rollup_cut(rollup, &writer);
    write_open_hash(lane);
    if (commit->changes.length > 1) {
        qsort(commit->changes.items, commit->changes.length, sizeof(*commit->changes.items), by_change);
    }
    if (commit->retired.length > 1) {
        qsort(commit->retired.items, commit->retired.length, sizeof(*commit->retired.items), by_hash);
    }
    write_shard_index(lane);
    write_index(lane);
    write_retired(lane);
    write_meta(lane, rollup_progress(rollup));
    RESP_COMMAND(&commit->bytes, SLICE("EXEC"));
    if (lane->options.replicas > 0) {
        char replicas[DECIMAL_BYTES_MAX], patience[DECIMAL_BYTES_MAX];
        RESP_COMMAND(&commit->bytes, SLICE("WAIT"), decimal_text(lane->options.replicas, replicas),
                     decimal_text(lane->options.replicas_ms, patience));
    }
    resp_chain(&commit->bytes, lane);
    commit->next = rollup_progress(rollup)->next;
    commit->state = COMMIT_CUT;
    commit->voided = false;
}

/* --- sending and waiting --- */

/* In two pieces where a test wants to be in the middle. */
static bool send_bytes(struct lane *lane, struct slice bytes, struct fault *fault) {
    size_t head = FAULT_CUT(bytes.length);
    if (FAULT_BREAKS("commit.send", fault)) return false;
    if (!connection_send(lane->connection, (struct slice){bytes.data, head}, fault)) return false;
    if (head < bytes.length) {
        if (FAULT_BREAKS("commit.inside", fault)) return false;
        if (!connection_send(lane->connection, (struct slice){bytes.data + head, bytes.length - head}, fault)) return false;
    }
    return !FAULT_BREAKS("commit.sent", fault);
}

void commit_send(struct lane *lane) {
    struct commit *commit = &lane->commit;
    CHECK(lane->connection != NULL);
    CHECK(lane->watched); /* or a zombie's bytes would count */
    CHECK(commit->state == COMMIT_CUT);
    CHECK(!commit->voided);
    lane->watched = false;
    lane->refusal.code = FAULT_NONE;
    lane->detour = false;
    commit->executed = false;
    commit->copies = 0;
    lane_expect(lane, EXPECT_QUEUED, 1 + commit->commands, NO_HASH);
    lane_expect(lane, EXPECT_EXEC, 1, NO_HASH);
    if (lane->options.replicas > 0) lane_expect(lane, EXPECT_WAIT, 1, NO_HASH);
    lane_expect(lane, EXPECT_WATCH, 1, NO_HASH);
    lane_expect(lane, EXPECT_META, 1, NO_HASH);
    commit->state = COMMIT_SENT;
    struct fault fault;
    if (!send_bytes(lane, (struct slice){commit->bytes.data, commit->bytes.length}, &fault)) lane_lose(lane, &fault);
}

/* One attempt to bring the lane to rest: reconnects, sends again what has to be, waits for at most one reply. False and `fault`
 * when there is something to report. */
static bool advance(struct lane *lane, int timeout_ms, struct fault *fault) {
    if (!lane_report(lane, fault)) return false;
    if (lane->connection == NULL && !lane_reopen(lane, fault)) return false;
    if (lane->commit.state == COMMIT_CUT && lane->watched) commit_send(lane);
    (void)lane_ask(lane);
    (void)lane_turn(lane, timeout_ms);
    return lane_report(lane, fault);
}

static int left_until(int64_t deadline_ms) {
    int64_t left_ms = deadline_ms - clock_monotonic_ms();
    return left_ms > 0 ? (int)left_ms : 0;
}

/* No commit open, nothing outstanding, nothing to be read, and the licence for the next commit in hand. */
static bool at_rest(const struct lane *lane) {
    return lane->connection != NULL && lane->watched && lane->commit.state == COMMIT_NONE && lane->unread.length == 0 &&
           !lane_waiting(lane);
}

bool lane_commit(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    int64_t deadline_ms = clock_monotonic_ms() + lane->options.timeout_ms;
    for (;;) {
        if (!lane_report(lane, fault)) return false;
        if (!lane_fill(lane, rollup, fault)) return false;
        lane_collect(lane, rollup);
        if (at_rest(lane)) break;
        int left_ms = left_until(deadline_ms);
        if (left_ms == 0) {
            return fault_set(fault, STOP_REDIS_SILENT, true,
                             "%s/%d: Redis at %.200s did not answer within %d ms (redis.timeout) before a commit", lane->topic,
                             lane->who.partition, lane->options.address, lane->options.timeout_ms);
        }
        if (!advance(lane, left_ms, fault)) return false;
    }
    if (FAULT_BREAKS("commit.ready", fault)) return false;
    cut(lane, rollup);
    FAULT_STEP("commit.cut");
    commit_send(lane);
    return true;
}

bool lane_poll(struct lane *lane, int timeout_ms, int64_t *committed_next, bool *in_flight, struct fault *fault) {
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    bool fine = lane_report(lane, fault);
    while (fine && (lane->commit.state != COMMIT_NONE || lane->verifying)) {
        bool moved = lane_turn(lane, 0);
        if (!moved) {
            int left_ms = left_until(deadline_ms);
            fine = advance(lane, left_ms, fault);
            if (left_ms == 0) break;
        }
    }
    *committed_next = lane->safe_next;
    *in_flight = lane->commit.state != COMMIT_NONE || lane->verifying;
    return fine;
}

void lane_verify(struct lane *lane) {
    if (lane->commit.state != COMMIT_NONE || lane->verifying) return;
    lane->verifying = true;
    if (lane->connection == NULL || !lane->watched || lane_waiting(lane)) return; /* meta is on its way, or will be */
    struct resp out = {0};
    struct fault fault;
    lane->watched = false;
    resp_chain(&out, lane);
    lane_expect(lane, EXPECT_WATCH, 1, NO_HASH);
    lane_expect(lane, EXPECT_META, 1, NO_HASH);
    if (FAULT_BREAKS("verify.ask", &fault) ||
        !connection_send(lane->connection, (struct slice){out.data, out.length}, &fault))
        lane_lose(lane, &fault);
    resp_free(&out);
}

void lane_set_end(struct lane *lane, bool end) {
    lane->end = end;
}
