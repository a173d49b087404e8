#!/bin/bash
# Distinct buyers by district: sketches by account and month, equal to the oracle's bit for bit through kills, stops and small
# caches; the districts of a snapshot found again from the log, to the person; what few brought is withheld; off: no such rows.
# EVENTS (default 20000), KILLS (default 3).
. "$(dirname "$0")/../support/lib.sh"
begin buyers
mkdir "$WORK/tmp"
export TMPDIR=$WORK/tmp
EVENTS=${EVENTS:-20000}
KILLS=${KILLS:-3}
redis_start
log=$WORK/log
must "four months are made" "$NHIP" generate --seed 5 --events "$EVENTS" --from 2021-06-01 --days 120 --partitions 2 \
    --output "$log/" --sources "$WORK/sources.json"
must "and a shop with so many customers that its sketch is dense" python3 - "$log" <<'PY'
import json, sys
with open(sys.argv[1] + "/payments-0.ndjson", encoding="utf-8") as file:
    found = (json.loads(line) for line in file)
    model = next(event for event in found if event.get("status") == "CAPTURED" and event.get("payer_type") == "HOUSEHOLD"
                 and event["instrument"] == "CARD" and event["context"] == "POS")
with open(sys.argv[1] + "/payments-2.ndjson", "w", encoding="utf-8") as file:
    for number in range(6000):
        person = number * number % 4001
        model.update(event_id="d%d" % number, payment_id="d%d" % number, payer_id="d%d" % person)
        file.write(json.dumps(model, separators=(",", ":")) + "\n")
