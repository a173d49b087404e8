#!/usr/bin/env python3
"""Compares an obs.csv with the golden example's expected.csv for one vintage.

usage: expected.py EXPECTED.csv VINTAGE OBS.csv

Every expected figure must stand in obs.csv with exactly these numbers; keys such as GMV_GROSS@_T@VN_38_D380 name
slices (PLATFORM, REF_AREA).
Prints one TAP line per figure.
"""
import csv
import json
import pathlib
import sys

DEFINITIONS = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "indicators.json"


def main():
    expected_path, vintage, obs_path = sys.argv[1:4]
    indicators = {i["code"]: i for i in json.loads(DEFINITIONS.read_text())["indicators"]}
    with open(obs_path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    bad = 0
    for want in csv.DictReader(open(expected_path, newline="", encoding="utf-8")):
        if want["vintage"] != vintage:
            continue
        problem = compare(want, indicators, rows)
        bad += problem is not None
        name = f"{vintage} {want['indicator']} {want['evidence']} = {want['obs_value']}"
        print(f"not ok - {name}: {problem}" if problem else f"ok - {name}")
    sys.exit(1 if bad else 0)


def compare(want, indicators, rows):
    code, *slices = want["indicator"].split("@")
    platform = slices[0] if slices else indicators[code].get("platform", "_Z")
    area = slices[1] if len(slices) > 1 else "VN_38"
    key = {"INDICATOR": code, "EVIDENCE": want["evidence"], "TIME_PERIOD": want["time_period"], "FREQ": "M", "REF_AREA": area,
           "PLATFORM": platform, "INSTRUMENT": indicators[code].get("instrument", "_Z"), "SIZE_CLASS": "_T", "ACTIVITY": "_T",
           "UNIT_TYPE": indicators[code].get("unit_type", "_T")}
    found = [row for row in rows if all(row[k] == v for k, v in key.items())]
    if len(found) != 1:
        return f"{len(found)} rows for {key}"
    row = found[0]
    if row["OBS_VALUE"] != want["obs_value"]:
        return f"found {row['OBS_VALUE']!r} (status {row['OBS_STATUS']})"
    for mine, theirs in (("NUMERATOR", "numerator"), ("DENOMINATOR", "denominator")):
        if want[theirs] and row[mine] != want[theirs]:
            return f"{mine} {row[mine]!r}, expected {want[theirs]!r}"
    if row["ERR_TYPE"] != "HLL" and (row["BOUND_LO"], row["BOUND_HI"]) != (want["bound_lo"], want["bound_hi"]):
        return f"bounds {row['BOUND_LO']!r} {row['BOUND_HI']!r}"
    return None


if __name__ == "__main__":
    main()
