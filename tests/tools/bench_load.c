/* The workload of `make bench`, as NDJSON logs `bench-P.ndjson`: EVENTS messages of 340 bytes on average in
 * PARTITIONS partitions.
 *
 * 200,000 accounts drawn by Zipf's law (exponent 1.05), all families, six hours of event time moving forward, at most
 * four facets an account, 1 % of events ten minutes to two hours late, 2 % redelivered within 100,000 records (a
 * later ingest_time, nothing else changed). Integer arithmetic and a fixed seed: the same bytes on every machine, but
 * for the Zipf table, whose doubles only round the last digit of a weight.
 *
 *     bench_load DIRECTORY EVENTS PARTITIONS
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACCOUNTS = 200000,
    PARTITIONS_LIMIT = 64,
    LINE_BYTES = 339,
    LINE_BYTES_MAX = 400,
    REDELIVERED_WITHIN = 100000,
    SPAN_MS = 6 * 3600 * 1000
};

#define START_MS INT64_C(1632182400000) /* 2021-09-21T00:00:00Z */

struct line {
    char text[LINE_BYTES_MAX];
    size_t length;
    size_t ingest_at; /* where the 13 digits of ingest_time stand */
};

struct partition {
    FILE *file;
    struct line *recent; /* ring */
    int64_t written;
};

struct load {
    uint64_t state;
    double *zipf;
    struct partition partitions[PARTITIONS_LIMIT];
    int64_t events, partition_count, ring_size, serial;
    int64_t only, records; /* -1: every partition, every record */
};

