/* Events to a directory of NDJSON files or to one stream: see producer.h; the Kafka kind is in producer_kafka.c.
 *
 * A directory is laid out as Kafka would lay out the topic: the same partitioner, one file per partition, all of
 * them made at the first record of the topic (an empty partition is a fact too). So `nhip run --file DIR/...` and
 * a run on Kafka see the same logs, and a test can compare their state byte for byte. */
#include "ingest/producer_parts.h"

#include "check.h"
#include "ingest/line_file.h"

struct topic_files {
    struct topic_files *next;
    char *topic;
    struct line_file *lines[]; /* by partition */
};

struct producer_directory {
    struct producer producer;
    char *directory;
    int32_t partitions;
    struct topic_files *topics;
};

struct producer_file {
    struct producer producer;
    struct line_file *lines;
};

/* MurmurHash2, 32 bits, with the seed of Kafka's clients (public domain, Austin Appleby). */
static uint32_t murmur2(struct slice key) {
    const uint32_t factor = 0x5bd1e995;
    const unsigned char *bytes = (const unsigned char *)key.data;
    uint32_t hash = 0x9747b28c ^ (uint32_t)key.length;
    size_t i = 0;
    for (; i + 4 <= key.length; i += 4) {
        uint32_t word =
            (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24;
        word *= factor;
        word ^= word >> 24;
        hash = hash * factor ^ word * factor;
    }
    for (size_t left = key.length - i; left > 0; left--) {
        hash ^= (uint32_t)bytes[i + left - 1] << (8 * (left - 1));
        if (left == 1) hash *= factor;
    }
    hash ^= hash >> 13;
    hash *= factor;
    return hash ^ hash >> 15;
}

int32_t producer_partition(struct slice key, int32_t partitions) {
    CHECK(partitions > 0);
    return (int32_t)((murmur2(key) & 0x7fffffff) % (uint32_t)partitions);
}

bool producer_put(struct producer *producer, const char *topic, int32_t partition, struct slice key, struct slice value,
                  int64_t timestamp_ms, struct fault *fault) {
    if (partition < 0 && key.length == 0) {
        return fault_set(fault, STOP_USAGE, false, "a record for topic %s has neither a key nor a partition", topic);
    }
    return producer->operations->put(producer, topic, partition, key, value, timestamp_ms, fault);
}

bool producer_flush(struct producer *producer, int timeout_ms, struct fault *fault) {
    return producer->operations->flush(producer, timeout_ms, fault);
}

void producer_destroy(struct producer *producer) {
    if (producer != NULL) producer->operations->destroy(producer);
}

static void free_topic(struct topic_files *files, int32_t partitions) {
    for (int32_t i = 0; i < partitions; i++)
        line_file_close(files->lines[i]);
    free(files->topic);
    free(files);
}

static struct topic_files *open_topic(struct producer_directory *directory, const char *topic, struct fault *fault) {
    size_t partitions = (size_t)directory->partitions;
    struct topic_files *files = calloc(1, sizeof(*files) + partitions * sizeof(files->lines[0]));
    if (files != NULL) files->topic = strdup(topic);
    for (int32_t i = 0; files != NULL && files->topic != NULL && i < directory->partitions; i++) {
        char *path = line_file_path(directory->directory, topic, i);
        if (path == NULL) goto no_memory;
        files->lines[i] = line_file_open(path, LINE_FILE_TRUNCATE, fault);
        free(path);
        if (files->lines[i] == NULL) goto refuse;
    }
    if (files == NULL || files->topic == NULL) goto no_memory;
    files->next = directory->topics;
    directory->topics = files;
    return files;

no_memory:
    (void)fault_set(fault, STOP_MEMORY, false, "out of memory for the files of topic %s", topic);
refuse:
    if (files != NULL) free_topic(files, directory->partitions);
    return NULL;
}

static bool directory_put(struct producer *producer, const char *topic, int32_t partition, struct slice key, struct slice value,
                          int64_t timestamp_ms, struct fault *fault) {
    (void)timestamp_ms; /* a file's record time is in the line */
    struct producer_directory *directory = (struct producer_directory *)producer;
    struct topic_files *files = directory->topics;
    while (files != NULL && strcmp(files->topic, topic) != 0)
        files = files->next;
    if (files == NULL) files = open_topic(directory, topic, fault);
    if (files == NULL) return false;
    if (partition < 0) partition = producer_partition(key, directory->partitions);
    if (partition >= directory->partitions) {
        return fault_set(fault, STOP_USAGE, false, "partition %d of topic %s: there are only %d", partition, topic,
                         directory->partitions);
    }
    return line_file_put_value(files->lines[partition], value, fault);
}

static bool directory_flush(struct producer *producer, int timeout_ms, struct fault *fault) {
    (void)timeout_ms;
    struct producer_directory *directory = (struct producer_directory *)producer;
    for (struct topic_files *files = directory->topics; files != NULL; files = files->next) {
        for (int32_t i = 0; i < directory->partitions; i++) {
            if (!line_file_flush(files->lines[i], fault)) return false;
        }
    }
    return true;
}

static void directory_destroy(struct producer *producer) {
    struct producer_directory *directory = (struct producer_directory *)producer;
    for (struct topic_files *files = directory->topics, *next; files != NULL; files = next) {
        next = files->next;
        free_topic(files, directory->partitions);
    }
    free(directory->directory);
    free(directory);
}

struct producer *producer_directory_create(const char *path, int32_t partitions, struct fault *fault) {
    static const struct producer_operations operations = {directory_put, directory_flush, directory_destroy};
    CHECK(partitions > 0);
    if (!line_directory_make(path, fault)) return NULL;
    struct producer_directory *directory = calloc(1, sizeof(*directory));
    char *copy = strdup(path);
    if (directory == NULL || copy == NULL) {
        free(directory), free(copy);
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a producer");
        return NULL;
    }
    *directory = (struct producer_directory){.producer = {&operations}, .directory = copy, .partitions = partitions};
    return &directory->producer;
}

static bool file_put(struct producer *producer, const char *topic, int32_t partition, struct slice key, struct slice value,
                     int64_t timestamp_ms, struct fault *fault) {
    (void)topic, (void)partition, (void)key, (void)timestamp_ms;
    return line_file_put_value(((struct producer_file *)producer)->lines, value, fault);
}

static bool file_flush(struct producer *producer, int timeout_ms, struct fault *fault) {
    (void)timeout_ms;
    return line_file_flush(((struct producer_file *)producer)->lines, fault);
}

static void file_destroy(struct producer *producer) {
    line_file_close(((struct producer_file *)producer)->lines);
    free(producer);
}

struct producer *producer_file_create(const char *path, struct fault *fault) {
    static const struct producer_operations operations = {file_put, file_flush, file_destroy};
    struct producer_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a producer");
        return NULL;
    }
    file->producer.operations = &operations;
    file->lines = line_file_open(path, LINE_FILE_TRUNCATE, fault);
    if (file->lines != NULL) return &file->producer;
    free(file);
    return NULL;
}
