#!/bin/bash
# The chain index of matched sources (IXM) on a year in which sources come and go, together and alone: every row against the
# oracle, with and without a file of expected sources; which links are withheld, against the rules written a second time; a new
# base begins a new chain; sixty links are the most; the vintage is proved.
. "$(dirname "$0")/../support/lib.sh"
begin chain
redis_start
log=$WORK/log
mkdir "$log"
must "a log is made" python3 tests/oracle/chain_log.py "$log"
files=()
for file in "$log"/*.ndjson; do files+=(--file "$file"); done
common=(--set namespace=c --set retention.days=800)
must "it is counted" on run "${common[@]}" "${files[@]}"

proves() { "$NHIP" verify "$@" --set log.level=warn; }
take() { # DIR PERIOD BASE OPTION...; the path in $WORK/path
    local directory=$1 period=$2 base=$3
    shift 3
    on snapshot "${common[@]}" --dir "$WORK/$directory" --period "$period" --quiet --set snapshot.growth=on \
        --set "snapshot.base=$base" "$@" >"$WORK/path"
}
against_oracle() { # PERIOD BASE [EXPECTED]
    local expected=() file=()
    [ $# -lt 3 ] || expected=(--expected "$3") file=(--set "snapshot.sources=$3")
    rm -rf "$WORK/raw"
    take raw "$1" "$2" --raw "${file[@]}" || return 1
    python3 tests/oracle/oracle.py --log "$log"/*.ndjson --config retention.days=800 --obs "$WORK/oracle.csv" --period "$1" \
        --growth "$2" "${expected[@]}" && python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/oracle.csv"
}
cell() { # INDICATOR TRANSFORMATION: "value status conf" of the province in the vintage in $WORK/path
    awk -F, -v i="$1" -v t="$2" '$5 == "VN_38" && $6 == i && $9 == "_T" && $11 ~ /^(_T|_Z|RIDE_APP)$/ && $12 ~ /^_[TZ]$/ &&
        $13 == t { print $15, $19, $20 }' "$(cat "$WORK/path")/obs.csv"
}
is() { # WANTED INDICATOR TRANSFORMATION
    echo "found $(cell "$2" "$3")"
    [ "$(cell "$2" "$3")" = "$1" ]
}

for month in 02 04 05 06 08 09 11; do
    check "2021-$month on February: as the oracle" against_oracle 2021-$month 2021-02
done
check "all rows are of totals: one a flow" test "$(awk -F, '$13 == "IXM"' "$(cat "$WORK/path")/obs.csv" | wc -l)" = 10
check "on the first month of the ledger: as the oracle" against_oracle 2021-03 2021-01
check "nobody was complete in it" is " M N" PAY_ATT_N IXM
check "on a quarter: as the oracle" against_oracle 2021-08 2021-Q1
check "before the base: as the oracle" against_oracle 2021-01 2021-Q1
check "there is none" test -z "$(cell PAY_ATT_N IXM)"
check "a quarter: as the oracle" against_oracle 2021-Q3 2021-Q1
check "there is none either" test -z "$(cell PAY_ATT_N IXM)"
check "on a year that nobody saw: as the oracle" against_oracle 2021-03 2019
check "has no figure" is " M N" PAY_ATT_N IXM

{ # every ninth day or so comes something; C is not in the file, so never complete; of the others, E's time ends
    echo source,feeds,from,to,every_days
    for source in A B D; do echo "$source,payments orders,,,10"; done
    printf '%s\n' "E,payments orders,,2021-09-12,10" "F,payments orders,2021-04-10,2021-07-31,10" \
        "G,payments orders,2021-04-01,2021-07-31,10" "H,payments orders,2021-04-10,,10"
} >"$WORK/expected.csv"
for month in 05 06 08 10; do
    check "2021-$month under a file of expected sources: as the oracle" against_oracle 2021-$month 2021-03 "$WORK/expected.csv"
done

for month in 02 03 04 05 06 07 08 09 10 11; do
    must "2021-$month is published" take v "2021-$month" 2021-02
done
last=$(cat "$WORK/path")
check "withheld just where the rules say so" python3 tests/oracle/chain_check.py --log "$log"/*.ndjson --config \
    retention.days=800 --base 2021-02 "$WORK/v"
at() { # MONTH
    find "$WORK/v" -name "*_2021-$1_r1_*" >"$WORK/path"
}
at 08
check "three came and three left: the index moves with the others" is "100.7 A F" PAYV_GROSS IXM
at 07
check "... where the flow is half as much again" is "160.6 A F" PAYV_GROSS IX
at 09
check "one leaves alone: withheld" is " Q D" PAYV_GROSS IXM
check "the flow is not" is "38068715 A F" PAYV_GROSS N
at 11
check "and for good" is " Q D" PAYV_GROSS IXM
at 04
check "three came, one of them with nearly all of their orders: withheld by value" is " Q D" GMV_GROSS IXM
check "not by number" is "100.0 A F" ORD_N IXM
at 05
check "one leaves when three are incomplete: two links over April would tell it" is " Q D" ORD_N IXM
must "a new base" take v 2021-11 2021-10
check "begins a new chain" is "99.7 A F" PAYV_GROSS IXM
must "raw, too" take v 2021-11 2021-10 --raw --as-of 2022-01-03T00:00:00Z
raw=$(cat "$WORK/path")
must "and again" take v 2021-11 2021-10 --as-of 2022-01-03T00:00:00Z
check "free rows are the raw ones, withheld ones tell nothing" python3 tests/oracle/compare_controlled.py "$raw/obs.csv" \
    "$(find "$WORK/v" -name '*_2021-11_r3_*')/obs.csv"
check "METHODOLOGY.md speaks of it" grep -q 'The chain index (`IXM`' "$last/METHODOLOGY.md"
check "snapshot.json names every month of the chain" python3 - "$last/snapshot.json" <<'PY'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    named = {base["period"]: base["release"] for base in json.load(file)["growth"]}
assert named == {"2020-11": 0, **{"2021-%02d" % month: 1 for month in range(2, 11)}}, named
PY
check "the vintage is proved, its bases' releases among them" proves "$last" --logs "$log" "${common[@]}" \
    --set snapshot.growth=on --set snapshot.base=2021-02

# Others that come: where one of them is alone on a channel or with cash on delivery, and where one source comes with three
# marketplaces.
for variant in social cod market; do
    mkdir "$WORK/$variant.log"
    must "a log \"$variant\" is made" python3 tests/oracle/chain_log.py "$WORK/$variant.log" "$variant"
    files=()
    for file in "$WORK/$variant.log"/*.ndjson; do files+=(--file "$file"); done
    common=(--set "namespace=$variant" --set retention.days=800)
    must "counted" on run "${common[@]}" "${files[@]}"
    for month in 02 03 04; do
        must "and 2021-$month published" take "$variant" "2021-$month" 2021-02
    done
    check "withheld just where the rules say so" python3 tests/oracle/chain_check.py --log \
        "$WORK/$variant.log"/*.ndjson --config retention.days=800 --base 2021-02 "$WORK/$variant"
    check "the number of orders is told" test "$(cell ORD_N N | cut -d' ' -f2-)" = "A F"
    check "not its link" is " Q D" ORD_N IXM
done

# Sixty-one months of three sources, an order each a fortnight: sixty links are a chain, sixty-one are none.
mkdir "$WORK/long"
python3 - "$WORK/long" <<'PY'
import json, sys
sys.path.insert(0, "tests/oracle")
from testlog import Log
log, registry = Log(), Log().unit("M1", "2016-01-01")
for number in range(64):
    for day in (10, 28):
        for source in "ABC":
            when = "%d-%02d-%02d 10:00" % (2016 + number // 12, number % 12 + 1, day)
            log.order("created", when, "%s%d.%d" % (source, number, day), source=source,
                      amount_minor=1000 + number * 37 % 101 * ord(source))
for topic, records in (("registry", registry), ("orders", log)):
    with open("%s/%s-0.ndjson" % (sys.argv[1], topic), "w", encoding="ascii") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
PY
long=(--set namespace=l --set retention.days=2500 --set oldest_date=2015-01-01)
must "five years are counted" on run "${long[@]}" --file "$WORK/long/registry-0.ndjson" --file "$WORK/long/orders-0.ndjson"
common=("${long[@]}")
far() { # PERIOD
    take long "$1" 2016-02 --raw --as-of 2021-05-01T00:00:00Z &&
        python3 tests/oracle/oracle.py --log "$WORK"/long/*.ndjson --config retention.days=2500 \
        oldest_date=2015-01-01 --obs "$WORK/oracle.csv" --period "$1" --growth 2016-02 --as-of 2021-05-01T00:00:00Z &&
        python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/oracle.csv"
}
check "sixty links, each rounded: as the oracle" far 2021-02
check "are a figure" test -n "$(cell GMV_GROSS IXM | grep -v ' M ')"
check "sixty-one: as the oracle" far 2021-03
check "are none" is " M N" GMV_GROSS IXM
finish
