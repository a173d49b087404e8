/* Gaps: what the log has lost before it was read, and what a state that goes on without it still knows.
 *
 * Kafka deletes by age and size and asks nobody. When it has deleted what a state needs, the state is true up to its offset and
 * cannot be continued exactly; a person may decide to go on all the same. Then the state says so for ever: which offsets were
 * never counted, and from when to when. Going on is again a function of the log, with the gap as part of the configuration: the
 * window begins anew at the first record that is left.
 *
 * Records in front of `next` that are left fill the window and are not counted a second time. How many they are nobody knows
 * before they are read, so they get ordinals of their own, behind those that were given out: `reread` is their number.
 *
 * When does a gap end? What was lost lies between the records before it and those behind it. The record time of those behind it
 * says so, but a single one may have a broken clock, and record_time_max moves a day a record at most: the gap ends with the
 * first record that is later than all before the gap and that record_time_max has caught up with. */
#include "aggregate/rollup/state.h"

#include "check.h"

int64_t gap_reread(const struct progress *progress) {
    int64_t reread = 0;
    for (int64_t i = 0; i < progress->gap_count; i++) {
        if (progress->gaps[i].reread > 0) reread += progress->gaps[i].reread;
    }
    return reread;
}

int64_t progress_lost(const struct progress *progress) {
    int64_t lost = 0;
    for (int64_t i = 0; i < progress->gap_count; i++) lost += progress->gaps[i].to - progress->gaps[i].from;
    return lost;
}

bool progress_pass_gap(struct progress *progress, int64_t first, struct fault *fault) {
    CHECK(first > progress->window_offset);
    if (progress->gap_count == GAPS_MAX) {
        return fault_set(fault, STOP_LOG_PASSED, false,
                         "the state has %d gaps already and takes no more: count anew from what the log holds, in a new "
                         "`namespace`",
                         GAPS_MAX);
    }
    int64_t record_time_ms = progress->record_time_max_ms;
    bool behind = progress->watermark_ms != INT64_MIN && progress->watermark_ms < record_time_ms;
    progress->gaps[progress->gap_count++] = (struct gap){
        .from = progress->next,
        .to = first > progress->next ? first : progress->next,
        .reread = first < progress->next ? -1 : 0,
        .since_ms = behind ? progress->watermark_ms : record_time_ms,
        .record_time_ms = record_time_ms,
        .until_ms = INT64_MAX,
    };
    if (first > progress->next) progress->next = first;
    progress->window_offset = first;
    progress->window_element = 0;
    progress->window_ordinal = progress->ordinal;
    progress->window_record_time_max_ms = record_time_ms;
    if (progress->tail_offset < first) {
        progress->tail_offset = -1;
        progress->tail_print = 0;
    }
    return true;
}

void gap_restore(struct rollup *rollup) {
    const struct progress *progress = &rollup->progress;
    rollup->gap_open = false;
    for (int64_t i = 0; i < progress->gap_count; i++)
        rollup->gap_open = rollup->gap_open || progress->gaps[i].until_ms == INT64_MAX;
    rollup->rereading = progress->gap_count > 0 && progress->gaps[progress->gap_count - 1].reread < 0;
}

void gap_note(struct rollup *rollup, int64_t record_time_ms) {
    struct progress *progress = &rollup->progress;
    if (record_time_ms > progress->record_time_max_ms) return;
    rollup->gap_open = false;
    for (int64_t i = 0; i < progress->gap_count; i++) {
        struct gap *gap = &progress->gaps[i];
        if (gap->until_ms == INT64_MAX && record_time_ms > gap->record_time_ms) gap->until_ms = progress->record_time_max_ms;
        rollup->gap_open = rollup->gap_open || gap->until_ms == INT64_MAX;
    }
}

void gap_settle(struct rollup *rollup) {
    struct progress *progress = &rollup->progress;
    const struct window *window = &rollup->window;
    bool empty = window->span.live == 0;
    progress->gaps[progress->gap_count - 1].reread = window->span.next - progress->ordinal;
    progress->ordinal = window->span.next;
    progress->window_offset = empty ? progress->next : window->tail_offset;
    progress->window_element = empty ? 0 : window->tail_element;
    progress->window_ordinal = window_ordinal(window);
    progress->window_record_time_max_ms = empty ? window->record_time_max_ms : window->before_record_time_max_ms;
    progress->record_time_max_ms = window->record_time_max_ms;
    rollup->rereading = false;
}
