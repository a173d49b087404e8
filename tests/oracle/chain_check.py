#!/usr/bin/env python3
"""chain_check.py --log FILE… --base PERIOD [--config key=value …] [--expected FILE] VINTAGES: which chain indices are withheld.

VINTAGES holds the first releases of all months of the chain, of this very log. An IXM is withheld (Q, D) just where the flow is
in one of its months, or one of its links may not be told (disclosure.md §3): what the sources of each class have is judged by
the primary rules, from the cells that the oracle books. The registry of the log knows no groups of enterprises. Exit status 1 on
difference, or where nothing was withheld, or nothing was told.
"""
import argparse
import csv
import glob
import json
import os
import sys
from collections import Counter

from chain import Panel, months_from
from codelists import SCHEMAS
from coverage import Coverage, read_expected
from disclosure import Contribution, Rules, magnitude
from flows import AT as FACET_AT
from obs import Period
from oracle import run_log
from settings import read_config

MARKETPLACES = ("LAZADA", "SHOPEE", "TIKI", "SENDO", "TIKTOK_SHOP")
WALLETS = ("MOMO", "ZALOPAY", "VNPAY", "SHOPEEPAY", "VIETTEL")
PARTS = ("plus", "minus", "over", "over_minus")


def form_of(terms):
    return frozenset(Counter(terms).items())


def forms_of(indicator):
    if indicator["kind"] == "hhi":
        return [form_of([indicator["flow"] + ".sum"])]
    made = indicator["kind"] in ("flow", "ratio") and indicator.get("area") != "observed"
    return [form_of(indicator[part]) for part in PARTS if indicator.get(part)] if made else []


def take(form, cell):
    """How often the form takes the n and the sum of a cell."""
    counted = [0, 0]
    for term, times in form:
        flow, what = term.split(".")
        if flow in cell.flows:
            counted[what == "sum"] += times
    return counted


def knower(cell):
    outlet, instrument, party = (cell.facet[FACET_AT[name]] for name in ("outlet", "instrument", "party"))
    if outlet in MARKETPLACES:
        return outlet
    return party if instrument == "EWALLET" and party in WALLETS else cell.source


class Shown:
    """What a vintage publishes of the province: forms, and by which slices."""

    def __init__(self, path, definitions, area):
        self.axes = definitions["axes"]
        self.definitions = definitions
        self.told = set()     # (form, axis or None, code)
        self.sliced = set()   # (form, axis)
        self.rows = {}
        with open(os.path.join(path, "obs.csv"), encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["REF_AREA"] == area]
        indicators = {indicator["code"]: indicator for indicator in definitions["indicators"]}
        for row in rows:
            self.read(row, indicators[row["INDICATOR"]])

    def read(self, row, indicator):
        other = [name for name in ("PLATFORM", "INSTRUMENT", "UNIT_TYPE")
                 if row[name] != indicator.get(name.lower(), "_T" if name == "UNIT_TYPE" else "_Z")]
        if not other:
            self.rows[indicator["code"], row["TRANSFORMATION"]] = row
        if row["TRANSFORMATION"] != "N" or other == ["UNIT_TYPE"]:
            return
        for form in forms_of(indicator):
            axis = other[0].lower() if other else None
            if axis:
                self.sliced.add((form, axis))
            if row["CONF_STATUS"] == "F":
                self.told.add((form, axis, row[other[0]] if other else None))

    def pieces(self, form, axis):
        """code of a facet -> the published slices that it is in"""
        groups = self.axes["platform"]["groups"] if axis == "platform" else {}
        slices = [code for told, along, code in self.told if told == form and along == axis]
        return lambda code: frozenset(one for one in slices if code in groups.get(one, [one]))


