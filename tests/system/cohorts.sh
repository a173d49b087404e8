#!/bin/bash
# cohorts.csv: a register that grows for two years against the oracle, cell for cell, raw and controlled, in months, quarters and
# years; its identities; a second release after late events; the vintage is proved, a changed digit is seen. And the rule that
# withholds, attacked on tables of its own (COHORT_TABLES=20000 tests/system/cohorts.sh for longer).
. "$(dirname "$0")/../support/lib.sh"
begin cohorts
redis_start
log=$WORK/log
must "a register and its payments are made" python3 tests/oracle/cohorts_log.py "$log" 1 900
mv "$log/late-0.ndjson" "$WORK/late-0.ndjson"
echo '{"PSP1": {"success_at": "FIRST", "records_cash": true}}' >"$WORK/sources.json"
common=(--set namespace=c --set "sources.file=$WORK/sources.json" --set retention.days=800)
count() { on run "${common[@]}" --file "$log/registry-0.ndjson" --file "$log/events-0.ndjson" "$@"; }
must "they are counted" count

take() { # DIR PERIOD OPTION...; the path in $WORK/path
    local directory=$1 period=$2
    shift 2
    on snapshot "${common[@]}" --dir "$directory" --period "$period" --quiet "$@" >"$WORK/path"
}
oracle() { # PERIOD OPTION...: the vintage in $WORK/path
    python3 tests/oracle/cohorts.py "$(cat "$WORK/path")/cohorts.csv" --log "$log"/*.ndjson --sources "$WORK/sources.json" \
        --config retention.days=800 --period "$@" | tee "$WORK/oracle.log"
    return "${PIPESTATUS[0]}"
}
rows() { # STATUS [COHORT]: rows with that CONF_STATUS in the vintage of $WORK/path
    awk -F, -v status="$1" -v cohort="${2:-}" '$9 == status && (cohort == "" || $1 == cohort)' "$(cat "$WORK/path")/cohorts.csv" |
        wc -l
}
left() { # after oracle --obs: of units that are new by MER_NEW_N, those that had left the set before
    sed -n 's/^MER_NEW_N.* \([0-9]*\) by units that had left$/\1/p' "$WORK/oracle.log"
}

gone=0
for period in 2021-06 2021-11 2021-Q3 2020; do
    must "$period is written raw" take "$WORK/raw" "$period" --raw
    check "$period, raw: as the oracle, and its adoptions are MER_NEW_N but for those who had left" \
        oracle "$period" --raw --obs "$(cat "$WORK/path")/obs.csv"
    gone=$((gone + $(left)))
    must "$period is published" take "$WORK/v" "$period"
    check "$period: as the oracle" oracle "$period"
    check "something is withheld, something told" test "$(rows A)" -gt 0 -a "$(rows D)" -gt 0 -a "$(rows F)" -gt 0
done
check "some had left" test "$gone" -gt 0
must "2021-11 is written with other rules" take "$WORK/other" 2021-11 --set disclosure.merchants=3 --set disclosure.near_ends=off
check "2021-11 with other rules: as the oracle" oracle 2021-11 --config disclosure.merchants=3 disclosure.near_ends=off
must "the month that goes on still is written" take "$WORK/raw" 2022-01 --raw
check "its last row is of a month that has ended" oracle 2022-01 --raw
for period in 2021-11-30 2021-W47; do
    must "$period is written" take "$WORK/raw" "$period" --raw
    check "$period has no such file" test ! -e "$(cat "$WORK/path")/cohorts.csv"
done

must "2021-09 is published with few at risk" take "$WORK/n" 2021-09 --set disclosure.merchants=9
september=$(cat "$WORK/path")
must "and 2021-10 with others" take "$WORK/n" 2021-10
october=$(cat "$WORK/path")
check "what the month before withheld to protect others stays in: as the oracle" oracle 2021-10 --before "$september/cohorts.csv"
check "without that it would be told: not as the oracle" bash -c "! python3 tests/oracle/cohorts.py '$october/cohorts.csv' \
    --log '$log'/*.ndjson --sources '$WORK/sources.json' --config retention.days=800 --period 2021-10"
must "2021-08 comes after 2021-09" take "$WORK/n" 2021-08 --set disclosure.merchants=3
must "and 2021-09 a second time" take "$WORK/n" 2021-09 --set disclosure.merchants=3
check "2021-10 is proved as before" "$NHIP" verify "$october" --logs "$log" "${common[@]}"
check "so is 2021-09" "$NHIP" verify "$september" --logs "$log" "${common[@]}" --set disclosure.merchants=9
second=$(find "$WORK/n" -name '*_2021-09_r2_*')
echo >>"$second/codes.csv"
check "a damaged release of the month before is not held to: exit 3" bash -c "'$NHIP' snapshot --set 'redis.address=$REDIS' \
    ${common[*]} --dir '$WORK/n' --period 2021-10 2>'$WORK/err'; test \$? = 3"
check "it is named" grep -q '_2021-09_r2_.*codes.csv' "$WORK/err"

must "2021-11 is published with few at risk" take "$WORK/w" 2021-11 --set disclosure.merchants=9
published=$(cat "$WORK/path")
check "and proved from the log" "$NHIP" verify "$published" --logs "$log" "${common[@]}" --set disclosure.merchants=9
cp "$WORK/late-0.ndjson" "$log/"
must "events come late" count --file "$log/late-0.ndjson"
must "2021-11 has a second release" take "$WORK/w" 2021-11
second=$(cat "$WORK/path")
check "it is another table" bash -c "! cmp -s '$published/cohorts.csv' '$second/cohorts.csv'"
check "what the first withheld to protect others stays in: as the oracle" oracle 2021-11 --before "$published/cohorts.csv"
check "without that it would be told: not as the oracle" bash -c "! python3 tests/oracle/cohorts.py '$second/cohorts.csv' \
    --log '$log'/*.ndjson --sources '$WORK/sources.json' --config retention.days=800 --period 2021-11"
must "raw, too" take "$WORK/raw" 2021-11 --raw
check "the data begins a month earlier for whoever follows nobody" grep -q '^PRE,0,2020-01,' "$(cat "$WORK/path")/cohorts.csv"
check "a release keeps the data start of the one before" grep -q '^PRE,0,2020-02,' "$second/cohorts.csv"
check "the second is proved, beside the first" "$NHIP" verify "$second" --logs "$log" "${common[@]}"
broken() { # SED: a copy of the second release with that done to cohorts.csv, and the hash of it put right
    rm -rf "$WORK/broken"
    cp -r "$second" "$WORK/broken"
    sed -i "$1" "$WORK/broken/cohorts.csv"
    hash=$(sha256sum <"$WORK/broken/cohorts.csv" | cut -d' ' -f1)
    sed -i "s/^[0-9a-f]*\(  cohorts.csv\)\$/$hash\1/" "$WORK/broken/MANIFEST.sha256"
}
differs() { # WHAT OPTION...: verify of that copy says so, and ends with 3
    local what=$1
    shift
    "$NHIP" verify "$WORK/broken" "$@" >"$WORK/out" 2>&1
    test $? = 3 && grep -q "$what" "$WORK/out"
}
row=$(awk -F, '$9 == "F" && $5 > 0 { print NR; exit }' "$second/cohorts.csv")
broken "${row}s/,F\$/,A/"
check "a changed letter is seen against the log: exit 3" differs "cohorts.csv line $row" --logs "$log" "${common[@]}"
broken "${row}s/^\([^,]*,[^,]*,[^,]*\),[0-9]*,/\1,9999,/"
check "a changed number at risk is seen without it" differs "cohorts.csv: .*HAZARD is not" --quick
last=$(awk -F, '$1 == cohort && status != "F" && $9 == "D" { print NR; exit } { cohort = $1; status = $9 }' "$second/cohorts.csv")
broken "${last}s/,,,,,Q,D\$/,20,3,0.150000,0.500000,P,F/"
check "so is a number behind one that is withheld" differs "told, and an earlier age is withheld" --quick
broken "${last}s/,,,,,Q,D\$/,20,3,,,Q,D/"
check "and a number in a withheld row" differs "withheld, and shows a number" --quick

check "no withheld cell can be worked out, on ${COHORT_TABLES:-1500} tables" python3 tests/oracle/cohorts_attack.py \
    "${COHORT_TABLES:-1500}"
check "it can without the rule on months" bash -c \
    "! python3 tests/oracle/cohorts_attack.py ${COHORT_TABLES:-1500} --without-months"
finish
