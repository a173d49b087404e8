#!/usr/bin/env python3
"""disclosure_attack.py OBS.csv: an attack on a published table with what everybody has: the table and indicators.json.

Unknowns are n and sum of every flow in every place, and the numbers of units behind shares. Values, numerators and
denominators of published rows, and that places add up, are equations. A suppressed row all of whose numbers follow from
them is a leak; flows that were not collected (L) are taken for 0, growths are
left aside. Exact; currencies without decimals only. Exit status 1 when there is a leak, or nothing to attack."""
import csv
import json
import pathlib
import sys

import disclosure_solver as solver

DEFINITIONS = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "indicators.json"


class Reader:
    def __init__(self, rows, definitions):
        self.rows = rows
        self.indicators = {indicator["code"]: indicator for indicator in definitions["indicators"]}
        self.axes = definitions["axes"]
        self.groups = self.axes["platform"]["groups"]
        self.area = min((row["REF_AREA"] for row in rows), key=len)
        self.freq = next(row["FREQ"] for row in rows if row["REF_AREA"].startswith(self.area + "_D"))
        self.equations = []
        self.secrets = {}

    def place(self, row):
        """Where the row stands; None: in more ways than one, or not in the province."""
        indicator = self.indicators[row["INDICATOR"]]
        if row["FREQ"] != self.freq:
            total = row["PLATFORM"] == indicator.get("platform", "_Z") and row["INSTRUMENT"] == indicator.get("instrument", "_Z")
            return ("day", row["TIME_PERIOD"]) if total else None
        if row["REF_AREA"] != self.area:
            return None if row["REF_AREA"].endswith("_U") else ("district", row["REF_AREA"])
        for name, plain in (("UNIT_TYPE", indicator.get("unit_type", "_T")), ("PLATFORM", indicator.get("platform", "_Z")),
                            ("INSTRUMENT", indicator.get("instrument", "_Z")), ("ACTIVITY", "_T"), ("SIZE_CLASS", "_T")):
            if row[name] != plain:
                return name, row[name]
        return "all", ""

    def figures(self, row, place):
        """(linear form, published number) of everything that the row shows."""
        indicator = self.indicators[row["INDICATOR"]]
        if indicator["kind"] in ("flow", "ratio"):
            top = [(term, 1) for term in indicator["plus"]] + [(term, -1) for term in indicator.get("minus", ())]
            bottom = [(term, 1) for term in indicator.get("over", ())] + [(term, -1) for term in indicator.get("over_minus", ())]
        elif indicator["kind"] == "active":
            top, bottom = [("active", 1)], [("population", 1)] if indicator["share"] else []
        elif indicator["kind"] == "share":
            top, bottom = [(row["INDICATOR"] + row["EVIDENCE"], 1)], [(row["INDICATOR"], 1)]
        elif indicator["kind"] in ("units", "structure"):
            top, bottom = [("it", 1)], [("it", 1)] if indicator["kind"] == "structure" else []
        else:
            return []
        seen_through = indicator["kind"] == "share" and place[0] in ("PLATFORM", "INSTRUMENT")
        where = ("all", "") if indicator["kind"] == "structure" or seen_through else place
        shares = [(top, "NUMERATOR", place), (bottom, "DENOMINATOR", where)] if bottom else [(top, "OBS_VALUE", place)]
        return [({(term, at): sign for term, sign in form}, row[column]) for form, column, at in shares]

    def read(self):
        terms = set()
        for row in self.rows:
            place = self.place(row)
            if place is None or row["OBS_STATUS"] == "M" or row["TRANSFORMATION"] != "N":
                continue
            for form, text in self.figures(row, place):
                terms.update(form)
                if row["OBS_STATUS"] == "L":  # nobody has delivered: whoever reads it takes the flows for 0
                    if all("." in term for term, _ in form):
                        self.equations.append((form, 0))
                elif row["CONF_STATUS"] == "F":
                    self.equations.append((form, int(text)))
                else:
                    self.secrets.setdefault((row["INDICATOR"], row["EVIDENCE"], place), []).append(form)
        self.add_up(terms)

    def add_up(self, unknowns):
        """Places of one kind add up to everywhere, where all of them are shown; members of a group to the group."""
        names = {}
        for term, (kind, code) in unknowns:
            names.setdefault((term, kind), set()).add(code)
        whole = {"UNIT_TYPE": set(self.axes["unit_type"]["codes"]), "INSTRUMENT": set(self.axes["instrument"]["codes"]),
                 "PLATFORM": set(self.axes["platform"]["codes"])}
        ads = {*self.axes["ad_platform"]["codes"], self.axes["ad_platform"]["rest"]}
        for (term, kind), codes in names.items():
            complete = kind in ("district", "day", "ACTIVITY") or codes == (ads if "AD_OTHER" in codes else whole.get(kind))
            seen_through = kind in ("PLATFORM", "INSTRUMENT") and "." not in term  # a unit is seen through several
            if seen_through or not complete or (term, "all") not in names:
                continue
            inside = set()
            for group, members in self.groups.items():
                if kind == "PLATFORM":
                    if codes == ads:
                        continue
                    inside |= set(members)
                    self.sum_up(term, (kind, group), [(kind, member) for member in members])
            self.sum_up(term, ("all", ""), [(kind, code) for code in codes if code not in inside])
        for measure in ("n", "sum"):
            if ("ew_ok." + measure, ("all", "")) in unknowns:
                self.sum_up("ew_ok." + measure, ("all", ""), [])
                self.equations[-1][0]["pay_ok." + measure, ("INSTRUMENT", "EWALLET")] = 1

    def sum_up(self, term, whole, parts):
        self.equations.append(({**{(term, part): 1 for part in parts}, (term, whole): -1}, 0))

    def leaks(self):
        """Suppressed rows whose every form the equations determine (the denominator of one may be the value of another)."""
        pivots = solver.reduced(self.equations)
        found = []
        for name, forms in self.secrets.items():
            numbers = [self.number(pivots, form) for form in forms]
            if None not in numbers:
                found.append("%s %s %s %s = %s" % (*name[:2], *name[2], " / ".join(map(str, numbers))))
        return found

    @staticmethod
    def number(pivots, form):
        """A form reduces to a constant, or it does not."""
        left, constant = {}, 0
        for unknown, sign in form.items():
            row, number = pivots.get(unknown, ({unknown: -1}, 0))
            constant += sign * number
            for other, share in row.items():
                left[other] = left.get(other, 0) - sign * share
        return None if any(left.values()) else constant


def main(arguments):
    with open(arguments[0], encoding="utf-8", newline="") as file:
        reader = Reader(list(csv.DictReader(file)), json.loads(DEFINITIONS.read_text()))
    reader.read()
    leaks = sorted(reader.leaks())
    for line in leaks[:40]:
        print("leak: " + line)
    print("%d equations, %d suppressed figures attacked, %d leaks" % (len(reader.equations), len(reader.secrets), len(leaks)))
    return 1 if leaks or not reader.secrets else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
