#!/bin/bash
# Redis as it is run in production: TLS with an authority of our own, an ACL user with exactly the rights of ops/redis.md, a unix
# socket, restarts that lose the tail, a replica that is promoted too early, commits that wait for replicas. After every one the
# state equals that of an undisturbed run. Events come from files: no broker is needed. EVENTS (default 40000).
. "$(dirname "$0")/../support/lib.sh"
begin redis
redis_start
EVENTS=${EVENTS:-40000}
plain=$REDIS

must "a province of $EVENTS events is written to files" "$NHIP" generate --seed 5 --events "$EVENTS" --output "$WORK/log/" \
    --partitions 2 --sources "$WORK/sources.json"
files=()
for file in "$WORK"/log/*.ndjson; do files+=(--file "$file"); done
settings=(--set namespace=n --set "sources.file=$WORK/sources.json" --set log.level=info --set commit.interval=20ms)
# go ADDRESS COMMAND ARGUMENT...: nhip on that Redis
go() {
    local address=$1 command=$2
    shift 2
    ${EXEC:-} "$NHIP" "$command" --set "redis.address=$address" "${settings[@]}" "$@"
}
state() { go "$1" inspect --state "${@:3}" >"$2"; }

must "an undisturbed run over the unix socket" go "$plain" run "${files[@]}"
must "its state is dumped" state "$plain" "$WORK/state"

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# server NAME PORT ARGUMENT...: another Redis in a directory of its own; its unix socket is $WORK/NAME/sock
server() {
    local name=$1 port=$2 _
    shift 2
    mkdir -p "$WORK/$name"
    redis-server --bind 127.0.0.1 --port "$port" --unixsocket "$WORK/$name/sock" --dir "$WORK/$name" --save "" --daemonize no \
        --logfile log --maxmemory-policy noeviction "$@" >/dev/null 2>&1 &
    echo $! >"$WORK/$name/pid"
    for _ in $(seq 200); do
        redis-cli -s "$WORK/$name/sock" ping 2>/dev/null | grep -q PONG && return
        sleep 0.05
    done
    echo "server $name did not start" >&2
    return 1
}
cli() { redis-cli -s "$WORK/$1/sock" "${@:2}"; }
crash() { # NAME
    { kill -9 "$(cat "$WORK/$1/pid")" && wait "$(cat "$WORK/$1/pid")"; } 2>/dev/null
    rm -f "$WORK/$1/sock"
}
# says PATTERN COMMAND...: the command fails with a message that matches
says() {
    local pattern=$1
    shift
    if "$@" >"$WORK/says" 2>&1; then return 1; fi
    cat "$WORK/says"
    grep -qE -- "$pattern" "$WORK/says"
}
same() { # CLAIM ADDRESS SETTING...
    state "$2" "$WORK/other" "${@:3}"
    check "$1: identical state" cmp "$WORK/state" "$WORK/other"
}

# --- TLS ---

pki() {
    cd "$WORK/pki" || exit 1
    local who
    for who in ca other; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$who" -keyout $who.key -out $who.pem || return 1
    done
    for who in server client; do
        openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr || return 1
        echo "subjectAltName=DNS:redis.test,IP:127.0.0.1" >$who.ext
        [ $who = client ] && echo "extendedKeyUsage=clientAuth" >$who.ext
        openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $who.ext -out $who.pem ||
            return 1
    done
}
tls_tests() {
    local port address plain_port
    port=$(free_port)
    plain_port=$(free_port)
    address=127.0.0.1:$port
    server without "$plain_port" || exit 1
    mkdir "$WORK/pki"
    must "an authority, a server's and a client's certificate are made" sh -c "$(declare -f pki); WORK=$WORK; pki"
    must "a Redis that speaks TLS only and wants certificates" server tls 0 --tls-port "$port" --tls-cert-file \
        "$WORK/pki/server.pem" --tls-key-file "$WORK/pki/server.key" --tls-ca-cert-file "$WORK/pki/ca.pem"
    local on=(--set redis.tls=on)
    local trusted=("${on[@]}" --set "redis.tls.ca=$WORK/pki/ca.pem")
    local ours=(--set "redis.tls.cert=$WORK/pki/client.pem" --set "redis.tls.key=$WORK/pki/client.key")
    check "TLS: a run with CA and client certificate" go "$address" run "${files[@]}" "${trusted[@]}" "${ours[@]}"
    same "TLS" "$address" "${trusted[@]}" "${ours[@]}"
    check "TLS: a snapshot over TLS" go "$address" snapshot --dir "$WORK/tls-vintages" --period 2021-09 "${trusted[@]}" \
        "${ours[@]}"
    check "TLS: a wrong authority is refused, naming redis.tls.ca" says 'NHIP-R06: .*not trusted.*redis\.tls\.ca' \
        go "$address" inspect "${on[@]}" --set "redis.tls.ca=$WORK/pki/other.pem" "${ours[@]}"
    check "TLS: the system's authorities do not know it" says 'redis\.tls\.ca' go "$address" inspect "${on[@]}" "${ours[@]}"
    check "TLS: a wrong name is refused, naming redis.tls.server_name" says 'not for "elsewhere.test".*redis\.tls\.server_name' \
        go "$address" inspect "${trusted[@]}" "${ours[@]}" --set redis.tls.server_name=elsewhere.test
    check "NHIP-R06, remedy: TLS: another name of the certificate" go "$address" inspect "${trusted[@]}" "${ours[@]}" \
        --set redis.tls.server_name=redis.test
    check "TLS: without verification anybody is believed" go "$address" inspect "${on[@]}" --set redis.tls.verify=off "${ours[@]}"
    check "TLS: no client certificate: told so, with the settings" says 'redis\.tls\.cert' go "$address" inspect "${trusted[@]}"
    check "TLS: a foreign client certificate is refused" says 'redis\.tls\.cert|CONFIG|not the PEM key' go "$address" inspect \
        "${trusted[@]}" --set "redis.tls.cert=$WORK/pki/other.pem" --set "redis.tls.key=$WORK/pki/other.key"
    check "TLS: key and certificate that do not belong together" says 'redis\.tls\.key' go "$address" inspect "${trusted[@]}" \
        --set "redis.tls.cert=$WORK/pki/client.pem" --set "redis.tls.key=$WORK/pki/other.key"
    check "TLS: a plain port is named as the likely mistake" says 'TLS port' timeout 20 "$NHIP" inspect "${settings[@]}" \
        --set "redis.address=127.0.0.1:$plain_port" --set redis.timeout=500ms "${trusted[@]}"
    check "TLS: plain text to a TLS port is not a hang" says . timeout 20 "$NHIP" inspect "${settings[@]}" \
        --set "redis.address=$address" --set redis.timeout=500ms
    check "TLS: a unix socket with TLS is refused" says 'unix socket.*redis\.tls = off' go "$plain" inspect "${on[@]}"
    crash tls
    crash without
}
# --- ACL: the lists in ops/redis.md are the test's input ---

acl_list() { sed -n "s/^    ACL SETUSER $1 //p" ops/redis.md; }
used() { # commands that Redis has executed or refused since the last reset, as names of an ACL rule
    cli acl info commandstats | tr -d '\r' | sed -n 's/^cmdstat_\([a-z|]*\):.*/\1/p' | grep -vE '^(config.resetstat|auth)$' | sort
}
listed() { # WORDS: the commands among them
    tr ' ' '\n' <<<"$1" | sed -n 's/^+//p' | sort -u
}
acl_run() { # USER SETTING...: everything that this user is for
    go "$WORK/acl/sock" run "${files[@]}" --set redis.user=nhip --set "redis.password.file=$WORK/password" "$@"
}
acl_tests() {
    server acl 0 || exit 1
    echo "a secret of many words" >"$WORK/password"
    local rights readers
    rights=$(acl_list nhip)
    readers=$(acl_list nhip-reader)
    must "ops/redis.md lists the rights of both users" test -n "$rights" -a -n "$readers"
    rights=${rights//NS:/n:}
    readers=${readers//NS:/n:}
    set_user() { # NAME RULES
        local words
        read -r -a words <<<"${2/>PASSWORD/}"
        cli acl ACL SETUSER "$1" "${words[@]}" ">a secret of many words" | grep -qx OK
    }
    must "the listed rights are accepted by Redis" set_user nhip "$rights"
    must "the reader's too" set_user nhip-reader "$readers"
    cli acl CONFIG RESETSTAT >/dev/null
    check "ACL: a run with the listed rights" acl_run
    check "ACL: with durability = replica too" acl_run --set durability=replica --set durability.timeout=50ms --set rate.limit=0
    used >"$WORK/used.writer"
    cli acl CONFIG RESETSTAT >/dev/null
    local reader=(--set redis.user=nhip-reader --set "redis.password.file=$WORK/password")
    check "ACL: inspect with the reader's rights" go "$WORK/acl/sock" inspect "${reader[@]}"
    same "ACL" "$WORK/acl/sock" "${reader[@]}"
    check "ACL: a snapshot with the reader's rights" go "$WORK/acl/sock" snapshot --dir "$WORK/acl-vintages" --period 2021-09 \
        "${reader[@]}"
    used >"$WORK/used.reader"
    listed "$rights" | grep -vxF 'cluster|slots' >"$WORK/listed.writer" # that question is for clusters: tests/system/cluster.sh
    listed "$readers" >"$WORK/listed.reader"
    check "ACL: every listed command was used by the runs, none more" diff "$WORK/listed.writer" "$WORK/used.writer"
    check "ACL: every command listed for readers was used, none more" diff "$WORK/listed.reader" "$WORK/used.reader"
    check "ACL: the reader cannot write" says 'NOPERM' go "$WORK/acl/sock" run "${files[@]}" "${reader[@]}"
    check "ACL: a missing right names ops/redis.md" says 'NOPERM.*ops/redis.md' go "$WORK/acl/sock" run "${files[@]}" \
        "${reader[@]}"
    check "ACL: another namespace is out of reach" says 'NOPERM' acl_run --set namespace=m
    echo wrong >"$WORK/wrong"
    check "ACL: a wrong password names the settings" says 'WRONGPASS|redis.password.file' go "$WORK/acl/sock" inspect \
        --set redis.user=nhip --set "redis.password.file=$WORK/wrong"
    check "ACL: the password may come from the environment" env "NHIP_REDIS_PASSWORD=a secret of many words" "$NHIP" inspect \
        "${settings[@]}" --set "redis.address=$WORK/acl/sock" --set redis.user=nhip
    : >"$WORK/empty"
    check "ACL: an empty password file is named" says 'redis.password.file.*no password' go "$WORK/acl/sock" inspect \
        --set redis.user=nhip --set "redis.password.file=$WORK/empty"
    crash acl
}

# --- tails that are lost ---

status() { awk -v name="$2" '$1 == name { print $2 + 0 }' "$WORK/$1.status"; }
# wait_for NAME COUNTER VALUE: until the run NAME has reached it
wait_for() {
    local _
    for _ in $(seq 400); do
        [ "$(status "$1" "$2" 2>/dev/null || echo 0)" -ge "$3" ] 2>/dev/null && return
        sleep 0.05
    done
    return 1
}
# begin_run NAME ADDRESS SETTING...: a run in the background that takes about four seconds
begin_run() {
    local name=$1 address=$2
    shift 2
    rm -f "$WORK/$name.status"
    EXEC="exec" go "$address" run "${files[@]}" --set "status.file=$WORK/$name.status" --set "rate.limit=$((EVENTS / 4))" "$@" \
        >"$WORK/$name.log" 2>&1 &
    run_pid=$!
}
ends_well() { # NAME
    wait "$run_pid" && return
    tail -n 5 "$WORK/$1.log"
    return 1
}

crash_tests() {
    local aof=(--appendonly yes --appendfsync everysec --aof-use-rdb-preamble no)
    server aof 0 "${aof[@]}" || exit 1
    begin_run crashes "$WORK/aof/sock"
    local i
    for i in 1 2 3; do
        wait_for crashes delivered $((EVENTS * i / 5))
        crash aof
        server aof 0 "${aof[@]}" || exit 1
    done
    check "kill -9 of Redis three times under load, AOF everysec: the run ends well" ends_well crashes
    same "kill -9 of Redis" "$WORK/aof/sock"

    cli aof FLUSHALL >/dev/null
    cli aof BGREWRITEAOF >/dev/null
    sleep 0.5
    begin_run truncated "$WORK/aof/sock"
    wait_for truncated delivered $((EVENTS / 2))
    crash aof
    local file size
    file=$(find "$WORK/aof/appendonlydir" -name '*.incr.aof' | sort | tail -n 1)
    size=$(stat -c %s "$file")
    truncate -s $((size * 2 / 3)) "$file"
    server aof 0 "${aof[@]}" || exit 1
    check "a third of the AOF is lost under a run: it ends well" ends_well truncated
    same "truncated AOF" "$WORK/aof/sock"
    check "... it says from where to where it went back" grep -qE \
        'event=went_back .*committed_before=[0-9]+ next=[0-9]+' "$WORK/truncated.log"
    check "... and counts the records that were read again ($(status truncated replayed))" test \
        "$(status truncated replayed)" -gt 0
    check "... also for inspect" sh -c "'$NHIP' inspect --json --set redis.address=$WORK/aof/sock ${settings[*]} |
        python3 -c 'import json, sys; assert json.load(sys.stdin)[\"total\"][\"replayed\"] > 0'"

    begin_run gone "$WORK/aof/sock" --set namespace=gone
    wait_for gone delivered $((EVENTS / 2))
    crash aof
    rm -rf "$WORK/aof/appendonlydir"
    server aof 0 "${aof[@]}" || exit 1
    wait "$run_pid"
    check "an empty Redis under a run ends it with exit 3" test $? = 3
    check "... naming partition, offsets and remedy" grep -qE \
        'NHIP-R07: .*/[0-9]+: the state is gone.*committed was offset [0-9]+.*--accept-empty' "$WORK/gone.log"
    check "... and nothing is written" test "$(cli aof --raw KEYS 'gone:f:*' | grep -c .)" = 0
    crash aof
}

# A run to the end of the log is stopped when it has read everything; Redis comes back with what it held a few commits before.
stopped() { # PID: waits until it is stopped
    local _
    for _ in $(seq 1200); do
        [ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1)" = T ] && return
        sleep 0.05
    done
    return 1
}
finished_tests() {
    local one=(--file "$WORK/log/payments-0.ndjson" --set namespace=late) # others would still be read when this one is rewound
    server late 0 || exit 1
    must "one partition alone, undisturbed" go "$plain" run "${one[@]}"
    must "... its state is dumped" state "$plain" "$WORK/state" --set namespace=late
    NHIP_FAULT=commit.confirm:2:stop,end.verify:1:stop "$BUILD/nhip-faults" run "${settings[@]}" "${one[@]}" \
        --set "redis.address=$WORK/late/sock" --set "rate.limit=$((EVENTS / 4))" >"$WORK/late.log" 2>&1 &
    run_pid=$!
    must "a run is stopped at its second commit" stopped "$run_pid"
    cli late SAVE >/dev/null
    kill -CONT "$run_pid"
    must "... and again when it has read everything" stopped "$run_pid"
    crash late
    server late 0 || exit 1
    kill -CONT "$run_pid"
    check "a tail that is lost when all is read: the run ends well" ends_well late
    check "... it went back, as NHIP-R13 says" grep -q "event=held .*code=NHIP-R13 " "$WORK/late.log"
    same "NHIP-R13, remedy: nothing is typed" "$WORK/late/sock" --set namespace=late
    crash late
    state "$plain" "$WORK/state"
}

# --- replicas ---

replica_tests() {
    local one two
    one=$(free_port)
    two=$(free_port)
    server one "$one" || exit 1
    server two "$two" --replicaof 127.0.0.1 "$one" --replica-announce-ip 127.0.0.1 || exit 1
    linked() { cli two INFO replication | grep -q master_link_status:up; }
    for _ in $(seq 100); do linked && break; sleep 0.1; done
    begin_run promoted "127.0.0.1:$one,127.0.0.1:$two"
    wait_for promoted delivered $((EVENTS / 4))
    cli two REPLICAOF NO ONE >/dev/null # the rest of what the primary takes is lost with it
    wait_for promoted delivered $((EVENTS / 2))
    crash one
    check "a replica that lacks the tail is promoted: the run ends well" ends_well promoted
    same "promotion" "127.0.0.1:$one,127.0.0.1:$two"
    check "... having read again what was lost ($(status promoted replayed) records)" test "$(status promoted replayed)" -gt 0

    # The old primary comes back as a replica of the new one; a run that is sent to it first finds the other.
    server one "$one" --replicaof 127.0.0.1 "$two" || exit 1
    for _ in $(seq 100); do cli one INFO replication | grep -q master_link_status:up && break; sleep 0.1; done
    check "READONLY: a replica as first address is passed over" go "127.0.0.1:$one,127.0.0.1:$two" run "${files[@]}" \
        --set namespace=r
    check "READONLY: with the replica alone the run waits and says so" says 'READONLY' timeout 3 "$NHIP" run "${settings[@]}" \
        --set "redis.address=127.0.0.1:$one" --set namespace=q "${files[@]}"

    begin_run confirmed "127.0.0.1:$two" --set namespace=c --set durability=replica --set durability.timeout=100ms
    wait_for confirmed delivered $((EVENTS / 4))
    local before
    kill -STOP "$(cat "$WORK/one/pid")"
    wait_for confirmed unconfirmed 1
    before=$(status confirmed commits)
    sleep 1
    check "durability = replica: commits do not count without the replica" test "$(status confirmed commits)" = "$before"
    check "... and it is said" grep -q 'unconfirmed.*durability.replicas' "$WORK/confirmed.log"
    kill -CONT "$(cat "$WORK/one/pid")"
    check "... when it is back the run ends well" ends_well confirmed
    check "... with everything confirmed" test "$(status confirmed unconfirmed)" = 0 -a \
        "$(status confirmed commits)" -gt "$before"
    kill -STOP "$(cat "$WORK/one/pid")"
    check "... a run that ends without its replica says that it is not confirmed" says \
        'NHIP-R16: .*did not confirm.*durability.replicas' go "127.0.0.1:$two" run --file "$WORK/log/registry-0.ndjson" \
        --set namespace=d --set durability=replica --set durability.timeout=100ms
    kill -CONT "$(cat "$WORK/one/pid")"
    check "NHIP-R16, remedy: the replica is back, and it is started again" go "127.0.0.1:$two" run --file \
        "$WORK/log/registry-0.ndjson" --set namespace=d --set durability=replica
    crash one
    crash two
}

for part in ${ONLY:-tls acl crash finished replica}; do "${part}_tests"; done
finish
