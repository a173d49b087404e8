#!/bin/bash
# Messages that end nhip, as stops.sh: those of Redis and the state in it, of backups, restores, promotions and snapshots.
. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stops.sh"
begin stops_redis
redis_start
faulty=$BUILD/nhip-faults
must "a province is written to files" "$NHIP" generate --seed 5 --events 4000 --output "$WORK/log/" --partitions 2 \
    --sources "$WORK/sources.json"
log=$WORK/log/orders-0.ndjson
other=$WORK/log/orders-1.ndjson
here=(--set "redis.address=$REDIS" --set "sources.file=$WORK/sources.json" --set log.level=warn)
at() { # SOCKET: the same settings on another one
    echo --set "redis.address=$1" --set "sources.file=$WORK/sources.json" --set log.level=warn
}
count() { "$NHIP" run "${here[@]}" --file "$log" "$@" >"$WORK/count.log" 2>&1; }
meta() { rcli --raw keys "$1:f:*" | head -n 1; }
delete_keys() { rcli --raw keys "$1:*" | xargs redis-cli -s "$REDIS" del >/dev/null; }
# between NAME MODE WORD...: a proxy in front of Redis; its socket is $WORK/NAME
between() {
    local name=$1 _
    shift
    python3 tests/support/redis_between.py "$WORK/$name" "$REDIS" "$@" 2>"$WORK/$name.log" &
    for _ in $(seq 200); do [ -S "$WORK/$name" ] && return; sleep 0.05; done
    return 1
}
stopped() { # PID
    local _
    for _ in $(seq 600); do
        [ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1)" = T ] && return
        sleep 0.05
    done
    return 1
}
logged() { # FILE PATTERN
    local _
    for _ in $(seq 600); do grep -q -- "$2" "$1" && return; sleep 0.05; done
    return 1
}

# A reader that is always late: a minute, beside everything else.
outrun() {
    count --namespace busy
    must "somebody writes whenever it is read" between busy always EXEC redis-cli -s "$REDIS" hset "$(meta busy)" \
        instance somebody
    # shellcheck disable=SC2046
    "$NHIP" inspect $(at "$WORK/busy") --namespace busy --state >"$WORK/outrun.log" 2>&1 &
    outrun_pid=$!
}
outrun_end() {
    wait $outrun_pid
    check "a reader that commits outrun for a minute ends with 1" test $? = 1
    check "... and NHIP-R17" grep -q 'NHIP-R17: ' "$WORK/outrun.log"
    remedy R17 "it is calmer" "$NHIP" inspect "${here[@]}" --namespace busy
}

must "a state" count
must "its backup" "$NHIP" backup "${here[@]}" --to "$WORK/backup"
# restored NAMESPACE: what is there is thrown away, the backup is put there, and the run goes on
restored() {
    delete_keys "$1"
    "$NHIP" restore "${here[@]}" --from "$WORK/backup" --namespace "$1" && "$NHIP" run "${here[@]}" --namespace "$1" --file "$log"
}

doors() {
    ends R01 1 "$NHIP" inspect --set redis.address=127.0.0.1:1
    remedy R01 "redis.address is corrected" "$NHIP" inspect "${here[@]}"
    rcli set nhip:current nonsense >/dev/null
    ends R02 1 "$NHIP" promote "${here[@]}"
    rcli del nhip:current >/dev/null
    remedy R02 "the key that Redis complains of is taken away" "$NHIP" promote "${here[@]}"
    rcli acl setuser poor on nopass resetkeys -@all +info >/dev/null
    ends R03 3 "$NHIP" inspect "${here[@]}" --set redis.user=poor --set redis.password=x
    rcli acl setuser poor allkeys +@all >/dev/null
    remedy R03 "the user is given its rights" "$NHIP" inspect "${here[@]}" --set redis.user=poor --set redis.password=x
    rcli config set maxmemory-policy allkeys-lru >/dev/null
    ends R04 3 "$NHIP" run "${here[@]}" --file "$log"
    rcli config set maxmemory-policy noeviction >/dev/null
    remedy R04 "config set maxmemory-policy noeviction" "$NHIP" run "${here[@]}" --file "$log"
    must "a Redis of long ago" between old replace redis_version:7 redis_version:5
    # shellcheck disable=SC2046
    ends R05 3 "$NHIP" run $(at "$WORK/old") --file "$log"
    remedy R05 "a newer Redis" "$NHIP" run "${here[@]}" --file "$log"
}

