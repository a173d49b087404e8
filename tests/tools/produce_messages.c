/* Puts foreign messages into Kafka: lines of tests/support/foreign.py, with their time, key and headers; topics are
 * created when missing. In a partition the messages stand in the order of the lines.
 *
 *     produce_messages HOST:PORT PARTITIONS FILE
 */
#include "check.h"
#include "ingest/producer.h"
#include "tests/support/message_producer.h"

enum { FIELDS = 6, HEADERS_MAX = 32, TOPICS_MAX = 16, TOPIC_MS = 30000 };

static unsigned digit(char hex) {
    const char *digits = "0123456789abcdef";
    const char *at = strchr(digits, hex);
    CHECK(hex != '\0' && at != NULL);
    return (unsigned)(at - digits);
}

/* In place; `-` is none. */
static struct slice unhex(char *text) {
    if (strcmp(text, "-") == 0) return (struct slice){NULL, 0};
    size_t length = strlen(text) / 2;
    for (size_t i = 0; i < length; i++) text[i] = (char)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return (struct slice){text, length};
}

static size_t read_headers(char *text, struct message_header *headers) {
    size_t count = 0;
    char *rest = NULL;
    for (char *piece = strtok_r(text, " ", &rest); piece != NULL; piece = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(piece, '=');
        CHECK(equals != NULL && count < HEADERS_MAX);
        *equals = '\0';
        headers[count++] = (struct message_header){.name = piece, .value = unhex(equals + 1)};
    }
    return count;
}

static void create_once(const char *bootstrap, const char *topic, int32_t partitions) {
    static char *known[TOPICS_MAX];
    static size_t known_count;
    for (size_t i = 0; i < known_count; i++) {
        if (strcmp(known[i], topic) == 0) return;
    }
    struct fault fault;
    const struct kafka_property property = {"bootstrap.servers", bootstrap};
    CHECK(known_count < TOPICS_MAX);
    if (!kafka_topic_create(&property, 1, topic, partitions, TOPIC_MS, &fault)) {
        (void)fprintf(stderr, "produce_messages: %s\n", fault.message);
        exit(1);
    }
    known[known_count++] = strdup(topic);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        (void)fprintf(stderr, "usage: produce_messages HOST:PORT PARTITIONS FILE\n");
        return 2;
    }
    FILE *file = fopen(argv[3], "r");
    CHECK(file != NULL);
    struct message_producer *producer = message_producer_create(argv[1]);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, file)) > 0) {
        CHECK(line[length - 1] == '\n');
        line[length - 1] = '\0';
        char *fields[FIELDS];
        char *rest = line;
        for (size_t i = 0; i < FIELDS; i++) fields[i] = strsep(&rest, "\t");
        CHECK(fields[FIELDS - 1] != NULL && rest == NULL);
        create_once(argv[1], fields[0], (int32_t)strtol(argv[2], NULL, 10));
        struct message_header headers[HEADERS_MAX];
        message_producer_put(producer, &(struct message){.topic = fields[0],
                                                         .partition = (int32_t)strtol(fields[1], NULL, 10),
                                                         .timestamp_ms = strtoll(fields[2], NULL, 10),
                                                         .key = unhex(fields[3]),
                                                         .value = unhex(fields[4]),
                                                         .header_count = read_headers(fields[5], headers),
                                                         .headers = headers});
    }
    message_producer_finish(producer);
    free(line);
    (void)fclose(file);
    return 0;
}
