/* The codes of the messages that stop the program: one table, from which come the codes that are printed, the exit codes and
 * the list in ops/README.md (`nhip config --stops`).
 *
 * A row a thing that an operator does about it, not a row a sentence of the code: sentences that have the same remedy share a
 * code. A new message takes the row that fits. Where none does, add one at the end of its letter, never reuse or renumber
 * (people have the codes in their alerts), and write its entry in ops/README.md: what happened, what is safe, what to type;
 * tests/docs.sh compares both. U: command line and settings. F: files as a source, and files in general. K: Kafka. R: Redis
 * and the state in it. B: backups, restores, promotions. S: snapshots. A: archives of consumed records. M: memory. X: mistakes of
 * nhip itself.
 *
 * X(name, code, kind, title): STOP_<name> is what fault_set() takes. */
#ifndef NHIP_STOPS_H
#define NHIP_STOPS_H

#define STOPS(X)                                                                                                     \
    X(USAGE, "U01", FAULT_USAGE, "the command line is not understood")                                               \
    X(OFFSETS, "U02", FAULT_USAGE, "offsets that are not understood, or name a partition that is not read")          \
    X(SETTING, "U03", FAULT_CONFIG, "a setting is unknown, missing, or has a value that is not accepted")            \
    X(SETTING_FILE, "U04", FAULT_CONFIG, "a file that a setting names is missing, or not what it should be")         \
    X(KAFKA_SETTING, "U05", FAULT_CONFIG, "librdkafka or nhip does not accept a kafka.* setting")                    \
    X(TLS_FILE, "U06", FAULT_CONFIG, "a certificate or key for Redis cannot be used")                                \
    X(JSON, "U07", FAULT_CONFIG, "a JSON file is not well-formed")                                                   \
    X(SOURCES, "U08", FAULT_CONFIG, "sources.json says what is not accepted")                                        \
    X(MAPPING, "U09", FAULT_CONFIG, "a mapping cannot be compiled")                                                  \
    X(MAPPING_CLASH, "U10", FAULT_CONFIG, "two mappings, or a mapping and a copy of records, exclude each other")    \
    X(DEFINITIONS, "U11", FAULT_CONFIG, "the definitions of a snapshot say what is not accepted")                    \
    X(CSV, "U12", FAULT_CONFIG, "the first line of a registry file is not understood")                               \
    X(CSV_ROWS, "U13", FAULT_CONFIG, "rows of a registry file are refused")                                          \
    X(SAME_PARTITION, "U14", FAULT_USAGE, "two files are the same partition")                                        \
    X(EXCLUSIONS, "U15", FAULT_CONFIG, "exclusions.file says what is not accepted")                                  \
    X(FILE_UNREADABLE, "F01", FAULT_IO, "a file cannot be read")                                                     \
    X(FILE_UNWRITABLE, "F02", FAULT_IO, "a file cannot be written")                                                  \
    X(FILE_OTHER, "F03", FAULT_REFUSED, "a file is not the one that the state comes from")                           \
    X(PIPE, "F04", FAULT_REFUSED, "a pipe cannot be read again")                                                     \
    X(KAFKA_SILENT, "K01", FAULT_UNREACHABLE, "Kafka does not answer")                                               \
    X(KAFKA_CLOSED, "K02", FAULT_CONFIG, "Kafka does not let us in")                                                 \
    X(TOPIC_MISSING, "K03", FAULT_SOURCE, "a topic does not exist")                                                  \
    X(TOPIC_DELETED, "K04", FAULT_SOURCE, "a topic was deleted while it was read")                                   \
    X(LOG_PASSED, "K05", FAULT_REFUSED, "the log starts after what the state needs")                                 \
    X(LOG_SHORT, "K06", FAULT_REFUSED, "the log ends before the state")                                              \
    X(LOG_OTHER, "K07", FAULT_REFUSED, "the log is not the one that the state was built from")                       \
    X(LOG_HOLES, "K08", FAULT_REFUSED, "records that the state has seen have gone from the log")                     \
    X(CLUSTER_OTHER, "K09", FAULT_REFUSED, "the state was read from another Kafka cluster")                          \
    X(RECORD_LARGE, "K10", FAULT_SOURCE, "a record or a batch is larger than the settings allow")                    \
    X(RECORD_BOMB, "K11", FAULT_SOURCE, "a batch is a compression bomb, or damaged")                                 \
    X(KAFKA_FATAL, "K12", FAULT_SOURCE, "librdkafka has given up")                                                   \
    X(KAFKA_ERROR, "K13", FAULT_SOURCE, "Kafka answered with an error")                                              \
    X(RECORD_NOT_TAKEN, "K14", FAULT_SOURCE, "Kafka did not take a record")                                          \
    X(TOPIC_NOT_MADE, "K15", FAULT_SOURCE, "a topic was not made")                                                   \
    X(PARTITIONS_MANY, "K16", FAULT_SOURCE, "more partitions were assigned than one process takes")                  \
    X(GROUP_LEFT, "K17", FAULT_SOURCE, "the consumer group has taken a partition away")                              \
    X(REDIS_SILENT, "R01", FAULT_UNREACHABLE, "Redis does not answer")                                               \
    X(REDIS_ERROR, "R02", FAULT_STORE, "Redis answered with an error")                                               \
    X(REDIS_CLOSED, "R03", FAULT_REFUSED, "Redis does not let us in")                                                \
    X(REDIS_EVICTS, "R04", FAULT_REFUSED, "Redis would delete counters when memory is short")                        \
    X(REDIS_UNFIT, "R05", FAULT_REFUSED, "Redis is too old, or hides what nhip must know")                           \
    X(REDIS_TLS, "R06", FAULT_REFUSED, "Redis and nhip do not trust each other (TLS)")                               \
    X(REDIS_EMPTY, "R07", FAULT_REFUSED, "the state is gone: Redis was emptied or replaced")                         \
    X(STATE_GONE, "R08", FAULT_REFUSED, "keys of the state are gone")                                                \
    X(STATE_DAMAGED, "R09", FAULT_REFUSED, "the state in Redis is damaged")                                          \
    X(LAYOUT, "R10", FAULT_REFUSED, "the state was written by another version of nhip")                              \
    X(CONFIGURATION, "R11", FAULT_REFUSED, "the state was counted under another configuration")                      \
    X(FENCED, "R12", FAULT_FENCED, "another process has claimed a partition")                                        \
    X(WENT_BACK, "R13", FAULT_WENT_BACK, "Redis went back to an older state")                                        \
    X(NOTHING_COUNTED, "R14", FAULT_REFUSED, "the namespace holds no state yet")                                     \
    X(RESTORE_OPEN, "R15", FAULT_REFUSED, "a restore is under way, or was broken off")                               \
    X(UNCONFIRMED, "R16", FAULT_UNREACHABLE, "a commit was not confirmed in time")                                   \
    X(READER_OUTRUN, "R17", FAULT_UNREACHABLE, "commits come faster than the state can be read")                     \
    X(CLAIM_CONTESTED, "R18", FAULT_UNREACHABLE, "others claim a partition at the same time")                        \
    X(BACKUP_EXISTS, "B01", FAULT_IO, "a backup's directory exists and is not empty")                                \
    X(BACKUP_BROKEN, "B02", FAULT_REFUSED, "a backup is not whole, or not what was written")                         \
    X(BACKUP_VERSION, "B03", FAULT_REFUSED, "a backup was written by another version of nhip")                       \
    X(BACKUP_SPOILT, "B04", FAULT_REFUSED, "a state was damaged before it was backed up")                            \
    X(RESTORE_OCCUPIED, "B05", FAULT_REFUSED, "the namespace to be restored is not empty")                           \
    X(RESTORE_RIVAL, "B06", FAULT_REFUSED, "something else works in the namespace that is being restored")           \
    X(PROMOTE_LAG, "B07", FAULT_REFUSED, "the namespace to be promoted is not where the current one is")             \
    X(PROMOTE_RIVAL, "B08", FAULT_REFUSED, "somebody else promoted a namespace at the same moment")                  \
    X(PROMOTE_NOTHING, "B09", FAULT_REFUSED, "there is nothing to promote, or to go back to")                        \
    X(AS_OF_PAST, "S01", FAULT_REFUSED, "a snapshot of the past is asked for")                                       \
    X(STATES_MIXED, "S02", FAULT_REFUSED, "partitions were counted under different configurations")                  \
    X(REGISTRY_RULE, "S03", FAULT_REFUSED, "a stored registry record breaks a rule")                                 \
    X(VERIFY_DIFFERS, "S04", FAULT_REFUSED, "a vintage is not what the log, or the manifest, says")                  \
    X(RELEASE_PAST, "S05", FAULT_REFUSED, "a release would be older than the one before it")                         \
    X(STAGED, "S06", FAULT_REFUSED, "a headline jumped beyond its bound: the release waits for a judgement")          \
    X(NOT_STAGED, "S07", FAULT_REFUSED, "no release of that name waits for a judgement")                             \
    X(STAGED_OVERTAKEN, "S08", FAULT_REFUSED, "a later release overtook one that waited for a judgement")            \
    X(ARCHIVE_BUSY, "A01", FAULT_REFUSED, "another process is writing on the archive")                               \
    X(ARCHIVE_BROKEN, "A02", FAULT_REFUSED, "a file of an archive is damaged, missing, or overlaps another")         \
    X(ARCHIVE_PASSED, "A03", FAULT_REFUSED, "Kafka has deleted records that were not archived yet")                  \
    X(ARCHIVE_OTHER, "A04", FAULT_REFUSED, "the log is not the one that was archived")                               \
    X(ARCHIVE_SHORT, "A05", FAULT_REFUSED, "an archive does not hold what a vintage was counted from")               \
    X(MEMORY, "M01", FAULT_MEMORY, "memory is short")                                                                \
    X(BROKEN_PROMISE, "X01", FAULT_NONE, "nhip has found a mistake of its own")                                      \
    X(REPLAY_DIFFERS, "X02", FAULT_REFUSED, "the demo's replay gave another table")                                  \
    X(DEMO_SHORT, "X03", FAULT_SOURCE, "the demo was interrupted, or not all of its records came through")           \
    X(PRIVATE_REDIS, "X04", FAULT_UNREACHABLE, "the demo's redis-server did not start")

#endif
