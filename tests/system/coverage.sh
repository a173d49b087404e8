#!/bin/bash
# Expected sources (snapshot.sources): COVERAGE by hand on a small log and against the oracle on a province, L instead of 0, U
# below one half, what nhip verify makes of the file, and files that are refused. EVENTS (default 20000).
. "$(dirname "$0")/../support/lib.sh"
begin coverage
redis_start
EVENTS=${EVENTS:-20000}
mkdir "$WORK/full" "$WORK/silent" "$WORK/tmp"
export TMPDIR=$WORK/tmp

# Payments of A and B and orders of C, one a day in September 2021, of one unit; in `silent` B says nothing on six days.
python3 - "$WORK" <<'PY'
import json, sys
sys.path.insert(0, "tests/oracle")
from testlog import Log
for name in ("full", "silent"):
    log = Log()
    for day in range(1, 31):
        when = "2021-09-%02d 10:00" % day
        log.pay("CAPTURED", when, "a%d" % day, source="A")
        if name == "full" or not 10 <= day <= 15:
            log.pay("CAPTURED", when, "b%d" % day, source="B")
        log.order("created", when, "c%d" % day, source="C")
    for topic, records in (("registry", Log().unit("M1", "2021-01-01")), ("events", log)):
        with open("%s/%s/%s-0.ndjson" % (sys.argv[1], name, topic), "w", encoding="ascii") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)
PY
expect() { # FILE ROW...: a file of expected sources
    local file=$WORK/$1
    shift
    printf '%s\n' source,feeds,from,to,every_days "$@" >"$file"
}
cell() { # VINTAGE INDICATOR: "OBS_VALUE OBS_STATUS COVERAGE NUMERATOR" of the province's total of September
    awk -F, -v code="$2" '$4 == "M" && $5 == "VN_38" && $6 == code && $7 == "O" && $9 == "_T" && $11 ~ /^(_T|_Z|RIDE_APP)$/ &&
        $12 ~ /^_[TZ]$/ { print $15 "|" $19 "|" $27 "|" $21 }' "$1/obs.csv"
}
is() { # FOUND WANTED
    echo "found $1, expected $2"
    [ "$1" = "$2" ]
}
paradata() { # VINTAGE: "SOURCE MEASURE FEED VALUE" of source-days
    awk -F, '$6 ~ /_DAYS$/ { print $2, $6, $7, $8 }' "$1/paradata.csv"
}
take() { # NAMESPACE DIR ARGUMENT...
    local namespace=$1 dir=$2
    shift 2
    on snapshot --namespace "$namespace" --dir "$WORK/$dir" --period 2021-09 --as-of 2021-10-20T00:00:00Z --quiet "$@"
}
for name in full silent; do
    must "the log \"$name\" is counted" on run --namespace $name --file "$WORK/$name/registry-0.ndjson" --file \
        "$WORK/$name/events-0.ndjson"
done

expect all.csv A,payments,2021-09-01,, B,payments,2021-09-01,, C,orders,2021-09-01,,
must "a vintage that expects nothing" take full plain --raw
plain=$(raw_vintage "$WORK/plain")
check "without the setting COVERAGE is empty, and rides that nobody reports are 0" is "$(cell "$plain" RIDE_TRIPS_N)" "0|A||"
check "... and no word of it stands in the vintage" bash -c "! test -e '$plain/expected_sources.csv' &&
    ! grep -q expected_sources '$plain/snapshot.json'"
must "full delivery" take full all --raw --set "snapshot.sources=$WORK/all.csv"
all=$(raw_vintage "$WORK/all")
check "all came: 100 %" is "$(cell "$all" PAY_ATT_N)" "60|A|100.00|"
check "a ratio too" is "$(cell "$all" PAY_SUCC)" "100.00|A|100.00|60"
check "rides, which no source delivers, are not collected, and not 0" is "$(cell "$all" RIDE_TRIPS_N)" "|L|0.00|"
check "declared figures have no COVERAGE" bash -c "! awk -F, 'NR > 1 && \$7 == \"R\" && \$27 != \"\"' '$all/obs.csv' | grep ."
check "observed figures that hang on events all have one" bash -c \
    "! awk -F, 'NR > 1 && \$7 != \"R\" && \$6 != \"ENT_MGMTSW\" && \$27 == \"\"' '$all/obs.csv' | grep ."
check "the file is part of the vintage" cmp "$WORK/all.csv" "$all/expected_sources.csv"
check "its hash is in snapshot.json" grep -q "\"expected_sources_sha256\": \"$(sha256sum <"$WORK/all.csv" | cut -d' ' -f1)\"" \
    "$all/snapshot.json"

must "the year, which goes on still" on snapshot --namespace full --dir "$WORK/year" --period 2021 --as-of \
    2021-10-19T23:00:00Z --quiet --raw --set "snapshot.sources=$WORK/all.csv"
