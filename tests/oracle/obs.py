"""Rows of obs.csv (indicators.md §1, §4, §5): periods, columns, text."""
import re
from datetime import date
from fractions import Fraction

from civil import EPOCH, rfc3339_of_ms, text_of_day

COLUMNS = ("STRUCTURE STRUCTURE_ID ACTION FREQ REF_AREA INDICATOR EVIDENCE ACTIVITY UNIT_TYPE SIZE_CLASS "
           "PLATFORM INSTRUMENT TRANSFORMATION TIME_PERIOD OBS_VALUE UNIT_MEASURE UNIT_MULT DECIMALS OBS_STATUS "
           "CONF_STATUS NUMERATOR DENOMINATOR N_UNITS BOUND_LO BOUND_HI ERR_TYPE COVERAGE WINDOW METHOD "
           "OBS_PRE_BREAK PERIOD_START PERIOD_END RELEASE AS_OF").split()
KEY = slice(3, 14)


class Refused(Exception):
    """The question has no answer; the text says why."""


def day_number(year, month, day):
    return date(year, month, day).toordinal() - EPOCH


def month_start(year, month):
    """`month` may lie outside 1..12."""
    years, month0 = divmod(month - 1, 12)
    return day_number(year + years, month0 + 1, 1)


class Period:
    FORMS = (("D", r"([0-9]{4})-([0-9]{2})-([0-9]{2})"), ("W", r"([0-9]{4})-W([0-9]{2})"), ("M", r"([0-9]{4})-([0-9]{2})"),
             ("Q", r"([0-9]{4})-Q([1-4])"), ("A", r"([0-9]{4})"))

    def __init__(self, text):
        self.text = text
        for freq, form in self.FORMS:
            match = re.fullmatch(form, text)
            if match:
                self.freq = freq
                try:
                    self.first, self.last = self.days(*map(int, match.groups()))
                except ValueError as error:
                    raise Refused("period %s: %s" % (text, error)) from None
                return
        raise Refused("not a period: " + text)

    def days(self, year, part=1, day=1):
        if self.freq == "D":
            return (day_number(year, part, day),) * 2
        if self.freq == "W":
            first = date.fromisocalendar(year, part, 1).toordinal() - EPOCH
            return first, first + 6
        if self.freq == "M" and not 1 <= part <= 12:
            raise ValueError("no such month")
        months = {"M": 1, "Q": 3, "A": 12}[self.freq]
        month = {"M": part, "Q": 3 * part - 2, "A": 1}[self.freq]
        return month_start(year, month), month_start(year, month + months) - 1

    def previous(self):
        then = date.fromordinal(self.first - 1 + EPOCH)
        if self.freq == "D":
            return Period(then.isoformat())
        if self.freq == "W":
            return Period("%04d-W%02d" % then.isocalendar()[:2])
        if self.freq == "M":
            return Period("%04d-%02d" % (then.year, then.month))
        if self.freq == "Q":
            return Period("%04d-Q%d" % (then.year, (then.month + 2) // 3))
        return Period("%04d" % then.year)


def decimal_text(numerator, denominator, decimals):
    """numerator / denominator with one rounding, half to even."""
    scaled = round(Fraction(numerator * 10 ** decimals, denominator))
    digits = str(abs(scaled)).rjust(decimals + 1, "0")
    sign = "-" if scaled < 0 else ""
    return sign + digits if decimals == 0 else "%s%s.%s" % (sign, digits[:-decimals], digits[-decimals:])


def size_class(count):
    for limit, name in ((0, "0"), (4, "1-4"), (9, "5-9"), (49, "10-49")):
        if count <= limit:
            return name
    return "50+"


class Rows:
    """Collects rows. `at` are the coordinates that differ from the total row, `columns` the figures."""

    def __init__(self, definitions, config, as_of, release):
        self.definitions = definitions
        self.config = config
        self.as_of = rfc3339_of_ms(as_of)
        self.release = release
        self.rows = []

    def add(self, indicator, evidence, period, unit, decimals, at, columns):
        values = {
            "STRUCTURE": "dataflow", "STRUCTURE_ID": self.definitions["structure_id"], "ACTION": "R", "FREQ": period.freq,
            "REF_AREA": self.config.area, "INDICATOR": indicator["code"], "EVIDENCE": evidence, "ACTIVITY": "_T",
            "UNIT_TYPE": indicator.get("unit_type", "_T"), "SIZE_CLASS": "_T", "PLATFORM": indicator.get("platform", "_Z"),
            "INSTRUMENT": indicator.get("instrument", "_Z"), "TRANSFORMATION": "N", "TIME_PERIOD": period.text, "OBS_VALUE": "",
            "UNIT_MEASURE": self.config.currency if unit == "CURRENCY" else unit, "UNIT_MULT": 0, "DECIMALS": decimals,
            "OBS_STATUS": "P", "CONF_STATUS": "N", "ERR_TYPE": "NONE", "METHOD": self.definitions["version"],
            "PERIOD_START": text_of_day(period.first), "PERIOD_END": text_of_day(period.last), "RELEASE": self.release,
            "AS_OF": self.as_of,
        }
        values.update(at)
        values.update(columns)
        self.rows.append([str(values.get(column, "")) for column in COLUMNS])

    def write(self, path):
        self.rows.sort(key=lambda row: ",".join(row[KEY]).encode())
        keys = [tuple(row[KEY]) for row in self.rows]
        if len(set(keys)) != len(keys):
            raise AssertionError("two rows with one key")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(",".join(COLUMNS) + "\n")
            for row in self.rows:
                file.write(",".join(row) + "\n")


def resolve_as_of(partitions, as_of):
    latest = max((partition.record_time_max for partition in partitions if partition.record_time_max is not None), default=None)
    if as_of is None:
        if latest is None:
            raise Refused("the state is empty: name --as-of")
        return latest
    if latest is not None and as_of < latest:
        raise Refused("the state holds record time %s, later than --as-of %s" % (rfc3339_of_ms(latest), rfc3339_of_ms(as_of)))
    return as_of


def compute_rows(definitions, config, partitions, period, as_of=None, daily=False, release=1, growth=None,
                 expected=None):
    """`growth`: None, or the base period of indices (empty: rows of growth only)."""
    from coverage import Coverage
    from finality import Finality
    from growth import add_growth
    from indicators import Indicators
    as_of = resolve_as_of(partitions, as_of)
    rows = Rows(definitions, config, as_of, release)
    indicators = Indicators(definitions, config, partitions, Period(period), as_of, daily, rows)
    indicators.compute()
    coverage = None
    if expected is not None:
        coverage = Coverage(expected, definitions, config, partitions, indicators.units, as_of)
        coverage.apply(rows.rows, COLUMNS)
    if growth is not None:
        add_growth(rows, definitions, config, partitions, Period(period), as_of, growth, coverage)
    Finality(definitions, config.zone, indicators.units.records, as_of).apply(rows.rows, COLUMNS)
    return rows


def write_obs(path, definitions, config, partitions, period, as_of, daily, release, growth=None, expected=None):
    compute_rows(definitions, config, partitions, period, as_of, daily, release, growth, expected).write(path)
