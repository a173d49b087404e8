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

compare() { # VINTAGE OBS
    tests/golden/expected.py $example/expected.csv "$1" "$2" >"$WORK/$1.tap" || true
    sed "s/^\(not \)\?ok - /&$3: /" "$WORK/$1.tap"
    failures=$((failures + $(grep -c '^not ok' "$WORK/$1.tap")))
}

take() { # NAMESPACE DIR VINTAGE AS_OF HOW
    must "$5: snapshot $3 is written" on snapshot --set "namespace=$1" --set "sources.file=$WORK/sources.json" --dir \
        "$2" --period 2021-09 --as-of "$4"
    compare "$3" "$(vintage "$2")/obs.csv" "$5"
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
must "kafka: replayed into an empty state up to v1" stream k2 "$RUN_ID-" --until "$RUN_ID-registry/0=8,$RUN_ID-events/0=14"
take k2 "$WORK/k2" v1 2021-10-02T17:00:00.000Z "kafka again"
finish
