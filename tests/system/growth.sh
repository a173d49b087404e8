#!/bin/bash
# Growth and indices of flows: fourteen months with a Tet in each year, every row against the oracle; a month that goes on still
# and one whose base nobody saw have none; what a base withholds is withheld; the vintage is proved, also when the period it was
# measured from has had another release since.
. "$(dirname "$0")/../support/lib.sh"
begin growth
EVENTS=8000 # each of 430 days has some: more only take longer
redis_start
log=$WORK/log
must "fourteen months are made" "$NHIP" generate --seed 11 --events "$EVENTS" --from 2020-01-01 --days 430 --partitions 1 \
    --output "$log/" --sources "$WORK/sources.json"
common=(--set namespace=g --set "sources.file=$WORK/sources.json" --set retention.days=800 --set oldest_date=2019-01-01)
files=()
for file in "$log"/*.ndjson; do files+=(--file "$file"); done
must "they are counted" on run "${common[@]}" "${files[@]}"
growth=(--set snapshot.growth=on)

take() { # DIR PERIOD OPTION...; the path in $WORK/path
    local directory=$1 period=$2
    shift 2
    on snapshot "${common[@]}" --dir "$directory" --period "$period" --quiet "$@" >"$WORK/path"
}
against_oracle() { # PERIOD BASE
    local base=()
    [ -z "$2" ] || base=(--set "snapshot.base=$2")
    take "$WORK/raw" "$1" --raw "${growth[@]}" "${base[@]}" || return 1
    python3 tests/oracle/oracle.py --log "$log"/*.ndjson --sources "$WORK/sources.json" --config retention.days=800 \
        oldest_date=2019-01-01 --obs "$WORK/oracle.csv" --period "$1" --growth "$2" &&
        python3 tests/oracle/compare_obs.py "$(cat "$WORK/path")/obs.csv" "$WORK/oracle.csv"
}
rows() { # TRANSFORMATION [VALUE]: rows of the vintage in $WORK/path, all or those with a value (any) or without (none)
    awk -F, -v t="$1" -v how="${2:-}" '$13 == t && (how == "" || (how == "any") == ($15 != ""))' "$(cat "$WORK/path")/obs.csv" |
        wc -l
}
check "February 2021, on January, a year ago, both and the mean of 2020: as the oracle" against_oracle 2021-02 2020
for kind in G1 GY GYT IX; do
    check "$kind has figures" test "$(rows "$kind" any)" -gt 100
    check "$kind is made of every flow" test "$(rows "$kind")" = "$(rows G1)"
done
check "the quarter before last, on a mean of quarters" against_oracle 2020-Q4 2020
check "a week, on the week before; a week has no index on a year" against_oracle 2021-W05 2020
check "there is none" test "$(rows IX)" = 0
check "week 53 had none a year ago" against_oracle 2020-W53 ""
check "it has no GY" test "$(rows GY)" = 0
check "the first year, whose year before nobody saw" against_oracle 2020 ""
check "has rows without a figure there, of one growth: a year's two are the same" test "$(rows GY any)-$(rows G1)" = 0-0
rm -r "$WORK/raw"
check "2020 on the mean of 2020" against_oracle 2020 2020
check "is 100.0 wherever there was anything" test "$(awk -F, '$13 == "IX" && $15 != "" { print $15 }' \
    "$(cat "$WORK/path")/obs.csv" | sort -u)" = 100.0
check "January 2020, whose month before nobody saw" against_oracle 2020-01 ""
check "has none at all" test "$(rows G1 any)" = 0
check "March 2021, which goes on still, is measured from nothing" against_oracle 2021-03 2020
check "it has rows without a figure" test "$(rows G1 any)-$(rows IX any)" = 0-0
take "$WORK/raw" 2021-02-10 --raw "${growth[@]}"
check "a single day has no rows" test "$(rows G1)" = 0
check "a base that is no period is refused: exit 2" bash -c "'$NHIP' snapshot --set 'redis.address=$REDIS' ${common[*]} \
    --set snapshot.growth=on --set snapshot.base=20x0 --dir '$WORK/x' --period 2021-02 2>'$WORK/err'; test \$? = 2"
check "the refusal names key, found and accepted" grep -q 'snapshot.base: found "20x0", accepted are' "$WORK/err"

check "without the setting there are none" take "$WORK/plain" 2021-02
check "no row" test "$(rows G1)" = 0
mkdir "$WORK/v"
for period in 2021-01 2020-02 2020-01 2020; do
    must "$period is published" take "$WORK/v" "$period" "${growth[@]}"
done
must "and February 2021 with its growth" take "$WORK/v" 2021-02 "${growth[@]}" --set snapshot.base=2020
published=$(cat "$WORK/path")
must "raw, too" take "$WORK/raw" 2021-02 --raw "${growth[@]}" --set snapshot.base=2020
check "free rows are the raw ones, withheld ones tell nothing" python3 tests/oracle/compare_controlled.py \
    "$(cat "$WORK/path")/obs.csv" "$published/obs.csv"
check "a growth is withheld just where one of its figures is" python3 - "$published" "$WORK/v" <<'PY'
import csv, glob, sys
AT = "REF_AREA INDICATOR EVIDENCE ACTIVITY UNIT_TYPE SIZE_CLASS PLATFORM INSTRUMENT".split()
def rows(pattern):
    (path,) = glob.glob(pattern)
    with open(path + "/obs.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
def withheld(period, frequency="M"):
    return {tuple(row[name] for name in AT) for row in rows("%s/THDX_ADOPTION_%s_%s_r1_*" % (sys.argv[2], frequency, period))
            if row["TRANSFORMATION"] == "N" and row["OBS_STATUS"] == "Q"}
now, before, year, year_before = map(withheld, ("2021-02", "2021-01", "2020-02", "2020-01"))
inputs = {"G1": now | before, "GY": now | year, "GYT": now | before | year | year_before, "IX": now | withheld("2020", "A")}
seen = {True: 0, False: 0}
for row in rows(sys.argv[1]):
    if row["TRANSFORMATION"] not in ("N", "IXM"): # chain.sh
        hidden = tuple(row[name] for name in AT) in inputs[row["TRANSFORMATION"]]
        assert hidden == (row["OBS_STATUS"] == "Q") and hidden == (row["CONF_STATUS"] == "D"), row
        seen[hidden] += 1
print(seen)
assert all(seen.values()), seen
PY
tet() { awk -F, -v p="$1" '$5 == p && $6 == "TET_DAYS" { print $8 }' "$published/paradata.csv"; }
check "paradata.csv says how many days of Tet each had" test "$(tet 2021-02)-$(tet 2021-01)-$(tet 2020-02)-$(tet 2020-01)-$(tet \
    2020)" = 5-0-0-5-5
check "the table of New Year's Days is that of the moon" python3 tests/oracle/tet.py aggregate/snapshot/tet.c
verify=("$NHIP" verify "$published" --logs "$log" "${common[@]}" "${growth[@]}" --set snapshot.base=2020)
check "the vintage is proved" "${verify[@]}"
must "January 2021 has a second release" take "$WORK/v" 2021-01 "${growth[@]}" --as-of 2021-06-01T00:00:00Z
check "the vintage is proved as before" "${verify[@]}"
check "without the setting it is not: exit 3" bash -c "'$NHIP' verify '$published' --logs '$log' ${common[*]}; test \$? = 3"
january=$(find "$WORK/v" -name '*_2021-01_r1_*')
echo >>"$january/codes.csv"
rm -r "$(find "$WORK/v" -name '*_2021-01_r2_*')"
check "a damaged release of a base is not measured from: exit 3" bash -c "'$NHIP' snapshot --set 'redis.address=$REDIS' \
    ${common[*]} ${growth[*]} --dir '$WORK/v' --period 2021-02 --as-of 2021-07-01T00:00:00Z 2>'$WORK/err'; test \$? = 3"
check "it is named" grep -q '_2021-01_r1_.*codes.csv' "$WORK/err"
finish
