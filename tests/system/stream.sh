#!/bin/bash
# stream.topic: whoever keeps the last value of each key has, after kills, rebalances, a writer that was stopped and came back, a
# topic that took nothing for a while and a Redis that went back, exactly what stands in Redis and in the vintages, key by key.
# The same for `nhip stream`, and for DuckDB by schemas/stream.sql. EVENTS (default 20000).
. "$(dirname "$0")/../support/lib.sh"
begin stream
redis_start
kafka_start
events=$((${EVENTS:-20000} / 4))
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
topic=${prefix}stream
common=(--set namespace=nhip --set "topics=$topics" --set "sources.file=$WORK/sources.json" --set rolling.idle=1s
    --set "snapshot.directory=$WORK/snapshots")
admin() { "$BUILD/tools/kafka_admin" "$KAFKA" "$@"; }

start() { # NAME SETTING...: a worker in the background; its log is NAME.log, and its pid in $pid
    local name=$1
    shift
    EXEC="exec" on run "${common[@]}" --set log.level=info --set "stream.topic=$topic" --set stream.interval=200ms \
        --set commit.interval=100ms --set "kafka.group.id=$prefix" --set kafka.session.timeout.ms=3000 \
        --set kafka.heartbeat.interval.ms=500 \
        --set "status.file=$WORK/$name.status" "$@" 2>>"$WORK/$name.log" &
    pid=$!
}
status() { awk -v name="$2" '$1 == name { print $2 + 0 }' "$WORK/$1.status" 2>/dev/null; }

# until_true SECONDS COMMAND...: waits until the command succeeds.
until_true() { # SECONDS COMMAND...; when it never was, what it said last
    local end=$((SECONDS + $1))
    shift
    until "$@" >"$WORK/until" 2>&1; do
        if [ $SECONDS -ge $end ]; then
            tail -n 5 "$WORK/until"
            return 1
        fi
        sleep 0.2
    done
}
delivered() { # at least so many
    [ "$(on inspect "${common[@]}" --json 2>/dev/null | sed 's/.*"total"://; s/.*"delivered":\([0-9]*\).*/\1/')" -ge "$1" ]
}
writes() { [ "$(status "$1" stream_writer)" = 1 ]; }
opened() { grep -c event=stream_whole "$WORK/$1.log"; } # how often it became the writer and brought the topic up to date
opened_after() { [ "$(opened "$1")" -gt "$2" ]; }
said() { grep -q "event=$2" "$WORK/$1.log"; }
publish() { on snapshot "${common[@]}" --quiet --period 2021-09 "$@" >/dev/null; }
dump() { admin dump "$topic" "${@:2}" >"$1"; }
equal() { # a reader of the whole topic against Redis and the vintages as they are now
    on inspect "${common[@]}" --state >"$WORK/state" && dump "$WORK/topic.ndjson" &&
        python3 tests/oracle/compare_stream.py "$WORK/topic.ndjson" "$WORK/state" "$WORK/snapshots"
}
placed() { # the position is that of the whole state
    on inspect "${common[@]}" --offsets >"$WORK/offsets" && dump "$WORK/topic.ndjson" &&
        python3 - "$WORK/offsets" "$WORK/topic.ndjson" <<'PY'
import json, sys
want = set(open(sys.argv[1]).read().replace(",", " ").split())
rows = [json.loads(line) for line in open(sys.argv[2])]
have = [row["value"] for row in rows if row["key"] == "position"][-1]
assert set(have["offsets"].split()) == want, (have, want)
PY
}

counted=0
produce() { # SEED FROM: ten days more; what is to be counted then is $counted
    "$NHIP" generate --seed "$1" --from "$2" --days 10 --events "$events" --kafka "$KAFKA" --partitions 4 --prefix "$prefix" \
        --sources "$WORK/sources.json" 2>"$WORK/generated" || return 1
    counted=$((counted + $(awk '{ print $3 + $(NF - 1) }' "$WORK/generated"))) # "nhip generate: N registry records and M events"
}
caught_up() { delivered "$counted" && placed; }

