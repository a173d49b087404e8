"""When figures are final (vintages.md §3): OBS_STATUS P until then, A from then on."""
from civil import day_of_text

DAYS = {"F7": 7, "F45": 45, "F120": 120}
REGISTRY_DAYS = 7


class Finality:
    def __init__(self, definitions, zone, records, as_of):
        self.classes = {indicator["code"]: self.class_of(indicator) for indicator in definitions["indicators"]}
        self.zone = zone
        self.recorded = sorted(record.recorded_at for record in records if record.recorded_at <= as_of)
        self.as_of = as_of

    @staticmethod
    def class_of(indicator):
        return indicator.get("finality", "REG" if indicator["kind"] in ("units", "structure") else "F7")

    def instant(self, name, last_day):
        """The first instant at which figures of this class are final; None: not known yet."""
        if name != "REG":
            return self.zone.day_start_ms(last_day + 1 + DAYS[name])
        end = self.zone.day_start_ms(last_day + 1)
        cut = next((recorded for recorded in self.recorded if recorded >= end), None)
        return None if cut is None else self.zone.day_start_ms(self.zone.day(cut) + 1 + REGISTRY_DAYS)

    def is_final(self, code, evidence, last_day):
        names = {"R": ["REG"], "O": [self.classes[code]], "C": [self.classes[code], "REG"]}[evidence]
        instants = [self.instant(name, last_day) for name in names]
        return all(instant is not None and instant <= self.as_of for instant in instants)

    def apply(self, rows, columns):
        at = {name: columns.index(name) for name in ("INDICATOR", "EVIDENCE", "PERIOD_END", "OBS_STATUS")}
        known = {}
        for row in rows:
            key = (row[at["INDICATOR"]], row[at["EVIDENCE"]], row[at["PERIOD_END"]])
            if key not in known:
                known[key] = self.is_final(key[0], key[1], day_of_text(key[2]))
            if row[at["OBS_STATUS"]] == "P" and known[key]:
                row[at["OBS_STATUS"]] = "A"
