#!/usr/bin/env python3
"""Compares the options in the code of each command with its help and its man page: options.py NHIP MAN1-DIRECTORY"""
import re
import subprocess
import sys

LIBRARY = {"config", "set", "namespace", "help", "manual"}  # of every command; nhip(1) and nhip.conf(5)


def options(text):
    """--names of running text."""
    return set(re.findall(r"(?:^|[^a-z-])--([a-z][a-z-]*[a-z])", text))


def main():
    nhip, pages = sys.argv[1:]
    fine = True
    ask = lambda *words: subprocess.run([nhip, *words], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z]+)  +[A-Z]", ask("help"), re.M)
    for command in commands:
        with open(f"aggregate/cmd_{command}.c", encoding="utf-8") as file:
            taken = set(re.findall(r'\{"([a-z-]+)",\s+(?:no|required|optional)_argument', file.read()))
        told = options(ask("help", command).split("\n  topics ")[0])
        with open(f"{pages}/nhip-{command}.1", encoding="utf-8") as file:
            page = options(file.read().replace("Fl -", "--"))
        defined = options("\n".join(re.findall(r"^  (--.*?)(?:  .*)?$", ask("help", command), re.M)))
        for what, names, extra in (("help", told, defined), ("man page", page, set())):
            for name in sorted(taken - names):
                print(f"nhip {command} takes --{name}, and its {what} does not say so")
            for name in sorted(extra - taken - LIBRARY):
                print(f"the {what} of nhip {command} tells of --{name}, which it does not take")
            fine = fine and not (taken - names) and not (extra - taken - LIBRARY)
    return 0 if fine and len(commands) >= 12 else 1


if __name__ == "__main__":
    sys.exit(main())