check "of October 19 days have passed: 60 of 98" grep -q \
    '^dataflow,[^,]*,R,A,VN_38,PAY_ATT_N,O,_T,_T,_T,_Z,_T,N,2021,60,.*,NONE,61.22,' "$(raw_vintage "$WORK/year")/obs.csv"

must "one source is silent for six days" take silent silent1 --raw --set "snapshot.sources=$WORK/all.csv"
silent=$(raw_vintage "$WORK/silent1")
check "54 of 60 source-days: 90 %" is "$(cell "$silent" PAY_ATT_N)" "54|A|90.00|"
check "orders are whole" is "$(cell "$silent" ORD_N)" "30|A|100.00|"
check "active units hang on both: the least of them" is "$(cell "$silent" MER_ACTIVE_N)" "1|A|90.00|"
check "turnover looks at August too, of which nothing was expected" is "$(cell "$silent" MER_NEW_N)" "|L|0.00|"
check "paradata.csv has the days of each source" is "$(paradata "$silent" | tr '\n' ';')" \
    "A EXPECTED_DAYS payments 30;A DELIVERED_DAYS payments 30;B EXPECTED_DAYS payments 30;B DELIVERED_DAYS payments 24;$(
    )C EXPECTED_DAYS orders 30;C DELIVERED_DAYS orders 30;"
feeds=$(awk -F, '$6 == "COVERAGE" { print $5, $7, $8 }' "$silent/paradata.csv" | tr '\n' ';')
check "and the coverage of each feed" is "$feeds" \
    "2021-09 payments 90.00;2021-09 orders 100.00;2021-09 rides 0.00;2021-09 websites 0.00;"
check "METHODOLOGY.md speaks of it under accuracy" bash -c "sed -n '/^## 13/,/^## 14/p' '$silent/METHODOLOGY.md' |
    grep -q 'COVERAGE of a row'"
expect weekly.csv A,payments,2021-09-01,, B,payments,2021-09-01,,7 C,orders,2021-09-01,,
must "a source that delivers weekly" take silent weekly --raw --set "snapshot.sources=$WORK/weekly.csv"
check "six quiet days of it are no silence" is "$(cell "$(raw_vintage "$WORK/weekly")" PAY_ATT_N)" "54|A|100.00|"
expect until.csv A,payments,2021-09-01,, B,payments,2021-09-01,2021-09-09, C,orders,2021-09-01,,
must "a source whose time is over" take silent until --raw --set "snapshot.sources=$WORK/until.csv"
check "is not missed" is "$(cell "$(raw_vintage "$WORK/until")" PAY_ATT_N)" "54|A|100.00|"
check "and what it sends all the same is named" grep -q '^SOURCE,B,.*,UNEXPECTED_DAYS,payments,15,' \
    "$(raw_vintage "$WORK/until")/paradata.csv"
expect low.csv A,payments,2021-09-01,, B,payments,2021-09-01,, C,orders,2021-09-01,, D,payments,2021-09-01,, \
    E,payments,2021-09-01,, F,payments,2021-09-01,,
must "more sources are expected than came" take silent low --raw --set "snapshot.sources=$WORK/low.csv"
check "54 of 150: low reliability" is "$(cell "$(raw_vintage "$WORK/low")" PAY_ATT_N)" "54|U|36.00|"
expect half.csv A,payments,2021-09-01,, Z,payments,2021-09-01,, C,orders,2021-09-01,,
must "one of two came" take full half --raw --set "snapshot.sources=$WORK/half.csv"
check "50 % is not below 50 %" is "$(cell "$(raw_vintage "$WORK/half")" PAY_ATT_N)" "60|A|50.00|"
expect stranger.csv Z,payments,2021-09-01,, C,orders,2021-09-01,,
must "payments of strangers only" take full stranger --raw --set "snapshot.sources=$WORK/stranger.csv"
check "are not collected: no value, no numerator" is "$(cell "$(raw_vintage "$WORK/stranger")" PAY_SUCC)" "|L|0.00|"

# A release of the same month under another file.
must "a release, and one under another file" bash -c "$(declare -f take on); NHIP='$NHIP' REDIS='$REDIS' WORK='$WORK'
    take full two --raw --set 'snapshot.sources=$WORK/all.csv' && take full two --raw --set 'snapshot.sources=$WORK/stranger.csv'"
