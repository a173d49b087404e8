#!/bin/bash
# What is made from tables in the code stands in the repository exactly as the code makes it.
. "$(dirname "$0")/support/lib.sh"
begin docs
"$NHIP" config --markdown >"$WORK/config.md"
"$NHIP" config --example >"$WORK/example"
check "ops/config.md is what nhip config --markdown prints" diff -u ops/config.md "$WORK/config.md"
check "ops/nhip.conf.example is what nhip config --example prints" diff -u ops/nhip.conf.example "$WORK/example"
for command in run snapshot generate registry inspect config demo; do
    "$NHIP" "$command" --help >"$WORK/help" 2>"$WORK/help.err"
    status=$?
    check "nhip $command --help explains itself on standard output and exits 0" \
        test "$status" = 0 -a ! -s "$WORK/help.err" -a "$(wc -l <"$WORK/help")" -ge 5
    check "nhip $command --help stays within 130 columns" awk 'length > 130 { print; bad = 1 } END { exit bad }' "$WORK/help"
done
finish
