#!/bin/bash
# Claims about messages that end nhip; sourced behind lib.sh. tests/stops.py reads these two words in the scripts and makes
# tests/stops.md, so write the code out.

# ends CODE STATUS COMMAND...: it ends with that exit status, and its last line begins with the code.
ends() {
    local code=NHIP-$1 status=$2 got=0
    shift 2
    timeout 60 "$@" >"$WORK/out" 2>&1 </dev/null || got=$?
    check "$code ends with $status" test "$got" = "$status" -a -n "$(grep -F "$code: " "$WORK/out")"
    [ "$got" = "$status" ] && grep -qF "$code: " "$WORK/out" || sed "s/^/#   exit $got: /" "$WORK/out" | tail -n 5
}

# remedy CODE TEXT COMMAND...: what the runbook says to type for it, and it works.
remedy() { check "NHIP-$1, remedy: $2" "${@:3}"; }
