#!/bin/bash
# Messages of somebody who means harm, on a real Kafka: poison between good records in every codec, compression bombs,
# answers full of small bombs, a million records without a byte. Good records are all counted, each poison has its dead letter
# with reason and offset, what cannot be read is refused by name, and the peak memory of a run stays within BOUND_MIB (512).
. "$(dirname "$0")/../support/lib.sh"
begin hostile
redis_start
kafka_start
prefix=$RUN_ID-
codecs=(none gzip snappy lz4 zstd)

# Sanitizers keep what was freed and shadow what is there: memory says nothing then.
if [ "$(nm -D "$NHIP" | grep -cE ' __(asan|tsan)_init')" -gt 0 ]; then BOUND_MIB=1000000; fi
BOUND_MIB=${BOUND_MIB:-512}
cat >"$WORK/measure.py" <<'PY'
import resource, subprocess, sys
try:
    status = subprocess.run(sys.argv[2:], timeout=240).returncode
except subprocess.TimeoutExpired:
    status = 124
with open(sys.argv[1], "w") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=file)
sys.exit(status)
PY

hostile() { # COMMAND TOPIC ARGUMENT...
    local command=$1 topic=$prefix$2
    shift 2
    python3 tests/tools/hostile_produce.py "$KAFKA" "$command" "$topic" "$@"
}

# nhip run on one topic to its end, with a state of its own.
run() { # TOPIC SETTING...
    local topic=$1
    shift
    EXEC="python3 $WORK/measure.py $WORK/peak" on run --once --set "topics=$prefix$topic" --set "namespace=$topic" \
        --set "kafka.group.id=$prefix$topic" --set "deadletter.file=$WORK/$topic.dead" "$@"
}

within() { # TOPIC SETTING...: the run succeeds within the bound
    run "$@" && echo "peak $(cat "$WORK/peak") MiB, at most $BOUND_MIB" && [ "$(cat "$WORK/peak")" -le "$BOUND_MIB" ]
}

refused() { # TOPIC OFFSET SETTING...: the run ends with place and remedy, within the bound
    local topic=$1 offset=$2 status=0
    shift 2
    run "$topic" "$@" >"$WORK/out" 2>&1 || status=$?
    cat "$WORK/out"
    echo "exit $status, peak $(cat "$WORK/peak") MiB, at most $BOUND_MIB"
    [ "$status" -eq 1 ] && [ "$(cat "$WORK/peak")" -le "$BOUND_MIB" ] &&
        grep -q "NHIP-K11: $prefix$topic/0: the batch at offset $offset is a .* bomb.*kafka.receive.message.max.bytes.*run once" \
            "$WORK/out"
}

counts() { # TOPIC KEY=NUMBER...: the totals are these, and what was delivered is what became of it
    local topic=$1
    shift
    on inspect --set "topics=$prefix$topic" --set "namespace=$topic" --json >"$WORK/counts.json" || return 1
    python3 - "$WORK/counts.json" "$@" <<'PY'
import json, sys
total = json.load(open(sys.argv[1]))["total"]
print(total)
kinds = ("applied", "duplicate", "quarantined", "rejected", "ignored")
assert total["delivered"] == sum(total[kind] for kind in kinds)
for pair in sys.argv[2:]:
    key, number = pair.split("=")
    assert total.get(key, 0) == int(number), f"{key} is {total.get(key, 0)}, expected {number}"
PY
}

letters() { # TOPIC EXPECTED...: one dead letter for each expected record, with its reason
    python3 - "$WORK/$1.dead" "${@:2}" <<'PY'
import json, sys
expected = {}
for partition, path in enumerate(sys.argv[2:]):
    for line in open(path):
        offset, reason, name = line.rstrip("\n").split(" ", 2)
        expected[partition, int(offset)] = reason, name
got = [json.loads(line) for line in open(sys.argv[1])]
assert len(got) == len(expected), f"{len(got)} letters for {len(expected)} records"
for letter in got:
    reason, name = expected.pop((letter["partition"], letter["offset"]))
    assert letter["reason"] == reason, f"{name}: {letter['reason']}, expected {reason}"
assert not expected
PY
}

# 24 kinds of poison, each between two good records and before a tombstone, in one batch.
must "a topic of poison is produced in five codecs" hostile create poison 5
for i in "${!codecs[@]}"; do hostile poison poison "$i" "${codecs[i]}" >"$WORK/poison.$i" 2>"$WORK/produce.log"; done
check "poison in five codecs is read to the end" within poison
check "every good record beside it is counted, every poison refused" counts poison delivered=480 applied=240 rejected=120 \
    ignored=120 quarantined=0 duplicate=0 reason.too_large=30 reason.bad_utf8=20
