/* Gathers what a request wants to know: see endpoint.h.
 *
 * Everything is either published by others (gauges, status, Redis' memory by the rolling windows' thread) or read from the
 * system when somebody asks: no thread works for a page that nobody looks at. */
#include "aggregate/http/endpoint.h"

#include "aggregate/http/server.h"
#include "aggregate/runtime/clock.h"
#include "check.h"
#include "log.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

struct endpoint {
    struct endpoint_options options;
    struct http_server *server;
    struct vintages *vintages;
    struct live *live;
    int64_t started_ms;
    atomic_bool ready;
    _Atomic int64_t redis_used;
    _Atomic int64_t redis_max;
};

static int64_t snapshot_ms(const char *directory) {
    char path[PATH_BYTES];
    struct stat about;
    (void)snprintf(path, sizeof(path), "%s/LATEST", directory);
    if (lstat(path, &about) != 0) return -1;
    return (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / 1000000;
}

static int64_t resident_bytes(void) {
    int64_t size = 0, resident = -1;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return -1;
    if (fscanf(file, "%" SCNd64 " %" SCNd64, &size, &resident) != 2) resident = -1;
    (void)fclose(file);
    return resident < 0 ? -1 : resident * sysconf(_SC_PAGESIZE);
}

static int64_t descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) return -1;
    int64_t count = -3; /* ".", ".." and the directory itself */
    while (readdir(directory) != NULL) count++;
    (void)closedir(directory);
    return count;
}

static void look(void *context, struct http_facts *facts) {
    struct endpoint *endpoint = context;
    const struct endpoint_options *options = &endpoint->options;
    facts->now_ms = clock_wall_ms();
    facts->started_ms = endpoint->started_ms;
    facts->ready = atomic_load(&endpoint->ready);
    facts->alive = gauges_idle_ms(options->gauges, clock_monotonic_ms()) <= HTTP_ALIVE_MS;
    facts->workers = (int64_t)options->workers;
    facts->redis_memory_bytes = atomic_load(&endpoint->redis_used);
    facts->redis_memory_max_bytes = atomic_load(&endpoint->redis_max);
    facts->snapshot_ms = snapshot_ms(options->snapshot_directory);
    facts->resident_bytes = resident_bytes();
    facts->descriptors = descriptors();
    for (int i = 0; i < STATUS_COUNTER_COUNT; i++)
        facts->status[i] = status_get(options->status, (enum status_counter)i);
    gauges_totals(options->gauges, &facts->totals);
    facts->partition_count = gauges_list(options->gauges, facts->partitions, PARTITIONS_MAX);
}

static void on_tick(void *server) {
    http_server_wake(server);
}

bool endpoint_start(struct endpoint **endpoint, const struct endpoint_options *options, struct fault *fault) {
    *endpoint = NULL;
    if (options->listen[0] == '\0') return true;
    struct endpoint *made = calloc(1, sizeof(*made));
    CHECK(made != NULL);
    made->options = *options;
    made->started_ms = clock_wall_ms();
    atomic_init(&made->redis_used, -1);
    atomic_init(&made->redis_max, -1);
    made->vintages = vintages_create(options->snapshot_directory);
    const struct live_options live = {.store = options->store, .look = look, .context = made, .vintages = made->vintages};
    made->live = live_create(&live);
    const struct http_view view = {.look = look, .context = made, .live = made->live, .vintages = made->vintages};
    made->server = http_server_start(options->listen, &view, fault);
    if (made->server == NULL) {
        endpoint_stop(made);
        return false;
    }
    live_start(made->live, on_tick, made->server);
    log_info("http_listening", "address=%.*s port=%d", (int)(strrchr(options->listen, ':') - options->listen), options->listen,
             http_server_port(made->server));
    *endpoint = made;
    return true;
}

void endpoint_stop(struct endpoint *endpoint) {
    if (endpoint == NULL) return;
    live_stop(endpoint->live); /* first: it wakes the server */
    http_server_stop(endpoint->server);
    live_destroy(endpoint->live);
    vintages_destroy(endpoint->vintages);
    free(endpoint);
}

void endpoint_ready(struct endpoint *endpoint) {
    if (endpoint != NULL) atomic_store(&endpoint->ready, true);
}

void endpoint_redis(struct endpoint *endpoint, int64_t used_bytes, int64_t max_bytes) {
    if (endpoint == NULL) return;
    atomic_store(&endpoint->redis_used, used_bytes);
    atomic_store(&endpoint->redis_max, max_bytes);
}
