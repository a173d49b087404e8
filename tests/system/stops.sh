#!/bin/bash
# Messages that end nhip: each is provoked, its code and exit status compared, and what the runbook (ops/README.md) says to type
# is typed. Here the command line, settings, files, memory and nhip itself; the others: ../stops.md.
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stops.sh"
begin stops
redis_start
example=tests/golden/example
events=$WORK/events-0.ndjson
cp $example/events.ndjson "$events"
here=(--set "redis.address=$REDIS" --set log.level=error)
count() { "$NHIP" run "${here[@]}" --file "$events" "$@"; }

commands() {
    ends U01 2 "$NHIP" snapshot --set namespace=a
    ends U01 2 "$NHIP" rnu
    remedy U01 "nhip COMMAND --help" "$NHIP" snapshot --help
    ends U02 2 "$NHIP" run "${here[@]}" --until nonsense
    ends U02 2 "$NHIP" run "${here[@]}" --file "$events" --until orders/0=100
    ends U03 2 "$NHIP" run --set window.records=12x
    remedy U03 "nhip config prints the settings" "$NHIP" config --set window.records=1200
    ends U04 2 "$NHIP" run --config "$WORK/none.conf"
    echo "namespace = n" >"$WORK/none.conf"
    remedy U04 "the file is made" "$NHIP" config --config "$WORK/none.conf"
    ends U05 2 "$NHIP" run "${here[@]}" --set kafka.bootstrap.servers=127.0.0.1:1 --set kafka.enable.auto.commit=true
    remedy U05 "the setting is taken away" "$NHIP" config --set kafka.bootstrap.servers=127.0.0.1:1
    ends U06 2 "$NHIP" inspect --set redis.tls=on --set redis.address=127.0.0.1:1 --set "redis.tls.ca=$WORK/none.pem"
    remedy U06 "openssl x509 tells a certificate from what is none" sh -c \
        "! openssl x509 -in '$WORK/none.conf' -noout -text" # tests/system/redis.sh has the right ones
    ends U09 2 "$NHIP" check --mapping "$WORK/none.conf" "$events"
    ends U10 2 "$NHIP" run "${here[@]}" --file "$events" \
        --set mappings=schemas/mappings/vnpay.json,schemas/mappings/vnpay.json
    remedy U10 "one of the two is left out" count --namespace u10 --set mappings=schemas/mappings/vnpay.json
}

json() {
    echo '{' >"$WORK/sources.json"
    ends U07 2 "$NHIP" run "${here[@]}" --set "sources.file=$WORK/sources.json" --file "$events"
    echo '{"A": {"success_at": "LATER"}}' >"$WORK/sources.json"
    ends U08 2 "$NHIP" run "${here[@]}" --set "sources.file=$WORK/sources.json" --file "$events"
    ends U09 2 "$NHIP" check --mapping "$WORK/sources.json" "$events"
    head -n 7 schemas/mappings/samples/vnpay.ndjson >"$WORK/samples.ndjson"
    remedy U09 "nhip check --mapping FILE SAMPLES" "$NHIP" check --mapping schemas/mappings/vnpay.json "$WORK/samples.ndjson"
    echo '{"A": {"success_at": "FIRST"}}' >"$WORK/sources.json"
    remedy U07 "the file is corrected" count --namespace u07 --set "sources.file=$WORK/sources.json"
    remedy U08 "the key is corrected" count --namespace u08 --set "sources.file=$WORK/sources.json"
    count --namespace u11 2>/dev/null
    sed 's/"window_days": [0-9]*/"window_days": "ninety"/' schemas/indicators.json >"$WORK/indicators.json"
    ends U11 2 "$NHIP" snapshot "${here[@]}" --namespace u11 --period 2021-09 --dir "$WORK/v" \
        --set "snapshot.definitions=$WORK/indicators.json"
    remedy U11 "snapshot.definitions is left empty" "$NHIP" snapshot "${here[@]}" --namespace u11 --period 2021-09 \
        --dir "$WORK/v" --quiet
}

