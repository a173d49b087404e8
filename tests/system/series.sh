#!/bin/bash
# Releases in series: a backfill of several periods from one prefix, a period that fails among them, turns on the clock, SIGTERM;
# and the calendar of three releases against the oracle. The worked example of the statistics page, with a registry record more.
. "$(dirname "$0")/../support/lib.sh"
begin series
redis_start
example=tests/golden/example
log=$WORK/log
mkdir -p "$log"
echo '{"PSP1": {"success_at": "FIRST", "records_cash": true}}' >"$WORK/sources.json"
must "the registry's CSV imports" "$NHIP" registry import "$example/registry.csv" --output "$log/registry-0.ndjson"
cp "$example/events.ndjson" "$log/events-0.ndjson"
registry_bytes=$(wc -c <"$log/registry-0.ndjson")
v1_bytes=$(head -n 14 "$log/events-0.ndjson" | wc -c)
# The next registry cut: a unit recorded again, three days after the end of September.
sed -n 1p "$log/registry-0.ndjson" | sed 's/2020-01-05T00:00:00Z/2021-10-04T02:00:00Z/g' >"$WORK/cut"
must "the next registry cut is another record" test "$(cat "$WORK/cut")" != "$(sed -n 1p "$log/registry-0.ndjson")"
cat "$WORK/cut" >>"$log/registry-0.ndjson"

files() { # OPTION...
    on run --set namespace=s --set "sources.file=$WORK/sources.json" --file "$log/registry-0.ndjson" --file \
        "$log/events-0.ndjson" "$@"
}
snapshots() { # DIR OPTION...; standard output and error in $WORK/out and $WORK/err
    local directory=$1
    shift
    ${EXEC:-} on snapshot --set namespace=s --set "sources.file=$WORK/sources.json" --dir "$directory" "$@" >"$WORK/out" \
        2>"$WORK/err"
}
releases() { find "$1" -maxdepth 1 -name "*_$2_r*" | wc -l; }

must "14 messages are read" files --until "registry/0=$registry_bytes,events/0=$v1_bytes"
check "a backfill exits 0" snapshots "$WORK/s" --raw --from 2021-07 --to 2021-10 --as-of 2021-10-02T17:00:00Z
check "it wrote every month in order, and says how far it is" test "$(sed -n 's/^\(\[.*\]\) \([0-9-]*\): .*/\1 \2/p' \
    "$WORK/out" | tr '\n' ' ')" = "[1/4] 2021-07 [2/4] 2021-08 [3/4] 2021-09 [4/4] 2021-10 "
check "its end is a sum" grep -qx "4 periods: 4 released, 0 unchanged, 0 failed" "$WORK/out"
same_prefix() { test "$(grep -h '"end_offset"' "$1"/*/snapshot.json | sort | uniq -c | awk '$1 != n' n="$2" | wc -l)" = 0; }
check "all four were made from one prefix" same_prefix "$WORK/s" 4
check "without --to it ends with the last month that has ended" snapshots "$WORK/open" --raw --from 2021-08 \
    --as-of 2021-10-02T17:00:00Z
check "that is September, not October" test "$(sed -n 's/^\[.*\] \([0-9-]*\): .*/\1/p' "$WORK/out" | tr '\n' ' ')" = \
    "2021-08 2021-09 "

check "the same backfill again exits 0" snapshots "$WORK/s" --raw --from 2021-07 --to 2021-10 --as-of 2021-10-03T17:00:00Z
check "nothing has changed: no release" grep -qx "4 periods: 0 released, 4 unchanged, 0 failed" "$WORK/out"
check "and no directory more" test "$(find "$WORK/s" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 4

