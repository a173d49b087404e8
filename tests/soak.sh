#!/bin/bash
# make soak: everything that finds more the longer it runs, within MINUTES (default 60): the simulator (up to 200,000 seeds), runs
# with faults of processes (up to 3,000), the main claim (up to 2 M events, two oracles, 20 kills with commits in flight,
# rebalances), a Redis Cluster under load, scale-out under random faults, torture, and the decoder's fuzzer. Each has a share of
# what is left; what cannot be done in its share is left out, and said.
#
# Ends with a line `N passed, N failed` and one of JSON: `runs` and `differences` of tests/faults.sh, `seeds` and `violations` of
# tests/sim.sh, `claims` and `failed` of all, `left_out`, `seconds`. Exit code 1 when anything failed, differed or was violated.
# ONLY="sim faults" runs parts.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build}
deadline=$((SECONDS + ${MINUTES:-60} * 60))
passed=0
failed=0
left_out=()
rm -f "$BUILD/faults-result.json" "$BUILD/soak-sim.log"

# part NAME SHARE MIN SETTING... -- COMMAND...: SHARE percent of what is left, which the command finds in seconds in $BOUND_S and
# in minutes, rounded up, in $MINUTES; left out when that is less than MIN seconds. It is ended after twice that and a minute, or
# when the whole time is over.
part() {
    local name=$1 share=$2 least=$3 log=$BUILD/soak-$1.log left=$((deadline - SECONDS)) bound settings=() status bad
    shift 3
    while [ "$1" != -- ]; do settings+=("$1") && shift; done
    shift
    case " ${ONLY:-$name} " in *" $name "*) ;; *) return ;; esac
    bound=$((left * share / 100))
    if [ "$bound" -lt "$least" ]; then
        echo "# $name is left out: it needs $least s, and has $bound"
        left_out+=("$name")
        return
    fi
    [ $((bound * 2 + 60)) -ge "$left" ] || left=$((bound * 2 + 60))
    env MINUTES=$(((bound + 59) / 60)) BOUND_S="$bound" "${settings[@]}" timeout -k 10 "$left" "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    passed=$((passed + $(grep -c '^ok' "$log" || true)))
    bad=$(grep -c '^not ok' "$log" || true)
    if [ "$status" -eq 124 ] && [ "$bad" -eq 0 ]; then
        echo "# $name: the time was over"
        left_out+=("the end of $name")
        return
    fi
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    failed=$((failed + bad))
}

events() { # of tests/system/truth.sh in the share that it has: 2,000 a second
    local fit=$(((deadline - SECONDS) * 20 / 100 * 2000))
    echo $((fit < 2000000 ? fit : 2000000))
}

# 200,000 seeds take about 20 minutes on two cores; faults are two runs a second, more or less, after a preparation of a minute.
part sim 40 30 SEEDS="${SIM_SEEDS:-200000}" ORACLE_SEEDS=$((${MINUTES:-60} < 50 ? ${MINUTES:-60} * 10 : 500)) -- tests/sim.sh
part faults 50 90 RUNS="${FAULT_RUNS:-3000}" -- tests/faults.sh
part truth 20 60 EVENTS="${EVENTS:-$(events)}" KILLS="${KILLS:-20}" -- tests/system/truth.sh
part rolling 20 60 -- tests/system/rolling.sh
part cluster 30 420 SECONDS_LONG=300 ROUNDS=5 -- tests/system/cluster.sh
part deb 30 420 -- tests/deb.sh
part upgrade 20 120 -- tests/system/scale.sh
part scale 50 600 -- tests/scale.sh soak
# every call of every command takes about fifteen minutes
part torture 60 60 STRIDE="${STRIDE:-1}" SIGNALS="${SIGNALS:-200}" -- bash -c 'SECONDS_MAX=$BOUND_S tests/torture.sh'
part fuzz 100 240 -- bash -c 'tests/fuzz.sh $(((BOUND_S - 120) / 60))' # two minutes are for its two builds
echo "$passed passed, $failed failed"
python3 - "$BUILD/faults-result.json" "$BUILD/soak-sim.log" "$passed" "$failed" "$SECONDS" "${left_out[@]}" <<'PY'
import json, os, re, sys
counts = {"runs": 0, "differences": 0, "seeds": 0, "violations": 0}
if os.path.exists(sys.argv[1]):
    counts.update(json.load(open(sys.argv[1])))
for line in open(sys.argv[2]) if os.path.exists(sys.argv[2]) else ():
    found = re.match(r"(?:not )?ok - (\d+) of \d+ seeds from \d+: (no|\d+) violation", line)
    if found:
        counts.update(seeds=int(found[1]), violations=0 if found[2] == "no" else int(found[2]))
counts.update(claims=int(sys.argv[3]), failed=int(sys.argv[4]), left_out=sys.argv[6:], seconds=int(sys.argv[5]))
print(json.dumps(counts))
sys.exit(1 if counts["failed"] or counts["differences"] or counts["violations"] else 0)
PY
