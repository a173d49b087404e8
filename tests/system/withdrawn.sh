#!/bin/bash
# A bad delivery is withdrawn: a list of offsets, source and reason. The running namespace refuses it, a second one counts with
# it through kills and rebuilt windows, is promoted and published; what moved has the cause EXCLUSION, and both releases are
# proved with the settings of today. The oracle withdraws too, on Kafka, on files, and of messages that are many events. EVENTS
# (default and at most 12000).
. "$(dirname "$0")/../support/lib.sh"
begin withdrawn
redis_start
kafka_start
EVENTS=${EVENTS:-12000}
[ "$EVENTS" -gt 12000 ] && EVENTS=12000
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
common=(--set "topics=$topics" --set "sources.file=$WORK/sources.json" --set window.records=2000)
list=$WORK/exclusions.csv
with=("${common[@]}" --set "exclusions.file=$list")
must "a province of $EVENTS events is produced" "$NHIP" generate --seed 31 --events "$EVENTS" --kafka "$KAFKA" --partitions 2 \
    --prefix "$prefix" --truth "$WORK/truth.json" --sources "$WORK/sources.json"
must "it is counted and copied" on run "${common[@]}" --once --set "tee.directory=$WORK/log"
publish() { on snapshot "$@" --period 2021-09 --quiet --set disclosure.merchants=1 --set disclosure.platforms=1 >"$WORK/path"; }
must "September is published" publish "${common[@]}" --dir "$WORK/v"
first=$(vintage "$WORK/v")
must "and its raw figures are written" on snapshot "${common[@]}" --period 2021-09 --raw --dir "$WORK/v" --quiet
check "without a list snapshot.json says nothing of it" sh -c "! grep -q exclusions '$first/snapshot.json'"

# The bad delivery: a stretch of one source in a partition of payments, and one of everybody in a partition of orders.
python3 - "$WORK/log/$prefix" "$list" "$WORK/again.tsv" "$WORK/bytes.csv" <<'PY'
import collections, csv, json, sys
prefix, path, again, in_bytes = sys.argv[1:]
head = ["topic", "partition", "from_offset", "to_offset", "source", "reason", "by", "date"]
def lines(topic, partition):
    with open("%s%s-%d.ndjson" % (prefix, topic, partition), "rb") as file:
        return file.read().split(b"\n")[:-1]
def event(line):
    try:
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
    except ValueError:
        return {}
payments, orders = lines("payments", 1), lines("orders", 0)
start, end = len(payments) // 3, len(payments) // 2
source = collections.Counter(event(line).get("source") for line in payments[start:end]).most_common(1)[0][0]
assert sum(event(line).get("source") not in (source, None) for line in payments[start:end]) > 50
rows = [["payments", 1, start, end, source, 'sent twice, "under new ids"', "duty desk", "2021-10-05"],
        ["orders", 0, len(orders) - 200, len(orders), "", "lô thử nghiệm", "duty desk", "2021-10-06"]]
