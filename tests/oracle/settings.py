"""The settings that the oracle needs, by their names in the contract."""
import csv
import json
import re

from civil import Zone, day_of_text

DEFAULTS = {
    "window.records": "524288", "window.max_age": "14d", "watermark.bound": "5m", "retention.days": "400",
    "oldest_date": "2015-01-01", "reporting.timezone": "Asia/Ho_Chi_Minh", "reporting.currency": "VND", "reporting.country": "VN",
    "reporting.area": "VN_38", "amount.max": "", "sketches.accounts": "off", "disclosure.merchants": "5",
    "disclosure.platforms": "3",
}
UNITS_MS = {"": 1, "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration_ms(text):
    match = re.fullmatch(r"([0-9]+) *(ms|s|m|min|h|d|)", text)
    if not match:
        raise ValueError("not a duration: " + text)
    return int(match.group(1)) * UNITS_MS[match.group(2)]


class Config:
    def __init__(self, settings=None, sources=None, exclusions=None):
        values = dict(DEFAULTS)
        for key, value in (settings or {}).items():
            if key not in DEFAULTS:
                raise ValueError("unknown setting: " + key)
            values[key] = value
        self.window_records = int(values["window.records"])
        self.window_max_age_ms = duration_ms(values["window.max_age"])
        self.watermark_bound_ms = duration_ms(values["watermark.bound"])
        self.retention_days = int(values["retention.days"])
        self.oldest_day = day_of_text(values["oldest_date"])
        self.zone = Zone(values["reporting.timezone"])
        self.currency = values["reporting.currency"]
        self.country = values["reporting.country"]
        self.area = values["reporting.area"]
        self.merchants = int(values["disclosure.merchants"])
        self.platforms = int(values["disclosure.platforms"])
        self.amount_max = {code: int(most) for code, most in
                           (text.split("=") for text in values["amount.max"].split(",") if text)}
        self.account_sketches = values["sketches.accounts"] == "on"
        self.sources = sources or {}
        self.exclusions = exclusions or []

    def withdrawn(self, topic, partition, offset, source):
        """schemas/exclusions.md: lies the event in a range of its source, or of every source?"""
        return any((topic, partition) == where and start <= offset < end and only in ("", source)
                   for where, start, end, only in self.exclusions)

    def success_at(self, source):
        return self.sources.get(source, {}).get("success_at", "FIRST")

    def records_cash(self, source):
        return self.sources.get(source, {}).get("records_cash", False) is True


def read_exclusions(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [((row["topic"], int(row["partition"])), int(row["from_offset"]), int(row["to_offset"]), row["source"])
                for row in csv.DictReader(file)]


def read_config(settings, sources_path, exclusions_path=None):
    """`settings`: list of key=value."""
    sources = {}
    if sources_path:
        with open(sources_path, encoding="utf-8") as file:
            sources = json.load(file)
    exclusions = read_exclusions(exclusions_path) if exclusions_path else []
    return Config(dict(text.split("=", 1) for text in settings), sources, exclusions)
