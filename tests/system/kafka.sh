#!/bin/bash
# Kafka as it is run in production, on a broker of its own (KRaft, TLS, SASL, ACLs): open doors and closed ones, a static member
# that comes back, transactions, compaction, more partitions while running, retention that overtakes a state and --accept-gap,
# topics that are made again, another cluster. After each the counts and cells are those of the file that was put into the topic,
# or the run has ended with the place and the remedy. ONLY="door gap" runs parts. EVENTS (default 3000).
. "$(dirname "$0")/../support/lib.sh"
begin kafka
redis_start
EVENTS=${EVENTS:-3000}
admin=$home/$BUILD/tools/kafka_admin
suite_kafka=${KAFKA:-}

stop_brokers() {
    tests/support/kafka.sh stop --dir "$WORK/secure" >/dev/null 2>&1
    cleanup
}
trap stop_brokers EXIT
KAFKA=$(tests/support/kafka.sh start --dir "$WORK/secure" --secure --heap 320m --set log.cleaner.backoff.ms=100 \
    --set listener.name.sasl_plaintext.connections.max.reauth.ms=1500) || exit 1
listener() { awk -v name="$1" '$1 == name { print $2 }' "$WORK/secure/listeners"; }
tls=$WORK/secure/tls

must "a province of $EVENTS events is written to a file" "$NHIP" generate --seed 11 --events "$EVENTS" --days 10 \
    --output "$WORK/log/" --partitions 1 --sources "$WORK/sources.json"
log=$WORK/log/orders-0.ndjson
lines=$(wc -l <"$log")

adm() { "$admin" "$KAFKA" "$@"; }
# new TOPIC PARTITIONS [KEY=VALUE]...
new() { adm create "$1" "$2" 1 "${@:3}"; }

# go NAME COMMAND ARGUMENT...: nhip on topic, namespace and group NAME
go() {
    local name=$1 command=$2
    shift 2
    ${EXEC:-timeout 60} "$NHIP" "$command" --set "redis.address=$REDIS" --set "kafka.bootstrap.servers=$KAFKA" \
        --set "topics=$name" --set "namespace=$name" \
        --set "sources.file=$WORK/sources.json" --set log.level=info --set commit.interval=50ms \
        --set kafka.topic.metadata.refresh.interval.ms=500 "$@"
}

# The cells of a namespace, without what names topic, offset or namespace.
cells() {
    go "$1" inspect --state | sed -E 's/^[^:]*:([a-z]):\{[^}]*\}/\1/' | grep -E '^[adghlmst]:' | sort
}

# total NAME KEY: a number of the whole namespace
total() {
    go "$1" inspect --json 2>/dev/null |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["total"].get(sys.argv[1], 0))' "$2"
}

same_cells() { cells "$1" | cmp -s - "$WORK/cells"; }

unchanged() { go "$1" inspect --state | cmp -s - "$WORK/before"; }

# ends STATUS REGEX COMMAND...: with that exit status, saying so
ends() {
    local wanted=$1 regex=$2 status=0
    shift 2
    "$@" >"$WORK/out" 2>&1 || status=$?
    tail -n 4 "$WORK/out"
    echo "exit $status, wanted $wanted: $regex"
    [ "$status" -eq "$wanted" ] && grep -qE "$regex" "$WORK/out"
}

# is WANTED FOUND
is() {
    [ "$1" = "$2" ] && return
    echo "$2, wanted $1"
    return 1
}

