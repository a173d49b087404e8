"""Which test provokes each code of a message that ends nhip, and which types what the runbook says. Prints tests/stops.md, read
from the scripts in tests/system/ (tests/docs.sh compares): `ends CODE STATUS ...` and `NHIP-CODE` in a pattern are provocations,
`remedy CODE TEXT ...` and claims "NHIP-CODE, remedy: ..." are remedies. A code without one needs a reason here; a reason
that is no longer needed is an error too."""
import glob
import os
import re
import sys

NOT_PROVOKED = {
    "K04": "Kafka's metadata says first that a topic is gone (K03, kafka.sh); K04 needs a fetch to be answered before it",
    "K17": "librdkafka says it when it looks at its clock before we poll again: on a busy machine, not on demand",
    "X02": "two replays of one log would have to differ; system/demo.sh shows that they do not",
}
NOT_TYPED = {
    "K04": "as K03",
    "K16": "the broker of the tests does not wait for members (group.initial.rebalance.delay.ms is 0): the first is given all",
    "K17": "nothing is typed: the run takes its partitions again by itself",
    "X02": "nothing is typed: it is to be reported",
}

PROVOKED = re.compile(r"\bends ([A-Z][0-9]{2}) |NHIP-([A-Z][0-9]{2})(?![0-9])")
REMEDY = re.compile(r"\bremedy ([A-Z][0-9]{2}) ")
REMEDY_CLAIM = re.compile(r'"((?:NHIP-[A-Z][0-9]{2}(?:, | and )?)+), remedy: |"((?:NHIP-[A-Z][0-9]{2}(?:, )?)+)remedy: ')


def rows(home):
    with open(os.path.join(home, "include/stops.h"), encoding="utf-8") as file:
        return re.findall(r'X\([A-Z_0-9]+, "([A-Z][0-9]{2})", [A-Z_]+, +"([^"]*)"\)', file.read())


def read(home):
    """Code -> names of scripts, for provocations and remedies."""
    provoked, typed = {}, {}
    for path in sorted(glob.glob(os.path.join(home, "tests/system/*.sh"))):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.lstrip().startswith("#"):
                    continue
                claims = "".join("".join(found) for found in REMEDY_CLAIM.findall(line))
                for code in REMEDY.findall(line) + re.findall(r"NHIP-([A-Z][0-9]{2})", claims):
                    typed.setdefault(code, set()).add(name)
                if claims:
                    continue
                for one, other in PROVOKED.findall(line):
                    provoked.setdefault(one or other, set()).add(name)
    return provoked, typed


def cell(code, found, reasons, wrong, what):
    if code in found and code in reasons:
        wrong.append(f"{code}: {what}, although tests/stops.py has a reason why not")
    if code not in found and code not in reasons:
        wrong.append(f"{code}: not {what}: add a claim to tests/system/, or a reason to tests/stops.py")
    return ", ".join(sorted(found[code])) if code in found else "no: " + reasons.get(code, "")


def main():
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    codes = rows(home)
    provoked, typed = read(home)
    wrong = [f"{code}: in {where}, but in no table" for where, found in (("a script", provoked), ("a remedy", typed))
             for code in sorted(found) if code not in dict(codes)]
    lines = []
    for code, title in codes:
        lines.append(f"| `NHIP-{code}` | {title} | {cell(code, provoked, NOT_PROVOKED, wrong, 'provoked')} | "
                     f"{cell(code, typed, NOT_TYPED, wrong, 'typed')} |")
    good = sum(code in provoked for code, _ in codes), sum(code in typed for code, _ in codes)
    print("# Codes that end nhip, and the tests that provoke them\n")
    print("Made by `tests/stops.py` from the scripts in `system/`; `tests/docs.sh` compares. Provoked: the code is what a\n"
          "test sees. Typed: the test does then what the runbook (`../ops/README.md`) says, and it works.\n")
    print(f"{good[0]} of {len(codes)} are provoked, the remedy of {good[1]} is typed.\n")
    print("| code | | provoked in | remedy typed in |\n|---|---|---|---|")
    print("\n".join(lines))
    for text in wrong:
        print("stops.py: " + text, file=sys.stderr)
    sys.exit(1 if wrong or len(codes) < 71 else 0)


if __name__ == "__main__":
    main()
