#!/bin/bash
# A share of tests/torture.sh that takes well under a minute; all of it: make soak, or STRIDE=1 tests/torture.sh.
cd "$(dirname "$0")/../.." || exit 1
export STRIDE=${STRIDE:-150} SIGNALS=${SIGNALS:-20} SECONDS_MAX=${SECONDS_MAX:-36}
exec tests/torture.sh clock signals memory disk