must "the late message is read" files
check "the backfill after it exits 0" snapshots "$WORK/s" --raw --from 2021-07 --to 2021-10 --as-of 2021-10-05T17:00:00Z
cp "$WORK/out" "$WORK/after"
check "September has a second release" test "$(releases "$WORK/s" 2021-09)" = 2
check "July has none" test "$(releases "$WORK/s" 2021-07)" = 1
# Each period asked for by itself: revisions.csv has rows just where the backfill made a release.
agree() {
    local month dir before wrong=0
    for month in 2021-07 2021-08 2021-09 2021-10; do
        dir=$WORK/alone-$month
        mkdir "$dir"
        before=$(find "$WORK/s" -maxdepth 1 -name "*_${month}_r1_*")
        cp -r "$before" "$dir/"
        snapshots "$dir" --raw --quiet --period "$month" --as-of 2021-10-05T17:00:00Z
        local rows
        rows=$(($(wc -l <"$(cat "$WORK/out")/revisions.csv") - 1))
        local released
        released=$(($(releases "$WORK/s" "$month") - 1))
        echo "$month: $rows revisions, $released releases more"
        [ $((rows > 0)) = "$released" ] || wrong=1
    done
    return $wrong
}
check "a period got a release just where figures differ" agree

# A damaged release: the next of this period cannot be measured from it, the others can.
broken=$(find "$WORK/s" -maxdepth 1 -name '*_2021-08_r1_*')
cp "$broken/codes.csv" "$WORK/codes.csv"
echo x >>"$broken/codes.csv"
status=0
snapshots "$WORK/s" --raw --from 2021-07 --to 2021-09 --as-of 2022-03-01T00:00:00Z || status=$?
check "a backfill with a damaged release exits as that release would" test $status = 3
check "the failure is named with its period" grep -q "nhip snapshot: NHIP-.*: 2021-08: .*codes.csv" "$WORK/err"
check "the other months were written" grep -qx "3 periods: 2 released, 0 unchanged, 1 failed" "$WORK/out"

september=$(find "$WORK/s" -maxdepth 1 -name '*_2021-09_r*' | sort -V)
check "calendar.csv of three releases is the oracle's" tests/oracle/release_calendar.py --registry "$log/registry-0.ndjson" \
    $september
check "the last of them has reached every step" test "$(awk -F, '$2 == "2021-09" && $9 != ""' \
    "$(tail -n 1 <<<"$september")/calendar.csv" | wc -l)" = 5

turns() { # PATTERN: waits until the log has such a turn
    local _
    for _ in $(seq 600); do
        grep -qE "event=snapshot_turn .*$1" "$WORK/turns" && return
        sleep 0.1
    done
    return 1
}
EXEC='exec' on snapshot --set namespace=s --set "sources.file=$WORK/sources.json" --set log.level=info --dir "$WORK/t" \
    --raw --from 2021-08 --to 2021-09 --every 1s >"$WORK/turns.out" 2>"$WORK/turns" &
pid=$!
check "--every: the first turn releases" turns "turn=1 released=2 unchanged=0 failed=0"
check "--every: the next one finds nothing changed" turns "turn=2 released=0 unchanged=2 failed=0"
check "--every: no release stands for that" test "$(find "$WORK/t" -mindepth 1 -maxdepth 1 -type d -name 'THDX*' | wc -l)" = 2
broken=$(find "$WORK/t" -maxdepth 1 -name '*_2021-08_r1_*')
cp "$broken/codes.csv" "$WORK/codes.csv"
echo x >>"$broken/codes.csv"
check "--every: a turn that fails is counted, and the other period is looked at" turns "released=0 unchanged=1 failed=1"
check "--every: the failure is logged with period and reason" grep -q "event=snapshot_failed period=2021-08 code=NHIP" \
    "$WORK/turns"
lines=$(wc -l <"$WORK/turns")
cp "$WORK/codes.csv" "$broken/codes.csv"
mended() {
    local _
    for _ in $(seq 600); do
        tail -n "+$lines" "$WORK/turns" | grep -qE "event=snapshot_turn .*unchanged=2 failed=0" && return
        sleep 0.1
    done
    return 1
}
check "--every: mended, the next turn is whole" mended
rcli shutdown nosave >/dev/null 2>&1
check "--every: without Redis a turn fails, and the program stays" turns "released=0 unchanged=0 failed=1"
kill -TERM $pid
wait $pid
status=$?
check "--every: SIGTERM ends it with exit code 0" test $status = 0
check "--every: its last line counts turns and failures" grep -qE "event=ended turns=[0-9]+ failed=[1-9]" "$WORK/turns"
check "--every: no half-written vintage is left" test -z "$(find "$WORK/t" -name '.tmp-*')"
finish
