/* What the files of the archiver share. Private to keeper*.c. */
#ifndef NHIP_KEEPER_PARTS_H
#define NHIP_KEEPER_PARTS_H

#include "aggregate/archive/keeper.h"
#include "source.h"

struct target {
    struct source_partition who;
    int64_t from; /* where the archive ended before; -1: it was empty */
    int64_t end;  /* to be archived up to here, exclusive */
    bool due;     /* there is something in front of it that is not archived */
    bool refused;
    struct kept_log log;
    struct kept_writer *writer; /* null: not being read */
};

struct keeper {
    const struct keeper_options *options;
    struct keeper_result *result;
    int lock; /* -1: none */
    char cluster[KEPT_TEXT_BYTES];
    char *topic_text;
    struct target *targets;
    size_t count;
    size_t first, last;   /* the group that is being read */
    struct fault fault;   /* why the partition that is being looked at is refused */
    struct fault refusal; /* of the first one that was */
    struct kept_header *headers;
    size_t header_room;
    int64_t told_ms, told_records, records_before;
};

/* Asks the cluster for its id, the partitions of the topics and their ends; or takes those of `until`. */
bool keeper_find_targets(struct keeper *keeper, struct fault *fault);
/* Looks what the archive holds of it. A partition whose files are damaged is refused; false only when nothing can go on. */
bool keeper_open_target(struct keeper *keeper, struct target *target, struct fault *fault);
/* Says why (keeper->fault), and leaves the partition out. */
void keeper_refuse(struct keeper *keeper, struct target *target);
void keeper_add(struct kept_totals *sum, const struct kept_totals *more);

#endif
