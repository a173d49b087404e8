#!/bin/bash
# Faults of processes: nhip-faults on real Kafka and Redis, killed, stopped or failed at every fault point, and faults
# from outside (tests/README.md). After each run the work is done undisturbed, and state, snapshot and dead letters must be those
# of an undisturbed run.
#
#   tests/faults.sh [OPTION of tests/faults/main.py]...
#
# MINUTES bounds it (default 5), RUNS too; SEED (default: the day); QUICK=1: one workload, no broker of its own (KAFKA, or files
# only). BUILD/faults-result.json has the counts, BUILD/faults-result.json.md the table. It shows first that the release has no
# fault point.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
work=$(mktemp -d /tmp/nhip-faults-XXXXXX)
kafka_dir=
main=

cleanup() {
    [ -n "$main" ] && kill "$main" 2>/dev/null && wait "$main"
    [ -n "$kafka_dir" ] && tests/support/kafka.sh stop --dir "$kafka_dir" >/dev/null 2>&1
    rmdir "$work" 2>/dev/null
}
trap cleanup EXIT
trap 'exit 1' INT TERM

[ -x "$BUILD/nhip-faults" ] || make --no-print-directory "$BUILD/nhip-faults" BUILD="$BUILD" >/dev/null || exit 1
status=0
claim() { # CLAIM COMMAND...
    local text=$1
    shift
    if "$@"; then
        echo "ok - $text"
    else
        echo "not ok - $text"
        status=1
    fi
}
traces() { # PROGRAM: how many names of fault points are in its bytes, and symbols of theirs
    strings -a "$1" | grep -cE '^(commit\.inside|vintage\.rename|exec\.reply|NHIP_FAULT)$'
    nm "$1" | grep -c ' fault_point'
}
claim "the release has no fault point: no name of one, no symbol" test "$(traces "$BUILD/nhip" | xargs)" = "0 0"
claim "nhip-faults has them" test "$(traces "$BUILD/nhip-faults" | awk '$1 >= 3' | wc -l)" = 2

# A broker of our own can be restarted and read through a proxy.
arguments=()
if [ -n "${QUICK:-}" ]; then
    arguments+=(--quick)
elif [ -z "${KAFKA:-}" ]; then
    kafka_dir=$work-kafka
    KAFKA=$(tests/support/kafka.sh start --dir "$kafka_dir" --heap 384m --proxied $((32500 + $$ % 200))) || exit 1
    arguments+=(--broker "$kafka_dir")
fi
seconds=${SECONDS_LONG:-$((${MINUTES:-5} * 60))}
python3 tests/faults/main.py --build "$BUILD" --work "$work" --kafka "${KAFKA:-}" --seconds "$seconds" --runs "${RUNS:-1000000}" \
    --seed "${SEED:-$(date +%Y%m%d)}" --result "$BUILD/faults-result.json" "${arguments[@]}" "$@" &
main=$!
wait "$main" || status=1
main=
exit "$status"
