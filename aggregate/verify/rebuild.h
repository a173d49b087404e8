/* A vintage, made again from the log in an empty state of its own: a private redis-server that is thrown away afterwards. */
#ifndef NHIP_VERIFY_REBUILD_H
#define NHIP_VERIFY_REBUILD_H

#include "aggregate/runtime/config.h"
#include "aggregate/verify/passport.h"

#include <stdatomic.h>

struct rebuild_request {
    const char *directory;             /* the vintage */
    const struct passport *passport;   /* what it says of itself */
    const char *logs;                  /* directory with TOPIC-P.ndjson; null: an archive or Kafka */
    const char *archive;               /* directory of nhip archive; null: Kafka */
    const char *work;                  /* an empty directory */
    atomic_bool *stop;
};

/* Reads the offsets that the passport names, and publishes under work/. `made` gets the path of the new vintage. The settings
 * must be those of the vintage: another configuration hash is refused. `config` is changed (addresses, namespace,
 * directories). */
bool rebuild(const struct rebuild_request *request, struct config *config, char made[static 512], struct fault *fault);

#endif
