/* A round: see feed.h, and for why this is exact schemas/stream.md.
 *
 *     look      which closed minutes differ from those that were told            (store/minutes.c)
 *     read      them, in chunks, each chunk cells of one prefix; tell what differs
 *     look      again: nothing differs any more? Then what readers have is the state of the prefix that was just looked at, and
 *               the position says so. Else once more, at most PASSES times: late events come all the time
 *     releases  directories that are newer than what was told: their rows against what readers have
 *
 * Several thousand records are committed together; the position and a release stand in the last commit of what they speak of. */
#include "aggregate/stream/feed.h"

#include "aggregate/snapshot/memory.h"
#include "aggregate/store/keys.h"
#include "aggregate/store/pulse_text.h"
#include "aggregate/stream/published.h"
#include "aggregate/stream/row.h"
#include "aggregate/stream/newest.h"
#include "log.h"

enum { PASSES = 4, COMMIT_RECORDS = 5000, WORN_GROUPS = 60000 };

struct feed {
    struct feed_options options;
    struct minutes *minutes;
    struct published *published;
    struct published *seen; /* until the first round */
    uint64_t position, seen_position; /* prints of the whole record; PRINT_NONE: there is none */
    char name_space[NAMESPACE_BYTES_MAX + 1]; /* of what was taken */
    int64_t version; /* greatest that was taken of a minute */
    bool foreign;
    bool swept; /* minutes that the state has not any more have been looked for */
    bool placed; /* readers have a position, that of `end` */
    int32_t end;
    struct newest_list told; /* what readers have of the directory */
    size_t told_capacity;
    char unreadable[VINTAGE_NAME_BYTES]; /* the last one that was complained about */
    struct resp text; /* values of the group at hand */
    size_t *ends;     /* where each of them ends */
    size_t end_capacity;
    struct resp name;
    struct feed_result *result;
    int64_t uncommitted[2]; /* upserts, tombstones */
    struct fault *fault;
};

struct feed *feed_create(const struct feed_options *options, struct fault *fault) {
    struct feed *feed = memory_zeroed(1, sizeof(*feed));
    feed->options = *options;
    feed->version = INT64_MIN;
    feed->minutes = minutes_create(options->store, options->idle_ms, fault);
    if (feed->minutes == NULL) {
        free(feed);
        return NULL;
    }
    feed->published = published_create();
    return feed;
}

void feed_destroy(struct feed *feed) {
    if (feed == NULL) return;
    minutes_destroy(feed->minutes);
    published_destroy(feed->published);
    published_destroy(feed->seen);
    free(feed->told.items);
    free(feed->ends);
    resp_free(&feed->text);
    resp_free(&feed->name);
    free(feed);
}

const char *feed_namespace(const struct feed *feed) {
    return feed->name_space;
}

bool feed_is_foreign(const struct feed *feed) {
    return feed->foreign;
}

bool feed_is_worn(const struct feed *feed) {
    return published_group_count(feed->published) > WORN_GROUPS;
}

/* --- what readers have --- */

static struct newest *told_of(struct feed *feed, struct slice series) {
    for (size_t i = 0; i < feed->told.count; i++) {
        if (slice_equal(slice_of(feed->told.items[i].series), series)) return &feed->told.items[i];
    }
    feed->told.items =
        memory_reserve(feed->told.items, &feed->told_capacity, feed->told.count + 1, sizeof(*feed->told.items));
    struct newest *newest = &feed->told.items[feed->told.count++];
    *newest = (struct newest){.release = 0};
    memcpy(newest->series, series.data, series.length);
    return newest;
}

static void take_release(struct feed *feed, struct slice value) {
    struct slice series, vintage;
    int64_t release = 0;
    if (!row_text(value, "series", &series) || series.length >= VINTAGE_NAME_BYTES || !row_text(value, "vintage", &vintage) ||
        vintage.length >= VINTAGE_NAME_BYTES || !row_number(value, "version", &release)) {
        return;
    }
    struct newest *newest = told_of(feed, series);
    newest->release = release;
    memset(newest->name, 0, sizeof(newest->name));
    memcpy(newest->name, vintage.data, vintage.length);
}

/* The prefixes that minutes were told at grow one after the other: only the greatest matters. */
static void take_prefix(struct feed *feed, struct slice value) {
    struct slice offsets;
    int64_t version = 0;
    if (!row_number(value, "version", &version) || version <= feed->version || !row_text(value, "offsets", &offsets)) return;
    feed->version = version;
    minutes_floor(feed->minutes, offsets);
}

static void take_position(struct feed *feed, struct slice value) {
    struct slice name_space, until;
    take_prefix(feed, value);
    if (row_text(value, "namespace", &name_space) && name_space.length <= NAMESPACE_BYTES_MAX) {
        memset(feed->name_space, 0, sizeof(feed->name_space));
        memcpy(feed->name_space, name_space.data, name_space.length);
    }
    if (!row_text(value, "until", &until) || !row_minute_number(until, &feed->end)) return;
    feed->placed = true;
    minutes_close(feed->minutes, feed->end);
}

