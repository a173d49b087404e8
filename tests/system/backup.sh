#!/bin/bash
# State that outlives Redis. Backups under load, FLUSHALL, restore, on from there: the state of an undisturbed run and of the
# Python oracle. A restore that is killed is seen by everybody and repeated. A changed definition is filled beside the running
# one, promoted under load, and taken back. EVENTS (default 40000).
. "$(dirname "$0")/../support/lib.sh"
begin backup
trap 'tests/support/cluster.sh stop --dir "$WORK/cluster" 2>/dev/null; cleanup' EXIT
redis_start
kafka_start
EVENTS=${EVENTS:-40000}
[ "$EVENTS" -ge 40000 ] || EVENTS=40000 # of fewer, some partitions have nothing yet when the second backup is due
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
common=(--set "topics=$topics" --set "sources.file=$WORK/sources.json")
rate=$((EVENTS / 12)) # the run must not end while backups are made, on a busy machine neither

must "a province of $EVENTS events is produced into Kafka, 4 partitions" "$NHIP" generate --seed 11 --events "$EVENTS" \
    --kafka "$KAFKA" --partitions 4 --prefix "$prefix" --truth "$WORK/truth.json" --sources "$WORK/sources.json"

run() { on run "${common[@]}" "$@"; }                                    # SETTING...
state() { on inspect "${common[@]}" --namespace "$1" --state "${@:3}" >"$2"; } # NAMESPACE FILE
as_n() { sed "s/^$1:/n:/" "$2" >"$3" && [ -s "$3" ]; }                   # a dump of NAMESPACE as if it were n's
same() {                                                                 # NAMESPACE: its state is the undisturbed run's
    state "$1" "$WORK/dump" && as_n "$1" "$WORK/dump" "$WORK/renamed" && cmp "$WORK/state" "$WORK/renamed"
}
status() { awk -v name="$2" '$1 == name { print $2 + 0 }' "$WORK/$1.status" 2>/dev/null; }
wait_for() { # NAME COUNTER VALUE: until the run NAME has reached it
    local _
    for _ in $(seq 400); do
        [ "$(status "$1" "$2" || echo 0)" -ge "$3" ] 2>/dev/null && return
        sleep 0.05
    done
    return 1
}
job() { # NAME SETTING...: a run in the background
    local name=$1
    shift
    rm -f "$WORK/$name.status"
    EXEC="exec" run --set "status.file=$WORK/$name.status" --set commit.interval=50ms --set log.level=info \
        --set kafka.fetch.message.max.bytes=20000 "$@" \
        >"$WORK/$name.log" 2>&1 &
    job_pid=$!
}
refused() { # PATTERN COMMAND...: exit 3 with a message that matches
    local pattern=$1 got=0
    shift
    "$@" >"$WORK/refused" 2>&1 || got=$?
    cat "$WORK/refused"
    [ $got = 3 ] && grep -qE -- "$pattern" "$WORK/refused"
}
oracle() { # OUT SETTING...
    local out=$1
    shift
    python3 tests/oracle/oracle.py --log "$WORK"/log/*.ndjson --kafka-offsets --sources "$WORK/sources.json" \
        --state "$out.state" "$@"
}

must "an undisturbed run" run --namespace n --once --set "tee.directory=$WORK/log"
must "its state is dumped" state n "$WORK/state"
must "the oracle reads the log" oracle "$WORK/oracle"
check "its state is the oracle's" python3 tests/oracle/compare_state.py "$WORK/state" "$WORK/oracle.state"

# --- backup under load, loss, restore ---

backups() {
    job load --namespace b --set "rate.limit=$rate"
    local load=$job_pid _
    wait_for load delivered $((EVENTS / 4))
    local commits
    commits=$(status load commits)
    check "a backup while workers commit" on backup "${common[@]}" --namespace b --to "$WORK/one"
    wait_for load delivered $((EVENTS / 2))
    for _ in $(seq 50); do
        [ "$(on inspect --namespace b --offsets | tr ',' '\n' | grep -c =)" = 20 ] && break
        sleep 0.1
    done
    check "a second one later" on backup "${common[@]}" --namespace b --to "$WORK/two"
    check "commits went on meanwhile ($commits, $(status load commits))" test "$(status load commits)" -gt "$commits"
    check "the run is not at its end yet" test "$(status load delivered)" -lt "$EVENTS"
    check "a backup overwrites nothing" sh -c "! '$NHIP' backup --set redis.address=$REDIS --namespace b --to '$WORK/one'"
    check "both are whole, as nhip says without Redis" sh -c \
        "'$NHIP' backup --check '$WORK/one' && '$NHIP' backup --check '$WORK/two'"
    check "... and as sha256sum says" sh -c "cd '$WORK/one' && sha256sum --quiet -c MANIFEST.sha256"
    wait_for load delivered $((EVENTS * 3 / 4)) # some of it is mirrored into the group: the witness
    rcli flushall >/dev/null
    wait "$load"
    check "FLUSHALL ends the run with exit 3" test $? = 3
    check "the next run is refused, and told of the backup" refused 'NHIP-R07: .*restore a backup' run --namespace b --once
}

# What a backup holds is what replaying the log up to its offsets gives, byte for byte.
prefixes() {
    check "the first backup into a namespace of its own" on restore "${common[@]}" --from "$WORK/one" --namespace look
    local vector
    vector=$(on inspect "${common[@]}" --namespace look --offsets)
    check "the log is replayed up to the backup's offsets" run --namespace replay --until "$vector"
    state look "$WORK/look" && state replay "$WORK/replay"
    check "each file was one true prefix: the same state" sh -c \
        "sed 's/^look:/x:/' '$WORK/look' >'$WORK/a' && sed 's/^replay:/x:/' '$WORK/replay' | cmp '$WORK/a' -"
    check "... and not the end of the log" sh -c "! cmp -s '$WORK/a' '$WORK/state' && test -s '$WORK/a'"
}

restores() {
    check "other settings are refused, named" refused 'window.records: backup 524288, here 1000' on restore "${common[@]}" \
        --from "$WORK/two" --namespace b --set window.records=1000
    check "the last backup is restored" on restore "${common[@]}" --from "$WORK/two" --namespace b
    check "a second restore is refused: there is a state" refused 'is not empty' on restore "${common[@]}" --from "$WORK/two" \
        --namespace b
    check "NHIP-R07, remedy: the run goes on from there" run --namespace b --once
    check "... to the state of the undisturbed run" same b
    check "... counting what was read again" sh -c "'$NHIP' inspect --json --namespace b --set redis.address=$REDIS |
        python3 -c 'import json, sys; assert json.load(sys.stdin)[\"total\"][\"replayed\"] > 0'"
    check "... which is the oracle's" sh -c "python3 tests/oracle/compare_state.py '$WORK/renamed' '$WORK/oracle.state'"
}

# Partitions that came after the backup have nothing in it: the witness sees that, and a person says where they begin.
grown() {
    check "a backup of a namespace with one topic" on backup "${common[@]}" --namespace few --to "$WORK/few"
    run --namespace few2 --once --set "topics=${prefix}payments"
    run --namespace few2 --once
    delete_keys few2
    check "it is restored where there were more topics since" on restore "${common[@]}" --from "$WORK/few" --namespace few2
    check "the new partitions are refused: they had a state" refused 'restore a backup' run --namespace few2 --once
    check "they begin anew, the restored ones go on" run --namespace few2 --once --accept-empty
    check "... to the state of the undisturbed run" same few2
}

# --- a restore that is killed ---

delete_keys() { rcli --raw keys "$1:*" | xargs redis-cli -s "$REDIS" del >/dev/null; }
marks() { # how many partitions of the namespace bear the mark
    local key
    for key in $(rcli --raw keys "$1:f:*"); do rcli --raw hget "$key" layout; done | grep -c restoring
}
kill_restore() { # NAMESPACE: kill -9 while partitions are being filled
    local pid attempt key
    for attempt in $(seq 10); do
        EXEC="exec" on restore "${common[@]}" --from "$WORK/two" --namespace "$1" >/dev/null 2>&1 &
        pid=$!
        for _ in $(seq 500); do
            key=$(rcli --raw keys "$1:d:*" | head -n 1)
            [ -n "$key" ] && break
        done
        kill -9 $pid
        wait $pid 2>/dev/null
        [ "$(marks "$1")" -gt 0 ] && return
        echo "# attempt $attempt: it was faster"
        delete_keys "$1"
    done
    return 1
}
killed() {
    check "a restore is killed with kill -9 on the way" kill_restore k
    echo "# $(marks k) partitions bear the mark, $(rcli --raw keys 'k:*' | grep -c .) keys are there"
    check "run refuses it and says what to type" refused 'nhip restore' run --namespace k --once
    check "snapshot refuses it" refused 'nhip restore' on snapshot "${common[@]}" --namespace k --period 2021-09 --dir "$WORK/s"
    check "inspect refuses it" refused 'nhip restore' on inspect "${common[@]}" --namespace k
    check "backup refuses it" refused 'nhip restore' on backup "${common[@]}" --namespace k --to "$WORK/half"
    check "promote refuses it" refused 'nhip restore' on promote "${common[@]}" k
    check "another backup is refused" refused 'unfinished restore of another backup' on restore "${common[@]}" --namespace k \
        --from "$WORK/one"
    check "the same restore again" on restore "${common[@]}" --from "$WORK/two" --namespace k
    check "... and on to the end" run --namespace k --once
    check "... the state of the undisturbed run" same k
    cp -r "$WORK/two" "$WORK/bad"
    local file=$WORK/bad/${prefix}payments-0.nhip
    printf 'x' | dd of="$file" bs=1 seek=5000 conv=notrunc 2>/dev/null
    check "a byte that changed is found at its place" refused 'payments-0.nhip: byte [0-9]+: block 0 does not match' \
        on restore "${common[@]}" --from "$WORK/bad" --namespace bad
    check "... and nothing was written" test -z "$(rcli --raw keys 'bad:*')"
}

# --- a changed definition beside the running one ---

field() { rcli --raw hget nhip:rolling:1h "$1"; }
vintage_of() { # DIR SETTING...: a snapshot of the current namespace; the configuration's hash that it names
    local dir=$1
    shift
    on snapshot "${common[@]}" --period 2021-09 --dir "$dir" --quiet "$@" >/dev/null &&
        sed -n 's/.*"state_config_sha256": "\([0-9a-f]*\)".*/\1/p' "$(vintage "$dir")/snapshot.json"
}
public() { # NAMESPACE: within 10 s its windows are the public ones
    local _
    for _ in $(seq 100); do
        [ "$(field _namespace)" = "$1" ] && return
        sleep 0.1
    done
    field _namespace
    return 1
}
promoted() { # MAX_LAG NAMESPACE: as soon as it may be
    local _
    for _ in $(seq 100); do
        on promote --max-lag "$1" "$2" && return
        sleep 0.2
    done
    return 1
}
promotes() {
    local old new changed=(--set window.records=1000)
    job old --set "rate.limit=$((EVENTS / 12))" --set rolling.idle=1s
    old=$job_pid
    wait_for old delivered $((EVENTS / 4))
    job new --namespace n2 "${changed[@]}" --set "rate.limit=$((EVENTS / 8))" --set rolling.idle=1s
    new=$job_pid
    check "the definition that runs beside prints its plan" wait_log new \
        'event=memory_plan namespace=n2 current=nhip .*window_bytes'
    wait_for new commits 1
    check "promotion is refused while it lags behind, with a table" refused 'too far behind|missing' on promote --max-lag 100 n2
    local before after
    before=$(vintage_of "$WORK/v1")
    check "the running one's windows are public" public nhip
    check "when it has caught up it is promoted, while both are counting" promoted 2000 n2
    check "... not before" test "$(status new delivered)" -gt $((EVENTS / 8))
    check "both still run" kill -0 $old $new
    after=$(vintage_of "$WORK/v2")
    check "snapshots before and after are of different definitions (${before:0:8}, ${after:0:8})" test -n "$before" -a -n \
        "$after" -a "$before" != "$after"
    check "a namespace that is named wins" test "$(vintage_of "$WORK/v3" --namespace nhip)" = "$before"
    check "nhip:rolling:1h is the promoted one's" public n2
    check "promote shows it" sh -c "'$NHIP' promote --set redis.address=$REDIS | grep -q 'nhip -> n2 from .*; to '"
    check "... and back" on promote --back --max-lag 100000
    check "nhip:rolling:1h follows" public nhip
    check "snapshots too" test "$(vintage_of "$WORK/v4")" = "$before"
    wait_for old delivered "$(awk -F= '$1 == "n" { print $2 }' "$WORK/delivered")"
    wait_for new delivered "$(awk -F= '$1 == "n" { print $2 }' "$WORK/delivered")"
    kill -TERM $old $new
    wait $old
    check "the running one ends well" test $? = 0
    wait $new
    check "the changed one ends well" test $? = 0
    ends
}
wait_log() { # NAME PATTERN
    local _
    for _ in $(seq 100); do
        grep -qE "$2" "$WORK/$1.log" && return
        sleep 0.1
    done
    return 1
}
ends() { # both at the end of the log
    local changed=(--set window.records=1000)
    run --once && run --once --namespace n2 "${changed[@]}"
    check "the running one's state is the undisturbed run's" same nhip
    must "the oracle under the changed definition" oracle "$WORK/oracle1000" --config window.records=1000
    state n2 "$WORK/dump2"
    check "the changed one's state is the oracle's" python3 tests/oracle/compare_state.py "$WORK/dump2" "$WORK/oracle1000.state"
    check "promotion at the end, without any lag" on promote --max-lag 0 n2
    vintage_of "$WORK/v5" "${changed[@]}" >/dev/null
    vintage_of "$WORK/v6" "${changed[@]}" --namespace n2 >/dev/null
    check "the current namespace's table is the promoted one's" cmp "$(vintage "$WORK/v5")/obs.csv" \
        "$(vintage "$WORK/v6")/obs.csv"
    check "inspect follows too" sh -c "test \"\$('$NHIP' inspect --json --set redis.address=$REDIS)\" = \
        \"\$('$NHIP' inspect --json --set redis.address=$REDIS --namespace n2)\""
    check "a namespace of fewer partitions is refused" refused 'missing' on promote few
    check "an empty one is refused" refused 'holds nothing' on promote nothing
}

