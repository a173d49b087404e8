#!/usr/bin/env python3
"""Logs of foreign messages -> state: the mapping (mapping.py) makes canonical texts, the books (booking.py) are those of
canonical logs; only the offsets are the messages'.

    mappedlog.py --mappings M.json… (--messages FILE | --files TOPIC-P.ndjson…)
                 [--config key=value …] [--exclusions FILE] [--state FILE] [--counts FILE]

--messages: lines of tests/support/foreign.py, as Kafka gives them back: offsets counted by partition, record time, key,
headers. --files: a line is a message and its offset the byte where it begins; record time of an event is its ingest_time, of
what is none that of the event before. A topic that no mapping claims is read as canonical text.
"""
import argparse
import json
import sys

from booking import Partition
from event import read_event
from jsontext import Refusal
from logfile import lines_of, topic_partition
from mapping import Mapping
from settings import read_config
from statedump import all_counts, write_state


class Canonical:
    """What stands in the place of a mapping for topics that none claims."""

    @staticmethod
    def results(value, record):
        return [value]


def claim(definition, topic):
    """2: by name, 1: by a prefix, 0: not."""
    names = definition["topics"]
    if topic in names:
        return 2
    return int(any(name.endswith("*") and topic.startswith(name[:-1]) for name in names))


def mapping_of(mappings, topic):
    best = max(mappings, key=lambda mapping: claim(mapping.definition, topic), default=None)
    return best if best is not None and claim(best.definition, topic) else Canonical


class MappedPartition:
    """One partition and the mapping of its topic. `results` come as str (canonical text), None (ignored) or Refused."""

    def __init__(self, config, topic, number, mappings):
        self.state = Partition(config, topic, number)
        self.mapping = mapping_of(mappings, topic)
        self.texts = []  # of every ordinal
        self.state.fetch = self.texts.__getitem__
        self.offset = 0

    def deliver(self, value, offset, following, record):
        results = [None] if value is None else self.mapping.results(value, record)
        for result in results:
            self.event(result, offset, following, record.get("time"))

    def event(self, result, offset, following, time):
        event = reason = data = None
        if isinstance(result, (str, bytes)):
            data = result.encode() if isinstance(result, str) else result
            try:
                event = read_event(data, self.state.config)
            except Refusal as refusal:
                reason = refusal.reason
                if self.mapping is not Canonical:
                    raise AssertionError("a canonical text that is refused: %r" % data) from refusal
        elif result is not None:
            reason = result.reason
        if time is None:
            time = event.record_time if event else self.state.record_time
        elif event:
            event.record_time = time
        self.state.record_time = time
        self.texts.append(data)
        self.state.take(event, reason, data, offset, following)


def unhex(text):
    return None if text == "-" else bytes.fromhex(text)


def text_of(data):
    """Headers and keys are text; bytes that are none become characters that no list and no id holds."""
    return None if data is None else data.decode("utf-8", "surrogateescape")


def read_messages(path, config, mappings):
    partitions = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            topic, number, time, key, value, headers = line.rstrip("\n").split("\t")
            where = topic, int(number)
            if where not in partitions:
                partitions[where] = MappedPartition(config, *where, mappings)
            partition = partitions[where]
            named = (header.split("=") for header in headers.split(" ") if header)
            record = {"topic": topic, "time": int(time), "key": text_of(unhex(key)),
                      "headers": {name: text_of(unhex(data)) for name, data in named}}
            partition.deliver(unhex(value), partition.offset, partition.offset + 1, record)
            partition.offset += 1
    return [partition.state.finish() for _, partition in sorted(partitions.items())]


def read_file(path, config, mappings):
    topic, number = topic_partition(path)
    partition = MappedPartition(config, topic, number, mappings)
    with open(path, "rb") as file:
        data = file.read()
    for start, line, behind in lines_of(data, []):
        partition.deliver(None if line == b"null" else line, start, behind, {"topic": topic})
    return partition.state.finish()


def load(path):
    with open(path, encoding="utf-8") as file:
        return Mapping(json.load(file))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mappings", nargs="+", required=True)
    parser.add_argument("--messages")
    parser.add_argument("--files", nargs="+", default=[])
    parser.add_argument("--config", nargs="+", action="extend", default=[], metavar="key=value")
    parser.add_argument("--exclusions", metavar="FILE")
    parser.add_argument("--state")
    parser.add_argument("--counts")
    options = parser.parse_args(arguments)
    config = read_config(options.config, None, options.exclusions)
    mappings = [load(path) for path in options.mappings]
    partitions = read_messages(options.messages, config, mappings) if options.messages else []
    partitions += [read_file(path, config, mappings) for path in options.files]
    if options.counts:
        with open(options.counts, "w", encoding="ascii") as file:
            json.dump(all_counts(partitions), file, indent=1, sort_keys=True)
    if options.state:
        write_state(partitions, options.state)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
