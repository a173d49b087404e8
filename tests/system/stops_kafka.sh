#!/bin/bash
# Messages that end nhip, as stops.sh: those of Kafka that a plain broker provokes. Doors, retention, other logs: kafka.sh;
# records that mean harm: hostile.sh.
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stops.sh"
begin stops_kafka
redis_start
kafka_start
admin=("$BUILD/tools/kafka_admin" "$KAFKA")
prefix=$RUN_ID-
registry=tests/golden/example/registry.csv
must "a province is written to files" "$NHIP" generate --seed 5 --events 2000 --output "$WORK/log/" --partitions 1 \
    --sources "$WORK/sources.json"
log=$WORK/log/orders-0.ndjson
new() { "${admin[@]}" create "$prefix$1" "$2" 1 "${@:3}"; }
# go NAME ARGUMENT...: nhip run on topic, namespace and group NAME
go() {
    local name=$1
    shift
    on run --set "topics=$prefix$name" --set "namespace=$name" --set "kafka.group.id=$prefix$name" \
        --set kafka.topic.metadata.refresh.interval.ms=500 --set log.level=info "$@"
}
import() { "$NHIP" registry import "$registry" --set "kafka.bootstrap.servers=${TO:-$KAFKA}" "$@"; }
logged() { # FILE PATTERN
    local _
    for _ in $(seq 400); do grep -qE -- "$2" "$1" && return; sleep 0.05; done
    tail -n 5 "$1"
    return 1
}
ended() { # PID STATUS FILE CODE
    wait "$1"
    local status=$?
    tail -n 2 "$3"
    [ "$status" = "$2" ] && grep -q "NHIP-$4: " "$3"
}

producers() {
    ends K01 1 "$NHIP" registry import "$registry" --topic "${prefix}units" --create-topic 1 \
        --set kafka.bootstrap.servers=127.0.0.1:1 --set kafka.socket.connection.setup.timeout.ms=1000
    remedy K01 "kafka.bootstrap.servers is corrected" import --topic "${prefix}units" --create-topic 1
    new small 1 max.message.bytes=100
    ends K14 1 "$NHIP" registry import "$registry" --topic "${prefix}small" --set "kafka.bootstrap.servers=$KAFKA"
    "${admin[@]}" alter "${prefix}small" max.message.bytes=1000000
    remedy K14 "the topic takes records of that size; the import again" import --topic "${prefix}small"
    new one.two 1
    ends K15 1 "$NHIP" registry import "$registry" --topic "${prefix}one_two" --create-topic 1 \
        --set "kafka.bootstrap.servers=$KAFKA"
    remedy K15 "the broker's reason is removed: a name of its own" import --topic "${prefix}three" --create-topic 1
}

topics() {
    go missing --once >"$WORK/missing.log" 2>&1 &
    local missing=$!
    EXEC="exec" go late >"$WORK/late.log" 2>&1 &
    local late=$!
    check "NHIP-K13 is what a run says that waits for a topic" logged "$WORK/late.log" 'code=NHIP-K13 .*waiting for it'
    new late 1 && "${admin[@]}" put "${prefix}late" 0 "$log" 0 100
    check "NHIP-K13, remedy: the broker's reason is removed" logged "$WORK/late.log" event=partition_assigned
    kill $late
    wait $late
    check "NHIP-K03 ends with 1" ended $missing 1 "$WORK/missing.log" K03
    new many 1030
    ends K16 1 "$NHIP" run --once --set "topics=${prefix}many" --set namespace=many --set window.records=16 \
        --set "redis.address=$REDIS" --set "kafka.bootstrap.servers=$KAFKA" --set "kafka.group.id=${prefix}many"
    "${admin[@]}" delete "${prefix}many"
    new missing 1
    remedy K03 "the topic is created" go missing --once
}

for part in ${ONLY:-producers topics}; do "$part"; done
finish
