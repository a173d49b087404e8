#!/bin/bash
# The simulator (tests/sim/): SEEDS seeds (default 2,000) from FROM (default 1) on all processors, then ORACLE_SEEDS of its
# undisturbed states against the Python oracle. A violation names its seed; BUILD/sim --seed N --trace shows it again. MINUTES
# bounds the seeds: what is not begun by then is left out and said.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
seeds=${SEEDS:-2000}
from=${FROM:-1}
processes=$(nproc)
deadline=$((SECONDS + ${MINUTES:-60} * 60))
logs=$BUILD/sim-logs
violations_max=5 # of one process
chunk=500
mkdir -p "$logs"
rm -f "$logs"/*.log

# Chunks of seeds, every PROCESSES-th one; after a violation the chunk goes on behind it.
share() { # NUMBER
    local first last at end violations=0 log=$logs/$1.log
    for ((first = from + $1 * chunk; first < from + seeds; first += processes * chunk)); do
        last=$((first + chunk < from + seeds ? first + chunk : from + seeds))
        at=$first
        while [ "$at" -lt "$last" ]; do
            [ "$SECONDS" -lt "$deadline" ] || return
            "$BUILD/sim" --from "$at" --count $((last - at)) >"$log.one" 2>&1
            case $? in
            0) end=$last ;;
            *)
                end=$(sed -n 's/^violation: seed \([0-9]*\):.*/\1/p' "$log.one" | tail -n 1)
                end=$((${end:-$at} + 1))
                violations=$((violations + 1))
                ;;
            esac
            cat "$log.one" >>"$log"
            echo "done $((end - at))" >>"$log"
            at=$end
            [ "$violations" -lt "$violations_max" ] || return
        done
    done
}

for ((i = 0; i < processes; i++)); do share "$i" & done
wait
rm -f "$logs"/*.one
ran=$(cat "$logs"/*.log | awk '$1 == "done" { sum += $2 } END { print sum + 0 }')
violations=$(grep -h '^violation: ' "$logs"/*.log | sort -u)
cat "$logs"/*.log | grep -v '^done ' | awk '
    / seeds, 0 violations/ { records += $9; commits += $11; states += $13; workers += $19; refused += $22; hours += $(NF - 2) }
    END { printf "# %d records, %d commits, %d states compared on the way, %d workers begun, ", records, commits, states, workers
          printf "%d runs ended in a refusal that was due, %.1f hours simulated\n", refused, hours }'
if [ -z "$violations" ]; then
    echo "ok - $ran of $seeds seeds from $from: no violation"
else
    echo "not ok - $ran of $seeds seeds from $from: $(wc -l <<<"$violations") violations"
    cut -c1-300 <<<"$violations" | sed 's/^/#   /'
fi
[ "$ran" -eq "$seeds" ] || echo "# $((seeds - ran)) seeds were left out"
status=0
[ -z "$violations" ] || status=1
if python3 tests/sim/oracle.py "$BUILD/sim" "$from" "${ORACLE_SEEDS:-60}" >"$logs/oracle" 2>&1; then
    echo "ok - $(tail -n 1 "$logs/oracle")"
else
    echo "not ok - undisturbed states against the oracle"
    tail -n 5 "$logs/oracle" | cut -c1-300 | sed 's/^/#   /'
    status=1
fi
exit "$status"
