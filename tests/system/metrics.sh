#!/bin/bash
# The endpoint of nhip run: what /metrics says is what the state says; health, readiness; requests that mean no good.
. "$(dirname "$0")/../support/lib.sh"
begin metrics
redis_start
kafka_start
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
must "a province is produced" "$NHIP" generate --seed 8 --events 20000 --kafka "$KAFKA" --partitions 2 --prefix "$prefix" \
    --sources "$WORK/sources.json" --truth "$WORK/truth.json"
fetch() { curl -s -m 10 -o "$WORK/answer" -w '%{http_code}' "http://127.0.0.1:$port$1"; }

run() {
    EXEC="exec" on run --set "topics=$topics" --set "kafka.group.id=$prefix" --set "sources.file=$WORK/sources.json" \
        --set log.level=info --set http.listen=127.0.0.1:0 --set "snapshot.directory=$WORK/snapshots" \
        --set commit.interval=100ms --set redis.timeout=1s 2>"$WORK/run.log" &
    job=$!
    port=
    for _ in $(seq 100); do
        port=$(sed -n 's/.*event=http_listening .*port=\([0-9]*\).*/\1/p' "$WORK/run.log")
        [ -n "$port" ] && return
        sleep 0.05
    done
}

run
for _ in $(seq 150); do
    [ "$(fetch /metrics)" = 200 ] && [ "$(awk '/^nhip_lag_records{/ { n++; lag += $2 } END { print n + 0, lag + 0 }' \
        "$WORK/answer")" = "10 0" ] && break
    sleep 0.2
done
sleep 0.5
check "the lag of ten partitions comes down to 0" test "$(fetch /metrics)" = 200
cp "$WORK/answer" "$WORK/metrics"
check "promtool finds nothing to say about the text" promtool check metrics <"$WORK/metrics"
on inspect --json >"$WORK/inspect.json" 2>"$WORK/inspect.err"
check "what /metrics counts is what the state holds, and conservation holds in it" python3 - "$WORK" <<'PY'
import json, re, sys
text = open(sys.argv[1] + "/metrics").read()
value = {}
for name, labels, number in re.findall(r"^(\w+)(\{[^}]*\})? (\S+)$", text, re.M):
    value[name + labels] = number
state = json.load(open(sys.argv[1] + "/inspect.json"))
partitions = state["partitions"]
total = lambda key: sum(p[key] for p in partitions)
names = ("delivered", "applied", "duplicate", "quarantined", "rejected", "ignored", "conflict", "late", "unresolved")
for name in names:
    assert int(value[f"nhip_{name}_records_total"]) == total(name), (name, value[f"nhip_{name}_records_total"], total(name))
v = lambda name: int(value[f"nhip_{name}_records_total"])
assert v("delivered") == v("applied") + v("duplicate") + v("quarantined") + v("rejected") + v("ignored") > 20000
refused = sum(int(n) for key, n in value.items() if key.startswith("nhip_refused_records_total{"))
assert refused == v("rejected") + v("quarantined") > 0
for p in partitions:
    label = '{topic="%s",partition="%d"}' % (p["topic"], p["partition"])
    assert int(value["nhip_committed_offset" + label]) == int(value["nhip_next_offset" + label]) == p["next"], label
assert int(value["nhip_commit_seconds_count"]) == int(value["nhip_commits_total"]) > 0
assert int(value['nhip_commit_seconds_bucket{le="+Inf"}']) >= int(value['nhip_commit_seconds_bucket{le="5.000"}']) > 0
assert int(value["nhip_redis_memory_bytes"]) > 100000 and int(value["nhip_resident_bytes"]) > 1 << 20
assert int(value["nhip_assigned_partitions_total"]) == int(value["nhip_partitions"]) == 10
assert "nhip_snapshot_age_seconds" not in value, "there is no snapshot yet"
PY
on snapshot --period 2021-09 --set "snapshot.directory=$WORK/snapshots" --set "sources.file=$WORK/sources.json" >/dev/null \
    2>"$WORK/snapshot.err"
