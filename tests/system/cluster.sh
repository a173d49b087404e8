#!/bin/bash
# A Redis Cluster of three shards with replicas under load, fed from Kafka: a primary is killed, one is killed whose replica lacks
# the tail, slots move, every node is restarted. The state equals that of an undisturbed run on a single Redis, and no stall is
# longer than 15 s. EVENTS (default 60000), SECONDS_LONG of the disturbed run (default 30), ROUNDS of disturbances (default 1).
. "$(dirname "$0")/../support/lib.sh"
begin cluster
trap 'tests/support/cluster.sh stop --dir "$WORK/cluster"; cleanup' EXIT
redis_start
kafka_start
EVENTS=${EVENTS:-60000}
SECONDS_LONG=${SECONDS_LONG:-30}
ROUNDS=${ROUNDS:-1}
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
common=(--set namespace=n --set "topics=$topics" --set "sources.file=$WORK/sources.json" --set log.level=info
    --set commit.interval=50ms)

must "a province of $EVENTS events is produced into Kafka" "$NHIP" generate --seed 12 --events "$EVENTS" --kafka "$KAFKA" \
    --partitions 4 --prefix "$prefix" --sources "$WORK/sources.json"
must "an undisturbed run on a single Redis" on run "${common[@]}" --once --set "kafka.group.id=${prefix}0"
on inspect "${common[@]}" --state >"$WORK/state"
addresses=$(tests/support/cluster.sh start --dir "$WORK/cluster")
must "a cluster of three shards with replicas" test -n "$addresses"
IFS=, read -r -a nodes <<<"$addresses"
seeds=$addresses

