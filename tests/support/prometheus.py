#!/usr/bin/env python3
"""Asks a Prometheus every query of ops/: the panels of the dashboards, the rules, and what the alerts compare.

    prometheus.py panels URL SECONDS    each query of each panel returns a number within SECONDS
    prometheus.py rules URL SECONDS     each rule is healthy, each recorded series and each side of an alert's comparison is there
    prometheus.py names                 every nhip_ metric that a panel or a rule names is in ops/metrics.md; no Prometheus needed
    prometheus.py alerts URL STATE      the names of the alerts in that state (firing, pending), one a line

Data is waited for, because a rate needs two scrapes; the wait is bounded and the first query without data is named.
"""
import glob
import json
import re
import sys
import time
import urllib.parse
import urllib.request

RULES = "ops/prometheus/nhip.rules.yml"
RATE_INTERVAL = "10s"  # what Grafana would put for $__rate_interval at a scrape a second
WINDOW = "7d"  # the dashboard's variable; a short run has all kinds of events only in the long window


def get(url, path, **arguments):
    query = "?" + urllib.parse.urlencode(arguments) if arguments else ""
    with urllib.request.urlopen(f"{url}/api/v1/{path}{query}", timeout=30) as answer:
        return json.load(answer)["data"]


def numbers(url, expression):
    """The values of an instant query, without NaN and infinities."""
    values = [sample["value"][1] for sample in get(url, "query", query=expression)["result"]]
    return [value for value in values if value not in ("NaN", "+Inf", "-Inf")]


def panels():
    """(dashboard, title, expression) of every target of every panel."""
    found = []
    for path in sorted(glob.glob("ops/grafana/*.json")):
        with open(path, encoding="utf-8") as file:
            dashboard = json.load(file)
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", RATE_INTERVAL).replace("$window", WINDOW)
                found.append((path, panel["title"], expression))
    return found


def sides(expression):
    """What an alert compares: `a > 2 * c and b == 0` gives a, 2 * c and b."""
    for part in re.split(r"\s+and\s+", expression):
        yield from (side for side in re.split(r"\s+(?:==|!=|>=|<=|>|<)\s+", part) if re.search("[a-z]", side))


def wait_for(url, named, seconds):
    """Asks until every query has had a number once; says which have not."""
    until = time.monotonic() + float(seconds)
    left = list(named)
    while left and time.monotonic() < until:
        left = [(name, expression) for name, expression in left if not numbers(url, expression)]
        if left:
            time.sleep(1)
    for name, expression in left:
        print(f"no data: {name}: {expression}")
    print(f"{len(named) - len(left)} of {len(named)} queries return data")
    return not left and bool(named)


def check_panels(url, seconds):
    return wait_for(url, [(f"{path}: {title}", expression) for path, title, expression in panels()], seconds)


def check_rules(url, seconds):
    rules = [rule for group in get(url, "rules")["groups"] for rule in group["rules"]]
    named = [(rule["name"], rule["name"]) for rule in rules if rule["type"] == "recording"]
    for rule in rules:
        if rule["type"] == "alerting":
            named += [(rule["name"], side) for side in sides(rule["query"])]
    fine = wait_for(url, named, seconds)
    for rule in [rule for group in get(url, "rules")["groups"] for rule in group["rules"]]:
        if rule["health"] != "ok":
            print(f"{rule['name']}: {rule['health']}: {rule.get('lastError', '')}")
            fine = False
    return fine


def check_names():
    with open("ops/metrics.md", encoding="utf-8") as file:
        known = set(re.findall(r"^\| `(nhip_\w+)`", file.read(), re.M))
    with open(RULES, encoding="utf-8") as file:
        texts = [(RULES, line) for line in file if not line.lstrip().startswith("#")]
    texts += [(f"{path}: {title}", expression) for path, title, expression in panels()]
    fine = True
    for where, text in texts:
        for name in re.findall(r"\bnhip_\w+", text):
            if name not in known and re.sub(r"_(bucket|sum|count)$", "", name) not in known:
                print(f"{where}: {name} is not in ops/metrics.md")
                fine = False
    return fine


def show_alerts(url, state):
    for name in sorted({alert["labels"]["alertname"] for alert in get(url, "alerts")["alerts"] if alert["state"] == state}):
        print(name)
    return True


if __name__ == "__main__":
    command = {"panels": check_panels, "rules": check_rules, "names": check_names, "alerts": show_alerts}[sys.argv[1]]
    sys.exit(0 if command(*sys.argv[2:]) else 1)
