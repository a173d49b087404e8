#!/bin/bash
# Scale-out with everything that can die: 3 Kafka brokers (3 replicas, 2 in sync), a Redis Cluster of 3 shards with replicas,
# 3 instances of `nhip run` in one group, and a generator at RATE events/s. Session timeout 6 s, cluster node timeout 2 s.
#
#   tests/scale.sh                    kill -9 of each process in turn, then a rolling restart of everything; minutes
#   MINUTES=30 tests/scale.sh soak    a random fault every 30 s; memory and descriptors must stay flat
#
# Claims: the state is that of one undisturbed run on a single Redis, the lag returns to 0, and no partition stood still for 15 s:
# offsets in Redis are looked at every 100 ms. RATE (default 20000), PARTITIONS of each topic (4), SEED, KEEP=1 keeps the files;
# WINDOW (window.records, default 131072: what a takeover reads again, and with it the stall of a killed instance).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
options=(--rate "${RATE:-20000}" --partitions "${PARTITIONS:-4}" --seed "${SEED:-7}" ${KEEP:+--keep})
if [ "${1:-}" = soak ]; then
    # Small windows and caches are full soon: from then on memory must stay what it is.
    options+=(--soak --minutes "${MINUTES:-30}" --window "${WINDOW:-50000}" --cells 200000)
else
    options+=(--window "${WINDOW:-131072}")
fi
exec python3 tests/scale/scale.py "$PWD/${BUILD:-build}/nhip" "${options[@]}"
