/* Copies of consumed records: see tee.h; how a value becomes a line is in line_file.c.
 *
 * Workers share one tee but never a partition, so the lock of a file is never waited for; the lock of the list is
 * held for a walk over a few names. A file is opened when its first record comes: only then is the name of its
 * topic known. The copies are not synced: they are made for replays and tests, and the log is still in Kafka. */
#include "ingest/tee.h"

#include "ingest/line_file.h"

#include <pthread.h>

struct tee_file {
    struct tee_file *next;
    struct line_file *lines;
    char *topic;
    int32_t partition;
    pthread_mutex_t lock;
};

struct tee {
    char *directory;
    struct tee_file *files;
    pthread_mutex_t lock; /* of the list; files are never taken out of it */
};

struct tee *tee_create(const char *directory, struct fault *fault) {
    if (!line_directory_make(directory, fault)) return NULL;
    struct tee *tee = calloc(1, sizeof(*tee));
    char *copy = strdup(directory);
    if (tee == NULL || copy == NULL) {
        free(tee), free(copy);
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for the tee");
        return NULL;
    }
    tee->directory = copy;
    (void)pthread_mutex_init(&tee->lock, NULL);
    return tee;
}

static struct tee_file *open_file(struct tee *tee, struct source_partition partition, struct fault *fault) {
    struct tee_file *file = calloc(1, sizeof(*file));
    char *path = line_file_path(tee->directory, partition.topic, partition.partition);
    char *topic = strdup(partition.topic);
    if (file == NULL || path == NULL || topic == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for the tee");
        goto refuse;
    }
    struct line_file *lines = line_file_open(path, LINE_FILE_TRUNCATE, fault);
    if (lines == NULL) goto refuse;
    free(path);
    *file = (struct tee_file){.next = tee->files, .lines = lines, .topic = topic, .partition = partition.partition};
    (void)pthread_mutex_init(&file->lock, NULL);
    tee->files = file;
    return file;

refuse:
    free(file), free(path), free(topic);
    return NULL;
}

static struct tee_file *find_file(struct tee *tee, struct source_partition partition, struct fault *fault) {
    (void)pthread_mutex_lock(&tee->lock);
    struct tee_file *file = tee->files;
    while (file != NULL && (file->partition != partition.partition || strcmp(file->topic, partition.topic) != 0))
        file = file->next;
    if (file == NULL) file = open_file(tee, partition, fault);
    (void)pthread_mutex_unlock(&tee->lock);
    return file;
}

bool tee_put(struct tee *tee, struct source_partition partition, const struct record *record, struct fault *fault) {
    struct tee_file *file = find_file(tee, partition, fault);
    if (file == NULL) return false;
    (void)pthread_mutex_lock(&file->lock);
    bool fine = line_file_put_value(file->lines, record->value, fault);
    (void)pthread_mutex_unlock(&file->lock);
    return fine;
}

bool tee_flush(struct tee *tee, struct fault *fault) {
    (void)pthread_mutex_lock(&tee->lock);
    struct tee_file *file = tee->files;
    (void)pthread_mutex_unlock(&tee->lock);
    bool fine = true;
    for (; file != NULL && fine; file = file->next) {
        (void)pthread_mutex_lock(&file->lock);
        fine = line_file_flush(file->lines, fault);
        (void)pthread_mutex_unlock(&file->lock);
    }
    return fine;
}

void tee_destroy(struct tee *tee) {
    if (tee == NULL) return;
    for (struct tee_file *file = tee->files, *next; file != NULL; file = next) {
        next = file->next;
        line_file_close(file->lines);
        (void)pthread_mutex_destroy(&file->lock);
        free(file->topic);
        free(file);
    }
    (void)pthread_mutex_destroy(&tee->lock);
    free(tee->directory);
    free(tee);
}
