/* Seeds and detours.
 *
 * A seed that is a dead node, a replica or a member of a cluster's minority is no reason to stand still as long as another one
 * is configured; nothing has to be known of the others but their addresses. What a cluster says (MOVED) wins until the node it
 * named fails; then the seeds are asked again. -ASK and -TRYAGAIN are not followed: they mean that this partition's slot is being
 * moved key by key, and half a partition is of no use; the lane is held until the last key has moved and -MOVED comes. */
#include "aggregate/store/route.h"

#include "check.h"

/* The `number`-th address; its length is 0 when there is none. */
static struct slice seed_at(const char *seeds, size_t number) {
    const char *first = seeds;
    for (; number > 0; number--) {
        first += strcspn(first, ",");
        if (*first == '\0') return (struct slice){first, 0};
        first++;
    }
    first += strspn(first, " ");
    size_t length = strcspn(first, ",");
    while (length > 0 && first[length - 1] == ' ')
        length--;
    return (struct slice){first, length};
}

size_t route_seed_count(const struct route *route) {
    size_t count = 1;
    for (const char *at = route->seeds; *at != '\0'; at++)
        count += *at == ',';
    return count;
}

static void take_seed(struct route *route) {
    struct slice seed = seed_at(route->seeds, route->turn);
    CHECK(seed.length > 0 && seed.length < ADDRESS_BYTES_MAX);
    memcpy(route->address, seed.data, seed.length);
    route->address[seed.length] = '\0';
}

bool route_begin(struct route *route, const char *seeds, struct fault *fault) {
    *route = (struct route){.seeds = seeds};
    size_t count = route_seed_count(route);
    for (size_t i = 0; i < count; i++) {
        struct slice seed = seed_at(seeds, i);
        if (seed.length > 0 && seed.length < ADDRESS_BYTES_MAX) continue;
        return fault_set(fault, STOP_SETTING, false,
                         "redis.address: address %zu of \"%.80s\" is %s; accepted are host:port or paths, separated by commas",
                         i + 1, seeds, seed.length == 0 ? "empty" : "too long");
    }
    take_seed(route);
    return true;
}

void route_next(struct route *route) {
    route->turn = (route->turn + 1) % route_seed_count(route);
    take_seed(route);
}

/* A cluster that does not know its own address says ":port": the same host on another port. */
static void follow_port(struct route *route, const char *port) {
    char *colon = strrchr(route->address, ':');
    if (colon == NULL || (size_t)(colon - route->address) + strlen(port) >= ADDRESS_BYTES_MAX) return;
    memcpy(colon, port, strlen(port) + 1);
}

bool route_follow(struct route *route, const char *error) {
    static const char *const elsewhere[] = {"READONLY ", "CLUSTERDOWN ", "LOADING ", "MASTERDOWN "};
    char address[ADDRESS_BYTES_MAX];
    if (error_moved(error, address)) {
        if (address[0] == ':') {
            follow_port(route, address);
        } else {
            memcpy(route->address, address, strlen(address) + 1);
        }
        return true;
    }
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        if (strncmp(error, elsewhere[i], strlen(elsewhere[i])) != 0) continue;
        route_next(route);
        return true;
    }
    return false;
}
