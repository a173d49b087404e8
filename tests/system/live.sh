#!/bin/bash
# The HTTP API and the live page of nhip run, on a real Kafka and Redis: answers against schemas/openapi.json, the hashes in Redis
# and obs.csv (tests/readers/api.py); the page in a headless Chromium (support/live_page.py; PICTURES=DIR keeps screenshots).
. "$(dirname "$0")/../support/lib.sh"
begin live
redis_start
kafka_start
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
snapshots=$WORK/snapshots
must "a province is produced" "$NHIP" generate --seed 12 --events "${EVENTS:-20000}" --kafka "$KAFKA" --partitions 2 \
    --prefix "$prefix" --sources "$WORK/sources.json" --truth "$WORK/truth.json"
fetch() { curl -s -m 20 -o "$WORK/answer" -w '%{http_code}' "http://127.0.0.1:$port$1"; }

# tap COMMAND...: its lines are claims, its failures ours
tap() {
    "$@" >"$WORK/tap" 2>"$WORK/tap.err"
    local status=$?
    cat "$WORK/tap"
    [ "$status" -eq 0 ] || sed 's/^/#   /' "$WORK/tap.err" | tail -n 20
    failures=$((failures + $(grep -c '^not ok' "$WORK/tap")))
    check "$(basename "$2") came to its end" test "$(grep -c 'ok - ' "$WORK/tap")" -ge "${tap_least:-14}"
}

take() { on snapshot --quiet --set "snapshot.directory=$snapshots" --set "sources.file=$WORK/sources.json" "$@" 2>/dev/null; }

: >"$WORK/run.log"
EXEC="exec" on run --set "topics=$topics" --set "kafka.group.id=$prefix" --set "sources.file=$WORK/sources.json" \
    --set log.level=info --set http.listen=127.0.0.1:0 --set "snapshot.directory=$snapshots" --set commit.interval=100ms \
    --set redis.timeout=2s 2>"$WORK/run.log" &
job=$!
for _ in $(seq 200); do
    port=$(sed -n 's/.*event=http_listening .*port=\([0-9]*\).*/\1/p' "$WORK/run.log")
    [ -n "$port" ] && break
    sleep 0.05
done
check "before there is a vintage, observations and report are 404" bash -c "
    for path in v1/observations report; do
        test \"\$(curl -s -m 20 -o /dev/null -w '%{http_code}' http://127.0.0.1:$port/\$path)\" = 404 || exit 1
    done"
settled() { # all ten partitions at the end, and the windows of that prefix in Redis
    fetch /metrics >/dev/null
    local ends offsets
    ends=$(sed -n 's/^nhip_committed_offset{topic="\(.*\)",partition="\(.*\)"} /\1\/\2=/p' "$WORK/answer" | sort | tr '\n' ' ')
    offsets=$(rcli HGET nhip:rolling:7d _offsets | tr ' ' '\n' | sort | tr '\n' ' ')
    [ "$(awk '/^nhip_lag_records{/ { n++; lag += $2 } END { print n + 0, lag + 0 }' "$WORK/answer")" = "10 0" ] &&
        [ "$ends" = "$offsets" ]
}
for _ in $(seq 300); do
    settled && break
    sleep 0.2
done
must "all is counted, and the windows stand for all of it" settled
check "vintages are published: two periods, raw figures beside them" eval \
    "take --period 2021-08 && take --period 2021-09 && take --period 2021-09 --raw && test -s '$snapshots/LATEST'"
on inspect --json >"$WORK/state.json"
on inspect --state >"$WORK/state"

python=$(tests/support/readers.sh tests/readers/api-requirements.txt 2>"$WORK/pip.log") || python=
must "the validators' Python is there (pip can reach a package index, or did once)" test -x "$python"
tap "$python" tests/readers/api.py "$port" "$REDIS" "$snapshots"

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || chromium=
if [ -n "$chromium" ]; then
    [ -n "${PICTURES:-}" ] && mkdir -p "$PICTURES"
    tap python3 tests/support/live_page.py "$chromium" "$port" "$REDIS" "$snapshots" "$WORK/state.json" ${PICTURES:+"$PICTURES"}
else
    skip "the page in a browser" "there is no chromium (apt-get install chromium)"
fi

kill -STOP "$(cat "$WORK/redis.pid")"
check "with a deaf Redis /v1/rolling is 503 within seconds, and says why" eval \
    "for _ in 1 2 3 4 5 6; do sleep 1; fetch /v1/rolling; done | grep -q 503 && test \"\$(fetch /v1/rolling)\" = 503"
check "and the events go on, with the reason in them" eval \
    "curl -s -m 6 -N http://127.0.0.1:$port/events >'$WORK/events'; test \"\$(grep -c '^data: ' '$WORK/events')\" -ge 2 &&
    tail -n 2 '$WORK/events' | grep -q '\"trouble\":\"Redis at '"
check "published figures do not depend on Redis" test "$(fetch '/v1/observations?indicator=ENT_MKTPL')" = 200
kill -CONT "$(cat "$WORK/redis.pid")"
for _ in $(seq 100); do
    [ "$(fetch /v1/rolling)" = 200 ] && break
    sleep 0.2
done
check "it answers again when Redis is back" test "$(fetch /v1/rolling)" = 200
check "who looks away stops the work: no command of the page's reaches Redis" eval '
    sleep 7
    count() { rcli INFO commandstats | sed -n "s/^cmdstat_hgetall:calls=\([0-9]*\),.*/\1/p"; }
    before=$(count); sleep 3; test $(($(count) - before)) -le 8'
curl -s -m 60 -N "http://127.0.0.1:$port/events" >/dev/null &
viewer=$!
for _ in $(seq 50); do
    fetch /v1/rolling >/dev/null
    sleep 0.02
done
kill -TERM $job
wait $job
check "SIGTERM ends it with exit 0 while somebody looks" test $? = 0
wait $viewer
on inspect --state >"$WORK/after"
check "and looking has changed nothing of the state" diff "$WORK/state" "$WORK/after"

# --- under load: the same log once more, slowly enough to last for a while, into an empty Redis ---
if [ -n "$chromium" ]; then
    rcli flushall >/dev/null
    : >"$WORK/load.log"
    EXEC="exec" on run --set "topics=$topics" --set "kafka.group.id=${prefix}load" --set "sources.file=$WORK/sources.json" \
        --set log.level=info --set http.listen=127.0.0.1:0 --set "snapshot.directory=$snapshots" --set commit.interval=200ms \
        --set workers=1 --set "rate.limit=$((${EVENTS:-20000} / 30))" --set rolling.idle=1s 2>"$WORK/load.log" &
    job=$!
    for _ in $(seq 200); do
        port=$(sed -n 's/.*event=http_listening .*port=\([0-9]*\).*/\1/p' "$WORK/load.log")
        [ -n "$port" ] && break
        sleep 0.05
    done
    tap_least=5 tap python3 tests/support/live_load.py "$chromium" "$port" "$REDIS" 12
    kill -TERM $job
    wait $job
    check "SIGTERM ends that run with exit 0" test $? = 0
else
    skip "the page in a browser under load" "there is no chromium (apt-get install chromium)"
fi
finish
