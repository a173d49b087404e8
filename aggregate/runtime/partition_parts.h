/* The inside of a partition: its life is in partition.c, what it does with records in partition_feed.c. Private to them. */
#ifndef NHIP_PARTITION_PARTS_H
#define NHIP_PARTITION_PARTS_H

#include "aggregate/runtime/partition.h"

/* Counted in events: those of a message that lies across the window's beginning included. */
struct rebuild {
    int64_t total; /* -1: nobody knows (behind a gap) */
    int64_t done;
    int64_t claim_ms; /* what the claim and reading the state took, before the rebuild */
    int64_t started_ms;
    int64_t told_ms; /* the last line of progress ... */
    int64_t told;    /* ... and `done` in it */
};

struct partition {
    const struct partition_context *context;
    struct source_partition who;
    const struct mapping *mapping; /* null: canonical messages */
    const struct exclusion *ranges; /* of withdrawn deliveries in it ... */
    size_t range_count;             /* ... 0: nothing is asked of any record */
    struct lane *lane;
    struct rollup *rollup;
    struct rebuild rebuild;
    int64_t rebuild_until; /* records below it only rebuild the window */
    int64_t read_next;     /* where reading goes on */
    int64_t replay_until;  /* records from there up to this are read again, because Redis went back */
    bool gap_due;          /* a gap was accepted that is not on its way to Redis yet */
    bool rebuilt;          /* and what was read is what the state was built from */
    int64_t time_ms;       /* record time of the event before; mapped messages of sources without times only */
    int64_t cut_next;      /* `next` of the last cut */
    int64_t committed_next;
    int64_t commit_due_ms;
    int64_t sent_ms;       /* when the commit in flight was sent ... */
    int64_t sent_cells;    /* ... and how many cells are in it */
    bool parked;
    bool in_flight;
    bool verifying;       /* Redis was asked whether it still stands there */
    int64_t heard_ms;     /* when it last said so */
    bool unconfirmed;     /* the last commit that was answered is not on enough replicas */
    bool letters_waiting; /* dead letters put since the last flush */
    bool at_end;          /* the source has said that the log ends here for now */
    bool committed_end;   /* what the last cut said of it */
};

/* partition_feed.c: once, when the window is rebuilt: is it what it was? */
bool partition_prove(struct partition *partition, struct fault *fault);

#endif
