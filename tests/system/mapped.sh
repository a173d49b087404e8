#!/bin/bash
# Foreign messages through a real Kafka and Redis: till receipts of up to 256 events, CloudEvents with headers, a table
# through Debezium, tombstones, drafts, everything that is refused. The state must be the oracle's, which maps them to
# canonical text and books that, whatever the chunks, commits, kills and rebuilt windows; and the window is so small that
# it begins inside messages. MESSAGES (default 6000, or EVENTS / 10 where that is less), KILLS (default 6).
. "$(dirname "$0")/../support/lib.sh"
begin mapped
redis_start
kafka_start
EVENTS=${EVENTS:-200000}
MESSAGES=${MESSAGES:-$((EVENTS < 60000 ? EVENTS / 10 : 6000))}
KILLS=${KILLS:-6}
WINDOW=100
shapes=tests/cases/mapped
mappings=$shapes/shop.json,$shapes/rides.json,$shapes/bank.json
topics=shop.$RUN_ID,rides.$RUN_ID,bank.$RUN_ID
common=(--set namespace=n --set "topics=$topics" --set "mappings=$mappings" --set "window.records=$WINDOW")

# a receipt can be many events: with small batches stops and kills find more places
small=(--set kafka.fetch.message.max.bytes=20000 --set kafka.queued.min.messages=10)

