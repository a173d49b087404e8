#!/bin/bash
# Shared by tests/system/*.sh: claims in TAP form, a private Redis, the suite's Kafka, short names for the commands under test.
#
#   . tests/support/lib.sh; begin NAME; ...; check "claim" command args...; finish
#
# BUILD: the build directory. KAFKA: host:port of a running broker (tests/run.sh starts one); without it a script starts its own.
set -uo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$home" || exit 1
BUILD=${BUILD:-build}
NHIP=$home/$BUILD/nhip
failures=0
own_kafka=

begin() {
    WORK=$(mktemp -d "/tmp/nhip-$1-XXXXXX")
    trap cleanup EXIT
    trap 'exit 1' INT TERM
    RUN_ID=$1-$$-$RANDOM
}

cleanup() {
    local pid
    for pid in $(jobs -p); do kill -9 "$pid" 2>/dev/null; done
    [ -f "$WORK/redis.pid" ] && kill -9 "$(cat "$WORK/redis.pid")" 2>/dev/null
    [ -n "$own_kafka" ] && tests/support/kafka.sh stop --dir "$WORK/kafka" >/dev/null 2>&1
    [ -n "${KEEP:-}" ] && echo "# kept: $WORK" || rm -rf "$WORK"
}

ok() { echo "ok - $1"; }

not_ok() {
    echo "not ok - $1"
    failures=$((failures + 1))
}

skip() { echo "ok - $1 # SKIP $2"; }

# check CLAIM COMMAND...: the claim holds when the command succeeds; its output is shown when it does not.
check() {
    local claim=$1
    shift
    if "$@" >"$WORK/check.log" 2>&1; then
        ok "$claim"
    else
        not_ok "$claim"
        tail -n 25 "$WORK/check.log" | sed 's/^/#   /'
    fi
}

# Like check, but a failure ends the script: nothing after it would mean anything.
must() {
    local before=$failures
    check "$@"
    [ "$failures" -eq "$before" ] || finish
}

finish() {
    if [ "$failures" -eq 0 ]; then exit 0; else exit 1; fi
}

redis_start() {
    REDIS=$WORK/redis.sock
    redis-server --port 0 --unixsocket "$REDIS" --dir "$WORK" --save "" --appendonly "${AOF:-no}" --daemonize yes \
        --pidfile "$WORK/redis.pid" --logfile "$WORK/redis.log" --maxmemory-policy noeviction >/dev/null
    local _
    for _ in $(seq 100); do
        redis-cli -s "$REDIS" ping >/dev/null 2>&1 && return
        sleep 0.05
    done
    echo "redis-server did not start" >&2
    exit 1
}

rcli() { redis-cli -s "$REDIS" "$@"; }

kafka_start() {
    [ -n "${KAFKA:-}" ] && return
    own_kafka=yes
    KAFKA=$(tests/support/kafka.sh start --dir "$WORK/kafka") || exit 1
}

# nhip COMMAND... with the private Redis and the broker filled in. In the background: `EXEC=exec on ... &`, so
# that $! is nhip itself.
on() {
    local command=$1
    shift
    ${EXEC:-} "$NHIP" "$command" --set "redis.address=$REDIS" --set "kafka.bootstrap.servers=${KAFKA:-127.0.0.1:1}" \
        --set log.level=warn "$@"
}

vintage() { echo "$1/$(cat "$1/LATEST")"; }
# The newest vintage of raw figures (nhip snapshot --raw), which LATEST does not name.
raw_vintage() { find "$1" -maxdepth 1 -name '*_RAW_*' | sort -V | tail -n 1; }
