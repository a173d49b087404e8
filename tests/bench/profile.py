#!/usr/bin/env python3
"""make bench-profile: instructions per event and room, by callgrind, held against tests/bench/budget.txt.

Time is what a user waits for, but on a shared machine it moves by a third; instructions move by less than one in a
thousand, so they can be a test. What is counted: build/tools/pipeline_speed, i.e. partition_feed() and partition_step() over
the first records of one partition of the bench workload, after as many others that filled window and tables, with two commits
into a real Redis. Rooms are told by the calls that aggregate/runtime/ makes: decode*, rollup_*, lane_* (its cut included);
`around` is the rest, i.e. the runtime itself.

Exit 1 when a room or the sum needs more than 5 % above its budget. UPDATE=1 rewrites the budget. Another compiler, other
flags, C library, valgrind or vector unit than budget.txt names: the figures are printed and not judged.

BUILD/bench/profile.txt holds the functions, BUILD/bench/callgrind.out is for callgrind_annotate and kcachegrind.

usage: profile.py BUILD [update]        (CC, CFLAGS, SANITIZE from the environment)
"""
import collections
import os
import pathlib
import platform
import re
import subprocess
import sys

HOME = pathlib.Path(__file__).resolve().parents[2]
BUDGET = HOME / "tests/bench/budget.txt"
ROOMS = ("decode", "roll-up", "commit", "around", "sum")
EVENTS_OF_BENCH, PARTITIONS = 4000000, 8  # the log that the records are the beginning of
WARM, RECORDS, COMMIT_EVERY = 131072, 98304, 49152
GROWTH, SLACK = 0.05, 3.0  # above the budget by both: a room of ten instructions may gain one
FUNCTIONS = 25


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def machine():
    """What instruction counts depend on beside the sources."""
    compiler = output(os.environ.get("CC", "gcc"), "--version").splitlines()[0].split(" ", 1)
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        vector = "avx2" if re.search(r"\bavx2\b", file.read()) else "no avx2"
    flags = " ".join(["-std=c17", os.environ.get("CFLAGS", "-O2 -g")])
    name = "clang" if "clang" in compiler[0] else "gcc"
    return [f"compiler {name} {compiler[1]}", f"flags {flags}", f"machine {platform.machine()}, {vector}",
            f"libc {platform.libc_ver()[1]}", f"valgrind {output('valgrind', '--version').strip()}"]


def make_log(build):
    tool, directory = build / "tools/bench_load", build / "bench/profile"
    log = directory / "bench-0.ndjson"
    if not log.exists() or log.stat().st_mtime < tool.stat().st_mtime:
        directory.mkdir(parents=True, exist_ok=True)
        output(tool, directory, str(EVENTS_OF_BENCH), str(PARTITIONS), "0", str(WARM + RECORDS))
    return log


def collect(build, log):
    """One run under callgrind, the same each time: no environment and no address randomisation, so the stack begins at the
    same address; jemalloc gives no pages back by the clock."""
    out = build / "bench/callgrind.out"
    done = subprocess.run(
        ["env", "-i", "PATH=/usr/bin:/bin:/usr/sbin", "MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1", "setarch", "-R",
         "valgrind", "--tool=callgrind", "--instr-atstart=no",
         "--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={out}", str(build / "tools/pipeline_speed"),
         str(log), str(WARM), str(RECORDS), str(COMMIT_EVERY)],
        check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"bench-profile: the tool ended with status {done.returncode}\n{done.stdout}{done.stderr}")
    return out


def read_profile(path):
    """(instructions of each function itself, instructions below each call as {(file, caller, callee): n})."""
    own, below = collections.Counter(), collections.Counter()
    file = function = called = ""
    call_line = False
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line[0].isdigit():
                count = int(line.split()[1])
                if call_line:
                    below[file, function, called] += count
                else:
                    own[file, function] += count
                call_line = False
            elif line.startswith("fl="):
                file = line[3:].strip().removeprefix(f"{HOME}/")
            elif line.startswith("fn="):
                function = line[3:].strip()
            elif line.startswith("cfn="):
                called = line[4:].strip()
            elif line.startswith("calls="):
                call_line = True
    return own, below


