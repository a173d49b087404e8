/* One run: what its seed has decided, and what is going on. Shared by run.c and faults.c. */
#ifndef NHIP_SIM_PLAN_H
#define NHIP_SIM_PLAN_H

#include "tests/sim/group.h"
#include "tests/sim/net.h"

enum { PARTITIONS_MOST = GLOBAL_CLASS, PROCESSES_MOST = 3 };

enum kind {
    KIND_KILL,         /* a worker dies, anywhere */
    KIND_KILL_SENDING, /* ... in the middle of its bytes */
    KIND_STOP,         /* SIGSTOP and SIGCONT: a zombie */
    KIND_TERM,         /* SIGTERM */
    KIND_REBALANCE,
    KIND_EXPEL,        /* a living member loses its partitions and does not know */
    KIND_CUT,          /* a connection, in the middle of its bytes or behind them */
    KIND_DEAFEN,       /* a connection without the other side knowing */
    KIND_STORM,        /* delays of seconds */
    KIND_REFUSE,       /* OOM, MISCONF, NOREPLICAS, READONLY, LOADING, BUSY, CLUSTERDOWN for a while; no room for clients */
    KIND_LETTERS,      /* dead letters cannot be kept for a while */
    KIND_RETENTION,    /* the log loses its beginning, as far as nobody needs it */
    KIND_MOVE,         /* a slot of the cluster moves to another node */
    KIND_RESTART,      /* Redis loses its tail */
    KIND_FAILOVER,     /* a replica that lags takes over */
    KIND_SPLIT,        /* ... and the old primary goes on for a while */
    KIND_EMPTY,        /* Redis comes back with nothing */
    KIND_EVICT,        /* one key is gone */
    KINDS_OF_FAULT,
};

struct plan {
    uint64_t seed;
    int partitions, processes, nodes;
    bool cluster;
    unsigned kinds;         /* bits of enum kind that this run knows */
    int64_t chaos_us;       /* how long faults come */
    int64_t fault_us;       /* mean time between them */
    uint32_t window_records;
    int64_t window_age_ms;
    int32_t retention_days;
    bool account_sketches;
    size_t cells_max, commit_cells_max;
    int64_t commit_ms;
    int timeout_ms;
    int replicas;
    bool deep; /* the undisturbed run commits after every record, and so knows every state */
    bool accept_empty;
};

struct process {
    int member;
    struct task *task;
    bool ended;         /* its program is over */
    int64_t restart_us; /* how long it stays away after it has ended */
    bool stopped;       /* SIGTERM was sent */
};

extern struct plan plan;
extern struct log run_logs[PARTITIONS_MOST];
extern struct process processes[PROCESSES_MOST];
extern bool was_emptied; /* a partition has no state any more: refusing is right then */
extern bool was_damaged; /* a key was taken: refusing is what must happen, unless nothing is missing in the end */

struct dataset *truth_of(int klass);       /* the data of who serves it now */
void process_terminate(struct process *process);

void faults_begin(void); /* plans the first one */
void faults_heal(void);  /* the last one is over; everything is well from now on */
bool damage_is_hidden(void);
uint64_t faults_made(int kind);

#endif
