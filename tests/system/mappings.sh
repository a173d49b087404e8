#!/bin/bash
# Mappings, from the files that are shipped: every sample gives what is written beside it, from the engine and from the second
# implementation (tests/oracle/mapping.py) alike, also when the messages are broken and when the mappings are nobody's.
. "$(dirname "$0")/../support/lib.sh"
begin mappings
MUTANTS=${MUTANTS:-600} RANDOM_MAPPINGS=${RANDOM_MAPPINGS:-40}
unset COLUMNS

# canonical MAPPING MESSAGES: refusals are no failure; a mistake in the mapping, or a bug that check found by itself, is.
canonical() {
    local status=0
    "$NHIP" check --mapping "$1" --topic t --canonical "$2" 2>"$WORK/counts" || status=$?
    ! grep -E 'bug of nhip|rror:' "$WORK/counts" >&2 && [ "$status" -le 1 ]
}

as_written() { # NAME
    canonical "schemas/mappings/$1.json" "schemas/mappings/samples/$1.ndjson" >"$WORK/out" &&
        diff "$WORK/out" "schemas/mappings/samples/$1.expected.ndjson"
}

as_oracle() { # MAPPING MESSAGES
    canonical "$1" "$2" >"$WORK/out" && python3 tests/oracle/mapping.py "$1" "$2" t >"$WORK/oracle" &&
        diff -a "$WORK/out" "$WORK/oracle" | cut -c1-300 >"$WORK/differences" || true
    [ -s "$WORK/oracle" ] && cmp "$WORK/out" "$WORK/oracle" || { head -n 6 "$WORK/differences"; false; }
}

decoded() { # NAME: the canonical lines are events by themselves
    grep -v '^{"line"' "schemas/mappings/samples/$1.expected.ndjson" >"$WORK/events" && "$NHIP" check "$WORK/events"
}

mutated() { # NAME
    python3 tests/oracle/mapped_mutants.py mutants "schemas/mappings/samples/$1.ndjson" "$MUTANTS" 4 >"$WORK/mutants" &&
        as_oracle "schemas/mappings/$1.json" "$WORK/mutants" && grep -q '^{"type"' "$WORK/out" && grep -q '"refused"' "$WORK/out"
}