PY
files=()
for file in "$log"/*.ndjson; do files+=(--file "$file"); done
common=(--set "sources.file=$WORK/sources.json" --set sketches.accounts=on)
counted() { on run "${common[@]}" "${files[@]}" "$@"; }
state_is_oracles() { # NAMESPACE
    "$NHIP" inspect --set "redis.address=$REDIS" --set "namespace=$1" --state >"$WORK/dump" &&
        python3 tests/oracle/compare_state.py "$WORK/dump" "$WORK/state"
}
must "the oracle counts" python3 tests/oracle/oracle.py --config sketches.accounts=on --log "$log"/*.ndjson \
    --sources "$WORK/sources.json" --state "$WORK/state"
check "it has sparse sketches and dense ones" sh -c \
    "test \$(grep -c '^w .* 01[0-9a-f]*\$' '$WORK/state') -gt 1000 && grep -q '^w .* 02[0-9a-f]*\$' '$WORK/state'"

must "it is counted in one go" counted --set namespace=d
check "each sketch is the oracle's, bit for bit" state_is_oracles d
half=$(head -n 900 "$log/payments-0.ndjson" | wc -c)
must "half of it is counted" counted --set namespace=s --until "payments/0=$half"
must "and the rest, in small caches" counted --set namespace=s --set cells.max=1000 --set commit.interval=20ms
check "which are the same sketches" state_is_oracles s
for ((i = 1; i <= KILLS; i++)); do
    rm -f "$WORK/status"
    EXEC="exec" counted --set namespace=k --set cells.max=1000 --set commit.interval=10ms --set "rate.limit=$EVENTS" \
        --set "status.file=$WORK/status" 2>>"$WORK/kills.log" &
    "$BUILD/tools/kill_in_flight" $! "$WORK/status" $((EVENTS / 4)) 30000 >"$WORK/killed"
    wait $! 2>/dev/null
    echo "# kill $i: $(cat "$WORK/killed")"
    grep -q 'killed=yes' "$WORK/killed" && killed=$((${killed:-0} + 1))
done
check "it is killed $KILLS times on the way" test "${killed:-0}" = "$KILLS"
must "and ends" counted --set namespace=k
check "with the same sketches" state_is_oracles k

districts() { # NAMESPACE LOG PERIOD KIND...: raw and published, found again from the log
    local namespace=$1 logs=$2 period=$3
    shift 3
    local -a how=("${common[@]}" --set "namespace=$namespace" --dir "$WORK/v-$namespace" --period "$period" --quiet)
    on snapshot "${how[@]}" --raw >"$WORK/raw" && on snapshot "${how[@]}" >"$WORK/published" &&
        tests/oracle/buyers.py "$(cat "$WORK/raw")/obs.csv" "$(cat "$WORK/published")/obs.csv" --log "$logs"/*.ndjson \
            --sources "$WORK/sources.json" --period "$period" --kinds "$@"
}
check "a month: every district, its bounds, and what few brought" districts d "$log" 2021-09 published merchants
cp -r "$(cat "$WORK/published")" "$WORK/vintage"
check "a quarter: nobody twice" districts d "$log" 2021-Q3 published
check "a year" districts d "$log" 2021 published
must "a small log is made" "$NHIP" generate --seed 6 --events 1500 --from 2021-08-20 --days 45 --partitions 1 \
    --output "$WORK/few/" --sources "$WORK/sources.json"
few=()
for file in "$WORK"/few/*.ndjson; do few+=(--file "$file"); done
must "and counted" on run "${common[@]}" "${few[@]}" --set namespace=few
check "few merchants, few platforms, few payers: withheld" districts few "$WORK/few" 2021-09 merchants payers
check "all other rows are the oracle's" sh -c "
    python3 tests/oracle/oracle.py --config sketches.accounts=on --log '$WORK'/few/*.ndjson --sources '$WORK/sources.json' \
        --obs '$WORK/few.csv' --period 2021-09 &&
    python3 tests/oracle/compare_obs.py \"\$(cat '$WORK/raw')/obs.csv\" '$WORK/few.csv'"
has_districts() { grep -qE '^[^,]*,[^,]*,[^,]*,[^,]*,VN_38_D[0-9]*,BUYERS_ACT_N,' "$1/obs.csv"; }
lacks_districts() { ! has_districts "$1" && grep -q ,BUYERS_ACT_N, "$1/obs.csv"; }
on snapshot "${common[@]}" --set namespace=d --dir "$WORK/week" --period 2021-W36 --daily --quiet >"$WORK/path"
check "a week and its days have no districts" lacks_districts "$(cat "$WORK/path")"

check "a vintage with districts" has_districts "$WORK/vintage"
check "is proved without the log" "$NHIP" verify --quick "$WORK/vintage"
check "and comes out of the log again, byte for byte" "$NHIP" verify "$WORK/vintage" --logs "$log" "${common[@]}"
check "but not with other settings" sh -c "
    '$NHIP' verify '$WORK/vintage' --logs '$log' --set sources.file=$WORK/sources.json 2>'$WORK/err'
    test \$? = 3 && grep -q 'the settings are not those of the vintage' '$WORK/err'"
check "a backup of it comes back" sh -c "
    '$NHIP' backup --set redis.address=$REDIS --set namespace=d --to '$WORK/backup' $(printf "'%s' " "${common[@]}") &&
    '$NHIP' restore --set redis.address=$REDIS --set namespace=back --from '$WORK/backup' $(printf "'%s' " "${common[@]}")"
check "with its sketches" state_is_oracles back

off() { on "$1" --set "sources.file=$WORK/sources.json" --set namespace=off "${@:2}"; }
must "without the setting it is counted, too" off run "${files[@]}" --until "payments/0=$half"
must "off is the same setting" off run "${files[@]}" --set sketches.accounts=off
check "on is another one: the state is refused" sh -c "
    '$NHIP' run --set redis.address=$REDIS --set namespace=off $(printf "'%s' " "${common[@]}" "${files[@]}") 2>'$WORK/err'
    test \$? = 3 && grep -q 'configuration' '$WORK/err'"
check "it holds no sketch by account" test "$(rcli --scan --pattern 'off:w:*' | wc -l)" = 0
off snapshot --dir "$WORK/v-off" --period 2021-09 --raw --quiet >"$WORK/path"
check "and its vintage no district" lacks_districts "$(cat "$WORK/path")"
check "which slices.csv explains" grep -q '^BUYERS_ACT_N,district,NO,.*NOT_COUNTED' "$(cat "$WORK/path")/slices.csv"
finish
