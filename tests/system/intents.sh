#!/bin/bash
# Intents to pay and drivers: sketches of what events name. State and rows against the oracle, estimates against the truth, what
# disclosure control and coverage make of them; a log that names none leaves a state without a trace of them, and no figure.
. "$(dirname "$0")/../support/lib.sh"
begin intents
EVENTS=${EVENTS:-40000}
redis_start
log=$WORK/log
must "a province of $EVENTS events is made" "$NHIP" generate --seed 5 --events "$EVENTS" --partitions 2 --output "$log/" \
    --sources "$WORK/sources.json" --truth "$WORK/truth.json"
plain=$WORK/plain
mkdir "$plain"
for file in "$log"/*.ndjson; do
    sed -E 's/,"(payment_intent_id|driver_id)":"[^"]*"//g' "$file" >"$plain/$(basename "$file")"
done
common=(--set "sources.file=$WORK/sources.json")

count() { # NAMESPACE DIR
    local -a files=()
    local file
    for file in "$2"/*.ndjson; do files+=(--file "$file"); done
    on run --set "namespace=$1" "${common[@]}" "${files[@]}" &&
        on inspect --set "namespace=$1" "${common[@]}" --state >"$WORK/$1.state"
}
oracle() { # NAME DIR OPTION...
    local out=$WORK/$1 directory=$2
    shift 2
    python3 tests/oracle/oracle.py --log "$directory"/*.ndjson --sources "$WORK/sources.json" "$@" --state "$out.oracle"
}
take() { # NAMESPACE DIR PERIOD OPTION...; the path in $WORK/path
    local namespace=$1 directory=$2 period=$3
    shift 3
    on snapshot --set "namespace=$namespace" "${common[@]}" --dir "$directory" --period "$period" --quiet "$@" >"$WORK/path"
}
rows() { # INDICATOR: area, platform, instrument, value, status, confidentiality, numerator, denominator, coverage
    awk -F, -v i="$1" '$6 == i { print $5, $11, $12, $15, $19, $20, $21, $22, $27 }' "$(cat "$WORK/path")/obs.csv"
}
all_are() { # STATUSES: how many rows of each of the three are so
    echo "$(rows PAY_INT_N | grep -c " $1 ")-$(rows PAY_SUCC_INT | grep -c " $1 ")-$(rows RIDE_DRIVERS_ACT | grep -c " $1 ")"
}

must "it is counted" count a "$log"
must "the oracle counts and computes September" oracle a "$log" --obs "$WORK/month.csv" --period 2021-09
check "state equals the oracle's: who named them by day, sketches by instrument and outcome" python3 \
    tests/oracle/compare_state.py "$WORK/a.state" "$WORK/a.oracle"
check "there are sketches of intents that were paid, of others that were declined, and of drivers" sh -c \
    "grep -q 't .*PAYMENT|CARD|OK ' $WORK/a.oracle && grep -q 't .*PAYMENT|CARD|DECLINED ' $WORK/a.oracle &&
     grep -q 't .*RIDE|RIDE_APP|OK ' $WORK/a.oracle"
must "September is published raw" take a "$WORK/raw" 2021-09 --raw
check "all rows as the oracle's" python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/month.csv"
check "every figure of the truth is there, intents and drivers within their errors" python3 tests/oracle/compare_truth.py \
    "$(cat "$WORK/path")/obs.csv" "$WORK/truth.json"
check "PAY_INT_N by instrument, PAY_SUCC_INT too, RIDE_DRIVERS_ACT once, all with figures" test \
    "$(all_are "E N")" = 8-8-1
check "retries are collapsed: fewer intents than attempts, and more of them paid" python3 - "$(cat "$WORK/path")/obs.csv" <<'PY'
import csv, sys
rows = {r["INDICATOR"]: r for r in csv.DictReader(open(sys.argv[1]))
        if r["REF_AREA"] == "VN_38" and r["INSTRUMENT"] == "_T" and r["PLATFORM"] == "_Z" and r["UNIT_TYPE"] == "_T"}
intents, share, attempts = rows["PAY_INT_N"], rows["PAY_SUCC_INT"], rows["PAY_SUCC"]
assert share["DENOMINATOR"] == intents["OBS_VALUE"] and int(intents["OBS_VALUE"]) < int(attempts["DENOMINATOR"]), rows
assert float(share["BOUND_LO"]) < float(share["OBS_VALUE"]) < float(share["BOUND_HI"]) <= 100, share
assert float(share["OBS_VALUE"]) > float(attempts["OBS_VALUE"]), (share, attempts)
PY
for period in 2021-Q3 2021; do
    must "$period is published raw" take a "$WORK/raw" "$period" --raw
    must "$period: the oracle computes" oracle a "$log" --obs "$WORK/period.csv" --period "$period"
    check "$period: all rows as the oracle's" python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/period.csv"
done
must "the last week is published raw" take a "$WORK/raw" 2021-W39 --raw
must "the week: the oracle computes" oracle a "$log" --obs "$WORK/period.csv" --period 2021-W39
check "the week: all rows as the oracle's" python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/period.csv"

# A log that names nobody.
must "the same log without the two fields is counted" count b "$plain"
check "its state has no trace of them" sh -c "! grep -E '^b:[st]:' $WORK/b.state | awk '{ print \$2 }' | cut -c8 | grep -qv A"
without() { # NAMESPACE: the state but for what the two fields leave, and what hangs on the bytes of messages
    sed "s/^$1:/n:/" "$WORK/$1.state" | awk '
        $1 ~ /^n:f:/ && $2 ~ /^(tail_print|tail_offset|next|window_offset)$/ { next }
        $1 ~ /^n:[ixu]:/ { next }
        $1 ~ /^n:[st]:/ && substr($2, 8, 1) != "A" { next }
        $1 ~ /^n:a:/ && split($3, days, ";") == 5 { sub(/;[0-9]+-[0-9]+$/, "", $3) }
        { print }' | sort >"$WORK/$1.rest"
}
without a
without b
check "and is that of the full log in all else" cmp "$WORK/a.rest" "$WORK/b.rest"
must "it is published" take b "$WORK/b" 2021-09
check "none of the three has a figure: M, not 0" test \
    "$(all_are "M F")" = 8-8-1
must "the oracle computes it too" oracle b "$plain" --obs "$WORK/period.csv" --period 2021-09
must "and it is published raw" take b "$WORK/b" 2021-09 --raw
check "all rows as the oracle's" python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/period.csv"

# What leaves.
must "the full log is published" take a "$WORK/a" 2021-09
cp "$(cat "$WORK/path")/obs.csv" "$WORK/full.csv"
check "PAY_INT_N and PAY_SUCC_INT are told" test \
    "$(rows PAY_INT_N | grep -c '_T [0-9]* E F')-$(rows PAY_SUCC_INT | grep -c '_T [0-9.]* E F')" = 1-1
check "PAY_SUCC_INT is told nowhere where PAY_INT_N is not" sh -c \
    "awk -F, '\$6 == \"PAY_INT_N\" && \$19 == \"Q\" { held[\$12] = 1 } \$6 == \"PAY_SUCC_INT\" && \$19 != \"Q\" { told[\$12] = 1 }
        END { for (i in held) if (i in told) exit 1 }' $WORK/full.csv"
check "instruments that are withheld are none or several: no rest tells one" sh -c \
    "awk -F, '\$6 == \"PAY_INT_N\" && \$12 != \"_T\" && \$19 == \"Q\" { n++ } END { exit n == 1 }' $WORK/full.csv"
check "drivers of the one source of rides are not told, as its rides are not" test \
    "$(rows RIDE_DRIVERS_ACT | cut -d' ' -f4-6)-$(rows RIDE_TRIPS_N | grep '^VN_38 ' | cut -d' ' -f4-6)" = " Q A- Q A"
check "what disclosure control leaves is the raw table" python3 tests/oracle/compare_controlled.py \
    "$(find "$WORK/raw" -name '*_RAW_M_2021-09_*')/obs.csv" "$WORK/full.csv"

# One source alone that names intents is one platform, however many others process payments.
alone=$WORK/alone
mkdir "$alone"
for file in "$log"/*.ndjson; do
    sed -E '/"source":"(ACQCARD|\\u0041CQCARD)"/!s/,"payment_intent_id":"[^"]*"//g' "$file" >"$alone/$(basename "$file")"
done
must "a log in which one source names intents is counted" count c "$alone"
must "it is published" take c "$WORK/c" 2021-09
check "PAY_INT_N is not told: too few platforms" test "$(rows PAY_INT_N | awk '$3 == "_T" { print $4, $5, $6 }')" = "Q A "
check "PAY_ATT_N is, as before" test "$(rows PAY_ATT_N | awk '$1 == "VN_38" && $3 == "_T" { print $6 }' | head -n 1)" = F

# Coverage: intents hang on payments, drivers on rides.
printf 'source,feeds\nRIDEHUB,orders\nNAPASGW,payments\n' >"$WORK/expected.csv"
must "with rides expected of nobody it is published raw" take a "$WORK/covered" 2021-09 --raw --set \
    "snapshot.sources=$WORK/expected.csv"
check "drivers were not collected, intents were" test \
    "$(rows RIDE_DRIVERS_ACT | awk '{ print $4, $5 }')-$(rows PAY_INT_N | awk '$3 == "_T" { print $5 }')" = "L N-E"
must "the oracle covers it" oracle a "$log" --obs "$WORK/period.csv" --period 2021-09 --expected "$WORK/expected.csv"
check "all rows as the oracle's" python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/period.csv"
check "the published vintage is proved from the log" "$NHIP" verify "$(vintage "$WORK/a")" --logs "$log" "${common[@]}"
finish
