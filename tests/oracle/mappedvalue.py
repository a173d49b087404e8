"""Times and amounts as mappings describe them (schemas/mapping.md §4), exactly, from their texts."""
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from civil import TIME_END_MS, ms_of_rfc3339
from event import INT64_MAX
from jsontext import Refusal

EPOCHS = {"epoch_s": (r"([0-9]+)(?:\.([0-9]+))?", 3), "epoch_ms": (r"([0-9]+)()", 0), "epoch_us": (r"([0-9]+)()", -3)}
PIECES = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "mm": "minute", "ss": "second", "SSS": "milli"}
START = datetime(1970, 1, 1)
AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?")


def in_range(ms):
    if not 0 <= ms < TIME_END_MS:
        raise Refusal("bad_time")
    return ms


def time_of_constant(value):
    return value if isinstance(value, int) else ms_of_rfc3339(value)


def from_local(wall_ms, zone):
    """The instant of a wall clock's reading. fold=0 is what the page asks for: of two the first, in a gap the offset before."""
    if not -86_400_000 <= wall_ms < TIME_END_MS + 86_400_000:
        raise Refusal("bad_time")
    wall = (START + timedelta(milliseconds=wall_ms)).replace(tzinfo=zone, fold=0)
    return wall_ms - round(wall.utcoffset().total_seconds() * 1000)


def compile_time(form, zone_name):
    """A function text -> epoch ms."""
    zone = ZoneInfo(zone_name) if zone_name else None
    if form == "rfc3339":
        return read_rfc3339
    if form in EPOCHS:
        pattern, digits = EPOCHS[form]
        return lambda text: read_epoch(text, pattern, digits, zone)
    pattern = re.compile("".join(
        "(?P<%s>[0-9]{%d})" % (PIECES[piece], len(piece)) if piece in PIECES else re.escape(piece)
        for piece in re.findall("|".join(PIECES) + "|(?s:.)", form)))
    return lambda text: read_form(text, pattern, zone)


def read_rfc3339(text):
    ms = ms_of_rfc3339(text)
    if ms is None:
        raise Refusal("bad_time")
    return ms


def read_epoch(text, pattern, digits, zone):
    match = re.fullmatch(pattern, text)
    whole = match and (match[1].lstrip("0") or "0")
    if not match or len(whole) > 30:
        raise Refusal("bad_time")
    if digits > 0:
        ms = int(whole) * 1000 + int(((match[2] or "") + "000")[:3])
    else:
        ms = int(whole) // 10 ** -digits
    return in_range(from_local(ms, zone) if zone else ms)


def read_form(text, pattern, zone):
    match = pattern.fullmatch(text)
    if not match:
        raise Refusal("bad_time")
    part = {name: int(digits) for name, digits in match.groupdict().items()}
    try:
        wall = datetime(part["year"], part["month"], part["day"], part.get("hour", 0), part.get("minute", 0),
                        part.get("second", 0), part.get("milli", 0) * 1000)
    except ValueError:
        raise Refusal("bad_time") from None
    return in_range(from_local((wall - START) // timedelta(milliseconds=1), zone))


def exponent_of(text):
    """The exponent of a number; one of more than eight digits as 10^8, which is as good as any."""
    digits = text.lstrip("+-").lstrip("0")
    size = 10 ** 8 if len(digits) > 8 else int(digits or "0")
    return -size if text[0] == "-" else size


def amount_of_text(text, is_number, rule, exponent):
    """A whole number of minor units."""
    match = AMOUNT.fullmatch(text)
    if not match or (match[4] and not is_number) or (match[1] and not rule.get("absolute")):
        raise Refusal("bad_amount")
    digits = match[2] + (match[3] or "")
    power = -len(match[3] or "") + exponent_of(match[4] or "0") + rule.get("multiply", 0) - rule.get("scale", 0) + exponent
    digits = digits.lstrip("0")
    stripped = digits.rstrip("0")
    if not stripped:
        return 0
    power += len(digits) - len(stripped)
    if power < 0 or power + len(stripped) > 20 or int(stripped) * 10 ** power > INT64_MAX:
        raise Refusal("bad_amount")
    return int(stripped) * 10 ** power
