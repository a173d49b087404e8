"""Growth and indices of flows (indicators.md §7), of raw rows.

A base is the same indicators of another period, from the same partitions. Values are exact: the text of a flow is an
integer of minor units.
"""
from fractions import Fraction

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


class Bases:
    def __init__(self, definitions, config, partitions, as_of):
        self.inputs = (definitions, config, partitions)
        self.as_of = as_of
        self.first_day = first_day(partitions)
        self.known = {}

    def ended(self, period):
        return self.as_of >= self.inputs[1].zone.day_start_ms(period.last + 1)

    def value(self, period, figure):
        """A flow of another period; None when that was not wholly observed."""
        from indicators import Indicators
        if self.first_day is None or period.first < self.first_day or not self.ended(period):
            return None
        if period.text not in self.known:
            definitions, config, partitions = self.inputs
            rows = Rows(definitions, config, self.as_of, 1)
            Indicators(definitions, config, partitions, period, self.as_of, False, rows).compute()
            self.known[period.text] = {tuple(row[place] for place in FIGURE): row[AT["OBS_VALUE"]] for row in rows.rows}
        text = self.known[period.text].get(figure, "")
        return Fraction(text) if text else None


def add_growth(rows, definitions, config, partitions, period, as_of, base_text):
    if period.freq == "D":
        return
    bases = Bases(definitions, config, partitions, as_of)
    base = Period(base_text) if base_text else None
    year = year_before(period)
    count = index_periods(period, base)
    february = period.freq == "M" and period.text.endswith("-02")
    flows = {indicator["code"] for indicator in definitions["indicators"] if indicator["kind"] == "flow"}
    for row in list(rows.rows):
        if row[AT["INDICATOR"]] not in flows or row[AT["TIME_PERIOD"]] != period.text:
            continue
        figure = tuple(row[place] for place in FIGURE)
        now = Fraction(row[AT["OBS_VALUE"]]) if row[AT["OBS_VALUE"]] and bases.ended(period) else None
        before = bases.value(period.previous(), figure)
        made = [("G1", now, before)] if period.freq != "A" else []
        if year:
            made.append(("GY", now, bases.value(year, figure)))
        if count:
            mean = bases.value(base, figure)
            made.append(("IX", now, None if mean is None else mean / count))
        if february:
            parts = now, before, bases.value(year, figure), bases.value(year.previous(), figure)
            known = None not in parts
            made.append(("GYT", parts[0] + parts[1] if known else None, parts[2] + parts[3] if known else None))
        for transformation, above, below in made:
            index = transformation == "IX"
            line = list(row)
            line[AT["TRANSFORMATION"]] = transformation
            line[AT["UNIT_MEASURE"]], line[AT["DECIMALS"]] = "IX" if index else "PT", "1"
            if above is None or below is None or below <= 0:
                line[AT["OBS_VALUE"]], line[AT["OBS_STATUS"]] = "", "M"
            else:
                ratio = 100 * (above if index else above - below) / below
                line[AT["OBS_VALUE"]] = decimal_text(ratio.numerator, ratio.denominator, 1)
                line[AT["OBS_STATUS"]] = "P"
            rows.rows.append(line)
