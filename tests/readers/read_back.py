#!/usr/bin/env python3
"""Reads one vintage with programs that are not ours and compares every cell of every reader with the text of obs.csv.

usage: read_back.py VINTAGE [READER,...]      (the Python of tests/support/readers.sh; prints TAP lines)

The text that Python's csv module sees is the base. Where a reader turns text into numbers, numbers are compared as decimals:
no reader may round, drop a row, take "NA" or "" for something else, or lose a zero.
"""
import csv
import decimal
import json
import pathlib
import sqlite3
import sys

import duckdb
import frictionless
import pandas as pd
from pysdmx.io import get_datasets, read_sdmx

NUMBERS = ["OBS_VALUE", "UNIT_MULT", "DECIMALS", "NUMERATOR", "DENOMINATOR", "BOUND_LO", "BOUND_HI", "COVERAGE", "OBS_PRE_BREAK",
           "RELEASE"]
CUSTOM = ["PERIOD_START", "PERIOD_END", "RELEASE", "AS_OF"]
failures = 0


def claim(text, problems):
    global failures
    print(f"{'not ok' if problems else 'ok'} - {text}")
    for problem in problems[:10]:
        print(f"#   {problem}")
    failures += bool(problems)


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def number(text):
    """A number as an exact decimal, whatever the reader made of it; None for nothing."""
    if text is None or text == "" or text != text:
        return None
    if isinstance(text, float):
        text = repr(text)
    return decimal.Decimal(str(text)).normalize()


def compare(rows, found, columns, whole=True):
    """`found`: a list of dictionaries in any order. Texts must be equal, numbers equal as decimals."""
    key = list(rows[0])[3:14]
    problems = [] if not whole or len(rows) == len(found) else [f"{len(rows)} rows, the reader has {len(found)}"]
    by_key = {tuple(str(row[name]) for name in key): row for row in found}
    for row in rows:
        other = by_key.get(tuple(row[name] for name in key))
        if other is None:
            problems.append(f"{[row[name] for name in key]}: not there")
            continue
        for name in columns:
            same = number(row[name]) == number(other[name]) if name in NUMBERS else row[name] == (other[name] or "")
            if not same:
                problems.append(f"{[row[name] for name in key]}: {name} is {row[name]!r}, read as {other[name]!r}")
    return problems


def check_base(rows):
    columns = list(rows[0])
    keys = [",".join(row[name] for name in columns[3:14]) for row in rows]
    claim("csv: 34 columns, keys unique and in order",
          ([] if len(columns) == 34 else [f"{len(columns)} columns"]) + ([] if len(set(keys)) == len(keys) else ["a key twice"])
          + ([] if [k.encode() for k in keys] == sorted(k.encode() for k in keys) else ["not sorted"]))


def check_pandas(place, rows):
    """As README.md of the vintage says."""
    table = pd.read_csv(place / "obs.csv", keep_default_na=False, dtype={"TIME_PERIOD": "string"},
                        na_values={"OBS_VALUE": [""], "BOUND_LO": [""], "BOUND_HI": [""]})
    claim("pandas: every cell of obs.csv", compare(rows, table.to_dict("records"), list(rows[0])))


def check_duckdb(place, rows):
    types = {name: "DECIMAL(38, 4)" if name in NUMBERS else "VARCHAR" for name in rows[0]}
    query = f"SELECT * FROM read_csv('{place}/obs.csv', header = true, columns = {types})"
    found = duckdb.sql(query)
    names = found.columns
    claim("DuckDB: every cell of obs.csv, decimals exact",
          compare(rows, [dict(zip(names, row)) for row in found.fetchall()], list(rows[0])))
    guessed = duckdb.sql(f"SELECT * FROM read_csv('{place}/obs.csv')")
    kinds = dict(zip(guessed.columns, map(str, guessed.types)))
    wrong = [name for name in list(rows[0])[3:13] if kinds[name] != "VARCHAR"]
    wrong += ["OBS_VALUE"] if kinds["OBS_VALUE"] not in ("DOUBLE", "BIGINT") else []
    claim("DuckDB: guesses numbers for OBS_VALUE and no number for a code", [f"{name} is {kinds[name]}" for name in wrong])


def tables_of(place):
    """Every CSV file but the one that is a copy of an input, with the columns that its author gave it."""
    return sorted(path for path in place.glob("*.csv") if path.name != "expected_sources.csv")


