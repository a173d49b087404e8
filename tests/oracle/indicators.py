"""The kinds of indicators (indicators.md §3, §4).

Readings taken where the page leaves room:
* Evidence that is not collected, and a ratio without any source that records cash: M, and NUMERATOR, DENOMINATOR,
N_UNITS are empty.
  A denominator 0 is M with both written (share, structure and active share like ratio).
* An empty *array* in mgmt_software is "no", the empty string is unknown. IT_ENT_SH has no `_T` row.
* S_GE10 repeats the total rows only. Every party value is a leaf of HHI_WALLET.
* A period of one day has its daily rows already.
"""
from civil import DAY_MS, month_last_day, month_of_day, text_of_day
from codelists import CURRENCY_EXPONENTS, DISTRICTS
from flows import View
from obs import Period, decimal_text, size_class
from units import Units

MISSING = {"OBS_STATUS": "M"}
DAYS_35_MS = 35 * DAY_MS
MDT_UNIT_TYPES = ("SUPERMARKET", "MALL", "HYPERMARKET", "MODERN_OTHER")
UNKNOWABLE = ("has_email", "mgmt_software", "accepts_epay")


def holds(population, version):
    """Does the version satisfy a population's conditions?"""
    for condition, wanted in population.items():
        if condition == "any":
            good = any(holds(alternative, version) for alternative in wanted)
        elif condition == "side":
            good = all(version.columns.get(column, value) == value for column, value in wanted.items())
        elif condition == "vsic":
            good = version.columns["vsic"].startswith(tuple(wanted))
        else:
            good = version.columns[condition] in wanted
        if not good:
            return False
    return True


def declared(rule, version, first, last):
    """Evidence R of one unit: "yes", "no" or "unknown"."""
    value = version.columns.get(rule["column"], "")
    if value == "" and rule["column"] in UNKNOWABLE:
        return "unknown"
    if rule["is"] == "yes":
        good = value == "Y" or (type(value) is tuple and len(value) > 0)
    elif rule["is"] == "in_window":
        good = value != "" and first <= value <= last
    else:
        good = len(value) > 0
    for column, side in rule.get("side", {}).items():
        beside = version.columns.get(column)
        if "within_days" in side:
            good = good and (beside in (None, "") or beside >= last - side["within_days"] + 1)
        else:
            good = good and (beside is None or len(beside) > 0)
    return "yes" if good else "no"


