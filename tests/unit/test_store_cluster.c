/* The store on a Redis Cluster of three nodes: partitions on all of them, and a slot that moves away under its lane. */
#include "tests/unit/lane_scene.h"

#include <arpa/inet.h>
#include <sys/socket.h>

enum { NODES = 3, PARTITIONS = 8, BUS = 10000, TURNS = 400, TURN_US = 25000 };

struct node {
    struct redis_server server;
    struct store_options options;
    struct scene scene; /* for ASK */
    char port[8], address[32];
    const char *extra[9];
    char id[64];
};

static struct node nodes[NODES];

static bool is_free(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool fine = bind(made, (const struct sockaddr *)&address, sizeof(address)) == 0;
    (void)close(made);
    return fine;
}

static int free_port(void) {
    static int next;
    if (next == 0) next = 20000 + (int)(getpid() % 20000);
    for (int tries = 0; tries < 2000; tries++) {
        next = next < 45000 ? next + 1 : 20000;
        if (is_free(next) && is_free(next + BUS)) return next;
    }
    UNREACHABLE(); /* no free port */
    return 0;
}

static struct store_options options_at(const char *address) {
    return (struct store_options){
        .address = address, .name_space = "nhip", .configuration_hash = HASH_A, .cluster_id = "c1", .timeout_ms = 5000};
}

static void start_node(struct node *node) {
    (void)snprintf(node->port, sizeof(node->port), "%d", free_port());
    (void)snprintf(node->address, sizeof(node->address), "127.0.0.1:%s", node->port);
    const char *const extra[] = {
        "--bind", "127.0.0.1", "--port", node->port, "--cluster-enabled", "yes", "--cluster-node-timeout", "5000"};
    memcpy(node->extra, extra, sizeof(extra));
    redis_server_start(&node->server, false, node->extra);
    node->options = options_at(node->address);
    node->scene = (struct scene){.options = node->options};
    scene_witness(&node->scene);
    text_of(ASK(&node->scene, SLICE("CLUSTER"), SLICE("MYID")), node->id, sizeof(node->id));
}

static bool cluster_is_ok(struct node *node) {
    redisReply *info = ASK(&node->scene, SLICE("CLUSTER"), SLICE("INFO"));
    bool fine = strstr(info->str, "cluster_state:ok") != NULL && strstr(info->str, "cluster_known_nodes:3") != NULL;
    freeReplyObject(info);
    return fine;
}

static int cluster_set_up(void **state) {
    (void)state;
    for (int i = 0; i < NODES; i++) {
        struct node *node = &nodes[i];
        char first[16], last[16], epoch[16];
        start_node(node);
        (void)snprintf(first, sizeof(first), "%d", SLOT_COUNT * i / NODES);
        (void)snprintf(last, sizeof(last), "%d", SLOT_COUNT * (i + 1) / NODES - 1);
        (void)snprintf(epoch, sizeof(epoch), "%d", i + 1);
        DO(&node->scene, SLICE("CLUSTER"), SLICE("SET-CONFIG-EPOCH"), slice_of(epoch));
        DO(&node->scene, SLICE("CLUSTER"), SLICE("ADDSLOTSRANGE"), slice_of(first), slice_of(last));
        if (i > 0) DO(&node->scene, SLICE("CLUSTER"), SLICE("MEET"), SLICE("127.0.0.1"), slice_of(nodes[0].port));
    }
    for (int i = 0; i < NODES; i++) {
        int turns = 0;
        while (!cluster_is_ok(&nodes[i]) && turns++ < TURNS)
            (void)usleep(TURN_US);
        CHECK(turns < TURNS);
    }
    return 0;
}

static int cluster_tear_down(void **state) {
    (void)state;
    for (int i = 0; i < NODES; i++) {
        connection_close(nodes[i].scene.witness);
        redis_server_stop(&nodes[i].server);
    }
    return 0;
}

static struct lane *open_at(const struct store_options *options, int32_t partition, struct progress *progress) {
    struct fault fault = {.code = FAULT_NONE};
    struct lane *lane = lane_open(options, (struct source_partition){"payments", partition}, progress, &fault);
    if (lane == NULL) print_message("%s\n", fault.message);
    assert_non_null(lane);
    return lane;
}

