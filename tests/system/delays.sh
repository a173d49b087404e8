#!/bin/bash
# How long after they happened events came: kept by month and source, equal to the oracle's, and in paradata.csv as quantiles that
# are found again from the records themselves.
. "$(dirname "$0")/../support/lib.sh"
begin delays
EVENTS=${EVENTS:-20000}
redis_start
log=$WORK/log
must "four months are made" "$NHIP" generate --seed 5 --events "$EVENTS" --from 2021-06-01 --days 120 --partitions 2 \
    --output "$log/" --sources "$WORK/sources.json"
common=(--set namespace=d --set "sources.file=$WORK/sources.json")
files=()
for file in "$log"/*.ndjson; do files+=(--file "$file"); done
half=$(head -n 900 "$log/payments-0.ndjson" | wc -c)
must "half of it is counted" on run "${common[@]}" "${files[@]}" --until "payments/0=$half"
must "and the rest, in small caches" on run "${common[@]}" "${files[@]}" --set cells.max=1000
must "the oracle counts" python3 tests/oracle/oracle.py --log "$log"/*.ndjson --sources "$WORK/sources.json" --state "$WORK/state"
must "the state is dumped" sh -c "'$NHIP' inspect --set 'redis.address=$REDIS' --set namespace=d --state >'$WORK/dump'"
check "delays, and all else, as in the oracle" python3 tests/oracle/compare_state.py "$WORK/dump" "$WORK/state"
check "there are delays" test "$(grep -c '^y ' "$WORK/state")" -gt 50
take() { on snapshot "${common[@]}" --raw --dir "$WORK/v" --quiet --period "$1" >"$WORK/path"; }
agree() { # PERIOD FIRST_MONTH LAST_MONTH
    take "$1" && python3 - "$(cat "$WORK/path")/paradata.csv" "$WORK/state" "$2" "$3" <<'PY'
import csv, sys
first, last = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in sys.argv[3:])
sources, lanes = {}, {}
lines = [line.split(" ") for line in open(sys.argv[2], encoding="ascii")]
for kind, where, *rest in lines:
    if kind == "a":
        sources[where, rest[0]] = rest[1]
for kind, where, *rest in lines:
    if kind == "y" and first <= int(rest[0]) <= last:
        lanes.setdefault(sources[where, rest[1]], []).append((int(rest[2]), int(rest[3])))
def end(lane):  # the first second that is not in it
    seconds = 1
    while lane_of(seconds) <= lane:
        seconds += max(1, seconds // 1000)
    while lane_of(seconds - 1) > lane:
        seconds -= 1
    return seconds
def lane_of(seconds):
    return 0 if seconds < 1 else 4 * (seconds.bit_length() - 1) + (seconds * 4 >> seconds.bit_length() - 1) % 4 + 1
wanted = {}
for source, cells in lanes.items():
    total = sum(count for _, count in cells)
    for percent in (50, 90, 99):
        reached = 0
        for lane, count in sorted(cells):
            reached += count
            if reached * 100 >= total * percent:
                break
        wanted[source, "DELAY_P%d" % percent] = str(end(lane)) if total >= 100 else ""
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    found = {(row["source"], row["measure"]): row["value"] for row in csv.DictReader(file) if row["measure"].startswith("DELAY_")}
print(found, wanted)
assert found == wanted and any(found.values()) and len(set(found.values())) > 3
PY
}
check "the quantiles of a month" agree 2021-07 2021-07 2021-07
check "and of a quarter" agree 2021-Q3 2021-07 2021-09
take 2021-W30
check "a week has none: delays are kept by month" test "$(grep -c DELAY_ "$(cat "$WORK/path")/paradata.csv")" = 0
finish