registry() {
    sed '1s/\r$/,nothing_known\r/; 2,$s/\r$/,\r/' $example/registry.csv >"$WORK/r.csv"
    ends U12 2 "$NHIP" registry import "$WORK/r.csv" --output "$WORK/r.ndjson"
    remedy U12 "--skip-unknown-columns" "$NHIP" registry import "$WORK/r.csv" --output "$WORK/r.ndjson" --skip-unknown-columns
    sed '2s/^[^,]*,/,/' $example/registry.csv >"$WORK/r.csv"
    ends U13 2 "$NHIP" registry import "$WORK/r.csv" --output "$WORK/r.ndjson"
    remedy U13 "--skip-refused" "$NHIP" registry import "$WORK/r.csv" --output "$WORK/r.ndjson" --skip-refused
    mkdir -p "$WORK/other"
    cp "$events" "$WORK/other/"
    ends U14 2 "$NHIP" run "${here[@]}" --file "$events" --file "$WORK/other/events-0.ndjson"
    mv "$WORK/other/events-0.ndjson" "$WORK/other/events-1.ndjson"
    remedy U14 "one is given another partition" count --namespace u14 --file "$WORK/other/events-1.ndjson"
}

files() {
    ends F01 4 "$NHIP" run "${here[@]}" --file "$WORK/none.ndjson"
    remedy F01 "a file that can be read" count --namespace f01
    ends F02 4 "$NHIP" run "${here[@]}" --namespace w --file "$events" --set "status.file=$WORK/none/status"
    mkdir "$WORK/none"
    remedy F02 "the directory is made" count --namespace w --set "status.file=$WORK/none/status"
    count 2>/dev/null
    remedy U02 "offsets as nhip inspect prints them" "$NHIP" run "${here[@]}" --namespace u02 --file "$events" --until \
        "$("$NHIP" inspect "${here[@]}" --offsets)"
    head -n 3 "$events" >"$WORK/other/events-0.ndjson"
    ends K06 3 "$NHIP" run "${here[@]}" --file "$WORK/other/events-0.ndjson"
    NHIP_TORTURE=memory:9 ends M01 1 "$BUILD/tools/nhip_tortured" inspect "${here[@]}"
    remedy M01 "it is started again" "$NHIP" inspect "${here[@]}"
}

# A state that needs the middle of its file.
middle() {
    local log=$WORK/log/payments-0.ndjson small=(--set window.records=16)
    "$NHIP" generate --seed 5 --events 2000 --output "$WORK/log/" --partitions 1 >/dev/null 2>&1
    count --namespace middle "${small[@]}" --file "$log" 2>/dev/null
    mkdir -p "$WORK/joined"
    tr '\n' ' ' <"$log" >"$WORK/joined/payments-0.ndjson"
    ends F03 3 "$NHIP" run "${here[@]}" "${small[@]}" --namespace middle --file "$WORK/joined/payments-0.ndjson"
    remedy F03 "the file that the state comes from" "$NHIP" run "${here[@]}" "${small[@]}" --namespace middle --file "$log"
    # shellcheck disable=SC2016
    local piped=(sh -c 'cat "$1" | "$2" run --set "redis.address=$3" --set window.records=16 --namespace "$4" --file -' sh
        "$log" "$NHIP" "$REDIS")
    "${piped[@]}" pipe 2>/dev/null
    ends F04 3 "${piped[@]}" pipe
    remedy F04 "a new namespace" "${piped[@]}" pipe2
}

itself() {
    ends X01 134 env NHIP_FAULT=nonsense "$BUILD/nhip-faults" run "${here[@]}" --file "$events"
    remedy X01 "it is started again" "$BUILD/nhip-faults" run "${here[@]}" --file "$events"
    ends X03 1 timeout --preserve-status -s INT 1 "$NHIP" demo --dir "$WORK/demo" --events 3000000
    ends X04 1 env PATH=/nonexistent "$NHIP" demo --dir "$WORK/demo" --events 2000
    remedy X03 "it is started again" "$NHIP" demo --dir "$WORK/demo" --events 2000
    remedy X04 "redis-server is installed" test -s "$WORK/demo/log/payments-0.ndjson"
}

commands
json
registry
files
middle
itself
finish
