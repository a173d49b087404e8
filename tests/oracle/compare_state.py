#!/usr/bin/env python3
"""compare_state.py DUMP STATE: the engine's dump (`nhip inspect --state`) against the oracle's (`oracle.py --state`).

Ledger, pulse, histogram, late counts, delays, sketches by account, accounts, registry records, progress and counts must be equal;
another sketch's estimate must lie within 5 standard errors of the oracle's exact number of persons. Not compared: epoch, owner
and the like, hashes of keys and configuration, and the index (which has no counterpart in the oracle). Exit status 1 on
difference.
"""
import sys

from booking import COUNTS
from compare_obs import SHOWN, SIGMA
from storedump import StoreDump, estimate

# kind -> number of tokens of the key; the rest of the line is the value
KEY_TOKENS = {"p": 3, "d": 6, "m": 4, "h": 4, "g": 5, "l": 3, "y": 5, "s": 4, "t": 4, "w": 5, "a": 3, "u": 3}


def read_state(path):
    facts, persons = {}, {}
    with open(path, encoding="ascii") as file:
        for line in file:
            tokens = line.rstrip("\n").split(" ")
            size = KEY_TOKENS[tokens[0]]
            key, value = " ".join(tokens[:size]), " ".join(tokens[size:])
            if tokens[0] in "st":
                persons[key] = int(value)
            else:
                facts[key] = value
    return facts, persons


def is_zero_count(key, value):
    """A count that is 0 may be absent; a place such as window_offset may not."""
    name = key.split(" ")[2]
    return key.startswith("p ") and value == "0" and (name in COUNTS or name.startswith("reason."))


def fact_differences(engine, oracle):
    differences = []
    for key in engine.keys() | oracle.keys():
        left, right = engine.get(key), oracle.get(key)
        if left != right and not (is_zero_count(key, left or "0") and is_zero_count(key, right or "0")):
            differences.append("%s: engine %s, oracle %s" % (key, left, right))
    return sorted(differences)


def sketch_differences(engine, oracle):
    differences = ["%s: only in one" % key for key in sorted(engine.keys() ^ oracle.keys())]
    for key in sorted(engine.keys() & oracle.keys()):
        value, exact = estimate(engine[key]), oracle[key]
        if abs(value - exact) > max(1.5, 5 * SIGMA * exact):
            differences.append("%s: estimate %.1f, exact %d" % (key, value, exact))
    return differences


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    dump = StoreDump(arguments[0])
    facts, persons = read_state(arguments[1])
    differences = fact_differences(dump.facts, facts) + sketch_differences(dump.sketches, persons)
    kinds = {}
    for line in differences:
        kinds[line[0]] = kinds.get(line[0], 0) + 1
        if kinds[line[0]] <= SHOWN // 4:
            print(line)
    print("%d facts, %d sketches, %d differences %s" % (len(facts), len(persons), len(differences), kinds or ""))
    return 1 if differences or not facts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
