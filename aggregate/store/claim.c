/* The beginning and the end of a lane: claiming a partition, reading back what is known of it, giving it up.
 *
 * The claim is itself a WATCHed transaction: read meta, check that we may go on from it, write epoch + 1 and a fresh nonce. From
 * then on every commit of an earlier owner is void, whenever its bytes arrive, because its WATCH was broken by ours. The epoch
 * orders claims for people; the nonce tells them apart even if Redis was set back to an older epoch in between.
 *
 * Recovery reads behind the WATCH that the first commit will lean on: if anything moves while it reads, that commit is nil. */
#include "aggregate/store/lane.h"

#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/clock.h"
#include "check.h"
#include "fault_point.h"
#include "limits.h"

enum { CLAIM_ATTEMPTS = 20, RELEASE_MS = 1000, SHARD_ACCOUNTS = 1 << SHARD_ACCOUNTS_LOG2 };

static const struct hash_id NO_HASH = {.kind = HASH_NONE};

/* A witness knows of a state that is not there. (A claim without a commit is a tail that was lost, down to its beginning.) */
static bool is_gone(const struct lane *lane, const struct meta *meta) {
    return lane->past_next > 0 && !meta->present && !lane->options.accept_empty;
}

static bool may_go_on(const struct lane *lane, const struct meta *meta, struct fault *fault) {
    const struct store_options *options = &lane->options;
    if (is_gone(lane, meta)) {
        return fault_set(fault, STOP_REDIS_EMPTY, false,
                         "%s/%d: namespace %s in Redis at %.100s holds no state, but this namespace has committed offset %lld "
                         "before: Redis was emptied or replaced; restore a backup and start again, or count anew from the log: a "
                         "new `namespace`, or nhip run --accept-empty",
                         lane->topic, lane->who.partition, options->name_space, options->address, (long long)lane->past_next);
    }
    if (!meta->present) return true;
    if (strcmp(meta->configuration, options->configuration_hash) != 0) {
        return fault_set(fault, STOP_CONFIGURATION, false,
                         "%s/%d in namespace %s was counted with configuration %.12s, this process has %.12s: counts of two "
                         "rules may not mix; let a second namespace be filled from the log (nhip run --namespace N2), then make "
                         "it the current one (nhip promote N2)",
                         lane->topic, lane->who.partition, options->name_space, meta->configuration, options->configuration_hash);
    }
    if (strcmp(meta->cluster, options->cluster_id) != 0) {
        return fault_set(fault, STOP_CLUSTER_OTHER, false,
                         "%s/%d in namespace %s was read from Kafka cluster \"%.64s\", this process reads \"%.64s\": offsets of "
                         "two clusters do not "
                         "compare; set a new `namespace`",
                         lane->topic, lane->who.partition, options->name_space, meta->cluster, options->cluster_id);
    }
    return true;
}

/* How far the state lies behind what is known to have been committed. */
static int64_t lying_back(const struct lane *lane) {
    int64_t from = lane->claimed.next == SOURCE_START_BEGINNING ? 0 : lane->claimed.next;
    return lane->past_next > from ? lane->past_next - from : 0;
}

static void write_replayed(const struct lane *lane, const struct meta *meta, struct resp *out) {
    struct key key;
    char replayed[DECIMAL_BYTES_MAX];
    RESP_COMMAND(out, SLICE("HSET"), key_meta(&lane->keys, &key), SLICE("replayed"),
                 decimal_text(meta->replayed + lying_back(lane), replayed));
}

