"""The fault points of the source, and how each is reached."""
import glob
import os
import re

PATTERN = re.compile(r'FAULT_(STEP|FAILS|BREAKS)\("([a-z_.]+)"')

# How a point is reached: the first that fits its name. See runs.py.
REACHED = (
    ("reopen.", ("cut",)),
    ("rewind.", ("back",)),
    ("group.rewind", ("back",)),
    ("revoke.", ("storm",)),
    ("group.unassign", ("storm",)),
    ("rebuild.", ("resumed",)),
    ("cold.", ("resumed",)),
    ("vintage.", ("snapshot",)),
    ("latest.", ("snapshot",)),
    ("snapshot.", ("snapshot",)),
    ("backup.", ("backup",)),
    ("restore.", ("restore",)),
    ("", ("fresh", "resumed")),
)
KAFKA_ONLY = ("group.", "mirror.", "revoke.")
MODES = ("fresh", "resumed", "cut", "back", "storm", "snapshot", "backup", "restore")


def of_source(home):
    """Name -> kinds of faults. A name that stands in two places is an error."""
    points = {}
    for room in ("ingest", "aggregate"):
        for path in sorted(glob.glob(os.path.join(home, room, "**/*.c"), recursive=True)):
            with open(path, encoding="utf-8") as file:
                for form, name in PATTERN.findall(file.read()):
                    if name in points:
                        raise SystemExit(f"{path}: the fault point {name} stands in two places")
                    points[name] = ("kill", "stop") if form == "STEP" else ("kill", "stop", "error")
    return points


def modes_of(point):
    return next(modes for start, modes in REACHED if point.startswith(start))


def sources_of(point):
    return ("kafka",) if point.startswith(KAFKA_ONLY) else ("file", "kafka")