group=0
start_over() {
    rcli flushall >/dev/null
    group=$((group + 1))
}
run() { on run "${common[@]}" --set "kafka.group.id=$RUN_ID-$group" "$@"; }
state() { on inspect "${common[@]}" --state >"$1"; }
oracle() { # OUT OPTION...
    local out=$1
    shift
    python3 tests/oracle/mappedlog.py --mappings $shapes/*.json --state "$out.state" --counts "$out.counts" \
        --config "window.records=$WINDOW" "$@"
}
refused() { # TEXT COMMAND...: exits 2 or 3 and says TEXT
    local text=$1 status=0
    shift
    "$@" >"$WORK/refused" 2>&1 || status=$?
    cat "$WORK/refused"
    [ $status -eq 2 ] || [ $status -eq 3 ] && grep -qF -- "$text" "$WORK/refused"
}
begun_inside() { # how many partitions have a window that begins inside a message
    local key element count=0
    for key in $(rcli --scan --pattern 'n:f:*'); do
        element=$(rcli hget "$key" window_element)
        [ "${element:-0}" -gt 0 ] && count=$((count + 1))
    done
    echo $count
}

python3 tests/support/foreign.py 5 "$MESSAGES" "$RUN_ID" >"$WORK/messages.tsv"
must "$MESSAGES foreign messages are put into Kafka, 3 topics of 2 partitions" \
    "$BUILD/tools/produce_messages" "$KAFKA" 2 "$WORK/messages.tsv"
must "the oracle maps and books them" oracle "$WORK/oracle" --messages "$WORK/messages.tsv"

start_over
must "one worker reads them to the end" run --once --set "deadletter.file=$WORK/dead.ndjson"
must "its state is dumped" state "$WORK/state"
on inspect "${common[@]}" --json >"$WORK/counts.json"
check "state equals the oracle's, cell by cell" python3 tests/oracle/compare_state.py "$WORK/state" "$WORK/oracle.state"
check "windows begin inside messages" test "$(begun_inside)" -ge 1
check "conservation: counts equal the oracle's, and every refused event has its letter with its element" \
    python3 - "$WORK/counts.json" "$WORK/oracle.counts" "$WORK/dead.ndjson" <<'PY'
import json, sys
total, oracle = json.load(open(sys.argv[1]))["total"], json.load(open(sys.argv[2]))["total"]
for name in total.keys() | oracle.keys():
    assert total.get(name, 0) == oracle.get(name, 0), (name, total.get(name), oracle.get(name))
assert total["delivered"] == sum(total[name] for name in ("applied", "duplicate", "quarantined", "rejected", "ignored"))
letters = [json.loads(line) for line in open(sys.argv[3])]
assert len(letters) == total["rejected"] + total["quarantined"] > 100, (len(letters), total)
for letter in letters:
    assert ("element" in letter) == letter["topic"].startswith("shop."), letter
places = {(l["topic"], l["partition"], l["offset"], l.get("element")) for l in letters}
assert len(places) == len(letters)
assert max(l.get("element", 0) for l in letters) > 200
for reason in {l["reason"] for l in letters}:
    assert sum(l["reason"] == reason for l in letters) == total["reason." + reason], reason
PY

same() { # CLAIM
    state "$WORK/other"
    check "$1: identical state" cmp "$WORK/state" "$WORK/other"
}

start_over
must "two workers, small batches, a commit every 10 ms" run --once "${small[@]}" --set workers=2 --set commit.interval=10ms
same "two workers, small batches, many commits"

start_over
must "few cells in memory, one commit" run --once --set commit.interval=30s --set cells.max=1000 --set commit.cells=3000
same "one commit, cells evicted"

# Stops at every few messages: each start rebuilds a window, most of them from inside a message.
start_over
inside=0
for ((i = 1; i <= 6; i++)); do
    rm -f "$WORK/status"
    EXEC="exec" run --once "${small[@]}" --set commit.interval=10ms --set "rate.limit=$MESSAGES" \
        --set "status.file=$WORK/status" 2>>"$WORK/stops.log" &
    for _ in $(seq 400); do
        awk '/^commits/ { exit $2 >= 8 ? 0 : 1 }' "$WORK/status" 2>/dev/null && break
        sleep 0.05
    done
    kill -TERM $! 2>/dev/null
    wait $! 2>/dev/null
    inside=$((inside + $(begun_inside)))
done
must "after six stops the job reads on to the end" run --once
same "six stops, $inside windows that began inside a message"
check "some stops left a window that begins inside a message" test "$inside" -ge 3

start_over
in_flight=0
inside=0
rate=$((MESSAGES * 8 / (KILLS + 2)))
for ((i = 1; i <= KILLS; i++)); do
    rm -f "$WORK/status"
    EXEC="exec" run "${small[@]}" --set commit.interval=20ms --set "rate.limit=$rate" --set "status.file=$WORK/status" \
        --set kafka.group.instance.id=one --set kafka.session.timeout.ms=45000 2>>"$WORK/kills.log" &
    "$BUILD/tools/kill_in_flight" $! "$WORK/status" $((rate * (i % 3 + 1) / 3)) 30000 >"$WORK/killed"
    wait $! 2>/dev/null
    inside=$((inside + $(begun_inside)))
    echo "# kill $i: $(cat "$WORK/killed") inside=$inside"
    grep -q 'in_flight=[1-9].*killed=yes' "$WORK/killed" && in_flight=$((in_flight + 1))
done
check "at least three quarters of $KILLS kills hit a commit in flight ($in_flight)" test "$((in_flight * 4))" -ge "$((KILLS * 3))"
check "and left windows that begin inside a message ($inside)" test "$inside" -ge 1
must "after $KILLS kills the job reads on to the end" run --once --set kafka.group.instance.id=one
same "after $KILLS SIGKILLs"

# What must be refused at the start, with what to do. (Another group: the static member keeps its place in the old one.)
group=$((group + 1))
check "a tee is refused where headers are needed" refused "mapping test-rides" run --once --set "tee.directory=$WORK/tee"
sed 's/"test-shop"/"another-shop"/' $shapes/shop.json >"$WORK/rival.json"
check "two mappings that claim a topic equally well are refused, both named" refused "claimed by two mappings, test-shop" \
    run --once --set "mappings=$mappings,$WORK/rival.json"
sed "s/\"shop\.\*\"/\"shop.$RUN_ID\"/" "$WORK/rival.json" >"$WORK/exact.json"
check "a name beats a prefix; but the state was built with other mappings" refused "was counted with configuration" \
    run --once --set "mappings=$mappings,$WORK/exact.json"
check "one name twice is refused" refused "both have the name" run --once --set "mappings=$mappings,$shapes/shop.json"
sed 's/"context": "POS"/"context": "MOON"/' $shapes/shop.json >"$WORK/broken.json"
check "a mapping that cannot be compiled stops the start with file and line" refused "$WORK/broken.json line 23" \
    run --once --set "mappings=$WORK/broken.json"
sed 's/till receipt/till  receipt/' $shapes/shop.json >"$WORK/touched.json"
check "one byte more in a mapping is another configuration" refused "was counted with configuration" \
    run --once --set "mappings=$WORK/touched.json,$shapes/rides.json,$shapes/bank.json"

# Files: the same shapes as NDJSON, record time from the mapped event.
python3 - "$WORK/messages.tsv" "$WORK" <<'PY'
import sys
for line in open(sys.argv[1]):
    topic, partition, _, _, value, _ = line.split("\t")
    data = b"null" if value == "-" else bytes.fromhex(value)
    if topic.startswith("rides.") or b"\n" in data or partition != "0":
        continue
    with open("%s/%s-0.ndjson" % (sys.argv[2], topic), "ab") as file:
        file.write(data + b"\n")
PY
files=("$WORK/shop.$RUN_ID-0.ndjson" "$WORK/bank.$RUN_ID-0.ndjson")
start_over
must "the oracle reads mapped files" oracle "$WORK/files" --files "${files[@]}"
must "files are read through their mappings" run --file "${files[0]}" --file "${files[1]}"
must "the state of the files is dumped" state "$WORK/fromfiles"
check "files: state equals the oracle's" python3 tests/oracle/compare_state.py "$WORK/fromfiles" "$WORK/files.state"
finish
