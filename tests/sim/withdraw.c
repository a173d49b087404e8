/* Ranges of records of each log: a long one in the middle, of one source or of all, and a short one near the end, so that windows
 * begin and end inside of them. Drawn from the seed alone and not from the stream of the logs, which stay what they were. */
#include "tests/sim/withdraw.h"

#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_BYTES = 4096 };

static void put_range(FILE *out, int partition, const struct log *log, size_t first, size_t last, const char *source) {
    (void)fprintf(out, "t,%d,%" PRId64 ",%" PRId64 ",%s,drawn,the simulator,2021-10-05\n", partition, log->records[first].offset,
                  log->records[last].next_offset, source);
}

const struct exclusions *withdraw_make(const struct log *logs, int count, uint64_t seed, const char **text) {
    static struct exclusions *list;
    static char written[TEXT_BYTES];
    static const char *const sources[] = {"SRC", "", "CAPA"};
    char path[] = "/tmp/nhip-sim-XXXXXX";
    struct fault fault;
    exclusions_destroy(list);
    list = NULL;
    written[0] = '\0';
    *text = written;
    if (seed % 3 != 0) return NULL;
    FILE *out = fmemopen(written, sizeof(written), "w");
    CHECK(out != NULL);
    (void)fputs("topic,partition,from_offset,to_offset,source,reason,by,date\n", out);
    for (int i = 0; i < count; i++) {
        size_t length = logs[i].count;
        size_t first = length / 5 + seed / 3 % 7;
        put_range(out, i, &logs[i], first, first + length / 4, sources[seed / 21 % 3]);
        put_range(out, i, &logs[i], length - 3 - seed / 63 % 9, length - 2, "");
    }
    CHECK(fclose(out) == 0);
    out = fdopen(mkstemp(path), "w"); /* no write() or close() of ours: the simulator has those */
    CHECK(out != NULL && fputs(written, out) >= 0 && fclose(out) == 0);
    list = exclusions_create(path, &fault);
    CHECK(unlink(path) == 0 && list != NULL);
    return list;
}