check "what it changes has cause METHOD" tests/oracle/revisions.py "$WORK"/two/*_r1_* "$WORK"/two/*_r2_* --cause METHOD
check "payments are among it" grep -q 'PAY_ATT_N.*,A,L,METHOD,' "$(raw_vintage "$WORK/two")/revisions.csv"

# Disclosure control first.
must "figures of one merchant, for publication" take full hidden --set "snapshot.sources=$WORK/stranger.csv"
must "the same without the file" take full bare
check "whatever was suppressed still is, and shows nothing" python3 - "$(vintage "$WORK/bare")/obs.csv" \
    "$(vintage "$WORK/hidden")/obs.csv" <<'PY'
import csv, sys
bare, hidden = ({tuple(row.values())[3:14]: row for row in csv.DictReader(open(path))} for path in sys.argv[1:])
secret = [key for key, row in bare.items() if row["OBS_STATUS"] == "Q"]
assert bare.keys() == hidden.keys() and len(secret) > 20, len(secret)
for key in secret:
    assert (hidden[key]["OBS_STATUS"], hidden[key]["OBS_VALUE"], hidden[key]["NUMERATOR"]) == ("Q", "", ""), key
    assert hidden[key]["CONF_STATUS"] == bare[key]["CONF_STATUS"], key
assert any(row["OBS_STATUS"] == "L" for row in hidden.values())
PY

# nhip verify.
proves() { "$NHIP" verify "$@" --set log.level=warn; }
hidden=$(vintage "$WORK/hidden")
check "nhip verify makes it again from the log, without the setting" proves "$hidden" --logs "$WORK/full"
check "... and under another one" proves "$hidden" --logs "$WORK/full" --set "snapshot.sources=$WORK/all.csv"
check "a vintage that expected nothing comes out under the setting too" proves "$(vintage "$WORK/bare")" --logs \
    "$WORK/full" --set "snapshot.sources=$WORK/all.csv"
finds() { # PATTERN ARGUMENT...
    local pattern=$1 got=0
    shift
    proves "$@" >"$WORK/found" 2>&1 || got=$?
    cat "$WORK/found"
    [ $got = 3 ] && grep -q "$pattern" "$WORK/found"
}
cp -r "$hidden" "$WORK/changed" && chmod -R u+w "$WORK/changed"
sed -i 's/^Z/A/' "$WORK/changed/expected_sources.csv"
check "a changed file is found" finds "expected_sources.csv: its SHA-256" "$WORK/changed" --quick
(cd "$WORK/changed" && awk '{ print $2 }' MANIFEST.sha256 | xargs sha256sum >../M && mv ../M MANIFEST.sha256)
check "with a forged manifest too" finds "expected_sources.csv: not the expected sources that snapshot.json names" \
    "$WORK/changed" --quick
check "... and what it changes, with the log" finds "obs.csv line" "$WORK/changed" --logs "$WORK/full"

low=$(raw_vintage "$WORK/low")
check "a vintage with U holds without the log" proves "$low" --quick
rm -rf "$WORK/changed" && cp -r "$low" "$WORK/changed" && chmod -R u+w "$WORK/changed"
sed -i 's/,U,N,/,A,N,/' "$WORK/changed/obs.csv"
(cd "$WORK/changed" && awk '{ print $2 }' MANIFEST.sha256 | xargs sha256sum >../M && mv ../M MANIFEST.sha256)
check "a forged status with a forged manifest is found without the log" finds "COVERAGE is below 50 %" "$WORK/changed" --quick

# Refusals: exit 2, and file, line and column are named.
refused() { # PATTERN ROW...
    local pattern=$1 got=0
    shift
    expect bad.csv "$@"
    take full bad --set "snapshot.sources=$WORK/bad.csv" >"$WORK/said" 2>&1 || got=$?
    cat "$WORK/said"
    [ $got = 2 ] && grep -q 'NHIP-U04' "$WORK/said" && grep -qF "bad.csv:$pattern" "$WORK/said" && ! test -e "$WORK/bad"
}
check "an unknown feed is refused" refused '3: feeds: found "taxis"' A,payments,,, B,taxis,,,
check "a day that is none is refused" refused '2: from: found "2021-02-30"' A,payments,2021-02-30,,
check "days that overlap are refused" refused '3: feeds: found "payments orders"' A,payments,,2021-09-01, \
    "A,payments orders,2021-09-01,,"
check "a cell too few is refused" refused '2: found 2 cells' A,payments
check "nhip check reads such a file beforehand" bash -c "'$NHIP' check --sources '$WORK/until.csv' >'$WORK/said' &&
    grep -q '^3  *B  payments  from 2021-09-01  until 2021-09-09  every day' '$WORK/said' &&
    grep -q '^3 rows, SHA-256 ' '$WORK/said'"
check "and refuses it beforehand" bash -c "'$NHIP' check --sources '$WORK/bad.csv' >'$WORK/said' 2>&1; test \$? = 2 &&
    grep -qF 'NHIP-U04' '$WORK/said' && grep -qF 'bad.csv:2: found 2 cells' '$WORK/said'"
check "counting does not stop for it" on run --namespace other --set "snapshot.sources=$WORK/bad.csv" --file \
    "$WORK/full/registry-0.ndjson"
check "a file that is not there: exit 4" bash -c "'$NHIP' snapshot --set redis.address=$REDIS --period 2021-09 --dir '$WORK/bad' \
    --set snapshot.sources=/nowhere.csv >'$WORK/said' 2>&1; test \$? = 4 && grep -q 'NHIP-F01.*nowhere.csv' '$WORK/said'"

# A province: one marketplace is silent for two weeks, nobody drives, one source has left, one never came.
must "a province of $EVENTS events" "$NHIP" generate --seed 21 --events "$EVENTS" --output "$WORK/province/" --sources \
    "$WORK/sources.json"
must "parts of it get lost" python3 - "$WORK/province" "$WORK/log" <<'PY'
import json, os, re, sys
sys.path.insert(0, "tests/oracle")
from civil import ms_of_rfc3339
os.mkdir(sys.argv[2])
lost = 0
for name in sorted(os.listdir(sys.argv[1])):
    if not name.endswith(".ndjson") or name.startswith("rides"):
        continue
    with open(os.path.join(sys.argv[1], name), "rb") as file, open(os.path.join(sys.argv[2], name), "wb") as out:
        for line in file:
            when = re.search(rb'"event_time" *: *(?:"([^"]+)"|([0-9]+))', line)
            ms = when and (int(when[2]) if when[2] else ms_of_rfc3339(when[1].decode("ascii", "replace")))
            if b'"SHOPEE"' in line and ms and 5 <= (ms + 25200000) // 86400000 - 18870 <= 18: # days of September
                lost += 1
                continue
            out.write(line)
assert lost > 20, lost
PY
expect province.csv NAPASGW,payments,,, MOMOPAY,payments,,, ACQCARD,payments,,,3 BANKNET,payments,2021-08-15,, \
    BILLHUB,payments,,, "TILLNET,payments orders,,,2" APPBILL,payments,,2021-09-10,5 LAZADA,orders,,, SHOPEE,orders,,, \
    TIKI,orders,,, SENDO,orders,,,4 TIKTOK_SHOP,orders,,, WEBSHOP,orders,,, SOCIALHUB,orders,2021-09-12,2021-09-20,2 \
    GONE,orders,,2021-07-31, RIDEHUB,rides,,, \
    CRAWLER,websites,,,9 NEVER,websites,2021-05-01,, GHOST,websites,2021-05-01,2021-09-20,2
args=()
for file in "$WORK"/log/*.ndjson; do args+=(--file "$file"); done
must "what is left is counted" on run --namespace p --set "sources.file=$WORK/sources.json" "${args[@]}"
province() { # DIR ARGUMENT...
    local dir=$1
    shift
    on snapshot --namespace p --dir "$WORK/$dir" --period 2021-09 --as-of 2021-10-20T00:00:00Z --daily --quiet \
        --set "sources.file=$WORK/sources.json" --set "snapshot.sources=$WORK/province.csv" --set snapshot.growth=on \
        --set snapshot.base=2021-08 "$@"
}
must "its raw vintage" province praw --raw
must "its vintage" province ppub
obs=$(raw_vintage "$WORK/praw")/obs.csv
must "the Python oracle computes the table from the log" python3 tests/oracle/oracle.py --log "$WORK"/log/*.ndjson --sources \
    "$WORK/sources.json" --expected "$WORK/province.csv" --obs "$WORK/oracle.obs" --period 2021-09 \
    --as-of 2021-10-20T00:00:00Z --daily --growth 2021-08
check "obs.csv equals the oracle's, all rows and columns, COVERAGE, L and U" python3 tests/oracle/compare_obs.py "$obs" \
    "$WORK/oracle.obs"
check "there is something to compare: L, U, and some twenty values of COVERAGE" bash -c "
    awk -F, '{ s[\$19]++; if (!c[\$27]++) n++ }
        END { print s[\"L\"], s[\"U\"], n; exit !(s[\"L\"] > 100 && s[\"U\"] > 20 && n > 20) }' '$obs'"
check "growths and indices are as well covered as what they are made of" bash -c "
    test \$(awk -F, '\$13 != \"N\" && \$27 != \"\" { print \$13 \$19 }' '$obs' | sort -u | wc -l) -ge 4"
check "what disclosure control leaves is the raw table; what it takes tells nothing" python3 tests/oracle/compare_controlled.py \
    "$obs" "$(vintage "$WORK/ppub")/obs.csv"
check "nothing it takes follows from what it leaves, with L taken for 0" python3 tests/oracle/disclosure_attack.py \
    "$(vintage "$WORK/ppub")/obs.csv"
check "and it comes out of the log again, byte for byte" proves "$(vintage "$WORK/ppub")" --logs "$WORK/log" --set \
    "sources.file=$WORK/sources.json" --set snapshot.growth=on --set snapshot.base=2021-08
finish