names=0
for file in schemas/mappings/*.json; do
    name=$(basename "$file" .json)
    names=$((names + 1))
    check "$name: the sample gives what is written beside it" as_written "$name"
    check "$name: its canonical lines decode" decoded "$name"
    check "$name: $MUTANTS broken messages mean to the engine what they mean to the oracle" mutated "$name"
    check "$name: the sample has an event, an ignored and a refused one" \
        grep -cE '^\{"type"' "schemas/mappings/samples/$name.expected.ndjson"
    for kind in ignored refused; do
        check "$name: the sample has one that is $kind" grep -q "\"$kind\"" "schemas/mappings/samples/$name.expected.ndjson"
    done
    check "$name: says where its sample comes from" grep -q 'https://' "schemas/mappings/samples/${name%-created}.md"
done
check "all ten shipped mappings were found" [ "$names" -ge 10 ]

random_agree() {
    local seed different=0
    for seed in $(seq "$RANDOM_MAPPINGS"); do
        python3 tests/oracle/mapped_mutants.py random "$seed" 60 "$WORK/random.json" "$WORK/random.ndjson" || return 1
        as_oracle "$WORK/random.json" "$WORK/random.ndjson" && continue
        echo "seed $seed"
        different=$((different + 1))
    done
    [ "$different" -eq 0 ]
}
check "$RANDOM_MAPPINGS mappings that nobody wrote: engine and oracle agree on every message" random_agree

# ---- the README's example, word for word ----

blocks() { # NUMBER [HEADING]: a block of code of the worked example, or below another heading
    awk -v wanted="$1" -v heading="${2:-A worked example}" '/^## /{ inside = index($0, heading) > 0 }
        inside && /^```/ { open = !open; count += open; next } inside && open && count == wanted' schemas/mappings/README.md
}
blocks 1 >"$WORK/chopay.ndjson"
blocks 2 >"$WORK/chopay.json"
example() { # STATUS BLOCK ARGUMENTS...
    local expected=$1 block=$2 status=0
    shift 2
    COLUMNS=100 "$NHIP" check --mapping "$WORK/chopay.json" "$@" "$WORK/chopay.ndjson" >"$WORK/out" || status=$?
    [ "$block" = 0 ] || blocks "$block" | diff - <(head -n "$(blocks "$block" | wc -l)" "$WORK/out")
    [ "$status" = "$expected" ]
}
check "README: the first attempt shows what the page shows" example 1 3
sed -i 's/{"PAID": "CAPTURED"}/{"PAID": "CAPTURED", "NO_FUNDS": "DECLINED"}/' "$WORK/chopay.json"
check "README: so does the second" example 1 4 --refused
sed -i "s|^    \"amount_minor\"|$(blocks 5)\\n&|" "$WORK/chopay.json"
check "README: and then nothing is refused" example 0 0

skeleton() { # NUMBER MESSAGE PATTERN
    { printf '{"name": "skeleton", "topics": ["t"],\n' && blocks "$1" Skeletons && printf '}\n'; } >"$WORK/skeleton.json"
    echo "$2" >"$WORK/message" && canonical "$WORK/skeleton.json" "$WORK/message" >"$WORK/out"
    cat "$WORK/out" && grep -q "$3" "$WORK/out"
}
check "README: the skeleton of a payment makes one" skeleton 1 \
    '{"id": 7, "state": "ok", "at": "2021-09-03T18:00:00Z", "merchant": "m", "amount": 5}' '^{"type":"payment.status"'
check "README: the skeleton of an order makes one" skeleton 2 \
    '{"id": 7, "state": "sent", "at": "2021-09-03T18:00:00Z", "total": "5000", "method": "card"}' '^{"type":"order.shipped"'

# ---- nhip check as people meet it ----

says() { # STATUS PATTERN COMMAND...
    local status=$1 pattern=$2 got=0
    shift 2
    "$@" >"$WORK/out" 2>&1 || got=$?
    cat "$WORK/out"
    [ "$got" = "$status" ] && grep -qE -- "$pattern" "$WORK/out"
}
vnpay=schemas/mappings/vnpay.json
sample=schemas/mappings/samples/vnpay.ndjson
caret() { # the character over the caret of line 8's refusal
    "$NHIP" check --mapping $vnpay --refused $sample >"$WORK/out"
    awk '/^8 /{ getline line; getline caret; print substr(line, index(caret, "^"), 9) }' "$WORK/out"
}
check "the caret stands under the first byte of the value" [ "$(caret)" = '"2100050"' ]
check "the rule and the remedy are shown" says 1 'rule: "amount_minor": \{"from": "/vnp_Amount", "scale": 2\}' \
    "$NHIP" check --mapping $vnpay $sample
check "the counts are shown" says 1 '10 lines: 5 events, 2 ignored, 3 refused \(unknown_code 1, bad_time 1, bad_amount 1\)' \
    "$NHIP" check --mapping $vnpay $sample
check "nothing refused: exit 0" says 0 '7 lines: 5 events' "$NHIP" check --mapping $vnpay <(head -n 7 $sample)
check "from standard input" says 1 '10 lines' "$NHIP" check --mapping $vnpay - <$sample
check "canonical output goes back in" says 0 '5 lines: 5 events, 0 ignored, 0 refused$' "$NHIP" check \
    <("$NHIP" check --mapping $vnpay --canonical <(head -n 5 $sample) 2>/dev/null)
sed 's/"scale"/"skale"/' $vnpay >"$WORK/bad.json"
check "a mistake in the mapping: exit 2, file, line, pointer, nearest key" says 2 \
    'bad.json line [0-9]+, /event/amount_minor/skale: .*"scale"' "$NHIP" check --mapping "$WORK/bad.json" $sample
check "no file: exit 2" says 2 'exactly one file' "$NHIP" check --mapping $vnpay
check "no such file: exit 4" says 4 'none.ndjson: No such file' "$NHIP" check none.ndjson
check "no such mapping: exit 2" says 2 'none.json' "$NHIP" check --mapping none.json $sample
check "a reader that leaves early is no error" says 0 '.' bash -c \
    "set -o pipefail; for i in {1..2000}; do cat $sample; done | '$NHIP' check --mapping $vnpay - 2>&1 | head -n 3; exit 0"
printf '{"a":"\033]0;x\007\033[31m\342\200\256","vnp_Amount":\n' >"$WORK/evil.ndjson"
quiet() {
    "$NHIP" check --mapping $vnpay "$WORK/evil.ndjson" >"$WORK/out"
    grep -q 'refused' "$WORK/out" && ! LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f]|\xe2\x80\xae' "$WORK/out"
}
check "no byte of the data plays with the terminal" quiet
check "--help teaches by examples within 100 columns" says 0 'Examples:' "$NHIP" check --help
check "within 100 columns" awk 'length > 100 { print; bad = 1 } END { exit bad }' "$WORK/out"
finish
