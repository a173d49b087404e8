#!/usr/bin/env python3
"""release_calendar.py --registry LOG... VINTAGE...: calendar.csv of each release, made again from its figures, its definitions
and the registry log, must be what the vintage holds.

Written from schemas/vintage-files.md and vintages.md §3. VINTAGE: the releases of one period, first to last. A step is reached
by the first release whose AS_OF is not before its plan. Exit status 1 on difference.
"""
import argparse
import csv
import datetime
import json
import pathlib
import sys
from types import SimpleNamespace

from civil import Zone, day_of_text, ms_of_rfc3339, rfc3339_of_ms, text_of_day
from finality import Finality

STEPS = ["FIRST", "F7", "F45", "F120", "REG"]
AHEAD = 4


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def next_period(frequency, last_day):
    """TIME_PERIOD, first and last day (numbers) of the period behind `last_day`."""
    first = datetime.date(1970, 1, 1) + datetime.timedelta(days=last_day + 1)
    if frequency == "D":
        name, end = first.isoformat(), first
    elif frequency == "W":
        year, week, _ = first.isocalendar()
        name, end = f"{year:04d}-W{week:02d}", first + datetime.timedelta(days=6)
    else:
        months = {"M": 1, "Q": 3, "A": 12}[frequency]
        after = first.year * 12 + first.month - 1 + months
        end = datetime.date(after // 12, after % 12 + 1, 1) - datetime.timedelta(days=1)
        name = {"M": f"{first.year:04d}-{first.month:02d}", "Q": f"{first.year:04d}-Q{(first.month + 2) // 3}",
                "A": f"{first.year:04d}"}[frequency]
    return name, last_day + 1, day_of_text(end.isoformat())


def scope(step, definitions, rows):
    if step == "FIRST":
        return "ALL"
    codes = []
    for indicator in definitions["indicators"]:
        evidences = {row["EVIDENCE"] for row in rows if row["INDICATOR"] == indicator["code"]}
        own = Finality.class_of(indicator)
        if step == "REG":
            concerned = bool(evidences & {"R", "C"}) or (own == "REG" and bool(evidences))
        else:
            concerned = own == step and bool(evidences & {"O", "C"})
        if concerned:
            codes.append(indicator["code"])
    return " ".join(codes)


def expected(place, earlier, recorded, zone):
    """`earlier`: (release, AS_OF in ms) of the releases up to this one, in order."""
    rows = read(place / "obs.csv")
    definitions = json.loads((place / "indicators.json").read_text(encoding="utf-8"))
    frequency, name = place.name.rsplit("_r", 1)[0].split("_")[-2:]
    own = next(row for row in rows if row["TIME_PERIOD"] == name)
    first, last = day_of_text(own["PERIOD_START"]), day_of_text(own["PERIOD_END"])
    finality = Finality(definitions, zone, [SimpleNamespace(recorded_at=each) for each in recorded], earlier[-1][1])
    lines = []
    for ahead in range(AHEAD + 1):
        for step in STEPS:
            instant = zone.day_start_ms(last + 1) if step == "FIRST" else finality.instant(step, last)
            reached = next((each for each in earlier if ahead == 0 and instant is not None and each[1] >= instant), None)
            lines.append([frequency, name, text_of_day(first), text_of_day(last), step, scope(step, definitions, rows),
                          "" if instant is None else text_of_day(zone.day(instant)),
                          "" if instant is None else rfc3339_of_ms(instant), str(reached[0]) if reached else "",
                          rfc3339_of_ms(reached[1]) if reached else ""])
        name, first, last = next_period(frequency, last)
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--registry", action="append", required=True)
    parser.add_argument("--zone", default="Asia/Ho_Chi_Minh")
    parser.add_argument("vintages", nargs="+")
    options = parser.parse_args()
    recorded = []
    for path in options.registry:
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            recorded.append(ms_of_rfc3339(json.loads(line)["recorded_at"]))
    zone = Zone(options.zone)
    earlier = []
    differences = 0
    for place in map(pathlib.Path, options.vintages):
        row = read(place / "obs.csv")[0]
        earlier.append((int(row["RELEASE"]), ms_of_rfc3339(row["AS_OF"])))
        wanted = expected(place, earlier, recorded, zone)
        with open(place / "calendar.csv", newline="", encoding="utf-8") as file:
            found = list(csv.reader(file))[1:]
        for mine, theirs in zip(wanted, found):
            if mine != theirs:
                print(f"{place.name}: oracle {mine}, calendar.csv {theirs}")
                differences += 1
        if len(wanted) != len(found):
            print(f"{place.name}: oracle {len(wanted)} rows, calendar.csv {len(found)}")
            differences += 1
        steps = sum(line[8] != "" for line in wanted)
        print(f"{place.name}: {len(found)} rows, {steps} steps reached")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
