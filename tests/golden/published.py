#!/usr/bin/env python3
"""Declared (R) shares within one point of the seven published figures and the IT structure; observed (O) shares of the four too.

usage: published.py OBS.csv
"""
import csv
import sys

DECLARED = {
    "ENT_EMAIL": 70,
    "ENT_WEB_UPD": 50,
    "ENT_MKTPL": 35,
    "ENT_MGMTSW": 10,
    "MDT_EPAY": 70,
    "UTL_EPAY_HH": 50,
     "TSB_ECHAN": 20}
OBSERVED = ("ENT_MKTPL", "MDT_EPAY", "UTL_EPAY_HH", "TSB_ECHAN")
STRUCTURE = {"V18_IT_HW": 67, "V18_IT_SW": 8, "V18_IT_SV": 25}


def total(row):
    return row["FREQ"] == "M" and row["REF_AREA"] == "VN_38" and row["SIZE_CLASS"] == "_T" and row["PLATFORM"] in ("_T", "_Z") \
        and row["INSTRUMENT"] in ("_T", "_Z") and row["UNIT_TYPE"] in ("ENT", "EST", "UTILITY")


def main():
    rows = [row for row in csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")) if total(row)]
    wanted = [(code, "R", "_T", share) for code, share in DECLARED.items()]
    wanted += [(code, "O", "_T", DECLARED[code]) for code in OBSERVED]
    wanted += [("IT_ENT_SH", "R", activity, share) for activity, share in STRUCTURE.items()]
    bad = 0
    for code, evidence, activity, share in wanted:
        found = [r for r in rows if (r["INDICATOR"], r["EVIDENCE"], r["ACTIVITY"]) == (code, evidence, activity)]
        value = found[0]["OBS_VALUE"] if len(found) == 1 else ""
        fine = value != "" and abs(float(value) - share) <= 1
        bad += not fine
        verdict = "" if fine else "  <-- more than a point away"
        print(f"{code} {evidence} {activity}: published {share}, found {value or 'no row'}{verdict}")
    units = [r for r in rows if r["INDICATOR"] == "IT_ENT_N" and r["ACTIVITY"] == "_T"]
    bad += len(units) != 1 or int(units[0]["OBS_VALUE"]) <= 500
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
