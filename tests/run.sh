#!/bin/bash
# Runs the tests and ends with one line `N passed, N failed`.
#
#   tests/run.sh         everything (unit tests, gates, Python oracle, system tests on a real Kafka and Redis)
#   tests/run.sh quick   unit tests and gates only
#   tests/run.sh lane    for sanitizer builds: unit and system tests, small (EVENTS=20000); not those with builds of their own
#   tests/run.sh kafka   for another librdkafka: the unit and system tests of what Kafka does to us
#
# JOBS programs run side by side (default: two; most of them wait most of the time). Each program's output goes to
# BUILD/test-logs/NAME.log; of a failing one the end is shown. Counted are claims: cmocka tests, unittest methods, TAP lines of
# the scripts; a program without such lines counts as one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build}
mode=${1:-full}
jobs_max=${JOBS:-2}
logs=$BUILD/test-logs
mkdir -p "$logs"
rm -f "$logs"/*.counted
kafka_dir=

cleanup() { [ -n "$kafka_dir" ] && tests/support/kafka.sh stop --dir "$kafka_dir" >/dev/null 2>&1; }
trap cleanup EXIT
trap 'exit 1' INT TERM

count() { grep -cE "$1" "$2" || true; }

report() { # NAME STATUS SECONDS: counts the claims in the log, and says how it went in one write
    local name=$1 status=$2 log=$logs/$1.log good bad
    good=$(($(count '^\[       OK \]|^ok( [0-9]+)? ?-' "$log") + $(count '\.\.\. ok$' "$log")))
    bad=$(($(count '^\[  FAILED  \] [a-z_0-9]+$|^not ok' "$log") + $(count '\.\.\. (FAIL|ERROR)$' "$log")))
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    if [ "$status" -eq 0 ] && [ "$good" -eq 0 ]; then good=1; fi
    echo "$good $bad" >"$logs/$name.counted"
    if [ "$status" -eq 0 ] && [ "$bad" -eq 0 ]; then
        printf '  %-28s %4d passed  %4d s\n' "$name" "$good" "$3"
    else
        printf '  %-28s %4d passed  %4d FAILED  (status %d, %s)\n%s\n' "$name" "$good" "$bad" "$status" "$log" "$(
            grep -E '^not ok|FAILED|FAIL:|ERROR|error:|broken promise|Sanitizer' "$log" | head -n 20 | sed 's/^/      /'
            tail -n 15 "$log" | sed 's/^/      | /'
        )"
    fi
}

one() { # NAME SECONDS COMMAND...
    local name=$1 bound=$2 started=$SECONDS status=0
    shift 2
    timeout -k 10 "$bound" "$@" >"$logs/$name.log" 2>&1 </dev/null || status=$?
    report "$name" "$status" $((SECONDS - started))
}

run() { # as one, beside JOBS - 1 others
    while [ "$(jobs -rp | wc -l)" -ge "$jobs_max" ]; do wait -n; done
    one "$@" &
}

# chosen NAME: whether this mode runs it
chosen() {
    case $mode:$1 in
    lane:disclosure | lane:faults | lane:readers | lane:torture) return 1 ;; # their own builds and readers, or mostly Python
    lane:install | lane:prometheus | lane:report) return 1 ;;               # they look at files and at other programs
    lane:chain | lane:growth) [[ $BUILD != *thread* ]]; return ;;           # one thread, many snapshots: minutes under TSan
    *:scale) return 1 ;;                                                    # its claims are seconds: in make soak
    kafka:*) ;;
    *) return ;;
    esac
    case $1 in
    test_deadletter | test_kafka_* | test_partition | test_producer | test_source_* | truth | hostile | kafka) ;;
    *) false ;;
    esac
}

if [ "$mode" != quick ]; then # first, because they wait the longest
    kafka_dir=$BUILD/kafka-run
    KAFKA=$(tests/support/kafka.sh start --dir "$kafka_dir") || exit 1
    export KAFKA
    for script in tests/system/*.sh; do
        chosen "$(basename "$script" .sh)" || continue
        run "$(basename "$script" .sh)" 900 "$script"
    done
fi
if [ "$mode" = full ]; then
    run oracle 300 python3 -m unittest discover -v -s tests/oracle -p 'test_*.py'
    run fuzz 400 tests/fuzz.sh 2
    run simulator 300 tests/sim.sh
    run bench-profile 120 make --no-print-directory bench-profile
fi
for test in "$BUILD"/tests/test_*; do
    case $test in *.[od] | *'*') continue ;; esac
    chosen "$(basename "$test")" || continue
    run "$(basename "$test")" 300 "$test"
done
if [ "$mode" = full ] || [ "$mode" = quick ]; then
    run tidy 120 tests/tidy.sh
    run schemas 60 python3 tests/schemas_check.py
    run docs 60 tests/docs.sh
fi
wait
cat "$logs"/*.counted | awk '
    { good += $1; bad += $2 }
    END { printf "%d passed, %d failed\n", good, bad; exit bad > 0 || good == 0 }'
