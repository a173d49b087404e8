#!/bin/bash
# Vintages read by programs that are not ours: csv, pandas, DuckDB, pysdmx, frictionless, sqlite3, pandas for Stata. The
# worked example in two releases, and a synthetic province with daily rows; every cell of every reader against obs.csv.
# Then spoilt files: the comparison must see one changed cell.
. "$(dirname "$0")/../support/lib.sh"
begin readers
redis_start
example=tests/golden/example
log=$WORK/log
mkdir -p "$log" "$WORK/province"
echo '{"PSP1": {"success_at": "FIRST", "records_cash": true}}' >"$WORK/sources.json"
READERS=$(tests/support/readers.sh 2>"$WORK/pip.log") || READERS=
must "the readers' Python is there (pip can reach a package index, or did once)" test -x "$READERS"

read_back() { # CLAIM VINTAGE
    "$READERS" tests/readers/read_back.py "$2" >"$WORK/read.tap" 2>"$WORK/read.err" || true
    sed "s/^\(not \)\?ok - /&$1: /" "$WORK/read.tap"
    failures=$((failures + $(grep -c '^not ok' "$WORK/read.tap")))
    check "$1: all readers came to their end" test "$(grep -c 'ok - ' "$WORK/read.tap")" -ge 20
    [ -s "$WORK/read.err" ] && sed 's/^/#   /' "$WORK/read.err" | tail -n 5
}

take() { # NAMESPACE DIR PERIOD OPTION...
    local namespace=$1 directory=$2 period=$3
    shift 3
    on snapshot --quiet --set "namespace=$namespace" --set "sources.file=$WORK/sources.json" --dir "$directory" \
        --period "$period" "$@"
}

run_files() { # NAMESPACE OPTION...
    local namespace=$1
    shift
    on run --set "namespace=$namespace" --set "sources.file=$WORK/sources.json" "$@"
}

must "the registry's CSV imports" "$NHIP" registry import "$example/registry.csv" --output "$log/registry-0.ndjson"
cp "$example/events.ndjson" "$log/events-0.ndjson"
registry_bytes=$(wc -c <"$log/registry-0.ndjson")
v1_bytes=$(head -n 14 "$log/events-0.ndjson" | wc -c)
must "14 messages are read" run_files g --file "$log/registry-0.ndjson" --file "$log/events-0.ndjson" \
    --until "registry/0=$registry_bytes,events/0=$v1_bytes"
must "release 1 is written" take g "$WORK/golden" 2021-09 --as-of 2021-10-02T17:00:00.000Z
read_back "example r1" "$(vintage "$WORK/golden")"
raw=$(take g "$WORK/golden" 2021-09 --as-of 2021-10-02T17:00:00.000Z --raw 2>/dev/null)
must "raw figures are written beside it" test -d "$raw"
read_back "example raw" "$raw"
must "the late message is read" run_files g --file "$log/registry-0.ndjson" --file "$log/events-0.ndjson"
must "release 2 is written" take g "$WORK/golden" 2021-09 --as-of 2021-10-05T17:00:00.000Z
read_back "example r2" "$(vintage "$WORK/golden")"

must "a province of ${EVENTS:-20000} events is made" "$NHIP" generate --seed 5 --events "${EVENTS:-20000}" --partitions 2 \
    --output "$WORK/province/" --sources "$WORK/sources.json"
province=()
for file in "$WORK"/province/*.ndjson; do province+=(--file "$file"); done
must "it is read" run_files p "${province[@]}"
printf '%s\n' source,feeds NAPASGW,payments SHOPEE,orders RIDEHUB,rides >"$WORK/expected.csv" # websites: of nobody, so L
must "its vintage is written, with daily rows and COVERAGE" take p "$WORK/vintages" 2021-09 --daily --set \
    "snapshot.sources=$WORK/expected.csv"
read_back province "$(vintage "$WORK/vintages")"

spoil() { # CLAIM READER FILE COMMAND...: a copy whose FILE the command changes is noticed
    local claim=$1 reader=$2 file=$3
    shift 3
    rm -rf "$WORK/spoilt"
    cp -r "$raw" "$WORK/spoilt"
    "$@" "$WORK/spoilt/$file"
    "$READERS" tests/readers/read_back.py "$WORK/spoilt" "$reader" >"$WORK/spoilt.tap" 2>/dev/null
    check "$claim" grep -q '^not ok' "$WORK/spoilt.tap"
}
change_table() {
    "$READERS" - "$1" <<'END'
import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.execute("UPDATE obs SET OBS_VALUE = '12.34' WHERE UNIT_MEASURE = 'PT' AND OBS_VALUE = "
             "(SELECT min(OBS_VALUE) FROM obs WHERE UNIT_MEASURE = 'PT' AND OBS_VALUE NOT IN ('', '12.34'))")
base.commit()
END
}
spoil "a changed value in adoption.sqlite is noticed" sqlite adoption.sqlite change_table
spoil "a changed value in obs.csv is noticed" duckdb,package obs.csv sed -i '0,/,[0-9][0-9.]*,PT,/s//,12.34,PT,/'
spoil "a code that is in no list is noticed" sdmx structure.json sed -i 's/"id": "VN_38_D399"/"id": "VN_38_D999"/'
finish
