#!/bin/bash
# Log lines of runs that meet what they can meet - good records, broken ones, ones that mean harm, Kafka that is away, a full
# Redis - at level debug, as logfmt and as JSON: every line is well-formed; none holds an id of a person or a piece of a payload.
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stops.sh"
begin logs
redis_start
EVENTS=${EVENTS:-3000}
[ "$EVENTS" -le 3000 ] || EVENTS=3000
must "a province is written to files" "$NHIP" generate --seed 5 --events "$EVENTS" --output "$WORK/good/" --partitions 1 \
    --sources "$WORK/sources.json"
files=()
mkdir "$WORK/log"
# Beside each tenth record one that says something only a payload says: PAYER-SECRET in every place that a reader names when it
# refuses, cut anywhere, and whole records of valid and invalid UTF-8.
python3 - "$WORK" <<'PY'
import json, os, random, sys
work = sys.argv[1]
chance = random.Random(7)
for name in sorted(os.listdir(work + "/good")):
    with open(f"{work}/good/{name}", encoding="utf-8") as file:
        lines = file.read().splitlines()
    with open(f"{work}/log/{name}", "wb") as out:
        for i, line in enumerate(lines):
            out.write(line.encode() + b"\n")
            if i % 10:
                continue
            event = json.loads(line)
            event["event_id"] = f"PAYER-SECRET-{i}"
            key = chance.choice(list(event))
            event[key] = chance.choice(("PAYER-SECRET " + "x" * 80, "PAYER-SECRET\n", ["PAYER-SECRET"], {"PAYER-SECRET": 1}, -1))
            text = json.dumps(event, ensure_ascii=False).encode()
            cut = chance.randrange(len(text))
            text = chance.choice((text, text[:cut], text[:cut] + b"\xff PAYER-SECRET" + text[cut:]))
            out.write(text.replace(b"\n", b"") + b"\n")
PY
for file in "$WORK"/log/*.ndjson; do [ -s "$file" ] && files+=(--file "$file"); done
# words of payloads: every id of a person, payment, order, account and event in the log
python3 - "$WORK" <<'PY'
import glob, re, sys
words = {"PAYER-SECRET"}
for path in glob.glob(sys.argv[1] + "/log/*.ndjson"):
    with open(path, encoding="utf-8", errors="replace") as file:
        for name, value in re.findall(r'"(\w+_id)": ?"([^"\n]{6,64})"', file.read()):
            words.add(value)
with open(sys.argv[1] + "/words", "w", encoding="utf-8") as out:
    out.write("\n".join(sorted(words)) + "\n")
PY
must "the log holds ids of people ($(wc -l <"$WORK/words") words)" test "$(wc -l <"$WORK/words")" -gt 500

go() { # FORMAT NAMESPACE ARGUMENT...
    local format=$1 name=$2
    shift 2
    ${EXEC:-} "$NHIP" run --set "redis.address=$REDIS" --set "sources.file=$WORK/sources.json" --set "log.format=$format" \
        --set log.level=debug --namespace "$name" --set "deadletter.file=$WORK/$name.dead" --set commit.interval=20ms "$@" \
        2>>"$WORK/$format.log"
}
json_lines() {
    python3 - "$WORK/json.log" <<'PY'
import json, sys
events = set()
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    fields = json.loads(line, object_pairs_hook=lambda pairs: dict(pairs) if len(dict(pairs)) == len(pairs) else 1 / 0)
    assert list(fields)[:3] == ["time", "level", "event"] and fields["level"] in ("debug", "info", "warn", "error"), line
    events.add(fields["event"])
print(len(events), "kinds of events:", *sorted(events))
assert {"ended", "stopped", "kafka_waits"} <= events and len(events) >= 8, events
PY
}
logfmt_lines() {
    python3 - "$WORK/logfmt.log" <<'PY'
import re, sys
line_of = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=(debug|info|warn|error) event=[a-z_]+'
                     r'( [a-z_A-Z.]+=([^ "=\\]*|"([^"\\]|\\["\\]|\\u[0-9a-f]{4})*"))*')
for line in open(sys.argv[1], encoding="utf-8"):
    line = line.rstrip("\n")
    assert line_of.fullmatch(line) or re.match(r"nhip run: NHIP-[A-Z]\d\d: ", line), line
PY
}
clean() { # FILE
    ! LC_ALL=C grep -aFnf "$WORK/words" "$1"
}
met() { # FORMAT: a run of everything
    local format=$1 pid
    go "$format" "$format" "${files[@]}" || return 1
    go "$format" "$format" "${files[@]}" --set reporting.timezone=UTC && return 1
    EXEC="exec" go "$format" "$format" --once --set kafka.bootstrap.servers=127.0.0.1:1 --set kafka.debug=broker & # never answers
    pid=$!
    sleep 2
    kill -TERM $pid
    wait $pid
    redis-cli -s "$REDIS" config set maxmemory 1 >/dev/null # held: out of memory
    EXEC="exec" go "$format" "$format-2" "${files[@]}" --set redis.timeout=1s &
    pid=$!
    local _
    for _ in $(seq 200); do grep -qE 'claim_waits|held' "$WORK/$format.log" && break; sleep 0.1; done
    redis-cli -s "$REDIS" config set maxmemory 0 >/dev/null
    wait $pid
}
check "JSON: a run that meets good, broken and hostile records, closed doors and a full Redis" met json
check "JSON: every line is an object for Python's json, with time, level and event" json_lines
check "JSON: no id of a person, no piece of a payload" clean "$WORK/json.log"
check "logfmt: the same" met logfmt
check "logfmt: every line is well-formed" logfmt_lines
check "logfmt: no id of a person, no piece of a payload" clean "$WORK/logfmt.log"
check "there were dead letters, which hold what the logs do not" sh -c "! test -z \"\$(grep -l PAYER-SECRET '$WORK'/*.dead)\""

noise() {
    "$NHIP" run --set "redis.address=$REDIS" --set "sources.file=$WORK/sources.json" "${files[@]}" --namespace noise \
        --set log.level=debug --set log.burst=1 --set commit.interval=20ms 2>"$WORK/noise.log"
    local of lines
    of=$(sed -n 's/.* event=suppressed of=\([a-z_]*\) lines=[0-9]*$/\1/p' "$WORK/noise.log" | head -n 1)
    lines=$(sed -n "s/.* event=suppressed of=$of lines=\([0-9]*\)$/\1/p" "$WORK/noise.log" | head -n 1)
    echo "of=$of lines=$lines"
    [ -n "$of" ] && [ "$lines" -ge 1 ] && [ "$(grep -c " event=$of " "$WORK/noise.log")" = 1 ]
}
check "log.burst = 1: one line of each event, and how many more there were" noise
ends U03 2 "$NHIP" config --set log.format=xml
finish
