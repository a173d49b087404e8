#!/usr/bin/env python3
"""Judges hashes nhip:rolling:* that were read while a run was going on.

    rolling.py --log DIR|FILE… [--kafka-offsets] [--sources sources.json] [--config key=value …] --windows FILE…

Each FILE is the JSON of one HGETALL, its name ends in the window's length (`….1h`). The hash names its bounds and the
offsets of the prefix
that it speaks of: the log is read by the oracle up to exactly there, its pulse is summed, and every field must be equal.
"""
import argparse
import json
import sys

from civil import ms_of_rfc3339
from oracle import run_log

MINUTES = {"1m": 1, "5m": 5, "1h": 60, "24h": 1440, "7d": 10080}


def pulse_cells(partition, low, high):
    """The pulse of the minutes [low, high): whole hours from hour cells, which are kept longer, the ragged ends from
    minute cells."""
    minute = low
    while minute < high:
        if minute % 60 == 0 and minute + 60 <= high:
            yield from partition.hours.get(minute // 60, {}).items()
            minute += 60
        else:
            yield from partition.minutes.get(minute, {}).items()
            minute += 1


def expected(partitions, low, high):
    sums = {}
    for partition in partitions:
        for facet, cell in pulse_cells(partition, low, high):
            family, outlet, instrument, context, outcome, reason = facet
            names = [family, outlet or "_Z", instrument or "_Z", context or "_Z", outcome + (":" + reason if reason else "")]
            total = sums.setdefault("|".join(names), [0, 0])
            total[0] += cell[0]
            total[1] += cell[1]
    fields = {}
    for name, (count, amount) in sums.items():
        fields[name] = count
        fields[name + "|sum"] = amount
    fields["_total"] = sum(count for count, _ in sums.values())
    return fields


def differences(window, partitions, length):
    low, high = (ms_of_rfc3339(window[bound]) for bound in ("_from", "_to"))
    if high - low != length * 60_000 or high % 60_000:
        yield "bounds %s %s are not %d minutes" % (window["_from"], window["_to"], length)
    want = expected(partitions, low // 60_000, high // 60_000)
    have = {name: int(value) for name, value in window.items() if name == "_total" or not name.startswith("_")}
    for name in sorted(want.keys() | have.keys()):
        if want.get(name) != have.get(name):
            yield "%s: found %s, expected %s" % (name, have.get(name), want.get(name))


def main(arguments):
    parser = argparse.ArgumentParser(description="Compares rolling windows with the log.")
    parser.add_argument("--log", nargs="+", required=True)
    parser.add_argument("--kafka-offsets", action="store_true")
    parser.add_argument("--config", nargs="+", action="extend", default=[])
    parser.add_argument("--sources")
    parser.add_argument("--windows", nargs="+", required=True)
    options = parser.parse_args(arguments)
    bad, prefixes = 0, {}
    for path in options.windows:
        with open(path, encoding="utf-8") as file:
            window = json.load(file)
        offsets = window["_offsets"]
        if offsets not in prefixes:
            limits = {name: int(offset) for name, offset in (text.rsplit("=", 1) for text in offsets.split())}
            everything = run_log(options.log, options.config, options.sources, options.kafka_offsets, limits)
            prefixes[offsets] = [partition for partition in everything
                                 if "%s/%d" % (partition.topic, partition.partition) in limits]
        found = list(differences(window, prefixes[offsets], MINUTES[path.rsplit(".", 1)[1]]))
        print("%s: %s records, %d differences" % (path, window["_total"], len(found)))
        for line in found[:10]:
            print("  " + line)
        bad += len(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
