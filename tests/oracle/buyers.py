#!/usr/bin/env python3
"""buyers.py RAW_OBS PUBLISHED_OBS --log FILE… --sources FILE --period P: distinct buyers by district, from the log.

Every district of both tables: the raw value is what the united registers of the oracle's own sketches stand for, to the person;
the number of ids that are really there lies within 5 standard errors of it (1.63 %) and within its bounds at nine districts of
ten; and what was published or withheld follows from who brought the persons (disclosure.md §2): contributors, platforms, payers.
Prints how many districts there were of each kind. Exit status 1 on difference, or when a kind is missing."""
import argparse
import csv
import json
import os
import sys

from civil import month_of_day
from codelists import DISTRICTS, SCHEMAS
from compare_obs import SIGMA_DISTRICT
from disclosure import Rules
from flows import AT
from indicators import Indicators
from obs import Period, Rows, resolve_as_of
from oracle import run_log
from persons import Prints, registers_of_persons
from settings import read_config
from storedump import estimate

MARKETPLACES = ("LAZADA", "SHOPEE", "TIKI", "SENDO", "TIKTOK_SHOP")


class Crowd:
    def __init__(self):
        self.persons, self.contributors, self.platforms = set(), set(), set()


def contributor(units, version, last):
    """The greatest body that is known behind a unit."""
    group, parent = (version.columns.get(name) for name in ("enterprise_group_id", "parent_enterprise_id"))
    if not group and parent and parent in units.versions:
        enterprise = units.version(parent, last)
        group = enterprise.columns.get("enterprise_group_id") if enterprise else None
    return ("group", group) if group else ("unit", parent or version.unit)


def platform(facet, source):
    outlet, party = facet[AT["outlet"]], facet[AT["party"]]
    if outlet in MARKETPLACES:
        return outlet
    return party if facet[AT["instrument"]] == "EWALLET" and party not in ("", "OTHER") else ("source", source)


def brings_persons(indicators, facet):
    """Sold, or paid without cash: the flows that the sketches count."""
    if facet[AT["family"]] == "ORDER":
        return facet[AT["outcome"]] == "CREATED" and facet[AT["role"]] == "SELLER" and \
            facet[AT["outlet"]] in indicators.axes["platform"]["total"]
    return facet[AT["family"]] == "PAYMENT" and facet[AT["outcome"]] == "OK" and \
        facet[AT["instrument"]] in indicators.axes["instrument"]["total"]


def crowds_of(indicators, period):
    """District -> who was there."""
    crowds = {district: Crowd() for district in DISTRICTS}
    for version, account_month, persons in indicators.placed_persons(period):
        crowd = crowds[version.district]
        crowd.persons |= persons
        crowd.contributors.add(contributor(indicators.units, version, period.last))
        crowd.platforms |= indicators.platforms_of.get(account_month, set())
    return crowds


def gather_platforms(indicators):
    found = {}
    for partition in indicators.partitions:
        for day, cells in partition.ledger.items():
            for number, facet in cells:
                if brings_persons(indicators, facet):
                    source, account, _ = partition.accounts[number]
                    found.setdefault((source, account, month_of_day(day)), set()).add(platform(facet, source))
    indicators.platforms_of = found


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row["REF_AREA"]: row for row in csv.DictReader(file)
                if row["INDICATOR"] == "BUYERS_ACT_N" and "_D" in row["REF_AREA"]}


def complaints(area, crowd, raw, published, rules, prints, tally):
    value, exact = int(raw["OBS_VALUE"]), len(crowd.persons)
    registers = registers_of_persons(crowd.persons, prints)
    if value != round(estimate(registers)):
        yield "%s: %d, but the oracle's registers stand for %.2f" % (area, value, estimate(registers))
    if abs(value - exact) > max(1, 5 * SIGMA_DISTRICT * exact):
        yield "%s: %d, but there are %d" % (area, value, exact)
    tally["within"] += int(raw["BOUND_LO"]) <= exact <= int(raw["BOUND_HI"])
    counts = (("merchants", len(crowd.contributors), rules.merchants), ("platforms", len(crowd.platforms), rules.platforms),
              ("payers", value, rules.payers))
    few = [cause for cause, count, least in counts if 0 < count < least]
    tally[few[0] if few else "published"] += 1
    wanted = ("A", "Q", "") if few else ("F", "E", raw["OBS_VALUE"])
    found = tuple(published[name] for name in ("CONF_STATUS", "OBS_STATUS", "OBS_VALUE"))
    if found != wanted:
        yield "%s: %s, not %s: %d contributors, %d platforms, %d persons" % (
            area, found, wanted, len(crowd.contributors), len(crowd.platforms), value)


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("raw")
    parser.add_argument("published")
    parser.add_argument("--log", nargs="+", required=True)
    parser.add_argument("--sources", required=True)
    parser.add_argument("--period", required=True)
    parser.add_argument("--kinds", nargs="+", default=[], help="that must occur: published merchants platforms payers")
    options = parser.parse_args(arguments)
    settings = ["sketches.accounts=on"]
    partitions = run_log(options.log, settings, options.sources)
    with open(os.path.join(SCHEMAS, "indicators.json"), encoding="utf-8") as file:
        definitions = json.load(file)
    config, period, as_of = read_config(settings, options.sources), Period(options.period), resolve_as_of(partitions, None)
    indicators = Indicators(definitions, config, partitions, period, as_of, False, Rows(definitions, config, as_of, 1))
    gather_platforms(indicators)
    crowds, raw, published = crowds_of(indicators, period), rows_of(options.raw), rows_of(options.published)
    wanted = {"%s_D%s" % (config.area, district): crowd for district, crowd in crowds.items()}
    found = ["districts differ: %s" % sorted(wanted.keys() ^ rows.keys()) for rows in (raw, published)
             if wanted.keys() != rows.keys()]
    tally = dict.fromkeys(("within", "published", "merchants", "platforms", "payers"), 0)
    prints = Prints()
    for area, crowd in wanted.items():
        if not found:
            found += complaints(area, crowd, raw[area], published[area], Rules(), prints, tally)
    if tally["within"] < 0.9 * len(wanted):
        found.append("within the bounds: %d of %d" % (tally["within"], len(wanted)))
    found += ["no district is %s" % kind for kind in options.kinds if tally[kind] == 0]
    for line in found:
        print(line)
    most = max(len(crowd.persons) for crowd in crowds.values())
    print("%d districts, %d persons in the largest, %s" % (len(wanted), most, tally))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
