#!/usr/bin/env python3
"""disclosure_check.py TOOL [TABLES [SEED]]: random tables are judged by the engine (build/tools/disclose) and attacked here.

1. Without any structure the engine's verdicts are those of the primary rules in disclosure.py, one by one.
2. With it, whatever the primary rules or an earlier vintage withhold is withheld.
3. No withheld figure, and no rest that the rules would withhold, follows from the published ones by linear algebra.
4. The sum of the withheld parts of a published whole passes the primary rules itself (a lone contributor could subtract itself).
5. Where dominance withheld a figure, its greatest possible value is so great that the p% rule is kept.
Prints the first failure of each kind with its table, and how many there were. Exit status 1 when there was one."""
import random
import subprocess
import sys
from fractions import Fraction

import disclosure
import disclosure_solver as solver

KINDS = {"magnitude": 1, "population": 2, "part": 3}
DOMINANCE = {"off": 0, "p": 1, "nk": 2}
EVERYWHERE = 6


class Place:
    def __init__(self, dimension, codes, published=True):
        self.dimension = dimension
        self.codes = frozenset(codes)
        self.published = published

    def holds(self, contribution):
        return self.has(contribution.codes)

    def has(self, codes):
        return codes is not None and (self.dimension == EVERYWHERE or codes[self.dimension] in self.codes)


class Figure:
    def __init__(self, kind, contributions, whole, dimensions, published=True):
        self.kind = kind
        self.contributions = contributions
        self.whole = whole
        self.dimensions = dimensions
        self.published = published
        self.moves = []  # of each unit of the part: its codes now and in the window before; None: not in it

    def changes(self, place):
        return (sum(place.has(now) and not place.has(before) for now, before in self.moves),
                sum(place.has(before) and not place.has(now) for now, before in self.moves))

    def stands(self, place):
        return place.dimension == EVERYWHERE or place.dimension in self.dimensions

    def at(self, place):
        return [one for one in self.contributions if place.holds(one)]


class Table:
    def __init__(self, rules):
        self.rules = rules
        self.places = []
        self.equations = []
        self.figures = []
        self.nestings = []
        self.holds = []

    def place(self, *arguments):
        self.places.append(Place(*arguments))
        return len(self.places) - 1

    def text(self, structure=True):
        rules = self.rules
        lines = ["rules %d %d %d %d %d %d %d %d" % (rules.merchants, rules.platforms, rules.payers, rules.p,
                                               DOMINANCE[rules.dominance], rules.near_ends, rules.zeros, rules.windows)]
        for place in self.places:
            mask = sum(1 << code for code in place.codes)
            lines.append("place %d %x %d" % (place.dimension, mask, place.published))
        if structure:
            lines += ["adds %d %s" % (whole, " ".join(map(str, parts))) for whole, parts in self.equations]
        for figure in self.figures:
            dimensions = sum(1 << dimension for dimension in figure.dimensions)
            lines.append("figure %d %d %d %d" % (KINDS[figure.kind], figure.whole, dimensions, len(figure.contributions)))
            lines += ["%d %d %d %d %d %d" % (one.unit, one.platform, *one.codes, one.payers, one.value)
                      for one in figure.contributions]
        for number, figure in enumerate(self.figures):
            if figure.moves:
                lines.append("moved %d %d" % (number, len(figure.moves)))
                lines += ["%d %d %d %d %d %d" % (now is not None, before is not None, *(now or (0, 0)), *(before or (0, 0)))
                          for now, before in figure.moves]
        if structure:
            lines += ["nested %d %d %d" % nesting for nesting in self.nestings]
            lines += ["hold %d %d" % hold for hold in self.holds]
        return "\n".join(lines + ["run", ""])

    def value(self, figure, place):
        return sum(one.value for one in self.figures[figure].at(self.places[place]))

    def primary(self, figure, place):
        whole = self.figures[self.figures[figure].whole].at(place)
        one = self.figures[figure]
        return disclosure.judge(self.rules, one.kind, one.at(place), whole, *one.changes(place))

    def standing(self):
        return [(i, j) for i, figure in enumerate(self.figures) for j, place in enumerate(self.places) if figure.stands(place)]


def random_rules(random_source):
    return disclosure.Rules(
        merchants=random_source.choice((3, 5, 5, 5)), platforms=random_source.choice((1, 2, 3, 3)),
        payers=random_source.choice((1, 10, 10)), p=random_source.choice((5, 10, 10, 30)),
        dominance=random_source.choice(("p", "p", "p", "p", "nk", "off")), near_ends=random_source.random() < 0.8,
        zeros=random_source.random() < 0.9, windows=random_source.random() < 0.9)


