"""The window of one partition (booking.md §7): what the last records of the log said.

Both bounds cut off a prefix of the log, because ordinals grow and record-time maxima never fall: so the window is
"all ordinals from
`first`". Facts live in two generations of dictionaries; when the young one is a full window old, the old one is
behind any window.
"""
from array import array

ENTITY_FACTS_MAX = 64


class Window:
    def __init__(self, config):
        self.records = config.window_records
        self.max_age_ms = config.window_max_age_ms
        self.maxima = array("q")  # R of every ordinal
        self.first = 0
        self.young = self.new_generation(0)
        self.old = self.new_generation(0)

    @staticmethod
    def new_generation(start):
        return {"start": start, "events": {}, "entities": {}}

    def advance(self, record_time_max):
        """Enters the next record; its ordinal. Afterwards the window is that of this record."""
        ordinal = len(self.maxima)
        self.maxima.append(record_time_max)
        self.cut(ordinal, record_time_max)
        if ordinal - self.young["start"] >= self.records:
            self.old, self.young = self.young, self.new_generation(ordinal)
        return ordinal

    def cut(self, ordinal, record_time_max):
        first = max(self.first, ordinal - self.records)
        while first < ordinal and self.maxima[first] < record_time_max - self.max_age_ms:
            first += 1
        self.first = first

    def event(self, key):
        """Ordinal of the latest record with this (source, event id) in the window, or None."""
        ordinal = self.young["events"].get(key)
        if ordinal is None:
            ordinal = self.old["events"].get(key)
        return ordinal if ordinal is not None and ordinal >= self.first else None

    def facts(self, key):
        """The latest 64 facts (what, day) of a payment or order in the window, oldest first."""
        old, young = self.old["entities"].get(key, ()), self.young["entities"].get(key, ())
        if not old and not young:
            return ()
        found = [(what, day) for half in (old, young) for ordinal, what, day in half if ordinal >= self.first]
        return found[-ENTITY_FACTS_MAX:]

    def leave(self, ordinal, event_key, entity_key, what, day):
        self.young["events"][event_key] = ordinal
        if entity_key is not None:
            self.young["entities"].setdefault(entity_key, []).append((ordinal, what, day))

    def start_of_next(self):
        """Ordinal of the oldest record whose facts are inside for the next record, judged by R now; None before the
        first record."""
        ordinal = len(self.maxima)
        if not ordinal:
            return None
        first = max(self.first, ordinal - self.records)
        while self.maxima[first] < self.maxima[-1] - self.max_age_ms:
            first += 1
        return first