ask() { # PORT COMMAND...
    redis-cli -p "$1" "${@:2}" 2>/dev/null
}
alive() { # any node that answers
    local node
    for node in "${nodes[@]}"; do
        [ "$(ask "${node#*:}" ping)" = PONG ] && echo "${node#*:}" && return
    done
}
pid_of() { cat "$WORK/cluster/$1/redis.pid"; }
# primary_of_slot N, replica_of PORT: ports
primary_of_slot() {
    ask "$(alive)" cluster nodes | python3 -c '
import sys
slot = int(sys.argv[1])
for line in sys.stdin:
    words = line.split()
    for piece in words[8:]:
        first, _, last = piece.partition("-")
        if first.isdigit() and int(first) <= slot <= int(last or first):
            print(words[1].split("@")[0].split(":")[1])' "$1"
}
replica_of() {
    local id
    id=$(ask "$1" cluster myid)
    ask "$1" cluster nodes | awk -v id="$id" '$4 == id && $3 !~ /fail/ { split($2, a, /[:@]/); print a[2]; exit }'
}
wait_until() { # TENTHS COMMAND...
    local _
    for _ in $(seq "$1"); do
        "${@:2}" && return
        sleep 0.1
    done
    return 1
}
is_primary() { ask "$1" role | head -n 1 | grep -qx master; }
in_sync() { ask "$1" info replication | grep -q master_link_status:up; }
delivered() { awk '$1 == "delivered" { print $2 + 0 }' "$WORK/status" 2>/dev/null; }
status() { awk -v name="$1" '$1 == name { print $2 + 0 }' "$WORK/status"; }
reaches() { [ "$(delivered)" -ge "$1" ] 2>/dev/null; }

# longest_stall LOG: of any one partition, from when it was held until it went on, in milliseconds
longest_stall() {
    python3 - "$1" <<'PY'
import datetime, re, sys
since, longest = {}, 0
for line in open(sys.argv[1]):
    found = re.match(r"(\S+)Z .*event=(held|released|went_back) topic=(\S+) partition=(\d+)", line)
    if not found:
        continue
    time = datetime.datetime.fromisoformat(found[1])
    who = found[3], found[4]
    if found[2] == "held":
        since.setdefault(who, time)
    elif who in since:
        longest = max(longest, (time - since.pop(who)).total_seconds() * 1000)
print(int(longest) if not since else 10 ** 6)
PY
}

kill_primary() { # SLOT: with all its replica has
    local port replica
    port=$(primary_of_slot "$1")
    replica=$(replica_of "$port")
    kill -9 "$(pid_of "$port")"
    wait_until 150 is_primary "$replica" || return 1
    tests/support/cluster.sh node --dir "$WORK/cluster" "$port"
    wait_until 150 in_sync "$port"
}
read_by() { # PORT: the offsets of the partitions on that node, summed
    local key sum=0 next
    while read -r key; do
        next=$(ask "$1" hget "$key" next)
        sum=$((sum + ${next:-0}))
    done < <(ask "$1" --scan --pattern 'n:f:*')
    echo $sum
}
reads_on() { [ "$(read_by "$1")" -gt "$2" ]; }
lose_tail() { # SLOT: the replica is cut off before its primary takes some commits more and dies
    local port replica before
    port=$(primary_of_slot "$1")
    replica=$(replica_of "$port")
    ask "$replica" config set masterauth wrong masteruser nobody
    ask "$port" client kill type replica
    before=$(read_by "$port")
    wait_until 150 reads_on "$port" "$before" || return 1
    kill -9 "$(pid_of "$port")"
    wait_until 150 is_primary "$replica" || return 1
    ask "$replica" config set masterauth "" masteruser ""
    tests/support/cluster.sh node --dir "$WORK/cluster" "$port"
    wait_until 150 in_sync "$port"
}
# move_slots: four slots that hold state go to the next shard, key by key, under load
move_slots() {
    local slot slots from to ports=() key
    mapfile -t slots < <(sed 's/ .*//' "$WORK/state" | grep ':f:' | sort -u | while read -r key; do
        ask "$(alive)" cluster keyslot "${key/%7D/\}}"
    done | sort -u | head -n 4)
    for slot in 100 6000 12000; do ports+=("$(primary_of_slot "$slot")"); done
    for slot in "${slots[@]}"; do
        from=$(primary_of_slot "$slot")
        to=${ports[0]}
        [ "$from" = "$to" ] && to=${ports[1]}
        ask "$to" cluster setslot "$slot" importing "$(ask "$from" cluster myid)" | grep -q OK || return 1
        ask "$from" cluster setslot "$slot" migrating "$(ask "$to" cluster myid)" | grep -q OK || return 1
        while true; do
            mapfile -t keys < <(ask "$from" cluster getkeysinslot "$slot" 50)
            [ -z "${keys[0]:-}" ] && break
            ask "$from" migrate 127.0.0.1 "$to" "" 0 5000 keys "${keys[@]}" >/dev/null || return 1
        done
        ask "$to" cluster setslot "$slot" node "$(ask "$to" cluster myid)" | grep -q OK || return 1
        for key in "${ports[@]}"; do ask "$key" cluster setslot "$slot" node "$(ask "$to" cluster myid)" >/dev/null; done
        moved=$((moved + 1))
    done
}
hand_over() { # PORT: its replica becomes the primary
    local replica
    replica=$(replica_of "$1")
    [ -n "$replica" ] && in_sync "$replica" && ask "$replica" cluster failover | grep -q OK && wait_until 50 is_primary "$replica"
}
restart_all() { # one after the other, cleanly: primaries hand over to their replicas first
    local node port
    for node in "${nodes[@]}"; do
        port=${node#*:}
        if is_primary "$port"; then wait_until 50 hand_over "$port" || return 1; fi
        ask "$port" shutdown nosave
        sleep 0.3
        tests/support/cluster.sh node --dir "$WORK/cluster" "$port"
        wait_until 100 in_sync "$port" || return 1
    done
}

EXEC="exec"
on_cluster() { REDIS=$seeds on "$@"; }
on_cluster run "${common[@]}" --once --set "kafka.group.id=${prefix}1" --set "status.file=$WORK/status" \
    --set "rate.limit=$((EVENTS / SECONDS_LONG))" --set redis.timeout=2s 2>"$WORK/run.log" &
run_pid=$!
EXEC=
wait_until 200 reaches $((EVENTS / 20))
moved=0
for ((round = 1; round <= ROUNDS; round++)); do
    check "round $round: a primary is killed, its replica takes over" kill_primary 3000
    check "round $round: slots with state move to another shard" move_slots
    check "round $round: a primary is killed whose replica lacks its tail" lose_tail 9000
    [ "$ROUNDS" -gt 1 ] && check "round $round: every node is restarted, one after the other" restart_all
done
check "all this happened under load ($(delivered) of $EVENTS and more)" kill -0 "$run_pid"
wait "$run_pid"
check "the run ends well" test $? = 0
on_cluster inspect "${common[@]}" --state >"$WORK/other" 2>"$WORK/inspect.log"
check "identical state" cmp "$WORK/state" "$WORK/other"
check "slots were moved ($moved)" test "$moved" -ge 4
check "the tail that was lost was read again from Kafka ($(status replayed) records)" test "$(status replayed)" -gt 0
stall_ms=$(longest_stall "$WORK/run.log")
check "no partition stood still for 15 s (the longest: $stall_ms ms)" test "$stall_ms" -le 15000 -a "$stall_ms" -gt 0
check "a snapshot is read from the cluster" on_cluster snapshot "${common[@]}" --dir "$WORK/vintages" --period 2021-09

# The nodes are asked for their eviction policy, all of them.
last=${nodes[5]#*:}
ask "$last" config set maxmemory-policy allkeys-lru >/dev/null
refused() {
    if REDIS=$seeds on run "${common[@]}" --once --set "kafka.group.id=${prefix}1" >"$WORK/refused" 2>&1; then return 1; fi
    grep "127.0.0.1:$last has maxmemory-policy" "$WORK/refused"
}
check "one node that evicts is enough to be refused, by its address" refused
ask "$last" config set maxmemory-policy noeviction >/dev/null

# The group is the witness: its offset says that this namespace had a state.
REDIS=$WORK/redis.sock
rcli flushall >/dev/null
gone() {
    if on run "${common[@]}" --once --set "kafka.group.id=${prefix}0" >"$WORK/gone" 2>&1; then return 1; fi
    grep -E 'holds no state, but this namespace has committed offset [0-9]+.*--accept-empty' "$WORK/gone"
}
check "an emptied Redis is refused by what the group remembers, naming offset and remedy" gone
check "... and nothing was written" test "$(rcli dbsize)" = 0
check "another namespace in the same group is fresh" on run "${common[@]}" --once --set namespace=m --set \
    "kafka.group.id=${prefix}0"
must "--accept-empty counts anew" on run "${common[@]}" --once --set "kafka.group.id=${prefix}0" --accept-empty
on inspect "${common[@]}" --state >"$WORK/other"
check "... to the same state" cmp "$WORK/state" "$WORK/other"
finish
