#!/bin/bash
# The command line as people meet it: help, mistakes, unreachable servers, signals.
. "$(dirname "$0")/../support/lib.sh"
begin cli

says() { # STATUS PATTERN COMMAND...
    local status=$1 pattern=$2 got=0
    shift 2
    "$@" >"$WORK/out" 2>&1 || got=$?
    cat "$WORK/out"
    [ "$got" = "$status" ] && grep -qE "$pattern" "$WORK/out"
}

check "nhip without arguments shows the commands and exits 2" says 2 "snapshot +Publish" "$NHIP"
check "nhip --help exits 0" says 0 "How it goes" "$NHIP" --help
check "an unknown command is named" says 2 'unknown command "rnu"' "$NHIP" rnu
check "and the nearest one is told" says 2 'did you mean "snapshot"' "$NHIP" snapshto
check "an unknown option gets the nearest one" says 2 'did you mean --file' "$NHIP" run --fiel x
check "nhip help COMMAND is nhip COMMAND --help" bash -c "diff <('$NHIP' help backup) <('$NHIP' backup --help)"
check "help for an unknown command is refused" says 2 'unknown command "rnu"' "$NHIP" help rnu
check "an unknown setting gets the nearest one" says 2 'did you mean "redis.address"' "$NHIP" run --set redis.adress=x
check "a bad value names what is accepted" says 2 'window.records: found "12x", accepted is an integer from 16' "$NHIP" \
    run --set window.records=12x
printf 'namespace = a\n\nwindow.records = -5\n' >"$WORK/bad.conf"
check "a bad file is named with line and key" says 2 "bad.conf:3: window.records: found \"-5\"" "$NHIP" run --config \
    "$WORK/bad.conf"
printf 'namespace\n' >"$WORK/bad.conf"
check "a line without = is named" says 2 "bad.conf:1: found \"namespace\"" "$NHIP" run --config "$WORK/bad.conf"
check "a missing configuration file is named" says 2 "none.conf: No such file" "$NHIP" run --config "$WORK/none.conf"
check "an unknown zone is named" says 2 "Mars/Phobos" "$NHIP" run --set reporting.timezone=Mars/Phobos
check "an unknown currency is named" says 2 "XXQ" "$NHIP" run --set reporting.currency=XXQ
printf '{"A": {"success_at": "LATER"}}' >"$WORK/sources.json"
check "a bad sources.json names file, key and accepted values" says 2 "sources.json.*success_at.*LATER.*FIRST" "$NHIP" \
    run --set "sources.file=$WORK/sources.json"
check "a safety property of librdkafka cannot be overridden" says 2 "enable.auto.commit" "$NHIP" run --set \
    kafka.bootstrap.servers=127.0.0.1:1 \
    --set kafka.enable.auto.commit=true --set redis.address=none
check "environment variables are read" says 2 'NHIP_WINDOW_RECORDS: window.records: found "0"' env NHIP_WINDOW_RECORDS=0 \
    "$NHIP" config
check "config shows where a value came from" says 0 "namespace += x +# --set" "$NHIP" config --set namespace=x
check "config --plan does the arithmetic of memory" says 0 "ledger cells: accounts x days x facets +24000000 +26 +595.1$" \
    "$NHIP" config --plan 8,20000,500,3
check "of the days that are kept" grep -q '^400 of 500 days are kept (retention.days = 400)' "$WORK/out"
check "with sketches by account, of them too" says 0 "sketches by account and month, at most +320000 +4097 +1250.3$" \
    "$NHIP" config --plan 8,20000,400,3 --set sketches.accounts=on
check "the window is as large as the setting says" test "$("$NHIP" config --plan 1,1,1,1 --set window.records=1000 |
    awk '/windows/ { print $(NF - 1) }')" -lt "$("$NHIP" config --plan 1,1,1,1 | awk '/windows/ { print $(NF - 1) }')"
check "what is no plan is refused with what is accepted" says 2 'NHIP-U03: --plan: found "8,0,400,3", accepted is PARTITIONS' \
    "$NHIP" config --plan 8,0,400,3
check "a missing events file is named" says 4 "none.ndjson" "$NHIP" run --set "redis.address=$WORK/none.sock" --file \
    "$WORK/none.ndjson"

waits() { # PATTERN COMMAND...: says that it waits, and exits 0 on SIGTERM
    local pattern=$1 pid
    shift
    "$@" >"$WORK/out" 2>&1 &
    pid=$!
    for _ in $(seq 100); do
        grep -qE "$pattern" "$WORK/out" && break
        sleep 0.1
    done
    kill -TERM $pid
    wait $pid
    local status=$?
    cat "$WORK/out"
    [ $status = 0 ] && grep -qE "$pattern" "$WORK/out"
}
check "Redis unreachable: says so with the address, tries again, exits 0 on SIGTERM" waits "redis_waits.*127.0.0.1:1" \
    "$NHIP" run --set redis.address=127.0.0.1:1 --set kafka.bootstrap.servers=127.0.0.1:1
