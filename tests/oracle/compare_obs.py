#!/usr/bin/env python3
"""compare_obs.py OBS_ENGINE OBS_ORACLE [--ignore COLUMN …]: every row and every column must be equal.

A number of ERR_TYPE HLL is an estimate in one file and exact in the other: its value must lie within 5 standard errors (0.81 %,
1.63 % by district) of the exact one, at most 1 % of these figures beyond 3 (a difference of one person is rounding); its bounds
are not compared. Of a share of two such numbers both are judged so, and the share by the errors of both. Exit status 1 on
difference.
"""
import argparse
import sys

SIGMA = 0.0081
SIGMA_DISTRICT = 0.01625
SHOWN = 40


def read_rows(path):
    """(header, {key: row}); the key is columns 4 to 14."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    if lines[-1] != "":
        raise SystemExit("%s: does not end with a newline" % path)
    header, rows = lines[0].split(","), {}
    for number, line in enumerate(lines[1:-1], 2):
        row = line.split(",")
        key = ",".join(row[3:14])
        if len(row) != len(header) or key in rows:
            raise SystemExit("%s:%d: %s" % (path, number, "key comes twice" if key in rows else "%d columns" % len(row)))
        rows[key] = row
    if list(rows) != sorted(rows, key=str.encode):
        raise SystemExit("%s: rows are not sorted" % path)
    return header, rows


class Estimates:
    """Judges estimates against exact numbers."""

    def __init__(self):
        self.count = 0
        self.beyond3 = []
        self.beyond5 = []

    def judge(self, key, estimate, exact, sigma=SIGMA, rounding=1):
        self.count += 1
        distance = max(0, abs(estimate - exact) - rounding) / (sigma * exact) if exact else abs(estimate) * 100
        text = "%s: estimate %s, exact %s: %.1f standard errors" % (key, estimate, exact, distance)
        if distance > 5:
            self.beyond5.append(text)
        elif distance > 3:
            self.beyond3.append(text)

    def judge_texts(self, key, name, estimate, exact, sigma=SIGMA):
        """A cell of a row of ERR_TYPE HLL."""
        if "." in exact:
            self.judge(key + " " + name, float(estimate), float(exact), 2 * sigma, 0.01)
        else:
            self.judge(key + " " + name, int(estimate), int(exact), sigma)

    def complaints(self):
        return self.beyond5 + (self.beyond3 if len(self.beyond3) * 100 > self.count else [])


def compare_rows(header, engine, oracle, ignored, estimates):
    differences = ["only in the %s: %s" % (where, key) for key in sorted(engine.keys() ^ oracle.keys())
                   for where in ["engine" if key in engine else "oracle"]]
    at = {name: place for place, name in enumerate(header)}
    for key in engine.keys() & oracle.keys():
        left, right = engine[key], oracle[key]
        skipped = set(ignored)
        if right[at["ERR_TYPE"]] == "HLL":
            skipped |= {"BOUND_LO", "BOUND_HI"}
            sigma = SIGMA_DISTRICT if "_D" in right[at["REF_AREA"]] else SIGMA
            for name in ("OBS_VALUE", "NUMERATOR", "DENOMINATOR"):
                if left[at[name]] and right[at[name]]:
                    skipped.add(name)
                    estimates.judge_texts(key, name, left[at[name]], right[at[name]], sigma)
        differences += ["%s: %s: engine %r, oracle %r" % (key, name, left[place], right[place])
                        for name, place in at.items() if name not in skipped and left[place] != right[place]]
    return sorted(differences)


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("engine")
    parser.add_argument("oracle")
    parser.add_argument("--ignore", nargs="+", action="extend", default=[], metavar="COLUMN")
    options = parser.parse_args(arguments)
    header, engine = read_rows(options.engine)
    header_oracle, oracle = read_rows(options.oracle)
    if header != header_oracle:
        print("headers differ:\n%s\n%s" % (header, header_oracle))
        return 1
    estimates = Estimates()
    differences = compare_rows(header, engine, oracle, options.ignore, estimates) + estimates.complaints()
    for line in differences[:SHOWN]:
        print(line)
    print("%d rows, %d estimates (%d beyond 3 standard errors), %d differences"
          % (len(engine), estimates.count, len(estimates.beyond3) + len(estimates.beyond5), len(differences)))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
