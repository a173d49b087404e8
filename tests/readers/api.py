#!/usr/bin/env python3
"""api.py PORT SOCKET SNAPSHOTS: the HTTP API against schemas/openapi.json, the hashes in Redis and the files of vintages.

The OpenAPI file is judged by openapi-spec-validator, every answer by jsonschema with the schema that the file has for it. TAP."""
import csv
import http.client
import io
import json
import os
import subprocess
import sys
import time
import urllib.parse

import jsonschema
import openapi_spec_validator

PORT, SOCKET, SNAPSHOTS = int(sys.argv[1]), sys.argv[2], sys.argv[3]
SPEC = json.load(open("schemas/openapi.json", encoding="utf-8"))
WINDOWS = ("1m", "5m", "1h", "24h", "7d")
PLATFORMS = {"LAZADA", "SHOPEE", "TIKI", "SENDO", "TIKTOK_SHOP", "OTHER"}
AXES = ("family", "channel", "platform", "instrument", "context", "outcome", "reason")


def get(path, method="GET", **headers):
    peer = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    peer.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = peer.getresponse()
    body = answer.read()
    peer.close()
    return answer, body


def conforms(value, name):
    schema = {"$ref": "#/components/schemas/" + name, "components": SPEC["components"]}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)


def fetch(path, **headers):
    """A 200 whose body has the form that the file promises for this path and content type."""
    answer, body = get(path, **headers)
    assert answer.status == 200, (path, answer.status, body[:300])
    kind = answer.headers["Content-Type"].split(";")[0]
    place = SPEC["paths"][urllib.parse.urlsplit(path).path]["get"]["responses"]["200"]["content"]
    assert kind in place, (path, kind)
    one, line = {"/v1/rolling": ("Rolling", "RollingRow"), "/v1/observations": ("Observations", "Observation")}[
        urllib.parse.urlsplit(path).path]
    if kind == "application/json":
        value = json.loads(body)
        conforms(value, one)
        return value, answer
    if kind == "application/x-ndjson":
        value = [json.loads(text) for text in body.decode().splitlines()]
        for row in value:
            conforms(row, line)
        return value, answer
    return list(csv.DictReader(io.StringIO(body.decode(), newline=""))), answer


def redis(window):
    text = subprocess.run(["redis-cli", "-s", SOCKET, "HGETALL", "nhip:rolling:" + window], capture_output=True, check=True,
                          text=True).stdout.splitlines()
    return dict(zip(text[::2], text[1::2]))


def cells(fields):
    """(axes) -> [n, sum], from the fields as store-layout.md §8 describes them."""
    out = {}
    for field, value in fields.items():
        if field.startswith("_"):
            continue
        parts = field.split("|")
        family, outlet, instrument, context, outcome = parts[:5]
        outcome, _, reason = outcome.partition(":")
        channel, platform = ("MARKETPLACE", outlet) if outlet in PLATFORMS else (outlet, "_Z")
        key = (family, channel, platform, instrument, context, outcome, reason or "_Z")
        out.setdefault(key, [0, 0])[len(parts) - 5] += int(value)
    return out


def grouped(fields, by):
    out = {}
    for key, (n, amount) in cells(fields).items():
        group = out.setdefault(tuple(key[AXES.index(axis)] for axis in by), [0, 0])
        group[0] += n
        group[1] += amount
    return out


# --- the claims ---

def the_openapi_file_is_valid():
    openapi_spec_validator.validate(SPEC)


def rolling_counts_are_those_of_redis_by_every_axis_and_window():
    some = 0
    for window in WINDOWS:
        fields = redis(window)
        for by in [(axis,) for axis in AXES] + [("platform", "outcome"), AXES, ()]:
            query = f"/v1/rolling?window={window}" + ("&by=" + ",".join(by) if by else "")
            value, _ = fetch(query)
            found = {tuple(g[axis] for axis in by): [g["n"], int(g["sum_minor"])] for g in value["groups"]}
            assert found == grouped(fields, by), (query, found)
            assert (value["from"], value["to"], value["offsets"]) == (fields["_from"], fields["_to"], fields["_offsets"])
            assert value["total"] == int(fields["_total"]) == sum(g["n"] for g in value["groups"])
            assert [g["n"] for g in value["groups"]] == sorted((g["n"] for g in value["groups"]), reverse=True)
            some += value["total"]
    assert some > 1000, some


def csv_and_ndjson_of_the_rolling_counters_say_the_same():
    query = "/v1/rolling?window=7d&by=family,instrument"
    value, _ = fetch(query)
    rows, _ = fetch(query + "&format=csv")
    lines, _ = fetch(query, Accept="application/x-ndjson")
    plain = [[g["family"], g["instrument"], str(g["n"]), g["sum_minor"]] for g in value["groups"]]
    assert plain == [[r["family"], r["instrument"], r["n"], r["sum_minor"]] for r in rows]
    assert plain == [[r["family"], r["instrument"], str(r["n"]), r["sum_minor"]] for r in lines]
    assert {(r["window"], r["from"], r["to"]) for r in rows} == {("7d", value["from"], value["to"])}