topic = prefix.rsplit("/", 1)[1]
for name, place in ((path, lambda all, n: n), (in_bytes, lambda all, n: sum(len(line) + 1 for line in all[:n]))):
    with open(name, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        for row in rows:
            all = payments if row[0] == "payments" else orders
            writer.writerow([topic + row[0], row[1], place(all, row[2]), place(all, row[3])] + row[4:])
with open(again, "w", encoding="ascii") as file:
    for line in payments[start:end]:
        found = event(line)
        if found.get("source") == source and isinstance(found.get("ingest_time"), int):
            file.write("%s\t1\t%d\t-\t%s\t\n" % (topic + "payments", found["ingest_time"], line.hex()))
PY
ends_with() { # STATUS PATTERN COMMAND...
    local wanted=$1 pattern=$2 status=0
    shift 2
    "$@" >"$WORK/said" 2>&1 || status=$?
    cat "$WORK/said"
    [ $status = "$wanted" ] && grep -qE -- "$pattern" "$WORK/said"
}
check "NHIP-R11: the running namespace refuses the list, and says what to type" ends_with 3 \
    "NHIP-R11: .*nhip run --namespace N2.*nhip promote N2" on run "${with[@]}" --once
check "NHIP-R11: so does a snapshot of it" ends_with 3 "NHIP-R11: .*exclusions.file lists 2 ranges" publish "${with[@]}" \
    --dir "$WORK/none"
sed "s/${prefix}orders/${prefix}order/" "$list" >"$WORK/misspelt.csv"
check "NHIP-U15: a misspelt topic is refused with file, line and column" ends_with 2 \
    "NHIP-U15: .*misspelt.csv:3: topic: found \"${prefix}order\"" on run "${common[@]}" --namespace n2 --once \
    --set "exclusions.file=$WORK/misspelt.csv"
sed 's/,lô thử nghiệm,/,,/' "$list" >"$WORK/why.csv"
check "NHIP-U15: so is a row without a reason" ends_with 2 "NHIP-U15: .*why.csv:3: reason: found \"\"" on run "${common[@]}" \
    --namespace n2 --once --set "exclusions.file=$WORK/why.csv"

# Counted beside it, killed on the way; and once undisturbed.
rate=$((EVENTS / 6))
killed=0
for ((i = 1; i <= 3; i++)); do
    rm -f "$WORK/status"
    EXEC="exec" on run "${with[@]}" --namespace n2 --set commit.interval=50ms --set "rate.limit=$rate" \
        --set "status.file=$WORK/status" --set kafka.group.instance.id=one --set kafka.session.timeout.ms=45000 \
        2>>"$WORK/kills.log" &
    "$BUILD/tools/kill_in_flight" $! "$WORK/status" $((rate * 2)) 30000 >"$WORK/killed"
    wait $! 2>/dev/null
    grep -q 'killed=yes' "$WORK/killed" && killed=$((killed + 1))
    echo "# kill $i: $(cat "$WORK/killed")"
done
check "three kills hit the count" test $killed = 3
must "NHIP-U15, remedy: with the list put right it is counted to the end" on run "${with[@]}" --namespace n2 --once \
    --set kafka.group.instance.id=one --set "deadletter.file=$WORK/rest.ndjson"
must "and in one go" on run "${with[@]}" --namespace n3 --once --set commit.interval=30s --set "deadletter.file=$WORK/dead.ndjson"
state() { on inspect "${common[@]}" --namespace "$1" --state >"$2"; }
must "both states are dumped" eval 'state n2 "$WORK/n2" && state n3 "$WORK/n3"'
check "kills and rebuilt windows leave the same state" cmp <(sed 's/^n2:/n:/' "$WORK/n2") <(sed 's/^n3:/n:/' "$WORK/n3")
oracle() { # OUT OPTION...
    local out=$1
    shift
    python3 tests/oracle/oracle.py --sources "$WORK/sources.json" --config window.records=2000 --state "$out.state" \
        --counts "$out.counts" "$@"
}
must "the oracle withdraws the same" oracle "$WORK/oracle" --log "$WORK/log" --kafka-offsets --exclusions "$list" \
    --obs "$WORK/oracle.obs" --period 2021-09
check "state equals the oracle's, cell by cell" python3 tests/oracle/compare_state.py "$WORK/n2" "$WORK/oracle.state"
must "raw figures are written" on snapshot "${with[@]}" --namespace n2 --period 2021-09 --raw --dir "$WORK/raw" --quiet
check "obs.csv equals the oracle's, all rows and columns" python3 tests/oracle/compare_obs.py \
    "$(raw_vintage "$WORK/raw")/obs.csv" "$WORK/oracle.obs"
counter() { on inspect --namespace "$1" --counter "$2"; }
withdrawn=$(counter n2 reason.withdrawn)
check "$withdrawn records are withdrawn, none where there is no list" test "$withdrawn" -gt 200 -a \
    "$(counter nhip reason.withdrawn)" = 0
check "each has its dead letter, none stands outside of the ranges" python3 - "$WORK/dead.ndjson" "$list" "$withdrawn" <<'PY'
import csv, json, sys
letters = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
ranges = list(csv.DictReader(open(sys.argv[2], encoding="utf-8", newline="")))
found = [letter for letter in letters if letter["reason"] == "withdrawn"]
assert len(found) == int(sys.argv[3]), len(found)
for letter in found:
    source = json.loads(letter["value"])["source"]
    assert any(row["topic"] == letter["topic"] and int(row["partition"]) == letter["partition"] and row["source"] in ("", source)
               and int(row["from_offset"]) <= letter["offset"] < int(row["to_offset"]) for row in ranges), letter
PY

# Promoted and published.
check "NHIP-R11, remedy: what was counted beside it is promoted" on promote --max-lag 0 n2
must "September is published again" publish "${with[@]}" --dir "$WORK/v"
second=$(vintage "$WORK/v")
check "as its second release" grep -q '"release": 2' "$second/snapshot.json"
check "revisions.csv has exactly the figures that moved" tests/oracle/revisions.py "$first" "$second"
check "the cause is EXCLUSION, but where disclosure control decided otherwise" python3 - "$second/revisions.csv" <<'PY'
import collections, csv, sys
causes = collections.Counter(row["CAUSE"] for row in csv.DictReader(open(sys.argv[1], encoding="utf-8", newline="")))
assert set(causes) <= {"EXCLUSION", "SUPPRESSION"} and causes["EXCLUSION"] > 20, causes
PY
must "raw figures are written again" on snapshot "${with[@]}" --period 2021-09 --raw --dir "$WORK/v" --quiet
check "of raw figures all have the cause EXCLUSION" tests/oracle/revisions.py "$WORK"/v/*_RAW_*_r1_* "$(raw_vintage "$WORK/v")" \
    --cause EXCLUSION
check "snapshot.json and paradata.csv say what was withdrawn, of what, and why" python3 - "$second" "$list" "$withdrawn" <<'PY'
import csv, json, sys
vintage, path, withdrawn = sys.argv[1:]
found = json.load(open(vintage + "/snapshot.json", encoding="utf-8"))
rows = sorted(csv.DictReader(open(path, encoding="utf-8", newline="")), key=lambda row: row["topic"])
assert len(found["exclusions"]) == len(rows) == 2, found["exclusions"]
for said, row in zip(found["exclusions"], rows):
    assert {name: str(said[name]) for name in row if name != "by"} == {name: text for name, text in row.items() if name != "by"}
    assert "by" not in said
assert sum(said["withdrawn"] for said in found["exclusions"]) == int(withdrawn) == found["counts"]["reasons"]["withdrawn"]
assert len(found["state_config"]["exclusions"]) == 64
paradata = list(csv.DictReader(open(vintage + "/paradata.csv", encoding="utf-8", newline="")))
assert any(row["scope"] == "ALL" and "withdrawn" in row.values() and withdrawn in row.values() for row in paradata)
note = open(vintage + "/METHODOLOGY.md", encoding="utf-8").read()
assert "lô thử nghiệm" in note and "duty desk" not in note
assert "withdrawn" in open(vintage + "/README.md", encoding="utf-8").read()
codes = list(csv.DictReader(open(vintage + "/codes.csv", encoding="utf-8", newline="")))
assert any("CL_CAUSE" in row.values() and "EXCLUSION" in row.values() for row in codes)
page = open(vintage + "/report.html", encoding="utf-8").read()
assert "Delivery withdrawn" in page and "Rút lại lô dữ liệu" in page
PY
proves() { "$NHIP" verify "$@" --set "kafka.bootstrap.servers=$KAFKA" --set log.level=error "${with[@]}" \
    --set disclosure.merchants=1 --set disclosure.platforms=1; }
check "the second release comes out of Kafka again, byte for byte" proves "$second"
check "so does the first, with the settings of today" proves "$first"
must "the log is archived" on archive --to "$WORK/archive" --set "topics=$topics"
check "and out of an archive, which keeps offsets" proves "$second" --archive "$WORK/archive"
check "and from the copies, whose offsets are bytes" proves "$second" --logs "$WORK/log"
cp -r "$second" "$WORK/changed" && chmod -R u+w "$WORK/changed"
sed -i 's/"to_offset": \([0-9]*\)/"to_offset": 1\1/' "$WORK/changed/snapshot.json"
(cd "$WORK/changed" && awk '{ print $2 }' MANIFEST.sha256 | xargs sha256sum >../M && mv ../M MANIFEST.sha256)
check "another list with a forged manifest is found: exit 3" ends_with 3 "settings are not those of the vintage" \
    proves "$WORK/changed" --logs "$WORK/log"
sed 's/"end_offset": \([0-9]*\)/"end_offset": 1\1/' "$second/snapshot.json" >"$WORK/changed/snapshot.json"
(cd "$WORK/changed" && awk '{ print $2 }' MANIFEST.sha256 | xargs sha256sum >../M && mv ../M MANIFEST.sha256)
check "where offsets are missing from a log its copies prove nothing, and it says so: exit 2" ends_with 2 \
    "which lines of the copy they are cannot be told .*--archive" proves "$WORK/changed" --logs "$WORK/log"
sed 's/duty desk/another desk/; s/sent twice/sent three times/' "$list" >"$WORK/words.csv"
check "other words are the same configuration" on run "${common[@]}" --namespace n2 --once \
    --set "exclusions.file=$WORK/words.csv" --set kafka.group.instance.id=one

# The same events, sent again under the same ids, are new.
applied=$(counter n2 applied)
again=$(wc -l <"$WORK/again.tsv")
must "$again withdrawn payments are sent again" "$BUILD/tools/produce_messages" "$KAFKA" 2 "$WORK/again.tsv"
must "they are counted and copied" on run "${with[@]}" --namespace n2 --once --set kafka.group.instance.id=one \
    --set "tee.directory=$WORK/more"
cp -r "$WORK/log" "$WORK/log2"
for file in "$WORK"/more/*.ndjson; do cat "$file" >>"$WORK/log2/${file##*/}"; done
must "the oracle reads it" oracle "$WORK/oracle2" --log "$WORK/log2" --kafka-offsets --exclusions "$list"
must "the state is dumped" state n2 "$WORK/n2again"
check "state equals the oracle's again" python3 tests/oracle/compare_state.py "$WORK/n2again" "$WORK/oracle2.state"
check "nothing more is withdrawn" test "$(counter n2 reason.withdrawn)" = "$withdrawn"
more=$(($(counter n2 applied) - applied))
check "nearly all of them are booked as new ($more of $again)" test $((more * 10)) -ge $((again * 8))

