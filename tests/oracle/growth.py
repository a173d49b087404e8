"""Growth and indices of flows (indicators.md §7), of raw rows.

A base is the same indicators of another period, from the same partitions. Values are exact: the text of a flow is an
integer of minor units.
"""
from fractions import Fraction

from chain import Chain
from obs import COLUMNS, Period, Refused, Rows, decimal_text

AT = {name: place for place, name in enumerate(COLUMNS)}
FIGURE = [AT[name] for name in "REF_AREA INDICATOR EVIDENCE ACTIVITY UNIT_TYPE SIZE_CLASS PLATFORM INSTRUMENT".split()]
MONTHS = {"M": 1, "Q": 3, "A": 12}


def year_before(period):
    try:
        return Period("%04d%s" % (int(period.text[:4]) - 1, period.text[4:]))
    except Refused:
        return None


def index_periods(period, base):
    """How many periods like `period` are in the base of the index; 0: it is not made of such."""
    if base is None or (period.freq == "W" or base.freq == "W") and base.freq != period.freq:
        return 0
    return 1 if period.freq == "W" else MONTHS.get(base.freq, 0) // MONTHS[period.freq]


def first_day(partitions):
    """From which day on every partition has its ledger, and something was seen."""
    seen = [first for partition in partitions for _, _, activities in partition.accounts for first, *_ in activities.values()]
    floors = [partition.floor for partition in partitions if partition.floor is not None]
    return max([min(seen)] + floors) if seen else None


class Figure:
    """What one row of a period gives to a growth: a value or None, and what became of it."""

    def __init__(self, row, whole):
        text = row[AT["OBS_VALUE"]] if row else ""
        self.value = Fraction(text) if text and whole else None
        self.status = row[AT["OBS_STATUS"]] if row else ""
        self.coverage = row[AT["COVERAGE"]] if row else ""


class Bases:
    def __init__(self, definitions, config, partitions, as_of, coverage):
        self.inputs = (definitions, config, partitions)
        self.as_of = as_of
        self.coverage = coverage
        self.first_day = first_day(partitions)
        self.known = {}

    def ended(self, period):
        return self.as_of >= self.inputs[1].zone.day_start_ms(period.last + 1)

    def figure(self, period, key):
        """A flow of another period, without value when that was not wholly observed."""
        from indicators import Indicators
        whole = self.first_day is not None and period.first >= self.first_day and self.ended(period)
        if not whole and self.coverage is None:
            return Figure(None, False)
        if period.text not in self.known:
            definitions, config, partitions = self.inputs
            rows = Rows(definitions, config, self.as_of, 1)
            Indicators(definitions, config, partitions, period, self.as_of, False, rows).compute()
            if self.coverage is not None:
                self.coverage.apply(rows.rows, COLUMNS)
            self.known[period.text] = {tuple(row[place] for place in FIGURE): row for row in rows.rows}
        return Figure(self.known[period.text].get(key), whole)


def add_growth(rows, definitions, config, partitions, period, as_of, base_text, coverage=None):
    if period.freq == "D":
        return
    bases = Bases(definitions, config, partitions, as_of, coverage)
    base = Period(base_text) if base_text else None
    year = year_before(period)
    count = index_periods(period, base)
    february = period.freq == "M" and period.text.endswith("-02")
    flows = {indicator["code"]: indicator for indicator in definitions["indicators"] if indicator["kind"] == "flow"}
    chain = Chain(bases, base_text, period)
    for row in list(rows.rows):
        if row[AT["INDICATOR"]] not in flows or row[AT["TIME_PERIOD"]] != period.text:
            continue
        key = tuple(row[place] for place in FIGURE)
        now = Figure(row, bases.ended(period))
        made = [("G1", [now], [bases.figure(period.previous(), key)])] if period.freq != "A" else []
        if year:
            made.append(("GY", [now], [bases.figure(year, key)]))
        if count:
            made.append(("IX", [now], [bases.figure(base, key)]))
        if february:
            made.append(("GYT", [now, bases.figure(period.previous(), key)],
                         [bases.figure(year, key), bases.figure(year.previous(), key)]))
        for transformation, above, below in made:
            rows.rows.append(growth_row(row, transformation, above, below, count))
    chain.add(rows, flows)


def growth_row(row, transformation, above, below, count):
    index = transformation == "IX"
    line = list(row)
    line[AT["TRANSFORMATION"]] = transformation
    line[AT["UNIT_MEASURE"]], line[AT["DECIMALS"]] = "IX" if index else "PT", "1"
    statuses = {figure.status for figure in above + below}
    line[AT["COVERAGE"]] = min((figure.coverage for figure in above + below if figure.coverage), key=Fraction, default="")
    known = None not in [figure.value for figure in above + below]
    top, bottom = (sum(figure.value for figure in part) if known else None for part in (above, below))
    if not known or bottom <= 0:
        line[AT["OBS_VALUE"]], line[AT["OBS_STATUS"]] = "", "L" if "L" in statuses else "M"
    else:
        ratio = 100 * (top * count if index else top - bottom) / bottom
        line[AT["OBS_VALUE"]] = decimal_text(ratio.numerator, ratio.denominator, 1)
        line[AT["OBS_STATUS"]] = "U" if "U" in statuses else "P"
    return line
