#!/usr/bin/env python3
"""revisions.py OLD_VINTAGE NEW_VINTAGE [--cause NAME]: what changed between two releases, found from their two obs.csv alone,
must be what revisions.csv and revisions_summary.csv of the new one say.

Written from schemas/vintages.md §4. Every key of the old release is in the new one or WITHDRAWN; every figure that differs has
one row; no row stands for a figure that does not. --cause: each row has exactly this cause. Exit status 1 on difference.
"""
import argparse
import csv
import json
import pathlib
import sys
from fractions import Fraction

KEY = ("FREQ REF_AREA INDICATOR EVIDENCE ACTIVITY UNIT_TYPE SIZE_CLASS PLATFORM INSTRUMENT TRANSFORMATION TIME_PERIOD").split()
# What a row says beside its figure, and what every release changes.
NOT_FIGURE = {"STRUCTURE", "STRUCTURE_ID", "ACTION", "COVERAGE", "METHOD", "RELEASE", "AS_OF"}
CAUSES = ["LATE_EVENT", "REGISTRY", "DEDUP", "METHOD", "BOUNDARY", "CLASSIFICATION", "SUPPRESSION", "BUGFIX", "EXCLUSION"]


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def key_of(row):
    return ",".join(row[name] for name in KEY)


def figure(row):
    """P and A are one: that a figure became final is no revision."""
    cells = {name: text for name, text in row.items() if name not in NOT_FIGURE}
    if cells["OBS_STATUS"] == "A":
        cells["OBS_STATUS"] = "P"
    return cells


def expected(old, new):
    """key -> (ACTION, OLD_VALUE, NEW_VALUE, OLD_STATUS, NEW_STATUS, was final)."""
    found = {}
    for key in sorted(old.keys() | new.keys(), key=str.encode):
        before, after = old.get(key), new.get(key)
        if before and after and figure(before) == figure(after):
            continue
        action = "NEW" if before is None else "WITHDRAWN" if after is None else "REVISED"
        cells = [(row or {}).get(name, "") for name in ("OBS_VALUE", "OBS_STATUS") for row in (before, after)]
        found[key] = (action, *cells, cells[2] == "A")
    return found


def check_rows(want, rows, cause):
    problems = []
    have = {key_of(row): row for row in rows}
    if len(have) != len(rows):
        problems.append("a key comes twice")
    if [key_of(row) for row in rows] != list(want):
        missing, more = want.keys() - have.keys(), have.keys() - want.keys()
        problems.append("missing: %s; too many: %s; or not sorted" % (sorted(missing)[:5], sorted(more)[:5]))
    for key in want.keys() & have.keys():
        row = have[key]
        cells = tuple(row[name] for name in ("ACTION", "OLD_VALUE", "NEW_VALUE", "OLD_STATUS", "NEW_STATUS"))
        if cells != want[key][:5] or row["NOTE"].startswith("was final") != want[key][5]:
            problems.append("%s: found %s %r, expected %s" % (key, cells, row["NOTE"], want[key]))
        names = row["CAUSE"].split("+")
        if not all(name in CAUSES for name in names) or (cause and row["CAUSE"] != cause):
            problems.append("%s: cause %s" % (key, row["CAUSE"]))
    return problems


def check_summary(old, new, definitions, rows):
    problems = []
    headlines = [(i["code"], i["headline"]["evidence"]) for i in definitions["indicators"] if "headline" in i]
    if [(row["INDICATOR"], row["EVIDENCE"]) for row in rows] != headlines:
        return ["the headlines of the summary are not those of indicators.json"]
    for row in rows:
        changes = [Fraction(after["OBS_VALUE"]) - Fraction(old[key]["OBS_VALUE"]) for key, after in new.items()
                   if (after["INDICATOR"], after["EVIDENCE"]) == (row["INDICATOR"], row["EVIDENCE"]) and after["OBS_VALUE"]
                   and key in old and old[key]["OBS_VALUE"]]
        if int(row["ROWS"]) != len(changes):
            problems.append("%s: %s rows, expected %d" % (row["INDICATOR"], row["ROWS"], len(changes)))
        elif changes:
            mean, absolute = sum(changes) / len(changes), sum(map(abs, changes)) / len(changes)
            wanted = (round(mean, 4), round(absolute, 4), max(map(abs, changes)))
            if tuple(Fraction(row[name]) for name in ("MEAN", "MEAN_ABSOLUTE", "MAX_ABSOLUTE")) != wanted:
                problems.append("%s: summary %s, expected %s" % (row["INDICATOR"], row, [float(number) for number in wanted]))
    return problems


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--cause")
    options = parser.parse_args(arguments)
    old, new = ({key_of(row): row for row in read(path / "obs.csv")} for path in (options.old, options.new))
    want = expected(old, new)
    problems = check_rows(want, read(options.new / "revisions.csv"), options.cause)
    definitions = json.loads((options.new / "indicators.json").read_text(encoding="utf-8"))
    problems += check_summary(old, new, definitions, read(options.new / "revisions_summary.csv"))
    for problem in problems[:20]:
        print(problem)
    print("%d revisions between %d and %d rows, %d problems" % (len(want), len(old), len(new), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