def check_sqlite(place, rows):
    base = sqlite3.connect(f"file:{place}/adoption.sqlite?mode=ro", uri=True)
    base.row_factory = sqlite3.Row
    found = [dict(row) for row in base.execute("SELECT * FROM obs")]
    claim("sqlite3: every cell of obs.csv", compare(rows, found, list(rows[0])))
    problems = [] if base.execute("PRAGMA integrity_check").fetchone()[0] == "ok" else ["integrity_check"]
    for path in tables_of(place):
        texts = rows_of(path)
        other = base.execute(f'SELECT * FROM "{path.stem}"').fetchall()
        names = list(texts[0]) if texts else []
        here = sorted(tuple(row[name] for name in names) for row in texts)
        there = sorted(tuple("" if row[name] is None else str(row[name]) for name in names) for row in other)
        if here != there:
            problems.append(f"{path.name}: {len(here)} rows differ from the {len(there)} of the table")
    claim("sqlite3: each CSV file is a table of the same cells", problems)
    problems = []
    for code in sorted({row["INDICATOR"] for row in rows}):
        values = sorted(row["OBS_VALUE"] for row in rows if row["INDICATOR"] == code)
        seen = sorted(value or "" for (value,) in base.execute(f'SELECT OBS_VALUE FROM "{code}"'))
        if values != seen:
            problems.append(f"view {code}")
        problems += [f"view {code}: no label" for _ in base.execute(f'SELECT 1 FROM "{code}" WHERE AREA_VI IS NULL LIMIT 1')]
    claim("sqlite3: a view for each indicator, areas labelled", problems)
    releases = int(rows[0]["RELEASE"])
    held = base.execute("SELECT count(DISTINCT RELEASE), count(*) FILTER (WHERE RELEASE = ?) FROM obs_releases",
                        [releases]).fetchone()
    held = (held[0], held[1])
    claim("sqlite3: obs_releases holds every release of the period", [] if held == (releases, len(rows)) else [str(held)])
    strict = base.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict "
                          "AND name NOT LIKE 'sqlite_%'").fetchall()
    claim("sqlite3: every table is STRICT", [row[0] for row in strict])


def check_stata(place, rows):
    with pd.io.stata.StataReader(place / "adoption.dta") as reader:
        table = reader.read(convert_categoricals=False)
        labels = reader.variable_labels()
        values = reader.value_labels()
    claim("Stata (pandas): every cell of obs.csv", compare(rows, table.to_dict("records"), list(rows[0])))
    claim("Stata: OBS_TEXT has the published digits",
          [f"{a} {b['OBS_VALUE']}" for a, b in zip(table["OBS_TEXT"], rows) if a != b["OBS_VALUE"]])
    problems = [f"{name}: no label" for name in table.columns if not labels[name] or len(labels[name]) > 80]
    codes = {(row["codelist"], row["code"]): row for row in rows_of(place / "codes.csv")}
    for column, code_list in (("INDICATOR", "CL_INDICATOR"), ("REF_AREA", "CL_AREA"), ("OBS_STATUS", "CL_OBS_STATUS")):
        for language in ("VI", "EN"):
            named = [values[f"{column}_{language}"][number] for number in table[f"{column}_{language}"]]
            wanted = [codes[code_list, row[column]]["label_" + language.lower()] for row in rows]
            if named != wanted:
                problems.append(f"{column}_{language}: labels differ from codes.csv")
    claim("Stata: labels in Vietnamese and English", problems)


def check_sdmx(place, rows):
    message = read_sdmx(place / "structure.json", validate=True)
    kinds = sorted({type(item).__name__ for item in message.structures})
    claim("SDMX: structure.json is valid SDMX-JSON 2.0 with code lists, concepts, structure, dataflow",
          [] if kinds == ["Codelist", "ConceptScheme", "DataStructureDefinition", "Dataflow"] else [str(kinds)])
    sets = get_datasets(place / "obs.csv", place / "structure.json")
    found = sets[0].data.astype(object).where(sets[0].data.notna(), None).to_dict("records")
    claim("SDMX: pysdmx reads obs.csv with structure.json, every cell", compare(rows, found, list(rows[0])[3:]))
    parts = [part.id for part in sets[0].structure.components]
    claim("SDMX: the structure has the columns of obs.csv in order, custom ones aside",
          [] if sorted(parts) == sorted(name for name in list(rows[0])[3:] if name not in CUSTOM) else [str(parts)])
    problems = []
    for part in sets[0].structure.components:
        if part.enumeration is None:
            continue
        known = {code.id for code in part.enumeration}
        problems += [f"{part.id}: {code}" for code in {row[part.id] for row in rows} - known]
    claim("SDMX: every code of obs.csv is in its code list", problems)