static bool begins(struct slice key, struct slice with) {
    return key.length >= with.length && memcmp(key.data, with.data, with.length) == 0;
}

void feed_take(void *context, struct slice key, struct slice value) {
    struct feed *feed = context;
    if (begins(key, SLICE("minute|"))) {
        published_take(feed->published, key, value);
        take_prefix(feed, value);
    } else if (begins(key, SLICE("observation|"))) {
        published_take(feed->published, key, value);
    } else if (begins(key, SLICE("release|"))) {
        take_release(feed, value);
    } else if (slice_equal(key, SLICE("position"))) {
        take_position(feed, value);
        feed->position = value.data == NULL ? PRINT_NONE : published_print(value);
    } else {
        feed->foreign = true;
    }
}

void feed_see(void *context, struct slice key, struct slice value) {
    struct feed *feed = context;
    if (feed->seen == NULL) feed->seen = published_create();
    if (slice_equal(key, SLICE("position")))
        feed->seen_position = value.data == NULL ? PRINT_NONE : published_print(value);
    else if (begins(key, SLICE("minute|")) || begins(key, SLICE("observation|")))
        published_take(feed->seen, key, value);
}

/* A series is compared row by row once more, though its release is the one that was told. */
static void doubt_series(void *context, struct slice group) {
    struct feed *feed = context;
    struct slice kind = SLICE("observation|");
    if (begins(group, kind))
        told_of(feed, (struct slice){group.data + kind.length, group.length - kind.length})->name[0] = '\0';
}

static void settle_doubts(struct feed *feed) {
    if (feed->seen == NULL) return;
    published_doubt(feed->published, feed->seen, doubt_series, feed);
    if (feed->position != feed->seen_position) feed->placed = false;
    published_destroy(feed->seen);
    feed->seen = NULL;
}

/* --- telling --- */

static bool commit(struct feed *feed) {
    if (!feed->options.sink.commit(feed->options.sink.context, feed->fault)) return false;
    feed->result->upserts += feed->uncommitted[0];
    feed->result->tombstones += feed->uncommitted[1];
    feed->uncommitted[0] = feed->uncommitted[1] = 0;
    return true;
}

static bool tell(struct feed *feed, struct slice key, struct slice value) {
    if (!feed->options.sink.put(feed->options.sink.context, key, value, feed->fault)) return false;
    feed->uncommitted[value.data == NULL]++;
    return feed->uncommitted[0] + feed->uncommitted[1] < COMMIT_RECORDS || commit(feed);
}

static bool put_row(void *context, struct slice key, int64_t index) {
    struct feed *feed = context;
    if (index < 0) return tell(feed, key, (struct slice){NULL, 0});
    size_t from = index == 0 ? 0 : feed->ends[index - 1];
    return tell(feed, key, (struct slice){feed->text.data + from, feed->ends[index] - from});
}

static void begin_rows(struct feed *feed) {
    published_begin(feed->published);
    resp_clear(&feed->text);
}

/* The value of row `i` has been appended to `text`. */
static void end_row(struct feed *feed, size_t i, struct slice name) {
    size_t from = i == 0 ? 0 : feed->ends[i - 1];
    feed->ends = memory_reserve(feed->ends, &feed->end_capacity, i + 1, sizeof(*feed->ends));
    feed->ends[i] = feed->text.length;
    const struct slice value = {feed->text.data + from, feed->text.length - from};
    published_row(feed->published, name, published_print(value));
}

/* --- minutes --- */

static bool tell_minute(void *context, int32_t minute, const struct minute_cell *cells, size_t count,
                        const struct minutes_view *prefix, struct fault *fault) {
    struct feed *feed = context;
    char time[MINUTE_TIME_BYTES], group[MINUTE_TIME_BYTES + 8], name[FACET_NAME_BYTES];
    (void)fault; /* it is the round's, which the stream knows */
    row_minute_time(minute, time);
    begin_rows(feed);
    for (size_t i = 0; i < count; i++) {
        row_minute(&feed->text, time, &cells[i], prefix);
        end_row(feed, i, facet_name(cells[i].facet, "", name));
    }
    (void)snprintf(group, sizeof(group), "minute|%s", time);
    return published_sync(feed->published, slice_of(group), put_row, feed);
}

/* One after the other in chunks; `*settled` false: the rest is for another round. */
static bool tell_minutes(struct feed *feed, const struct minutes_view *view, bool *settled) {
    size_t count = view->changed_count;
    int32_t *list = memory_zeroed(count, sizeof(*list));
    if (count > 0) memcpy(list, view->changed, count * sizeof(*list));
    bool fine = true;
    for (size_t at = 0; fine && *settled && at < count;) {
        size_t chunk = count - at < MINUTES_CHUNK_MAX ? count - at : MINUTES_CHUNK_MAX;
        fine = minutes_read(feed->minutes, list + at, chunk, settled, tell_minute, feed, feed->fault);
        if (fine && !feed->options.sink.go_on(feed->options.sink.context))
            fine = fault_set(feed->fault, STOP_KAFKA_SILENT, true, "the stream was given up in the middle of a round");
        at += chunk;
    }
    free(list);
    return fine;
}