# Files: offsets are bytes.
files=()
for file in "$WORK/log"/*.ndjson; do files+=(--file "$file"); done
must "files are counted with offsets in bytes" on run "${common[@]}" --namespace f --set "exclusions.file=$WORK/bytes.csv" \
    "${files[@]}"
"$NHIP" check --refused --set "exclusions.file=$WORK/bytes.csv" "$WORK/log/${prefix}payments-1.ndjson" >"$WORK/out" 2>&1
check "nhip check shows what is withdrawn of a file" grep -qE "refused: withdrawn|of .exclusions.file." "$WORK/out"
check "and counts it" grep -qE "^[0-9]+ lines: .* refused .*withdrawn [0-9]+" "$WORK/out"
must "their state is dumped" state f "$WORK/f"
must "the oracle withdraws bytes" oracle "$WORK/oraclef" --log "$WORK/log" --exclusions "$WORK/bytes.csv"
check "files: state equals the oracle's" python3 tests/oracle/compare_state.py "$WORK/f" "$WORK/oraclef.state"

sed "s/^\(${prefix}orders,[0-9]*,[0-9]*,[0-9]*\),/\1000,/" "$WORK/bytes.csv" >"$WORK/ahead.csv"
check "a range that reaches behind the log's end is complained of" ends_with 0 "event=exclusion_ahead .*line=3 .*sent again" \
    on run "${common[@]}" --namespace ahead --set "exclusions.file=$WORK/ahead.csv" --file "$WORK/log/${prefix}orders-0.ndjson"

# Messages that are many events: receipts, of which one source's lie in a range that begins and ends inside windows of 100.
shapes=tests/cases/mapped
python3 tests/support/foreign.py 5 600 m >"$WORK/messages.tsv"
python3 - "$WORK/messages.tsv" "$WORK" <<'PY'
import sys
data = b""
for line in open(sys.argv[1]):
    topic, partition, _, _, value, _ = line.split("\t")
    value = b"null" if value == "-" else bytes.fromhex(value)
    if topic == "shop.m" and partition == "0" and b"\n" not in value:
        data += value + b"\n"
open(sys.argv[2] + "/shop.m-0.ndjson", "wb").write(data)
starts = [0] + [at + 1 for at in range(len(data)) if data[at:at + 1] == b"\n"]
with open(sys.argv[2] + "/mapped.csv", "w") as file:
    file.write("topic,partition,from_offset,to_offset,source,reason,by,date\n")
    for first, last in ((0.2, 0.4), (0.8, 1)):
        places = [starts[int((len(starts) - 1) * part)] for part in (first, last)]
        file.write("shop.m,0,%d,%d,,test,tests,2021-10-05\n" % tuple(places))
PY
mapped=(--set namespace=m --set "mappings=$shapes/shop.json" --set window.records=100 --set "exclusions.file=$WORK/mapped.csv"
    --set topics=shop.m --file "$WORK/shop.m-0.ndjson")
must "the oracle maps and withdraws" python3 tests/oracle/mappedlog.py --mappings $shapes/shop.json --files \
    "$WORK/shop.m-0.ndjson" --config window.records=100 --exclusions "$WORK/mapped.csv" --state "$WORK/oraclem.state"
bytes=$(wc -c <"$WORK/shop.m-0.ndjson")
for part in 3 5 8 9; do # stops inside and outside of the ranges; the next start rebuilds the window
    must "receipts up to $part tenths" on run "${mapped[@]}" --until "shop.m/0=$((bytes * part / 10))"
done
must "and the rest" on run "${mapped[@]}"
must "their state is dumped" eval 'on inspect --set namespace=m --state >"$WORK/m"'
check "mapped: state equals the oracle's" python3 tests/oracle/compare_state.py "$WORK/m" "$WORK/oraclem.state"
check "mapped: whole receipts are withdrawn" test "$(counter m reason.withdrawn)" -gt 500
finish
