#!/bin/bash
# The main claim: a synthetic province through a real Kafka and Redis gives exactly the generator's truth and
# the Python oracle's figures, whatever
# the workers, batches, commits, crashes and rebalances. EVENTS (default 200000), KILLS (default 5), PARTITIONS 8.
. "$(dirname "$0")/../support/lib.sh"
begin truth
redis_start
kafka_start
EVENTS=${EVENTS:-200000}
KILLS=${KILLS:-5}
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
common=(--set namespace=n --set "topics=$topics" --set "sources.file=$WORK/sources.json")

group=0
start_over() { # every variant starts with an empty Redis and a group of its own
    rcli flushall >/dev/null
    group=$((group + 1))
}
run() { on run "${common[@]}" --set "kafka.group.id=$prefix$group" "$@"; }
state() { on inspect "${common[@]}" --state >"$1"; }
publish() { on snapshot "${common[@]}" --dir "$1" --period 2021-09 --daily --raw; } # DIR

must "a province of $EVENTS events is produced into Kafka, 8 partitions" "$NHIP" generate --seed 11 --events "$EVENTS" \
    --kafka "$KAFKA" \
    --partitions 8 --prefix "$prefix" --truth "$WORK/truth.json" --sources "$WORK/sources.json"

start_over
must "one worker reads it to the end" run --once --set "tee.directory=$WORK/log" --set "deadletter.file=$WORK/dead.ndjson"
must "its state is dumped" state "$WORK/state"
must "its snapshot is written" publish "$WORK/base"
obs=$(raw_vintage "$WORK/base")/obs.csv
on inspect "${common[@]}" --json >"$WORK/counts.json"
check "every figure of the generator's truth is in the snapshot" python3 tests/oracle/compare_truth.py "$obs" \
    "$WORK/truth.json" "$WORK/counts.json"
check "the manifest holds" sh -c "cd '$(raw_vintage "$WORK/base")' && sha256sum --quiet -c MANIFEST.sha256"
must "a snapshot for publication is written" on snapshot "${common[@]}" --dir "$WORK/controlled" --period 2021-09 --daily
controlled=$(vintage "$WORK/controlled")/obs.csv
check "what disclosure control leaves is the raw table; what it takes tells nothing" python3 tests/oracle/compare_controlled.py \
    "$obs" "$controlled"
check "nothing it takes follows from what it leaves" python3 tests/oracle/disclosure_attack.py "$controlled"
awk -F, -v OFS=, '$6 == "ORD_N" && /_D390/ { $20 = "D"; $15 = "" } NR > 1 && $20 == "N" { $20 = "F" } 1' "$obs" \
    >"$WORK/holed.csv"
check "the same attack finds the one district that is hidden in a table that hides nothing else" sh -c \
    "! python3 tests/oracle/disclosure_attack.py $WORK/holed.csv | grep -q ' 0 leaks'"
check "dead letters are as many as refused records" python3 - "$WORK/counts.json" "$WORK/dead.ndjson" <<'PY'
import json, sys
total = json.load(open(sys.argv[1]))["total"]
letters = [json.loads(line) for line in open(sys.argv[2])]
assert len(letters) == total["rejected"] + total["quarantined"] > 0, (len(letters), total)
for reason in {l["reason"] for l in letters}:
    assert sum(l["reason"] == reason for l in letters) == total["reason." + reason], reason
assert len({(l["topic"], l["partition"], l["offset"]) for l in letters}) == len(letters)
PY

