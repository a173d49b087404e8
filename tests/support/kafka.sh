#!/bin/bash
# A real Apache Kafka for tests and benchmarks: one node (KRaft, broker and controller in one process), loopback only.
#
#   kafka.sh fetch                                    download the jars (pinned in pom.xml) into build/kafka/libs
#   kafka.sh start [--dir DIR] [--port N] [--heap 512m] [--keep] [--set key=value]...
#                                                     prints host:port when the broker answers; DIR/pid, DIR/broker.log
#   kafka.sh stop  [--dir DIR] [--keep]               ends it; removes its data unless --keep
#   kafka.sh kill  [--dir DIR]                        SIGKILL, data kept (start --keep goes on with it)
#
# DIR defaults to build/kafka/node. `start` wipes what an earlier run left in DIR unless --keep is given; only directories
# that this script made (they hold the file `nhip-kafka`) are ever wiped. Topics are never created by accident, and records
# of any age are taken and kept, because tests write records of 2021. Needs: java >= 17, and maven for the first fetch.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=$(cd "$here/../.." && pwd)/build/kafka
libs=$home/libs

die() {
    echo "kafka.sh: $*" >&2
    exit 1
}

# Maven writes into a directory of its own, which is renamed: an interrupted download is never taken for a complete one.
fetch() {
    local want
    want=$(cksum <"$here/pom.xml")
    mkdir -p "$home"
    exec 9>"$home/lock"
    flock 9
    if [ "$(cat "$libs/.pom" 2>/dev/null)" != "$want" ]; then
        command -v mvn >/dev/null || die "maven is missing (apt-get install maven), it fetches the broker's jars"
        rm -rf "$home/libs.new" "$libs"
        mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
            -DoutputDirectory="$home/libs.new" >"$home/fetch.log" 2>&1 </dev/null ||
            die "the jars could not be fetched: $(grep -m1 ERROR "$home/fetch.log" || echo "see $home/fetch.log")"
        echo "$want" >"$home/libs.new/.pom"
        mv "$home/libs.new" "$libs"
    fi
    exec 9>&-
}

listening() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000))
        listening $port || { echo $port && return; }
    done
    die "no free port found"
}

# A Metadata request (version 1, no topics) must name at least one broker: then topics can be created at once.
answers() {
    local count
    count=$({
        exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf '\0\0\0\16\0\3\0\1\0\0\0\1\377\377\0\0\0\0' >&3
        timeout 2 head -c 12 <&3 | od -An -tu1 -j11 -N1 | tr -d ' '
    } 2>/dev/null) || return 1
    [ "${count:-0}" -ge 1 ]
}

properties() {
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$2
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/data
auto.create.topics.enable=false
log.message.timestamp.before.max.ms=9223372036854775807
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=33554432
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
controlled.shutdown.enable=false
PROPERTIES
    printf '%s\n' "$@" | tail -n +3
}

alive() {
    local pid
    pid=$(cat "$dir/pid" 2>/dev/null) && [ -n "$pid" ] && grep -q -a "kafka.Kafka" "/proc/$pid/cmdline" 2>/dev/null
}

end() { # signal, seconds until SIGKILL
    local pid
    if alive; then
        pid=$(cat "$dir/pid")
        kill "-$1" "$pid" 2>/dev/null || true
        for _ in $(seq $(($2 * 10))); do
            alive || break
            sleep 0.1
        done
        alive && kill -KILL "$pid" 2>/dev/null || true
        while alive; do sleep 0.05; done
    fi
    rm -f "$dir/pid"
}

wipe() {
    [ ! -e "$dir/nhip-kafka" ] || rm -rf "$dir/data" "$dir/server.properties" "$dir/broker.log" "$dir/ports" "$dir/nhip-kafka"
}

start() {
    fetch
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    end TERM 10
    [ "$keep" = 1 ] || wipe
    [ ! -e "$dir/data" ] || [ -e "$dir/nhip-kafka" ] || die "$dir/data exists and is not mine: choose another --dir"
    touch "$dir/nhip-kafka"
    local listener controller id
    read -r listener controller <<<"$(cat "$dir/ports" 2>/dev/null || echo "$(free_port) $(free_port)")"
    listener=${port:-$listener}
    listening "$listener" && die "port $listener is taken"
    echo "$listener $controller" >"$dir/ports"
    properties "$listener" "$controller" "${sets[@]}" >"$dir/server.properties"
    if [ ! -e "$dir/data/meta.properties" ]; then
        id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c1-22)
        java -cp "$libs/*" -Dlog4j2.level=WARN -Xmx128m -XX:TieredStopAtLevel=1 \
            kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" \
            >"$dir/broker.log" 2>&1 || die "formatting failed: $(grep -m1 -E 'Exception|Error' "$dir/broker.log")"
    fi
    ( # its own session: a ^C in the terminal of the test must not end the broker before the test's own clean-up
        exec setsid java -cp "$libs/*" -Dlog4j2.level="${LOG_LEVEL:-WARN}" "-Xmx$heap" "-Xms$heap" \
            kafka.Kafka "$dir/server.properties" >>"$dir/broker.log" 2>&1 </dev/null 3>&- 9>&-
    ) &
    echo $! >"$dir/pid"
    disown
    for _ in $(seq 600); do
        answers "$listener" && echo "127.0.0.1:$listener" && return
        alive || sleep 0.3
        alive || die "the broker ended at start: $(grep -m1 -E 'Exception|ERROR' "$dir/broker.log" || tail -1 "$dir/broker.log")"
        sleep 0.1
    done
    end KILL 1
    die "the broker did not answer within 60 s: see $dir/broker.log"
}

command=${1:-}
[ $# -gt 0 ] && shift
dir=$home/node port='' heap=512m keep=0 sets=()
while [ $# -gt 0 ]; do
    case $1 in
    --dir) dir=$2 && shift 2 ;;
    --port) port=$2 && shift 2 ;;
    --heap) heap=$2 && shift 2 ;;
    --set) sets+=("$2") && shift 2 ;;
    --keep) keep=1 && shift ;;
    *) die "unknown option $1" ;;
    esac
done
case $command in
fetch) fetch ;;
start) start ;;
stop) end TERM 15 && { [ "$keep" = 1 ] || wipe; } ;;
kill) end KILL 1 ;;
*) sed -n '2,13s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
