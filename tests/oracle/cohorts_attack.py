#!/usr/bin/env python3
"""cohorts_attack.py [TABLES] [--seed N] [--without-months]: can a withheld cell of cohorts.csv be worked out?

Random small tables of cohorts are controlled (cohorts.py, disclosure.md §7) and attacked by somebody who knows every published
cell, the number of units each cohort began with, and the adoptions of each month. The withheld adoptions are then a flow from
months to cohorts: a month gives what the published cells leave of its sum, a cohort takes at most what its last published
number at risk leaves. A cell is determined when no integer flow has one more or one less in it (such flows are an integral
polytope, so the values that a cell may take are an interval).

No withheld cell with units at risk may be determined, unless its month's withheld cells had no adoption at all, or the whole
month is withheld. --without-months breaks the rule: then cells must be found. Exit status 1 when some are.
"""
import argparse
import random
import sys

from cohorts import Table
from disclosure import Rules


def random_table(chance):
    """Units of up to six cohorts over up to six months, each a run at risk."""
    months, units, number = chance.randint(2, 6), [], 0
    for cohort in range(months + 1):
        first = Table.entry(cohort)
        hazard = chance.choice([0.02, 0.1, 0.3, 0.6])
        for _ in range(chance.choice([0, 1, 3, 5, 6, 8, 12, 25])):
            number += 1
            month, adopts = first, False
            while True:
                adopts = chance.random() < hazard
                if adopts or chance.random() < 0.03 or month + 1 == months:
                    break
                month += 1
            units.append((cohort, first, month, adopts, number if chance.random() < 0.8 else -chance.randint(1, 4)))
    return Table(months, units)


class Flow:
    """The withheld adoptions as they are: how they might be others with the same sums by month, and no cohort above its bound."""

    def __init__(self, table, verdicts):
        self.values = {at: table.cell(*at)[1] for at in verdicts}
        self.room = {}
        for cohort in {cohort for cohort, _ in verdicts}:
            months = sorted(month for which, month in verdicts if which == cohort)
            self.room[cohort] = bound(table, cohort, months[0]) - sum(self.values[cohort, month] for month in months)

    def others(self, cohort, month):
        return [which for which, when in self.values if when == month and which != cohort]

    def settles(self, start, spare, cell):
        """One adoption too many in cohort `start`: can it be passed on, month by month, to a cohort that has room? `spare` has
        just got some; `cell` is not touched again."""
        seen, ways = {start}, [start]
        while ways:
            cohort = ways.pop()
            if cohort == spare or self.room[cohort] > 0:
                return True
            for (which, month), value in self.values.items():
                if which != cohort or value == 0 or (which, month) == cell:
                    continue
                for other in self.others(cohort, month):
                    if other not in seen and (other, month) != cell:
                        seen.add(other)
                        ways.append(other)
        return False

    def free(self, cell):
        """Whether the cell may have one adoption more, taken from another cohort of its month, or one less."""
        cohort, month = cell
        more = any(self.values[other, month] > 0 and self.settles(cohort, other, cell) for other in self.others(cohort, month))
        return more or (self.values[cell] > 0 and
                        any(self.settles(other, cohort, cell) for other in self.others(cohort, month)))


def bound(table, cohort, month):
    """The most that can be at risk in the cohort's first withheld month, by what is known of it."""
    if month == table.entry(cohort):
        return table.cell(cohort, month)[0]
    at_risk, adoptions, _ = table.cell(cohort, month - 1)
    return at_risk - adoptions


def determined(table, verdicts):
    """Withheld cells that can be worked out, and the numbers of those that may be and of those that cannot."""
    flow, bad, excused = Flow(table, verdicts), [], 0
    for cohort, month in verdicts:
        standing = [which for which in table.cohorts if table.entry(which) <= month and table.cell(which, month)[0]]
        together = [which for which in standing if (which, month) in verdicts]
        nothing = not any(table.cell(which, month)[1] for which in together)
        if cohort not in together or flow.free((cohort, month)):
            continue
        if nothing or together == standing:
            excused += 1
        else:
            bad.append((cohort, month))
    return bad, excused


def sums_tell(table, rules, verdicts):
    """Months whose withheld cells, together, are not fit to be published, though others could have been withheld with them."""
    bad = []
    for month in range(table.months):
        together = [which for which in table.cohorts if (which, month) in verdicts]
        left = [which for which in table.cohorts if table.entry(which) <= month and table.cell(which, month)[0]
                and which not in together]
        if together and left and not table.together(rules, together, month):
            bad.append(month)
    return bad


def resumes(table, verdicts):
    return [at for at in verdicts if at[1] + 1 < table.months and (at[0], at[1] + 1) not in verdicts]


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", nargs="?", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-months", action="store_true")
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    bad = withheld = excused = 0
    for number in range(options.tables):
        table = random_table(chance)
        rules = Rules(merchants=chance.choice([2, 3, 5]), near_ends=chance.random() < 0.8)
        verdicts = table.control(rules, step3=not options.without_months)
        cells, told = determined(table, verdicts)
        withheld, excused = withheld + len(verdicts), excused + told
        problems = cells + sums_tell(table, rules, verdicts) + resumes(table, verdicts)
        bad += bool(problems)
        if problems and bad <= 5:
            print("table %d: worked out %s, sums %s, tails that end %s" % (
                number, cells, sums_tell(table, rules, verdicts), resumes(table, verdicts)))
    print("%d tables, %d cells withheld, %d zeros or whole months among them; %d tables tell" % (
        options.tables, withheld, excused, bad))
    return 1 if bad or not withheld else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
