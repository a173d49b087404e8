#!/usr/bin/env python3
"""tet.py SOURCE: the New Year's Days in the table of tet.c, reckoned again from the moon.

Tet is the first new moon on or after 21 January, by the calendar of UTC+7 (true from 2015 to 2035). The instant of the new
moon: Meeus, Astronomical Algorithms, chapter 49, its main terms (a minute or two at most). Exit status 1 on difference.
"""
import math
import re
import sys
from datetime import date, datetime, timedelta

ZONE = timedelta(hours=7)
DYNAMICAL = timedelta(seconds=70)  # dynamical time less universal time, these decades
TERMS = ((-0.40720, 0, 1, 0, 0), (0.17241, 1, 0, 0, 1), (0.01608, 0, 2, 0, 0), (0.01039, 0, 0, 2, 0), (0.00739, -1, 1, 0, 1),
         (-0.00514, 1, 1, 0, 1), (0.00208, 2, 0, 0, 2), (-0.00111, 0, 1, -2, 0), (-0.00057, 0, 1, 2, 0),
         (0.00056, 1, 2, 0, 1), (-0.00042, 0, 3, 0, 0), (0.00042, 1, 0, 2, 1), (0.00038, 1, 0, -2, 1),
         (-0.00024, -1, 2, 0, 1))  # days; multiples of the sun's anomaly, the moon's, its latitude; power of E


def new_moon(number):
    """The instant, in universal time, of new moon `number` since January 2000."""
    t = number / 1236.85
    days = 2451550.09766 + 29.530588861 * number + 0.00015437 * t * t
    sun = math.radians(2.5534 + 29.10535670 * number - 0.0000014 * t * t)
    moon = math.radians(201.5643 + 385.81693528 * number + 0.0107582 * t * t)
    latitude = math.radians(160.7108 + 390.67050284 * number - 0.0016118 * t * t)
    node = math.radians(124.7746 - 1.56375588 * number + 0.0020672 * t * t)
    eccentricity = 1 - 0.002516 * t
    for size, by_sun, by_moon, by_latitude, power in TERMS:
        days += size * eccentricity ** power * math.sin(by_sun * sun + by_moon * moon + by_latitude * latitude)
    days += -0.00017 * math.sin(node)
    return datetime(2000, 1, 1, 12) + timedelta(days=days - 2451545) - DYNAMICAL


def new_year(year):
    number = round((year - 2000) * 12.3685) - 2
    while True:
        day = (new_moon(number) + ZONE).date()
        if day >= date(year, 1, 21):
            return day
        number += 1


def main(arguments):
    with open(arguments[0], encoding="utf-8") as file:
        text = file.read()
    first = int(re.search(r"TET_YEAR_FIRST = (\d+)", text)[1])
    table = text[text.index("new_years[]"):text.index("};", text.index("new_years[]"))]
    days = [(int(month), int(day)) for month, day in re.findall(r"\{(\d+), (\d+)\}", table)]
    wrong = ["%d: %02d-%02d in the table, %s by the moon" % (year, month, day, new_year(year))
             for year, (month, day) in enumerate(days, first) if (new_year(year).month, new_year(year).day) != (month, day)]
    for line in wrong:
        print(line)
    print("%d years, %d differences" % (len(days), len(wrong)))
    return 1 if wrong or len(days) < 20 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
