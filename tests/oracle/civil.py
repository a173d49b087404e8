"""Days, zones and times, with the standard library's calendar: days are numbered from 1970-01-01 (store-layout.md §1)."""
import re
from bisect import bisect_left
from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
EPOCH = date(1970, 1, 1).toordinal()
TIME_END_MS = 7_258_118_400_000  # 2200-01-01T00:00:00Z

RFC3339 = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
                     r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))")
ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def day_of_text(text):
    """Day number of YYYY-MM-DD, or None."""
    match = ISO_DATE.fullmatch(text)
    if not match:
        return None
    try:
        return date(*map(int, match.groups())).toordinal() - EPOCH
    except ValueError:
        return None


def text_of_day(day):
    return date.fromordinal(day + EPOCH).isoformat()


def month_of_day(day):
    then = date.fromordinal(day + EPOCH)
    return then.year * 12 + then.month - 1


def month_last_day(month):
    year, month0 = divmod(month + 1, 12)
    return date(year, month0 + 1, 1).toordinal() - EPOCH - 1


def ms_of_rfc3339(text):
    """Epoch milliseconds of an RFC 3339 text (schemas/README.md §1), or None."""
    match = RFC3339.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, zulu, sign, off_hour, off_minute = match.groups()[6:]
    offset = 0
    if not zulu:
        off_hour, off_minute = int(off_hour), int(off_minute)
        if off_hour > 23 or off_minute > 59 or (sign == "-" and off_hour == off_minute == 0):
            return None
        offset = (off_hour * 60 + off_minute) * 60 * (1 if sign == "+" else -1)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    seconds = (moment.toordinal() - EPOCH) * 86400 + hour * 3600 + minute * 60 + second - offset
    ms = seconds * 1000 + int(((fraction or "") + "000")[:3])
    return ms if 0 <= ms < TIME_END_MS else None


def rfc3339_of_ms(ms):
    day, rest = divmod(ms, DAY_MS)
    seconds, milli = divmod(rest, 1000)
    return "%sT%02d:%02d:%02d.%03dZ" % (text_of_day(day), seconds // 3600, seconds // 60 % 60, seconds % 60, milli)


class Zone:
    """Local days of one IANA zone. Offsets are remembered by hour of UTC; an hour in which the offset changes is not."""

    def __init__(self, name):
        self.info = ZoneInfo(name)
        self.offsets = {}
        self.starts = {}

    def offset_ms(self, ms):
        return round(datetime.fromtimestamp(ms // 1000, self.info).utcoffset().total_seconds() * 1000)

    def day(self, ms):
        hour = ms // HOUR_MS
        offset = self.offsets.get(hour)
        if offset is None:
            offset = self.offset_ms(hour * HOUR_MS)
            if offset != self.offset_ms(hour * HOUR_MS + HOUR_MS - 1):
                return (ms + self.offset_ms(ms)) // DAY_MS
            self.offsets[hour] = offset
        return (ms + offset) // DAY_MS

    def day_start_ms(self, day):
        """First instant of a local day."""
        start = self.starts.get(day)
        if start is None:
            start = self.starts[day] = self.find_day_start(day)
        return start

    def find_day_start(self, day):
        guesses = [day * DAY_MS - self.offset_ms(day * DAY_MS + shift) for shift in (-DAY_MS, 0, DAY_MS)]
        exact = [ms for ms in guesses if self.day(ms) == day and self.day(ms - 1) < day]
        if exact:
            return min(exact)
        low = min(guesses) - DAY_MS  # midnight does not exist on this day: the first instant behind the gap
        return low + bisect_left(range(low, max(guesses) + DAY_MS), day, key=self.day)
