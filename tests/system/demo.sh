#!/bin/bash
# `nhip demo` as a newcomer runs it, small: the table, the files, the byte-for-byte replay.
. "$(dirname "$0")/../support/lib.sh"
begin demo
"$NHIP" demo --dir "$WORK/demo" --events "${EVENTS_DEMO:-20000}" >"$WORK/out" 2>"$WORK/err"
check "nhip demo exits 0" test $? = 0
sed 's/^/# /' "$WORK/out" "$WORK/err"
check "it replays to the same bytes" grep -q "the same obs.csv, byte for byte" "$WORK/out"
obs=$(sed -n 's/^Snapshot: *//p' "$WORK/out")
check "it names a snapshot that exists" test -s "$obs"
check "declared and observed shares are within one point of the published figures" python3 tests/golden/published.py "$obs"
check "its truth agrees with the snapshot" python3 tests/oracle/compare_truth.py "$obs" "$WORK/demo/truth.json"
finish
