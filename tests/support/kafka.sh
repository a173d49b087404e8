#!/bin/bash
# A real Apache Kafka for tests and benchmarks: KRaft, broker and controller in one process, loopback only.
#
#   kafka.sh fetch                                    download the jars (pinned in pom.xml) into build/kafka/libs
#   kafka.sh start [--dir DIR] [--port N] [--heap 512m] [--keep] [--secure] [--set key=value]...
#                                                     prints host:port when the broker answers; DIR/pid, DIR/broker.log
#   kafka.sh stop  [--dir DIR] [--keep]               ends it; removes its data unless --keep
#   kafka.sh kill  [--dir DIR]                        SIGKILL, data kept (start --keep goes on with it)
#   kafka.sh start --proxied PORT [--dir DIR] ...     with a second listener, advertised as 127.0.0.1:PORT, where a proxy is to
#                                                     stand; DIR/proxied has its own address and PORT
#   kafka.sh start --brokers N [--dir DIR] ...        N nodes, each in DIR/1 .. DIR/N; prints all addresses, by commas.
#                                                     A single node: start --keep --dir DIR/2, kill --dir DIR/2
#
# --secure adds listeners SASL_PLAINTEXT, SASL_SSL and SSL (which asks for a client's certificate); their addresses are in
# DIR/listeners, a line `NAME host:port` each. Users: alice with password alice-secret, by PLAIN, SCRAM-SHA-256 and -512. DIR/tls
# has ca.pem, client.pem, client.key (User:CN=nhip), and other-ca.pem, which has signed nothing. Whoever comes by one of them may
# only what ACLs allow (kafka_admin allow); the plain listener may everything.
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

properties() { # LISTENER CONTROLLER SETTING...
    local voters=$quorum replicas=3
    if [ -z "$voters" ]; then voters=1@127.0.0.1:$2 replicas=1; fi
    cat <<PROPERTIES
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$voters
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2$(secure_listeners)$(proxied_listener 1)
advertised.listeners=PLAINTEXT://127.0.0.1:$1$(secure_listeners)$(proxied_listener 2)
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,\
PROXIED:PLAINTEXT
log.dirs=$dir/data
auto.create.topics.enable=false
log.message.timestamp.before.max.ms=9223372036854775807
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=33554432
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=4
controlled.shutdown.enable=false
PROPERTIES
    [ "$secure" = 0 ] || secure_properties
    printf '%s\n' "$@" | tail -n +3
}

# The second listener: its own address, or that of the proxy in front of it.
proxied_listener() { # 1, 2
    local own theirs
    [ -e "$dir/proxied" ] || return 0
    read -r own theirs <"$dir/proxied"
    if [ "$1" = 1 ]; then echo ",PROXIED://$own"; else echo ",PROXIED://127.0.0.1:$theirs"; fi
}

# --- secure listeners ---

secure_listeners() {
    [ "$secure" = 0 ] || awk '{ printf ",%s://%s", $1, $2 }' "$dir/listeners"
}

secure_properties() {
    local listener mechanism login=org.apache.kafka.common.security
    for listener in sasl_plaintext sasl_ssl; do
        echo "listener.name.$listener.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
        echo "listener.name.$listener.plain.sasl.jaas.config=$login.plain.PlainLoginModule required user_alice=\"alice-secret\";"
        for mechanism in scram-sha-256 scram-sha-512; do
            echo "listener.name.$listener.$mechanism.sasl.jaas.config=$login.scram.ScramLoginModule required;"
        done
    done
    cat <<PROPERTIES
ssl.keystore.type=PEM
ssl.keystore.location=$dir/tls/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/tls/ca.pem
listener.name.ssl.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
PROPERTIES
}

certificate() { # NAME SUBJECT: NAME.key, NAME.pem, signed by our CA
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out "$1.pem" \
        -extfile <(echo "subjectAltName=IP:127.0.0.1,DNS:localhost")
}

make_tls() (
    mkdir -p "$dir/tls"
    cd "$dir/tls"
    for name in ca other-ca; do
        openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out $name.pem -days 30 -subj "/CN=nhip test $name"
    done
    certificate broker localhost
    certificate client nhip
    mv broker.pem broker.crt
    cat broker.key broker.crt ca.pem >broker.pem
) >/dev/null 2>&1

prepare_secure() {
    [ "$secure" = 1 ] && [ ! -e "$dir/listeners" ] || return 0
    command -v openssl >/dev/null || die "openssl is missing"
    make_tls || die "the certificates could not be made in $dir/tls"
    for name in SASL_PLAINTEXT SASL_SSL SSL; do echo "$name 127.0.0.1:$(free_port)"; done >"$dir/listeners"
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
        ! alive || kill -KILL "$pid" 2>/dev/null || true
        while alive; do sleep 0.05; done
    fi
    rm -f "$dir/pid"
}

wipe() {
    [ ! -e "$dir/nhip-kafka" ] || rm -rf "$dir/data" "$dir/server.properties" "$dir/broker.log" "$dir/ports" "$dir/tls" \
        "$dir/listeners" "$dir/proxied" "$dir/cluster" "$dir/nhip-kafka"
}