def room_of(callee):
    for prefix, room in (("decode", "decode"), ("rollup_", "roll-up"), ("lane_", "commit")):
        if callee.startswith(prefix):
            return room
    return None


def rooms_of(below):
    rooms = dict.fromkeys(ROOMS, 0)
    for (file, _, callee), count in below.items():
        if file.endswith("tools/pipeline_speed.c") and callee.startswith("partition_"):
            rooms["sum"] += count
        elif file.startswith("aggregate/runtime/") and room_of(callee):
            rooms[room_of(callee)] += count
    for room in ("decode", "roll-up", "commit"):
        if rooms[room] == 0:
            sys.exit(f"bench-profile: nothing counted for {room}: its functions have other names now, see room_of()")
        rooms["around"] -= rooms[room]
    rooms["around"] += rooms["sum"]
    return {room: count / RECORDS for room, count in rooms.items()}


def write_functions(path, own):
    ranked = sorted(own.items(), key=lambda item: -item[1])
    with open(path, "w", encoding="utf-8") as out:
        out.write("instructions per event, of the function itself and what is inlined into it\n\n")
        for (file, function), count in ranked[:4 * FUNCTIONS]:
            out.write(f"{count / RECORDS:10.1f}  {function.split(chr(39))[0]:<44} {file}\n")
    return [f"{count / RECORDS:10.1f}  {function.split(chr(39))[0]}" for (_, function), count in ranked[:FUNCTIONS]]


def read_budget():
    lines = [line.rstrip() for line in BUDGET.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    figures = {words[0]: float(words[1]) for words in map(str.split, lines) if words[0] in ROOMS}
    return figures, [line for line in lines if line.split()[0] not in ROOMS]


def write_budget(rooms, where):
    head = [line for line in BUDGET.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    body = where + [""] + [f"{room:<10} {rooms[room]:8.1f}" for room in ROOMS]
    BUDGET.write_text("\n".join(head + [""] + body) + "\n", encoding="utf-8")


def judge(rooms, budget):
    broken = []
    print(f"  {'room':<10} {'instructions':>12} {'budget':>10} {'change':>8}")
    for room in ROOMS:
        change = rooms[room] / budget[room] - 1 if budget.get(room) else float("inf")
        print(f"  {room:<10} {rooms[room]:>12.1f} {budget.get(room, 0):>10.1f} {change * 100:>+7.1f}%")
        if change > GROWTH and rooms[room] - budget.get(room, 0) > SLACK:
            broken.append(room)
    return broken


def main():
    build, update = pathlib.Path(sys.argv[1]).resolve(), len(sys.argv) > 2 and sys.argv[2] == "update"
    if os.environ.get("SANITIZE"):
        print("bench-profile: skipped: a sanitizer's build is not what runs")
        return 0
    out = collect(build, make_log(build))
    own, below = read_profile(out)
    rooms, (budget, expected), where = rooms_of(below), read_budget(), machine()
    functions = write_functions(build / "bench/profile.txt", own)
    print(f"instructions per event ({RECORDS} events, commits of {COMMIT_EVERY})\n")
    broken = judge(rooms, budget)
    print(f"\nthe {FUNCTIONS} functions that take most by themselves (more: {build / 'bench/profile.txt'}):\n")
    print("\n".join(functions))
    if update:
        write_budget(rooms, where)
        print(f"\n{BUDGET.relative_to(HOME)} is rewritten: say in the commit why")
        return 0
    if where != expected:
        print("\nskipped: not judged, the budget was measured elsewhere:")
        print("".join(f"  here {here}\n" for here in where if here not in expected), end="")
        return 0
    for room in broken:
        print(f"\n{room}: more than {GROWTH:.0%} above its budget. Make it cheaper, or accept it in the same commit, with the "
              f"reason: make bench-profile UPDATE=1", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