static uint64_t draw(struct load *load) { /* splitmix64 */
    uint64_t z = (load->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t below(struct load *load, uint64_t bound) {
    return (uint64_t)(((unsigned __int128)draw(load) * bound) >> 64);
}

static void make_zipf(struct load *load) {
    double sum = 0;
    load->zipf = calloc(ACCOUNTS, sizeof(double));
    if (load->zipf == NULL) exit(1);
    for (int i = 0; i < ACCOUNTS; i++) load->zipf[i] = sum += 1 / pow(i + 1, 1.05);
    for (int i = 0; i < ACCOUNTS; i++) load->zipf[i] /= sum;
}

static uint32_t draw_account(struct load *load) {
    double x = (double)(draw(load) >> 11) / 9007199254740992.0;
    uint32_t low = 0;
    uint32_t high = ACCOUNTS - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (load->zipf[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* An account's four habits: what varies between facets is a function of (account, habit). */
static int body(char *out, size_t bytes, struct load *load, uint32_t account, uint32_t habit) {
    static const char *const wallets[] = {"MOMO", "ZALOPAY", "VNPAY", "SHOPEEPAY"};
    static const char *const platforms[] = {"LAZADA", "SHOPEE", "TIKI", "SENDO"};
    int64_t serial = ++load->serial;
    uint64_t person = below(load, 3000000);
    uint64_t amount = 10000 + below(load, 900) * 1000;
    uint32_t style = (account * 2654435761u >> 8) % 100;
    if (style < 60 && habit < 3) {
        static const char *const means[] = {"\"instrument\":\"CARD\",\"scheme\":\"NAPAS\"", "\"instrument\":\"EWALLET\"",
                                            "\"instrument\":\"QR_A2A\""};
        char mean[64];
        (void)snprintf(mean, sizeof(mean), "%s%s%s%s", means[habit], habit == 1 ? ",\"wallet\":\"" : "",
                       habit == 1 ? wallets[account & 3] : "", habit == 1 ? "\"" : "");
        return snprintf(out, bytes,
                        "\"type\":\"payment.status\",\"source\":\"PSP%u\",\"payment_id\":\"P%lld\",\"merchant_id\":\"M%06u\","
                        "\"payer_id\":\"h%llu\","
                        "\"payer_type\":\"HOUSEHOLD\",\"context\":\"POS\",%s,\"status\":\"CAPTURED\",\"amount_minor\":%llu,"
                        "\"currency\":\"VND\"",
                        account % 5, (long long)serial, account, (unsigned long long)person, mean, (unsigned long long)amount);
    }
    if (style < 97 || habit == 3) {
        return snprintf(out, bytes,
                        "\"type\":\"order.created\",\"source\":\"%s\",\"order_id\":\"A%lld\",\"seller_id\":\"M%06u\",\"buyer_"
                        "type\":\"HOUSEHOLD\","
                        "\"buyer_id\":\"h%llu\",\"channel\":\"MARKETPLACE\",\"platform\":\"%s\",\"pay_mode\":\"%s\",\"amount_"
                        "minor\":%llu,\"currency\":\"VND\"",
                        platforms[account & 3], (long long)serial, account, (unsigned long long)person, platforms[account & 3],
                        habit & 1 ? "COD" : "PREPAID", (unsigned long long)amount);
    }
    if (style < 99) {
        return snprintf(out, bytes,
                        "\"type\":\"ride.completed\",\"source\":\"RIDES\",\"trip_id\":\"T%lld\",\"operator\":\"M%06u\",\"driver_"
                        "id\":\"d%llu\","
                        "\"fare_minor\":%llu,\"currency\":\"VND\",\"distance_m\":%llu,\"vehicle\":\"MOTORBIKE\"",
                        (long long)serial, account, (unsigned long long)(person % 5000), (unsigned long long)amount,
                        (unsigned long long)(amount / 7));
    }
    return snprintf(out, bytes,
                    "\"type\":\"website.observed\",\"source\":\"CRAWLER\",\"merchant_id\":\"M%06u\",\"content_changed_at\":%lld",
                    account, (long long)(START_MS - (int64_t)person));
}

static void make_line(struct load *load, struct line *line, uint32_t account, int64_t ingest_ms) {
    char text[LINE_BYTES_MAX];
    bool late = below(load, 100) == 0;
    int64_t event_ms = ingest_ms - (int64_t)(late ? 600000 + below(load, 6600000) : below(load, 2000));
    int length = body(text, sizeof(text), load, account, (uint32_t)below(load, 4));
    int head =
        snprintf(line->text, sizeof(line->text),
                 "{\"event_id\":\"e%lld\",\"schema_version\":1,\"event_time\":%lld,\"ingest_time\":", (long long)load->serial,
                 (long long)event_ms);
    line->ingest_at = (size_t)head;
    head += snprintf(line->text + head, sizeof(line->text) - (size_t)head, "%lld,%.*s", (long long)ingest_ms, length, text);
    if (head + 12 <= LINE_BYTES) { /* filled up by a key that nobody reads */
        int fill = LINE_BYTES - head - 11;
        (void)snprintf(line->text + head, 10, ",\"memo\":\"");
        memset(line->text + head + 9, 'm', (size_t)fill);
        line->text[head + 9 + fill] = '"';
        head = LINE_BYTES - 1;
    }
    line->text[head++] = '}';
    line->length = (size_t)head;
}

static void write_line(struct load *load, int64_t at) {
    int64_t ingest_ms = START_MS + at * SPAN_MS / load->events;
    uint32_t account = draw_account(load);
    struct partition *partition = &load->partitions[(account * 2654435761u >> 7) % (uint64_t)load->partition_count];
    struct line *slot = &partition->recent[partition->written % load->ring_size];
    if (partition->written > 0 && below(load, 50) == 0) {
        int64_t reach = partition->written < load->ring_size ? partition->written : load->ring_size;
        *slot = partition->recent[(partition->written - 1 - (int64_t)below(load, (uint64_t)reach)) % load->ring_size];
        char digits[24];
        (void)snprintf(digits, sizeof(digits), "%013lld", (long long)ingest_ms);
        memcpy(slot->text + slot->ingest_at, digits, 13);
    } else {
        make_line(load, slot, account, ingest_ms);
    }
    partition->written++;
    if (partition->file == NULL) return;
    (void)fwrite(slot->text, 1, slot->length, partition->file);
    (void)fputc('\n', partition->file);
}

static bool wanted(const struct load *load, int64_t partition) {
    return load->only < 0 || load->only == partition;
}

static bool open_partitions(struct load *load, const char *directory) {
    for (int64_t i = 0; i < load->partition_count; i++) {
        struct partition *partition = &load->partitions[i];
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/bench-%lld.ndjson", directory, (long long)i);
        if (wanted(load, i)) partition->file = fopen(path, "we");
        partition->recent = calloc((size_t)load->ring_size, sizeof(struct line));
        if ((wanted(load, i) && partition->file == NULL) || partition->recent == NULL) return false;
    }
    return true;
}

static bool understand(struct load *load, int argc, char **argv) {
    if (argc != 4 && argc != 6) return false;
    load->events = strtoll(argv[2], NULL, 10);
    load->partition_count = strtoll(argv[3], NULL, 10);
    if (load->events < 1 || load->partition_count < 1 || load->partition_count > PARTITIONS_LIMIT) return false;
    if (argc == 4) return true;
    load->only = strtoll(argv[4], NULL, 10);
    load->records = strtoll(argv[5], NULL, 10);
    return load->only >= 0 && load->only < load->partition_count && load->records >= 1;
}

int main(int argc, char **argv) {
    static struct load load = {.state = 38, .only = -1};
    if (!understand(&load, argc, argv)) return 2;
    load.ring_size = REDELIVERED_WITHIN / load.partition_count;
    make_zipf(&load);
    if (!open_partitions(&load, argv[1])) return 1;
    for (int64_t at = 0; at < load.events; at++) {
        if (load.only >= 0 && load.partitions[load.only].written == load.records) break;
        write_line(&load, at);
    }
    bool fine = load.only < 0 || load.partitions[load.only].written == load.records;
    for (int64_t i = 0; i < load.partition_count; i++) {
        if (load.partitions[i].file != NULL) fine = fclose(load.partitions[i].file) == 0 && fine;
        free(load.partitions[i].recent);
    }
    free(load.zipf);
    return fine ? 0 : 1;
}
