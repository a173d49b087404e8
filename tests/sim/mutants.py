#!/usr/bin/env python3
"""mutants.py BUILD [NAME ...]: mistakes planted in copies of the sources, each of which the simulator must find.

Each mutant is a few replacements in one file. The copy is compiled and linked in front of the library, so that nothing of it
exists in any other program. Seeds 1, 2, 3 ... are run until a violation; a mutant that survives SEEDS_MAX of them is a hole in
the simulator, and the exit status is 1. Mutants marked ORACLE change what the state means, alike in every run of theirs: no
comparison of runs can see them, and the Python oracle must (oracle.py).

mutants.py --check: whether each still fits the sources (tests/docs.sh).
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import time

SEEDS_MAX = 20000
ORACLE_SEEDS_MAX = 2000
SECONDS_MAX = 400
PARALLEL = 2

LANE, COMMIT, CLAIM = "aggregate/store/lane.c", "aggregate/store/commit.c", "aggregate/store/claim.c"
PARTITION, WORKER, FEED = ("aggregate/runtime/%s.c" % name for name in ("partition", "worker", "partition_feed"))
EXCLUSIONS, SKETCH = "aggregate/runtime/exclusions.c", "aggregate/rollup/sketch.c"
ROLLUP, CUT, BOOK, WINDOW = ("aggregate/rollup/%s.c" % name for name in ("rollup", "cut", "book", "window"))

# name, what is wrong, judged by, file, replacements
MUTANTS = [
    ("no-watch", "commit without WATCH", "sim", COMMIT,
     [('RESP_COMMAND(out, SLICE("WATCH"), meta);', 'RESP_COMMAND(out, SLICE("UNWATCH"));')]),
    ("shared-connection", "two partitions on one connection: the other's EXEC has dropped the WATCH", "sim", COMMIT,
     [('    RESP_COMMAND(&commit->bytes, SLICE("MULTI"));',
       '    if (lane->who.partition > 0) RESP_COMMAND(&commit->bytes, SLICE("UNWATCH"));\n'
       '    RESP_COMMAND(&commit->bytes, SLICE("MULTI"));'),
      ("EXPECT_QUEUED, 1 + commit->commands,", "EXPECT_QUEUED, (lane->who.partition > 0) + 1 + commit->commands,")]),
    ("offset-apart", "the offset before the cells, not in one EXEC", "sim", COMMIT,
     [('    RESP_COMMAND(&commit->bytes, SLICE("MULTI"));\n    rollup_cut(rollup, &writer);',
       '    RESP_COMMAND(&commit->bytes, SLICE("MULTI"));\n    write_meta(lane, rollup_progress(rollup));\n'
       '    RESP_COMMAND(&commit->bytes, SLICE("EXEC"));\n    RESP_COMMAND(&commit->bytes, SLICE("MULTI"));\n'
       '    commit->commands = 0;\n    rollup_cut(rollup, &writer);'),
      ("EXPECT_QUEUED, 1 + commit->commands,", "EXPECT_QUEUED, 4 + commit->commands,")]),
    ("cold-early", "a cold cell is read before the WATCH of a repeated commit", "sim", LANE,
     [("lane->connection == NULL || lane->commit.state == COMMIT_CUT) return false;",
       "lane->connection == NULL) return false;")]),
    ("cold-kept", "answers read behind a commit that did not count are kept", "sim", LANE,
     [("    lane->commit.state = COMMIT_CUT;\n    void_reads(lane);", "    lane->commit.state = COMMIT_CUT;")]),
    ("letter-late", "dead letters are flushed after the EXEC", "sim", PARTITION,
     [("        if (!deadletter_flush(context->deadletter, DEADLETTER_FLUSH_MS, fault)) return false;\n", ""),
      ("        partition->letters_waiting = false;\n    }\n", "    }\n"),
      ("    partition->cut_next = next;\n    partition->committed_end",
       "    if (partition->letters_waiting) {\n        struct fault later;\n        partition->letters_waiting = "
       "!deadletter_flush(context->deadletter, DEADLETTER_FLUSH_MS, &later);\n    }\n"
       "    partition->cut_next = next;\n    partition->committed_end")]),
    ("letter-forgotten", "a flush of letters that failed is not repeated", "sim", PARTITION,
     [("DEADLETTER_FLUSH_MS, fault)) return false;",
       "DEADLETTER_FLUSH_MS, fault)) {\n            partition->letters_waiting = false;\n            return false;\n        }")]),
    ("refresh-on-sight", "a fact of the window that is seen again stays longer", "sim", WINDOW,
     [("    if (look->event.age != 0)\n        look->payload",
       "    if (look->event.age != 0) ((struct window *)(uintptr_t)window)->age_ms_max += 600000;\n"
       "    if (look->event.age != 0)\n        look->payload")]),
    ("bucket-again", "a bucket that retention has passed is written again: cells come behind its DEL", "sim", CUT,
     [("    for (size_t i = 0; i < expired_count; i++) bucket_each(rollup, keys[i], shelf_drop, writer);\n",
       "    for (size_t i = 0; i < expired_count && table->dirty_count == 0; i++)\n"
       "        bucket_each(rollup, keys[i], shelf_drop, writer);\n"),
      ("        bucket_each(rollup, keys[i], shelf_retire, writer);",
       "        if (dirty_count == 0) bucket_each(rollup, keys[i], shelf_retire, writer);")]),
    ("epoch-unchecked", "the HMGET behind a fresh WATCH is not compared with the claim", "sim", LANE,
     [("bool ours = epoch == lane->epoch && slice_equal(owner, slice_of(lane->owner));",
       "bool ours = epoch >= 0 && owner.data != NULL;")]),
    ("nonce-unchecked", "the HMGET is compared with the epoch alone, not with the owner", "sim", LANE,
     [("bool ours = epoch == lane->epoch && slice_equal(owner, slice_of(lane->owner));",
       "bool ours = epoch == lane->epoch && owner.data != NULL;")]),
    # With `!lane->watched` alone left out nothing is found in 400 s: it takes a claim that is overtaken while it reads its state,
    # and then a Redis that says nothing for as long as the claim waits for its last word.
    ("release-fenced", "a worker that was fenced takes off the name, which is another's by now", "sim", CLAIM,
     [("if (lane->broken.code != FAULT_NONE || lane->connection == NULL || !lane->watched) return;",
       "if (lane->connection == NULL) return;"),
      ("if (release && lane->connection != NULL && lane->commit.state == COMMIT_NONE) release_claim(lane);",
       "if (lane->connection != NULL) release_claim(lane);")]),
    ("blind-resend", "an ambiguous commit is sent again before meta is read", "sim", LANE,
     [("    resp_free(&out);\n    if (!fine) {\n        lane_lose",
       "    resp_free(&out);\n    lane->watched = fine;\n    if (!fine) {\n        lane_lose")]),
    ("base-not-reread", "after a reconnect `next` is not compared with what was committed", "sim", LANE,
     [("if (next != lane->base_next || commit->state == COMMIT_SENT) {",
       "if (next > lane->base_next + 1000000 || commit->state == COMMIT_SENT) {")]),
    ("window-not-rebuilt", "the window is not rebuilt", "sim", PARTITION,
     [("SOURCE_START_BEGINNING : progress.window_offset;", "SOURCE_START_BEGINNING : progress.next;"),
      ("partition->rebuild_until = progress.next;", "partition->rebuild_until = progress.next;\n    partition->rebuilt = true;"
       "\n    rollup_believe(partition->rollup);")]),
    ("window-one-short", "the window is rebuilt one record short", "sim", ROLLUP,
     [("    if (!receive_again(rollup, record, event)) return;\n",
       "    if (!receive_again(rollup, record, event)) return;\n"
       "    if (window->span.live == 0 && window->span.next == rollup->progress.window_ordinal) event = NULL;\n")]),
    ("withdrawn-remembered", "a window that is rebuilt holds what was withdrawn", "sim", FEED,
     [("rollup_rewarm_withdrawn(partition->rollup,", "rollup_rewarm(partition->rollup,")]),
    ("chunk-neighbour", "a duplicate is judged without its neighbours that are not committed yet", "sim", ROLLUP,
     [("    if (look->event.age != 0) {\n        counts->duplicate++;",
       "    size_t place_in_chunk = ((uintptr_t)event - (uintptr_t)rollup->guesses.first) / sizeof(*event);\n"
       "    bool neighbour = place_in_chunk < rollup->guesses.count && look->event.age <= place_in_chunk;\n"
       "    if (look->event.age != 0 && !neighbour) {\n        counts->duplicate++;")]),
    ("claim-unwatched", "a claim without WATCH", "sim", CLAIM,
     [('    RESP_COMMAND(out, SLICE("WATCH"), name);', '    RESP_COMMAND(out, SLICE("UNWATCH"));')]),
    ("nil-counts", "EXEC nil is taken for done", "sim", LANE,
     [("        commit->state = COMMIT_CUT;\n        commit->voided = true;\n        void_reads(lane);\n        return;",
       "        lane->base_next = commit->next;\n        commit->state = COMMIT_NONE;\n        return;"),
      ("    if (next != lane->base_next || commit->state", "    if (next > lane->base_next || commit->state"),]),
    ("commit-in-index", "the index names the commit instead of the record that changed a bucket", "sim", COMMIT,
     [("        resp_integer(&commit->arguments, greatest);", "        resp_integer(&commit->arguments, greatest + "
       "(int64_t)changes->length);")]),
    ("index-left", "the index keeps the buckets that retention has passed", "sim", COMMIT,
     [("        if (++commit->argument_count >= KEYS_MAX) write_collected(commit, SLICE(\"HDEL\"), index);",
       "        if (commit->changes.length > 3) continue;\n"
       "        if (++commit->argument_count >= KEYS_MAX) write_collected(commit, SLICE(\"HDEL\"), index);")]),
    ("no-rewind", "a state that went back is claimed again, but the log is not read again", "sim", WORKER,
     [("    if (!source->operations->rewind(source, slot->who, &position, fault)) {", "    if (position.next == INT64_MAX) {")]),
    ("tail-twice", "a batch is applied although it lies below `next`", "sim", FEED,
     [("records[known].offset < partition->rebuild_until) known++;", "records[known].offset + 1 < partition->rebuild_until) "
       "known++;")]),
    ("withdrawn-end", "a range withdraws the record behind its end too", "oracle", EXCLUSIONS,
     [("offset >= range->to) continue;", "offset > range->to) continue;")]),
    ("persons-cold", "persons that came before the stored sketch was read are lost", "sim", SKETCH,
     [("    for (size_t i = 0; i < sketch->raise_count; i++) {",
       "    for (size_t i = 0; i < sketch->raise_count && sketch->registers != NULL; i++) {")]),
    ("persons-elsewhere", "persons go to the sketch of another account", "oracle", BOOK,
     [("month_of(rollup, day), accounts_at(&rollup->accounts, seller)->number);",
       "month_of(rollup, day), accounts_at(&rollup->accounts, seller)->number / 2);")]),
    ("event-watermark", "the watermark follows event time alone", "oracle", BOOK,
     [("(event_time_ms < limit_ms ? event_time_ms : limit_ms)", "(limit_ms > 0 ? event_time_ms : limit_ms)")]),
    ("event-retention", "retention is judged by event time", "oracle", ROLLUP,
     [("    floor_raise(rollup, progress->record_time_max_ms);",
       "    floor_raise(rollup, event != NULL ? event->event_time_ms : progress->record_time_max_ms);")]),
]

EXTRA = {
    "window-not-rebuilt": (ROLLUP, [("const struct progress *rollup_progress(const struct rollup *rollup) {",
                                     "void rollup_believe(struct rollup *rollup);\n"
                                     "void rollup_believe(struct rollup *rollup) {\n    rollup->rebuilding = false;\n}\n\n"
                                     "const struct progress *rollup_progress(const struct rollup *rollup) {")]),
}
HEADS = {
    "window-not-rebuilt": "void rollup_believe(struct rollup *rollup);\n",
}


def patched(name, path, replacements):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements:
        if text.count(old) != 1:
            raise SystemExit("mutant %s: %d places in %s for: %s" % (name, text.count(old), path, old))
        text = text.replace(old, new)
    if name in HEADS:
        end = text.index("\n", text.rindex("#include")) + 1
        text = text[:end] + HEADS[name] + text[end:]
    return text


def build(directory, name, path, replacements):
    sources = [(path, replacements)] + ([EXTRA[name]] if name in EXTRA else [])
    place = os.path.join(directory, "mutants", name)
    os.makedirs(place, exist_ok=True)
    objects = []
    for path_of, changes in sources:
        copy = os.path.join(place, os.path.basename(path_of))
        with open(copy, "w", encoding="utf-8") as file:
            file.write(patched(name, path_of, changes))
        objects.append(os.path.join(directory, copy[:-2] + ".o"))
    program = os.path.join(place, "sim")
    command = ["make", "-s", "--no-print-directory", "BUILD=" + directory, "SIM=" + program, "MUTANT=" + " ".join(objects)]
    command.append(program)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit("mutant %s is not built:\n%s" % (name, done.stdout + done.stderr))
    return program


def hunt(name, judged, program):
    """(number of seeds until it was found or None, what was said, seconds)"""
    command = [program, "--from", "1", "--count", str(SEEDS_MAX)]
    if judged == "oracle":
        command = [sys.executable, "tests/sim/oracle.py", program, "1", str(ORACLE_SEEDS_MAX)]
    began = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return name, None, "not found in %d s" % SECONDS_MAX, SECONDS_MAX
    said = re.search(r"violation: seed (\d+): (.*)", done.stdout)
    seconds = time.monotonic() - began
    if said is None or done.returncode != 1:
        return name, None, (done.stdout + done.stderr).strip()[:200], seconds
    return name, int(said.group(1)), said.group(2)[:110], seconds


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    if arguments[0] == "--check":
        for name, _, _, path, changes in MUTANTS:
            patched(name, path, changes)
            if name in EXTRA:
                patched(name, *EXTRA[name])
        return 0
    directory, wanted = arguments[0], arguments[1:]
    chosen = [mutant for mutant in MUTANTS if not wanted or mutant[0] in wanted]
    programs = {name: build(directory, name, path, changes) for name, _, _, path, changes in chosen}
    survivors = 0
    print("%-20s %6s %6s  %s" % ("mutant", "seeds", "s", "what it did, and what was said"))
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        hunts = [pool.submit(hunt, name, judged, programs[name]) for name, _, judged, _, _ in chosen]
        for (_, what, judged, _, _), future in zip(chosen, hunts):
            name, seed, said, seconds = future.result()
            survivors += seed is None
            print("%-20s %6s %6.1f  %s%s\n%36s%s" % (name, seed or "-", seconds, what, " (oracle)" if judged == "oracle" else "",
                                                    "", said), flush=True)
    print("%d mutants, %d survived" % (len(chosen), survivors))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
