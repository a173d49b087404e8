#!/usr/bin/env python3
"""compare_truth.py [--published] OBS TRUTH.json [COUNTS.json]: what was computed against what the synthetic province meant
(README.md here).

A figure of a period that OBS has is compared with the row of the same coordinates (those the figure names); ERR_TYPE HLL as in
compare_obs.py. COUNTS is {"total": {…}} as oracle.py --counts writes it, or the flat object itself; only counts that
the truth names are compared, an absent
one is 0. With --published, rows that disclosure control suppressed are passed over; at least a third of the figures must be left.
`last_hour` belongs to the rolling windows and is not judged here. Exit status 1 on difference.
"""
import csv
import json
import sys

from compare_obs import SHOWN, Estimates


def figure_differences(rows, figures, estimates, published):
    """Differences, and how many figures were compared."""
    indexes = {}  # names of the coordinates -> {values: rows}
    differences, compared = [], 0
    for figure in figures:
        names = tuple(sorted(name for name in figure if name != "OBS_VALUE"))
        if names not in indexes:
            index = indexes[names] = {}
            for row in rows:
                index.setdefault(tuple(row[name] for name in names), []).append(row)
        found = indexes[names].get(tuple(str(figure[name]) for name in names), [])
        key = ",".join("%s=%s" % (name, figure[name]) for name in names)
        if len(found) != 1:
            differences.append("%s: %d rows" % (key, len(found)))
            continue
        if published and found[0]["OBS_STATUS"] == "Q":
            continue
        compared += 1
        value, truth = found[0]["OBS_VALUE"], str(figure["OBS_VALUE"])
        if found[0]["ERR_TYPE"] == "HLL" and value and truth:
            estimates.judge_texts(key, "OBS_VALUE", value, truth)
        elif value != truth:
            differences.append("%s: value %r, truth %r" % (key, value, truth))
    return differences, compared


def count_differences(counts, truth):
    counts = counts.get("total", counts)
    return ["count %s: %d, truth %d" % (name, int(counts.get(name, 0)), int(value)) for name, value in sorted(truth.items())
            if int(counts.get(name, 0)) != int(value)]


def main(arguments):
    published = arguments[:1] == ["--published"]
    arguments = arguments[published:]
    if not 2 <= len(arguments) <= 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(arguments[1], encoding="utf-8") as file:
        truth = json.load(file)
    estimates = Estimates()
    periods = {(row["FREQ"], row["TIME_PERIOD"]) for row in rows}
    figures = [figure for figure in truth["figures"] if (figure["FREQ"], figure["TIME_PERIOD"]) in periods]
    differences, compared = figure_differences(rows, figures, estimates, published)
    differences += estimates.complaints()
    if len(arguments) == 3:
        with open(arguments[2], encoding="utf-8") as file:
            differences += count_differences(json.load(file), truth["counts"])
    for line in differences[:SHOWN]:
        print(line)
    print("%d of %d figures (%d of other periods), %d estimates, %d differences"
          % (compared, len(figures), len(truth["figures"]) - len(figures), estimates.count, len(differences)))
    return 1 if differences or compared * 3 < len(figures) or not figures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
