#!/bin/bash
# nhip verify: a vintage comes out of the log again after Redis was wiped, byte for byte, and every change is found: a byte in any
# file, a lost record, a duplicated one, another registry row, another definition. EVENTS (default 40000).
. "$(dirname "$0")/../support/lib.sh"
begin verify
mkdir "$WORK/tmp"
export TMPDIR=$WORK/tmp
redis_start
kafka_start
EVENTS=${EVENTS:-40000}
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
common=(--set "topics=$topics" --set "sources.file=$WORK/sources.json" --set "kafka.group.id=$prefix")
must "a province of $EVENTS events is produced" "$NHIP" generate --seed 12 --events "$EVENTS" --kafka "$KAFKA" --partitions 2 \
    --prefix "$prefix" --truth "$WORK/truth.json" --sources "$WORK/sources.json"
must "it is counted and copied" on run "${common[@]}" --once --set "tee.directory=$WORK/log"
must "a first vintage" on snapshot "${common[@]}" --period 2021-09 --daily --dir "$WORK/v" --quiet
first=$(vintage "$WORK/v")
must "more is produced" "$NHIP" generate --seed 13 --events 2000 --kafka "$KAFKA" --partitions 2 --prefix "$prefix" \
    --truth "$WORK/truth2.json" --sources "$WORK/sources2.json"
must "and counted" on run "${common[@]}" --once
must "a second release of the same month" on snapshot "${common[@]}" --period 2021-09 --daily --dir "$WORK/v" --quiet
second=$(vintage "$WORK/v")
rcli flushall >/dev/null

proves() { "$NHIP" verify "$@" --set "kafka.bootstrap.servers=$KAFKA" --set log.level=warn "${common[@]}"; }
finds() { # PATTERN ARGUMENT...: exit 3, and the pattern is in what is said
    local pattern=$1 got=0
    shift
    proves "$@" >"$WORK/found" 2>&1 || got=$?
    cat "$WORK/found"
    [ $got = 3 ] && grep -q 'NHIP-S04: ' "$WORK/found" && grep -qE -- "$pattern" "$WORK/found"
}
check "the second release comes out of Kafka again, byte for byte" proves "$second"
check "so does the first, although Kafka holds more by now" proves "$first"
check "every file of it was compared" bash -c "
    '$NHIP' verify '$first' --set kafka.bootstrap.servers=$KAFKA --set log.level=warn $(printf "'%s' " "${common[@]}") |
        grep -E '^ok +$(($(wc -l <"$first/MANIFEST.sha256"))) files came out again'"
check "and from the copies" proves "$first" --logs "$WORK/log"
check "--quick needs neither Kafka nor Redis" "$NHIP" verify --quick "$first" --set kafka.bootstrap.servers=127.0.0.1:1

for name in $(awk '{ print $2 }' "$first/MANIFEST.sha256"); do
    rm -rf "$WORK/changed" && cp -r "$first" "$WORK/changed" && chmod -R u+w "$WORK/changed"
    python3 - "$WORK/changed/$name" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
    check "one changed bit in $name is found" finds "$name: its SHA-256" "$WORK/changed" --quick
done
copy() { rm -rf "$WORK/changed" && cp -r "$first" "$WORK/changed" && chmod -R u+w "$WORK/changed"; }
remake() { (cd "$WORK/changed" && awk '{ print $2 }' MANIFEST.sha256 | xargs sha256sum >../M && mv ../M MANIFEST.sha256); }
copy && echo >"$WORK/changed/extra.csv"
check "a file that nobody published is found" finds "extra.csv: a file that the manifest" "$WORK/changed" --quick
copy && rm "$WORK/changed/codes.csv"
check "a missing file is found" finds "codes.csv: named in the manifest" "$WORK/changed" --quick
copy && awk -F, -v OFS=, '$6 == "ENT_EMAIL" && $15 != "" && !done { $15 = $15 + 1; done = 1 } { print }' "$first/obs.csv" \
    >"$WORK/changed/obs.csv" && remake
check "a forged share with a forged manifest is found without the log" finds "the share is not numerator" "$WORK/changed" --quick
copy && awk -F, -v OFS=, '$6 == "PAYV_GROSS" && $15 != "" && !done { $15 = $15 + 1; done = 1 } { print }' "$first/obs.csv" \
    >"$WORK/changed/obs.csv" && remake
check "a forged sum with it is found with the log, cell named" finds "obs.csv line .*PAYV_GROSS.*OBS_VALUE: published" \
    "$WORK/changed"

logs() { rm -rf "$WORK/other" && cp -r "$WORK/log" "$WORK/other"; }
payments=$WORK/other/${prefix}payments-1.ndjson
logs && sed -i 1000d "$payments"
check "one lost record is found" finds "payments-1.ndjson holds .* records are lost|payments/1" "$first" --logs "$WORK/other"
logs && sed -i 1000p "$payments"
check "one duplicated record is found, partition and offsets named" finds "payments/1: records in offsets" "$first" \
    --logs "$WORK/other"
lines=$(wc -l <"$WORK/log/${prefix}payments-1.ndjson") # the last ones: of this month, and enough to move a total that is shown
logs && sed -i "$((lines - 300)),${lines}s/\"amount_minor\":\([0-9]*\)/\"amount_minor\":1\1/" "$payments"
check "changed amounts are found, the first cell named" finds "obs.csv line .*came out" "$first" --logs "$WORK/other"
registry=$WORK/other/${prefix}registry-0.ndjson
[ -f "$registry" ] || registry=$(echo "$WORK"/other/*registry-*.ndjson | cut -d' ' -f1)
logs && sed -i '50s/"employees":[0-9]*/"employees":77777/' "$registry"
check "one changed registry row is found" finds "the registry: other rows" "$first" --logs "$WORK/other"
copy && sed -i 's/"window_days": 90/"window_days": 30/' "$WORK/changed/indicators.json" && remake
check "a changed definition is found" finds "not the definitions that snapshot.json names" "$WORK/changed" --quick
check "... and what it changes, with the log" finds "obs.csv line" "$WORK/changed" --logs "$WORK/log"
check "other settings are refused, not guessed at: exit 3" bash -c "
    '$NHIP' verify '$first' --set kafka.bootstrap.servers=$KAFKA --set 'sources.file=$WORK/sources.json' \
        --set window.records=1000 >'$WORK/found' 2>&1; test \$? = 3 && grep -q 'settings are not those' '$WORK/found'"
check "a directory that is no vintage is no crash: exit 4" bash -c "'$NHIP' verify '$WORK/log' >'$WORK/found' 2>&1; test \$? = 4"
check "NHIP-S04, remedy: another copy of the vintage is proved" proves "$first" --quick
check "nothing is left behind" bash -c "! ls -d '$TMPDIR'/nhip-replay-* 2>/dev/null"
finish
