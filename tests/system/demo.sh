#!/bin/bash
# `nhip demo` as a newcomer runs it, small: the table, the files, the byte-for-byte replay.
. "$(dirname "$0")/../support/lib.sh"
begin demo
"$NHIP" demo --dir "$WORK/demo" --events "${EVENTS_DEMO:-20000}" >"$WORK/out" 2>"$WORK/err"
check "nhip demo exits 0" test $? = 0
sed 's/^/# /' "$WORK/out" "$WORK/err"
check "it replays to the same bytes" grep -q "the same obs.csv, byte for byte" "$WORK/out"
# named FILE: the path of that name which the demo printed, one a line, two blanks before it.
named() { sed -n "s|^  \(.*/$1\)\$|\1|p" "$WORK/out"; }
obs=$(named obs.csv)
check "it names a snapshot that exists" test -s "$obs"
report=$(named report.html)
check "it names the report, which is whole" grep -q "</html>" "$report"
for path in $(sed -n 's/^  \([^ ]*\)$/\1/p' "$WORK/out"); do
    [ -s "$path" ] || { missing=$path; echo "# $path: named, but not there"; }
done
check "every path that it names is there" test -z "${missing-}"
check "declared and observed shares are within one point of the published figures" python3 tests/golden/published.py "$obs"
check "its truth agrees with what is published" python3 tests/oracle/compare_truth.py --published "$obs" "$WORK/demo/truth.json"
check "nothing that was suppressed follows from what is published" python3 tests/oracle/disclosure_attack.py "$obs"
finish
