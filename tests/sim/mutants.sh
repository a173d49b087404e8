#!/bin/bash
# The table of planted bugs (mutants.py): builds what they need, then hunts each of them. tests/sim/mutants.sh [NAME ...]
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
make --no-print-directory -s BUILD="$BUILD" "$BUILD/libnhip.a" "$BUILD/sim"
exec python3 tests/sim/mutants.py "$BUILD" "$@"