class Judge:
    def __init__(self, panel, definitions, rules):
        self.panel, self.rules = panel, rules
        self.forms = {form for indicator in definitions["indicators"] for form in forms_of(indicator)}

    def passes(self, cells, outer, inner=frozenset()):
        contributions = []
        for cell in cells:
            n, amount = (a - b for a, b in zip(take(outer, cell), take(inner, cell)))
            if n or amount:
                contributions.append((cell, cell.n * n + cell.amount * amount))
        for who in (knower, lambda cell: cell.source):
            judged = [Contribution(cell.version.unit, who(cell), (), cell.n, value) for cell, value in contributions]
            if judged and magnitude(self.rules, judged)[0] != "F":
                return False
        return True

    def class_passes(self, cells, every, form, shown):
        if not self.passes(cells, form):
            return False
        for inner in self.forms - {form}:
            pairs = [(take(inner, cell), take(form, cell)) for cell in every]
            part = all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairs) and any(sum(a) for a, _ in pairs)
            if not part or all(a == b for a, b in pairs):
                continue
            if (inner, None, None) not in shown.told or not self.passes(cells, inner) or not self.passes(cells, form, inner):
                return False
        for axis, facet in (("platform", "outlet"), ("instrument", "instrument")):
            if (form, axis) not in shown.sliced:
                continue
            piece = shown.pieces(form, axis)
            together = {}
            for cell in cells:
                together.setdefault(piece(cell.facet[FACET_AT[facet]]), []).append(cell)
            if not all(self.passes(part, form) for part in together.values()):
                return False
        return True

    def told(self, indicator, month, later, shown):
        """May the end of a link in `month` be known: of the link from the month before (later), or of that to the month after?"""
        classes = self.panel.classes(indicator, month, False)
        every = self.panel.cells(month)
        terms = list(indicator["plus"]) + list(indicator.get("minus", ()))
        sets = {}
        for cell in every:
            if cell.counts(terms):
                sets.setdefault(classes[cell.source][:1] if later else classes[cell.source], []).append(cell)
        return len(sets) < 2 or all(self.class_passes(cells, every, form_of(indicator[part]), shown) for cells in sets.values()
                                    for part in ("plus", "minus") if indicator.get(part))


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", nargs="+", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--config", nargs="+", default=[])
    parser.add_argument("--expected")
    parser.add_argument("vintages")
    options = parser.parse_args(arguments)
    config = read_config(options.config, None)
    partitions = run_log(options.log, options.config)
    with open(os.path.join(SCHEMAS, "indicators.json"), encoding="utf-8") as file:
        definitions = json.load(file)
    paths = {path.rsplit("_M_", 1)[1][:7]: path for path in glob.glob(os.path.join(options.vintages, "*_M_*_r1_*"))
             if "_RAW_" not in path}
    as_of = max(partition.record_time_max for partition in partitions)
    coverage = None
    if options.expected:
        bare = Panel(definitions, config, partitions, as_of, None)
        coverage = Coverage(read_expected(options.expected), definitions, config, partitions, bare.units, as_of)
    panel = Panel(definitions, config, partitions, as_of, coverage)
    judge = Judge(panel, definitions, Rules())
    shown = {month: Shown(path, definitions, config.area) for month, path in paths.items()}
    seen, wrong = Counter(), 0
    for indicator in (one for one in definitions["indicators"] if one["kind"] == "flow" and one.get("area") != "observed"):
        withheld = False
        for month in months_from(options.base, Period(max(paths))):
            before = month.previous()
            withheld = withheld or shown[month.text].rows[indicator["code"], "N"]["OBS_STATUS"] == "Q"
            if month.text != months_from(options.base, month)[0].text:
                withheld = (withheld or not judge.told(indicator, month, True, shown[month.text])
                            or not judge.told(indicator, before, False, shown[before.text]))
            row = shown[month.text].rows[indicator["code"], "IXM"]
            found = (row["OBS_STATUS"], row["CONF_STATUS"]) == ("Q", "D") and not row["OBS_VALUE"]
            seen[found] += 1
            if found != withheld or (not found and row["CONF_STATUS"] != "F"):
                wrong += 1
                print("%s %s: %s, by the rules %s" % (indicator["code"], month.text, "withheld" if found else "told",
                                                      "withheld" if withheld else "told"))
    print("%d withheld, %d told, %d wrong" % (seen[True], seen[False], wrong))
    return 1 if wrong or not seen[True] or not seen[False] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
