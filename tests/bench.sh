#!/bin/bash
# make bench: see tests/bench/bench.py. EVENTS (default 4000000); TURNS (default 2); SETTINGS="key=value ..." go to nhip run.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra settings <<<"${SETTINGS:-}"
exec python3 tests/bench/bench.py "${BUILD:-build}" "${EVENTS:-4000000}" "${TURNS:-2}" "${settings[@]}"