damage() {
    local accounts
    count --namespace gone
    accounts=$(rcli --raw keys 'gone:a:*' | head -n 1)
    rcli del "$accounts" >/dev/null
    ends R08 3 "$NHIP" run "${here[@]}" --namespace gone --file "$log"
    ends R08 3 "$NHIP" inspect "${here[@]}" --namespace gone --state
    remedy R08 "a backup is restored" restored gone
    rcli hset "$(meta gone)" ordinal 99999999 >/dev/null
    ends R09 3 "$NHIP" run "${here[@]}" --namespace gone --file "$log"
    remedy R09 "a backup is restored" restored gone
    rcli hset "$(meta gone)" layout 9 >/dev/null
    ends R10 3 "$NHIP" inspect "${here[@]}" --namespace gone
    remedy R10 "a new namespace" "$NHIP" run "${here[@]}" --namespace gone2 --file "$log"
    ends R11 3 "$NHIP" run "${here[@]}" --set reporting.timezone=UTC --file "$log"
    remedy R11 "the settings that the state was made with" "$NHIP" run "${here[@]}" --file "$log"
    ends R14 3 "$NHIP" snapshot "${here[@]}" --namespace none --period 2021-09 --dir "$WORK/s"
    count --namespace none
    remedy R14 "nhip run commits something" "$NHIP" snapshot "${here[@]}" --namespace none --period 2021-09 --quiet \
        --dir "$WORK/s"
}

rivals() {
    local pid
    NHIP_FAULT=commit.confirm:1:stop "$faulty" run "${here[@]}" --namespace two --file "$log" --set rate.limit=1500 \
        --set commit.interval=10ms >"$WORK/fenced.log" 2>&1 &
    pid=$!
    must "a run sleeps" stopped $pid
    must "another one takes its partition" count --namespace two
    kill -CONT $pid
    wait $pid
    check "a run that has lost its partition ends with exit code 1" test $? = 1
    check "... and NHIP-R12" grep -q 'NHIP-R12: ' "$WORK/fenced.log"
    remedy R12 "one alone" "$NHIP" run "${here[@]}" --namespace two --file "$log"

    count --namespace three
    must "somebody writes into its meta again and again" between noise always MULTI redis-cli -s "$REDIS" hset "$(meta three)" \
        instance somebody
    # shellcheck disable=SC2046
    "$NHIP" run $(at "$WORK/noise") --namespace three --file "$log" >"$WORK/contested.log" 2>&1 &
    pid=$!
    check "NHIP-R18 is what a claim waits for meanwhile" logged "$WORK/contested.log" 'event=claim_waits .*code=NHIP-R18'
    kill $pid
    wait $pid
    remedy R18 "the other one is stopped" "$NHIP" run "${here[@]}" --namespace three --file "$log"
}

