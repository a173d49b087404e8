#!/usr/bin/env python3
"""A corpus in one text file: a line per message, so that thousands of small messages are one file that can be searched and
compared. Bytes outside 0x20..0x7E are written \\xHH, the backslash \\\\; lines beginning with # and empty lines are left out.

    pack.py unpack FILE... DIRECTORY     one file per message
    pack.py pack DIRECTORY               to standard output, shortest first

An empty message has no line. The same lines are read by tests/support/corpus.c.
"""
import hashlib
import pathlib
import re
import sys


def packed(message):
    escaped = message.replace(b"\\", b"\\\\")
    return re.sub(rb"[^\x20-\x7e]", lambda byte: b"\\x%02x" % byte[0][0], escaped)


def unpacked(line):
    return re.sub(rb"\\(\\|x[0-9a-f]{2})", lambda found: b"\\" if found[1] == b"\\" else bytes([int(found[1][1:], 16)]), line)


def unpack(paths, directory):
    directory.mkdir(parents=True, exist_ok=True)
    for path in paths:
        for line in path.read_bytes().split(b"\n"):
            if line and not line.startswith(b"#"):
                message = unpacked(line)
                (directory / hashlib.sha256(message).hexdigest()[:20]).write_bytes(message)


def pack(directory):
    messages = {path.read_bytes() for path in directory.iterdir() if path.is_file()}
    lines = sorted((packed(message) for message in messages if message), key=lambda line: (len(line), line))
    for line in lines:
        # A message that begins with # must not become a comment.
        sys.stdout.buffer.write((b"\\x23" + line[1:] if line.startswith(b"#") else line) + b"\n")


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "pack":
        pack(pathlib.Path(arguments[1]))
    elif len(arguments) >= 3 and arguments[0] == "unpack":
        unpack([pathlib.Path(path) for path in arguments[1:-1]], pathlib.Path(arguments[-1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
