#!/bin/bash
# report.html as people see it: two releases of a synthetic province in a headless Chromium (support/report_page.py), with the
# rules of axe-core (the copy in the package of readers/axe.txt). PICTURES=DIR keeps screenshots; EVENTS (default 20000).
. "$(dirname "$0")/../support/lib.sh"
begin report
redis_start
must "a province of ${EVENTS:-20000} events is made" "$NHIP" generate --seed 38 --events "${EVENTS:-20000}" --partitions 2 \
    --output "$WORK/log/" --sources "$WORK/sources.json"
files=()
until=
for file in "$WORK"/log/*.ndjson; do
    files+=(--file "$file")
    name=$(basename "$file" .ndjson)
    lines=$(wc -l <"$file")
    case $name in registry-*) ;; *) lines=$((lines * 97 / 100)) ;; esac
    until+=${until:+,}${name%-*}/${name##*-}=$(head -n "$lines" "$file" | wc -c)
done
reads() { on run --set namespace=p --set "sources.file=$WORK/sources.json" "${files[@]}" "$@"; }
writes() {
    on snapshot --set namespace=p --set "sources.file=$WORK/sources.json" --dir "$WORK/v" --from 2021-07 --to 2021-09
}
must "97 of 100 events are read" reads --until "$until"
must "first releases of three months are written" writes
must "the rest is read" reads
must "second releases are written" writes
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || chromium=
if [ -z "$chromium" ]; then
    skip "the report in a browser" "there is no chromium (apt-get install chromium)"
    finish
fi
python=$(tests/support/readers.sh tests/readers/axe.txt 2>"$WORK/pip.log") || python=
axe=$(find "${python%/bin/python}/lib" -path '*/axe_playwright_python/axe.min.js' 2>/dev/null | head -n 1)
check "axe-core is there (pip can reach a package index, or did once)" test -s "$axe"
PICTURES=${PICTURES:-}
[ -n "$PICTURES" ] && mkdir -p "$PICTURES"
tests/support/report_page.py "$chromium" "$axe" "$(vintage "$WORK/v")" ${PICTURES:+"$PICTURES"} >"$WORK/page.tap" \
    2>"$WORK/page.err"
cat "$WORK/page.tap"
failures=$((failures + $(grep -c '^not ok' "$WORK/page.tap")))
check "the page was looked at to the end" test "$(grep -c 'ok - ' "$WORK/page.tap")" -ge 20
[ -s "$WORK/page.err" ] && sed 's/^/#   /' "$WORK/page.err" | tail -n 5
finish