def check_package(place, _):
    report = frictionless.validate(str(place / "datapackage.json"))
    problems = [error.message for error in report.errors]
    problems += [f"{task.name}: {error.message}" for task in report.tasks for error in task.errors]
    claim("frictionless: datapackage.json is valid, types, keys and hashes hold", problems)
    package = json.loads((place / "datapackage.json").read_text(encoding="utf-8"))
    listed = {resource["path"] for resource in package["resources"]}
    there = {path.name for path in place.iterdir()} - {"datapackage.json", "MANIFEST.sha256"}
    tables = {r["path"] for r in package["resources"] if "schema" in r}
    claim("datapackage.json: every file is listed, every CSV file with a schema",
          sorted(listed ^ there) + sorted({path.name for path in tables_of(place)} - tables))
    problems = []
    for resource in package["resources"]:
        if "schema" in resource:
            with open(place / resource["path"], encoding="utf-8") as file:
                header = file.readline().rstrip("\n").split(",")
            if header != [field["name"] for field in resource["schema"]["fields"]]:
                problems.append(resource["path"])
    claim("datapackage.json: the columns are those of the files", problems)


def check_delta(place, rows):
    """The release before and delta.ndjson make this one; read with the standard library."""
    key = list(rows[0])[3:14]
    stem = place.name[:place.name.rindex("_r") + 2]
    before = sorted((path for path in place.parent.glob(stem + "*") if path.name < place.name and path != place),
                    key=lambda path: int(path.name[len(stem):].split("_")[0]))
    state = {tuple(row[name] for name in key): row for row in rows_of(before[-1] / "obs.csv")} if before else {}
    lines = [json.loads(line) for line in (place / "delta.ndjson").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        state.pop(tuple(line[name] for name in key), None)
        if line["ACTION"] == "R":
            state[tuple(line[name] for name in key)] = line
    wanted = {tuple(row[name] for name in key): row for row in rows}
    aside = ("RELEASE", "AS_OF")
    problems = [str(each) for each in state if each not in wanted] + [
        f"{each}: {name}" for each, row in wanted.items() for name in row if name not in aside
        and state.get(each, {}).get(name) != row[name]]
    claim(f"delta.ndjson: {len(lines)} lines make this release of {len(before)} before", problems)


def check_public_door(place, rows):
    """A cell that obs.csv does not show is in no other file."""
    problems = []
    by_key = {(r["REF_AREA"], r["INDICATOR"], r["EVIDENCE"], r["ACTIVITY"], r["TIME_PERIOD"]): r for r in rows
              if r["SIZE_CLASS"] == "_T" and r["TRANSFORMATION"] == "N" and r["PLATFORM"] in ("_T", "_Z")
              and r["INSTRUMENT"] in ("_T", "_Z") and r["UNIT_TYPE"] in ("_T", "ENT", "EST", "UTILITY")}
    marks = rows_of(place / "benchmarks.csv")
    for mark in marks:
        row = by_key[mark["ref_area"], mark["indicator"], mark["evidence"], mark["activity"], mark["time_period"]]
        value, gap = number(mark["obs_value"]), number(mark["gap"])
        if mark["obs_value"] != row["OBS_VALUE"] or (value is None) != (gap is None):
            problems.append(f"benchmarks.csv: {mark['indicator']} {mark['evidence']}")
        if value is not None and gap != (value - number(mark["value"])).normalize():
            problems.append(f"benchmarks.csv: gap of {mark['indicator']} {mark['evidence']}")
    claim("benchmarks.csv: figures of obs.csv, gaps are differences", problems if marks else ["no rows"])
    problems = []
    for code in {row["INDICATOR"] for row in rows}:
        mine = [row for row in rows if row["INDICATOR"] == code]
        slices = [row for row in rows_of(place / "slices.csv") if row["indicator"] == code]
        counts = [sum(int(row[name]) for row in slices) for name in ("rows", "with_value", "suppressed", "missing")]
        values = sum(row["OBS_VALUE"] != "" for row in mine)
        if counts[:2] != [len(mine), values] or counts[0] != sum(counts[1:]):
            problems.append(f"{code}: {counts}, obs.csv has {len(mine)} rows, {values} values")
        if any((row["published"] == "YES") == bool(row["reason"]) for row in slices):
            problems.append(f"{code}: published and a reason, or neither")
    claim("slices.csv: adds up to obs.csv, a reason for each slice that is not there", problems)


READERS = {"pandas": check_pandas, "duckdb": check_duckdb, "sqlite": check_sqlite, "stata": check_stata, "sdmx": check_sdmx,
           "package": check_package, "delta": check_delta,
           "door": check_public_door}


def main():
    place = pathlib.Path(sys.argv[1]).resolve()
    rows = rows_of(place / "obs.csv")
    check_base(rows)
    for name in sys.argv[2].split(",") if len(sys.argv) > 2 else READERS:
        READERS[name](place, rows)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