for _ in $(seq 100); do
    [ "$(fetch /metrics/adoption)" = 200 ] && grep -q '^nhip_rolling_records' "$WORK/answer" && break
    sleep 0.2
done
cp "$WORK/answer" "$WORK/adoption"
check "promtool finds nothing to say about /metrics/adoption" promtool check metrics <"$WORK/adoption"
cat >"$WORK/same.py" <<'PY'
import collections, csv, json, re, sys
text = open(sys.argv[1] + "/adoption").read()
week = json.load(open(sys.argv[1] + "/week"))
axes = ("family", None, "instrument", "context", "outcome")
counted, summed = collections.Counter(), collections.Counter()
for field, value in week.items():
    parts = field.split("|")
    if len(parts) < 5:
        continue
    for axis, code in zip(axes, parts):
        code = code.split(":")[0]
        if axis and code != "_Z":
            (summed if parts[5:] == ["sum"] else counted)[axis, code] += int(value)
def said(name):
    rows = re.findall(name + r'\{window="7d",axis="(\w+)",code="(\w+)"\} (-?\d+)', text)
    return {(axis, code): int(n) for axis, code, n in rows if axis in axes}
assert said("nhip_rolling_records") == dict(counted) and len(counted) > 10, (said("nhip_rolling_records"), counted)
assert said("nhip_rolling_minor_units") == {key: summed[key] for key in counted}
rows = list(csv.DictReader(open(sys.argv[2] + "/obs.csv")))
shares = re.findall(r'^nhip_share_percent\{indicator="(\w+)",evidence="(\w)"\} (\S+)$', text, re.M)
for indicator, evidence, value in shares:
    assert any(r["INDICATOR"] == indicator and r["EVIDENCE"] == evidence and r["OBS_VALUE"] == value for r in rows), indicator
assert len(shares) >= 5 and "nhip_vintage_info{" in text, shares
PY
same() { # the windows go on while partitions fall idle: both are asked within one second of theirs, or once more
    for _ in $(seq 50); do
        [ "$(fetch /metrics/adoption)" = 200 ] && cp "$WORK/answer" "$WORK/adoption"
        rcli --json hgetall "$(rcli --scan --pattern '*:rolling:7d' | head -n 1)" >"$WORK/week"
        python3 "$WORK/same.py" "$WORK" "$(vintage "$WORK/snapshots")" 2>"$WORK/other" && return
        sleep 0.3
    done
    cat "$WORK/other"
    return 1
}
check "its windows are those of Redis, its shares those of obs.csv" same
check "each metric of ops/metrics.md is there but those that are not known" bash -c \
    "diff <(sed -n 's/^| .\(nhip_[a-z_]*\). .*/\1/p' ops/metrics.md | sort) \
        <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' '$WORK/metrics' '$WORK/adoption' | sort)"
check "no id and no topic of others gets into it: labels are partition, reason, version" bash -c \
    "! grep -v '^#' '$WORK/metrics' | grep -oE '[{,][a-z_]+=' | sort -u |
        grep -vE '[{,](topic|partition|reason|le|version|commit)='"
check "it is alive" test "$(fetch /healthz)" = 200
check "it is ready" test "$(fetch /readyz)" = 200
on snapshot --period 2021-09 --set "snapshot.directory=$WORK/snapshots" --set "sources.file=$WORK/sources.json" >/dev/null \
    2>"$WORK/snapshot.err"
check "the age of a snapshot shows as soon as there is one" bash -c "curl -s -m 10 http://127.0.0.1:$port/metrics |
    grep -qE '^nhip_snapshot_age_seconds [0-9]\.'"

kill -STOP "$(cat "$WORK/redis.pid")"
must "more is produced while Redis is stopped" "$NHIP" generate --seed 9 --events 2000 --kafka "$KAFKA" --partitions 2 \
    --prefix "$prefix" --sources "$WORK/sources.json" --truth "$WORK/truth.json"
