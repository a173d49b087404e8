#!/bin/bash
# nhip archive: what is consumed, kept as files, against a reader that is not ours (tests/oracle/archive.py: zstd, json, hashlib).
# Any bytes, keys, headers and times; transactions with aborted ones; killed with SIGKILL again and again; retention, topics made
# again, damage: each is found and named, with its remedy. EVENTS (default and most: 4000).
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stops.sh"
begin archive
kafka_start
EVENTS=${EVENTS:-4000}
[ "$EVENTS" -le 4000 ] || EVENTS=4000 # its claims are about bytes; of more, only the disk learns something
prefix=$RUN_ID-
admin=("$BUILD/tools/kafka_admin" "$KAFKA")
oracle() { python3 tests/oracle/archive.py "$@"; }
# keep DIRECTORY TOPICS ARGUMENT...
keep() {
    local to=$1 topics=$2
    shift 2
    ${EXEC:-} "${TOOL:-$NHIP}" archive --to "$to" --set "topics=$topics" --set "kafka.bootstrap.servers=$KAFKA" \
        --set log.level=warn "$@"
}

# --- any bytes ---

raw=${prefix}raw
python3 tests/support/any_bytes.py 7 3000 "$raw" 2 >"$WORK/messages.tsv"
by_partition() { for partition in 0 1; do awk -F'\t' -v p=$partition '$2 == p' "$1"; done; }
head -n 1800 "$WORK/messages.tsv" >"$WORK/first.tsv"
tail -n +1801 "$WORK/messages.tsv" >"$WORK/second.tsv"
must "messages of any bytes are produced" "$BUILD/tools/produce_messages" "$KAFKA" 2 "$WORK/first.tsv"
must "they are archived" keep "$WORK/a" "$raw"
same_messages() { oracle "$WORK/a" "$raw" >"$WORK/read.tsv" && cmp "$WORK/read.tsv" <(by_partition "$1"); }
check "another reader finds every byte of values, keys, headers and times" same_messages "$WORK/first.tsv"
cp -r "$WORK/a" "$WORK/a1"
keep "$WORK/a" "$raw" >"$WORK/out"
check "a second call has nothing to do" grep ' 0 of 2 partitions' "$WORK/out"
check "... and changes nothing" diff -r "$WORK/a" "$WORK/a1"
must "more messages are produced" "$BUILD/tools/produce_messages" "$KAFKA" 2 "$WORK/second.tsv"
must "and archived" keep "$WORK/a" "$raw"
check "another reader finds them behind the others" same_messages "$WORK/messages.tsv"
unchanged() {
    local file
    for file in "$WORK/a1/$raw"-*/*.zst; do cmp "$file" "${file/"$WORK/a1"/"$WORK/a"}" || return 1; done
}
check "files that were closed are as they were" unchanged
check "sha256sum -c agrees" bash -c "cd '$WORK/a/$raw-0' && sha256sum --quiet -c MANIFEST.sha256"
check "nhip archive --check agrees" "$NHIP" archive --check "$WORK/a"
check "... and counts them" bash -c "'$NHIP' archive --check '$WORK/a' | grep ' 3000 records'"

# --- transactions ---

tx=${prefix}tx
must "a province of $EVENTS events is written" "$NHIP" generate --seed 5 --events "$EVENTS" --days 5 --partitions 1 \
    --output "$WORK/log/" --sources "$WORK/sources.json"
head -n 2000 "$WORK/log/orders-0.ndjson" >"$WORK/lines"
"${admin[@]}" create "$tx" 1 1
must "transactions, some of them aborted, are produced" "${admin[@]}" transact "$tx" 0 "$WORK/lines" 100
must "they are archived" keep "$WORK/a" "$tx"
committed() { oracle "$WORK/a" "$tx" | python3 -c '
import sys
for line in sys.stdin:
    sys.stdout.buffer.write(bytes.fromhex(line.split("\t")[4]) + b"\n")' | cmp - "$WORK/lines"; }
check "records of aborted transactions are not in it, all others are" committed
archive_end() { # ARCHIVE TOPIC PARTITION
    "$NHIP" archive --check "$1" | awk -v topic="$2" -v p="$3" '$1 == topic && $2 == p { sub(/\)/, "", $4); print $4 }'
}
log_end() { "${admin[@]}" bounds "$1" "$2" | awk '{ print $2 }'; }
check "markers and aborted records are ranges without records, up to the end of the log" \
    test "$(archive_end "$WORK/a" "$tx" 0)" = "$(log_end "$tx" 0)"
check "... and nothing is called lost" bash -c "'$NHIP' archive --check '$WORK/a' | grep ' 0 offsets lost'"
mkfifo "$WORK/open.in" "$WORK/open.out" # no coproc: bash forgets its name and process as soon as it ends
"${admin[@]}" hold "$tx" 0 "$WORK/lines" <"$WORK/open.in" >"$WORK/open.out" &
open=$!
exec 7>"$WORK/open.in" 8<"$WORK/open.out"
read -r word <&8
before=$(archive_end "$WORK/a" "$tx" 0)
check "an open transaction is not waited for" keep "$WORK/a" "$tx"
check "... and not archived" test "$(archive_end "$WORK/a" "$tx" 0)" = "$before"
echo abort >&7
exec 7>&- 8<&-
must "it is aborted" wait $open
check "when it was aborted, only the range without records is" keep "$WORK/a" "$tx"
check "... up to the end of the log" test "$(archive_end "$WORK/a" "$tx" 0)" = "$(log_end "$tx" 0)"
check "... and the records are the same" committed

# --- killed ---

province=${prefix}payments,${prefix}orders,${prefix}rides # registry has units of hundreds of days: a file each
must "a province goes to Kafka" "$NHIP" generate --seed 6 --events "$EVENTS" --days 12 --kafka "$KAFKA" --partitions 2 \
    --prefix "$prefix" --truth "$WORK/truth.json" --sources "$WORK/sources.json"
files() { find "$WORK/k" -name '*.zst' 2>/dev/null | wc -l; }
end_at() { # SIGNAL FILES: ends it as soon as there are so many files more
    local pid _ wanted=$(($(files) + $2))
    EXEC="exec" keep "$WORK/k" "$province" >"$WORK/ended.log" 2>&1 &
    pid=$!
    for _ in $(seq 3000); do
        [ "$(files)" -ge "$wanted" ] && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.03
    done
    kill "-$1" $pid 2>/dev/null && ended=$((ended + 1))
    wait $pid
}
ended=0
for count in 1 6 0 9 14; do end_at KILL "$count" 2>/dev/null; done
echo "# $ended of 5 were killed; files by then: $(files)"
end_at TERM 3
check "SIGTERM ends it with 0" test $? = 0
check "... with every file in its manifest" "$NHIP" archive --check "$WORK/k"
must "after kills at any moment it goes on" keep "$WORK/k" "$province"
check "nothing unfinished is left" bash -c "! find '$WORK/k' -name '.part' -o -name '.manifest' | grep ."
must "an archive that nobody disturbed" keep "$WORK/u" "$province"
check "after the kills no record is lost, doubled or changed" cmp <(oracle "$WORK/k" --offsets) <(oracle "$WORK/u" --offsets)
dumped() { # every record as kafka_admin sees it
    for topic in ${province//,/ }; do "${admin[@]}" dump "$topic"; done | LC_ALL=C sort | sha256sum
}
kept() {
    oracle "$1" | python3 -c '
import sys
for line in sys.stdin:
    key, value = line.split("\t")[3:5]
    value = b"null" if value == "-" else bytes.fromhex(value)
    key = b"" if key == "-" else bytes.fromhex(key)
    sys.stdout.buffer.write(b"{\"key\":\"%s\",\"value\":%s}\n" % (key, value))' | LC_ALL=C sort | sha256sum
}
check "what a consumer of its own reads is what is kept" test "$(dumped)" = "$(kept "$WORK/u")"

# --- disks ---

for call in 2 9 40; do
    for fault in ENOSPC EIO; do
        NHIP_TORTURE=$fault:$call NHIP_TORTURE_LOG=$WORK/torture.log TOOL=$BUILD/tools/nhip_tortured keep "$WORK/d" "$raw" \
            >"$WORK/out" 2>&1
        status=$?
        check "$fault at call $call: an end with a code, or success" bash -c "test $status = 0 || {
            test $status -le 4 && grep -q 'NHIP-[A-Z][0-9][0-9]: ' '$WORK/out' && ! grep -q NHIP-X01 '$WORK/out'; }"
    done
done
must "with room again it goes on" keep "$WORK/d" "$raw"
check "... to the same records" cmp <(oracle "$WORK/d" "$raw") "$WORK/read.tsv"

# --- what stops it, and the remedies ---

keep_again=("$NHIP" archive --to "$WORK/a" --set "topics=$raw" --set "kafka.bootstrap.servers=$KAFKA")
exec 9>"$WORK/a/.lock" && flock -n 9
ends A01 3 "${keep_again[@]}"
exec 9>&-
remedy A01 "when the other has ended" "${keep_again[@]}"

one=$(find "$WORK/a/$raw-1" -name '*.zst' | sort | tail -n 1)
cp "$one" "$WORK/copy.zst"
python3 - "$one" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
ends A02 3 "$NHIP" archive --check "$WORK/a"
check "... naming file and offsets" grep -qE "$(basename "$one").*SHA-256.*offsets \[[0-9]+, [0-9]+\) of $raw/1" "$WORK/out"
ends A02 3 "${keep_again[@]}"
check "... and refusing that partition only" grep -qE 'archive_refused topic=.* partition=1 code=NHIP-A02' "$WORK/out"
cp "$WORK/copy.zst" "$one"
middle=$(find "$WORK/a/$raw-1" -name '*.zst' | sort | sed -n 2p)
mv "$middle" "$WORK/middle.zst"
ends A02 3 "$NHIP" archive --check "$WORK/a"
check "a missing file is named with its offsets" grep -qE \
    "$(basename "$middle").*offsets \[[0-9]+, [0-9]+\) of $raw/1 are missing" "$WORK/out"
cp "$WORK/a/$raw-1/MANIFEST.sha256" "$WORK/manifest"
sed -i 2d "$WORK/a/$raw-1/MANIFEST.sha256"
ends A02 3 "$NHIP" archive --check "$WORK/a"
check "... also when its line is gone too" grep -qE "offsets \[[0-9]+, [0-9]+\) of $raw/1 are missing" "$WORK/out"
sed '1p' "$WORK/manifest" >"$WORK/a/$raw-1/MANIFEST.sha256"
ends A02 3 "$NHIP" archive --check "$WORK/a"
check "files that overlap are named with their offsets" grep -qE "offsets \[[0-9]+, [0-9]+\) of $raw/1 overlap" "$WORK/out"
cp "$WORK/manifest" "$WORK/a/$raw-1/MANIFEST.sha256"
cp "$WORK/middle.zst" "$middle"
remedy A02 "with the files from a copy it is whole" "$NHIP" archive --check "$WORK/a"
check "... and goes on" "${keep_again[@]}"

end=$(archive_end "$WORK/a" "$raw" 0)
must "more is produced" "$BUILD/tools/produce_messages" "$KAFKA" 2 "$WORK/second.tsv"
"${admin[@]}" cut "$raw" 0 $((end + 10))
ends A03 3 "${keep_again[@]}"
check "... naming topic, partition and both offsets" grep -qE \
    "$raw/0: the archive ends at offset $end, but the log begins at $((end + 10))" "$WORK/out"
check "... while the other partition is archived" test "$(archive_end "$WORK/a" "$raw" 1)" = "$(log_end "$raw" 1)"
remedy A03 "--accept-gap notes it and goes on" keep "$WORK/a" "$raw" --accept-gap
check "the archive says for ever what is lost" bash -c "'$NHIP' archive --check '$WORK/a' | grep -E ' 10 offsets lost'"
check "... and holds what came behind it" test "$(archive_end "$WORK/a" "$raw" 0)" = "$(log_end "$raw" 0)"
jumps() {
    oracle "$WORK/a" --offsets "$raw" | awk -F'\t' '$3 == 0 { if (NR > 1 && $1 != last + 1) print last + 1, $1; last = $1 }'
}
check "another reader finds this one jump" test "$(jumps)" = "$end $((end + 10))"

again=${prefix}again
"${admin[@]}" create "$again" 1 1 && "${admin[@]}" put "$again" 0 "$WORK/lines" 0 100
must "a topic is archived" keep "$WORK/a" "$again"
"${admin[@]}" delete "$again" && "${admin[@]}" create "$again" 1 1 && "${admin[@]}" put "$again" 0 "$WORK/lines" 100 500
ends A04 3 "$NHIP" archive --to "$WORK/a" --set "topics=$again" --set "kafka.bootstrap.servers=$KAFKA"
check "a topic that was made again is not sewn to the old one" grep -q 'the record at offset 99 is not the one' "$WORK/out"
"${admin[@]}" delete "$again" && "${admin[@]}" create "$again" 1 1 && "${admin[@]}" put "$again" 0 "$WORK/lines" 100 20
ends A04 3 "$NHIP" archive --to "$WORK/a" --set "topics=$again" --set "kafka.bootstrap.servers=$KAFKA"
remedy A04 "another directory" keep "$WORK/a-new" "$again"
# --- a vintage out of the archive ---

redis_start
mkdir "$WORK/tmp"
export TMPDIR=$WORK/tmp
foreign=shop.$RUN_ID,rides.$RUN_ID,bank.$RUN_ID # their mappings need keys, headers and times of records
shapes=tests/cases/mapped
common=(--set "topics=${prefix}registry,$province,${prefix}websites,$tx,$foreign" --set "sources.file=$WORK/sources.json" \
    --set "kafka.group.id=$prefix" --set "mappings=$shapes/shop.json,$shapes/rides.json,$shapes/bank.json")
python3 tests/support/foreign.py 5 600 "$RUN_ID" >"$WORK/foreign.tsv"
must "foreign messages are produced" "$BUILD/tools/produce_messages" "$KAFKA" 2 "$WORK/foreign.tsv"
must "the province, a transactional and three foreign topics are counted" on run "${common[@]}" --once
must "a vintage of it" on snapshot "${common[@]}" --period 2021-07 --dir "$WORK/v" --quiet
first=$(vintage "$WORK/v")
must "half of the partitions are archived up to it" keep "$WORK/p" "$province" --until "$first"
must "more events come" "$NHIP" generate --seed 8 --events 1000 --days 12 --kafka "$KAFKA" --partitions 2 --prefix "$prefix" \
    --truth "$WORK/truth2.json" --sources "$WORK/sources2.json"
must "... and are counted" on run "${common[@]}" --once
must "a second release" on snapshot "${common[@]}" --period 2021-07 --dir "$WORK/v" --quiet
second=$(vintage "$WORK/v")
must "everything is archived, up to the second" keep "$WORK/p" "" --until "$second"
for topic in registry payments orders rides websites tx; do "${admin[@]}" delete "$prefix$topic"; done
for topic in ${foreign//,/ }; do "${admin[@]}" delete "$topic"; done
rcli flushall >/dev/null
# The address is one where nobody is: whatever is proved from here on is proved without Kafka.
proves() { "$NHIP" verify "$@" --set kafka.bootstrap.servers=127.0.0.1:1 --set log.level=warn "${common[@]}"; }
must "Kafka has it no more" bash -c "! '$NHIP' verify '$second' --set kafka.bootstrap.servers=$KAFKA --set log.level=warn \
    $(printf "'%s' " "${common[@]}") >'$WORK/gone' 2>&1"
check "the second release comes out of the archive, byte for byte" proves "$second" --archive "$WORK/p"
check "... every file of it" bash -c "
    '$NHIP' verify '$second' --archive '$WORK/p' --set kafka.bootstrap.servers=127.0.0.1:1 $(printf "'%s' " "${common[@]}") |
        grep -E '^ok +$(wc -l <"$second/MANIFEST.sha256") files came out again'"
check "so does the first, although the archive holds more" proves "$first" --archive "$WORK/p"

# damaged FUNCTION: a copy of the archive in $WORK/q, changed by FUNCTION in the partition $part
damaged() { rm -rf "$WORK/q" && cp -r "$WORK/p" "$WORK/q" && "$1"; }
part=$WORK/q/${prefix}orders-1
refused() { # CODE PATTERN
    local got=0
    proves "$second" --archive "$WORK/q" >"$WORK/found" 2>&1 || got=$?
    cat "$WORK/found"
    [ $got = 3 ] && grep -q "NHIP-$1: " "$WORK/found" && grep -qE -- "$2" "$WORK/found"
}
named() { find "$part" -name '*.zst' | sort | sed -n 3p; }
flip() {
    python3 - "$(named)" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
}
remake() { (cd "$part" && for file in *.zst; do sha256sum "$file"; done >MANIFEST.sha256); }
edit() { zstd -dcq "$(named)" | "$@" >"$WORK/text" && zstd -qf "$WORK/text" -o "$(named)" && remake; }
lose_file() { rm "$(named)"; }
lose_line() { edit sed 10d; }
change_amount() { edit sed 's/\(amount_minor\\":\)\([0-9]*\)/\11\2/g'; }
offsets='offsets \[[0-9]+, [0-9]+\) of '${prefix}orders/1
damaged flip && check "one changed byte is found, file and offsets named" refused A02 "SHA-256.*$offsets"
damaged lose_file && check "a missing file is found, file and offsets named" refused A02 "zst: .*$offsets are missing"
damaged lose_line && check "a lost record is found in a forged archive, its offset named" \
    refused A02 "line [0-9]+, at offset [0-9]+: found"
damaged change_amount && check "changed amounts are found in an archive that is whole" \
    refused S04 "obs.csv line .*came out|offsets"
strip() { # the headers of a foreign topic
    local part=$WORK/q/rides.$RUN_ID-0 file
    for file in "$part"/*.zst; do
        zstd -dcq "$file" | sed 's/"headers":\[[^]]*\],//' >"$WORK/text"
        zstd -qf "$WORK/text" -o "$file"
    done
    remake
}
damaged strip && check "headers that are missing are found: a mapping needs them" \
    refused S04 "rides.*/0: records in offsets .* are other"
forget() { rm -r "$part"; }
damaged forget && check "a partition that is not in the archive is named" refused A05 "orders/1: the archive holds nothing"
cut_end() { sed -i '$d' "$part/MANIFEST.sha256" && rm "$(find "$part" -name '*.zst' | sort | tail -n 1)"; }
damaged cut_end
ends A05 3 "$NHIP" verify "$second" --archive "$WORK/q" --set kafka.bootstrap.servers=127.0.0.1:1 "${common[@]}"
check "... an archive that ends too early is named with its end" grep -qE \
    "orders/1: the archive ends at offset [0-9]+" "$WORK/out"
check "NHIP-A05, remedy: with the partition's files from a copy it is proved" proves "$second" --archive "$WORK/p"
check "nothing is left behind" bash -c "! ls -d '$TMPDIR'/nhip-replay-* 2>/dev/null"
check "--archive and --logs exclude each other" bash -c "
    '$NHIP' verify '$second' --archive a --logs b >/dev/null 2>&1; test \$? = 2"
check "no directory is no crash" bash -c "'$NHIP' archive --set kafka.bootstrap.servers=$KAFKA >'$WORK/out' 2>&1; test \$? = 2"
check "what is no archive is no crash" bash -c "'$NHIP' archive --check '$WORK/log' >'$WORK/out' 2>&1; test \$? = 4"
finish