oracle() { # OUT SETTING...
    local out=$1
    shift
    python3 tests/oracle/oracle.py --log "$WORK"/log/*.ndjson --kafka-offsets --sources "$WORK/sources.json" --counts \
        "$out.counts" --state "$out.state" \
        --obs "$out.obs" --period 2021-09 --daily "$@"
}
must "the Python oracle computes state and table from the log" oracle "$WORK/oracle"
check "state equals the oracle's, cell by cell" python3 tests/oracle/compare_state.py "$WORK/state" "$WORK/oracle.state"
check "obs.csv equals the oracle's, all rows and columns" python3 tests/oracle/compare_obs.py "$obs" "$WORK/oracle.obs"

same() { # CLAIM: identical state and table
    state "$WORK/other" && publish "$WORK/v$group" >/dev/null
    check "$1: identical state" cmp "$WORK/state" "$WORK/other"
    check "$1: identical obs.csv" cmp "$obs" "$(raw_vintage "$WORK/v$group")/obs.csv"
}

start_over
must "two workers, small fetches, a commit every 20 ms" run --once --set workers=2 --set commit.interval=20ms --set \
    kafka.fetch.message.max.bytes=20000
same "two workers, small batches, many commits"

start_over
must "a commit every 30 s and few cells in memory" run --once --set commit.interval=30s --set cells.max=2000 --set \
    commit.cells=5000
same "one commit, cells evicted"

start_over
must "window.records=1000" run --once --set window.records=1000
must "its state under window.records=1000 is dumped" on inspect "${common[@]}" --set window.records=1000 --state
cp "$WORK/check.log" "$WORK/state1000"
must "its snapshot is written (window.records=1000)" on snapshot "${common[@]}" --set window.records=1000 --dir \
    "$WORK/w1000" --period 2021-09 --daily --raw
must "the oracle under window.records=1000" oracle "$WORK/oracle1000" --config window.records=1000
check "window.records=1000: state equals the oracle's" python3 tests/oracle/compare_state.py "$WORK/state1000" \
    "$WORK/oracle1000.state"
check "window.records=1000: obs.csv equals the oracle's" python3 tests/oracle/compare_obs.py \
    "$(raw_vintage "$WORK/w1000")/obs.csv" "$WORK/oracle1000.obs"
check "another window is refused under this state, with the remedy" sh -c \
    "'$NHIP' run --once --set redis.address=$REDIS --set namespace=n \
    --set topics=$topics --set sources.file=$WORK/sources.json --set kafka.bootstrap.servers=$KAFKA --set \
        kafka.group.id=${prefix}x \
    --set log.level=error 2>&1 | grep -q namespace"

# Kills: commits every 50 ms at a limited rate; the killer waits until a commit is in flight. A static member
# takes its place back at once.
start_over
in_flight=0
rate=$((EVENTS / (KILLS + 2)))
for ((i = 1; i <= KILLS; i++)); do
    rm -f "$WORK/status"
    EXEC="exec" run --set commit.interval=50ms --set "rate.limit=$rate" --set "status.file=$WORK/status" --set \
        kafka.group.instance.id=one \
        --set kafka.session.timeout.ms=45000 2>>"$WORK/kills.log" &
    "$BUILD/tools/kill_in_flight" $! "$WORK/status" $((rate * (i % 3 + 1) / 3)) 30000 >"$WORK/killed"
    wait $! 2>/dev/null
    echo "# kill $i: $(cat "$WORK/killed")"
    grep -q 'in_flight=[1-9].*killed=yes' "$WORK/killed" && in_flight=$((in_flight + 1))
done
check "at least three quarters of $KILLS kills hit a commit in flight ($in_flight)" test "$((in_flight * 4))" -ge "$((KILLS * 3))"
must "after $KILLS kills the job reads on to the end" run --once --set kafka.group.instance.id=one
same "after $KILLS SIGKILLs"

# Rebalances: a second member joins, works, leaves; the first goes on.
start_over
EXEC="exec" run --once --set commit.interval=50ms --set "rate.limit=$((EVENTS / 15))" 2>"$WORK/first.log" &
first=$!
sleep 2
EXEC="exec" run --set commit.interval=50ms --set "rate.limit=$((EVENTS / 15))" --set "status.file=$WORK/second" \
    2>"$WORK/second.log" &
second=$!
has_work() { awk '/^delivered/ && $2 > 0 { had = 1 } END { exit !had }' "$WORK/second" 2>/dev/null; }
for _ in $(seq 120); do has_work && break; sleep 0.5; done
sleep 2 # some commits of it
kill -TERM $second
wait $second
check "the second instance leaves with exit 0 on SIGTERM" test $? = 0
check "the second instance had work" has_work
wait $first
check "the first instance ends with exit 0" test $? = 0
must "the rest is read" run --once
same "after two instances joined and left"
finish