def vintages():
    return sorted(name for name in os.listdir(SNAPSHOTS)
                  if name[0] != "." and "_RAW_" not in name and os.path.isdir(os.path.join(SNAPSHOTS, name)))


def published(name):
    with open(os.path.join(SNAPSHOTS, name, "obs.csv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def latest():
    return open(os.path.join(SNAPSHOTS, "LATEST"), encoding="utf-8").read().strip()


def every_observation_is_that_of_obs_csv_page_by_page_in_every_format():
    rows = published(latest())
    for format_ in ("json", "csv", "ndjson"):
        found, path = [], f"/v1/observations?limit=700&format={format_}"
        while path:
            value, answer = fetch(path)
            found += value["observations"] if format_ == "json" else value
            link = answer.headers.get("Link")
            path = link[1:link.index(">")] if link else None
            assert format_ != "json" or value["next"] == path
        assert found == rows, (format_, len(found), len(rows))
    assert len(rows) > 1400


def filters_select_what_a_filter_of_obs_csv_selects():
    rows = published(latest())
    for wanted in ({"indicator": ["ENT_MKTPL"]}, {"indicator": ["AOV", "COD_SH_N"], "area": ["VN_38"]},
                   {"evidence": ["O"], "platform": ["_T"], "activity": ["_T"]}, {"instrument": ["CARD"], "freq": ["M"]}):
        column = {"area": "REF_AREA", "period": "TIME_PERIOD"}
        chosen = [r for r in rows if all(r[column.get(k, k.upper())] in v for k, v in wanted.items())]
        query = "&".join(f"{k}={','.join(v)}" for k, v in wanted.items())
        value, _ = fetch("/v1/observations?limit=2000&" + query)
        assert value["observations"] == chosen and value["matched"] == len(chosen) > 0, query


def a_named_vintage_is_the_named_one():
    names = vintages()
    assert len(names) >= 2, names
    for name in names + names[::-1]:
        value, _ = fetch(f"/v1/observations?vintage={name}&limit=2000")
        assert value["vintage"] == name and value["observations"] == published(name)[:2000]


def what_disclosure_control_has_emptied_stays_empty():
    value, _ = fetch("/v1/observations?limit=2000")
    hidden = [o for o in value["observations"] if o["OBS_STATUS"] == "Q" or o["CONF_STATUS"] not in ("F", "")]
    assert hidden and all(o["OBS_VALUE"] == "" for o in hidden)


def raw_figures_have_no_door():
    raw = [name for name in os.listdir(SNAPSHOTS) if "_RAW_" in name]
    assert raw
    disguised = latest().replace("_r1_", "_r77_").replace("_r2_", "_r77_")
    for name in raw + [disguised, "../" + os.path.basename(SNAPSHOTS), ".", "", "LATEST", "%2e%2e", latest() + "/obs.csv"]:
        for path in ("/v1/observations", "/report"):
            answer, body = get(path + "?vintage=" + urllib.parse.quote(name, safe=""))
            assert answer.status in (404, 500) and b"OBS_VALUE" not in body, (name, answer.status)


def an_edited_vintage_is_not_shown():
    name = vintages()[0]
    edited = name.replace("_r1_", "_r88_")
    subprocess.run(["cp", "-r", os.path.join(SNAPSHOTS, name), os.path.join(SNAPSHOTS, edited)], check=True)
    value, _ = fetch(f"/v1/observations?vintage={edited}&limit=1")
    with open(os.path.join(SNAPSHOTS, edited, "obs.csv"), "a", encoding="utf-8") as file:
        file.write("x")
    fetch(f"/v1/observations?vintage={name}&limit=1")  # another one takes its place in memory
    answer, body = get(f"/v1/observations?vintage={edited}")
    assert answer.status == 500, (answer.status, body[:200])
    conforms(json.loads(body), "Problem")
    subprocess.run(["rm", "-r", os.path.join(SNAPSHOTS, edited)], check=True)


def the_same_bytes_have_the_same_tag_and_are_sent_once():
    for path in ("/v1/observations?indicator=ENT_MKTPL", "/v1/rolling?window=7d&by=channel", "/report", "/", "/live.js"):
        first, body = get(path)
        tag = first.headers["ETag"]
        assert first.status == 200 and tag and body, path
        for header in (tag, f'"x", W/{tag}', "*"):
            again, nothing = get(path, If_None_Match=header)
            assert (again.status, nothing, again.headers["ETag"]) == (304, b"", tag), (path, header, again.status)
        other, _ = get(path, If_None_Match='"0123"')
        assert other.status == 200
        head, nothing = get(path, method="HEAD")
        assert head.status == 200 and nothing == b"" and int(head.headers["Content-Length"]) == len(body)


def refusals_name_parameter_value_and_the_nearest_accepted():
    for path, status, parameter, value, nearest in (
            ("/v1/rolling?windov=1h", 400, "windov", None, "window"),
            ("/v1/rolling?window=7days", 400, "window", "7days", "7d"),
            ("/v1/rolling?by=platfrom", 400, "by", "platfrom", "platform"),
            ("/v1/rolling?by=family,family", 400, "by", "family,family", "family"),
            ("/v1/rolling?by=", 400, "by", "", "family"),
            ("/v1/rolling?window=1h&window=5m", 400, "window", "5m", None),
            ("/v1/rolling?format=xml", 400, "format", "xml", "csv"),
            ("/v1/observations?indicator=ENT_MKTPLACE", 400, "indicator", "ENT_MKTPLACE", "ENT_MKTPL"),
            ("/v1/observations?indicator=ENT_MKTPL,NO", 400, "indicator", "NO", None),
            ("/v1/observations?period=2021-08", 400, "period", "2021-08", None),
            ("/v1/observations?area=VN_38_D39", 400, "area", "VN_38_D39", None),
            ("/v1/observations?limit=2001", 400, "limit", "2001", None),
            ("/v1/observations?offset=-1", 400, "offset", "-1", None),
            ("/v1/observations?offset=1e3", 400, "offset", "1e3", None),
            ("/v1/observations?vintage=none", 404, "vintage", "none", None),
            ("/v1/observation", 404, "path", "/v1/observation", "/v1/observations"),
            ("/v1/rolling?window=%22%5C%0a%ff%c3", 400, "window", '"\\???', None)):
        answer, body = get(path)
        found = json.loads(body)
        conforms(found, "Problem")
        assert answer.status == found["status"] == status, (path, found)
        assert found.get("parameter") == parameter and found.get("value") == value, (path, found)
        assert nearest is None or found["nearest"] == nearest, (path, found)
    answer, body = get("/v1/rolling", Accept="image/png, text/html;q=0.9")
    assert answer.status == 406 and json.loads(body)["parameter"] == "Accept"


def other_methods_are_405_and_too_many_parameters_400():
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer, _ = get("/v1/rolling", method=method)
        assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", (method, answer.status)
    answer, body = get("/v1/observations?" + "&".join(f"p{i}=1" for i in range(60)))
    assert answer.status == 400, answer.status
    conforms(json.loads(body), "Problem")


def the_accept_header_is_read_with_its_weights():
    for accept, kind in (("text/csv", "text/csv"), ("text/csv;q=0.2, application/json;q=0.9", "application/json"),
                         ("application/x-ndjson, */*;q=0.1", "application/x-ndjson"), ("*/*", "application/json"),
                         ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"), ("text/*", "text/csv"),
                         ("application/json;q=0, text/csv;q=0.001", "text/csv")):
        answer, _ = get("/v1/rolling?by=family", Accept=accept)
        assert answer.headers["Content-Type"].split(";")[0] == kind, (accept, answer.headers["Content-Type"])


def events_come_once_a_second_and_have_their_form():
    peer = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    peer.request("GET", "/events")
    answer = peer.getresponse()
    assert answer.headers["Content-Type"] == "text/event-stream"
    times = []
    while len(times) < 4:
        line = answer.readline()
        if line.startswith(b"data: "):
            event = json.loads(line[6:])
            conforms(event, "LiveEvent")
            times.append(event["at"])
            assert json.loads(line[6:])["rolling"]["windows"][4]["total"] == int(redis("7d")["_total"])
            assert event["headlines"]["vintage"] == latest()
    peer.close()
    assert len(set(times)) == 4, times


def view(count):
    peers = []
    for _ in range(count):
        peer = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        peer.request("GET", "/events")
        peers.append((peer, peer.getresponse()))
    return peers


def leave(peers):
    for peer, answer in peers:
        answer.close()
        peer.close()


def there_is_room_for_64_viewers_and_no_more_and_they_share_events():
    for _ in range(20):  # who has left is found out by the next event
        peers = view(65)
        if [answer.status for _, answer in peers] == [200] * 64 + [503]:
            break
        leave(peers)
        time.sleep(0.5)
    assert [answer.status for _, answer in peers] == [200] * 64 + [503]
    events = [[answer.readline() for _ in range(5)] for _, answer in peers[:64]]
    third = {event[4] for event in events}
    assert len(third) <= 4 and all(text.startswith(b"data: {") for text in third), len(third)
    assert get("/healthz")[0].status == 200
    leave(peers)
    for _ in range(60):  # until their places are free: the next test's browsers want some
        peers = view(10)
        leave(peers)
        if {answer.status for _, answer in peers} == {200}:
            break
        time.sleep(0.5)
    else:
        raise AssertionError("viewers who have left are not forgotten")


failures = 0
for name, claim in [(name, claim) for name, claim in list(globals().items())
                    if callable(claim) and getattr(claim, "__module__", "") == "__main__" and name.count("_") > 1]:
    try:
        claim()
        print(f"ok - {name.replace('_', ' ')}", flush=True)
    except Exception as error:  # pylint: disable=broad-except
        failures += 1
        print(f"not ok - {name.replace('_', ' ')}\n#   {type(error).__name__}: {str(error)[:600]}", flush=True)
sys.exit(1 if failures else 0)