format() {
    local id users=()
    if [ "$secure" = 1 ]; then
        for mechanism in 256 512; do users+=(--add-scram "SCRAM-SHA-$mechanism=[name=alice,password=alice-secret]"); done
    fi
    id=${cluster:-$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c1-22)}
    java -cp "$libs/*" -Dlog4j2.level=WARN -Xmx128m -XX:TieredStopAtLevel=1 \
        kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" "${users[@]}" \
        >"$dir/broker.log" 2>&1 || die "formatting failed: $(grep -m1 -E 'Exception|Error' "$dir/broker.log")"
}

launch() {
    fetch
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    end TERM 10
    [ "$keep" = 1 ] || wipe
    [ ! -e "$dir/data" ] || [ -e "$dir/nhip-kafka" ] || die "$dir/data exists and is not mine: choose another --dir"
    touch "$dir/nhip-kafka"
    local controller
    # A node of a cluster remembers which one it is.
    [ -n "$quorum" ] && echo "$node $cluster $quorum" >"$dir/cluster"
    [ -e "$dir/cluster" ] && read -r node cluster quorum <"$dir/cluster"
    [ -e "$dir/listeners" ] && secure=1
    prepare_secure
    [ -z "$proxied" ] || echo "127.0.0.1:$(free_port) $proxied" >"$dir/proxied"
    read -r listener controller <<<"$(cat "$dir/ports" 2>/dev/null || echo "$(free_port) $(free_port)")"
    listener=${port:-$listener}
    for _ in $(seq 50); do # a broker that was just killed may take a moment to let go of it
        listening "$listener" || break
        sleep 0.1
    done
    listening "$listener" && die "port $listener is taken"
    echo "$listener $controller" >"$dir/ports"
    if [ ! -e "$dir/server.properties" ] || [ "$keep" = 0 ] || [ ${#sets[@]} -gt 0 ] || [ -n "$port" ]; then
        properties "$listener" "$controller" "${sets[@]}" >"$dir/server.properties"
    fi
    [ -e "$dir/data/meta.properties" ] || format
    ( # its own session: a ^C in the terminal of the test must not end the broker before the test's own clean-up
        exec setsid java -cp "$libs/*" -Dlog4j2.level="${LOG_LEVEL:-WARN}" "-Xmx$heap" "-Xms$heap" \
            kafka.Kafka "$dir/server.properties" >>"$dir/broker.log" 2>&1 </dev/null 3>&- 9>&-
    ) &
    echo $! >"$dir/pid"
    disown
}

await() {
    for _ in $(seq 600); do
        answers "$listener" && return
        alive || sleep 0.3
        alive || die "the broker ended at start: $(grep -m1 -E 'Exception|ERROR' "$dir/broker.log" || tail -1 "$dir/broker.log")"
        sleep 0.1
    done
    end KILL 1
    die "the broker did not answer within 60 s: see $dir/broker.log"
}

start() {
    local listener
    launch
    await
    echo "127.0.0.1:$listener"
}

start_cluster() {
    local base=$dir addresses=() ports=() listener
    cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c1-22)
    mkdir -p "$base"
    for node in $(seq "$brokers"); do
        ports+=("$(free_port) $(free_port)")
        quorum+=${quorum:+,}$node@127.0.0.1:${ports[-1]#* }
    done
    for node in $(seq "$brokers"); do
        dir=$base/$node
        end KILL 1
        wipe
        mkdir -p "$dir"
        echo "${ports[node - 1]}" >"$dir/ports"
        touch "$dir/nhip-kafka"
        keep=1 launch
        addresses+=("127.0.0.1:$listener")
    done
    for node in $(seq "$brokers"); do
        dir=$base/$node
        read -r listener _ <"$dir/ports"
        await
    done
    (IFS=, && echo "${addresses[*]}")
}

# Of one node, or of all below DIR.
each() {
    local base=$dir
    "$@"
    for dir in "$base"/[0-9]*/; do
        dir=${dir%/}
        [ -e "$dir/nhip-kafka" ] && "$@"
    done
    dir=$base
}

stop() {
    end TERM 15
    [ "$keep" = 1 ] || wipe
}

command=${1:-}
[ $# -gt 0 ] && shift
dir=$home/node port='' proxied='' heap=512m keep=0 sets=() secure=0 brokers=0 node=1 quorum='' cluster=''
while [ $# -gt 0 ]; do
    case $1 in
    --dir) dir=$2 && shift 2 ;;
    --port) port=$2 && shift 2 ;;
    --proxied) proxied=$2 && shift 2 ;;
    --heap) heap=$2 && shift 2 ;;
    --set) sets+=("$2") && shift 2 ;;
    --keep) keep=1 && shift ;;
    --secure) secure=1 && shift ;;
    --brokers) brokers=$2 && shift 2 ;;
    *) die "unknown option $1" ;;
    esac
done
case $command in
fetch) fetch ;;
start) if [ "$brokers" -gt 1 ]; then start_cluster; else start; fi ;;
stop) each stop ;;
kill) each end KILL 1 ;;
*) sed -n '2,22s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
