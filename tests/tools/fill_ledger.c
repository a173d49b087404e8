/* A state as years of counting would leave it, written into Redis at once: what reading it costs can then be measured without
 * counting a billion events first.
 *
 *     fill_ledger SOCKET NAMESPACE UNITS DAYS CELLS PARTITIONS
 *
 * UNITS units in 27 districts, each of eight facets of its own out of the pool below, CELLS of them with a cell on an average
 * day, for DAYS days that end on 2021-09-30, spread over PARTITIONS partitions of the topic `events`; the registry is one
 * partition of `registry`. The layout is schemas/store-layout.md, with indexes, accounts and meta; pulse, histograms and
 * sketches are left out. A fixed seed: the same state every time. The namespace must be empty. */
#include "aggregate/store/connection.h"
#include "aggregate/store/keys.h"
#include "aggregate/store/meta.h"
#include "check.h"
#include "facet.h"
#include "limits.h"

enum { UNIT_FACETS = 8, POOL_MAX = 256, SHARD = 1 << SHARD_ACCOUNTS_LOG2, LAST_DAY = 18900, FLUSH_BYTES = 1 << 20 };
#define RECORD_TIME_MS INT64_C(1633187534000) /* 2021-10-02T15:12:14Z */

static struct {
    struct connection *connection;
    const char *name_space;
    struct resp out;
    uint64_t seed;
    size_t replies; /* still to come */
    uint64_t pool[POOL_MAX];
    size_t pool_count;
    uint32_t units, partitions;
    int32_t days;
    int cells;
    int64_t written;
} fill;

static uint64_t draw(void) { /* splitmix64 */
    uint64_t z = (fill.seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint32_t below(uint32_t bound) {
    return (uint32_t)((draw() >> 32) * bound >> 32);
}

static void drain(void) {
    struct fault fault;
    for (; fill.replies > 0; fill.replies--) {
        redisReply *reply = connection_reply(fill.connection, 60000, &fault);
        CHECK(reply != NULL && reply->type != REDIS_REPLY_ERROR);
        freeReplyObject(reply);
    }
}

static void flush(bool all) {
    struct fault fault;
    if (fill.out.length < FLUSH_BYTES && !all) return;
    CHECK(connection_send(fill.connection, (struct slice){fill.out.data, fill.out.length}, &fault));
    resp_clear(&fill.out);
    drain();
}

/* Begins HSET of `pairs` pairs. */
static void begin(struct slice key, size_t pairs) {
    resp_begin(&fill.out, 2 + 2 * pairs);
    resp_argument(&fill.out, SLICE("HSET"));
    resp_argument(&fill.out, key);
    fill.replies++;
}

static uint64_t payment(enum instrument instrument, enum party party, enum context context, enum outcome outcome) {
    uint64_t facet = facet_with_person_type(facet_with_family(0, FAMILY_PAYMENT), PERSON_HOUSEHOLD);
    facet = facet_with_context(facet_with_party(facet_with_instrument(facet, instrument), party), context);
    if (outcome == OUTCOME_DECLINED) facet = facet_with_reason_class(facet, REASON_CLASS_BUSINESS);
    return facet_with_outcome(facet_with_role(facet, ROLE_SELLER), outcome);
}

static uint64_t order(enum outlet outlet, enum pay_mode mode, enum outcome outcome) {
    uint64_t facet = facet_with_person_type(facet_with_family(0, FAMILY_ORDER), PERSON_HOUSEHOLD);
    facet = facet_with_pay_mode(facet_with_outlet(facet, outlet), mode);
    facet = facet_with_cross_border(facet_with_category(facet, CATEGORY_GOODS), CROSS_BORDER_DOMESTIC);
    return facet_with_outcome(facet_with_role(facet, ROLE_SELLER), outcome);
}

static void make_pool(void) {
    static const enum outcome outcomes[] = {OUTCOME_CREATED, OUTCOME_SHIPPED, OUTCOME_DELIVERED, OUTCOME_CANCELLED};
    for (int context = CONTEXT_POS; context <= CONTEXT_BILL; context++) {
        for (int instrument = INSTRUMENT_CARD; instrument <= INSTRUMENT_CASH; instrument++) {
            for (int party = PARTY_MOMO; party <= PARTY_VIETTEL; party++) {
                enum party of = instrument == INSTRUMENT_EWALLET ? (enum party)party : PARTY_NONE;
                if (of == PARTY_NONE && party > PARTY_MOMO) break;
                fill.pool[fill.pool_count++] = payment((enum instrument)instrument, of, (enum context)context, OUTCOME_OK);
                fill.pool[fill.pool_count++] = payment((enum instrument)instrument, of, (enum context)context, OUTCOME_DECLINED);
            }
        }
    }
    for (int outlet = OUTLET_LAZADA; outlet <= OUTLET_OTA; outlet++) {
        for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
            fill.pool[fill.pool_count++] = order((enum outlet)outlet, PAY_MODE_PREPAID, outcomes[i]);
            fill.pool[fill.pool_count++] = order((enum outlet)outlet, PAY_MODE_COD, outcomes[i]);
        }
    }
    CHECK(fill.pool_count <= POOL_MAX);
}

/* Which facets the unit has: the same ones every day. */
static uint64_t facet_of(uint32_t unit, int number) {
    uint64_t mixed = ((uint64_t)unit * UNIT_FACETS + (uint64_t)number + 1) * 0xBF58476D1CE4E5B9u;
    size_t first = (size_t)((mixed >> 32) * fill.pool_count >> 32);
    return fill.pool[(first + (size_t)number * 17) % fill.pool_count];
}

static uint32_t accounts_of(uint32_t partition) {
    return fill.units / fill.partitions + (partition < fill.units % fill.partitions);
}

static void write_shard(const struct keys *keys, uint32_t partition, int32_t day, uint32_t shard) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char fields[SHARD * UNIT_FACETS][FACET_TEXT_LENGTH + 1];
    struct slice names[SHARD * UNIT_FACETS];
    size_t count = 0;
    for (uint32_t lane = 0; lane < SHARD && shard * SHARD + lane < accounts_of(partition); lane++) {
        uint32_t unit = (shard * SHARD + lane) * fill.partitions + partition;
        for (int i = 0; i < UNIT_FACETS; i++) {
            if (below(UNIT_FACETS) >= (uint32_t)fill.cells) continue;
            facet_format(facet_of(unit, i), fields[count]);
            fields[count][FACET_TEXT_LENGTH] = digits[lane];
            names[count] = (struct slice){fields[count], lane == 0 ? FACET_TEXT_LENGTH : FACET_TEXT_LENGTH + 1};
            count++;
        }
    }
    struct key key;
    if (count == 0) return;
    begin(key_hash(keys, (struct hash_id){HASH_LEDGER, day, shard}, &key), count);
    for (size_t i = 0; i < count; i++) {
        char value[64];
        uint32_t n = 1 + below(9);
        int length = snprintf(value, sizeof(value), "%u,%llu", n, (unsigned long long)n * (10000 + below(500000)));
        resp_argument(&fill.out, names[i]);
        resp_argument(&fill.out, (struct slice){value, (size_t)length});
    }
    fill.written += (int64_t)count;
    flush(false);
}

