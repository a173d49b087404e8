#!/usr/bin/env python3
"""An archive of consumed records (schemas/archive.md) read without nhip: the program zstd, json and hashlib.

    archive.py DIR [--offsets] [TOPIC...]

Prints every record as a line of tests/support/foreign.py, which tests/tools/produce_messages puts into Kafka: topic, partition,
time, key, value, headers; bytes as hex, `-` is none. With --offsets the offset stands in front. Exits 1, saying where, when a
file has another hash than the manifest, an offset is not accounted for, or a line is not of its form.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys

PART = re.compile(r"([0-9]{20})-([0-9]{20})\.([0-9]{4}-[0-9]{2}-[0-9]{2})\.ndjson\.zst")


def require(claim, *where):
    if not claim:
        sys.exit("archive.py: " + ": ".join(map(str, where)))


def octets(item, name):
    """The bytes of a member that stands as text, in base64 or as null; None: no bytes."""
    if name + "_base64" in item:
        return base64.b64decode(item[name + "_base64"], validate=True)
    return None if item.get(name) is None else item[name].encode()


def hexed(data):
    return "-" if data is None else data.hex()


def headers_of(item):
    return " ".join(octets(header, "name").decode() + "=" + hexed(octets(header, "value")) for header in item.get("headers", []))


def read_part(path, topic, partition, name):
    """(offset, line for people) of each record; checks that every offset of the name's range is accounted for."""
    first, behind, day = PART.fullmatch(name).groups()
    position, records, ended = int(first), 0, False
    text = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
    require(text.endswith(b"\n"), path, "no newline at the end")
    lines = text[:-1].split(b"\n")
    head = json.loads(lines[0])
    cluster = head.pop("cluster")
    require(head == {"nhip_archive": 1, "topic": topic, "partition": partition, "from": position, "day": day} and cluster != "",
            path, "first line", head)
    for number, line in enumerate(lines[1:], 2):
        item = json.loads(line)
        require(not ended, path, number, "a line behind the last")
        if "offset" in item:
            require(item["offset"] == position, path, number, "offset", item["offset"], "wanted", position)
            fields = [topic, partition, item["time"], hexed(octets(item, "key")), hexed(octets(item, "value")), headers_of(item)]
            yield position, "\t".join(map(str, fields))
            position, records = position + 1, records + 1
        elif "next" in item:
            require(item == {"next": int(behind), "records": records} and position == int(behind), path, number, item)
            ended = True
        else:
            (kind, (low, high)), = item.items()
            require(kind in ("hole", "lost") and low == position and high > low, path, number, item)
            position = high
    require(ended, path, "no last line")


def read_partition(directory, topic, partition):
    with open(os.path.join(directory, "MANIFEST.sha256"), encoding="ascii") as file:
        manifest = [line.rstrip("\n").split("  ") for line in file]
    position = None
    for digest, name in manifest:
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            require(hashlib.sha256(file.read()).hexdigest() == digest, path, "another hash than the manifest's")
        require(position in (None, int(name[:20])), path, "begins elsewhere than the file before ends")
        position = int(name[21:41])
        yield from read_part(path, topic, partition, name)
    there = {name for name in os.listdir(directory) if not name.startswith(".")}
    require(there == {name for _, name in manifest} | {"MANIFEST.sha256"}, directory, "files that the manifest does not name")


def main(arguments):
    offsets = "--offsets" in arguments
    archive, *topics = [argument for argument in arguments if argument != "--offsets"]
    for name in sorted(os.listdir(archive)):
        match = re.fullmatch(r"([^.].*)-([0-9]+)", name)
        if not match or topics and match.group(1) not in topics:
            continue
        for offset, line in read_partition(os.path.join(archive, name), match.group(1), int(match.group(2))):
            print(f"{offset}\t{line}" if offsets else line)


if __name__ == "__main__":
    main(sys.argv[1:])
