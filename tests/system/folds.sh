#!/bin/bash
# snapshot.folds: closed days of the ledger in local files. A vintage made with them is, byte for byte, the one made without: when
# they are written, when they are used, after late events, when Redis was emptied and filled with other data at the same offsets,
# after a restore and a promotion, with damaged files and with those of another state. EVENTS (default 20000).
. "$(dirname "$0")/../support/lib.sh"
begin folds
redis_start
EVENTS=${EVENTS:-20000}
must "a province of $EVENTS events is written" "$NHIP" generate --seed 21 --events "$EVENTS" --partitions 2 \
    --output "$WORK/log/" --truth "$WORK/truth.json" --sources "$WORK/sources.json"
folds=$WORK/folds

counts() { # LOG NAMESPACE OPTION...
    local log=$1 namespace=$2
    shift 2
    age=$((age + 1))
    local -a files=()
    for file in "$log"/*.ndjson; do files+=(--file "$file"); done
    on run --set "namespace=$namespace" --set "sources.file=$WORK/sources.json" "${files[@]}" "$@"
}
snapshot() { # NAMESPACE DIR OPTION...: what is logged stands in $WORK/log.txt
    local namespace=$1 directory=$2
    shift 2
    "$NHIP" snapshot --set "redis.address=$REDIS" --set "namespace=$namespace" --set "sources.file=$WORK/sources.json" \
        --period 2021-09 --daily --quiet --dir "$directory" "$@" >/dev/null 2>"$WORK/log.txt"
}
said() { sed -n "s/.*event=state_read .*folds_$1=\([0-9]*\).*/\1/p" "$WORK/log.txt"; }
more() { [ "$(said "$1")" -gt "$2" ]; }
made_anew() { [ "$(said used)" = 0 ] && [ "$(said written)" -gt 5 ]; }
refused() { # REASON: the log says it of some fold, and all are made again
    grep -q "event=fold_refused.*reason=\"$1\"" "$WORK/log.txt" && made_anew
}
turn=0
age=0 # of the states: one without folds suffices while nothing is counted
same() { # NAMESPACE: two vintages into fresh directories, with and without folds, agree in every file
    local plain=$WORK/without-$1-$age
    turn=$((turn + 1))
    [ -d "$plain" ] || snapshot "$1" "$plain" || return 1
    snapshot "$1" "$WORK/with-$turn" --set "snapshot.folds=$folds" || return 1
    diff -r "$(vintage "$WORK/with-$turn")" "$(vintage "$plain")"
}
fold_files() { find "$folds" -name '*.fold' | wc -l; }

must "most of it is counted" counts "$WORK/log" a --until "$(for file in "$WORK"/log/*.ndjson; do
    name=$(basename "$file" .ndjson)
    lines=$(wc -l <"$file")
    [[ $name == registry* ]] && take=$lines || take=$((lines * 9 / 10))
    echo "${name%-*}/${name##*-}=$(head -n "$take" "$file" | wc -c)"
done | paste -sd,)"
check "the first vintage with folds is the one without" same a
check "... it wrote folds, and used none" made_anew
check "they are confidential" test -z "$(find "$folds" -perm /077)"
check "the second is too" same a
check "... it used them, wrote none and refused none" bash -c \
    "[ '$(said used)' -gt 5 ] && [ '$(said written)' = 0 ] && [ '$(said refused)' = 0 ]"
rcli config resetstat >/dev/null
snapshot a "$WORK/few" --set "snapshot.folds=$folds"
few=$(rcli info commandstats | sed -n 's/^cmdstat_hgetall:calls=\([0-9]*\).*/\1/p')
rcli config resetstat >/dev/null
snapshot a "$WORK/many"
many=$(rcli info commandstats | sed -n 's/^cmdstat_hgetall:calls=\([0-9]*\).*/\1/p')
check "Redis was asked for fewer hashes: $few and not $many" test "$few" -lt "$many"

must "the rest is counted: late events among it" counts "$WORK/log" a
check "a vintage after late events is the one without folds" same a
check "... days that changed were folded anew" more written 0