/* Returns how many replies there will be. `born`: the state has its name; one that begins, or went back, gets another one. */
static size_t write_claim(struct lane *lane, const struct meta *meta, bool born, struct resp *out) {
    struct key key;
    char epoch[DECIMAL_BYTES_MAX], now[DECIMAL_BYTES_MAX], layout[DECIMAL_BYTES_MAX];
    char instance[INSTANCE_BYTES];
    instance_name(instance);
    RESP_COMMAND(out, SLICE("MULTI"));
    RESP_COMMAND(out, SLICE("HSET"), key_meta(&lane->keys, &key),             //
                 SLICE("layout"), decimal_text(LAYOUT_VERSION, layout),       //
                 SLICE("epoch"), decimal_text(lane->epoch, epoch),            //
                 SLICE("owner"), slice_of(lane->owner),                       //
                 SLICE("instance"), slice_of(instance),                       //
                 SLICE("config"), slice_of(lane->options.configuration_hash), //
                 SLICE("cluster"), slice_of(lane->options.cluster_id),        //
                 SLICE("commit_ms"), decimal_text(clock_wall_ms(), now),      //
                 SLICE("end"), SLICE("0"));
    if (lying_back(lane) > 0) write_replayed(lane, meta, out);
    char nonce[NONCE_BYTES];
    bool name = !meta->present || !born || lying_back(lane) > 0;
    nonce_create(nonce);
    if (name) RESP_COMMAND(out, SLICE("HSET"), key_born(&lane->keys, &key), SLICE("born"), slice_of(nonce));
    RESP_COMMAND(out, SLICE("EXEC"));
    return 3 + (size_t)(lying_back(lane) > 0) + (size_t)name;
}

static bool send_all(struct lane *lane, struct resp *out, struct fault *fault) {
    bool fine = connection_send(lane->connection, (struct slice){out->data, out->length}, fault);
    resp_clear(out);
    return fine;
}

