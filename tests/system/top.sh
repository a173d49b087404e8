#!/bin/bash
# nhip top and nhip inspect, which people and scripts ask what a namespace does: against Redis and Kafka; top also on a terminal.
. "$(dirname "$0")/../support/lib.sh"
begin top
redis_start
kafka_start
prefix=$RUN_ID-
topics=${prefix}registry,${prefix}payments,${prefix}orders,${prefix}rides,${prefix}websites
common=(--set "topics=$topics" --set "kafka.group.id=$prefix" --set "sources.file=$WORK/sources.json")
must "a province is produced" "$NHIP" generate --seed 21 --events 4000 --kafka "$KAFKA" --partitions 1 --prefix "$prefix" \
    --sources "$WORK/sources.json" --truth "$WORK/truth.json"
check "before anything is counted, top --once says so and ends" eval "
    on top --once >'$WORK/empty' 2>&1; grep -q '0 partitions' '$WORK/empty'"
must "it is counted" on run --once "${common[@]}"
must "more is produced that is not counted" "$NHIP" generate --seed 22 --events 1000 --kafka "$KAFKA" --partitions 1 \
    --prefix "$prefix" --sources "$WORK/sources.json" --truth "$WORK/truth2.json"
on top --once >"$WORK/once"
on inspect --json --lag >"$WORK/state.json"
on inspect --claims --lag >"$WORK/claims"
check "top, inspect and Kafka agree on offsets and lag, top and inspect on every count" python3 - "$WORK" <<'PY'
import json, re, sys
work = sys.argv[1]
state = json.load(open(work + "/state.json"))
text = open(work + "/once").read()
assert "\033" not in text, "plain text"
partitions, total = state["partitions"], state["total"]
assert len(partitions) == 5 and total["lag"] == sum(p["lag"] for p in partitions) > 1000
for p in partitions:
    assert p["lag"] == p["log_end"] - p["next"] and p["epoch"] >= 1 and p["owner"] == "" and "/" in p["instance"]
    row = re.search(r"^%s/%d +([\d,]+) +([\d,-]+) +([\d,]+) " % (re.escape(p["topic"]), p["partition"]), text, re.M)
    assert [int(row[i].replace(",", "")) for i in (1, 3)] == [p["next"], p["lag"]], (p, row and row[0])
number = lambda name: int(re.search(name + r" ([\d,]+)", text)[1].replace(",", ""))
for name in ("delivered", "applied", "duplicate", "quarantined", "rejected", "ignored", "late", "lag"):
    assert number(name) == total[name], name
reasons = {name[7:]: n for name, n in total.items() if name.startswith("reason.")}
assert reasons and all(number(r"\b" + name) == n for name, n in reasons.items())
claims = open(work + "/claims").read().splitlines()
assert len(claims) == 6 and all("(nobody)" in line for line in claims[1:])
PY
check "rolling counters of top are those of Redis" python3 - "$WORK/once" "$REDIS" <<'PY'
import re, subprocess, sys
text = open(sys.argv[1]).read()
platforms = {"LAZADA", "SHOPEE", "TIKI", "SENDO", "TIKTOK_SHOP", "OTHER"}
seen = 0
windows = []
for window in ("1m", "5m", "1h", "24h", "7d"):
    lines = subprocess.run(["redis-cli", "-s", sys.argv[2], "HGETALL", "nhip:rolling:" + window], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    windows.append(dict(zip(lines[::2], lines[1::2])))
for axis, code, numbers in re.findall(r"^(family|channel|platform|instrument) (\S+) +([\d, ]+)$", text, re.M):
    shown = [int(n.replace(",", "")) for n in numbers.split()]
    for fields, n in zip(windows, shown):
        wanted = 0
        for field, value in fields.items():
            parts = field.split("|")
            if field[0] == "_" or len(parts) != 5:
                continue
            of = {"family": parts[0], "instrument": parts[2], "platform": parts[1] if parts[1] in platforms else "_Z",
                  "channel": "MARKETPLACE" if parts[1] in platforms else parts[1]}
            wanted += int(value) if of[axis] == code else 0
        assert wanted == n, (axis, code, wanted, n)
    seen += sum(shown)
assert seen > 300, seen
PY
total() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["total"][sys.argv[2]])' "$WORK/state.json" "$1"; }
field=$(rcli HKEYS nhip:rolling:7d | grep '^ORDER|SHOPEE.*CREATED$')
check "any counter is shown by its name: of the state, of a window, a sum" eval "
    test \"\$(on inspect --counter applied)\" = \"\$(total applied)\" &&
    test \"\$(on inspect --counter lag)\" = \"\$(total lag)\" &&
    test \"\$(on inspect --counter '7d:$field')\" = \"\$(rcli HGET nhip:rolling:7d '$field')\" &&
    test \"\$(on inspect --counter '7d:$field|sum')\" = \"\$(rcli HGET nhip:rolling:7d '$field|sum')\" &&
    test \"\$(on inspect --counter '7d:ORDER|SHOPEE|_Z|_Z|NEVER')\" = 0"
check "a name that there is not is a usage error with the nearest one" eval "
    on inspect --counter reason.notjson 2>'$WORK/err'; test \$? = 2 && grep -q 'did you mean \"reason.not_json\"' '$WORK/err'"
check "without a terminal top says what to do" eval "
    on top </dev/null >/dev/null 2>'$WORK/err'; test \$? = 2 && grep -q 'top --once' '$WORK/err'"
check "without Redis top --once ends with exit code 1" eval "
    '$NHIP' top --once --set redis.address='$WORK/nobody.sock' >/dev/null 2>&1; test \$? = 1"
check "on a terminal it draws, follows a resize, never writes beyond the edge, and gives the terminal back on q" \
    python3 tests/support/watch_top.py "$NHIP" top --set "redis.address=$REDIS" --set "kafka.bootstrap.servers=$KAFKA"
finish
