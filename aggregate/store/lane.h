/* The inside of a lane, shared by lane.c (replies and reconnecting), commit.c (the cut) and claim.c (opening, recovering,
 * closing).
 *
 * A lane sends far ahead of what it has read, so it keeps a queue of what each coming reply must be. Two facts decide everything:
 *
 *     watched  this connection has itself returned a WATCH reply and an HMGET equal to (epoch, owner, base_next) since its
 *              last EXEC; a commit may be sent only then
 *     state    COMMIT_NONE: base_next is all there is
 *              COMMIT_CUT: the bytes exist; this connection has not sent them, or their EXEC did not count
 *              COMMIT_SENT: they are on the way on this connection */
#ifndef NHIP_LANE_H
#define NHIP_LANE_H

#include "aggregate/store/connection.h"
#include "aggregate/store/keys.h"
#include "aggregate/store/meta.h"
#include "aggregate/store/route.h"

enum expectation {
    EXPECT_NONE = 0,
    EXPECT_QUEUED, /* `count` times OK or QUEUED: MULTI and the commands of the transaction */
    EXPECT_EXEC,
    EXPECT_WAIT, /* how many replicas have the EXEC in front of it */
    EXPECT_WATCH,
    EXPECT_META, /* HMGET f epoch owner next */
    EXPECT_HASH, /* HGETALL of a cold hash */
    EXPECT_VOID, /* a hash whose reply is of no use any more: asked again elsewhere */
};

struct expected {
    enum expectation kind;
    size_t count;
    struct hash_id id;
};

struct expected_queue {
    struct expected *items; /* items[first .. length) are outstanding */
    size_t first, length, capacity;
};

struct hash_list {
    struct hash_id *items;
    size_t length, capacity;
};

/* A cold hash that Redis has answered and that waits for its roll-up. */
struct answer {
    struct hash_id id;
    redisReply *reply;
};

struct answer_list {
    struct answer *items;
    size_t length, capacity;
};

/* A dirty hash of this cut and the record that changed it last. */
struct change {
    struct hash_id id;
    int64_t offset;
};

struct change_list {
    struct change *items;
    size_t length, capacity;
};

enum commit_state { COMMIT_NONE = 0, COMMIT_CUT, COMMIT_SENT };

struct commit {
    enum commit_state state;
    struct resp bytes; /* MULTI .. EXEC, WATCH, HMGET: kept until confirmed */
    size_t commands;   /* between MULTI and EXEC */
    int64_t next;      /* `next` once it is applied */
    bool voided;       /* its EXEC was nil; the HMGET behind it tells why */
    bool executed;     /* its EXEC was applied, on this connection: then ... */
    int64_t copies;    /* ... so many replicas have it */
    /* Scratch of the cut, kept for its memory. */
    struct resp arguments;
    size_t argument_count;
    struct hash_id open; /* the hash whose fields are being collected */
    int64_t open_offset;
    bool open_changed;
    struct change_list changes;
    struct hash_list retired;
};

struct lane {
    struct store_options options;
    struct source_partition who; /* topic: `topic` below */
    char topic[TOPIC_BYTES_MAX + 1];
    struct keys keys;
    struct route route;            /* where the partition's slot was seen last: options.address */
    struct connection *connection; /* null: lost, to be opened again */
    struct expected_queue expected;
    int64_t asked_ms; /* when the queue was last put from empty to not empty */

    int64_t epoch;
    char owner[NONCE_BYTES];
    int64_t base_next;       /* what Redis is known to hold */
    int64_t safe_next;       /* what enough replicas are known to hold; base_next when none are asked for */
    int64_t past_next;       /* what a witness says was committed before this claim; -1: nobody knows */
    struct progress claimed; /* as read by the claim, for lane_recover() */
    bool watched;
    bool verifying; /* lane_verify() was called, and no meta has come since */
    bool end;
    struct commit commit;

    struct hash_list unread; /* cold hashes to be asked for */
    bool missed;             /* the last one that was answered was not there */
    struct answer_list answers;

    struct fault refusal; /* first error among the QUEUED replies; FAULT_NONE: none */
    bool detour;          /* ... and it means that another node is to be asked */
    struct fault trouble; /* retriable, to be reported once; FAULT_NONE: none */
    struct fault broken;  /* for ever: fenced, corrupt, forbidden */
};

enum { RECONNECT_MS_MAX = 1000 }; /* a lane that is lost may hold its worker this long per attempt */

/* lane.c */
void lane_expect(struct lane *lane, enum expectation kind, size_t count, struct hash_id id);
bool lane_reopen(struct lane *lane, struct fault *fault);     /* connects; WATCH and HMGET are on their way */
void lane_lose(struct lane *lane, const struct fault *fault); /* closes; what was on its way will be asked again */
bool lane_waiting(const struct lane *lane);                   /* replies are outstanding */
/* Takes one reply or waits for it; false when none came in time or the lane stands still (trouble, broken, lost). */
bool lane_turn(struct lane *lane, int timeout_ms);
bool lane_ask(struct lane *lane); /* sends for all unread hashes, when that is allowed now */
bool lane_fill(struct lane *lane, struct rollup *rollup, struct fault *fault); /* hands answered hashes to the roll-up */
void lane_collect(struct lane *lane, struct rollup *rollup);                   /* takes the roll-up's cold hashes into `unread` */
bool lane_report(struct lane *lane, struct fault *fault); /* true when nothing is wrong; trouble is reported once */
bool lane_break(struct lane *lane, enum stop stop, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* commit.c */
void commit_send(struct lane *lane); /* CHECKs that the lane is watched */
void commit_free(struct commit *commit);
void resp_chain(struct resp *out, const struct lane *lane); /* WATCH f; HMGET f epoch owner next */

#endif
