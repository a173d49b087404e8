#!/bin/bash
# Judgement before publication: amounts that no merchant can have taken are refused where they stand and counted, the oracle says
# the same, and a vintage is proved with the bound it was counted under.
. "$(dirname "$0")/../support/lib.sh"
begin judgement
redis_start
example=tests/golden/example
log=$WORK/log
mkdir -p "$log"
echo '{"PSP1": {"success_at": "FIRST", "records_cash": true}}' >"$WORK/sources.json"
must "the registry's CSV imports" "$NHIP" registry import "$example/registry.csv" --output "$log/registry-0.ndjson"
# The worked example; then the last payment again, as another one, a thousand times as high and in dollars.
cp "$example/events.ndjson" "$log/events-0.ndjson"
python3 - "$log/events-0.ndjson" <<'PY'
import json, sys
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
like = next(json.loads(line) for line in reversed(lines) if '"payment.status"' in line and '"SETTLED"' in line)
with open(sys.argv[1], "a", encoding="utf-8") as file:
    for number, change in enumerate(({"amount_minor": 50_000_000_001}, {"amount_minor": 50_000_000_000},
                                     {"currency": "USD", "amount_minor": 100_000_001}, {"currency": "USD", "amount_minor": 7})):
        event = {**like, "event_id": "big%d" % number, "payment_id": "big%d" % number, **change}
        file.write(json.dumps(event) + "\n")
PY
bounds=amount.max=USD=100000000,VND=50000000000
bound=(--set "$bounds")
common=(--set "sources.file=$WORK/sources.json")
files() { # NAMESPACE OPTION...
    local name=$1
    shift
    on run --set "namespace=$name" "${common[@]}" --file "$log/registry-0.ndjson" --file "$log/events-0.ndjson" "$@"
}
must "it is counted without a bound" files open
must "and with one" files bound "${bound[@]}" --set "deadletter.file=$WORK/dead.ndjson"
counter() { on inspect --set "namespace=$1" --counter "$2"; }
check "without a bound nothing is refused for its amount" test "$(counter open reason.implausible_amount)" = 0
check "beyond it, two are" test "$(counter bound reason.implausible_amount)" = 2
check "and nothing else is another count" test "$(($(counter open applied) - $(counter bound applied)))" = 2
check "the dead letters hold both, with reason, field and byte" python3 - "$WORK/dead.ndjson" "$log/events-0.ndjson" <<'PY'
import json, sys
letters = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
data = open(sys.argv[2], "rb").read()
found = [letter for letter in letters if letter["reason"] == "implausible_amount"]
assert len(found) == 2, letters
for letter in found:
    assert letter["field"] == "amount_minor", letter
    amount = data[letter["offset"] + letter["byte"]:].split(b",")[0].split(b"}")[0].strip()
    assert amount in (b"50000000001", b"100000001"), (letter, amount)
PY
check "paradata.csv counts them" sh -c "'$NHIP' snapshot --set 'redis.address=$REDIS' --set log.level=warn --set namespace=bound \
    --set 'sources.file=$WORK/sources.json' ${bound[*]} --raw --period 2021-09 --dir '$WORK/v' --quiet >'$WORK/path' &&
    grep -q 'implausible_amount.*,2' \"\$(cat '$WORK/path')/paradata.csv\""
vintage=$(cat "$WORK/path")
check "the oracle computes the same state" sh -c "python3 tests/oracle/oracle.py --log '$log'/*.ndjson --sources \
    '$WORK/sources.json' --config $bounds --state '$WORK/oracle.state' &&
    '$NHIP' inspect --set 'redis.address=$REDIS' --set namespace=bound --state >'$WORK/state' &&
    python3 tests/oracle/compare_state.py '$WORK/state' '$WORK/oracle.state'"
check "snapshot.json names the bound" grep -q '"amount.max": "USD=100000000,VND=50000000000"' "$vintage/snapshot.json"
check "with it the vintage is proved" "$NHIP" verify "$vintage" --logs "$log" "${common[@]}" "${bound[@]}"
check "without it, refused: exit 3" bash -c "'$NHIP' verify '$vintage' --logs '$log' ${common[*]}; test \$? = 3"
check "another bound for a counted namespace is refused: exit 3" bash -c "'$NHIP' run --set 'redis.address=$REDIS' \
    --set namespace=bound ${common[*]} --file '$log/events-0.ndjson' --set amount.max=VND=1; test \$? = 3"
