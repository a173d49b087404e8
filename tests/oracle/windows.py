#!/usr/bin/env python3
"""windows.py --log DIR|FILE... [--sources FILE] [--config key=value ...] --period P OFF.csv ON.csv [WRONG.csv ...]

Two published tables of a period that differ in `disclosure.windows` only, against the rule of disclosure.md §5 written from the
page: who came into a share since the window of the period before, and who left it, are sets of units taken from the log.
A row of which the rule says so is withheld in ON; what ON withholds beside is secondary to such a row of the same figure; every
other row is the same. Prints how many rows the rule met. Exit status 1 on difference, or when it met none, or when a
table that is WRONG on purpose has no difference."""
import argparse
import csv
import json
import os
import sys

import disclosure
from codelists import DISTRICTS, SCHEMAS
from indicators import MDT_UNIT_TYPES, Indicators, declared
from obs import COLUMNS, KEY, Period, Rows, resolve_as_of
from oracle import run_log
from settings import read_config

SHOWN = 40


class Window:
    """The populations of one period, as its windowed rows have them."""

    def __init__(self, definitions, config, partitions, period, as_of):
        self.indicators = Indicators(definitions, config, partitions, period, as_of, False, Rows(definitions, config, as_of, 1))

    def places(self, indicator):
        """Coordinates of a row -> which versions of the population are in it."""
        slices, area = indicator.get("slices", ()), self.indicators.config.area
        yield {}, lambda version: True
        if indicator.get("size_ge10"):
            yield {"SIZE_CLASS": "S_GE10"}, lambda version: (version.columns.get("employees") or 0) >= 10
        for code in DISTRICTS if "district" in slices else ():
            yield {"REF_AREA": "%s_D%s" % (area, code)}, lambda version, code=code: version.district == code
        listed = MDT_UNIT_TYPES if indicator["code"] == "MDT_EPAY" else self.indicators.axes["unit_type"]["codes"]
        for code in listed if "unit_type" in slices else ():
            yield {"UNIT_TYPE": code}, lambda version, code=code: version.unit_type == code

    def channels(self, indicator):
        slices, axes = indicator.get("slices", ()), self.indicators.axes
        market = axes["platform"]["groups"]["MARKETPLACE"]
        for code, outlets in self.indicators.platforms():
            if "platform" in slices or ("marketplace" in slices and code in market):
                yield {"PLATFORM": code}, lambda outlet, _, among=outlets: outlet in among
        for code in axes["instrument"]["codes"] if "instrument" in slices else ():
            yield {"INSTRUMENT": code}, lambda _, instrument, wanted=code: instrument == wanted

    def answers(self, indicator):
        """(evidence, versions that say yes, versions that may) of the evidences with a window; None: not collected."""
        inside = self.indicators
        members = inside.populations[indicator["population"]]
        if indicator["kind"] == "active":
            seen = inside.seen(indicator["flows"])
            return [("O", {version.unit for version in members if version.unit in seen}, None)]
        rule, found = indicator.get("R"), []
        collected = inside.collected(indicator)[1]
        seen = inside.seen(indicator["O"]["flows"]) & {version.unit for version in members} if collected else None
        found.append(("O", seen, None))
        if not rule:
            return found
        says = {version.unit: declared(rule, version, inside.view.window_first, inside.period.last) for version in members}
        yes = {unit for unit, answer in says.items() if answer == "yes"}
        may = {unit for unit, answer in says.items() if answer != "no"}
        if rule["window"]:
            found.append(("R", yes, may))
        found.append(("C", yes | seen, may | seen) if collected else ("C", None, None))
        return found

    def rows(self, indicator):
        """(evidence, coordinates) -> population, and the parts of it that the row shows."""
        members, found = self.indicators.populations[indicator["population"]], {}
        for at, inside in self.places(indicator):
            here = {version.unit for version in members if inside(version)}
            for evidence, yes, may in self.answers(indicator):
                parts = None if yes is None else [yes & here] + ([may & here] if may is not None else [])
                found[evidence, tuple(sorted(at.items()))] = here, parts
        if indicator["kind"] == "share":
            collected, here = self.indicators.collected(indicator)[1], {version.unit for version in members}
            for at, predicate in self.channels(indicator):
                seen = self.indicators.seen(indicator["O"]["flows"], predicate)
                found["O", tuple(sorted(at.items()))] = here, [seen & here] if collected else None
        return found


