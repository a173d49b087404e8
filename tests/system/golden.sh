#!/bin/bash
# The worked example of the statistics page: 15 messages, 8 registry rows, two vintages, through files and through Kafka.
# v1 is taken when 14 messages are in; the run goes on and v2 is taken; then both are taken again from an empty state.
. "$(dirname "$0")/../support/lib.sh"
begin golden
redis_start
kafka_start
example=tests/golden/example
log=$WORK/log
mkdir -p "$log"
echo '{"PSP1": {"success_at": "FIRST", "records_cash": true}}' >"$WORK/sources.json"
must "the registry's CSV imports" "$NHIP" registry import "$example/registry.csv" --output "$log/registry-0.ndjson"
cp "$example/events.ndjson" "$log/events-0.ndjson"
registry_bytes=$(wc -c <"$log/registry-0.ndjson")
v1_bytes=$(head -n 14 "$log/events-0.ndjson" | wc -c)
cohorts_header=COHORT,AGE,MONTH,AT_RISK,ADOPTIONS,HAZARD,SURVIVOR,OBS_STATUS,CONF_STATUS

compare() { # VINTAGE OBS HOW [published]
    tests/golden/expected.py $example/expected.csv "$1" "$2" "${4:-raw}" >"$WORK/$1.tap" || true
    sed "s/^\(not \)\?ok - /&$3: /" "$WORK/$1.tap"
    failures=$((failures + $(grep -c '^not ok' "$WORK/$1.tap")))
}

take() { # NAMESPACE DIR VINTAGE AS_OF HOW
    local -a how=(--set "namespace=$1" --set "sources.file=$WORK/sources.json" --dir "$2" --period 2021-09 --as-of "$4")
    must "$5: raw snapshot $3 is written" on snapshot "${how[@]}" --raw
    compare "$3" "$(raw_vintage "$2")/obs.csv" "$5"
    must "$5: snapshot $3 is written" on snapshot "${how[@]}" --set disclosure.near_ends=off
    compare "$3" "$(vintage "$2")/obs.csv" "$5, published" published
}

# Both releases of a directory, byte for byte, as they were checked by hand; what changed, found again from the two tables.
kept() { # DIR HOW
    local v release raw
    for v in 1 2; do
        release=$(echo "$1"/THDX_ADOPTION_M_*_r${v}_*) raw=$(echo "$1"/*_RAW_*_r${v}_*)
        check "$2: obs.csv of v$v is the one that was checked by hand, byte for byte" cmp "$release/obs.csv" \
            tests/golden/v$v/obs.csv
        check "$2: raw obs.csv of v$v is the one that was checked by hand, byte for byte" cmp "$raw/obs.csv" \
            tests/golden/v$v/obs_raw.csv
    done
    # By hand: the first activity is M3's payment of 2021-08-10, so the data start is 2021-09. All six units are of 2020-01:
    # PRE. Alive on 2021-08-31: all six; M3 had been active, so 5 are at risk. In September M1 (order, payments), M5 and M6
    # (orders) are active for the first time: 3, as MER_NEW_N says; M2's payment was declined, M4's is cash. 3/5 = 0.6; 2/5 =
    # 0.4 are left. The late event of v2 is M1's and changes nothing. Five contributors are enough, and the rule on shares
    # near the ends is off: free.
    for v in 1 2; do
        release=$(echo "$1"/THDX_ADOPTION_M_*_r${v}_*) raw=$(echo "$1"/*_RAW_*_r${v}_*)
        check "$2: cohorts.csv of v$v is what the register and the events give by hand" diff "$release/cohorts.csv" - \
            <<<"$cohorts_header"$'\nPRE,0,2021-09,5,3,0.600000,0.400000,P,F'
        check "$2: raw cohorts.csv of v$v, too" diff "$raw/cohorts.csv" - \
            <<<"$cohorts_header"$'\nPRE,0,2021-09,5,3,0.600000,0.400000,P,N'
    done
    check "$2: raw revisions.csv of v2 is the one that was checked by hand, byte for byte" cmp "$raw/revisions.csv" \
        tests/golden/v2/revisions_raw.csv
    check "$2: it holds exactly the keys of the rows that differ, cause LATE_EVENT" tests/oracle/revisions.py \
        "$1"/*_RAW_*_r1_* "$raw" --cause LATE_EVENT
    check "$2: of figures that may leave none was revised" tests/oracle/revisions.py "$1"/THDX_ADOPTION_M_*_r1_* "$release" \
        --cause LATE_EVENT
}

files() { # NAMESPACE until?
    local -a until=()
    [ $# -gt 1 ] && until=(--until "$2")
    on run --set "namespace=$1" --set "sources.file=$WORK/sources.json" --file "$log/registry-0.ndjson" --file \
        "$log/events-0.ndjson" "${until[@]}"
}
must "files: 14 messages are read" files f "registry/0=$registry_bytes,events/0=$v1_bytes"
take f "$WORK/f" v1 2021-10-02T17:00:00.000Z files
must "files: the run goes on where it stopped" files f
take f "$WORK/f" v2 2021-10-05T17:00:00.000Z files
kept "$WORK/f" files
must "files: everything is read at once into an empty state" files g
take g "$WORK/g" v2 2021-10-05T17:00:00.000Z "files again"
check "files: both ways give the same bytes of v2" sh -c \
    "sed 's/,[0-9]*,\([^,]*\)\$/,\1/' $(vintage "$WORK/f")/obs.csv >$WORK/1; \
    sed 's/,[0-9]*,\([^,]*\)\$/,\1/' $(vintage "$WORK/g")/obs.csv >$WORK/2; cmp $WORK/1 $WORK/2"

stream() { # NAMESPACE PREFIX OPTION...
    local namespace=$1 prefix=$2
    shift 2
    on run --set "namespace=$namespace" --set "sources.file=$WORK/sources.json" --set "topics=${prefix}registry,${prefix}events" \
        --set "kafka.group.id=$RUN_ID-$namespace" "$@"
}
must "kafka: the log is produced" "$BUILD/tools/produce" "$KAFKA" "$RUN_ID-" 1 "$log/registry-0.ndjson" "$log/events-0.ndjson"
must "kafka: 14 messages are read" stream k "$RUN_ID-" --until "$RUN_ID-registry/0=8,$RUN_ID-events/0=14"
take k "$WORK/k" v1 2021-10-02T17:00:00.000Z kafka
must "kafka: the run goes on where it stopped" stream k "$RUN_ID-" --once
take k "$WORK/k" v2 2021-10-05T17:00:00.000Z kafka
kept "$WORK/k" kafka
must "kafka: replayed into an empty state up to v1" stream k2 "$RUN_ID-" --until "$RUN_ID-registry/0=8,$RUN_ID-events/0=14"
take k2 "$WORK/k2" v1 2021-10-02T17:00:00.000Z "kafka again"
finish
