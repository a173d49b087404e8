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
finish
