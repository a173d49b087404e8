#!/usr/bin/env python3
"""cohorts.py COHORTS.csv --log DIR|FILE… --period P: cohorts.csv made again from the log, cell for cell.

    [--config key=value …] [--sources FILE] [--as-of T] [--definitions FILE] [--raw] [--before COHORTS.csv …]
    [--obs OBS.csv]: the adoptions of the period against MER_NEW_N of a raw table

Written from schemas/cohorts.md and disclosure.md §7. `Table` is numbers and verdicts only: cohorts_attack.py tries to break it.
Exit status 1 on difference.
"""
import argparse
import csv
import json
import os
import sys
from fractions import Fraction

from civil import month_last_day, month_of_day, ms_of_rfc3339
from codelists import SCHEMAS
from disclosure import Contribution, Rules, part, population
from obs import Period, decimal_text, resolve_as_of
from settings import read_config
from units import Units

HEADER = "COHORT AGE MONTH AT_RISK ADOPTIONS HAZARD SURVIVOR OBS_STATUS CONF_STATUS".split()
ONE = 10 ** 12
PRE = 0


def first_of(month):
    return month_last_day(month - 1) + 1


def month_name(month):
    return "%04d-%02d" % (month // 12, month % 12 + 1)


def month_number(name):
    return int(name[:4]) * 12 + int(name[5:]) - 1


class Table:
    """Units as (cohort, first month at risk, last month at risk, adopts in the last?, contributor); months are numbers from 0,
    cohort c > 0 begins in month c - 1, PRE in month 0."""

    def __init__(self, months, units):
        self.months = months
        self.cells = {}
        for cohort, first, last, adopts, contributor in units:
            for month in range(first, last + 1):
                cell = self.cells.setdefault((cohort, month), [0, 0, set()])
                cell[0] += 1
                cell[1] += adopts and month == last
                cell[2].add(contributor)
        self.cohorts = sorted({cohort for cohort, month in self.cells if month == self.entry(cohort)})

    @staticmethod
    def entry(cohort):
        return max(cohort - 1, 0)

    def cell(self, cohort, month):
        return self.cells.get((cohort, month), [0, 0, set()])

    def control(self, rules, held=(), step3=True):
        """{(cohort, month): A or D} of what is withheld."""
        verdicts, tails = {}, []
        for month in range(self.months):
            for cohort in self.cohorts:
                if self.entry(cohort) > month or cohort in tails:
                    continue
                verdict = judge(rules, *self.cell(cohort, month))
                if verdict != "F" or (cohort, month) in held:
                    tails.append(cohort)
                    verdicts[cohort, month] = "A" if verdict == "A" else "D"
            while step3 and tails and not self.together(rules, tails, month):
                others = [cohort for cohort in self.cohorts if cohort not in tails and self.cell(cohort, month)[0] > 0]
                if not others:
                    break
                tails.append(min(others, key=lambda cohort: (self.cell(cohort, month)[0], -cohort)))
            for cohort in tails:
                verdicts.setdefault((cohort, month), "D")
        return verdicts

    def together(self, rules, tails, month):
        cells = [self.cell(cohort, month) for cohort in tails]
        at_risk, adoptions = (sum(cell[i] for cell in cells) for i in (0, 1))
        if at_risk == 0:
            return True
        several = sum(cell[0] > 0 for cell in cells) >= 2
        people = set().union(*(cell[2] for cell in cells))
        return several and adoptions < at_risk and judge(rules, at_risk, adoptions, people) == "F"

    def rows(self, first_month, verdicts, raw):
        for cohort in self.cohorts:
            survivor = ONE
            for month in range(self.entry(cohort), self.months):
                at_risk, adoptions, _ = self.cell(cohort, month)
                if at_risk:
                    survivor = round(Fraction(survivor * (at_risk - adoptions), at_risk))
                name = "PRE" if cohort == PRE else month_name(first_month + cohort - 1)
                row = [name, str(month - self.entry(cohort)), month_name(first_month + month)]
                if (cohort, month) in verdicts:
                    yield row + [""] * 4 + ["Q", verdicts[cohort, month]]
                    continue
                yield row + [str(at_risk), str(adoptions), decimal_text(adoptions, at_risk, 6) if at_risk else "",
                             decimal_text(survivor, ONE, 6), "P" if at_risk else "M", "N" if raw else "F"]


def judge(rules, at_risk, adoptions, contributors):
    """A: too few contributors; D: adoptions near an end; F."""
    def of(number):
        return [Contribution(None, None, (), 0, number)]
    if population(rules, [Contribution(one, None, (), 0, 1) for one in contributors])[0] != "F":
        return "A"
    parts = [part(rules, of(number), of(at_risk))[0] for number in (adoptions, at_risk - adoptions)]
    return "F" if parts == ["F", "F"] else "D"


def first_days(units, partitions, definitions, last):
    """unit -> the day of its first activity ever, none after `last`."""
    from flows import flow_matches
    adoption = next((indicator for indicator in definitions["indicators"]
                     if indicator["kind"] == "turnover" and indicator["part"] == "new"), None)
    if adoption is None:
        return None
    flows = [definitions["flows"][name] for name in adoption["flows"]]
    seen = {}

    def see(account, day):
        owner = units.owner(account[0], account[1], day) if day <= last else None
        if owner:
            seen[owner.unit] = min(day, seen.get(owner.unit, day))
    for partition in partitions:
        for source, name, activities in partition.accounts:
            for activity in adoption["activities"]:
                if activity in activities:
                    see((source, name), activities[activity][0])
        for day, cells in partition.ledger.items():
            for (number, facet), (n, *_) in cells.items():
                if n > 0 and any(flow_matches(flow, facet) for flow in flows):
                    see(partition.accounts[number], day)
    return seen


def contributor(units, unit, last):
    """disclosure.md §2: the enterprise group, else the enterprise (or its group), else the unit."""
    version = units.version(unit, last)
    if version is None:
        steps = units.versions[unit]
        version = [value for value in steps.values if value is not None][-1]
    group, parent = (version.columns.get(name) for name in ("enterprise_group_id", "parent_enterprise_id"))
    if not group and parent and parent in units.versions:
        above = units.version(parent, last)
        group = above.columns.get("enterprise_group_id") if above else None
    return ("group", group) if group else ("unit", parent or unit)


def build(definitions, config, partitions, period, as_of, kept_start=None):
    """(first month, Table, unit -> day of its adoption)."""
    units = Units([record for partition in partitions for _, _, record in partition.units], as_of)
    adopted = first_days(units, partitions, definitions, period.last)
    days = [first for partition in partitions for _, _, activities in partition.accounts for first, *_ in activities.values()]
    if adopted is None or not days:
        return 0, Table(0, []), {}
    start = month_of_day(min(days) - 1) + 1 if kept_start is None else kept_start
    end = start
    while first_of(end + 1) - 1 <= period.last and config.zone.day_start_ms(first_of(end + 1)) <= as_of:
        end += 1
    members = []
    for unit, steps in units.versions.items():
        registered = next((month_of_day(day) for day, value in zip(steps.days, steps.values) if value is not None), None)
        first = adopted.get(unit)
        if registered is None or registered >= end:
            continue
        cohort = max(registered - start + 1, PRE)

        def alive(day, unit=unit):
            version = units.version(unit, day)
            return version is not None and version.status == "ACTIVE"
        if cohort == PRE and (not alive(first_of(start) - 1) or (first is not None and first < first_of(start))):
            continue
        month = entry = max(registered, start)
        adopts = False
        while True:
            adopts = first is not None and month_of_day(first) == month
            if adopts or not alive(first_of(month + 1) - 1) or month + 1 == end:
                break
            month += 1
        members.append((cohort, entry - start, month - start, adopts, contributor(units, unit, period.last)))
    return start, Table(end - start, members), adopted


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def held_cells(paths, start):
    return {(PRE if row[0] == "PRE" else month_number(row[0]) - start + 1, month_number(row[2]) - start)
            for path in paths if os.path.exists(path) for row in read(path)[1:] if row[8] == "D"}


def start_of(paths):
    """The data start of the first of these tables that has rows."""
    for path in paths:
        rows = read(path)[1:] if os.path.exists(path) else []
        if rows:
            return min(month_number(row[2]) for row in rows)
    return None


def rules_of(settings):
    """Settings disclosure.* as `Rules`."""
    named = {key.split(".")[1]: value for key, value in settings.items() if key.startswith("disclosure.")}
    return Rules(merchants=int(named.get("merchants", 5)), near_ends=named.get("near_ends", "on") == "on",
                 zeros=named.get("zeros", "on") == "on")


def against_new(table, start, adopted, period, obs):
    """MER_NEW_N of the period's months is every unit seen for the first time, with those who had left the set by then."""
    with open(obs, encoding="utf-8", newline="") as file:
        (new,) = [int(row["OBS_VALUE"]) for row in csv.DictReader(file)
                  if row["INDICATOR"] == "MER_NEW_N" and row["TIME_PERIOD"] == period.text]
    first, last = max(month_of_day(period.first), start), month_of_day(period.last)
    adoptions = sum(cell[1] for (_, month), cell in table.cells.items() if first <= month + start <= last)
    seen = sum(first <= month_of_day(day) <= last for day in adopted.values())
    before = sum(period.first <= day < first_of(first) for day in adopted.values())
    print("MER_NEW_N %d: %d before the data start, %d adoptions, %d by units that had left" % (
        new, before, adoptions, seen - adoptions))
    return new == before + seen


def main(arguments):
    from oracle import run_log
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", nargs="+", required=True)
    parser.add_argument("--config", nargs="+", action="extend", default=[])
    parser.add_argument("--sources")
    parser.add_argument("--period", required=True)
    parser.add_argument("--as-of")
    parser.add_argument("--definitions", default=os.path.join(SCHEMAS, "indicators.json"))
    parser.add_argument("--raw", action="store_true")
    parser.add_argument("--before", nargs="+", default=[], help="releases that are held to")
    parser.add_argument("--obs")
    parser.add_argument("found")
    options = parser.parse_args(arguments)
    settings = dict(text.split("=", 1) for text in options.config)
    counting = [text for text in options.config if text.split("=")[0] not in ("disclosure.near_ends", "disclosure.zeros")]
    config = read_config(counting, options.sources)
    with open(options.definitions, encoding="utf-8") as file:
        definitions = json.load(file)
    partitions = run_log(options.log, counting, options.sources)
    as_of = resolve_as_of(partitions, ms_of_rfc3339(options.as_of) if options.as_of else None)
    period = Period(options.period)
    start, table, adopted = build(definitions, config, partitions, period, as_of, start_of(options.before))
    verdicts = {} if options.raw else table.control(rules_of(settings), held_cells(options.before, start))
    wanted = [HEADER] + list(table.rows(start, verdicts, options.raw))
    found = read(options.found)
    differences = [(mine, theirs) for mine, theirs in zip(wanted, found) if mine != theirs]
    for mine, theirs in differences[:20]:
        print("oracle %s, cohorts.csv %s" % (",".join(mine), ",".join(theirs)))
    statuses = [row[8] for row in wanted[1:]]
    print("%d rows (oracle %d) of %d cohorts, %d differ; %s" % (
        len(found) - 1, len(wanted) - 1, len(table.cohorts), len(differences),
        " ".join("%s %d" % (status, statuses.count(status)) for status in sorted(set(statuses)))))
    exact = not options.obs or against_new(table, start, adopted, period, options.obs)
    return 1 if differences or len(found) != len(wanted) or not exact else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