struct seen {
    int partitions, fields;
    int64_t next;
};

static bool see_partition(void *context, struct source_partition partition, const struct progress *progress,
                          const char *configuration_hash, const char *cluster_id, struct fault *fault) {
    struct seen *seen = context;
    (void)configuration_hash;
    (void)cluster_id;
    (void)fault;
    assert_int_equal(partition.partition, seen->partitions);
    seen->partitions++;
    seen->next = progress->next;
    return true;
}

static bool see_field(void *context, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct seen *seen = context;
    (void)id;
    (void)field;
    (void)value;
    (void)fault;
    seen->fields++;
    return true;
}

static void partitions_live_on_all_nodes_and_are_found_through_one(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct progress progress;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct rollup *rollup = rollup_fake();
        struct lane *lane = open_at(&nodes[p % NODES].options, p, &progress);
        fake_set(rollup, (struct hash_id){HASH_MINUTE, 27216000, 0}, "AAAAAAAA", "1,5", 3);
        fake_set(rollup, LEDGER_1, "cell", "1,5", 3);
        rollup->progress.watermark_ms = (int64_t)27216001 * 60000;
        fake_advance(rollup, 4);
        commit_and_settle(lane, rollup);
        lane_close(lane, true);
        free(rollup);
    }
    for (int i = 0; i < NODES; i++) {
        redisReply *size = ASK(&nodes[i].scene, SLICE("DBSIZE"));
        assert_true(size->integer >= 2 * 5); /* two partitions at least, of meta, index, shard index and two hashes */
        freeReplyObject(size);
        struct seen seen = {.partitions = 0};
        const struct reader_sink sink = {see_partition, see_field, &seen, NULL};
        bool fine = reader_read(&nodes[i].options, &sink, &fault);
        if (!fine) print_message("%s\n", fault.message);
        assert_true(fine);
        assert_int_equal(seen.partitions, PARTITIONS);
        assert_int_equal(seen.fields, 2 * PARTITIONS);
    }
}

static void windows_are_summed_over_all_nodes(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct rolling *rolling = rolling_create(&nodes[1].options, 60000, &fault);
    bool fine = rolling_step(rolling, 0, &fault);
    if (!fine) print_message("%s\n", fault.message);
    assert_true(fine);
    int found = 0;
    for (int i = 0; i < NODES; i++) {
        redisReply *total = ASK(&nodes[i].scene, SLICE("HGET"), SLICE("nhip:rolling:7d"), SLICE("_total"));
        if (total->type == REDIS_REPLY_STRING) {
            assert_string_equal(total->str, "8");
            found++;
        }
        freeReplyObject(total);
    }
    assert_int_equal(found, 1);
    rolling_destroy(rolling);
}

static int node_of(const struct keys *keys) {
    int slot = crc16(slice_of(keys->tag)) % SLOT_COUNT;
    int i = 0;
    while (slot >= SLOT_COUNT * (i + 1) / NODES)
        i++;
    return i;
}

/* Moves a slot with all its keys, as redis-cli --cluster reshard does. */
static void migrate(struct node *from, struct node *to, int number) {
    char slot[16];
    (void)snprintf(slot, sizeof(slot), "%d", number);
    DO(&to->scene, SLICE("CLUSTER"), SLICE("SETSLOT"), slice_of(slot), SLICE("IMPORTING"), slice_of(from->id));
    DO(&from->scene, SLICE("CLUSTER"), SLICE("SETSLOT"), slice_of(slot), SLICE("MIGRATING"), slice_of(to->id));
    redisReply *names = ASK(&from->scene, SLICE("CLUSTER"), SLICE("GETKEYSINSLOT"), slice_of(slot), SLICE("100"));
    for (size_t i = 0; i < names->elements; i++) {
        redisReply *moved = ASK(&from->scene, SLICE("MIGRATE"), SLICE("127.0.0.1"), slice_of(to->port),
                                reply_text(names->element[i]), SLICE("0"), SLICE("5000"));
        assert_string_equal(moved->str, "OK");
        freeReplyObject(moved);
    }
    freeReplyObject(names);
    for (int i = 0; i < NODES; i++) {
        DO(&nodes[i].scene, SLICE("CLUSTER"), SLICE("SETSLOT"), slice_of(slot), SLICE("NODE"), slice_of(to->id));
    }
}