# --- the same in a cluster ---

clustered() {
    local nodes at
    nodes=$(tests/support/cluster.sh start --dir "$WORK/cluster")
    at=(--set "redis.address=$nodes")
    must "a cluster of three shards" test -n "$nodes"
    check "cluster: a restore" on restore "${common[@]}" "${at[@]}" --from "$WORK/two"
    on restore "${common[@]}" --from "$WORK/two" --namespace single
    state single "$WORK/dump" && sed 's/^single:/nhip:/' "$WORK/dump" >"$WORK/single"
    check "cluster: the state is the same as on one server" sh -c \
        "'$NHIP' inspect --state --set redis.address=$nodes | cmp - '$WORK/single'"
    check "cluster: into another namespace, promoted" sh -c "'$NHIP' restore --from '$WORK/two' --namespace c2 \
        --set sources.file=$WORK/sources.json --set redis.address=$nodes && '$NHIP' promote c2 --set redis.address=$nodes"
    check "cluster: a backup of the current one" on backup "${common[@]}" "${at[@]}" --to "$WORK/three"
    check "cluster: ... names it" sh -c "'$NHIP' backup --check '$WORK/three' | grep -q namespace=c2"
    tests/support/cluster.sh stop --dir "$WORK/cluster"
}

# --- when Kafka has forgotten ---

forgets() {
    local topic=${prefix}payments end
    end=$(on inspect "${common[@]}" --namespace b --offsets | tr ',' '\n' | sed -n "s|^$topic/0=||p")
    "$BUILD/tools/kafka_admin" "$KAFKA" cut "$topic" 0 "$end" || return
    check "a restore works without Kafka" on restore "${common[@]}" --from "$WORK/one" --namespace late
    check "what Kafka holds no more is named" refused "payments/0: the log starts at offset $end but the state needs it from" \
        run --namespace late --once
}

on inspect "${common[@]}" --namespace n --json | python3 -c '
import json, sys
print("n=%d" % json.load(sys.stdin)["total"]["delivered"])' >"$WORK/delivered"
backups
run --namespace few --once --set "topics=${prefix}payments"
prefixes
restores
grown
killed
promotes
clustered
forgets
finish
