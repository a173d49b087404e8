"""Units, their versions by day, and which unit an account belongs to on a day (indicators.md §2).

Both are step functions of the day: they are evaluated once at each day on which something may change and looked up by bisection.
"""
from bisect import bisect_right


class Steps:
    """A function of the day that changes only on the given days."""

    def __init__(self, days, function):
        self.days = sorted(days)
        self.values = [function(day) for day in self.days]

    def on(self, day):
        at = bisect_right(self.days, day) - 1
        return self.values[at] if at >= 0 else None


class Units:
    def __init__(self, records, as_of):
        self.records = [record for record in records if record.recorded_at <= as_of]
        self.by_unit = {}
        self.claimants = {}   # (source, account id) -> units that list it in some version
        for record in self.records:
            self.by_unit.setdefault(record.unit, []).append(record)
            for source, account, _, _ in record.accounts:
                self.claimants.setdefault((source, account), set()).add(record.unit)
        self.versions = {unit: self.version_steps(records) for unit, records in self.by_unit.items()}
        self.accounts = {}
        self.refused_claims = set()

    @staticmethod
    def version_steps(records):
        def version(day):
            best = max((record for record in records if record.valid_from <= day),
                       key=lambda record: (record.valid_from, record.recorded_at, record.place), default=None)
            return None if best is None or (best.valid_to is not None and best.valid_to <= day) else best

        days = {record.valid_from for record in records}
        days.update(record.valid_to for record in records if record.valid_to is not None)
        return Steps(days, version)

    def version(self, unit, day):
        return self.versions[unit].on(day)

    def alive(self, day):
        """The versions on a day of the units that are alive then."""
        versions = (steps.on(day) for steps in self.versions.values())
        return [version for version in versions if version is not None and version.status == "ACTIVE"]

    def owner(self, source, account, day):
        """The version, on that day, of the unit that the account belongs to; None: unmatched."""
        key = (source, account)
        steps = self.accounts.get(key)
        if steps is None:
            steps = self.accounts[key] = self.owner_steps(key)
        return steps.on(day)

    def owner_steps(self, key):
        claimants = self.claimants.get(key, set())
        days = set()
        for unit in claimants | {key[1]}:
            days.update(self.versions[unit].days if unit in self.versions else ())
        for unit in claimants:
            for record in self.by_unit[unit]:
                for source, account, first, end in record.accounts:
                    if (source, account) == key:
                        days.update(day for day in (first, end) if day is not None)
        return Steps(days, lambda day: self.find_owner(key, claimants, day))

    def find_owner(self, key, claimants, day):
        claims = []
        for unit in claimants:
            version = self.version(unit, day)
            if version and any((source, account) == key and (first is None or first <= day) and (end is None or day < end)
                               for source, account, first, end in version.accounts):
                claims.append(version)
        if claims:
            claims.sort(key=lambda version: (version.recorded_at, version.place))
            self.refused_claims.update((key, version.place) for version in claims[1:])
            return claims[0]
        return self.version(key[1], day) if key[1] in self.versions else None