check "every poison has a dead letter with its offset and reason" letters poison "$WORK"/poison.?
must "a topic for dead letters is there" hostile create dead 1
poison_again() {
    on run --once --set "topics=${prefix}poison" --set namespace=again --set "kafka.group.id=${prefix}again" \
        --set "deadletter.topic=${prefix}dead"
}
check "letters of records of a megabyte go to a Kafka topic as well" poison_again

bomb() { # NAME CODEC MIB [TIMES]
    hostile create "$1" 1 && hostile good "$1" 0 10 && hostile bomb "$1" 0 "$2" "$3" "${4:-1}" && hostile good "$1" 0 10 100
}
# A megabyte or less each, as the broker takes it. More than lz4 has to give is not in a megabyte.
for bomb in gzip:1000 zstd:1000 lz4:245; do
    codec=${bomb%:*}
    must "a bomb of ${bomb#*:} MiB is produced, $codec" bomb "$codec" "$codec" "${bomb#*:}"
    check "$codec: it is refused with place and remedy, at a peak of $BOUND_MIB MiB at most" refused "$codec" 10
    check "$codec: what came before it is counted" counts "$codec" delivered=10 applied=10
done
must "a bomb of 20 MiB is produced, snappy" bomb snappy snappy 20
check "snappy has no bombs: the record is judged" within snappy
check "... and counted" counts snappy delivered=21 applied=20 rejected=1 reason.too_large=1

must "a bomb of 40 MiB is produced, gzip" bomb remedy gzip 40
check "it is refused" refused remedy 10
check "... and again" refused remedy 10
check "NHIP-K11, remedy: with more memory allowed it is passed" within remedy --set kafka.receive.message.max.bytes=100000000
check "... and the record in it is counted like any other" counts remedy delivered=21 applied=20 rejected=1 reason.too_large=1
check "... its letter says how long it was" grep -q '"value_bytes":41943040' "$WORK/remedy.dead"

small_bombs() { # 3 partitions, 1.7 GiB in some 800 kB
    local p
    hostile create small 3 || return 1
    for p in 0 1 2; do
        hostile good small $p 10 $((p * 1000)) && hostile bomb small $p zstd 9 40 && hostile bomb small $p lz4 30 4 &&
            hostile bomb small $p gzip 30 4 && hostile good small $p 10 $((p * 1000 + 500)) || return 1
    done
}
must "many bombs that are each within the limit are produced" small_bombs
check "they are read, one answer after the other" within small
check "... and all counted" counts small delivered=204 applied=60 rejected=144 reason.too_large=144

tiny() { hostile create tiny 1 max.message.bytes=2000000 && hostile tiny tiny 1 gzip 1000000 && hostile good tiny 0 10; }
must "a million records of no bytes are produced in one batch" tiny
check "they are read" within tiny
check "... and all counted" counts tiny delivered=1000010 applied=10 rejected=1000000 reason.empty_value=1000000
many() { hostile create many 1 && hostile good many 0 10 && hostile tiny many 1 lz4 70000; }
must "a batch with more records than memory allows is produced" many
check "it is refused before it is unpacked" refused many 10 --set kafka.fetch.max.bytes=1000000 \
    --set kafka.receive.message.max.bytes=2000000
flood() { hostile create flood 16 && hostile tiny flood 16 none 115000 2 && hostile tiny flood 4 gzip 700000; }
must "16 partitions are filled with records of no bytes: a megabyte is 115,000 as they are, 700,000 packed" flood
check "they are read" within flood --set deadletter.file= --set window.records=4096 # 16 windows are 180 MiB of their own
check "... and all counted" counts flood delivered=6480000 rejected=6480000 reason.empty_value=6480000

wide() { hostile create wide 1 max.message.bytes=5000000 && hostile good wide 0 10 && hostile bomb wide 0 none 3; }
must "a batch that is larger than answers may be is produced" wide
says_answer() {
    run wide --set kafka.fetch.max.bytes=1000000 --set kafka.receive.message.max.bytes=2000000 >"$WORK/out" 2>&1
    local status=$?
    cat "$WORK/out"
    [ $status -eq 1 ] && grep -q "NHIP-K10: .*larger than kafka.receive.message.max.bytes.*nhip inspect" "$WORK/out"
}
check "it ends the run with the remedy, instead of being asked for for ever" says_answer
check "NHIP-K10, remedy: with the default it is passed" within wide
check "... and counted" counts wide delivered=11 applied=10 rejected=1 reason.too_large=1
finish