# --- a writer that is killed, one that is stopped and comes back, one that leaves ---
must "ten days of a province are produced, with late and broken records, 4 partitions" produce 31 2021-09-01
start a
a=$pid
start b
b=$pid
must "the topic comes to the position of all that is counted" until_true 120 caught_up
publish --daily
must "it has, key by key, what stands in Redis and in the vintage" until_true 120 equal
rcli save >/dev/null && cp "$WORK/dump.rdb" "$WORK/early.rdb"
writer=a other=b
if writes b; then writer=b other=a; fi
kill -9 "${!writer}"
must "more is produced, for days that are closed" produce 32 2021-09-01
must "a writer that is killed is followed by the other instance" until_true 30 opened_after $other 0
start $writer
declare $writer=$pid
kill -STOP "${!other}"
must "more is produced, of these days and of others" produce 33 2021-09-05
check "one that hangs, too" until_true 30 writes $writer
before=$(opened $other)
kill -CONT "${!other}"
kill -TERM "${!writer}"
wait "${!writer}"
check "a writer that leaves leaves with exit 0" test $? = 0
check "what came back goes on, after it has read the topic back" until_true 30 opened_after $other "$before"
start $writer
declare $writer=$pid
must "all is counted and told" until_true 120 caught_up
check "the topic has it, key by key" until_true 120 equal

# --- a topic that takes nothing ---
admin alter "$topic" cleanup.policy=compact max.message.bytes=100
must "more is produced, so much later that retention deletes the minutes of before" produce 34 2021-09-21
must "counting goes on while the topic takes nothing" until_true 60 delivered "$counted"
publish # without daily rows: they have gone
told() { cat "$WORK"/[ab].log | grep -q "event=stream_waits.*code=NHIP-K14.*Message size too large"; }
check "that is told, and why" until_true 30 told
failures_are_counted() { [ $(($(status a stream_failures) + $(status b stream_failures))) -gt 0 ]; }
check "and counted" failures_are_counted
admin alter "$topic" cleanup.policy=compact max.message.bytes=1048588
check "when it takes again, it comes to the position of all that is counted" until_true 120 caught_up
check "and has, key by key, what stands in Redis and in the vintages" until_true 120 equal
sed 's/^/# /' "$WORK/check.log"
cp "$WORK/state" "$WORK/state.1"
same_for_uncommitted() {
    dump "$WORK/uncommitted.ndjson" read_uncommitted && python3 - "$WORK/topic.ndjson" "$WORK/uncommitted.ndjson" <<'PY'
import json, sys
def last(path):
    table = {}
    for line in open(path):
        record = json.loads(line)
        table[record["key"]] = record["value"]
    return {key: value for key, value in table.items() if value is not None}
assert last(sys.argv[1]) == last(sys.argv[2])
PY
}
check "so has a reader of uncommitted records" same_for_uncommitted
something_to_see() {
    python3 - "$WORK/topic.ndjson" <<'PY' && [ $(($(opened a) + $(opened b))) -ge 4 ]
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
gone = [row["key"] for row in rows if row["value"] is None]
seen, changed = {}, 0
for row in rows:
    if row["value"] and row["value"]["kind"] == "minute":
        changed += seen.get(row["key"], row["value"]["n"]) != row["value"]["n"]
        seen[row["key"]] = row["value"]["n"]
counts = sum(key.startswith("minute|") for key in gone), sum(key.startswith("observation|") for key in gone), changed
print("minutes gone, observations gone, counts changed:", counts)
assert min(counts) > 10, counts
PY
}
check "there was something to see: counts that changed, minutes and observations that went, several writers" something_to_see