/* Reads `count` replies and keeps the last; an error among them is a fault. */
static redisReply *last_of(struct lane *lane, size_t count, const char *doing, struct fault *fault) {
    redisReply *reply = NULL;
    for (size_t i = 0; i < count; i++) {
        freeReplyObject(reply);
        reply = connection_reply(lane->connection, lane->options.timeout_ms, fault);
        if (reply == NULL) return NULL;
        if (reply->type != REDIS_REPLY_ERROR) continue;
        (void)error_fault(&lane->options, doing, reply->str, fault);
        lane->detour = route_follow(&lane->route, reply->str);
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

enum claim { CLAIM_NONE = 0, CLAIM_MADE, CLAIM_RACED, CLAIM_ELSEWHERE, CLAIM_REFUSED };

static redisReply *ask_meta(struct lane *lane, struct resp *out, struct slice name, bool *born, struct fault *fault) {
    struct key key;
    RESP_COMMAND(out, SLICE("WATCH"), name);
    RESP_COMMAND(out, SLICE("HGETALL"), key_born(&lane->keys, &key));
    RESP_COMMAND(out, SLICE("HGETALL"), name);
    if (FAULT_BREAKS("claim.watch", fault) || !send_all(lane, out, fault)) return NULL;
    redisReply *reply = last_of(lane, 2, "reading the state's name for a claim", fault);
    *born = reply != NULL && reply_is_pairs(reply) && reply->elements > 0;
    if (reply == NULL) return NULL;
    freeReplyObject(reply);
    reply = last_of(lane, 1, "reading meta for a claim", fault);
    if (reply == NULL || !FAULT_BREAKS("claim.read", fault)) return reply;
    freeReplyObject(reply);
    return NULL;
}

static redisReply *send_claim(struct lane *lane, const struct meta *meta, bool born, struct resp *out, struct fault *fault) {
    size_t replies = write_claim(lane, meta, born, out);
    if (FAULT_BREAKS("claim.write", fault) || !send_all(lane, out, fault)) return NULL;
    if (FAULT_BREAKS("claim.sent", fault)) return NULL;
    return last_of(lane, replies, "claiming", fault);
}

/* One attempt: WATCH and read, check, write. */
static enum claim try_claim(struct lane *lane, struct fault *fault) {
    struct resp out = {0};
    struct key key;
    struct meta meta;
    bool born;
    enum claim result = CLAIM_REFUSED;
    struct slice name = key_meta(&lane->keys, &key);
    lane->detour = false;
    redisReply *reply = ask_meta(lane, &out, name, &born, fault);
    if (reply == NULL || !meta_read(reply, name, &meta, fault) || !may_go_on(lane, &meta, fault)) goto out;
    lane->claimed = meta.progress;
    lane->base_next = meta.progress.next;
    lane->safe_next = meta.progress.next;
    lane->epoch = meta.epoch + 1;
    freeReplyObject(reply);
    reply = send_claim(lane, &meta, born, &out, fault);
    if (reply == NULL || FAULT_BREAKS("claim.made", fault)) goto out;
    result = reply->type == REDIS_REPLY_ARRAY ? CLAIM_MADE : CLAIM_RACED;
out:
    if (result == CLAIM_REFUSED && lane->detour) result = CLAIM_ELSEWHERE;
    freeReplyObject(reply);
    resp_free(&out);
    return result;
}

static void write_member(const struct lane *lane, struct resp *out) {
    struct key key;
    char member[TOPIC_BYTES_MAX + 16];
    int length = snprintf(member, sizeof(member), "%s/%d", lane->topic, lane->who.partition);
    CHECK(length > 0 && (size_t)length < sizeof(member));
    RESP_COMMAND(out, SLICE("SADD"), key_global(lane->options.name_space, "p", &key), (struct slice){member, (size_t)length});
}

/* The set by which readers find partitions lives in a slot of its own: in a cluster perhaps elsewhere. `reply`: what our own node
 * said to the SADD; freed here. */
static bool announce(const struct lane *lane, redisReply *reply, struct fault *fault) {
    char address[ADDRESS_BYTES_MAX];
    bool fine = reply->type != REDIS_REPLY_ERROR;
    if (!fine) (void)error_fault(&lane->options, "adding to the set of partitions", reply->str, fault);
    bool elsewhere = !fine && error_moved(reply->str, address);
    freeReplyObject(reply);
    if (!elsewhere) return fine;
    struct store_options options = lane->options;
    options.address = address;
    struct connection *connection = connection_open(&options, options.timeout_ms, fault);
    if (connection == NULL) return false;
    struct resp out = {0};
    write_member(lane, &out);
    fine = connection_send(connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    reply = fine ? connection_answer(connection, options.timeout_ms, "adding to the set of partitions", fault) : NULL;
    fine = reply != NULL;
    freeReplyObject(reply);
    connection_close(connection);
    return fine;
}

/* Connects, to one of the configured nodes if need be. */
static bool reach(struct lane *lane, struct fault *fault) {
    for (size_t left = 1 + route_seed_count(&lane->route); left > 0; left--) {
        if (!FAULT_BREAKS("claim.connect", fault))
            lane->connection = connection_open(&lane->options, lane->options.timeout_ms, fault);
        if (lane->connection != NULL) return true;
        if (!fault->retriable) return false;
        route_next(&lane->route);
    }
    return false;
}

/* After a claim: announces the partition before its first commit, and takes up the chain. One write: the longer it takes, the
 * likelier rivals are to overtake each other without end. */
static bool take_up(struct lane *lane, struct fault *fault) {
    struct resp out = {0};
    write_member(lane, &out);
    resp_chain(&out, lane);
    lane_expect(lane, EXPECT_WATCH, 1, NO_HASH);
    lane_expect(lane, EXPECT_META, 1, NO_HASH);
    bool fine = !FAULT_BREAKS("claim.announce", fault) && send_all(lane, &out, fault);
    resp_free(&out);
    if (!fine || FAULT_BREAKS("claim.announced", fault)) return false;
    redisReply *added = connection_reply(lane->connection, lane->options.timeout_ms, fault);
    while (added != NULL && lane_turn(lane, lane->options.timeout_ms))
        continue;
    if (added == NULL) return false;
    /* A partition that has committed was announced before it did: that the set's node is away is then no reason to wait. */
    return announce(lane, added, fault) || (fault->retriable && lane->base_next != SOURCE_START_BEGINNING);
}

/* The node at hand does not do it; true when another one may. */
static bool elsewhere(struct lane *lane, enum claim made, size_t *silent, const struct fault *fault) {
    if (made != CLAIM_ELSEWHERE) {
        if (fault->code != FAULT_UNREACHABLE || ++*silent >= route_seed_count(&lane->route)) return false;
        route_next(&lane->route);
    }
    connection_close(lane->connection);
    lane->connection = NULL;
    return true;
}

/* Claims, then takes up the chain: WATCH and an HMGET that shows our claim. */
static bool claim(struct lane *lane, struct fault *fault) {
    size_t silent = 0; /* nodes that did not answer */
    for (int attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
        if (lane->connection == NULL && !reach(lane, fault)) return false;
        enum claim made = try_claim(lane, fault);
        if (made == CLAIM_RACED) continue;
        if (made != CLAIM_MADE) {
            if (elsewhere(lane, made, &silent, fault)) continue;
            return false;
        }
        if (!take_up(lane, fault)) return false;
        if (lane->broken.code == FAULT_FENCED || lane->broken.code == FAULT_WENT_BACK) {
            lane->broken.code = FAULT_NONE; /* somebody claimed in between: his turn, then ours again */
            continue;
        }
        if (lane->watched) return true;
        if (!lane_report(lane, fault)) return false;
        return fault_set(fault, STOP_REDIS_SILENT, true, "Redis at %.200s did not confirm a claim in time",
                         lane->options.address);
    }
    if (fault->code == FAULT_STORE && fault->retriable) return false; /* sent from node to node */
    return fault_set(fault, STOP_CLAIM_CONTESTED, true, "%s/%d: others keep claiming this partition at the same time",
                     lane->topic, lane->who.partition);
}

struct lane *lane_open_after(const struct store_options *options, struct source_partition partition, int64_t past_next,
                             struct progress *progress, struct fault *fault) {
    struct lane *lane = calloc(1, sizeof(*lane));
    if (lane == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a lane");
        return NULL;
    }
    *fault = (struct fault){.code = FAULT_NONE};
    lane->options = *options;
    lane->past_next = past_next;
    if (!route_begin(&lane->route, options->address, fault)) goto refuse;
    lane->options.address = lane->route.address;
    if (!keys_create(&lane->keys, options->name_space, partition, fault)) goto refuse;
    memcpy(lane->topic, partition.topic, strlen(partition.topic) + 1);
    lane->who = (struct source_partition){.topic = lane->topic, .partition = partition.partition};
    nonce_create(lane->owner);
    if (!claim(lane, fault)) goto refuse;
    *progress = lane->claimed;
    return lane;

refuse:
    lane_close(lane, false);
    return NULL;
}

struct lane *lane_open(const struct store_options *options, struct source_partition partition, struct progress *progress,
                       struct fault *fault) {
    return lane_open_after(options, partition, -1, progress, fault);
}

void lane_amend(struct lane *lane, const struct progress *progress) {
    lane->claimed = *progress;
}

/* --- recovery --- */

/* What the index says exists: buckets with shards are looked up in a second step. */
struct recovery {
    struct lane *lane;
    struct rollup *rollup;
    struct hash_id *sharded; /* kind and bucket */
    size_t sharded_count;
    uint32_t *account_shards;
    size_t account_shard_count, account_shard_capacity;
    int64_t accounts;
};

static void ask_shard_index(void *context, size_t i, struct resp *out) {
    struct recovery *recovery = context;
    struct key key;
    struct hash_id id = recovery->sharded[i];
    RESP_COMMAND(out, SLICE("HGETALL"), key_shard_index(&recovery->lane->keys, id.kind, id.bucket, &key));
}

static void note_account_shard(struct recovery *recovery, uint32_t shard) {
    if (recovery->account_shard_count == recovery->account_shard_capacity) {
        recovery->account_shard_capacity = recovery->account_shard_capacity == 0 ? 256 : recovery->account_shard_capacity * 2;
        recovery->account_shards = realloc(recovery->account_shards, recovery->account_shard_capacity * sizeof(uint32_t));
        CHECK_MEMORY(recovery->account_shards != NULL);
    }
    recovery->account_shards[recovery->account_shard_count++] = shard;
}

static bool take_shard_index(void *context, size_t i, const redisReply *reply, struct fault *fault) {
    struct recovery *recovery = context;
    struct hash_id id = recovery->sharded[i];
    bool fine = reply_is_pairs(reply) && reply->elements > 0;
    for (size_t j = 0; fine && j < reply->elements; j += 2) {
        int64_t shard = 0;
        int64_t offset = 0;
        fine = decimal_read(reply_text(reply->element[j]), &shard) && shard >= 0 && shard <= UINT32_MAX &&
               decimal_read(reply_text(reply->element[j + 1]), &offset);
        if (!fine) break;
        id.shard = (uint32_t)shard;
        if (id.kind == HASH_ACCOUNT) {
            note_account_shard(recovery, id.shard);
        } else {
            rollup_restore_hash(recovery->rollup, id, offset);
        }
    }
    if (fine) return true;
    return fault_set(fault, STOP_STATE_DAMAGED, false, "%s/%d: the shard index of %c%d is gone or not of the layout",
                     recovery->lane->topic, recovery->lane->who.partition, (char)id.kind, id.bucket);
}

static void ask_accounts(void *context, size_t i, struct resp *out) {
    struct recovery *recovery = context;
    struct key key;
    struct hash_id id = {.kind = HASH_ACCOUNT, .bucket = 0, .shard = recovery->account_shards[i]};
    RESP_COMMAND(out, SLICE("HGETALL"), key_hash(&recovery->lane->keys, id, &key));
}

/* Accounts are restored in the order of their numbers: field order inside a hash is Redis' own affair. */
static bool take_accounts(void *context, size_t i, const redisReply *reply, struct fault *fault) {
    struct recovery *recovery = context;
    const redisReply *values[SHARD_ACCOUNTS] = {NULL};
    bool fine = reply_is_pairs(reply);
    for (size_t j = 0; fine && j < reply->elements; j += 2) {
        int64_t number = 0;
        fine = decimal_read(reply_text(reply->element[j]), &number) && number >= 0 && number < SHARD_ACCOUNTS;
        if (fine) values[number] = reply->element[j + 1];
    }
    for (uint32_t low = 0; fine && low < SHARD_ACCOUNTS; low++) {
        if (values[low] == NULL) continue;
        uint32_t number = recovery->account_shards[i] << SHARD_ACCOUNTS_LOG2 | low;
        if (!rollup_restore_account(recovery->rollup, number, reply_text(values[low]), fault)) return false;
        recovery->accounts++;
    }
    if (fine) return true;
    return fault_set(fault, STOP_STATE_DAMAGED, false, "%s/%d: account block %u is not of the layout", recovery->lane->topic,
                     recovery->lane->who.partition, recovery->account_shards[i]);
}

static bool take_index(struct recovery *recovery, const redisReply *index, struct fault *fault) {
    bool fine = reply_is_pairs(index) && (index->elements > 0 || recovery->lane->claimed.counts.applied == 0);
    recovery->sharded = calloc(index->elements / 2 + 1, sizeof(*recovery->sharded));
    CHECK_MEMORY(recovery->sharded != NULL);
    for (size_t i = 0; fine && i < index->elements; i += 2) {
        struct hash_id id = {.kind = HASH_NONE};
        int64_t offset = 0;
        fine = index_field_read(reply_text(index->element[i]), &id.kind, &id.bucket) &&
               decimal_read(reply_text(index->element[i + 1]), &offset);
        if (!fine) break;
        if (kind_has_shards(id.kind)) {
            recovery->sharded[recovery->sharded_count++] = id;
        } else {
            rollup_restore_hash(recovery->rollup, id, offset);
        }
    }
    if (fine) return true;
    return fault_set(fault, STOP_STATE_DAMAGED, false, "%s/%d: the index is gone or not of the layout", recovery->lane->topic,
                     recovery->lane->who.partition);
}

static int by_number(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static bool recover(struct recovery *recovery, struct fault *fault) {
    struct lane *lane = recovery->lane;
    struct resp out = {0};
    struct key key;
    RESP_COMMAND(&out, SLICE("HGETALL"), key_index(&lane->keys, &key));
    bool fine = !FAULT_BREAKS("recover.index", fault) && send_all(lane, &out, fault);
    resp_free(&out);
    if (!fine) return false;
    redisReply *index = last_of(lane, 1, "reading the index", fault);
    fine = index != NULL && take_index(recovery, index, fault);
    freeReplyObject(index);
    if (!fine) return false;
    const struct pipeline shards = {recovery->sharded_count, ask_shard_index, take_shard_index, recovery,
                                    "reading a shard index"};
    if (FAULT_BREAKS("recover.shards", fault)) return false;
    if (!connection_pipeline(lane->connection, &shards, lane->options.timeout_ms, fault)) return false;
    if (recovery->account_shard_count > 1) {
        qsort(recovery->account_shards, recovery->account_shard_count, sizeof(uint32_t), by_number);
    }
    const struct pipeline accounts = {recovery->account_shard_count, ask_accounts, take_accounts, recovery, "reading accounts"};
    if (FAULT_BREAKS("recover.accounts", fault)) return false;
    if (!connection_pipeline(lane->connection, &accounts, lane->options.timeout_ms, fault)) return false;
    if (recovery->accounts == lane->claimed.accounts) return true;
    return fault_set(fault, STOP_STATE_GONE, false,
                     "%s/%d: meta counts %lld accounts, Redis holds %lld: keys were deleted by hand; use a new `namespace`",
                     lane->topic, lane->who.partition, (long long)lane->claimed.accounts, (long long)recovery->accounts);
}

/* What was read does not fit together. If it is not one state that was read, because another worker has claimed and committed in
 * between, that proves nothing against it; the claim is then tried again, or the group takes the partition away. True also when
 * meta cannot be read now. */
static bool overtaken(struct lane *lane) {
    struct fault ignored = {.code = FAULT_NONE};
    lane_lose(lane, &ignored);
    lane->trouble.code = FAULT_NONE;
    if (!lane_reopen(lane, &ignored)) return true;
    while (lane_turn(lane, lane->options.timeout_ms))
        continue;
    return !lane->watched;
}

bool lane_recover(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    CHECK(lane->connection != NULL);
    CHECK(lane->watched && !lane_waiting(lane) && lane->commit.state == COMMIT_NONE);
    if (!rollup_restore(rollup, &lane->claimed, fault)) return false;
    struct recovery recovery = {.lane = lane, .rollup = rollup};
    bool fine = recover(&recovery, fault) && !FAULT_BREAKS("recover.done", fault);
    free(recovery.sharded);
    free(recovery.account_shards);
    if (fine || fault->retriable || !overtaken(lane)) return fine;
    return fault_set(fault, STOP_CLAIM_CONTESTED, true, "%s/%d: another worker took the partition while its state was read",
                     lane->topic, lane->who.partition);
}

/* --- the end --- */

/* Takes our name off, if it is still ours: behind the WATCH like any commit. Without an answer the name stays, which harms
 * nobody. */
static void release_claim(struct lane *lane) {
    int64_t deadline_ms = clock_monotonic_ms() + RELEASE_MS;
    while (lane_waiting(lane) && clock_monotonic_ms() < deadline_ms && lane_turn(lane, RELEASE_MS))
        continue;
    if (lane->broken.code != FAULT_NONE || lane->connection == NULL || !lane->watched) return;
    struct resp out = {0};
    struct key key;
    struct fault ignored;
    RESP_COMMAND(&out, SLICE("MULTI"));
    RESP_COMMAND(&out, SLICE("HSET"), key_meta(&lane->keys, &key), SLICE("owner"), SLICE(""));
    RESP_COMMAND(&out, SLICE("EXEC"));
    FAULT_STEP("release.write");
    if (send_all(lane, &out, &ignored)) {
        FAULT_STEP("release.sent");
        for (int i = 0; i < 3; i++) {
            redisReply *reply = connection_reply(lane->connection, RELEASE_MS, &ignored);
            freeReplyObject(reply);
            if (reply == NULL) break;
        }
    }
    resp_free(&out);
}

void lane_close(struct lane *lane, bool release) {
    if (lane == NULL) return;
    if (release && lane->connection != NULL && lane->commit.state == COMMIT_NONE) release_claim(lane);
    connection_close(lane->connection);
    for (size_t i = 0; i < lane->answers.length; i++)
        freeReplyObject(lane->answers.items[i].reply);
    free(lane->answers.items);
    free(lane->expected.items);
    free(lane->unread.items);
    commit_free(&lane->commit);
    free(lane);
}
