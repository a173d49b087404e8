#!/bin/bash
# A real Prometheus with ops/prometheus/ scrapes a run under load: every panel of the dashboards and every rule finds its data;
# every alert has its unit test.
. "$(dirname "$0")/../support/lib.sh"
begin prometheus
ask() { python3 tests/support/prometheus.py "$@"; }
rules=ops/prometheus/nhip.rules.yml

check "promtool accepts the scrape configuration and the rules" promtool check config ops/prometheus/prometheus.yml
check "every alert fires in its unit test, and all are silent in the healthy one" promtool test rules \
    ops/prometheus/nhip.rules.test.yml
check "no alert lacks either" python3 - "$rules" "${rules%.yml}.test.yml" <<'PY'
import re, sys
alerts = re.findall(r"alert: (\w+)", open(sys.argv[1]).read())
tests = open(sys.argv[2]).read()
healthy, failing = tests.split("\n  - name: ", 2)[1:]
silent = re.findall(r"alertname: (\w+), exp_alerts: \[\]", healthy)
fires = re.findall(r"alertname: (\w+)\n +exp_alerts:\n +- exp_labels", failing)
assert sorted(alerts) == sorted(set(silent)) == sorted(fires) and len(alerts) >= 15, (alerts, set(silent), fires)
PY
check "panels and rules name metrics of ops/metrics.md only" ask names
check "and would not get through with another name" bash -c "
    mkdir -p '$WORK/wrong/ops/prometheus' '$WORK/wrong/ops/grafana'
    cp ops/metrics.md '$WORK/wrong/ops/' && sed 's/nhip_lag_records/nhip_lag_recrods/' $rules >'$WORK/wrong/$rules'
    cd '$WORK/wrong' && ! python3 '$home/tests/support/prometheus.py' names"

redis_start
kafka_start
rcli config set maxmemory 1gb >/dev/null
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
produce() { # SEED EVENTS [generate options]
    ${EXEC:-} "$NHIP" generate --seed "$1" --events "$2" --kafka "$KAFKA" --partitions 2 --prefix "$prefix" \
        --sources "$WORK/sources.json" --truth "$WORK/truth.json" "${@:3}"
}
must "a province is produced" produce 8 5000
EXEC="exec" on run --set "topics=$topics" --set "kafka.group.id=$prefix" --set "sources.file=$WORK/sources.json" \
    --set log.level=info --set http.listen=127.0.0.1:0 --set "snapshot.directory=$WORK/snapshots" \
    --set commit.interval=200ms --set rolling.idle=1s --set "stream.topic=${prefix}stream" 2>"$WORK/run.log" &
job=$!
# The port that a program says it listens on in its log.
port_in() { # LOG SED-PATTERN
    local port
    for _ in $(seq 200); do
        port=$(sed -n "$2" "$1" | head -n 1)
        [ -n "$port" ] && echo "$port" && return
        sleep 0.1
    done
    return 1
}
port=$(port_in "$WORK/run.log" 's/.*event=http_listening .*port=\([0-9]*\).*/\1/p')
must "the endpoint listens" test -n "$port"
mkdir "$WORK/prometheus"
cp "$rules" "$WORK/prometheus/"
sed "s/127.0.0.1:9478/127.0.0.1:$port/g; s/: 15s/: 1s/" ops/prometheus/prometheus.yml >"$WORK/prometheus/prometheus.yml"
prometheus --config.file="$WORK/prometheus/prometheus.yml" --storage.tsdb.path="$WORK/prometheus/data" \
    --web.listen-address=127.0.0.1:0 2>"$WORK/prometheus.log" &
server=$!
url=http://127.0.0.1:$(port_in "$WORK/prometheus.log" 's/.*msg="Listening on" address=127.0.0.1:\([0-9]*\).*/\1/p')
must "Prometheus listens" curl -s -m 10 -o "$WORK/answer" --retry 20 --retry-connrefused "$url/-/ready"
for _ in $(seq 300); do
    curl -s -m 10 "http://127.0.0.1:$port/metrics" |
        awk '/^nhip_lag_records\{/ { n++; lag += $2 } END { exit !(n == 10 && lag == 0) }' && break
    sleep 0.2
done
must "there is a vintage" on snapshot --period 2021-09 --set "snapshot.directory=$WORK/snapshots" \
    --set "sources.file=$WORK/sources.json"
EXEC="exec" produce 9 200000 --rate 1000 >"$WORK/load.log" 2>&1 &
load=$!
check "under load every query of every panel returns data" ask panels "$url" 90
check "and so does what the rules record and the alerts compare" ask rules "$url" 90
check "the load was still going on" kill -0 "$load"
kill "$load" 2>/dev/null
wait "$load" 2>/dev/null
ask alerts "$url" firing | tee "$WORK/firing"
check "no alert fires: $(xargs <"$WORK/firing")" test ! -s "$WORK/firing"
check "what Prometheus has stored in the end is what the state holds" python3 - "$url" "$NHIP" "$REDIS" <<'PY'
import json, subprocess, sys, time, urllib.request
url, nhip, redis = sys.argv[1:]
def stored(name):
    with urllib.request.urlopen(f"{url}/api/v1/query?query=sum(nhip_{name}_records_total)") as answer:
        return int(json.load(answer)["data"]["result"][0]["value"][1])
names = ("delivered", "applied", "duplicate", "quarantined", "rejected", "ignored", "late")
for _ in range(60):
    text = subprocess.run([nhip, "inspect", "--json", "--set", f"redis.address={redis}", "--set", "log.level=error"],
                          capture_output=True, check=True).stdout
    state = {name: sum(p[name] for p in json.loads(text)["partitions"]) for name in names}
    seen = {name: stored(name) for name in names}
    if state == seen and seen["delivered"] > 5000:
        sys.exit(0)
    time.sleep(0.5)
sys.exit(f"state {state}, Prometheus {seen}")
PY
kill -TERM $job
wait $job
check "SIGTERM ends the run with exit 0" test $? = 0
down=
for _ in $(seq 60); do
    down=$(ask alerts "$url" pending | grep -x NhipDown) && break
    sleep 0.5
done
check "and Prometheus notices: NhipDown is pending" test "$down" = NhipDown
kill -TERM $server
wait $server
finish
