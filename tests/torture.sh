#!/bin/bash
# Torture of what is not a fault of Kafka or Redis: memory that runs out, disks that fill up or fail, a clock that
# leaps, signals at any moment. Each command is run again and again, and each time the next call fails, until a run is
# not reached by it. What must hold: no signal, a message with a code or success, nothing half-published, and the next
# undisturbed run ends where it should.
#   tests/torture.sh [memory] [disk] [clock] [signals]   all of them by default
#
# STRIDE=1 tries every call (make soak); the default tries each 29th, from a random one on, beside the last and the first ones.
# SECONDS_MAX bounds all of it. SEED: the random numbers.
. "$(dirname "$0")/support/lib.sh"
begin torture
STRIDE=${STRIDE:-29}
SIGNALS=${SIGNALS:-40}
RANDOM=${SEED:-$$}
SECONDS_MAX=${SECONDS_MAX:-100000}
TORTURED=$home/$BUILD/tools/nhip_tortured
export NHIP_TORTURE_LOG=$WORK/tortured
redis_start
example=tests/golden/example
log=$WORK/log
mkdir -p "$log"
echo '{"PSP1": {"success_at": "FIRST", "records_cash": true}}' >"$WORK/sources.json"
"$NHIP" registry import "$example/registry.csv" --output "$log/registry-0.ndjson" 2>/dev/null
cp "$example/events.ndjson" "$log/events-0.ndjson"
printf '{"broken": %s}\n' 1 2 3 >>"$log/events-0.ndjson" # three dead letters
letters=3
total=$(cat "$log"/*.ndjson | wc -l)
settings=(--set "redis.address=$REDIS" --set "sources.file=$WORK/sources.json" --set log.level=error)
files=(--file "$log/registry-0.ndjson" --file "$log/events-0.ndjson")
as_of=2021-10-05T17:00:00.000Z
runs=0

# --- what a run is judged by ---

# A namespace of one counted state, made once.
make_state() { # NAMESPACE
    "$NHIP" run "${settings[@]}" --namespace "$1" "${files[@]}" --set deadletter.file="$WORK/letters-$1.ndjson"
}
state() { # NAMESPACE: its name left out
    NHIP_TORTURE='' "$NHIP" inspect "${settings[@]}" --namespace "$1" --state | sed 's/^[a-z]*://'
}
obs() { sed 's/,[0-9]*,\([^,]*\)$/,\1/' "$1/obs.csv"; } # without the release and the hash of the vintage before

empty() { # NAMESPACE
    rcli --scan --pattern "$1:*" >"$WORK/keys"
    [ -s "$WORK/keys" ] && xargs -n 500 redis-cli -s "$REDIS" unlink <"$WORK/keys" >/dev/null
    rm -f "$WORK/letters-$1.ndjson"
}

spoilt() { # TEXT: a finding
    {
        echo "#   $what (${NHIP_TORTURE:-}): $1 (status $status)"
        sed 's/^/#     /' "$NHIP_TORTURE_LOG"
        tail -n 3 "$WORK/err" | sed 's/^/#     /'
    } >>"$WORK/findings"
    findings=$((findings + 1))
}

# Ends with success or with one of the exit codes and a message with a code; a signal is a finding.
judge_exit() {
    case $status in
    0) ;;
    1 | 2 | 3 | 4) grep -q 'NHIP-[A-Z][0-9][0-9]' "$WORK/err" || spoilt "no code in the message" ;;
    *) spoilt "ended by a signal, or not in time" ;;
    esac
    if grep -q 'NHIP-X01' "$WORK/err"; then spoilt "a promise was broken"; fi
}

attempt() { # COMMAND...: one run of the tortured nhip
    : >"$NHIP_TORTURE_LOG"
    timeout -s KILL 30 "$TORTURED" "$@" >"$WORK/out" 2>"$WORK/err"
    status=$?
    runs=$((runs + 1))
    judge_exit
}

reached() { grep -q '^fired' "$NHIP_TORTURE_LOG"; }

# --- the commands, and what must be true after each ---

try_config() { attempt config "${settings[@]}"; }
after_config() { :; }

try_check() { attempt check $example/events.ndjson --set "sources.file=$WORK/sources.json"; }
after_check() { :; }

try_registry() {
    rm -f "$WORK/imported.ndjson"
    attempt registry import $example/registry.csv --output "$WORK/imported.ndjson"
}
after_registry() {
    [ $status != 0 ] || cmp -s "$WORK/imported.ndjson" "$log/registry-0.ndjson" || spoilt "not all of the registry was written"
}

try_run() {
    empty t
    attempt run "${settings[@]}" --namespace t "${files[@]}" --set deadletter.file="$WORK/letters-t.ndjson"
}
after_run() {
    NHIP_TORTURE='' make_state t 2>"$WORK/err" || spoilt "the next run fails"
    state t 2>/dev/null | cmp -s - "$WORK/state" || spoilt "the state is another one"
    sort -u "$WORK/letters-t.ndjson" | cmp -s - "$WORK/letters" || spoilt "dead letters are lost or torn"
}

try_snapshot() { attempt snapshot "${settings[@]}" --namespace s --period 2021-09 --as-of $as_of --dir "$WORK/vintages"; }
after_snapshot() {
    local latest
    latest=$(cat "$WORK/vintages/LATEST" 2>/dev/null)
    if [ $status = 0 ] && [ -z "$latest" ]; then spoilt "success without a vintage"; fi
    for vintage in "$WORK"/vintages/[A-Z]*_r*; do
        [ -d "$vintage" ] || continue
        (cd "$vintage" && sha256sum --quiet -c MANIFEST.sha256) >/dev/null 2>&1 || spoilt "$vintage is not whole"
    done
    if [ -n "$latest" ]; then obs "$WORK/vintages/$latest" | cmp -s - "$WORK/obs" || spoilt "other figures"; fi
    if [ $status = 0 ] && compgen -G "$WORK/vintages/.[tL]*" >/dev/null; then spoilt "something is left over"; fi
    rm -rf "$WORK/vintages"
}

try_backup() { attempt backup "${settings[@]}" --namespace s --to "$WORK/backup-t"; }
after_backup() {
    if [ $status = 0 ] || [ -e "$WORK/backup-t/MANIFEST.sha256" ]; then
        "$NHIP" backup --check "$WORK/backup-t" >/dev/null 2>"$WORK/err" || spoilt "the backup does not hold"
    fi
    rm -rf "$WORK/backup-t"
}

try_restore() {
    empty r
    attempt restore "${settings[@]}" --namespace r --from "$WORK/backup"
}
after_restore() {
    if [ $status != 0 ] && [ "$(rcli --scan --pattern 'r:*' | wc -l)" -gt 0 ]; then
        state r >/dev/null 2>&1 && { state r 2>/dev/null | cmp -s - "$WORK/state" || spoilt "half a restore can be read"; }
    fi
    NHIP_TORTURE='' "$NHIP" restore "${settings[@]}" --namespace r --from "$WORK/backup" >/dev/null 2>"$WORK/err" ||
        grep -q 'NHIP-B05' "$WORK/err" || spoilt "the next restore fails"
    state r 2>/dev/null | cmp -s - "$WORK/state" || spoilt "the restored state is another one"
}

try_promote() {
    rcli del nhip:current nhip:promotions >/dev/null
    attempt promote "${settings[@]}" s
}
after_promote() {
    NHIP_TORTURE='' "$NHIP" promote "${settings[@]}" >"$WORK/promoted" 2>&1
    if [ $status = 0 ]; then grep -q '\bs\b' "$WORK/promoted" || spoilt "promoted, and it does not show"; fi
}

try_inspect() { attempt inspect "${settings[@]}" --namespace s --state; }
after_inspect() {
    if [ $status = 0 ]; then sed 's/^[a-z]*://' "$WORK/out" | cmp -s - "$WORK/state" || spoilt "half a state is shown"; fi
}

# Tries the 1st, 2nd, ... call until one is not reached. FAULT: memory, ENOSPC, ...
torment() { # COMMAND FAULT
    local call=1 before=$runs last
    findings=0
    what=$1
    : >"$WORK/findings"
    NHIP_TORTURE=$2:1000000000 try_"$1"
    last=$(sed -n 's/^calls all //p' "$NHIP_TORTURE_LOG" | head -n 1)
    after_"$1"
    if [ $status != 0 ]; then spoilt "fails without a fault"; fi
    while [ $SECONDS -lt "$SECONDS_MAX" ]; do
        export NHIP_TORTURE=$2:$call
        try_"$1"
        after_"$1"
        reached || break
        step=1
        if [ "$STRIDE" -gt 1 ] && [ $call -ge 8 ]; then step=$((1 + RANDOM % (2 * STRIDE - 1))); fi
        call=$((call + step))
    done
    unset NHIP_TORTURE
    check "nhip $1: ${last:-?} calls, $((runs - before)) runs with $2: a clear end, nothing half, and right the next time" \
        test $findings = 0
    head -n 40 "$WORK/findings"
}

torture_memory() {
    for command in config check registry snapshot backup restore promote inspect run; do torment $command memory; done
}

torture_disk() {
    local fault
    for fault in ENOSPC EIO EINTR short; do
        for command in run snapshot backup registry restore; do torment $command $fault; done
    done
}

# The wall clock is for log lines, names of files and the time of a commit; no figure may come of it.
torture_clock() {
    local seed
    findings=0
    what=clock
    : >"$WORK/findings"
    for seed in 1 2 3; do
        export NHIP_TORTURE=clock:$seed$RANDOM
        try_run
        [ $status = 0 ] || spoilt "the run fails"
        state t 2>/dev/null | cmp -s - "$WORK/state" || spoilt "the state is another one"
        try_snapshot
        [ $status = 0 ] || spoilt "the snapshot fails"
        after_snapshot
        try_backup
        [ $status = 0 ] || spoilt "the backup fails"
        after_backup
    done
    unset NHIP_TORTURE
    check "a clock that leaps 400 days to and fro changes no state, no figure and no backup" test $findings = 0
    head -n 40 "$WORK/findings"
}

takes_signals() { # PID: it is nhip by now, and has its handlers: that of SIGINT is the last one that is set
    local caught
    caught=$(awk '$1 == "Name:" { ours = $2 == "nhip" } $1 == "SigCgt:" && ours { print $2 }' "/proc/$1/status" 2>/dev/null)
    [ $((0x${caught:-0} >> 1 & 1)) = 1 ]
}

# Ended at random moments, again and again, until the log is read: 0 each time, and the state of an undisturbed run.
torture_signals() {
    local round=0 pid signal delay early=0 begun
    local -a many=()
    findings=0
    what=signals
    : >"$WORK/findings"
    : >"$NHIP_TORTURE_LOG"
    "$NHIP" generate --output "$WORK/many/" --events 20000 --partitions 1 2>/dev/null
    for file in "$WORK"/many/*-0.ndjson; do many+=(--file "$file"); done
    "$NHIP" run "${settings[@]}" --namespace m "${many[@]}" 2>/dev/null
    state m >"$WORK/many.state"
    while [ $round -lt "$SIGNALS" ] && [ $SECONDS -lt "$SECONDS_MAX" ]; do
        [ $((round % 10)) != 0 ] || empty n
        signal=TERM
        [ $((RANDOM % 2)) = 0 ] || signal=INT
        "$NHIP" run "${settings[@]}" --namespace n --set rate.limit=40000 "${many[@]}" >"$WORK/out" 2>"$WORK/err" &
        pid=$!
        delay=$((RANDOM % 250))
        sleep "0.$(printf %03d $delay)"
        begun=no # or ended
        if takes_signals $pid; then begun=yes; fi
        kill -$signal $pid 2>/dev/null
        wait $pid
        status=$?
        if [ $begun = no ] && [ $status = $((128 + $(kill -l $signal))) ]; then # by this signal, not by a crash
            early=$((early + 1))
        else
            [ $status = 0 ] || spoilt "SIG$signal after $delay ms"
        fi
        round=$((round + 1))
        if [ $((round % 10)) = 0 ]; then
            "$NHIP" run "${settings[@]}" --namespace n "${many[@]}" 2>"$WORK/err" || spoilt "the next run fails"
            state n | cmp -s - "$WORK/many.state" || spoilt "the state is another one"
        fi
    done
    check "$round runs ended by SIGTERM or SIGINT at any moment: exit 0 ($early before they began), and the state is right" \
        test $findings = 0
    head -n 40 "$WORK/findings"
}

must "an undisturbed run counts all" make_state s
state s >"$WORK/state" 2>/dev/null
sort -u "$WORK/letters-s.ndjson" >"$WORK/letters"
check "three records are refused" test "$(wc -l <"$WORK/letters")" = $letters
must "an undisturbed snapshot" "$NHIP" snapshot "${settings[@]}" --namespace s --period 2021-09 --as-of $as_of --dir "$WORK/v"
obs "$(vintage "$WORK/v")" >"$WORK/obs"
must "an undisturbed backup" "$NHIP" backup "${settings[@]}" --namespace s --to "$WORK/backup"
[ $# -gt 0 ] || set -- memory disk clock signals
for part in "$@"; do torture_"$part"; done
echo "# $runs runs"
finish
