#!/bin/bash
# Fuzzing of decode() against decode_reference(), and the corpus that it leaves; of mappings against the text that they make.
#
#   tests/fuzz.sh [MINUTES]    builds and runs the fuzzer (2 minutes when not said); TAP lines; exit 1 when the decoders disagree,
#                              crash or touch a byte too many, and the input is named
#   tests/fuzz.sh keep         merges what runs have found into tests/fuzz/corpus/found.txt
#
# SEED (1): the same seed, corpus and build make the same mutations. JOBS (1): processes, so cores, beside each other.
# BUILD (build): everything is kept under BUILD/fuzz: logs, what was found, the inputs that stopped a run. A tenth of the time
# goes to a build without SSE2, which is what machines without it get; mappings get a sixth. Needs clang with libFuzzer
# (make deps-test).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
SEED=${SEED:-1} JOBS=${JOBS:-1} fuzz=${BUILD:-build}/fuzz
messages_max=4096
failures=0

build() { # DIRECTORY FLAGS...
    local directory=$1
    shift
    make --no-print-directory -j"$JOBS" CC=clang "BUILD=$directory" SANITIZE=fuzzer,address,undefined \
        "CFLAGS=-O1 -g -fno-sanitize-recover=all $*" "$directory"/fuzz_{decode,mapping} >"$directory.log" 2>&1 && return
    echo "not ok - the fuzzer is built ($directory.log)"
    tail -n 20 "$directory.log" | sed 's/^/#   /'
    exit 1
}

# The corpus and the fixtures, one file per message.
seeds() {
    rm -rf "$fuzz/seeds"
    python3 tests/fuzz/pack.py unpack tests/fuzz/corpus/*.txt "$fuzz/seeds"
    cp tests/cases/decode/{valid,invalid}/*.json "$fuzz/seeds/" 2>/dev/null
    local sample
    cp schemas/mappings/*.json "$fuzz/seeds/"
    for sample in schemas/mappings/samples/*.ndjson; do
        split -l 1 -a 3 "$sample" "$fuzz/seeds/$(basename "$sample")-"
    done
}

total() { # NAME LOG...: sum of a final statistic
    sed -n "s/^stat::$1: *//p" "${@:2}" | awk '{ sum += $1 } END { print sum + 0 }'
}

covered() { grep -ohE 'cov: [0-9]+ ft: [0-9]+' "$@" | tail -n 1; }

run() { # NAME PROGRAM SECONDS
    local name=$1 program=$2 seconds=$3 job pids=() status=0 logs=()
    mkdir -p "$fuzz/found-$name" "$fuzz/stopped"
    for job in $(seq "$JOBS"); do
        logs+=("$fuzz/$name-$job.log")
        rm -rf "$fuzz/before-$name-$job" && mkdir -p "$fuzz/before-$name-$job"
        FUZZ_BEFORE=$fuzz/before-$name-$job "$program" -seed=$((SEED + job - 1)) -max_len="$messages_max" \
            -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="$fuzz/stopped/" "$fuzz/found-$name" "$fuzz/seeds" >"${logs[-1]}" 2>&1 &
        pids+=($!)
    done
    for job in "${pids[@]}"; do wait "$job" || status=1; done
    if [ "$status" -eq 0 ]; then
        echo "ok - $name: agreement on $(total number_of_executed_units "${logs[@]}") messages" \
            "($seconds s, $JOBS job(s), seed $SEED, $(covered "${logs[@]}"))"
        return
    fi
    echo "not ok - $name: agreement (seed $SEED)"
    failures=1
    grep -hE 'disagree|is another event|is refused|broken promise|ERROR: |SUMMARY|Test unit written' "${logs[@]}" |
        sed 's/^/#   /'
    echo "#   replay: $program INPUT, or with what came before it: $program $fuzz/before-$name-*/*"
}

keep() {
    [ -d "$fuzz/found-sse2" ] || { echo "fuzz.sh: nothing was found yet: run tests/fuzz.sh first" >&2 && exit 2; }
    build "$fuzz"
    seeds
    rm -rf "$fuzz/merged" && mkdir -p "$fuzz/merged"
    # By lines reached, not by how often: some hundreds of messages instead of thousands.
    "$fuzz/fuzz_decode" -merge=1 -use_counters=0 -max_len="$messages_max" "$fuzz/merged" "$fuzz/seeds" \
        "$fuzz"/found-{sse2,plain} >"$fuzz/merge.log" 2>&1 || { tail -n 5 "$fuzz/merge.log" && exit 1; }
    {
        echo "# Messages that the fuzzer found, merged by what they reach (tests/fuzz.sh keep); format: tests/fuzz/pack.py."
        python3 tests/fuzz/pack.py pack "$fuzz/merged"
    } >tests/fuzz/corpus/found.txt
    wc -lc tests/fuzz/corpus/found.txt
}

mkdir -p "$fuzz"
if [ "${1:-}" = keep ]; then
    keep
    exit
fi
minutes=${1:-2}
case $minutes in '' | *[!0-9]* | 0) echo "usage: tests/fuzz.sh [MINUTES|keep]" >&2 && exit 2 ;; esac
build "$fuzz"
build "$fuzz/plain" -U__SSE2__
seeds
run sse2 "$fuzz/fuzz_decode" $((minutes * 44))
run plain "$fuzz/plain/fuzz_decode" $((minutes * 6))
run mapping "$fuzz/fuzz_mapping" $((minutes * 10))
exit "$failures"