struct sweep {
    struct feed *feed;
    int32_t end;
    bool fine;
};

/* A minute that readers have and the state has not: retention deleted it while nobody was telling. */
static void sweep_minute(void *context, struct slice group) {
    struct sweep *sweep = context;
    struct slice time = {group.data + sizeof("minute|") - 1, group.length - (sizeof("minute|") - 1)};
    int32_t minute = 0;
    if (!sweep->fine || !row_minute_number(time, &minute) || minute >= sweep->end) return;
    if (minutes_exist(sweep->feed->minutes, minute)) return;
    begin_rows(sweep->feed);
    sweep->fine = published_sync(sweep->feed->published, group, put_row, sweep->feed);
}

static bool tell_position(struct feed *feed, const struct minutes_view *view) {
    resp_clear(&feed->text);
    row_position(&feed->text, feed->options.store->name_space, view);
    minutes_floor(feed->minutes, view->offsets);
    feed->placed = true;
    feed->end = view->end;
    return tell(feed, SLICE("position"), (struct slice){feed->text.data, feed->text.length});
}

static bool round_of_minutes(struct feed *feed) {
    struct minutes_view view;
    bool settled = true;
    for (int pass = 0; settled && pass < PASSES; pass++) {
        if (!minutes_look(feed->minutes, &view, feed->fault)) return false;
        feed->result->held = view.behind;
        feed->result->left = (int64_t)view.changed_count;
        if (view.behind || !view.closed) return true;
        struct sweep sweep = {.feed = feed, .end = view.end, .fine = true};
        if (!feed->swept) published_groups(feed->published, SLICE("minute|"), sweep_minute, &sweep);
        if (!sweep.fine) return false;
        feed->swept = true;
        if (view.changed_count == 0) {
            feed->result->whole = true;
            bool news = feed->result->upserts + feed->result->tombstones + feed->uncommitted[0] + feed->uncommitted[1] > 0;
            return (!news && feed->placed && feed->end == view.end) || tell_position(feed, &view);
        }
        if (!tell_minutes(feed, &view, &settled)) return false;
    }
    return true;
}

/* --- releases --- */

static bool tell_vintage(struct feed *feed, const struct newest *newest, const char *path, const struct obs_table *table) {
    char key[VINTAGE_NAME_BYTES + 16];
    struct slice series = slice_of(newest->series);
    struct resp offsets = {0};
    begin_rows(feed);
    for (size_t i = 0; i < table->count; i++) {
        row_observation(&feed->text, series, newest->name, newest->release, &table->rows[i]);
        resp_clear(&feed->name);
        row_observation_name(&feed->name, &table->rows[i]);
        end_row(feed, i, (struct slice){feed->name.data, feed->name.length});
    }
    (void)snprintf(key, sizeof(key), "observation|%s", newest->series);
    if (!published_sync(feed->published, slice_of(key), put_row, feed)) return false;
    newest_offsets(path, &offsets);
    resp_clear(&feed->text);
    row_release(&feed->text, series, newest->name, newest->release, table->count,
                (struct slice){offsets.data, offsets.length});
    resp_free(&offsets);
    (void)snprintf(key, sizeof(key), "release|%s", newest->series);
    return tell(feed, slice_of(key), (struct slice){feed->text.data, feed->text.length});
}

/* A vintage that cannot be read (somebody is removing it) is complained about and passed over: minutes must not wait for it. */
static bool round_of_series(struct feed *feed, const struct newest *newest) {
    char path[VINTAGE_PATH_BYTES];
    struct obs_table table;
    struct newest *told = told_of(feed, slice_of(newest->series));
    if (newest->release < told->release || strcmp(newest->name, told->name) == 0) return true;
    (void)snprintf(path, sizeof(path), "%.300s/%.200s", feed->options.snapshot_directory, newest->name);
    bool fine = true;
    if (obs_table_open(&table, path)) {
        fine = tell_vintage(feed, newest, path, &table);
        if (fine) *told = *newest;
    } else if (strcmp(feed->unreadable, newest->name) != 0) {
        memcpy(feed->unreadable, newest->name, sizeof(feed->unreadable));
        log_warn("stream_vintage_unreadable", "vintage=%s", newest->name);
    }
    obs_table_close(&table);
    return fine;
}

static bool round_of_releases(struct feed *feed) {
    struct newest_list vintages;
    bool fine = newest_list(feed->options.snapshot_directory, &vintages, feed->fault);
    for (size_t i = 0; fine && i < vintages.count; i++)
        fine = round_of_series(feed, &vintages.items[i]);
    free(vintages.items);
    return fine;
}

bool feed_round(struct feed *feed, struct feed_result *result, struct fault *fault) {
    *result = (struct feed_result){.left = 0};
    feed->result = result;
    feed->fault = fault;
    feed->uncommitted[0] = feed->uncommitted[1] = 0;
    settle_doubts(feed);
    bool fine = round_of_minutes(feed) && round_of_releases(feed) && commit(feed);
    if (!fine) result->whole = false;
    return fine;
}
