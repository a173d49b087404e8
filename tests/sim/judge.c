/* The judge: see judge.h. It looks at meta before and after each transaction and at which keys were written between. */
#include "tests/sim/judge.h"

#include "check.h"
#include "tests/sim/letters.h"
#include "tests/sim/logs.h"
#include "tests/sim/plan.h"
#include "tests/sim/world.h"

#include "aggregate/store/meta.h"

#include <inttypes.h>
#include <xxhash.h>

struct moment {
    char epoch[OWNER_BYTES], owner[OWNER_BYTES];
    int64_t next, epoch_number;
};

static struct {
    struct log *logs;
    int count;
    bool learns;
    struct keys keys[CLASSES_MAX];
    struct slice names[CLASSES_MAX];
    struct key texts[CLASSES_MAX];
    char claims[TASKS_MAX][CLASSES_MAX][OWNER_BYTES];
    int64_t commits, compared;
    /* the unit at hand */
    int klass; /* -1: none yet */
    bool meta_written, cells_written, named;
    struct moment before;
} judge;

void judge_begin(struct log *logs, int count, const char *name_space, bool learns) {
    memset(judge.claims, 0, sizeof(judge.claims));
    judge.logs = logs;
    judge.count = count;
    judge.learns = learns;
    judge.commits = judge.compared = 0;
    for (int i = 0; i < count; i++) {
        struct fault fault;
        CHECK(keys_create(&judge.keys[i], name_space, (struct source_partition){"t", i}, &fault));
        judge.names[i] = key_meta(&judge.keys[i], &judge.texts[i]);
    }
}

const struct keys *judge_keys(int partition) {
    return &judge.keys[partition];
}

struct entry *judge_meta(struct dataset *dataset, int partition) {
    return dataset_entry(dataset, judge.names[partition]);
}

int64_t judge_commits(void) {
    return judge.commits;
}

int64_t judge_compared(void) {
    return judge.compared;
}

int64_t judge_number(const struct entry *meta, const char *field, int64_t absent) {
    int64_t number = 0;
    struct slice text = dataset_get(meta, slice_of(field));
    return text.data != NULL && decimal_read(text, &number) ? number : absent;
}

static void text_of(const struct entry *meta, const char *field, char out[static OWNER_BYTES]) {
    struct slice text = dataset_get(meta, slice_of(field));
    size_t length = text.length < OWNER_BYTES ? text.length : OWNER_BYTES - 1;
    if (length > 0) memcpy(out, text.data, length);
    out[length] = '\0';
}

static struct moment look(const struct entry *meta) {
    struct moment moment;
    text_of(meta, "epoch", moment.epoch);
    text_of(meta, "owner", moment.owner);
    moment.next = judge_number(meta, "next", -2);
    moment.epoch_number = judge_number(meta, "epoch", 0);
    return moment;
}

bool judge_is_name(struct slice key) {
    static const char mark[] = ":b:{";
    return memmem(key.data, key.length, mark, sizeof(mark) - 1) != NULL;
}

uint64_t judge_print(const struct entry *entry, struct slice name, struct slice value) {
    if (entry->klass == GLOBAL_CLASS || judge_is_name(entry->key)) return 0;
    bool meta = slice_equal(entry->key, judge.names[entry->klass]);
    if (meta && (!meta_field_is_authoritative(name) || slice_equal(name, SLICE("next")))) return 0;
    uint64_t print = XXH3_64bits_withSeed(entry->key.data, entry->key.length, 0);
    print = XXH3_64bits_withSeed(name.data, name.length, print);
    return XXH3_64bits_withSeed(value.data, value.length, print);
}

void judge_task(int task) {
    memset(judge.claims[task], 0, sizeof(judge.claims[task]));
}

void judge_session(struct session *session) {
    if (session->task < 0) return;
    memcpy(session->owners, judge.claims[session->task], sizeof(session->owners));
}

static bool is_meta(struct slice key, int klass) {
    return klass < judge.count && slice_equal(key, judge.names[klass]);
}

void judge_read(struct session *session, const struct entry *entry) {
    if (!is_meta(entry->key, entry->klass)) return;
    struct licence *read = &session->read[entry->klass];
    read->known = true;
    text_of(entry, "epoch", read->epoch);
    text_of(entry, "owner", read->owner);
    text_of(entry, "next", read->next);
}

void judge_write_alone(const struct session *session, struct slice key) {
    int klass = redis_class(key);
    if (klass == GLOBAL_CLASS) return;
    violation("worker %c writes %.*s outside a transaction", 'A' + session->task, (int)key.length, key.data);
}

void judge_unit_begins(const struct session *session) {
    (void)session;
    judge.klass = -1;
    judge.meta_written = judge.cells_written = judge.named = false;
}