/* Index entries have offsets that grow with the day. */
static void write_index(const struct keys *keys, enum hash_kind kind, int32_t bucket, uint32_t shards, int64_t offset) {
    struct key key;
    char field[INDEX_FIELD_BYTES_MAX], number[DECIMAL_BYTES_MAX], text[DECIMAL_BYTES_MAX];
    begin(key_index(keys, &key), 1);
    resp_argument(&fill.out, index_field(kind, bucket, field));
    resp_argument(&fill.out, decimal_text(offset, text));
    begin(key_shard_index(keys, kind, bucket, &key), shards);
    for (uint32_t i = 0; i < shards; i++) {
        resp_argument(&fill.out, decimal_text(i, number));
        resp_argument(&fill.out, decimal_text(offset, text));
    }
    flush(false);
}

static void write_accounts(const struct keys *keys, uint32_t partition) {
    for (uint32_t i = 0; i < accounts_of(partition); i++) {
        char field[DECIMAL_BYTES_MAX], value[96];
        struct key key;
        int length = snprintf(value, sizeof(value), "PSP1\x1fM%07u\x1f%d-%d;;;", i * fill.partitions + partition,
                              LAST_DAY - fill.days + 1, LAST_DAY);
        begin(key_hash(keys, (struct hash_id){HASH_ACCOUNT, 0, i / SHARD}, &key), 1);
        resp_argument(&fill.out, decimal_text(i % SHARD, field));
        resp_argument(&fill.out, (struct slice){value, (size_t)length});
        flush(false);
    }
}

static void write_units(const struct keys *keys) {
    for (uint32_t i = 0; i < fill.units; i++) {
        char field[DECIMAL_BYTES_MAX], value[512];
        struct key key;
        uint32_t district = 380 + i % 27;
        int length = snprintf(
            value, sizeof(value),
            "%u\x1f{\"type\":\"unit.registered\",\"schema_version\":1,\"event_id\":\"r%u\",\"source\":\"REGISTRY\","
            "\"merchant_id\":\"M%07u\",\"recorded_at\":\"2020-01-05T00:00:00Z\",\"valid_from\":\"2020-01-01\","
            "\"status\":\"ACTIVE\","
            "\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"SUPERMARKET\",\"vsic\":\"47111\",\"vsic_version\":\"2018\","
            "\"district\":\"%u\",\"employees\":%u,\"has_email\":\"Y\",\"accepts_epay\":\"Y\",\"mgmt_software\":\"N\"}",
            i, i, i, district >= 383 ? district + 1 : district, 1 + i % 300);
        begin(key_hash(keys, (struct hash_id){HASH_UNIT, 0, i / SHARD}, &key), 1);
        resp_argument(&fill.out, decimal_text(i % SHARD, field));
        resp_argument(&fill.out, (struct slice){value, (size_t)length});
        flush(false);
    }
}

