#!/bin/bash
# stream.topic where there is more than one of something: a Redis Cluster, and namespaces of which another is promoted. Whoever
# keeps the last value of each key has what stands in the cluster, before, after a failover, and after `nhip promote`: then what
# stands in the promoted namespace, and nothing of the former one. EVENTS (default 20000).
. "$(dirname "$0")/../support/lib.sh"
begin stream-promote
trap 'tests/support/cluster.sh stop --dir "$WORK/cluster" 2>/dev/null; cleanup' EXIT
kafka_start
REDIS=$(tests/support/cluster.sh start --dir "$WORK/cluster")
must "a cluster of three shards is there" test -n "$REDIS"
events=$((${EVENTS:-20000} / 4))
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
topic=${prefix}stream
common=(--set "topics=$topics" --set "sources.file=$WORK/sources.json" --set rolling.idle=1s
    --set "snapshot.directory=$WORK/snapshots")
admin() { "$BUILD/tools/kafka_admin" "$KAFKA" "$@"; }

start() { # NAMESPACE SETTING...: a worker in the background; its log is NAMESPACE.log, and its pid in $pid
    local name=$1
    shift
    EXEC="exec" on run "${common[@]}" --set "namespace=$name" --set log.level=info --set "stream.topic=$topic" \
        --set stream.interval=200ms --set commit.interval=100ms --set "kafka.group.id=$prefix$name" "$@" 2>>"$WORK/$name.log" &
    pid=$!
}
until_true() { # SECONDS COMMAND...: waits until the command succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.3
    done
}
said() { grep -qE "$2" "$WORK/$1.log"; }
equal() { # NAMESPACE: a reader of the whole topic has its minutes and the vintages, and its position is that of all
    on inspect "${common[@]}" --namespace "$1" --state >"$WORK/state" &&
        on inspect "${common[@]}" --namespace "$1" --offsets >"$WORK/offsets" && admin dump "$topic" >"$WORK/topic.ndjson" &&
        python3 - "$1" "$WORK/offsets" "$WORK/topic.ndjson" <<'PY' &&
import json, sys
want = set(open(sys.argv[2]).read().replace(",", " ").split())
have = [row["value"] for row in map(json.loads, open(sys.argv[3])) if row["key"] == "position"][-1]
assert have["namespace"] == sys.argv[1] and set(have["offsets"].split()) == want and len(want) > 10, (have, want)
PY
        python3 tests/oracle/compare_stream.py "$WORK/topic.ndjson" "$WORK/state" "$WORK/snapshots"
}
produce() { # SEED FROM
    "$NHIP" generate --seed "$1" --from "$2" --days 10 --events "$events" --kafka "$KAFKA" --partitions 4 --prefix "$prefix" \
        --sources "$WORK/sources.json" 2>/dev/null
}

must "ten days of a province are produced, 4 partitions" produce 31 2021-09-01
start nhip
a=$pid
check "the topic has what stands in the cluster, key by key" until_true 60 equal nhip
must "a vintage is published" on snapshot "${common[@]}" --quiet --period 2021-09
check "and the vintage" until_true 60 equal nhip
primary=$(redis-cli -p "${REDIS##*:}" cluster nodes 2>/dev/null | awk '/master/ { split($2, a, "[:@]"); print a[2]; exit }')
kill -9 "$(cat "$WORK/cluster/$primary/redis.pid")"
must "a primary is killed, and more is produced" produce 32 2021-09-05
check "after the failover it has what stands in the cluster then" until_true 90 equal nhip
tests/support/cluster.sh node --dir "$WORK/cluster" "$primary" >/dev/null

# --- another namespace, of a log of which the beginning has gone: it has fewer minutes ---
for p in 0 1 2 3; do
    for kind in payments orders rides; do admin cut "$prefix$kind" $p 100; done
done >"$WORK/cut.log" 2>&1
start n2
b=$pid
check "one that is not the current one does not write to the topic" until_true 60 said n2 \
    'stream_waits .*streams the namespace nhip, and ours, n2, is not the current one'
must "it is promoted when it has caught up" until_true 60 on promote --max-lag 0 n2
check "it takes the topic over: what stands in it, key by key, and nothing of the former" until_true 90 equal n2
fewer() {
    python3 - "$WORK/topic.ndjson" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
last = max(i for i, row in enumerate(rows) if row["key"] == "position" and row["value"]["namespace"] == "nhip")
gone = sum(row["value"] is None and row["key"].startswith("minute|") for row in rows[last:])
print("minutes of the former namespace that got a tombstone:", gone)
assert gone > 10
PY
}
check "there was something to see: minutes that only the former had got tombstones" fewer
sed 's/^/# /' "$WORK/check.log"
must "more is produced while both run" produce 33 2021-09-08
check "it stays so" until_true 90 equal n2
check "the former says why it does not write" until_true 60 said nhip \
    'stream_waits .*streams the namespace n2, and ours, nhip, is not the current one'
check "a topic with cleanup.policy=compact is not complained of" sh -c "! grep -q stream_policy '$WORK/nhip.log' '$WORK/n2.log'"
admin alter "$topic" cleanup.policy=delete
kill -TERM $b
wait $b
check "the promoted one ends well" test $? = 0
start n2
b=$pid
check "one that somebody made without compaction is, with what to type" until_true 60 said n2 \
    'event=stream_policy .*cleanup_policy="delete" .*kafka-configs.sh .*cleanup.policy=compact'
kill -TERM $a $b
wait $a
check "the former ends well" test $? = 0
wait $b
check "the promoted one ends well" test $? = 0
check "and the last round has changed nothing" equal n2
finish