void judge_write(const struct session *session, int klass, struct slice key) {
    if (klass == GLOBAL_CLASS) return;
    if (judge.klass < 0) {
        judge.klass = klass;
        judge.before = look(judge_meta(session->node->data, klass));
    }
    if (judge.klass != klass) violation("a transaction writes to two partitions");
    if (is_meta(key, klass)) {
        judge.meta_written = true;
    } else if (judge_is_name(key)) {
        judge.named = true; /* the state's name: a claim gives it, nobody else */
    } else {
        judge.cells_written = true;
    }
}

static void judge_claim(struct session *session, const struct moment *after) {
    const struct moment *before = &judge.before;
    int klass = judge.klass;
    TRACE("redis: t/%d claimed by %c: epoch %s owner %s next %" PRId64, klass, 'A' + session->task, after->epoch, after->owner,
          after->next);
    if (judge.cells_written) violation("t/%d: a claim writes cells", klass);
    if (after->epoch_number != before->epoch_number + 1)
        violation("t/%d: a claim takes the epoch from %s to %s", klass, before->epoch, after->epoch);
    if (after->next != before->next) violation("t/%d: a claim moves `next`", klass);
    memcpy(session->owners[klass], after->owner, OWNER_BYTES);
    if (session->task >= 0 && !session->given_up) memcpy(judge.claims[session->task][klass], after->owner, OWNER_BYTES);
}

static void judge_licence(const struct session *session) {
    const struct moment *before = &judge.before;
    const struct licence *read = &session->read[judge.klass];
    int klass = judge.klass;
    char next[OWNER_BYTES] = "";
    if (before->next != -2) (void)snprintf(next, sizeof(next), "%" PRId64, before->next);
    if (strcmp(before->owner, session->owners[klass]) != 0)
        violation("t/%d: worker %c writes in the name of claim %s, which is fenced: %s holds it", klass, 'A' + session->task,
                  session->owners[klass], before->owner);
    if (!read->known || strcmp(read->epoch, before->epoch) != 0 || strcmp(read->owner, before->owner) != 0 ||
        strcmp(read->next, next) != 0)
        violation("t/%d: worker %c writes at epoch %s owner %s next %s, but its connection has last read %s %s %s", klass,
                  'A' + session->task, before->epoch, before->owner, next, read->epoch, read->owner, read->next);
}

static void judge_counts(const struct entry *meta) {
    int64_t sum = 0;
    static const char *const parts[] = {"applied", "duplicate", "quarantined", "rejected", "ignored"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) sum += judge_number(meta, parts[i], INT32_MIN);
    if (sum != judge_number(meta, "delivered", -1)) violation("t/%d: the counts do not add up", judge.klass);
    if (judge_number(meta, "ordinal", -1) != sum) violation("t/%d: delivered is not the ordinal", judge.klass);
}

static void judge_commit(const struct session *session, const struct entry *meta, const struct moment *after) {
    const struct moment *before = &judge.before;
    struct log *log = &judge.logs[judge.klass];
    TRACE("redis: t/%d committed by %c: next %" PRId64 " -> %" PRId64, judge.klass, 'A' + session->task, before->next,
          after->next);
    judge.commits++;
    judge_licence(session);
    if (after->next < before->next)
        violation("t/%d: next falls from %" PRId64 " to %" PRId64, judge.klass, before->next, after->next);
    if (after->next > log->end) violation("t/%d: next %" PRId64 " is behind the end of the log", judge.klass, after->next);
    judge_counts(meta);
    if (judge.named) violation("t/%d: a commit names the state", judge.klass);
    uint64_t *known = &log->prints[judge_number(meta, "ordinal", 0)];
    uint64_t print = dataset_print(session->node->data, judge.klass);
    if (judge.learns) {
        *known = print;
        return;
    }
    judge.compared += *known != 0;
    if (*known != 0 && *known != print && !was_damaged)
        violation("t/%d: the state at %" PRId64 " is not what %" PRId64 " records make", judge.klass, after->next,
                  judge_number(meta, "ordinal", 0));
    int64_t missing = letters_missing(log, after->next);
    if (missing >= 0)
        violation("t/%d: next %" PRId64 " passes the refused record %" PRId64 ", whose letter is not durable", judge.klass,
                  after->next, missing);
}

void judge_unit_ends(struct session *session) {
    if (judge.klass < 0) return;
    const struct entry *meta = judge_meta(session->node->data, judge.klass);
    struct moment after = look(meta);
    if (!judge.meta_written) violation("t/%d: cells are written in a transaction without meta", judge.klass);
    if (strcmp(after.epoch, judge.before.epoch) != 0) {
        judge_claim(session, &after);
    } else if (strcmp(after.owner, judge.before.owner) != 0) {
        TRACE("redis: t/%d released by %c", judge.klass, 'A' + session->task);
        judge_licence(session);
        if (judge.cells_written) violation("t/%d: a release writes cells", judge.klass);
    } else {
        judge_commit(session, meta, &after);
    }
}
