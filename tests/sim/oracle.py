#!/usr/bin/env python3
"""oracle.py SIM FROM COUNT: the simulator's undisturbed states against the Python oracle.

The simulator compares disturbed runs with an undisturbed one of the same code, so it cannot see a mistake that both make. This
looks at the undisturbed ones: the logs of COUNT seeds, in the form that a file can have (no gaps, record time = ingest_time), go
through tests/oracle/, which is written from schemas/ alone. Ends at the first seed that differs, with status 1.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
from compare_state import fact_differences, read_state, sketch_differences  # noqa: E402
from logfile import log_files, run_file  # noqa: E402
from settings import Config, read_exclusions  # noqa: E402
from statedump import write_state  # noqa: E402
from storedump import StoreDump  # noqa: E402

SECRET = b"a secret only for tests"  # of tests/support/event_text.c
SOURCES = {"CAPA": {"success_at": "CAPTURED"}, "SETB": {"success_at": "SETTLED"}}


def differences_of(directory):
    with open(os.path.join(directory, "settings"), encoding="ascii") as file:
        settings = dict(word.split("=", 1) for word in file.read().split())
    config = Config(settings, SOURCES, read_exclusions(os.path.join(directory, "exclusions")))
    partitions = [run_file(path, config, kafka=True) for path in log_files([directory])]
    path = os.path.join(directory, "oracle-state")
    write_state(partitions, path, SECRET)
    dump = StoreDump(os.path.join(directory, "state"))
    facts, persons = read_state(path)
    return fact_differences(dump.facts, facts) + sketch_differences(dump.sketches, persons), len(facts)


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    simulator, first, count = arguments[0], int(arguments[1]), int(arguments[2])
    facts = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run([simulator, "--export", directory, "--seed", str(seed)], check=False, timeout=120)
            if done.returncode != 0:
                print("violation: seed %d: the undisturbed run fails" % seed)
                return 1
            differences, found = differences_of(directory)
            facts += found
            if differences:
                print("violation: seed %d: %d differences from the oracle, first: %s" % (seed, len(differences), differences[0]))
                return 1
    print("%d seeds equal the oracle, %d facts" % (count, facts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
