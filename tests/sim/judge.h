/* What must hold at every single moment of a run, judged inside the model of Redis, where nothing can be hidden:
 *
 *     a cell changes only in the transaction that advances `next`                                       (I1)
 *     a commit is executed only if epoch, owner and next are what this connection last read             (I2)
 *     ... and only in the name of the claim that holds: nothing is written by a fenced epoch
 *     `next` never falls, and never passes the log's end; a claim raises the epoch by one
 *     delivered = applied + duplicate + quarantined + rejected + ignored                                (I4)
 *     after any commit the state is the one that the undisturbed run had after so many records          (I3; every fourth seed)
 *     the letter of every refused record below the new `next` is durable                                (I6)
 */
#ifndef NHIP_SIM_JUDGE_H
#define NHIP_SIM_JUDGE_H

#include "tests/sim/redis.h"

#include "aggregate/store/keys.h"

struct log;

/* Partitions 0 .. count - 1 of topic "t". `learns`: the undisturbed run, which says what is refused. */
void judge_begin(struct log *logs, int count, const char *name_space, bool learns);
const struct keys *judge_keys(int partition);
struct entry *judge_meta(struct dataset *dataset, int partition);
int64_t judge_number(const struct entry *meta, const char *field, int64_t absent);
bool judge_is_name(struct slice key); /* of a state: the claim that begins it gives it */
/* What a field adds to the print of its partition's state: nothing where states are not compared, and nothing for `next`, which
 * also moves where no record is. */
uint64_t judge_print(const struct entry *entry, struct slice name, struct slice value);
int64_t judge_commits(void);  /* executed so far in this run */
int64_t judge_compared(void); /* of these, compared with a known state */

void judge_task(int task);                 /* a new process: it has claimed nothing yet */
void judge_session(struct session *session);
void judge_read(struct session *session, const struct entry *entry);
void judge_write_alone(const struct session *session, struct slice key); /* outside any transaction */
void judge_unit_begins(const struct session *session);
void judge_write(const struct session *session, int klass, struct slice key);
void judge_unit_ends(struct session *session);

#endif
