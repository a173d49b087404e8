#!/usr/bin/env python3
"""compare_controlled.py RAW_OBS CONTROLLED_OBS: what disclosure control did to a table.

Both have the same keys. A free row (CONF_STATUS F) is the raw row; a suppressed one has OBS_STATUS Q, its reason, and
nothing that tells its figure. Exit status 1 on difference, or when nothing was suppressed, or nothing was left."""
import csv
import sys

from obs import COLUMNS, KEY

TELLING = ("OBS_VALUE", "NUMERATOR", "DENOMINATOR", "N_UNITS", "BOUND_LO", "BOUND_HI", "OBS_PRE_BREAK")
SAME = [name for name in COLUMNS if name not in TELLING + ("OBS_STATUS", "CONF_STATUS", "ERR_TYPE", "RELEASE")]
SHOWN = 40


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {tuple(row[name] for name in COLUMNS[KEY]): row for row in csv.DictReader(file)}


def complaints_of(raw, row):
    found = ["%s differs" % name for name in SAME if raw[name] != row[name]]
    if raw["CONF_STATUS"] != "N":
        found.append("the raw row has CONF_STATUS %s" % raw["CONF_STATUS"])
    if row["CONF_STATUS"] == "F":
        found += ["%s differs" % name for name in TELLING + ("OBS_STATUS", "ERR_TYPE") if raw[name] != row[name]]
    elif row["CONF_STATUS"] not in tuple("AOTMD") or row["OBS_STATUS"] != "Q" or row["ERR_TYPE"] != "NONE":
        found.append("statuses %s %s %s" % (row["OBS_STATUS"], row["CONF_STATUS"], row["ERR_TYPE"]))
    elif any(row[name] for name in TELLING):
        found.append("a suppressed row tells")
    return found


def main(arguments):
    raw, controlled = read(arguments[0]), read(arguments[1])
    differences = ["key only on one side: %s" % (key,) for key in raw.keys() ^ controlled.keys()]
    for key in raw.keys() & controlled.keys():
        differences += ["%s: %s" % (",".join(key), text) for text in complaints_of(raw[key], controlled[key])]
    free = sum(row["CONF_STATUS"] == "F" for row in controlled.values())
    for line in sorted(differences)[:SHOWN]:
        print(line)
    print("%d rows, %d free, %d differences" % (len(controlled), free, len(differences)))
    return 1 if differences or free in (0, len(controlled)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