# wait_for SECONDS COMMAND...
wait_for() {
    local until=$(($(date +%s%N) + $1 * 1000000000))
    shift
    while [ "$(date +%s%N)" -lt "$until" ]; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

delivered() { [ "$(total "$1" delivered)" -ge "$2" ]; }

# background NAME LOG ARGUMENT...: a run; its pid in $run_pid
background() {
    local name=$1 output=$2
    shift 2
    EXEC="exec" go "$name" run "$@" >"$output" 2>&1 &
    run_pid=$!
}

# The undisturbed run that all others are compared with, from the file.
must "the file is counted" "$NHIP" run --file "$log" --set "redis.address=$REDIS" --set namespace=file --set log.level=error \
    --set "sources.file=$WORK/sources.json"
cells file >"$WORK/cells"
must "... into cells" test "$(wc -l <"$WORK/cells")" -gt 100

# --- doors ---

alice=(--set kafka.sasl.mechanism=PLAIN --set kafka.sasl.username=alice --set kafka.sasl.password=alice-secret)
plain_door() {
    KAFKA=$(listener SASL_PLAINTEXT) go door run --once --set kafka.security.protocol=SASL_PLAINTEXT "${alice[@]}" "$@"
}
tls_door() {
    KAFKA=$(listener SASL_SSL) go door run --once --set kafka.security.protocol=SASL_SSL \
        --set "kafka.ssl.ca.location=$tls/ca.pem" "${alice[@]}" "$@"
}
certificate_door() {
    KAFKA=$(listener SSL) go door run --once --set kafka.security.protocol=SSL "$@"
}
mine=(--set "kafka.ssl.certificate.location=$tls/client.pem" --set "kafka.ssl.key.location=$tls/client.key")

# The lines of ops/kafka.md that give rights, with its names replaced by ours: OPERATION TYPE NAME
rights() {
    sed -nE 's/^ +kafka-acls.* --operation ([A-Za-z]+) --(topic|group) ([a-z-]+)$/\1 \u\2 \3/p' ops/kafka.md |
        sed -e 's/ payments$/ door/' -e 's/ nhip$/ door/' -e 's/ nhip-dead$/ door-dead/' -e 's/ registry$/ door-registry/'
}
letters=(--set deadletter.topic=door-dead)

grant_all() {
    local operation type name
    while read -r operation type name; do
        for user in User:alice User:CN=nhip; do adm allow "$user" "$operation" "$type" "$name" || return; done
    done < <(rights)
}

# Without one of the rights: says which.
without() { # OPERATION TYPE NAME
    local status=0
    adm forbid User:alice "$@" || return
    ends 2 "NHIP-K02: .*refuses us.*an ACL is missing: .*$1 on [a-z ]*(${2,}|each)" plain_door "${letters[@]}" \
        --set "namespace=door-$RANDOM" --set kafka.group.id=door || status=1
    adm allow User:alice "$@" && return $status
}

door_archive() {
    KAFKA=$(listener SASL_PLAINTEXT) go door archive --to "$WORK/kept" --set kafka.security.protocol=SASL_PLAINTEXT "${alice[@]}"
}

door_tests() {
    local naked
    background door "$WORK/naked" --set "kafka.bootstrap.servers=$(listener SASL_SSL)"
    naked=$run_pid
    new door 1 && new door-dead 1 && adm put door 0 "$log" 0 50
    echo '{"broken' >"$WORK/broken" # so that a dead letter is written
    adm put door 0 "$WORK/broken"
    check "ACL: without any right the run ends with exit 2, naming what is missing" ends 2 \
        'NHIP-K02: .*Group authorization failed.*Read on the group' plain_door
    must "ACL: the rights of ops/kafka.md are given ($(rights | wc -l))" grant_all
    check "NHIP-K02, remedy: SASL_PLAINTEXT with PLAIN, and exactly those rights" plain_door "${letters[@]}"
    check "... 51 records are counted" is 51 "$(total door delivered)"
    check "... and there is a dead letter for each refused one" is "0 $(total door rejected)" "$(adm bounds door-dead 0)"
    check "ACL: without Read on the topic" without Read Topic door
    check "ACL: without Read on the group" without Read Group door
    check "ACL: without Write on the dead letters" without Write Topic door-dead
    check "ACL: the same rights let nhip archive read" door_archive
    adm forbid User:alice Read Topic door
    check "... without Read on the topic it says so" ends 1 'NHIP-K01: .*door has: Describe on it may be missing' door_archive
    adm allow User:alice Read Topic door
    check "SASL_SSL with PLAIN" tls_door
    check "TLS with a client's certificate" certificate_door --set "kafka.ssl.ca.location=$tls/ca.pem" "${mine[@]}"

    check "a wrong password ends the run with exit 2 and the settings to look at" ends 2 \
        'NHIP-K02: .*Invalid username or password.*kafka.sasl.username and kafka.sasl.password' \
        plain_door --set kafka.sasl.password=wrong-secret
    check "... and shows no password" sh -c "! grep -q wrong-secret '$WORK/out'"
    check "... over TLS too" ends 2 'NHIP-K02: .*Invalid username or password' tls_door --set kafka.sasl.password=wrong-secret
    check "a broker whose certificate our authority has not signed" ends 2 \
        'NHIP-K02: .*certificate verify failed.*kafka.ssl.ca.location' tls_door --set "kafka.ssl.ca.location=$tls/other-ca.pem"
    check "no certificate where the broker asks for one" ends 2 'NHIP-K02: .*alert.*kafka.ssl.certificate.location' \
        certificate_door --set "kafka.ssl.ca.location=$tls/ca.pem"
    scram_tests
    wait_for 10 grep -q kafka_waits "$WORK/naked"
    check "TLS spoken to by a client without it: the run waits and says why" grep -q \
        'code=NHIP-K01 .*security.protocol' "$WORK/naked"
    kill -TERM "$naked"
    wait "$naked"

    adm put door 0 "$log" 50 1000
    check "SASL sessions that end every 1.5 s: a run of 4 s goes on" plain_door --set rate.limit=250
    check "... each record once" is 1051 "$(total door delivered)"

    background door "$WORK/revoked" --set "kafka.bootstrap.servers=$(listener SASL_PLAINTEXT)" \
        --set kafka.security.protocol=SASL_PLAINTEXT "${alice[@]}"
    wait_for 10 grep -q event=partition_assigned "$WORK/revoked"
    adm forbid User:alice Read Topic door
    wait "$run_pid"
    check "ACL: a right that is taken away under a run ends it with exit 2" test $? = 2
    check "... saying so" grep -q 'NHIP-K02: .*Topic authorization failed.*an ACL is missing' "$WORK/revoked"
}

# librdkafka before 2.6.1 sends its nonce twice; Kafka 4 does not take that.
scram_tests() {
    local mechanism version
    version=$(python3 -c 'import ctypes, sys
text = ctypes.CDLL(sys.argv[1]).rd_kafka_version_str
text.restype = ctypes.c_char_p
print(text().decode())' "$(ldd "$NHIP" | awk '/librdkafka/ { print $3 }')")
    for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
        if [ "$(printf '%s\n' 2.6.1 "$version" | sort -V | head -n 1)" = 2.6.1 ]; then
            check "$mechanism, with a librdkafka that Kafka 4 understands" tls_door --set "kafka.sasl.mechanism=$mechanism"
            check "... and with a wrong password: exit 2" ends 2 'NHIP-K02: ' tls_door --set "kafka.sasl.mechanism=$mechanism" \
                --set kafka.sasl.password=wrong-secret
        else
            check "$mechanism: Kafka 4 refuses this librdkafka, and the message says that it is not the password" ends 2 \
                'NHIP-K02: .*SCRAM.*from librdkafka 2.6.1.*PLAIN over TLS' tls_door --set "kafka.sasl.mechanism=$mechanism"
        fi
    done
}

# --- the group ---

# member NUMBER LOG: two topics of two partitions, a static member
member() {
    background member "$2" --set "topics=member,member-b" --set "kafka.group.instance.id=m$1" \
        --set kafka.session.timeout.ms=6000 --set kafka.heartbeat.interval.ms=300
}
assigned() { grep -c event=partition_assigned "$1"; }
has_partitions() { [ "$(assigned "$1")" -ge "$2" ]; }
partitions_of() { grep -oE 'event=partition_assigned topic=[^ ]+ partition=[0-9]+' "$1" | tail -n 2 | sed 's/.*topic=//' | sort; }

member_tests() {
    local first second before
    new member 2 && new member-b 2
    member 1 "$WORK/m1"
    first=$run_pid
    wait_for 10 has_partitions "$WORK/m1" 4
    member 2 "$WORK/m2"
    second=$run_pid
    check "static members: two share four partitions" wait_for 15 has_partitions "$WORK/m2" 2
    wait_for 10 has_partitions "$WORK/m1" 6
    partitions_of "$WORK/m2" >"$WORK/share"
    check "range: a member has the same partition of both topics" sh -c \
        "test \$(cut -d= -f2 '$WORK/share' | sort -u | wc -l) = 1 && test \$(wc -l <'$WORK/share') = 2"
    before=$(grep -cE 'event=partition_(assigned|revoked|lost)' "$WORK/m1")
    kill -TERM "$second"
    wait "$second"
    adm put member 0 "$log" 0 100
    adm put member 1 "$log" 100 100
    member 2 "$WORK/m2again"
    second=$run_pid
    check "static members: one that is started again gets its partitions back" wait_for 15 has_partitions "$WORK/m2again" 2
    check "... the same ones" is "$(cat "$WORK/share")" "$(partitions_of "$WORK/m2again")"
    check "... both go on counting" wait_for 10 delivered member 200
    check "... and the other has not noticed" test "$(grep -cE 'event=partition_(assigned|revoked|lost)' "$WORK/m1")" = "$before"
    member 2 "$WORK/m2twin"
    wait "$second"
    check "static members: the same name twice ends the first with exit 1, naming the setting" sh -c \
        "test $? = 1 && grep -q 'NHIP-K12: .*kafka.group.instance.id' '$WORK/m2again'"
    kill -TERM "$run_pid"
    wait "$run_pid"
    member 3 "$WORK/m3"
    check "NHIP-K12, remedy: it is started with a name of its own" wait_for 15 has_partitions "$WORK/m3" 2
    kill -TERM "$run_pid" "$first"
    wait "$run_pid" "$first"
}

# --- transactions and holes ---

# Everything is counted, `next` stands at the log's end, and so does the group: lag 0.
at_end() { # NAME
    local first end
    read -r first end < <(adm bounds "$1" 0)
    echo "log $first to $end, state $(go "$1" inspect --offsets), group $(adm group "$1" "$1" 0)"
    [ "$(go "$1" inspect --offsets)" = "$1/0=$end" ] && [ "$(adm group "$1" "$1" 0)" = "$end" ]
}

transaction_tests() {
    local holder end
    new tx 1 && adm transact tx 0 "$log" 500
    check "transactions: a log with aborted ones is read" go tx run --once
    check "... to the cells of the file" same_cells tx
    check "... each record once" is "$lines 0" "$(total tx delivered) $(total tx lost)"
    check "... next and lag pass the markers at its end" at_end tx

    mkfifo "$WORK/word"
    head -n 20 "$log" | sed 's/"event_id":"/&again-/' >"$WORK/more"
    adm hold tx 0 "$WORK/more" <"$WORK/word" >"$WORK/held" &
    holder=$!
    exec 4>"$WORK/word"
    wait_for 10 grep -q open "$WORK/held"
    adm put tx 0 "$WORK/more" # behind the open transaction: nobody may read it yet
    check "an open transaction: nothing of it or behind it is counted" go tx run --once
    check "... the state stands in front of it" is "$lines" "$(total tx delivered)"
    background tx "$WORK/open"
    wait_for 10 grep -q event=partition_assigned "$WORK/open"
    echo abort >&4
    exec 4>&-
    wait "$holder"
    check "... aborted: only what lies behind it is counted" wait_for 10 delivered tx $((lines + 20))
    kill -TERM "$run_pid"
    wait "$run_pid"
    check "... and not one more" is $((lines + 20)) "$(total tx delivered)"
    check "... next passes its marker" at_end tx
}

kept() { # WHEN REGEX: what `nhip archive --check` says of it
    "$NHIP" archive --check "$WORK/kept-$1" | tee "$WORK/check.kept"
    grep -qE "^compact +0 .*$2" "$WORK/check.kept"
}

compaction_tests() {
    new compact 1
    adm put compact 0 "$log" 0 200
    check "compaction: a state is counted" go compact run --once
    check "... and its records are archived" go compact archive --to "$WORK/kept-before"
    adm alter compact cleanup.policy=compact segment.ms=100 min.cleanable.dirty.ratio=0.001 delete.retention.ms=0 \
        max.compaction.lag.ms=100 || not_ok "compaction is switched on"
    sleep 0.2
    adm put compact 0 "$log" 200 1 # all have one key; the last segment is never cleaned
    check "... when the log has lost records of the window the run ends with exit 3, and says so" wait_ends compact 'NHIP-K0[78]'
    check "... nothing was written" unchanged compact
    check "... a new namespace counts what is left, over the holes" go holes run --once --set topics=compact
    check "... to the log's end" is "compact/0=$(adm bounds compact 0 | cut -d' ' -f2)" \
        "$(go holes inspect --offsets)"
    check "... the archive goes on, although the record that it ends with is gone" go compact archive --to "$WORK/kept-before"
    check "... and keeps what compaction has removed" kept before 'records=201 files=[0-9]+ lost=0'
    check "... one that begins now has holes, and calls nothing lost" go compact archive --to "$WORK/kept-now"
    check "... up to the log's end" kept now "\[0, $(adm bounds compact 0 | cut -d' ' -f2)\) records=1?[0-9]?[0-9] files=1 lost=0"

    new holey 1 segment.ms=100
    adm put holey 0 "$log" 0 200
    sleep 0.2
    adm put holey 0 "$log" 200 1
    check "compaction: the state's last record will stay in the last segment" go holey run --once
    adm alter holey cleanup.policy=compact segment.ms=100 min.cleanable.dirty.ratio=0.001 delete.retention.ms=0 \
        max.compaction.lag.ms=100 || not_ok "compaction is switched on"
    check "... the run ends with exit 3, because records between are gone" wait_ends holey NHIP-K08
    check "... nothing was written" unchanged holey
    check "NHIP-K08, remedy: a new namespace" go holey run --once --set namespace=holey2
}

wait_ends() { # NAME CODE: the cleaner comes when it comes; runs before that may count what is new
    local _
    for _ in $(seq 20); do
        go "$1" inspect --state >"$WORK/before"
        ends 3 "$2: $1/0: " go "$1" run --once && return
        sleep 0.5
    done
    return 1
}

# --- more partitions ---

grow_tests() {
    new grow 1
    adm put grow 0 "$log" 0 1000
    background grow "$WORK/grow.log"
    wait_for 10 delivered grow 1000
    adm grow grow 3
    adm put grow 1 "$log" 1000 1000 # before the run can know of it
    check "partitions that are added under a run are read from their beginning" wait_for 20 delivered grow 2000
    adm put grow 2 "$log" 2000
    check "... nothing is lost" wait_for 10 delivered grow "$lines"
    kill -TERM "$run_pid"
    wait "$run_pid"
    check "... and the run ends well" test $? = 0
    check "... with nothing counted twice" is "$lines" "$(total grow delivered)"
}

# --- retention ---

gap_tests() {
    local first
    new gap 1
    adm put gap 0 "$log" 0 1000
    check "retention: a state stands at offset 1000" go gap run --once
    adm put gap 0 "$log" 1000
    adm cut gap 0 1200
    go gap inspect --state >"$WORK/before"
    check "retention passes next: exit 3, with partition, both offsets and the remedy" ends 3 \
        'NHIP-K05: gap/0: the log starts at offset 1200 .*\(next 1000\).*not counted yet.*--accept-gap' go gap run --once
    check "... nothing was written" unchanged gap
    check "NHIP-K05, remedy: --accept-gap goes on behind it" ends 0 'event=gap_accepted .*from=1000 to=1200 lost=200' \
        go gap run --once --accept-gap
    check "... all that is left is counted, and what is lost is known" is "$((lines - 200)) 200" \
        "$(total gap delivered) $(total gap lost)"
    check "... counts add up" conserved gap
    check "... next runs ask for nothing" go gap run --once
    check "... inspect names the gap" sh -c "'$NHIP' inspect --set redis.address=$REDIS --set namespace=gap |
        grep -q 'gap of gap/0: offsets 1000 to 1200'"
    check "... a snapshot" go gap snapshot --period 2021-07 --dir "$WORK/gap.vintages"
    check "... has the gap in snapshot.json" grep -q '"gaps": \[{"from": 1000, "to": 1200, "lost": 200' \
        "$(vintage "$WORK/gap.vintages")/snapshot.json"
    check "... and says that its figures are unsure" grep -qE ',ORD_N,O,.*,U,[A-Z],' "$(vintage "$WORK/gap.vintages")/obs.csv"

    adm cut gap 0 $((lines - 100)) # now only the window is lost, but for its last records
    check "retention passes the window's beginning: exit 3, saying that only the window is concerned" ends 3 \
        "NHIP-K05: gap/0: the log starts at offset $((lines - 100)) .*next $lines.*records of the window only" go gap run --once
    check "... --accept-gap reads again what is left of it" ends 0 'event=gap_accepted .*lost=0' go gap run --once --accept-gap
    local applied
    applied=$(total gap applied)
    adm put gap 0 "$log" $((lines - 50)) # seen before, and still in the window
    check "... so that what comes again is a duplicate" go gap run --once
    check "... and not counted" is "$((lines - 150)) 200 $applied" "$(total gap delivered) $(total gap lost) $(total gap applied)"

    new passed 1
    adm put passed 0 "$log"
    background passed "$WORK/passed.log" --set rate.limit=200 --set kafka.queued.min.messages=100 \
        --set kafka.fetch.message.max.bytes=20000 --set kafka.queued.max.messages.kbytes=100
    wait_for 10 delivered passed 1
    adm cut passed 0 "$((lines - 10))"
    wait "$run_pid"
    check "retention overtakes a run: exit 3, with partition, both offsets and the remedy" sh -c "test $? = 3 &&
        grep -qE 'NHIP-K05: passed/0: reading stands at offset [0-9]+ but the log starts at $((lines - 10)) .*--accept-gap' \
        '$WORK/passed.log'"
}

conserved() {
    go "$1" inspect --json | python3 -c '
import json, sys
total = json.load(sys.stdin)["total"]
assert total["delivered"] == sum(total[k] for k in ("applied", "duplicate", "quarantined", "rejected", "ignored")), total'
}

# --- topics that are made again, other clusters ---

# remade NAME FIRST COUNT: the topic is deleted and made again with these lines
remade() { adm delete "$1" && new "$1" 1 && adm put "$1" 0 "$log" "$2" "$3"; }

# A run whose topic is deleted waits 15 s for it to come back: begun early, looked at late.
begin_deleted() {
    new gone 1 && adm put gone 0 "$log" 0 300
    background gone "$WORK/deleted.log"
    deleted=$run_pid
    wait_for 10 delivered gone 300
    adm delete gone
}

remade_tests() {
    new again 1
    adm put again 0 "$log" 0 300
    check "topics made again: a state stands at offset 300" go again run --once
    go again inspect --state >"$WORK/before"
    remade again 500 200
    check "... with fewer records: exit 3, both offsets" ends 3 \
        'NHIP-K06: again/0: the state stands at offset 300 but the log ends at 200' go again run --once
    remade again 500 300
    check "... with as many: exit 3 by the tail's fingerprint" ends 3 \
        'NHIP-K07: again/0: the record at offset 299, .*\(next 300\), is not the one' go again run --once
    remade again 500 400
    check "... with more" ends 3 'NHIP-K07: again/0: the record at offset 299' go again run --once
    check "... --accept-gap does not pass that" ends 3 'NHIP-K07: again/0: ' go again run --once --accept-gap
    check "... nothing was ever written" unchanged again
    remade again 0 301
    check "NHIP-K06, NHIP-K07, remedy: the same records are put back" go again run --once
    check "... and counts the one that is new" is 301 "$(total again delivered)"

    wait "$deleted"
    check "a topic that is deleted under a run ends it" sh -c \
        "test $? = 1 && grep -qE 'NHIP-K0[34]: .*topic gone' '$WORK/deleted.log'"

    KAFKA=$suite_kafka kafka_start_second
    new other 1 && adm put other 0 "$log" 0 300
    "$admin" "$second_kafka" create other 1 1 && "$admin" "$second_kafka" put other 0 "$log" 0 300
    check "another cluster: a state is counted from one" go other run --once
    go other inspect --state >"$WORK/before"
    check "... the same records on another: exit 3, both named" ends 3 \
        'NHIP-K09: other/0 .* was read from Kafka cluster "[^"]{22}", this process reads "[^"]{22}"' \
        go other run --once --set "kafka.bootstrap.servers=$second_kafka"
    check "... nothing was written" unchanged other
    check "NHIP-K09, remedy: the cluster that the state comes from" go other run --once
    "$admin" "$second_kafka" delete other
}

# The suite's broker if there is one, else another.
kafka_start_second() {
    kafka_start
    second_kafka=$KAFKA
}

parts=${ONLY:-door member transaction compaction grow gap remade}
case $parts in *remade*) begin_deleted ;; esac
for part in $parts; do "${part}_tests"; done
finish
