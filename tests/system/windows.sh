#!/bin/bash
# Differencing of 90-day windows (schemas/disclosure.md §5): a town where one shop begins to take cards, or three, or one stops,
# in two months that follow on each other; then a synthetic province, every row against the rule written a second time.
. "$(dirname "$0")/../support/lib.sh"
begin windows
redis_start

# A dozen supermarkets in 390 and 30 in 391: four of the first and 15 of the others take cards from June on.
town() { # NAME BEGIN STOP: so many of 390 begin in September, so many had taken cards in June only
    python3 - "$WORK/$1" "$2" "$3" <<'PY'
import json, sys
from datetime import datetime
directory, begin, stop = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shops = ["M%02d" % number for number in range(42)]
def take(shops, date):
    time = int(datetime.fromisoformat(date + "T12:00:00+07:00").timestamp() * 1000)
    for shop in shops:
        for number, source in enumerate(("PSP1", "PSP2", "PSP3")):
            name = "%s-%s-%d" % (shop, date, number)
            yield {"event_id": name, "schema_version": 1, "type": "payment.status", "source": source, "event_time": time,
                   "ingest_time": time, "payment_id": name, "merchant_id": shop, "payer_id": name, "payer_type": "HOUSEHOLD",
                   "context": "POS", "instrument": "CARD", "scheme": "NAPAS", "status": "CAPTURED", "amount_minor": 90000,
                   "currency": "VND"}
import os
os.makedirs(directory)
with open(directory + "/registry.csv", "w") as file:
    file.write("merchant_id,valid_from,recorded_at,status,legal_form,unit_type,vsic,vsic_version,district,accepts_epay\n")
    for number, shop in enumerate(shops):
        file.write("%s,2020-01-01,2020-01-05T00:00:00Z,ACTIVE,ENTERPRISE,SUPERMARKET,47111,2018,%d,N\n"
                   % (shop, 390 if number < 12 else 391))
with open(directory + "/events-0.ndjson", "w") as file:
    regulars = shops[8:27]
    for event in (*take(shops[:stop], "2021-06-10"), *take(regulars, "2021-06-11"), *take(regulars, "2021-08-10"),
                  *take(shops[8 - begin:8], "2021-09-10")):
        file.write(json.dumps(event) + "\n")
PY
    "$NHIP" registry import "$WORK/$1/registry.csv" --output "$WORK/$1/registry-0.ndjson" &&
        on run --set "namespace=$1" --file "$WORK/$1/registry-0.ndjson" --file "$WORK/$1/events-0.ndjson"
}
take() { # NAME PERIOD [OPTION...]; the path in $WORK/path
    local name=$1 period=$2
    shift 2
    on snapshot --set "namespace=$name" --dir "$WORK/$name/v" --period "$period" --as-of 2021-11-01T00:00:00Z --quiet "$@" \
        >"$WORK/path"
}
cards() { # AREA [EVIDENCE]: numerator and CONF_STATUS of MDT_EPAY in the vintage in $WORK/path
    awk -F, -v area="$1" -v evidence="${2:-O}" \
        '$5 == area && $6 == "MDT_EPAY" && $7 == evidence && $9 == "EST" && $12 == "_T" { print $21 $20 }' \
        "$(cat "$WORK/path")/obs.csv"
}
audit() { # KEY: a number of snapshot.json's disclosure
    python3 -c 'import json, sys
audit = json.load(open(sys.argv[1] + "/snapshot.json"))["disclosure"]
print(audit["by_rule"]["windows"] if sys.argv[2] == "windows" else audit[sys.argv[2]])' "$(cat "$WORK/path")" "$1"
}

must "a town where one shop begins in September" town one 1 0
must "August is published" take one 2021-08
check "August: nothing has changed, it is told" test "$(cards VN_38_D390)" = 4F
check "no figure was withheld for its window" test "$(audit windows)" = 0
check "and figures were compared" test "$(audit differencing_checks)" -gt 100
must "September is published" take one 2021-09
check "September: it is withheld, it protects what August tells" test "$(cards VN_38_D390)" = D
check "in the combined evidence, too" test "$(cards VN_38_D390 C)" = D
check "not in the declared one, which has no window" test "$(cards VN_38_D390 R)" = 0F
check "nor in the province, where one of 42 tells nothing" test "$(cards VN_38)" = 20F
check "but in the other district, or the province would give it away" test "$(cards VN_38_D391)" = D
check "snapshot.json counts it" test "$(audit windows)" -gt 0
check "the vintage is proved from its log alone" "$NHIP" verify "$(cat "$WORK/path")" --logs "$WORK/one" --set namespace=one
must "October is published" take one 2021-10
check "October, in which nothing changed, is told" test "$(cards VN_38_D390)" = 5F
must "September is published without the rule" take one 2021-09 --dir "$WORK/free" --set disclosure.windows=off
check "then it is told" test "$(cards VN_38_D390)" = 5F
check "and nothing was compared" test "$(audit differencing_checks)" = 0
must "the same as a second release of it" take one 2021-09 --set disclosure.windows=off
check "what the release before withheld stays withheld" test "$(cards VN_38_D390)" = D

must "a town where three begin" town three 3 0
must "its September is published" take three 2021-09
check "three are told" test "$(cards VN_38_D390)" = 7F
must "a town where one has stopped" town stopped 0 1
must "its September is published" take stopped 2021-09
check "who has left is not told" test "$(cards VN_38_D390)" = D
must "a town where one begins and one has stopped" town both 1 1
must "its September is published" take both 2021-09
check "nor are the two, whose difference is 0" test "$(cards VN_38_D390)" = D

# A province, whose units also move, close and change what they declare.
log=$WORK/log
must "a province of four months is made" "$NHIP" generate --seed 11 --events 20000 --from 2021-06-01 --days 122 --partitions 1 \
    --output "$log/" --sources "$WORK/sources.json"
files=()
for file in "$log"/*.ndjson; do files+=(--file "$file"); done
common=(--set namespace=p --set "sources.file=$WORK/sources.json")
must "it is counted" on run "${common[@]}" "${files[@]}"
for switch in on off; do
    must "September is published, windows $switch" on snapshot "${common[@]}" --dir "$WORK/$switch" --period 2021-09 --quiet \
        --set "disclosure.windows=$switch"
    mv "$WORK/check.log" "$WORK/$switch.path"
done
table() { echo "$(cat "$WORK/$1.path")/obs.csv"; }
# Wrong on purpose: a table that was not held to the rule, and one that withholds a row for nothing.
awk -F, -v OFS=, '$28 == "P90D" && $20 == "F" && $15 != "" && !done { $15 = ""; $19 = "Q"; $20 = "D"; done = 1 } 1' \
    "$(table on)" >"$WORK/more.csv"
check "rows are withheld just where the rule, or a row that it withholds, says so; two wrong tables are found out" \
    python3 tests/oracle/windows.py --log "$log"/*.ndjson --sources "$WORK/sources.json" --period 2021-09 "$(table off)" \
    "$(table on)" "$(table off)" "$WORK/more.csv"
sed 's/^/# /' "$WORK/check.log" | tail -n 1
check "what is published gives nothing away by subtraction" python3 tests/oracle/disclosure_attack.py "$(table on)"
finish
