#!/usr/bin/env python3
"""The second truth: logs -> state, conservation counts and every row of obs.csv, from the pages in schemas/ alone.

    oracle.py --log DIR|FILE… [--kafka-offsets] [--config key=value …] [--sources sources.json] [--exclusions FILE]
              [--limit topic/partition=next …] [--counts FILE] [--state FILE]
              [--obs FILE --period P [--as-of T] [--daily] [--growth [BASE]]
                     [--definitions FILE] [--release N] [--expected FILE]]

Why: a program that checks itself proves nothing. This one is slow, plain and exact (Python integers and fractions,
sets instead of
sketches); it shares no code and no generated table with the engine, only the CSV code lists of the contract. How: `event` and
`unitrecord` read messages, `booking` with `window` and `lifecycle` keeps one partition's state, `indicators` computes
the figures.
Partitions are read by two processes. Exit status 2: the question is refused (as of before the state, unknown setting).
"""
import argparse
import gc
import json
import multiprocessing
import os
import sys

from codelists import SCHEMAS
from civil import ms_of_rfc3339
from coverage import read_expected
from logfile import log_files, run_file, topic_partition
from obs import Refused, write_obs
from settings import read_config
from statedump import all_counts, write_state


def run_task(task):
    gc.disable()  # nothing here is cyclic, and looking through millions of cells for cycles costs more than making them
    path, settings, sources, exclusions, kafka, limit = task
    return run_file(path, read_config(settings, sources, exclusions), kafka, limit)


def run_log(paths, settings, sources=None, kafka=False, limits=None, processes=2, exclusions=None):
    """Finished partitions, sorted by topic and partition."""
    limits = limits or {}
    files = log_files(paths)
    tasks = [(path, settings, sources, exclusions, kafka, limits.get("%s/%d" % topic_partition(path))) for path in files]
    tasks.sort(key=lambda task: -os.path.getsize(task[0]))
    if processes < 2 or len(tasks) < 2:
        partitions = [run_task(task) for task in tasks]
    else:
        with multiprocessing.Pool(processes, maxtasksperchild=1) as pool:
            partitions = pool.map(run_task, tasks, chunksize=1)
    return sorted(partitions, key=lambda partition: (partition.topic, partition.partition))


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="An independent implementation of schemas/.")
    parser.add_argument("--log", nargs="+", required=True, metavar="DIR|FILE")
    parser.add_argument("--kafka-offsets", action="store_true", help="the n-th line has offset n")
    parser.add_argument("--config", nargs="+", action="extend", default=[], metavar="key=value")
    parser.add_argument("--sources", metavar="FILE")
    parser.add_argument("--expected", metavar="FILE")
    parser.add_argument("--exclusions", metavar="FILE")
    parser.add_argument("--limit", nargs="+", action="extend", default=[], metavar="topic/partition=next")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--counts", metavar="FILE")
    parser.add_argument("--state", metavar="FILE")
    parser.add_argument("--obs", metavar="FILE")
    parser.add_argument("--period")
    parser.add_argument("--as-of", metavar="T")
    parser.add_argument("--daily", action="store_true")
    parser.add_argument("--growth", nargs="?", const="", metavar="BASE", help="also growth, and indices on BASE")
    parser.add_argument("--definitions", default=os.path.join(SCHEMAS, "indicators.json"))
    parser.add_argument("--release", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.obs and not options.period:
        parser.error("--obs needs --period")
    return options


def read_as_of(text):
    if text is None:
        return None
    ms = int(text) if text.isdigit() else ms_of_rfc3339(text)
    if ms is None:
        raise Refused("--as-of: not a time: " + text)
    return ms


def main(arguments):
    gc.disable()
    options = parse_arguments(arguments)
    limits = {name: int(offset) for name, offset in (text.rsplit("=", 1) for text in options.limit)}
    try:
        config = read_config(options.config, options.sources)
        as_of = read_as_of(options.as_of)
        partitions = run_log(options.log, options.config, options.sources, options.kafka_offsets, limits, options.processes,
                             options.exclusions)
        if options.counts:
            with open(options.counts, "w", encoding="ascii") as file:
                json.dump(all_counts(partitions), file, indent=1, sort_keys=True)
                file.write("\n")
        if options.state:
            write_state(partitions, options.state)
        if options.obs:
            with open(options.definitions, encoding="utf-8") as file:
                definitions = json.load(file)
            expected = read_expected(options.expected) if options.expected else None
            write_obs(options.obs, definitions, config, partitions, options.period, as_of, options.daily, options.release,
                      options.growth, expected)
    except (Refused, ValueError) as refusal:
        print("oracle: %s" % refusal, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