/* Meta of a partition that nobody owns, and the partition in the set. */
static void write_meta(const struct keys *keys, struct source_partition who, uint32_t accounts, uint32_t units, int64_t next) {
    static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct progress progress;
    struct resp arguments = {0};
    struct key key, born;
    char member[TOPIC_BYTES_MAX + 16];
    progress_clear(&progress);
    progress.next = progress.ordinal = next;
    progress.accounts = accounts;
    progress.units = units;
    progress.record_time_max_ms = RECORD_TIME_MS;
    if (accounts > 0) progress.watermark_ms = RECORD_TIME_MS - 60000;
    progress.counts = (struct counts){.delivered = next, .applied = next};
    size_t count = meta_write(&arguments, &progress);
    resp_begin(&fill.out, 2 + count + 10);
    resp_argument(&fill.out, SLICE("HSET"));
    resp_argument(&fill.out, key_meta(keys, &key));
    const struct slice claim[] = {SLICE("layout"), SLICE("1"),      SLICE("epoch"),   SLICE("1"), SLICE("owner"),
                                  SLICE(""),       SLICE("config"), slice_of(hash),   SLICE("cluster"), SLICE("")};
    for (size_t i = 0; i < sizeof(claim) / sizeof(claim[0]); i++)
        resp_argument(&fill.out, claim[i]);
    resp_append(&fill.out, (struct slice){arguments.data, arguments.length});
    int length = snprintf(member, sizeof(member), "%s/%d", who.topic, who.partition);
    RESP_COMMAND(&fill.out, SLICE("HSET"), key_born(keys, &born), SLICE("born"), SLICE("0123456789abcdef"));
    RESP_COMMAND(&fill.out, SLICE("SADD"), key_global(fill.name_space, "p", &key), (struct slice){member, (size_t)length});
    fill.replies += 3;
    resp_free(&arguments);
    flush(true);
}

static void fill_partition(uint32_t partition) {
    struct keys keys;
    struct fault fault;
    struct source_partition who = {"events", (int32_t)partition};
    CHECK(keys_create(&keys, fill.name_space, who, &fault));
    uint32_t shards = (accounts_of(partition) + SHARD - 1) / SHARD;
    int64_t offset = 0;
    for (int32_t day = LAST_DAY - fill.days + 1; day <= LAST_DAY; day++) {
        offset += 1000;
        for (uint32_t shard = 0; shard < shards; shard++)
            write_shard(&keys, partition, day, shard);
        write_index(&keys, HASH_LEDGER, day, shards, offset);
    }
    write_accounts(&keys, partition);
    write_index(&keys, HASH_ACCOUNT, 0, shards, offset);
    write_meta(&keys, who, accounts_of(partition), 0, offset + 1);
}

int main(int argc, char **argv) {
    if (argc != 7) return 2;
    struct fault fault;
    const struct store_options options = {.address = argv[1], .name_space = argv[2], .timeout_ms = 60000};
    fill.name_space = argv[2];
    fill.units = (uint32_t)strtoul(argv[3], NULL, 10);
    fill.days = (int32_t)strtol(argv[4], NULL, 10);
    fill.cells = (int)strtol(argv[5], NULL, 10);
    fill.partitions = (uint32_t)strtoul(argv[6], NULL, 10);
    if (fill.units == 0 || fill.days < 1 || fill.cells < 1 || fill.cells > UNIT_FACETS || fill.partitions == 0) return 2;
    fill.connection = connection_open(&options, 60000, &fault);
    CHECK(fill.connection != NULL);
    make_pool();
    for (uint32_t i = 0; i < fill.partitions; i++)
        fill_partition(i);
    struct keys keys;
    struct source_partition who = {"registry", 0};
    CHECK(keys_create(&keys, fill.name_space, who, &fault));
    write_units(&keys);
    write_index(&keys, HASH_UNIT, 0, (fill.units + SHARD - 1) / SHARD, fill.units);
    write_meta(&keys, who, 0, fill.units, fill.units + 1);
    connection_close(fill.connection);
    resp_free(&fill.out);
    (void)printf("%lld cells\n", (long long)fill.written);
    return 0;
}
