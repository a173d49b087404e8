"""COVERAGE, and what was not collected (schemas/coverage.md): a second implementation, from the page alone.

Sets of days and fractions, where the engine has bytes and continued fractions.
"""
import csv
from fractions import Fraction

from civil import day_of_text
from flows import AT
from obs import Period, decimal_text

FEEDS = {"payments": "PAYMENT", "orders": "ORDER", "rides": "RIDE", "websites": "WEBSITE"}
FIGURE = ("OBS_VALUE", "NUMERATOR", "DENOMINATOR", "N_UNITS", "BOUND_LO", "BOUND_HI", "OBS_PRE_BREAK")


def read_expected(path):
    """[(source, {family}, first day or None, last day or None, every_days)]"""
    with open(path, encoding="ascii", newline="") as file:
        return [(row["source"], {FEEDS[word] for word in row["feeds"].replace(";", " ").split()},
                 day_of_text(row["from"]) if row.get("from") else None, day_of_text(row["to"]) if row.get("to") else None,
                 int(row.get("every_days") or 1)) for row in csv.DictReader(file)]


class Coverage:
    def __init__(self, expected, definitions, config, partitions, units, as_of):
        self.expected = expected
        self.definitions = definitions
        self.indicators = {indicator["code"]: indicator for indicator in definitions["indicators"]}
        self.merchants, self.platforms = config.merchants, config.platforms
        self.today = config.zone.day(as_of)
        self.delivered = {}   # (source, family) -> days
        self.events = {}      # (family, day) -> [matched, all]
        self.unclaimed = {}   # (family, day) -> accounts
        self.known = {}
        self.connected = {}   # as `known`, and no question whether an event belongs to a unit
        for partition in partitions:
            for day, cells in partition.ledger.items():
                for (number, facet), (n, _, _) in cells.items():
                    if n > 0:
                        self.gather(day, partition.accounts[number], facet, n, units)

    def gather(self, day, account, facet, n, units):
        family = facet[AT["family"]]
        source, name, _ = account
        self.delivered.setdefault((source, family), set()).add(day)
        if facet[AT["role"]] == "BUYER":
            return
        counts = self.events.setdefault((family, day), [0, 0])
        counts[1] += n
        if units.owner(source, name, day) is not None:
            counts[0] += n
        else:
            self.unclaimed.setdefault((family, day), set()).add((source, name))

    def source_days(self, row, family, first, last):
        """(expected, delivered) of one row of the file."""
        source, families, begin, end, every = row
        days = self.delivered.get((source, family), set())
        expected = delivered = 0
        for day in range(first, last + 1) if family in families else ():
            if (begin is not None and day < begin) or (end is not None and day > end) or day > self.today:
                continue
            came = any(before in days for before in range(day - every + 1, day + 1))
            if came or day < self.today:
                expected += 1
                delivered += came
        return expected, delivered

    def of_family(self, family, first, last):
        """Coverage as a fraction, or None: nobody expected has delivered."""
        key = (family, first, last)
        if key not in self.known:
            self.known[key] = self.find(family, first, last)
        return self.known[key]

    def find(self, family, first, last):
        pairs = [self.source_days(row, family, first, last) for row in self.expected]
        expected, delivered = (sum(pair[place] for pair in pairs) for place in (0, 1))
        if delivered == 0:
            return None
        self.connected[family, first, last] = Fraction(delivered, expected)
        days = [(family, day) for day in range(first, last + 1)]
        matched, every = (sum(self.events.get(day, (0, 0))[place] for day in days) for place in (0, 1))
        match = Fraction(matched, every) if every else Fraction(1)
        strangers = len(set().union(*(self.unclaimed.get(day, set()) for day in days)))
        sources = [seen for (_, fed), seen in self.delivered.items() if fed == family and any(first <= d <= last for d in seen)]
        if every and (0 < strangers < self.merchants or len(sources) < self.platforms or every < 100):
            match = Fraction(round(100 * match), 100)
        return Fraction(delivered, expected) * match

    def families(self, row):
        """The families of events that a row hangs on."""
        indicator = self.indicators[row["INDICATOR"]]
        kind = indicator["kind"]
        platform, instrument = (row[name] != indicator.get(name.lower(), "_Z") for name in ("PLATFORM", "INSTRUMENT"))
        if kind == "distinct" and "plus" not in indicator:
            return {"PAYMENT"} if platform and row["PLATFORM"] == "_Z" else \
                {"ORDER"} if instrument and row["INSTRUMENT"] == "_Z" else {"ORDER", "PAYMENT"}
        if kind in ("flow", "ratio", "distinct", "distinct_share"):
            flows = [term.split(".")[0] for part in ("plus", "minus", "over", "over_minus") for term in indicator.get(part, ())]
        elif kind == "hhi":
            flows = [indicator["flow"]]
        elif kind == "share":
            flows = indicator["O"]["flows"]
        else:
            flows = indicator.get("flows", ())
        found = {self.definitions["flows"][flow]["family"] for flow in flows}
        if kind == "share" and platform:
            return found & {"ORDER"}
        if kind == "share" and instrument:
            return found & {"PAYMENT"}
        return found

    def shares(self, row):
        period = Period(row["TIME_PERIOD"])
        first = period.last - self.definitions["window_days"] + 1 if row["WINDOW"] else period.first
        ranges = [(first, period.last)]
        if self.indicators[row["INDICATOR"]]["kind"] == "turnover":
            before = period.previous()
            ranges.append((before.first, before.last))
        keys = [(family, *days) for family in self.families(row) for days in ranges]
        shares = [self.of_family(*key) for key in keys]
        observed = self.indicators[row["INDICATOR"]].get("area") == "observed"
        return [self.connected.get(key) for key in keys] if observed else shares

    def apply(self, rows, columns):
        for cells in rows:
            row = dict(zip(columns, cells))
            shares = [] if row["EVIDENCE"] == "R" else self.shares(row)
            if not shares:
                continue
            covered = min(share or Fraction(0) for share in shares)
            row["COVERAGE"] = decimal_text(100 * covered.numerator, covered.denominator, 2)
            if None in shares and row["OBS_STATUS"] != "Q":
                row.update(dict.fromkeys(FIGURE, ""), OBS_STATUS="L", ERR_TYPE="NONE")
            elif covered < Fraction(1, 2) and row["OBS_STATUS"] in "PAE":
                row["OBS_STATUS"] = "U"
            cells[:] = [row[column] for column in columns]
