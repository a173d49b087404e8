#!/bin/bash
# make soak: the main claim at full size - 2 M events, two oracles, 20 kills with commits in flight,
# rebalances - then the decoder's fuzzer for what is
# left of MINUTES (default 60). Ends with one line `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build} EVENTS=${EVENTS:-2000000} KILLS=${KILLS:-20}
deadline=$((SECONDS + ${MINUTES:-60} * 60))
passed=0
failed=0
for script in tests/system/truth.sh tests/system/rolling.sh; do
    log=$BUILD/soak-$(basename "$script" .sh).log
    timeout -k 10 $((deadline - SECONDS)) "$script" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    passed=$((passed + $(grep -c '^ok' "$log" || true)))
    bad=$(grep -c '^not ok' "$log" || true)
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
