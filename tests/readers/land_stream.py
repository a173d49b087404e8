"""Lands pieces of the stream in DuckDB by schemas/stream.sql, one after the other, and prints what stands there then.

usage: land_stream.py DATABASE OUT PIECE...     (in the Python of tests/support/readers.sh)

OUT gets the rows of `latest` in the form of the stream, for tests/oracle/compare_stream.py. The views are compared with them.
"""
import json
import pathlib
import sys

import duckdb

SQL = (pathlib.Path(__file__).resolve().parent.parent.parent / "schemas/stream.sql").read_text(encoding="utf-8")


def main():
    database, out, *pieces = sys.argv[1:]
    base = duckdb.connect(database)
    for piece in pieces:
        base.execute("SET VARIABLE stream = '%s'" % piece)
        base.execute(SQL)
    rows = [(key, json.loads(value)) for key, value in base.execute("SELECT key, value FROM latest ORDER BY key").fetchall()]
    with open(out, "w", encoding="utf-8") as file:
        for key, value in rows:
            file.write(json.dumps({"key": key, "value": value}) + "\n")
    minutes = [value for _, value in rows if value["kind"] == "minute"]
    found = base.execute("SELECT count(*), sum(n), sum(sum_minor), count(DISTINCT minute) FROM minutes").fetchone()
    wanted = (len(minutes), sum(row["n"] for row in minutes), sum(int(row["sum"]) for row in minutes),
              len({row["minute"] for row in minutes}))
    assert tuple(int(number) for number in found) == wanted, (found, wanted)
    observations = {(v["series"], v["INDICATOR"], v["OBS_VALUE"]) for _, v in rows if v["kind"] == "observation"}
    found = base.execute("SELECT series, indicator, obs_text FROM observations").fetchall()
    assert set(found) == observations and len(found) == sum(v["kind"] == "observation" for _, v in rows)
    shown = base.execute("SELECT count(*) FROM observations WHERE obs_text <> '' AND obs_value IS NULL").fetchone()[0]
    assert shown == 0, "%d published values are no numbers in the view" % shown
    print("%d keys, %d minutes, %d observations" % (len(rows), len(minutes), len(found)))


if __name__ == "__main__":
    main()