damage() { # HOW: every fold
    python3 - "$folds" "$1" <<'PY'
import os, sys
for path, _, names in os.walk(sys.argv[1]):
    for name in (name for name in names if name.endswith(".fold")):
        with open(f"{path}/{name}", "r+b") as file:
            data = bytearray(file.read())
            data[len(data) // 2] ^= 4
            file.seek(0)
            file.write({"bit": data, "long": data + b"x"}.get(sys.argv[2], b""))
            file.truncate({"short": len(data) - 7, "empty": 0}.get(sys.argv[2]))
PY
}
for how in bit short empty long; do
    damage $how
    check "folds with damage ($how) are not believed: the vintage is the one without" same a
    check "... the log says so, and they are made again" refused damaged
done
touch "$(dirname "$(find "$folds" -name '*.fold' | head -n 1)")/.18900.1.aside"
check "half a file that a crash left aside is nothing" same a
check "... and the others are used" more used 5

# The same file lengths and offsets, other amounts.
mkdir "$WORK/other"
cp "$WORK"/log/*.ndjson "$WORK/other/"
sed -i -E 's/"(amount|goods_amount)_minor":([1-8])/"\1_minor":9/' "$WORK"/other/[op]*.ndjson
check "the other data have the same offsets" bash -c "
    cd '$WORK/log' && for file in *.ndjson; do [ \$(wc -c <\$file) = \$(wc -c <'$WORK/other/'\$file) ] || exit 1; done
    ! cmp -s payments-0.ndjson '$WORK/other/payments-0.ndjson'"
snapshot a "$WORK/old" --raw
rcli flushall >/dev/null
must "Redis is emptied, and other data are counted under the same name" counts "$WORK/other" a
check "a vintage of them is the one without folds" same a
check "... because the folds are of another state" refused "of another state"
snapshot a "$WORK/new" --raw
check "... and it would have been another one with them" bash -c \
    "! cmp -s '$(raw_vintage "$WORK/old")/obs.csv' '$(raw_vintage "$WORK/new")/obs.csv'"

must "a second namespace is counted" counts "$WORK/log" b
check "folds of one namespace are not those of the other" same b
check "... it used none" bash -c "[ '$(said used)' = 0 ]"
for file in $(cd "$folds/n-b" && find . -name '*.fold'); do cp "$folds/n-a/$file" "$folds/n-b/$file"; done
check "nor when somebody copies them over" same b
check "... they are refused and made again" refused "of another state"
must "another configuration is counted in a third" counts "$WORK/log" c --set window.records=1000
for file in $(cd "$folds/n-b" && find . -name '*.fold'); do
    mkdir -p "$(dirname "$folds/n-c/$file")" && cp "$folds/n-b/$file" "$folds/n-c/$file"
done
snapshot c "$WORK/c" --set "snapshot.folds=$folds" --set window.records=1000
check "folds of another configuration are refused" refused "of another state"

# A restored state has no name until it is claimed, then another one.
must "a backup is made" on backup --set namespace=b --to "$WORK/backup"
rcli --raw keys 'b:*' | xargs redis-cli -s "$REDIS" del >/dev/null
must "... and restored where it was" on restore --set namespace=b --set "sources.file=$WORK/sources.json" --from "$WORK/backup"
check "the restored state gives the vintage without folds" same b
check "... nobody has named it: no folds are used or written" test "$(said used) $(said written)" = "0 0"
age=$((age + 1))
must "it is counted on" counts "$WORK/log" b
check "then it gives the same" same b
check "... with folds of its own, not those from before" made_anew
must "it is promoted" on promote b --set "sources.file=$WORK/sources.json"
check "the promoted one gives the same, with its folds" same b
check "... they were used" more used 5

unwritable() { snapshot b "$WORK/d" --set snapshot.folds=/proc/nowhere && grep -q event=fold_unwritten "$WORK/log.txt"; }
check "a directory that cannot be written to costs a warning, not the vintage" unwritable
on inspect --state --set namespace=b >"$WORK/dump"
check "the state's name is not in its dump" bash -c "[ -s '$WORK/dump' ] && ! grep -qE 'born|^b:b:' '$WORK/dump'"
finish
