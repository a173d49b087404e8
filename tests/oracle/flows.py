"""Flows: which ledger cells a named flow of indicators.json holds, and their sums by slice (indicators.md §3)."""

FACET = ("family", "role", "outlet", "party", "instrument", "pay_mode", "context", "category", "cross_border", "person_type",
         "outcome", "reason_class")
AT = {name: place for place, name in enumerate(FACET)}


def flow_matches(flow, facet):
    for condition, codes in flow.items():
        if condition in ("records_cash", "named"):
            continue
        if condition.endswith("_not"):
            if facet[AT[condition[:-4]]] in codes:
                return False
        elif facet[AT[condition]] not in ([codes] if isinstance(codes, str) else codes):
            return False
    return True


class Sums:
    """(n, sum) of every flow over some days, by slice. A slice is a tuple: (), ("district", d), ("unmatched",), ("unit_type", t),
    ("outlet", o), ("instrument", i), ("party", p), ("district", d, "outlet", o), ("district", d, "party", p),
    ("unmatched", "party", p)."""

    def __init__(self):
        self.cells = {}

    def add(self, flow, slices, n, amount):
        for key in slices:
            cell = self.cells.setdefault((flow, key), [0, 0])
            cell[0] += n
            cell[1] += amount

    def of(self, term, keys=((),)):
        """Sum of `flow.n` or `flow.sum` over slices that do not overlap."""
        flow, what = term.split(".")
        return sum(self.cells.get((flow, key), (0, 0))[what == "sum"] for key in keys)


def slices_of(version, facet):
    outlet, instrument, party = facet[AT["outlet"]], facet[AT["instrument"]], facet[AT["party"]]
    if version is None:
        return (("unmatched",), ("unmatched", "party", party))
    district = version.district
    return ((), ("district", district), ("unit_type", version.unit_type), ("outlet", outlet), ("instrument", instrument),
            ("party", party), ("district", district, "outlet", outlet), ("district", district, "party", party))


class View:
    """Everything the indicators ask of the ledger, gathered in one pass over its cells."""

    def __init__(self, definitions, config, partitions, units, period, daily):
        self.flows = definitions["flows"]
        self.config = config
        self.units = units
        self.period = period
        self.window_first = period.last - definitions["window_days"] + 1
        previous = period.previous()
        self.previous_days = (previous.first, previous.last)
        self.sums = Sums()
        self.days = {day: Sums() for day in range(period.first, period.last + 1)} if daily else {}
        self.window_any = set()    # flows with a cell on a window day, matched or not
        self.window_seen = {}      # flow -> unit -> {(outlet, instrument)}
        self.acting = {}           # flow -> units with a cell in the period
        self.acting_before = {}    # flow -> the same of the preceding period
        self.earlier = {}          # flow -> units with a cell before the period
        self.matches = {}          # facet -> its flows
        self.parties = set()
        self.named = {}            # (source, account) -> [first, last] day on which it named an intent or a driver
        for source, account, activities in (account for partition in partitions for account in partition.accounts):
            if "NAMED" in activities:
                first, last = activities["NAMED"]
                days = self.named.setdefault((source, account), [first, last])
                self.named[source, account] = [min(days[0], first), max(days[1], last)]
        for partition in partitions:
            for day, cells in partition.ledger.items():
                self.gather(day, cells, partition.accounts)

    def flows_of(self, facet):
        flows = self.matches.get(facet)
        if flows is None:
            flows = self.matches[facet] = [(name, flow.get("records_cash", False), flow.get("named", False))
                                           for name, flow in self.flows.items() if flow_matches(flow, facet)]
            self.parties.add(facet[AT["party"]])
        return flows

    def gather(self, day, cells, accounts):
        period = self.period
        if day > period.last:
            return
        in_period = period.first <= day
        in_window = self.window_first <= day
        before = self.previous_days[0] <= day <= self.previous_days[1]
        for (number, facet), (n, amount, _) in cells.items():
            flows = self.flows_of(facet)
            if not flows:
                continue
            source, account, _ = accounts[number]
            version = self.units.owner(source, account, day)
            slices = slices_of(version, facet)
            first, last = self.named.get((source, account), (day + 1, day))
            for flow, records_cash, named in flows:
                if records_cash and not self.config.records_cash(source) or named and not first <= day <= last:
                    continue
                if in_period:
                    self.sums.add(flow, slices, n, amount)
                    if self.days:
                        self.days[day].add(flow, slices, n, amount)
                if in_window:
                    self.window_any.add(flow)
                if version is not None:
                    self.note_unit(flow, version.unit, facet, in_period, in_window, before)

    def note_unit(self, flow, unit, facet, in_period, in_window, before):
        if in_window:
            seen = self.window_seen.setdefault(flow, {}).setdefault(unit, set())
            seen.add((facet[AT["outlet"]], facet[AT["instrument"]]))
        if in_period:
            self.acting.setdefault(flow, set()).add(unit)
        else:
            self.earlier.setdefault(flow, set()).add(unit)
        if before:
            self.acting_before.setdefault(flow, set()).add(unit)
