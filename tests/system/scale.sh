#!/bin/bash
# Scale-out, small: instances of `nhip run` in one group join and leave under load, then all are restarted one after the other (an
# upgrade), one is killed; a takeover is claim and window, and is told. The state is that of one undisturbed run. Everything that
# can die beside them: tests/scale.sh. RATE: events/s of the load (default 5000), which lasts as long as the test needs it.
. "$(dirname "$0")/../support/lib.sh"
begin scale
redis_start
kafka_start
RATE=${RATE:-5000}
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
common=(--set namespace=n --set "topics=$topics" --set "sources.file=$WORK/sources.json" --set log.level=info
    --set commit.interval=100ms --set window.records=20000)
declare -A pids

session_ms=8000

start() { # NAME: a static member of the group
    rm -f "$WORK/$1.status" # that of an earlier life
    EXEC="exec" on run "${common[@]}" --set "kafka.group.id=${prefix}1" --set "kafka.group.instance.id=$1" \
        --set kafka.session.timeout.ms=$session_ms --set kafka.heartbeat.interval.ms=1000 --set "status.file=$WORK/$1.status" \
        2>>"$WORK/$1.log" &
    pids[$1]=$!
}
leave() { # NAME
    kill -TERM "${pids[$1]}"
    wait "${pids[$1]}"
}
status() { # NAME FIGURE
    local figure
    figure=$(awk -v name="$2" '$1 == name { print $2 + 0 }' "$WORK/$1.status" 2>/dev/null)
    echo "${figure:-0}"
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
wait_until() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    while ! "${@:2}"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}
works() { [ "$(status "$1" partitions)" -gt 0 ] && [ "$(status "$1" delivered)" -gt "${2:-0}" ]; }
held_by() { # NAME...: partitions of them together are all
    local name sum=0
    for name in "$@"; do sum=$((sum + $(status "$name" partitions))); done
    [ "$sum" -eq 20 ]
}
under_load() { kill -0 "$load"; }

# What sources declare is the same for each length of the stream.
"$NHIP" generate --seed 21 --events 10 --output "$WORK/sample" --sources "$WORK/sources.json" >/dev/null
"$NHIP" generate --seed 21 --events 2000000 --rate "$RATE" --kafka "$KAFKA" --partitions 4 --prefix "$prefix" \
    >"$WORK/generate.log" 2>&1 &
load=$!
start one
must "the first instance works alone" wait_until 90 works one
start two
check "a second one joins under load and has work" wait_until 90 works two
start three
check "and a third" wait_until 90 works three
check "together they have every partition" wait_until 90 held_by one two three
check "what stayed where it was has kept its window" grep -q event=partition_returned "$WORK/one.log"
for name in one two three; do
    wait_until 90 held_by one two three # takeovers of its own are behind the first one, which may just have been upgraded
    wait_until 90 eval '[ "$(status one takeovers)" -ge "$(status one partitions)" ]'
    taken=$(status one takeovers) left_ms=$(now_ms)
    check "upgrade: $name leaves with exit 0" leave "$name"
    start $name
    check "... and works again" wait_until 90 works $name
    away_ms=$(($(now_ms) - left_ms))
    if [ $name = one ]; then continue; fi
    if [ $away_ms -lt $((session_ms / 2)) ]; then # its last heartbeat was some time before it left
        check "... without the others noticing" test "$(status one takeovers)" -eq "$taken"
    else
        skip "... without the others noticing" "away for $away_ms ms, half of its session or more: the machine is busy"
    fi
done
kill -9 "${pids[three]}"
check "all this happened under load" under_load
check "one is killed: within its session the others have every partition" wait_until 90 held_by one two
check "one leaves for good; the last has them all" leave two
check "... after its session" wait_until 90 held_by one
kill "$load"
wait "$load" 2>/dev/null
must "an undisturbed run" on run "${common[@]}" --once --set namespace=alone --set "kafka.group.id=${prefix}0"
state() { on inspect "${common[@]}" "$@" | sed 's/^[a-z]*://'; }
offsets() { on inspect "${common[@]}" --set "namespace=$1" --offsets; }
caught_up() { [ "$(offsets n)" = "$(offsets alone)" ]; }
check "the lag returns to 0" wait_until 30 caught_up
check "the last instance leaves with exit 0" leave one
state --set namespace=alone --state >"$WORK/state"
state --state >"$WORK/other"
check "identical state" cmp "$WORK/state" "$WORK/other"
check "... and there is one" test "$(wc -l <"$WORK/state")" -gt 1000

takeovers() {
    local figure='\([0-9]*\)'
    sed -n "s/.*event=window_rebuilt.* events=$figure .* claim_ms=$figure takeover_ms=$figure.*/\1 \2 \3/p" "$WORK"/*.log |
        sort -n -k3 | awk '{ ms[NR] = $3; if ($2 > claim) claim = $2; if ($1 > events) events = $1 }
            END { if (NR == 0) exit 1; printf "%d takeovers; windows of up to %d events; claim at most %d ms; ", NR, events, claim
                printf "claim and window: median %d ms, largest %d ms\n", ms[int((NR + 1) / 2)], ms[NR]
                exit ms[NR] < 15000 ? 0 : 1 }'
}
check "takeovers are told, and none took 15 s" takeovers
sed 's/^/# /' "$WORK/check.log"
finish
