#!/bin/bash
# A Redis Cluster on loopback: three shards, each with a replica.
#
#   cluster.sh start --dir DIR    six servers with their data below DIR; prints their addresses, separated by commas
#   cluster.sh stop --dir DIR     kills what `start` started
#   cluster.sh node --dir DIR N   (re)starts the server of port N, which must be one of them
#
# Nodes are DIR/PORT/ with redis.pid and log; append-only files, so that a killed node comes back with what it had. Node timeout
# 2 s: a failover takes two to four.
set -euo pipefail
shards=3
bus=10000

die() {
    echo "cluster.sh: $*" >&2
    exit 1
}

node() { # PORT
    local port=$1 _
    mkdir -p "$dir/$port"
    redis-server --port "$port" --bind 127.0.0.1 --dir "$dir/$port" --daemonize yes --pidfile "$dir/$port/redis.pid" \
        --logfile log --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 2000 --save "" \
        --appendonly yes --appendfsync everysec --maxmemory-policy noeviction --cluster-require-full-coverage no \
        --repl-diskless-sync-delay 0 --cluster-replica-validity-factor 100 >/dev/null
    for _ in $(seq 100); do
        [ "$(redis-cli -p "$port" ping 2>/dev/null)" = PONG ] && return
        sleep 0.05
    done
    die "the server on port $port does not answer; see $dir/$port/log"
}

# As many free ports in a row as there are nodes, with those of the cluster's bus free too.
free_ports() {
    python3 - $((shards * 2)) "$bus" <<'PY'
import random, socket, sys
count, bus = int(sys.argv[1]), int(sys.argv[2])
def free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
for _ in range(1000):
    first = random.randrange(20000, 31000)
    if all(free(p) and free(p + bus) for p in range(first, first + count)):
        print(*range(first, first + count))
        sys.exit()
sys.exit("no free ports")
PY
}

settled() { # PORTS...: every node knows all and finds all slots served
    local port info
    for port in "$@"; do
        info=$(redis-cli -p "$port" cluster info 2>/dev/null) || return 1
        grep -q 'cluster_state:ok' <<<"$info" || return 1
        grep -q "cluster_known_nodes:$#" <<<"$info" || return 1
        [ "$(redis-cli -p "$port" cluster nodes | grep -c 'slave ')" = $shards ] || return 1
        redis-cli -p "$port" info replication | grep -qE 'role:master|master_link_status:up' || return 1
    done
}

start() {
    local ports port addresses=() _
    mkdir -p "$dir"
    read -r -a ports < <(free_ports)
    [ ${#ports[@]} -gt 0 ] || die "no free ports"
    for port in "${ports[@]}"; do
        node "$port"
        addresses+=("127.0.0.1:$port")
    done
    redis-cli --cluster create "${addresses[@]}" --cluster-replicas 1 --cluster-yes >"$dir/create.log" ||
        die "see $dir/create.log"
    for _ in $(seq 200); do
        if settled "${ports[@]}"; then
            local IFS=,
            echo "${addresses[*]}"
            return
        fi
        sleep 0.1
    done
    die "the cluster does not settle; see $dir/*/log"
}

stop() {
    local file
    for file in "$dir"/*/redis.pid; do
        [ -f "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null
    done
    return 0
}

command=${1:-}
[ "${2:-}" = --dir ] && [ -n "${3:-}" ] || die "usage: cluster.sh start|stop|node --dir DIR [PORT]"
dir=$3
case $command in
start) start ;;
stop) stop ;;
node) node "$4" ;;
*) die "usage: cluster.sh start|stop|node --dir DIR [PORT]" ;;
esac
