#!/bin/bash
# Runs the tests and ends with one line `N passed, N failed`.
#
#   tests/run.sh         everything (unit tests, gates, Python oracle, system tests on a real Kafka and Redis)
#   tests/run.sh quick   unit tests and gates only
#   tests/run.sh lane    for sanitizer builds: unit and system tests, small (EVENTS=20000)
#
# Each program's output goes to BUILD/test-logs/NAME.log; of a failing one the end is shown. Counted are
# claims: cmocka tests, unittest
# methods, TAP lines of the scripts; a program without such lines counts as one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build}
mode=${1:-full}
logs=$BUILD/test-logs
mkdir -p "$logs"
passed=0
failed=0
kafka_dir=

cleanup() { [ -n "$kafka_dir" ] && tests/support/kafka.sh stop --dir "$kafka_dir" >/dev/null 2>&1; }
trap cleanup EXIT
trap 'exit 1' INT TERM

count() { grep -cE "$1" "$2" || true; }

run() { # NAME SECONDS COMMAND...
    local name=$1 bound=$2 log=$logs/$1.log started=$SECONDS status=0 good bad
    shift 2
    timeout -k 10 "$bound" "$@" >"$log" 2>&1 </dev/null || status=$?
    good=$(($(count '^\[       OK \]|^ok( [0-9]+)? ?-' "$log") + $(count '\.\.\. ok$' "$log")))
    bad=$(($(count '^\[  FAILED  \] [a-z_0-9]+$|^not ok' "$log") + $(count '\.\.\. (FAIL|ERROR)$' "$log")))
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$status" -eq 0 ] && [ "$good" -eq 0 ]; then good=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    if [ "$status" -eq 0 ] && [ "$bad" -eq 0 ]; then
        printf '  %-28s %4d passed  %4d s\n' "$name" "$good" $((SECONDS - started))
    else
        printf '  %-28s %4d passed  %4d FAILED  (status %d, %s)\n' "$name" "$good" "$bad" "$status" "$log"
        grep -E '^not ok|FAILED|FAIL:|ERROR|error:|broken promise|Sanitizer' "$log" | head -n 20 | sed 's/^/      /'
        tail -n 15 "$log" | sed 's/^/      | /'
    fi
}

for test in "$BUILD"/tests/test_*; do
    case $test in *.[od] | *'*') continue ;; esac
    run "$(basename "$test")" 300 "$test"
done
if [ "$mode" != lane ]; then
    run tidy 120 tests/tidy.sh
    run schemas 60 python3 tests/schemas_check.py
    run docs 60 tests/docs.sh
fi
if [ "$mode" = full ]; then
    run oracle 300 python3 -m unittest discover -v -s tests/oracle -p 'test_*.py'
fi
if [ "$mode" != quick ]; then
    kafka_dir=$BUILD/kafka-run
    KAFKA=$(tests/support/kafka.sh start --dir "$kafka_dir") || exit 1
    export KAFKA
    for script in tests/system/*.sh; do
        run "$(basename "$script" .sh)" 900 "$script"
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