check "a bound that is none is refused with what is accepted: exit 2" bash -c "
    '$NHIP' run --set amount.max=VND:1 >'$WORK/out' 2>&1
    test \$? = 2 && grep -q 'amount.max: found \"VND:1\", accepted is CODE=N' '$WORK/out'"
check "nhip check judges by the bound too" bash -c "'$NHIP' check ${bound[*]} '$log/events-0.ndjson' >'$WORK/out' 2>&1
    grep -q implausible_amount '$WORK/out'"

# Headlines that jump: a registry record three days after the end of September, in which a unit has no e-mail any more.
jumps=$WORK/j
common+=(--set snapshot.judgement=on --set disclosure.merchants=1 --set disclosure.near_ends=off --set disclosure.dominance=off)
september() { # OPTION...; output in $WORK/out
    on snapshot --set namespace=j "${common[@]}" --dir "$jumps" --quiet "$@" >"$WORK/out" 2>&1
}
ends_with() { # STATUS PATTERN COMMAND...
    local wanted=$1 pattern=$2 status=0
    shift 2
    "$@" >"$WORK/said" 2>&1 || status=$?
    [ "$1" = september ] && cp "$WORK/out" "$WORK/said"
    cat "$WORK/said"
    [ $status = "$wanted" ] && grep -qE -- "$pattern" "$WORK/said"
}
judge() { "$NHIP" publish --dir "$jumps" "$@"; }
cp "$example/events.ndjson" "$log/events-0.ndjson"
count() { on run --set namespace=j "${common[@]}" --file "$log/registry-0.ndjson" --file "$log/events-0.ndjson"; }
must "the worked example is counted" count
must "its September is published" september --period 2021-09 --as-of 2021-10-02T17:00:00Z
first=$(cat "$jumps/LATEST")
sed -n 1p "$log/registry-0.ndjson" | sed 's/2020-01-05T00:00:00Z/2021-10-04T02:00:00Z/g; s/"has_email":"Y"/"has_email":"N"/' \
    >"$WORK/cut"
must "the unit of the new record has no e-mail" grep -q '"has_email":"N"' "$WORK/cut"
cat "$WORK/cut" >>"$log/registry-0.ndjson"
must "it is counted" count
check "NHIP-S06: a jump of 20 points is not published, and says why" ends_with 3 \
    "NHIP-S06: ENT_EMAIL \(R\): from 60.00 to 40.00, bound 10 points, since $first.*nhip publish --dir .* --approve" \
    september --period 2021-09 --as-of 2021-10-05T17:00:00Z
staged=$(basename "$(find "$jumps/staged" -mindepth 1 -maxdepth 1 -type d)")
check "it waits, whole, as the second release" sh -c "cd '$jumps/staged/$staged' && sha256sum --quiet -c MANIFEST.sha256 &&
    grep -q '\"release\": 2' snapshot.json"
check "LATEST is as it was" test "$(cat "$jumps/LATEST")" = "$first"
check "NHIP-S06, remedy: nhip publish lists it with what moved" ends_with 0 "ENT_EMAIL .*60.00 to 40.00" judge
check "... and it is proved before it is approved" "$NHIP" verify "$jumps/staged/$staged" --logs "$log" "${common[@]}"
inode=$(stat -c %i "$jumps/staged/$staged")
check "a series does not stage the same figures anew" ends_with 3 "1 periods wait for a judgement" september --from 2021-09 \
    --to 2021-09 --as-of 2021-10-06T17:00:00Z
check "... the same directory waits" test "$(stat -c %i "$jumps/staged/$staged")" = "$inode"
verdict=(--by tests --reason "the unit said so")
check "a reason that is not UTF-8 is refused: exit 2" ends_with 2 "is not UTF-8" \
    judge --approve "$staged" --by tests --reason "$(printf 'caf\351')"
check "a verdict without a name and a reason is refused: exit 2" ends_with 2 "needs --by WHO and --reason" \
    judge --approve "$staged"