static void a_lane_follows_its_slot_to_another_node(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct progress progress;
    struct keys keys;
    struct key key;
    int64_t committed = 0;
    int faults = 0;
    assert_true(keys_create(&keys, "nhip", (struct source_partition){"payments", 5}, &fault));
    struct node *from = &nodes[node_of(&keys)];
    struct node *to = &nodes[(node_of(&keys) + 1) % NODES];
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_at(&nodes[0].options, 5, &progress);
    rollup->progress = progress;
    fake_set(rollup, LEDGER_1, "cell", "2,10", 4);
    fake_advance(rollup, 5);
    commit_and_settle(lane, rollup);

    migrate(from, to, crc16(slice_of(keys.tag)) % SLOT_COUNT);
    for (int64_t next = 6; next < 9; next++) {
        char value[FAKE_TEXT_MAX];
        (void)snprintf(value, sizeof(value), "%d,1", (int)next);
        fake_set(rollup, LEDGER_1, "cell", value, next - 1);
        fake_advance(rollup, next);
        bool sent = false;
        while (!(sent = lane_commit(lane, rollup, &fault)))
            assert_true(fault.retriable);
        bool settled = settle(lane, &committed, &faults, &fault);
        if (!settled) print_message("%s\n", fault.message);
        assert_true(settled);
        assert_true(committed == next);
    }
    assert_in_range(faults, 1, 4);
    assert_answer(&to->scene, "8,1", SLICE("HGET"), key_hash(&keys, LEDGER_1, &key), SLICE("cell"));
    assert_answer(&to->scene, "2", SLICE("HGET"), key_meta(&keys, &key), SLICE("epoch"));
    lane_close(lane, true);
    free(rollup);
}

/* The set of partitions is on a node of its own; when that loses it, readers would find less, in silence. */
static void a_lost_set_of_partitions_is_announced_again(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct source_partition all[PARTITIONS];
    struct seen seen = {.partitions = 0};
    const struct reader_sink sink = {see_partition, see_field, &seen, NULL};
    for (int32_t p = 0; p < PARTITIONS; p++)
        all[p] = (struct source_partition){"payments", p};
    for (int i = 0; i < NODES; i++)
        DO(&nodes[i].scene, SLICE("DEL"), SLICE("nhip:p"));
    assert_false(reader_read(&nodes[0].options, &sink, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_true(store_announce(&nodes[2].options, all, PARTITIONS, &fault));
    assert_true(store_announce(&nodes[2].options, all, 1, &fault));
    assert_true(reader_read(&nodes[0].options, &sink, &fault));
    assert_int_equal(seen.partitions, PARTITIONS);
}

/* Every node is asked for its eviction policy, whichever is named. */
static void one_node_that_evicts_is_enough(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    assert_true(store_check(&nodes[0].options, &fault));
    DO(&nodes[2].scene, SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory-policy"), SLICE("volatile-ttl"));
    for (int i = 0; i < NODES; i++) {
        assert_false(store_check(&nodes[i].options, &fault));
        assert_int_equal(fault.code, FAULT_REFUSED);
        assert_non_null(strstr(fault.message, nodes[2].address));
    }
    DO(&nodes[2].scene, SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory-policy"), SLICE("noeviction"));
    assert_true(store_check(&nodes[1].options, &fault));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_live_on_all_nodes_and_are_found_through_one),
        cmocka_unit_test(windows_are_summed_over_all_nodes),
        cmocka_unit_test(a_lane_follows_its_slot_to_another_node),
        cmocka_unit_test(a_lost_set_of_partitions_is_announced_again),
        cmocka_unit_test(one_node_that_evicts_is_enough),
    };
    return cmocka_run_group_tests(tests, cluster_set_up, cluster_tear_down);
}
