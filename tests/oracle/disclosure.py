"""The primary rules of disclosure control (schemas/disclosure.md §2, windows: §5), for cells given as lists of contributions."""
from fractions import Fraction

CAUSES_OF_A = ("merchants", "platforms", "payers", "share_near_ends", "zero")


class Rules:
    def __init__(self, merchants=5, platforms=3, payers=10, p=10, dominance="p", near_ends=True, zeros=True,
                 windows=True):
        self.merchants = merchants
        self.platforms = platforms
        self.payers = payers
        self.p = p
        self.dominance = dominance
        self.near_ends = near_ends
        self.zeros = zeros
        self.windows = windows


class Contribution:
    """What one merchant sold through one platform in one place of each dimension."""

    def __init__(self, unit, platform, codes, payers, value):
        self.unit = unit
        self.platform = platform
        self.codes = codes
        self.payers = payers
        self.value = value


def by(contributions, axis):
    sums = {}
    for one in contributions:
        who = getattr(one, axis)
        sums[who] = sums.get(who, 0) + one.value
    return sums


def dominated(rules, sums):
    total = sum(sums.values())
    if rules.dominance == "off" or total == 0:
        return "F"
    first, second = (sorted(sums.values(), reverse=True) + [0])[:2]
    if rules.dominance == "p" and total - first - second >= Fraction(rules.p, 100) * first:
        return "F"
    if Fraction(first, total) >= Fraction(75, 100):
        return "O"
    if Fraction(first + second, total) >= Fraction(85, 100):
        return "T"
    return "M" if rules.dominance == "p" else "F"


def magnitude(rules, contributions):
    units, platforms = by(contributions, "unit"), by(contributions, "platform")
    if not units:
        return ("F", "none") if rules.zeros else ("A", "zero")
    counts = (("merchants", len(units), rules.merchants), ("platforms", len(platforms), rules.platforms),
              ("payers", sum(one.payers for one in contributions), rules.payers))
    for cause, count, least in counts:
        if 0 < count < least:
            return "A", cause
    for cause, sums in (("merchant_share", units), ("platform_share", platforms)):
        label = dominated(rules, sums)
        if label != "F":
            return label, cause
    return "F", "none"


def population(rules, contributions):
    count = len({one.unit for one in contributions})
    if count == 0 and not rules.zeros:
        return "A", "zero"
    return ("A", "merchants") if 0 < count < rules.merchants else ("F", "none")


def part(rules, contributions, whole):
    number, of = sum(one.value for one in contributions), sum(one.value for one in whole)
    return ("A", "share_near_ends") if rules.near_ends and of < 20 and 0 < number < 3 else ("F", "none")


def change(rules, entered, left, whole):
    """A part against the window before: how many units it counts that it did not count then, and the reverse (§5)."""
    told = rules.windows and rules.near_ends and whole < 20 and (0 < entered < 3 or 0 < left < 3)
    return ("D", "windows") if told else ("F", "none")


def judge(rules, kind, contributions, whole, entered=0, left=0):
    if kind == "magnitude":
        return magnitude(rules, contributions)
    if kind == "population":
        return population(rules, contributions)
    verdict = part(rules, contributions, whole)
    return verdict if verdict[0] != "F" else change(rules, entered, left, sum(one.value for one in whole))
