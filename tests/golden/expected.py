#!/usr/bin/env python3
"""Compares an obs.csv with the golden example's expected.csv for one vintage.

usage: expected.py EXPECTED.csv VINTAGE OBS.csv [raw|published]

Every expected figure must stand in obs.csv with exactly these numbers; keys such as GMV_GROSS@_T@VN_38_D380 name
slices (PLATFORM, REF_AREA). Raw: every row has CONF_STATUS N. Published, with 5 units at least and the rule on shares
close to 0 or 1 off: the CONF_STATUS that the example gives, and no figure where that is not F; where it gives none, the
figure is that of a few units and must be suppressed.
Prints one TAP line per figure.
"""
import csv
import json
import pathlib
import sys

DEFINITIONS = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "indicators.json"


def main():
    expected_path, vintage, obs_path = sys.argv[1:4]
    published = sys.argv[4:5] == ["published"]
    indicators = {i["code"]: i for i in json.loads(DEFINITIONS.read_text())["indicators"]}
    with open(obs_path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    bad = 0
    for want in csv.DictReader(open(expected_path, newline="", encoding="utf-8")):
        if want["vintage"] != vintage:
            continue
        problem = compare(want, indicators, rows, published)
        bad += problem is not None
        name = f"{vintage} {want['indicator']} {want['evidence']} = {want['obs_value']}"
        print(f"not ok - {name}: {problem}" if problem else f"ok - {name}")
    sys.exit(1 if bad else 0)


def suppressed(row, conf):
    """A suppressed row says why, and nothing else."""
    if (row["OBS_STATUS"], row["CONF_STATUS"]) != ("Q", conf):
        return f"OBS_STATUS {row['OBS_STATUS']}, CONF_STATUS {row['CONF_STATUS']}, expected Q {conf}"
    told = [name for name in ("OBS_VALUE", "NUMERATOR", "DENOMINATOR", "N_UNITS", "BOUND_LO", "BOUND_HI") if row[name]]
    return f"{told} are not empty" if told else None


def compare(want, indicators, rows, published):
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
    conf = (want["conf_if_min_units_5"] or "A") if published else "N"
    if conf == "A":
        return suppressed(row, conf)
    if row["CONF_STATUS"] != conf:
        return f"CONF_STATUS {row['CONF_STATUS']}, expected {conf}"
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