redis_start
check "Kafka unreachable: says so with the address, tries again, exits 0 on SIGTERM" waits "kafka_waits.*127.0.0.1:1" \
    "$NHIP" run --set "redis.address=$REDIS" --set kafka.bootstrap.servers=127.0.0.1:1
rcli config set maxmemory-policy allkeys-lru >/dev/null
check "an eviction policy other than noeviction is refused" says 3 "allkeys-lru.*noeviction" "$NHIP" run --set \
    "redis.address=$REDIS" --file README.md
rcli config set maxmemory-policy noeviction >/dev/null
check "a snapshot of an empty namespace is refused with the remedy" says 3 "nhip run" "$NHIP" snapshot --set \
    "redis.address=$REDIS" --period 2021-09 --dir "$WORK/s"
snapshot_of() { "$NHIP" snapshot --set "redis.address=$REDIS" --dir "$WORK/s" "$@"; }
check "snapshot --help shows a backfill and turns on the clock" says 0 "from 2021-01 --every 24h" "$NHIP" snapshot --help
check "neither a period nor the first of several is named" says 2 "NHIP-U01.*--period is missing" snapshot_of
check "one period and several are not the same request" says 2 "give one of the two" snapshot_of --period 2021-09 --from 2021-07
check "the last period lies not before the first" says 2 "earlier one first" snapshot_of --from 2021-09 --to 2021-07
check "the periods of a series are of one form" says 2 "two periods of one form" snapshot_of --from 2021-07 --to 2021-Q3
check "a duration that is none names what is accepted" says 2 '"often", accepted are durations' snapshot_of --period 2021-09 \
    --every often
check "days of an interval are whole days" says 2 '"36h".*whole days' snapshot_of --period 2021-09 --every 36h
check "turns take AS_OF from the state" says 2 "leave --as-of out" snapshot_of --period 2021-09 --every 1h \
    --as-of 2021-10-02T17:00:00Z
check "a backfill of an empty namespace is refused with the remedy" says 3 "NHIP-R14.*nhip run" snapshot_of \
    --from 2021-08 --to 2021-09
cp tests/golden/example/events.ndjson "$WORK/events-0.ndjson"
check "a file is read" says 0 "" "$NHIP" run --set "redis.address=$REDIS" --set log.level=warn --file "$WORK/events-0.ndjson"
check "a bad period names the accepted forms" says 2 "2021-13.*2021-Q3" "$NHIP" snapshot --set "redis.address=$REDIS" \
    --period 2021-13 --dir "$WORK/s"
rcli hset "nhip:f:$(rcli keys 'nhip:f:*' | sed 's/^nhip:f://')" layout 9 >/dev/null
check "an unknown layout is refused" says 3 "layout" "$NHIP" run --set "redis.address=$REDIS" --set log.level=warn \
    --file "$WORK/events-0.ndjson"
# Every example of every help text is typed, with private servers in the place of the usual ones.
mkdir -p "$WORK/examples/log" "$WORK/examples/snapshots" "$WORK/bin"
ln -s "$NHIP" "$WORK/bin/nhip"
ln -s "$home/schemas" "$WORK/examples/schemas"
cp schemas/mappings/*.json "$WORK/examples/"
cp schemas/mappings/samples/momo.ndjson "$WORK/examples/"
printf 'redis.address = %s\nkafka.bootstrap.servers = 127.0.0.1:1\n' "$REDIS" >"$WORK/examples/nhip.conf"
cp "$WORK/examples/nhip.conf" "$WORK/examples/new.conf"
head -n 3 tests/golden/example/events.ndjson >"$WORK/examples/log/payments-0.ndjson"
: >"$WORK/examples/log/registry-0.ndjson"
for command in $("$NHIP" help | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p'); do
    "$NHIP" help "$command" | sed -n '/^Examples\{0,1\}:/,/^$/p' | sed -n 's/^  //p' |
        sed "s,127.0.0.1:6379,$REDIS,; s/\(localhost\|127.0.0.1\):9092/127.0.0.1:1/; s,/backups/,$WORK/,g" >"$WORK/typed"
    grep -q '^nhip\|| nhip' "$WORK/typed" || not_ok "nhip help $command has an example"
    while IFS= read -r line; do
        typed=(bash -c "$line")
        case $line in "nhip top --config"*) typed=(script -qec "$line" /dev/null) ;; esac # wants a terminal
        (cd "$WORK/examples" && PATH=$WORK/bin:$PATH timeout -k 5 3 "${typed[@]}") >"$WORK/out" 2>&1 </dev/null
        status=$?
        check "the example is understood: $line" bash -c "
            test $status -ne 2 -a $status -ne 127 && ! grep -E 'NHIP-(U01|X01)|unknown (command|setting)' '$WORK/out'"
    done <"$WORK/typed"
done
check "nobody wrote a snapshot on the way" test ! -e "$WORK/s/LATEST"
finish
