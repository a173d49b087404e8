#!/bin/bash
# nhip:rolling:* while a run is going on: what HGETALL shows equals the sum over the log up to the offsets that the hash names.
. "$(dirname "$0")/../support/lib.sh"
begin rolling
redis_start
kafka_start
events=$((${EVENTS:-200000} / 4))
[ $events -ge 50000 ] || events=50000 # fewer leave too little in an hour
prefix=$RUN_ID-
must "a clean province is produced" "$NHIP" generate --seed 5 --events "$events" --clean --kafka "$KAFKA" --partitions 4 \
    --prefix "$prefix" \
    --sources "$WORK/sources.json" --truth "$WORK/truth.json"
EXEC="exec" on run --set namespace=nhip --set \
    "topics=${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites" --set rolling.idle=1s --set \
        "kafka.group.id=$prefix" --set commit.interval=200ms \
    --set "rate.limit=$((events / 8))" --set "tee.directory=$WORK/log" --set "sources.file=$WORK/sources.json" --once \
        2>"$WORK/run.log" &
job=$!
taken=0
for i in $(seq 40); do
    sleep 0.5
    kill -0 $job 2>/dev/null || break
    rcli --json hgetall nhip:rolling:1h >"$WORK/hour.$i"
    if [ $((i % 3)) = 0 ] && [ $taken -lt 2 ] && grep -q _total "$WORK/hour.$i"; then
        taken=$((taken + 1))
        for window in 1m 5m 1h 24h 7d; do rcli --json hgetall nhip:rolling:$window >"$WORK/taken.$taken.$window"; done
    fi
done
wait $job
check "the run ends with exit 0" test $? = 0
sleep 0.1
for window in 1m 5m 1h 24h 7d; do rcli --json hgetall nhip:rolling:$window >"$WORK/taken.99.$window"; done
check "windows were seen at least twice during the run" test $taken -ge 2
check "every window seen equals the log's sum up to its offsets" python3 tests/oracle/rolling.py --log \
    "$WORK"/log/*.ndjson --kafka-offsets \
    --sources "$WORK/sources.json" --windows "$WORK"/taken.*
check "the last hour before the watermark equals the generator's own bookkeeping" \
    python3 - "$WORK/truth.json" "$WORK/taken.99.1h" <<'PY'
import json, sys
minutes = json.load(open(sys.argv[1]))["minutes"]
window = json.load(open(sys.argv[2]))
low, high = window["_from"], window["_to"]
assert min(minutes) <= low < high, (min(minutes), low, high)
want = {}
for minute, cells in minutes.items():
    if low <= minute < high:
        for key, (n, amount) in cells.items():
            want[key] = want.get(key, 0) + n
            want[key + "|sum"] = want.get(key + "|sum", 0) + amount
have = {key: int(value) for key, value in window.items() if not key.startswith("_")}
assert len(have) > 10
for key in have.keys() | want.keys():
    assert have.get(key) == want.get(key), (key, have.get(key), want.get(key))
PY
finish
