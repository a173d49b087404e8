#!/usr/bin/env python3
"""registry.csv -> `unit.registered` messages, one a line (schemas/README.md §3, the CSV rules): registry_csv.py
FILE.csv > FILE.ndjson

A column that the file does not have is absent from the message; an empty cell is `""` where the contract knows an empty value
and absent where it does not (valid_to, the parents).
"""
import csv
import json
import sys

NO_EMPTY_VALUE = ("valid_to", "parent_enterprise_id", "enterprise_group_id")


def accounts(text):
    links = []
    for item in text.split(";") if text else []:
        parts = item.split(":")
        link = {"source": parts[0], "account_id": parts[1] if len(parts) > 1 else ""}
        link.update((key, part) for key, part in zip(("valid_from", "valid_to"), parts[2:]) if part)
        links.append(link)
    return links


def message(row):
    unit = {"type": "unit.registered", "schema_version": 1, "source": "REGISTRY",
            "event_id": "reg:%s:%s:%s" % (row["merchant_id"], row["valid_from"], row["recorded_at"])}
    for key, value in row.items():
        if key == "accounts":
            unit[key] = accounts(value)
        elif key == "employees" and value:
            unit[key] = int(value)
        elif value or key not in NO_EMPTY_VALUE:
            unit[key] = value
    return unit


def messages(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [message(row) for row in csv.DictReader(file)]


if __name__ == "__main__":
    for unit in messages(sys.argv[1]):
        print(json.dumps(unit, ensure_ascii=False, separators=(",", ":")))
