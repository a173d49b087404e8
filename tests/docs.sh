#!/bin/bash
# What is made from tables in the code stands in the repository exactly as the code makes it.
. "$(dirname "$0")/support/lib.sh"
begin docs
"$NHIP" config --markdown >"$WORK/config.md"
"$NHIP" config --example >"$WORK/example"
check "ops/config.md is what nhip config --markdown prints" diff -u ops/config.md "$WORK/config.md"
check "ops/nhip.conf.example is what nhip config --example prints" diff -u ops/nhip.conf.example "$WORK/example"
check "ops/metrics.md is what nhip config --metrics prints" diff -u ops/metrics.md <("$NHIP" config --metrics)
"$NHIP" config --stops >"$WORK/stops"
sed -n '/^<!-- stops:/,/^<!-- end of stops/p' ops/README.md | grep '^|' >"$WORK/told"
check "the table of codes in ops/README.md is what nhip config --stops prints" diff -u "$WORK/told" "$WORK/stops"
awk -F'`' '/NHIP/ { print $2 }' "$WORK/stops" | sort >"$WORK/codes"
check "no two messages that stop nhip share a code by mistake" test -s "$WORK/codes" -a -z "$(uniq -d "$WORK/codes")"
for name in $(sed -n 's/^ *X(\([A-Z_]*\),.*/\1/p' include/stops.h); do
    [ "$name" = BROKEN_PROMISE ] || grep -rqw "STOP_$name" ingest aggregate --include='*.c' || echo "$name"
done >"$WORK/unused"
check "each code is the code of some message" diff /dev/null "$WORK/unused"
awk -F'`' '/NHIP/ { sub(/^ \| [0-9]+ \| /, "", $3); sub(/ \|$/, "", $3); print "## " $2 ": " $3 }' "$WORK/stops" >"$WORK/due"
grep '^## NHIP-' ops/README.md >"$WORK/headings"
check "each code has its entry in the runbook, once, and no entry is left over" diff -u "$WORK/due" "$WORK/headings"
check "each code says which test provokes it and types its remedy: tests/stops.md is what tests/stops.py prints" sh -c \
    "python3 tests/stops.py >'$WORK/stops.md' && diff -u tests/stops.md '$WORK/stops.md'"
check "every bug that the simulator's test plants still fits the sources" python3 tests/sim/mutants.py --check
for command in $("$NHIP" help | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p'); do
    "$NHIP" "$command" --help >"$WORK/help" 2>"$WORK/help.err"
    status=$?
    check "nhip $command --help explains itself on standard output and exits 0" \
        test "$status" = 0 -a ! -s "$WORK/help.err" -a "$(wc -l <"$WORK/help")" -ge 5
    check "and has examples and exit codes" bash -c "
        grep -qE '^Examples?:$' '$WORK/help' && grep -q '^Exit codes: 0 ' '$WORK/help'"
    check "nhip $command --help stays within 130 columns" awk 'length > 130 { print; bad = 1 } END { exit bad }' "$WORK/help"
done
finish
