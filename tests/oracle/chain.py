"""The matched-panel chain index of flows (indicators.md §7): TRANSFORMATION IXM, of raw rows.

Sets of names and fractions, where the engine has sums by number.
"""
from fractions import Fraction

from flows import AT as FACET_AT
from flows import flow_matches
from obs import COLUMNS, Period, decimal_text
from units import Units

AT = {name: place for place, name in enumerate(COLUMNS)}
TOTAL = (("UNIT_TYPE", "unit_type", "_T"), ("PLATFORM", "platform", "_Z"), ("INSTRUMENT", "instrument", "_Z"))
LINKS_MAX, LAST_DAYS = 60, 7
UNIT, LARGEST = 10 ** 9, 10 ** 20


def months_from(base_text, period):
    """The months of the chain from its start to the period; None: there is none."""
    if not base_text or period.freq != "M":
        return None
    base = Period(base_text)
    if base.freq not in "MQA":
        return None
    month = day_month(base.last)
    if period.first < month.first:
        return None
    months = [month]
    while months[-1].text != period.text:
        months.append(day_month(months[-1].last + 1))
    return months


def day_month(day):
    from civil import text_of_day
    return Period(text_of_day(day)[:7])


class Cell:
    """A matched cell of one month: whose it is, who delivered it, and what it counts for."""

    def __init__(self, source, facet, version, n, amount, flows):
        self.source, self.facet, self.version, self.n, self.amount, self.flows = source, facet, version, n, amount, flows

    def of(self, terms):
        return sum((self.amount if term.endswith(".sum") else self.n) for term in terms if term.split(".")[0] in self.flows)

    def counts(self, terms):
        return any(term.split(".")[0] in self.flows for term in terms)


class Panel:
    """Who delivered when, and the matched cells of months."""

    def __init__(self, definitions, config, partitions, as_of, coverage):
        self.definitions, self.config, self.partitions, self.coverage = definitions, config, partitions, coverage
        self.units = Units([record for partition in partitions for _, _, record in partition.units], as_of)
        self.days = {}  # (source, family) -> days
        self.known = {}
        self.sources = set()
        for partition in partitions:
            for day, cells in partition.ledger.items():
                for (number, facet), (n, _, _) in cells.items():
                    if n > 0:
                        source = partition.accounts[number][0]
                        self.sources.add(source)
                        self.days.setdefault((source, facet[FACET_AT["family"]]), set()).add(day)

    def complete(self, source, family, month):
        if self.coverage is not None:
            pairs = [self.coverage.source_days(row, family, month.first, month.last)
                     for row in self.coverage.expected if row[0] == source]
            length = month.last - month.first + 1
            return [sum(pair[place] for pair in pairs) for place in (0, 1)] == [length, length]
        days = self.days.get((source, family), ())
        return (any(day < month.first for day in days) and any(month.first <= day <= month.last for day in days)
                and any(day > month.last - LAST_DAYS for day in days))

    def matched(self, families, month):
        """The sources of the link from the month before to this one."""
        before = month.previous()
        return {source for source in self.sources
                if all(self.complete(source, family, when) for family in families for when in (before, month))}

    def cells(self, month):
        if month.text not in self.known:
            self.known[month.text] = list(self.read(month))
        return self.known[month.text]

    def read(self, month):
        for partition in self.partitions:
            for day, cells in partition.ledger.items():
                if not month.first <= day <= month.last:
                    continue
                for (number, facet), (n, amount, _) in cells.items():
                    source, account, _ = partition.accounts[number]
                    version = self.units.owner(source, account, day)
                    flows = {name for name, flow in self.definitions["flows"].items() if flow_matches(flow, facet)
                             and (not flow.get("records_cash") or self.config.records_cash(source))}
                    if n > 0 and version is not None and flows:
                        yield Cell(source, facet, version, n, amount, flows)

    def classes(self, indicator, month, last):
        """{source: (in the link from the month before, in the link to the month after)}"""
        families = self.families(indicator)
        later = self.matched(families, month)
        earlier = () if last else self.matched(families, day_month(month.last + 1))
        return {source: (source in later, source in earlier) for source in self.sources}

    def families(self, indicator):
        terms = list(indicator["plus"]) + list(indicator.get("minus", ()))
        return {self.definitions["flows"][term.split(".")[0]]["family"] for term in terms}

    def value(self, indicator, month, sources):
        return sum(cell.of(indicator["plus"]) - cell.of(indicator.get("minus", ()))
                   for cell in self.cells(month) if cell.source in sources)


class Chain:
    def __init__(self, bases, base_text, period):
        self.bases, self.period = bases, period
        self.months = months_from(base_text, period)
        self.goes = (self.months is not None and len(self.months) <= LINKS_MAX + 1 and bases.first_day is not None
                     and self.months[0].first >= bases.first_day and bases.ended(period))
        self.panel = Panel(*bases.inputs, bases.as_of, bases.coverage) if self.goes else None

    def add(self, rows, indicators):
        for row in list(rows.rows) if self.months else ():
            indicator = indicators.get(row[AT["INDICATOR"]])
            if indicator is None or indicator.get("area") == "observed":
                continue
            if row[AT["TIME_PERIOD"]] == self.period.text and row[AT["TRANSFORMATION"]] == "N" and self.total(row, indicator):
                rows.rows.append(self.row(row, indicator))

    def total(self, row, indicator):
        return row[AT["REF_AREA"]] == self.bases.inputs[1].area and all(
            row[AT[column]] == indicator.get(name, none) for column, name, none in TOTAL)

    def row(self, row, indicator):
        from growth import FIGURE, Figure
        key = tuple(row[place] for place in FIGURE)
        figures = [Figure(row, True)]
        figures += [self.bases.figure(month, key) for month in self.months[:-1]] if self.goes else []
        index = self.index(indicator) if self.goes and None not in [figure.value for figure in figures] else None
        if len(self.months) == 1 and index is not None and figures[0].value <= 0:
            index = None
        line = list(row)
        line[AT["TRANSFORMATION"]], line[AT["UNIT_MEASURE"]], line[AT["DECIMALS"]] = "IXM", "IX", "1"
        line[AT["COVERAGE"]] = min((figure.coverage for figure in figures if figure.coverage), key=Fraction, default="")
        statuses = {figure.status for figure in figures}
        line[AT["OBS_VALUE"]] = "" if index is None else decimal_text(index, UNIT, 1)
        missing = "L" if "L" in statuses else "M"
        line[AT["OBS_STATUS"]] = missing if index is None else "U" if "U" in statuses else "P"
        return line

    def index(self, indicator):
        index = 100 * UNIT
        families = self.panel.families(indicator)
        for before, month in zip(self.months, self.months[1:]):
            sources = self.panel.matched(families, month)
            bottom, top = (self.panel.value(indicator, when, sources) for when in (before, month))
            if bottom <= 0 or top < 0:
                return None
            index = round(Fraction(index * top, bottom))
            if index > LARGEST:
                return None
        return index