class Indicators:
    def __init__(self, definitions, config, partitions, period, as_of, daily, rows):
        self.definitions = definitions
        self.axes = definitions["axes"]
        self.config = config
        self.partitions = partitions
        self.period = period
        self.rows = rows
        self.daily = daily and period.freq != "D"
        records = [record for partition in partitions for _, _, record in partition.units]
        self.units = Units(records, as_of)
        self.view = View(definitions, config, partitions, self.units, period, self.daily)
        self.alive = self.units.alive(period.last)
        self.populations = {name: [version for version in self.alive if holds(conditions, version)]
                            for name, conditions in definitions["populations"].items()}
        self.exponent = CURRENCY_EXPONENTS[config.currency]

    def compute(self):
        kinds = {"share": self.share, "units": self.number, "structure": self.structure, "active": self.active,
                 "turnover": self.turnover, "flow": self.flow, "ratio": self.ratio, "hhi": self.hhi, "distinct": self.distinct,
                 "distinct_share": self.distinct}
        for indicator in self.definitions["indicators"]:
            kinds[indicator["kind"]](indicator)

    # -- stocks: shares, active units, structure ------------------------------------------------------------------------

    def percentage(self, indicator, evidence, at, yes, total, extra=()):
        columns = {"NUMERATOR": yes, "DENOMINATOR": total, "N_UNITS": size_class(total), **dict(extra)}
        columns.update({"OBS_VALUE": decimal_text(100 * yes, total, 2)} if total else MISSING)
        self.rows.add(indicator, evidence, self.period, "PT", 2, at, columns)

    def seen(self, flows, predicate=None):
        """Units with a cell of these flows on a window day whose (outlet, instrument) satisfies the predicate."""
        found = set()
        for flow in flows:
            for unit, pairs in self.view.window_seen.get(flow, {}).items():
                if predicate is None or any(predicate(*pair) for pair in pairs):
                    found.add(unit)
        return found

    def share(self, indicator):
        members = self.populations[indicator["population"]]
        self.share_rows(indicator, members, {})
        if indicator.get("size_ge10"):
            large = [version for version in members if version.columns.get("employees") not in (None, "")
                     and version.columns["employees"] >= 10]
            self.share_rows(indicator, large, {"SIZE_CLASS": "S_GE10"})
        slices = indicator.get("slices", ())
        if "district" in slices:
            for district in DISTRICTS:
                self.share_rows(indicator, [version for version in members if version.district == district],
                                {"REF_AREA": "%s_D%s" % (self.config.area, district)})
        if "unit_type" in slices:
            for unit_type in MDT_UNIT_TYPES if indicator["code"] == "MDT_EPAY" else self.axes["unit_type"]["codes"]:
                self.share_rows(indicator, [version for version in members if version.unit_type == unit_type],
                                {"UNIT_TYPE": unit_type})
        if "platform" in slices:
            for code, outlets in self.platforms():
                self.observed_slice(indicator, members, {"PLATFORM": code}, lambda outlet, _, among=outlets: outlet in among)
        if "marketplace" in slices:
            for code in self.axes["platform"]["groups"]["MARKETPLACE"]:
                self.observed_slice(indicator, members, {"PLATFORM": code}, lambda outlet, _, wanted=code: outlet == wanted)
        if "instrument" in slices:
            for code in self.axes["instrument"]["codes"]:
                self.observed_slice(indicator, members, {"INSTRUMENT": code},
                                    lambda _, instrument, wanted=code: instrument == wanted)

    def platforms(self):
        groups = self.axes["platform"]["groups"]
        return [(code, groups.get(code, [code])) for code in self.axes["platform"]["codes"]]

    def collected(self, indicator):
        """Are evidence R and evidence O collected at all?"""
        column = indicator.get("R", {}).get("column")
        declared_somewhere = any(column in record.columns for record in self.units.records)
        flows = indicator["O"]["flows"]
        return declared_somewhere, not indicator["O"].get("needs_flow") or any(flow in self.view.window_any for flow in flows)

    def share_rows(self, indicator, members, at):
        rule = indicator.get("R")
        collected_r, collected_o = self.collected(indicator)
        observed = self.seen(indicator["O"]["flows"])
        states = [(declared(rule, version, self.view.window_first, self.period.last) if rule else "no", version.unit in observed)
                  for version in members]
        yes = {"R": sum(state == "yes" for state, _ in states), "O": sum(seen for _, seen in states),
               "C": sum(state == "yes" or seen for state, seen in states)}
        unknown = {"R": sum(state == "unknown" for state, _ in states), "O": 0,
                   "C": sum(state == "unknown" and not seen for state, seen in states)}
        collected = {"R": collected_r, "O": collected_o, "C": collected_r and collected_o}
        for evidence in "ROC" if rule else "O":
            extra = {"WINDOW": "P90D" if evidence != "R" or rule["window"] else ""}
            if not collected[evidence]:
                self.rows.add(indicator, evidence, self.period, "PT", 2, at, {**MISSING, **extra})
                continue
            if unknown[evidence]:
                extra["BOUND_LO"] = decimal_text(100 * yes[evidence], len(members), 2)
                extra["BOUND_HI"] = decimal_text(100 * (yes[evidence] + unknown[evidence]), len(members), 2)
                extra["ERR_TYPE"] = "BND"
            self.percentage(indicator, evidence, at, yes[evidence], len(members), extra)

    def observed_slice(self, indicator, members, at, predicate):
        if not self.collected(indicator)[1]:
            self.rows.add(indicator, "O", self.period, "PT", 2, at, {**MISSING, "WINDOW": "P90D"})
            return
        observed = self.seen(indicator["O"]["flows"], predicate)
        yes = sum(version.unit in observed for version in members)
        self.percentage(indicator, "O", at, yes, len(members), {"WINDOW": "P90D"})

    def active(self, indicator):
        members = self.populations[indicator["population"]]
        observed = self.seen(indicator["flows"])
        chosen = [({}, members)]
        slices = indicator.get("slices", ())
        if "district" in slices:
            chosen += [({"REF_AREA": "%s_D%s" % (self.config.area, district)},
                        [version for version in members if version.district == district]) for district in DISTRICTS]
        if "unit_type" in slices:
            chosen += [({"UNIT_TYPE": unit_type}, [version for version in members if version.unit_type == unit_type])
                       for unit_type in self.axes["unit_type"]["codes"]]
        for at, part in chosen:
            count = sum(version.unit in observed for version in part)
            if indicator["share"]:
                self.percentage(indicator, "O", at, count, len(part), {"WINDOW": "P90D"})
            else:
                self.rows.add(indicator, "O", self.period, "NB", 0, at, {"OBS_VALUE": count, "WINDOW": "P90D"})

    def union(self, indicator):
        return {version.unit for name in indicator["populations"] for version in self.populations[name]}

    def number(self, indicator):
        self.rows.add(indicator, "R", self.period, "NB", 0, {}, {"OBS_VALUE": len(self.union(indicator))})
        for name in indicator["populations"]:
            self.rows.add(indicator, "R", self.period, "NB", 0, {"ACTIVITY": "V18_" + name},
                          {"OBS_VALUE": len(self.populations[name])})

    def structure(self, indicator):
        total = len(self.union(indicator))
        for name in indicator["populations"]:
            self.percentage(indicator, "R", {"ACTIVITY": "V18_" + name}, len(self.populations[name]), total)

    # -- turnover -------------------------------------------------------------------------------------------------------

    def turnover(self, indicator):
        view, flows = self.view, indicator["flows"]

        def of(sets):
            return set().union(*(sets.get(flow, ()) for flow in flows))

        now, before, earlier = of(view.acting), of(view.acting_before), of(view.earlier)
        for partition in self.partitions:
            for source, account, activities in partition.accounts:
                for activity in indicator["activities"]:
                    first = activities.get(activity, (self.period.first,))[0]
                    owner = self.units.owner(source, account, first) if first < self.period.first else None
                    if owner:
                        earlier.add(owner.unit)
        parts = {"new": now - earlier, "retained": now & before, "reactivated": (now - before) & earlier, "churned": before - now}
        self.rows.add(indicator, "O", self.period, "NB", 0, {}, {"OBS_VALUE": len(parts[indicator["part"]])})

    # -- flows, ratios, concentration -----------------------------------------------------------------------------------

    def flow_slices(self, indicator, day=False):
        """(coordinates, slices of Sums that are added up)."""
        if indicator.get("area") == "observed":
            yield from self.observed_slices(indicator)
            return
        yield {}, ((),)
        slices = indicator.get("slices", ())
        if "district" in slices and not day:
            for district in DISTRICTS:
                yield {"REF_AREA": "%s_D%s" % (self.config.area, district)}, (("district", district),)
            yield {"REF_AREA": self.config.area + "_U"}, (("unmatched",),)
        if "unit_type" in slices and not day:
            for unit_type in self.axes["unit_type"]["codes"]:
                yield {"UNIT_TYPE": unit_type}, (("unit_type", unit_type),)
        if "platform" in slices:
            for code, outlets in self.platforms():
                yield {"PLATFORM": code}, tuple(("outlet", outlet) for outlet in outlets)
        if "instrument" in slices:
            for code in self.axes["instrument"]["codes"]:
                yield {"INSTRUMENT": code}, (("instrument", code),)

    def observed_slices(self, indicator):
        """Cells of units and of nobody together; an ad platform that is not named is one of the rest."""
        yield {}, ((), ("unmatched",))
        if "ad_platform" in indicator["slices"]:
            axis = self.axes["ad_platform"]
            parties = {code: {code} for code in axis["codes"]}
            parties[axis["rest"]] = (self.view.parties | {""}) - set(axis["codes"])
            for code, among in parties.items():
                yield {"PLATFORM": code}, [key for party in among for key in (("party", party), ("unmatched", "party", party))]

    def over_days(self, indicator, row):
        """Calls row(period, sums, at, keys) for the period and, when asked, for each of its days."""
        for at, keys in self.flow_slices(indicator):
            row(self.period, self.view.sums, at, keys)
        if self.daily and indicator.get("daily"):
            for day, sums in self.view.days.items():
                for at, keys in self.flow_slices(indicator, day=True):
                    row(Period(text_of_day(day)), sums, at, keys)

    def flow(self, indicator):
        money = indicator["unit"] == "CURRENCY"
        decimals = self.exponent if money else 0

        def row(period, sums, at, keys):
            value = (sum(sums.of(term, keys) for term in indicator["plus"])
                     - sum(sums.of(term, keys) for term in indicator.get("minus", ())))
            self.rows.add(indicator, "O", period, indicator["unit"], decimals, at,
                          {"OBS_VALUE": decimal_text(value, 10 ** decimals, decimals)})

        self.over_days(indicator, row)

    def ratio(self, indicator):
        terms = [indicator.get(part, ()) for part in ("plus", "minus", "over", "over_minus")]
        cash = any(self.definitions["flows"][term.split(".")[0]].get("records_cash") for part in terms for term in part)
        collected = not cash or any(self.config.records_cash(source) for source in self.config.sources)
        scale = 10 ** self.exponent if indicator["unit"] == "CURRENCY" else 1

        def row(period, sums, at, keys):
            columns = dict(MISSING)
            if collected:
                plus, minus, over, over_minus = (sum(sums.of(term, keys) for term in part) for part in terms)
                above, below = plus - minus, over - over_minus
                columns = {"NUMERATOR": above, "DENOMINATOR": below}
                columns.update({"OBS_VALUE": decimal_text(indicator["factor"] * above, below * scale, 2)} if below else MISSING)
            self.rows.add(indicator, "O", period, indicator["unit"], 2, at, columns)

        self.over_days(indicator, row)

    def hhi(self, indicator):
        slices = indicator.get("slices", ())
        by = indicator["by"]
        codes = self.axes["platform"]["total"] if by == "outlet" else sorted(self.view.parties | {""})
        leaves = [((by, code),) for code in codes]
        self.hhi_row(indicator, {}, leaves)
        if "marketplace_total" in slices:
            self.hhi_row(indicator, {"PLATFORM": "MARKETPLACE"},
                         [((by, code),) for code in self.axes["platform"]["groups"]["MARKETPLACE"]])
        if "district" in slices:
            for district in DISTRICTS:
                self.hhi_row(indicator, {"REF_AREA": "%s_D%s" % (self.config.area, district)},
                             [(("district", district, by, code),) for code in codes])

    def hhi_row(self, indicator, at, leaves):
        values = [self.view.sums.of(indicator["flow"] + ".sum", keys) for keys in leaves]
        total = sum(values)
        columns = MISSING
        if total:
            columns = {"OBS_VALUE": decimal_text(10000 * sum(value * value for value in values), total * total, 2)}
        self.rows.add(indicator, "O", self.period, "IX_10K", 2, at, columns)

    # -- distinct persons, intents, drivers -----------------------------------------------------------------------------

    def distinct(self, indicator):
        if "plus" in indicator:
            self.named_rows(indicator)
            return
        self.distinct_rows(indicator, self.period)
        if self.daily and indicator.get("daily"):
            for day in self.view.days:
                self.distinct_rows(indicator, Period(text_of_day(day)))

    def named_rows(self, indicator):
        """Intents or drivers that events of the flows name; rows without any such event are M."""
        def named(terms, codes):
            sets = []
            for flow in (self.definitions["flows"][term.split(".")[0]] for term in terms):
                axis = "outlet" if flow["family"] == "RIDE" else "instrument"
                allowed = [code for code in codes if code in flow.get(axis, codes) and code not in flow.get(axis + "_not", ())]
                sets += [self.persons(self.period, flow["family"], allowed, outcome) for outcome in flow["outcome"]]
            return None if None in sets else set().union(*sets)

        share = indicator["kind"] == "distinct_share"
        every = self.axes["instrument"]["total"] + ["RIDE_APP"]
        rows = [({}, every)]
        if "instrument" in indicator.get("slices", ()):
            rows += [({"INSTRUMENT": code}, [code]) for code in self.axes["instrument"]["codes"]]
        collected = named(indicator["over" if share else "plus"], every)
        for at, codes in rows:
            columns = MISSING
            if collected:
                count = len(named(indicator["plus"], codes))
                total = len(named(indicator["over"], codes)) if share else count
                columns = self.estimated_share(count, total) if share else self.estimated(count)
            self.rows.add(indicator, "O", self.period, "PT" if share else "NB", 2 if share else 0, at, columns)

    @staticmethod
    def estimated(value, bound=15876):
        return {"OBS_VALUE": value, "OBS_STATUS": "E", "ERR_TYPE": "HLL",
                "BOUND_LO": decimal_text(value * (10 ** 6 - bound), 10 ** 6, 0),
                "BOUND_HI": decimal_text(value * (10 ** 6 + bound), 10 ** 6, 0)}

    @staticmethod
    def estimated_share(part, whole):
        if not whole:
            return {**MISSING, "NUMERATOR": part, "DENOMINATOR": whole}
        low, high = 10 ** 6 - 15876, 10 ** 6 + 15876
        return {"OBS_VALUE": decimal_text(100 * part, whole, 2), "OBS_STATUS": "E", "ERR_TYPE": "HLL", "NUMERATOR": part,
                "DENOMINATOR": whole, "BOUND_LO": decimal_text(100 * part * low, whole * high, 2),
                "BOUND_HI": decimal_text(min(100 * part * high, 100 * whole * low), whole * low, 2)}

    def persons(self, period, family, codes, outcome=None):
        """Sets of persons of the period's cells, or of intents or drivers by outcome; None when a day is no longer kept."""
        if period.freq in "DW":
            oldest = max((partition.record_time_max - DAYS_35_MS for partition in self.partitions
                          if partition.watermark is not None), default=None)
            start = self.config.zone.day_start_ms(period.first)
            if oldest is not None and start < oldest:
                return None
            wanted, kind = range(period.first, period.last + 1), "day_persons"
        else:
            wanted, kind = range(month_of_day(period.first), month_of_day(period.last) + 1), "month_persons"
        found = set()
        for partition in self.partitions:
            for bucket in wanted:
                for cell, persons in getattr(partition, kind).get(bucket, {}).items():
                    if cell[0] == family and cell[1] in codes and cell[2:] == ((outcome,) if outcome else ()):
                        found |= persons
        return found

    def place(self, source, account, month):
        """The version of the account's unit on the last day of the month on which it belongs to one; None: it never does."""
        days = range(month_last_day(month), month_last_day(month - 1), -1)
        return next(filter(None, (self.units.owner(source, account, day) for day in days)), None)

    def district_persons(self, period):
        """district -> set of persons; empty where the state has no persons by account."""
        if not any(partition.account_persons for partition in self.partitions):
            return {}
        found = {district: set() for district in DISTRICTS}
        for version, _, persons in self.placed_persons(period):
            found[version.district] |= persons
        return found

    def placed_persons(self, period):
        """Accounts' months of the period that have a place: (version, (source, account, month), persons)."""
        for partition in self.partitions:
            for month in range(month_of_day(period.first), month_of_day(period.last) + 1):
                for number, persons in partition.account_persons.get(month, {}).items():
                    source, account, _ = partition.accounts[number]
                    version = self.place(source, account, month)
                    if version is not None:
                        yield version, (source, account, month), persons

    def distinct_rows(self, indicator, period):
        orders = {code: self.persons(period, "ORDER", [code]) for code in self.axes["platform"]["total"]}
        payments = {code: self.persons(period, "PAYMENT", [code]) for code in self.axes["instrument"]["total"]}
        rows = [({}, list(orders.values()) + list(payments.values()))]
        if "platform" in indicator["slices"]:
            rows += [({"PLATFORM": code, "INSTRUMENT": "_Z"}, [orders[outlet] for outlet in outlets])
                     for code, outlets in self.platforms()]
        if "instrument" in indicator["slices"]:
            rows += [({"PLATFORM": "_Z", "INSTRUMENT": code}, [payments[code]]) for code in self.axes["instrument"]["codes"]]
        rows = [(at, sets, 15876) for at, sets in rows]
        if "district" in indicator["slices"] and period.freq in "MQA":
            rows += [({"REF_AREA": "%s_D%s" % (self.config.area, district)}, [persons], 31850)
                     for district, persons in self.district_persons(period).items()]
        for at, sets, bound in rows:
            columns = MISSING
            if None not in sets:
                columns = self.estimated(len(set().union(*sets)), bound)
            self.rows.add(indicator, "O", period, "NB", 0, at, columns)