backups() {
    local backup=$WORK/backup file pid
    ends B01 4 "$NHIP" backup "${here[@]}" --to "$backup"
    remedy B01 "another --to" "$NHIP" backup "${here[@]}" --to "$WORK/backup2"
    ends B05 3 "$NHIP" restore "${here[@]}" --namespace nhip --from "$backup"
    remedy B05 "another namespace" "$NHIP" restore "${here[@]}" --namespace look --from "$backup"
    cp -r "$backup" "$WORK/broken"
    rm "$WORK/broken/MANIFEST.sha256"
    ends B02 3 "$NHIP" backup --check "$WORK/broken"
    cp "$backup/MANIFEST.sha256" "$WORK/broken/"
    remedy B02 "it is copied again as a whole" "$NHIP" backup --check "$WORK/broken"
    file=$(basename "$WORK"/broken/*orders-0.nhip)
    sed -i '1s/.*/nhip-backup 99/' "$WORK/broken/$file"
    (cd "$WORK/broken" && sha256sum -- *.nhip >MANIFEST.sha256)
    ends B03 3 "$NHIP" backup --check "$WORK/broken"
    remedy B03 "a backup that this nhip has written" "$NHIP" backup --check "$backup"

    count --namespace spoilt
    rcli hset "$(meta spoilt)" applied 1 >/dev/null
    ends B04 3 "$NHIP" backup "${here[@]}" --namespace spoilt --to "$WORK/spoilt"
    remedy B04 "an older backup" "$NHIP" backup --check "$backup"

    NHIP_FAULT=restore.fill:1:stop "$faulty" restore "${here[@]}" --namespace r --from "$backup" >"$WORK/rival.log" 2>&1 &
    pid=$!
    must "a restore sleeps" stopped $pid
    ends R15 3 "$NHIP" run "${here[@]}" --namespace r --file "$log"
    rcli hset "$(meta r)" owner another >/dev/null
    kill -CONT $pid
    wait $pid
    check "a restore whose mark is gone ends with 3" test $? = 3
    check "... and NHIP-B06" grep -q 'NHIP-B06: ' "$WORK/rival.log"
    remedy B06 "nothing else works there, and the same restore again" restored r
    NHIP_FAULT=restore.fill:1:kill "$faulty" restore "${here[@]}" --namespace r2 --from "$backup" >/dev/null 2>&1
    ends R15 3 "$NHIP" inspect "${here[@]}" --namespace r2
    remedy R15 "the same restore again" "$NHIP" restore "${here[@]}" --namespace r2 --from "$backup"
}

promotions() {
    local n2=("$NHIP" run "${here[@]}" --namespace n2 --file)
    ends B09 3 "$NHIP" promote "${here[@]}" n2
    ends B09 3 "$NHIP" promote "${here[@]}" --back
    "${n2[@]}" "$other" >/dev/null 2>&1
    ends B07 3 "$NHIP" promote "${here[@]}" n2
    "${n2[@]}" "$log" >/dev/null 2>&1
    must "somebody promotes in between" between rival before MULTI redis-cli -s "$REDIS" hset nhip:current promotions 1 \
        namespace somebody
    # shellcheck disable=SC2046
    ends B08 3 "$NHIP" promote $(at "$WORK/rival") n2
    rcli del nhip:current >/dev/null
    remedy B08 "nhip promote shows what is current" "$NHIP" promote "${here[@]}"
    remedy B07 "N2 was let go on" "$NHIP" promote "${here[@]}" n2
    "$NHIP" run "${here[@]}" --file "$other" >/dev/null 2>&1
    remedy B09 "there is one to go back to" "$NHIP" promote "${here[@]}" --back
    rcli del nhip:current >/dev/null
}

snapshots() {
    ends S01 3 "$NHIP" snapshot "${here[@]}" --period 2021-09 --as-of 2020-01-01T00:00:00Z --dir "$WORK/s"
    "$NHIP" run "${here[@]}" --namespace past --file "$log" --until "orders/0=$(head -n 500 "$log" | wc -c)" >/dev/null 2>&1
    remedy S01 "nhip run --namespace past --until OFFSETS, and a snapshot of that" "$NHIP" snapshot "${here[@]}" \
        --namespace past --period 2021-09 --dir "$WORK/past" --quiet
    "$NHIP" snapshot "${here[@]}" --period 2021-09 --dir "$WORK/ahead" --quiet >/dev/null 2>&1
    ends S05 3 "$NHIP" snapshot "${here[@]}" --namespace past --period 2021-09 --dir "$WORK/ahead"
    remedy S05 "another --dir" "$NHIP" snapshot "${here[@]}" --namespace past --period 2021-09 --dir "$WORK/behind" --quiet
    count --namespace mixed
    "$NHIP" run "${here[@]}" --namespace mixed --file "$other" --set window.records=1000 >/dev/null 2>&1
    ends S02 3 "$NHIP" snapshot "${here[@]}" --namespace mixed --period 2021-09 --dir "$WORK/mixed"
    count --namespace whole --file "$other"
    remedy S02 "both counted into a new namespace under one configuration" "$NHIP" snapshot "${here[@]}" --namespace whole \
        --period 2021-09 --dir "$WORK/mixed" --quiet

    local registry=(--file "$WORK/log/registry-0.ndjson") key field
    "$NHIP" run "${here[@]}" --namespace units "${registry[@]}" >/dev/null 2>&1
    key=$(rcli --raw keys 'units:u:*' | head -n 1)
    field=$(rcli --raw hkeys "$key" | head -n 1)
    rcli hset "$key" "$field" "$(rcli --raw hget "$key" "$field" | sed 's/"legal_form":"[^"]*"/"legal_form":"CLUB"/')" >/dev/null
    ends S03 3 "$NHIP" snapshot "${here[@]}" --namespace units --period 2021-09 --dir "$WORK/units"
    remedy S03 "the registry is counted into a new namespace" "$NHIP" run "${here[@]}" "${registry[@]}" --namespace units2
}

for part in ${ONLY:-outrun doors damage rivals backups promotions snapshots outrun_end}; do "$part"; done
finish
