/* Found by name, FLOW_FREQ_PERIOD_rN_ASOF: raw figures have a flow of their own, so that they never stand beside published ones.
 */
#include "aggregate/publication/releases.h"

#include "aggregate/snapshot/memory.h"

#include <dirent.h>

static int compare_numbers(const void *left, const void *right) {
    int64_t a = ((const struct release *)left)->number;
    int64_t b = ((const struct release *)right)->number;
    return (a > b) - (a < b);
}

bool releases_find(const struct publication *publication, struct releases *releases, struct fault *fault) {
    const struct vintage *vintage = publication->vintage;
    size_t capacity = 0;
    size_t stem = vintage_stem(vintage->name);
    *releases = (struct releases){.items = NULL};
    DIR *listing = opendir(vintage->directory);
    if (listing == NULL) {
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be listed", vintage->directory);
    }
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        int64_t number = vintage_release(entry->d_name, vintage->name, stem);
        if (number == 0 || number >= vintage->release) continue;
        releases->items = memory_reserve(releases->items, &capacity, releases->count + 1, sizeof(*releases->items));
        struct release *release = &releases->items[releases->count++];
        release->number = number;
        (void)snprintf(release->name, sizeof(release->name), "%.159s", entry->d_name);
        (void)snprintf(release->path, sizeof(release->path), "%.300s/%.200s", vintage->directory, entry->d_name);
    }
    (void)closedir(listing);
    if (releases->count > 0) qsort(releases->items, releases->count, sizeof(*releases->items), compare_numbers);
    return true;
}
