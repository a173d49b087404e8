"""What a consumer of the stream has, who keeps the last value of each key, against the state in Redis and the vintages.

usage: compare_stream.py STREAM STATE VINTAGES

STREAM    lines {"key": ..., "value": {...} or null} in the order in which they came (`nhip stream`, or a topic's records)
STATE     what `nhip inspect --state` prints
VINTAGES  the directory of the vintages

Written from schemas/stream.md. Also checked: values satisfy schemas/stream.schema.json; `version` and `offsets` of a key
never go back, not even behind a tombstone. Prints each difference; exit 1 when there is one.
"""
import csv
import datetime
import json
import pathlib
import re
import sys

from urllib.parse import unquote_to_bytes

from storedump import KEY, PULSE, facet_of

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from schemas_check import SCHEMAS, Validator  # noqa: E402

OBSERVATION = ("FREQ", "TIME_PERIOD", "REF_AREA", "INDICATOR", "EVIDENCE", "ACTIVITY", "UNIT_TYPE", "SIZE_CLASS", "PLATFORM",
               "INSTRUMENT", "TRANSFORMATION")
problems = []


def problem(text):
    problems.append(text)


def vector(text):
    return {place: int(offset) for place, offset in (piece.rsplit("=", 1) for piece in text.split())}


def below(later, earlier):
    """Whether some partition of `later` stands before `earlier`."""
    return any(later.get(place, -1) < offset for place, offset in earlier.items())


class Reader:
    """Keeps the last value of each key, and looks at every value on the way."""

    def __init__(self):
        self.table, self.validator = {}, Validator(SCHEMAS)
        self.schema = self.validator.load("stream.schema.json")
        self.versions, self.vectors = {}, {}
        self.records = self.tombstones = self.changes = 0

    def take(self, key, value):
        self.records += 1
        if value is None:
            self.tombstones += 1
            self.table.pop(key, None)
            return
        if self.records < 2000 or self.records % 10 == 0:  # it is slow
            for error in self.validator.errors(value, self.schema, "stream.schema.json"):
                problem("%s: %s" % (key, error))
        if key.split("|")[0] != value.get("kind"):
            problem("%s: is a %s" % (key, value.get("kind")))
        if value["version"] < self.versions.get(key, -1):
            problem("%s: version %d after %d" % (key, value["version"], self.versions[key]))
        self.versions[key] = value["version"]
        if value["kind"] in ("minute", "position"):
            now = vector(value["offsets"])
            if sum(now.values()) != value["version"]:
                problem("%s: version is not the sum of the offsets" % key)
            if key in self.vectors and below(now, self.vectors[key]):
                problem("%s: offsets go back: %s after %s" % (key, now, self.vectors[key]))
            self.vectors[key] = now
        self.changes += key in self.table
        self.table[key] = value


def minutes_of(path):
    """(minute as text, names) -> [n, sum, unconverted], summed over the partitions; the offsets."""
    cells, offsets = {}, {}
    with open(path, encoding="ascii") as file:
        for line in file:
            key, field, value = line.rstrip("\n").split(" ")
            match = KEY.fullmatch(unquote_to_bytes(key).decode())
            if match and match[1] == "f" and field == "next":
                offsets[match[2]] = int(value)
            if not match or match[1] != "m":
                continue
            names = tuple(name or "_Z" for name in facet_of(unquote_to_bytes(field).decode(), PULSE))
            total = cells.setdefault((int(match[3]), names), [0, 0, 0])
            for i, part in enumerate(unquote_to_bytes(value).decode().split(",")):
                total[i] += int(part)
    return cells, offsets


def time_of(minute):
    start = datetime.datetime(1970, 1, 1) + datetime.timedelta(minutes=minute)
    return start.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def expected_minutes(cells, until):
    rows = {}
    for (minute, names), (n, total, unconverted) in cells.items():
        time = time_of(minute)
        if time >= until:
            continue
        family, outlet, instrument, context, outcome, reason = names
        last = outcome if reason == "_Z" else outcome + ":" + reason
        key = "|".join(("minute", time, family, outlet, instrument, context, last))
        rows[key] = {"kind": "minute", "minute": time, "family": family, "outlet": outlet, "instrument": instrument,
                     "context": context, "outcome": outcome, "reason": reason, "n": n, "sum": str(total),
                     "unconverted": unconverted}
    return rows


def newest_vintages(directory):
    found = {}
    for path in pathlib.Path(directory).iterdir() if pathlib.Path(directory).is_dir() else []:
        match = re.fullmatch(r"(.*)_r([0-9]+)_([0-9TZ]+)", path.name)
        if match and "_RAW_" not in path.name and not path.name.startswith("."):
            found.setdefault(match[1], []).append((int(match[2]), path))
    return {series: max(paths) for series, paths in found.items()}


def expected_observations(directory):
    rows, releases = {}, {}
    for series, (release, path) in newest_vintages(directory).items():
        with open(path / "obs.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = "|".join(["observation", series] + [row[column] for column in OBSERVATION])
                row = {k: v for k, v in row.items() if k not in ("RELEASE", "AS_OF")}
                rows[key] = {"kind": "observation", "series": series, **row, "ACTION": "R"}
        inputs = json.loads((path / "snapshot.json").read_text())["inputs"]
        offsets = {"%s/%d" % (i["topic"], i["partition"]): i["end_offset"] for i in inputs}
        releases["release|" + series] = (path.name, release, offsets)
    return rows, releases


def same(key, found, wanted):
    body = {name: found.get(name) for name in wanted}
    if body != wanted:
        problem("%s: is %s, expected %s" % (key, body, wanted))


def compare(table, wanted, kind):
    have = {key for key in table if key.startswith(kind + "|")}
    for key in sorted(have ^ set(wanted))[:20]:
        problem("%s: only in %s" % (key, "the stream" if key in have else "what stands there"))
    for key in have & set(wanted):
        same(key, table[key], wanted[key])


def main():
    stream, state, vintages = sys.argv[1:4]
    reader = Reader()
    with open(stream, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            reader.take(record["key"], record["value"])
    position = reader.table.get("position")
    cells, offsets = minutes_of(state)
    observations, releases = expected_observations(vintages)
    if position is None:
        problem("there is no position")
    else:
        if below(offsets, vector(position["offsets"])):
            problem("the position is beyond the state: %s, %s" % (position["offsets"], offsets))
        compare(reader.table, expected_minutes(cells, position["until"]), "minute")
    compare(reader.table, observations, "observation")
    for key in {key for key in reader.table if key.startswith("release|")} ^ set(releases):
        problem("%s: only on one side" % key)
    for key, (name, release, inputs) in releases.items():
        found = reader.table.get(key, {"offsets": ""})
        if (found.get("vintage"), found.get("version"), vector(found["offsets"])) != (name, release, inputs):
            problem("%s: is %s, expected %s r%d of %s" % (key, found, name, release, inputs))
    for text in problems[:40]:
        print(text)
    print("%d records (%d tombstones, %d changes), %d keys, %d minutes, %d observations, %d differences" % (
        reader.records, reader.tombstones, reader.changes, len(reader.table),
        sum(key.startswith("minute|") for key in reader.table), len(observations), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