def told(rules, now, before):
    """The change of a part or of its rest tells of one or two units."""
    (whole, parts), (whole_before, parts_before) = now, before
    if parts is None or parts_before is None:
        return False
    for part, part_before in zip(parts, parts_before):
        for one, one_before in ((part, part_before), (whole - part, whole_before - part_before)):
            if disclosure.change(rules, len(one - one_before), len(one_before - one), len(whole))[0] != "F":
                return True
    return False


def risky(definitions, config, partitions, period):
    """Keys of rows (without FREQ and period) that the window before would tell of."""
    as_of, rules, found = resolve_as_of(partitions, None), disclosure.Rules(), set()
    now = Window(definitions, config, partitions, period, as_of)
    before = Window(definitions, config, partitions, period.previous(), as_of)
    for indicator in definitions["indicators"]:
        if indicator["kind"] not in ("share", "active"):
            continue
        rows_before = before.rows(indicator)
        for (evidence, at), row in now.rows(indicator).items():
            if told(rules, row, rows_before[evidence, at]):
                found.add((indicator["code"], evidence, at))
    return found


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {tuple(row[name] for name in COLUMNS[KEY]): row for row in csv.DictReader(file)}


def place_of(row, indicator, area):
    """What the row's coordinates differ in from its indicator's total row."""
    plain = {"REF_AREA": area, "UNIT_TYPE": indicator.get("unit_type", "_T"), "SIZE_CLASS": "_T",
             "PLATFORM": indicator.get("platform", "_Z"), "INSTRUMENT": indicator.get("instrument", "_Z")}
    return tuple(sorted((name, row[name]) for name, value in plain.items() if row[name] != value))


def compare(off, on, risk, definitions, area):
    indicators = {indicator["code"]: indicator for indicator in definitions["indicators"]}
    complaints, met, primary = [], 0, {}
    for key, row in on.items():
        at = row["INDICATOR"], row["EVIDENCE"], place_of(row, indicators[row["INDICATOR"]], area)
        if at in risk and row["WINDOW"]:
            primary.setdefault(at[:2], []).append(key)
            met += off[key]["OBS_STATUS"] != "Q"
            if row["OBS_STATUS"] not in "QM":
                complaints.append("told: %s" % (at,))
    for key, row in on.items():
        taken = row["OBS_STATUS"] == "Q" and off[key]["OBS_STATUS"] != "Q"
        if taken and row["CONF_STATUS"] != "D":
            complaints.append("withheld as %s: %s" % (row["CONF_STATUS"], key))
        if taken and (row["INDICATOR"], row["EVIDENCE"]) not in primary:
            complaints.append("withheld for nothing: %s" % (key,))
        hidden = row["OBS_STATUS"] == off[key]["OBS_STATUS"] == "Q"  # of several reasons the one that was found first
        if not taken and any(row[name] != off[key][name] for name in COLUMNS if not hidden or name != "CONF_STATUS"):
            complaints.append("differs: %s" % (key,))
    return complaints, met


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", nargs="+", required=True)
    parser.add_argument("--sources")
    parser.add_argument("--config", nargs="+", default=[])
    parser.add_argument("--period", required=True)
    parser.add_argument("tables", nargs="+")
    options = parser.parse_args(arguments)
    with open(os.path.join(SCHEMAS, "indicators.json"), encoding="utf-8") as file:
        definitions = json.load(file)
    config = read_config(options.config, options.sources)
    partitions = run_log(options.log, options.config, options.sources)
    off, on, *wrong = map(read, options.tables)
    risk = risky(definitions, config, partitions, Period(options.period))
    complaints, met = compare(off, on, risk, definitions, config.area)
    for line in sorted(complaints)[:SHOWN]:
        print(line)
    print("%d rows that the window before tells of, %d of them told without the rule, %d differences"
          % (len(risk), met, len(complaints)))
    missed = [number for number, table in enumerate(wrong, 1) if not compare(off, table, risk, definitions, config.area)[0]]
    for number in missed:
        print("wrong table %d is not found out" % number)
    return 1 if complaints or missed or off.keys() != on.keys() or met == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
