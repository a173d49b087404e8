"""Logs as NDJSON files: one file per topic and partition, one record a line.

`null` is a tombstone, an empty line an empty value. Record time = `ingest_time` (units: `recorded_at`); of a line
that is no valid event
the first such key in the text that reads as a time; else the record time of the line before, 0 for the first. Offsets
are those of the
line's first byte, or with `kafka` the number of the line.
"""
import json
import mmap
import os
import re
from array import array

from booking import Partition
from civil import TIME_END_MS, ms_of_rfc3339
from event import MESSAGE_BYTES_MAX

TIME_TEXT = rb'[ \t]*:[ \t]*(?:([0-9]{1,18})(?=[ \t,}\]]|$)|"([^"\\]{20,40})")'
INGEST_TIME = re.compile(rb'"ingest_time"' + TIME_TEXT)
RECORDED_AT = re.compile(rb'"recorded_at"' + TIME_TEXT)


def guess_time(data):
    if len(data) > MESSAGE_BYTES_MAX:
        return None
    match = (RECORDED_AT if b'"unit.registered"' in data else INGEST_TIME).search(data)
    if not match:
        return None
    number, text = match.groups()
    ms = int(number) if number else ms_of_rfc3339(text.decode("ascii", "replace"))
    return ms if ms is not None and 0 <= ms < TIME_END_MS else None


def topic_partition(path):
    name = os.path.basename(path)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", name[:-7] if name.endswith(".ndjson") else name)
    match = re.fullmatch(r"(.+)-([0-9]+)", name)
    return (match.group(1), int(match.group(2))) if match else (name, 0)


def log_files(paths):
    files = []
    for path in paths:
        if os.path.isdir(path):
            files += [os.path.join(path, name) for name in os.listdir(path) if name.endswith(".ndjson")]
        else:
            files.append(path)
    return sorted(files, key=topic_partition)


def feed(partition, lines, kafka=False, limit=None):
    """Delivers an iterable of (start in bytes, line without newline, start of the next line); stops before offset `limit`."""
    for number, (start, data, behind) in enumerate(lines):
        offset, following = (number, number + 1) if kafka else (start, behind)
        if limit is not None and offset >= limit:
            break
        partition.deliver(data, offset, following, data == b"null", guess_time)
    return partition.finish()


def lines_of(data, starts):
    """(start, line, start of the next line) of every line of a bytes-like object; `starts` remembers where each began."""
    start, end = 0, len(data)
    while start < end:
        stop = data.find(b"\n", start)
        stop = end if stop < 0 else stop
        starts.append(start)
        yield start, data[start:stop], min(stop + 1, end)
        start = stop + 1


def line_at(data, start):
    stop = data.find(b"\n", start)
    return data[start:len(data) if stop < 0 else stop]


def run_file(path, config, kafka=False, limit=None):
    """The finished state of one file."""
    partition = Partition(config, *topic_partition(path))
    if os.path.getsize(path) == 0:
        return feed(partition, [], kafka, limit)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = array("q")
        partition.fetch = lambda ordinal: line_at(data, starts[ordinal])
        return feed(partition, lines_of(data, starts), kafka, limit)


def with_offsets(records):
    """Messages (str, bytes, dict or None for a tombstone) as the lines of a log; for tests."""
    at = 0
    for record in records:
        if record is None:
            record = b"null"
        elif isinstance(record, dict):
            record = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        data = record.encode() if isinstance(record, str) else record
        yield at, data, at + len(data) + 1
        at += len(data) + 1


def run_records(records, config, topic="t", partition=0, kafka=True, limit=None):
    lines = list(with_offsets(records))
    state = Partition(config, topic, partition)
    state.fetch = lambda ordinal: lines[ordinal][1]
    return feed(state, lines, kafka, limit)