# --- nhip stream, DuckDB ---
check "nhip stream says the same" sh -c "'$NHIP' stream --set 'redis.address=$REDIS' --set rolling.idle=1s \
    --dir '$WORK/snapshots' --set log.level=warn >'$WORK/once.ndjson' &&
    python3 tests/oracle/compare_stream.py '$WORK/once.ndjson' '$WORK/state.1' '$WORK/snapshots'"
check "twice the same bytes" sh -c "'$NHIP' stream --set 'redis.address=$REDIS' --set rolling.idle=1s --dir '$WORK/snapshots' \
    --set log.level=warn | cmp - '$WORK/once.ndjson'"
READERS=$(tests/support/readers.sh 2>"$WORK/pip.log") || READERS=
must "the readers' Python is there (pip can reach a package index, or did once)" test -x "$READERS"
half=$(($(wc -l <"$WORK/topic.ndjson") / 2))
head -n $half "$WORK/topic.ndjson" >"$WORK/first.ndjson"
tail -n +$((half + 1)) "$WORK/topic.ndjson" >"$WORK/second.ndjson"
check "schemas/stream.sql lands the topic in DuckDB, in two pieces" "$READERS" tests/readers/land_stream.py \
    "$WORK/landed.duckdb" "$WORK/landed.ndjson" "$WORK/first.ndjson" "$WORK/second.ndjson"
check "and DuckDB has, key by key, what stands in Redis and in the vintages" python3 tests/oracle/compare_stream.py \
    "$WORK/landed.ndjson" "$WORK/state.1" "$WORK/snapshots"

# --- the comparison can fail ---
key=$(python3 -c "
import json, sys
print([json.loads(line)['key'] for line in open(sys.argv[1]) if '\"minute|' in line][-1])" "$WORK/once.ndjson")
grep -vF "\"$key\"" "$WORK/once.ndjson" >"$WORK/spoilt.ndjson"
check "one key that is missing is noticed" sh -c \
    "! python3 tests/oracle/compare_stream.py '$WORK/spoilt.ndjson' '$WORK/state.1' '$WORK/snapshots'"
line=$(grep -nF "\"$key\"" "$WORK/once.ndjson" | cut -d: -f1)
sed "${line}s/\"n\":\([0-9]*\)/\"n\":1\1/" "$WORK/once.ndjson" >"$WORK/spoilt.ndjson"
check "one count that is wrong is noticed" sh -c \
    "! python3 tests/oracle/compare_stream.py '$WORK/spoilt.ndjson' '$WORK/state.1' '$WORK/snapshots'"

# --- a Redis that went back ---
kill -TERM "$a" "$b"
wait "$a" "$b"
rcli shutdown nosave >/dev/null 2>&1
cp "$WORK/early.rdb" "$WORK/dump.rdb"
until_true 10 test ! -e "$WORK/redis.pid"
redis_start
start c --set rate.limit=100
check "a Redis that lost its tail holds minutes back" until_true 30 said c stream_held
kill -9 "$pid"
start d
check "until all is counted again" until_true 120 caught_up
check "and the topic equals it again, and no value ever went back" until_true 120 equal
kill -TERM "$pid"
wait "$pid"

# --- refusals ---
check "a topic that holds something else is left alone" sh -c "
    '$NHIP' run --once --set 'redis.address=$REDIS' --set 'kafka.bootstrap.servers=$KAFKA' --set namespace=nhip \
        --set 'topics=${prefix}payments' --set 'stream.topic=${prefix}rides' --set 'kafka.group.id=${prefix}other' \
        --set 'sources.file=$WORK/sources.json' 2>'$WORK/foreign.log'
    grep -q 'holds records that are not of a stream' '$WORK/foreign.log'"
check "a topic that is also read is refused" sh -c "
    '$NHIP' run --once --set 'redis.address=$REDIS' --set 'kafka.bootstrap.servers=$KAFKA' --set 'topics=$topics' \
        --set 'stream.topic=${prefix}payments' 2>'$WORK/read.log'
    test \$? = 2 && grep -q 'needs a topic of its own' '$WORK/read.log'"
finish