def random_structure(random_source, table):
    """Everywhere; districts, sometimes two of them together; types."""
    everywhere = table.place(EVERYWHERE, ())
    for dimension in (0, 1):
        codes = list(range(random_source.randint(2, 8 if dimension == 0 else 5)))
        leaves = [table.place(dimension, (code,)) for code in codes]
        parts = list(leaves)
        if len(codes) > 3 and random_source.random() < 0.6:
            inside = random_source.sample(range(len(codes)), random_source.randint(2, len(codes) - 2))
            group = table.place(dimension, [codes[i] for i in inside], random_source.random() < 0.7)
            table.equations.append((group, [leaves[i] for i in sorted(inside)]))
            parts = [leaf for i, leaf in enumerate(leaves) if i not in inside] + [group]
        table.equations.append((everywhere, parts))
    return table


def random_contributions(random_source, table, counting):
    districts = 1 + max(max(place.codes) for place in table.places if place.dimension == 0)
    types = 1 + max(max(place.codes) for place in table.places if place.dimension == 1)
    crowd = random_source.choice((4, 12, 40, 120))
    weights = [random_source.random() ** random_source.choice((1, 3, 6)) for _ in range(districts)]
    round_values = random_source.random() < 0.3
    made = []
    for unit in range(random_source.randint(crowd // 3 + 1, crowd)):
        home = random_source.choices(range(districts), weights)[0]
        kind = random_source.randrange(types)
        for _ in range(1 if counting else random_source.choice((1, 1, 2, 3))):
            district = home if counting or random_source.random() < 0.95 else random_source.randrange(districts)
            value = int(random_source.paretovariate(random_source.choice((0.4, 1.2))) * 100) % 10 ** 12
            if round_values:
                value = 10 ** random_source.randrange(3)
            value = 1 if counting else value
            made.append(disclosure.Contribution(unit, random_source.randrange(5), (district, kind),
                                                random_source.choice((1, 3, 20)), value))
    return made


def random_moves(random_source, whole, chosen, inner, rest):
    """The window before: most units were there, at the same place, and answered as they do now; some have left since."""
    change = random_source.choice((0, 0.02, 0.1, 0.4))
    districts = [one.codes[0] for one in whole]
    for one, yes in zip(whole, chosen):
        before = one.codes
        if random_source.random() < change:
            before = random_source.choice((None, (random_source.choice(districts), one.codes[1])))
        answer = yes != (random_source.random() < change)
        for figure, wanted in ((inner, True), (rest, False)):
            figure.moves.append((one.codes if yes == wanted else None, before if answer == wanted else None))
        if random_source.random() < change / 2:
            random_source.choice((inner, rest)).moves.append((None, one.codes))


def random_table(random_source):
    table = random_structure(random_source, Table(random_rules(random_source)))
    counting = random_source.random() < 0.35
    whole = random_contributions(random_source, table, counting)
    dimensions = random_source.choice(((0, 1), (0, 1), (0,)))
    table.figures.append(Figure("population" if counting else "magnitude", whole, 0, dimensions))
    for _ in range(random_source.choice((0, 0, 1, 2))):
        share = random_source.random()
        chosen = [random_source.random() < share for _ in whole]
        kind = "part" if counting or random_source.random() < 0.3 else "magnitude"
        inner = len(table.figures)
        of = random_source.choice((dimensions, (0,)))
        table.figures.append(Figure(kind, [one for one, yes in zip(whole, chosen) if yes], 0, of))
        table.figures.append(Figure(kind, [one for one, yes in zip(whole, chosen) if not yes], 0, of, False))
        table.nestings.append((inner, 0, inner + 1))
        if counting and random_source.random() < 0.6:
            random_moves(random_source, whole, chosen, *table.figures[inner:])
    if random_source.random() < 0.3:  # suppressed in an earlier vintage
        table.holds.append(random_source.choice([at for at in table.standing() if table.figures[at[0]].published and
                                                 table.places[at[1]].published]))
    return table


class Attack:
    """What a reader of the published figures knows of a table."""

    def __init__(self, table, verdicts):
        self.table = table
        self.verdicts = verdicts
        self.system = self.equations()

    def known(self, figure, place):
        return self.table.figures[figure].published and self.verdicts[figure, place][0] == "F"

    def equation(self, whole, parts):
        row, constant = {}, 0
        for at, sign in [(whole, -1)] + [(part, 1) for part in parts]:
            if self.known(*at):
                constant -= sign * self.table.value(*at)
            else:
                row[at] = row.get(at, 0) + sign
        return row, constant

    def equations(self):
        table, found = self.table, []
        for i, figure in enumerate(table.figures):
            for whole, parts in table.equations:
                if figure.stands(table.places[parts[0]]):
                    found.append(self.equation((i, whole), [(i, part) for part in parts]))
        for inner, outer, rest in table.nestings:
            for j, place in enumerate(table.places):
                if all(table.figures[i].stands(place) for i in (inner, outer, rest)):
                    found.append(self.equation((outer, j), [(inner, j), (rest, j)]))
        return found

    def recovered(self):
        """Withheld figures, and rests that should be, that follow from the published ones."""
        found = solver.determined(self.system)
        return [at for at in found if self.table.figures[at[0]].published or
                self.table.primary(at[0], self.table.places[at[1]])[0] != "F"]

    def unknown_codes(self, figure, place):
        codes = set(self.table.places[place].codes)
        for whole, parts in self.table.equations:
            if whole == place:
                for part in parts:
                    codes -= self.table.places[part].codes
                    if self.verdicts[figure, part][0] != "F":
                        codes |= self.unknown_codes(figure, part)
        return codes

    def unsafe_sums(self):
        """Published wholes whose withheld parts together fail the primary rules."""
        found = []
        for i, figure in enumerate(self.table.figures):
            for whole, parts in self.table.equations:
                if not figure.stands(self.table.places[parts[0]]) or self.verdicts[i, whole][0] != "F":
                    continue
                withheld = [part for part in parts if self.verdicts[i, part][0] != "F"]
                codes = set().union(*[self.unknown_codes(i, part) for part in withheld])
                together = Place(self.table.places[parts[0]].dimension, codes)
                if withheld and self.table.primary(i, together)[0] != "F":
                    found.append((i, whole))
        return found

    def underprotected(self):
        """Figures withheld for dominance by merchants whose upper bound comes too close to the greatest contributor."""
        found = []
        for (i, j), (status, cause) in self.verdicts.items():
            figure = self.table.figures[i]
            if status not in "OTM" or cause != "merchant_share" or self.table.rules.dominance != "p" or not figure.published:
                continue
            if self.table.primary(i, self.table.places[j])[1] != "merchant_share":
                continue
            sums = sorted(disclosure.by(figure.at(self.table.places[j]), "unit").values(), reverse=True) + [0]
            total = sum(sums)
            needed = Fraction(self.table.rules.p, 100) * sums[0] + sums[0] + sums[1]
            bound = solver.greatest(self.system, (i, j))
            if bound is not None and bound < max(needed, total):
                found.append((i, j))
        return found


def run(tool, texts):
    output = subprocess.run([tool], input="".join(texts), capture_output=True, text=True, check=True).stdout
    tables, verdicts = [], {}
    for line in output.splitlines():
        if line == "end":
            tables.append(verdicts)
            verdicts = {}
            continue
        figure, place, status, cause = line.split()
        verdicts[int(figure), int(place)] = status, cause
    return tables


class Complaints:
    def __init__(self):
        self.counts = {}

    def add(self, what, number, table, detail):
        self.counts[what] = self.counts.get(what, 0) + 1
        if self.counts[what] == 1:
            print("table %d: %s: %s\n%s" % (number, what, detail, table.text()[:3000]))


def compare_primary(complaints, number, table, verdicts):
    for figure, place in table.standing():
        expected = table.primary(figure, table.places[place])
        if verdicts[figure, place] != expected:
            complaints.add("primary rules differ", number, table,
                           "figure %d place %d: engine %s, oracle %s" % (figure, place, verdicts[figure, place], expected))


def attack(complaints, number, table, verdicts):
    for figure, place in table.standing():
        held = (figure, place) in table.holds
        if (held or table.primary(figure, table.places[place])[0] != "F") and verdicts[figure, place][0] == "F":
            complaints.add("published in spite of the rules", number, table, (figure, place))
    attacker = Attack(table, verdicts)
    for what, found in (("recovered by subtraction", attacker.recovered()),
                        ("sum of withheld parts is unsafe", attacker.unsafe_sums()),
                        ("upper bound breaks the p% rule", attacker.underprotected())):
        for at in found:
            complaints.add(what, number, table, at)


def main(arguments):
    tool = arguments[0]
    count = int(arguments[1]) if len(arguments) > 1 else 1000
    random_source = random.Random(int(arguments[2]) if len(arguments) > 2 else 6)
    tables = [random_table(random_source) for _ in range(count)]
    complaints = Complaints()
    withheld = {}
    for number, (table, verdicts) in enumerate(zip(tables, run(tool, [table.text(False) for table in tables]))):
        compare_primary(complaints, number, table, verdicts)
    for number, (table, verdicts) in enumerate(zip(tables, run(tool, [table.text() for table in tables]))):
        attack(complaints, number, table, verdicts)
        for status, _ in verdicts.values():
            withheld[status] = withheld.get(status, 0) + 1
    print("%d tables, verdicts %s" % (count, " ".join("%s=%d" % pair for pair in sorted(withheld.items()))))
    for what, times in complaints.counts.items():
        print("%d times: %s" % (times, what))
    return 1 if complaints.counts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