check "NHIP-S07: what is not staged cannot be approved" ends_with 3 "NHIP-S07.*is not staged" judge --approve "$first" \
    "${verdict[@]}"
check "NHIP-S07, remedy: nhip publish lists what is" ends_with 0 "^$staged" judge
cp "$jumps/staged/$staged/codes.csv" "$WORK/codes.csv"
echo x >>"$jumps/staged/$staged/codes.csv"
check "other bytes than were computed cannot be approved" ends_with 3 "NHIP-S04.*codes.csv" judge --approve "$staged" \
    "${verdict[@]}"
cp "$WORK/codes.csv" "$jumps/staged/$staged/codes.csv"
cp -r "$jumps/staged/$staged" "$jumps/${staged/20211005/20211007}"
check "NHIP-S08: a release that was published meanwhile ends the approval" ends_with 3 "NHIP-S08" judge --approve "$staged" \
    "${verdict[@]}"
rm -r "${jumps:?}/${staged/20211005/20211007}"
check "nothing of that was written down" test ! -e "$jumps/judgements.ndjson"
check "NHIP-S08, remedy: it is rejected" judge --reject "$staged" --by tests --reason overtaken
check "it lies aside" test -d "$jumps/rejected/$staged" -a -z "$(find "$jumps/staged" -mindepth 1)"
check "rejected figures are not staged again by a series" sh -c "
    '$NHIP' snapshot --set 'redis.address=$REDIS' --set namespace=j ${common[*]} --dir '$jumps' \
        --from 2021-09 --to 2021-09 >'$WORK/out' 2>&1; test \$? = 3 && test -z \"\$(find '$jumps/staged' -mindepth 1)\""
check "asked for by itself, it is staged again, as of another instant" ends_with 3 NHIP-S06 september --period 2021-09 \
    --as-of 2021-10-06T17:00:00Z
check "asked for by itself, it is" ends_with 3 NHIP-S06 september --period 2021-09 --as-of 2021-10-05T17:00:00Z
check "of one period one release waits, the last" test "$(find "$jumps/staged" -mindepth 1 -maxdepth 1 -type d)" = \
    "$jumps/staged/$staged"
check "approved, it has its name" judge --approve "$staged" "${verdict[@]}"
check "LATEST names it" test "$(cat "$jumps/LATEST")" = "$staged"
check "nothing waits any more" ends_with 0 "nothing waits" judge
check "it is proved where it is" "$NHIP" verify "$jumps/$staged" --logs "$log" "${common[@]}"
check "both verdicts are kept, with who, why, what moved and the manifest" python3 - "$jumps" "$staged" <<'PY'
import hashlib, json, sys
directory, name = sys.argv[1:]
lines = [json.loads(line) for line in open(directory + "/judgements.ndjson", encoding="utf-8")]
assert [line["verdict"] for line in lines] == ["REJECTED", "APPROVED"], lines
manifest = hashlib.sha256(open(f"{directory}/{name}/MANIFEST.sha256", "rb").read()).hexdigest()
for line in lines:
    assert line["vintage"] == name and line["manifest_sha256"] == manifest and line["by"] == "tests", line
    assert "ENT_EMAIL (R): from 60.00 to 40.00" in line["jumps"], line
assert lines[1]["reason"] == "the unit said so"
PY
printf 'source,feeds\nPSP9,payments\n' >"$WORK/stranger.csv"
check "a headline that nobody delivers any more waits too" ends_with 3 \
    "NHIP-S06: .*from [0-9.]+ to L \(not collected\), bound" september --period 2021-09 --as-of 2021-10-08T17:00:00Z \
    --set "snapshot.sources=$WORK/stranger.csv"
check "it is rejected" judge --reject "$(basename "$(find "$jumps/staged" -mindepth 1 -maxdepth 1 -type d)")" \
    --by tests --reason "the feed is back tomorrow"
check "without the setting nothing is judged" "$NHIP" snapshot --set "redis.address=$REDIS" --set namespace=j "${common[@]}" \
    --set snapshot.judgement=off --period 2021-09 --dir "$WORK/unjudged" --quiet
check "raw figures are not judged" september --raw --period 2021-09 --as-of 2021-10-05T17:00:00Z
finish