for _ in $(seq 100); do
    [ "$(fetch /readyz)" = 503 ] && break
    sleep 0.2
done
check "with a deaf Redis it is not ready, and says why: $(head -n 1 "$WORK/answer")" grep -q "wait for Redis" "$WORK/answer"
check "and still alive" test "$(fetch /healthz)" = 200
kill -CONT "$(cat "$WORK/redis.pid")"
for _ in $(seq 100); do
    [ "$(fetch /readyz)" = 200 ] && break
    sleep 0.2
done
check "it is ready again when Redis is back" test "$(fetch /readyz)" = 200

check "an unknown path is 404, another method 405" bash -c "
    test \"\$(curl -s -m 10 -o /dev/null -w '%{http_code}' http://127.0.0.1:$port/nothing)\" = 404 &&
    test \"\$(curl -s -m 10 -o /dev/null -w '%{http_code}' -X POST -d x=1 http://127.0.0.1:$port/metrics)\" = 405 &&
    test \"\$(curl -s -m 10 -o /dev/null -w '%{http_code}' -X DELETE http://127.0.0.1:$port/metrics)\" = 405"
# --- requests that mean no good: TRIES (10,000), fewer under sanitizers, whose memory says nothing ---
sanitized=$(nm -D "$NHIP" | grep -cE ' __(asan|tsan)_init')
if [ "$sanitized" -gt 0 ]; then more_mib=1000000; else more_mib=16; fi
if [ "$sanitized" -gt 0 ]; then tries=${TRIES:-3000}; else tries=${TRIES:-10000}; fi
settled() { # all is counted and committed
    fetch /metrics >/dev/null
    [ "$(awk '/^nhip_lag_records{/ { n++; lag += $2 } END { print n + 0, lag + 0 }' "$WORK/answer")" = "10 0" ] &&
        [ "$(sed -n 's/^nhip_next_offset//p' "$WORK/answer")" = "$(sed -n 's/^nhip_committed_offset//p' "$WORK/answer")" ]
}
for _ in $(seq 300); do
    settled && break
    sleep 0.2
done
must "all is counted and committed" settled
counters() { # what counts records and offsets
    on inspect --state >"$WORK/state.$1" 2>/dev/null && fetch /metrics >/dev/null &&
        grep -E '^nhip_([a-z]+_records_total|committed_offset|next_offset|assigned_partitions_total)' "$WORK/answer" \
            >"$WORK/counters.$1" && test "$(wc -l <"$WORK/counters.$1")" -gt 30 && test -s "$WORK/state.$1"
}
must "the state and what /metrics counts are written down" counters before
check "$tries malformed, slow, huge, pipelined and half closed requests: each answered or closed, nothing kept" \
    python3 tests/support/rude.py "$port" "$tries" "$job" $more_mib
sed 's/^/# /' "$WORK/check.log"
check "it is alive and ready after them" eval 'test "$(fetch /healthz)" = 200 && test "$(fetch /readyz)" = 200'
check "they have changed nothing: neither the state nor what /metrics counts" eval \
    'counters after && cmp "$WORK/state.before" "$WORK/state.after" && diff "$WORK/counters.before" "$WORK/counters.after"'
check "it answers as before" test "$(fetch /metrics)" = 200
check "a port that is taken ends a second run with a setting's exit code" bash -c "
    '$NHIP' run --once --set 'redis.address=$REDIS' --set 'kafka.bootstrap.servers=$KAFKA' --set 'topics=$topics' \
        --set http.listen=127.0.0.1:$port 2>'$WORK/second.log'
    test \$? = 2 && grep -q 'http.listen: 127.0.0.1:$port cannot be had' '$WORK/second.log'"
kill -TERM $job
wait $job
check "SIGTERM ends it with exit 0" test $? = 0
check "and its last commit has changed nothing either" eval \
    'on inspect --state >"$WORK/state.end" 2>/dev/null && cmp "$WORK/state.before" "$WORK/state.end"'
finish
