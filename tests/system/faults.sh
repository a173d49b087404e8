#!/bin/bash
# A share of tests/faults.sh: every fault point is passed by some run, and until FAULT_SECONDS (default 30) are over runs have a
# fault at one of them.
. "$(dirname "$0")/../support/lib.sh"
begin faults
kafka_start
QUICK=1 KAFKA=$KAFKA SECONDS_LONG=${FAULT_SECONDS:-30} SEED=${SEED:-$RANDOM} tests/faults.sh
