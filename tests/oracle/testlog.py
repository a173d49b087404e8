"""Short ways to write events for the oracle's tests. Times are local (UTC+07:00): at("2021-09-03 10:00")."""
from civil import day_of_text, ms_of_rfc3339
from logfile import run_records
from settings import Config

SOURCES = {"CAP": {"success_at": "CAPTURED"}, "SET": {"success_at": "SETTLED"}, "PSP": {"success_at": "FIRST",
        "records_cash": True}}


def at(text):
    return ms_of_rfc3339(text.replace(" ", "T") + ":00+07:00")


def day(text):
    return day_of_text(text)


class Log(list):
    """A log under construction: event ids are given out, record time = event time unless `ingest` says otherwise."""

    def event(self, kind, when, ingest=None, **fields):
        moment = at(when)
        message = {"type": kind, "schema_version": 1, "event_id": "e%d" % len(self), "source": "S", "event_time": moment,
                   "ingest_time": moment if ingest is None else at(ingest)}
        message.update(fields)
        self.append(message)
        return self

    def pay(self, status, when, payment="P1", **fields):
        message = {"payment_id": payment, "merchant_id": "M1", "payer_id": "b1", "payer_type": "HOUSEHOLD", "context": "POS",
                   "instrument": "CARD", "scheme": "VISA", "status": status, "amount_minor": 100, "currency": "VND"}
        if status == "DECLINED":
            message["reason_class"] = "TECHNICAL"
        if fields.get("instrument") == "EWALLET":
            message["wallet"] = "MOMO"
        message.update(fields)
        return self.event("payment.status", when, **message)

    def order(self, step, when, order="O1", **fields):
        message = {"order_id": order, "seller_id": "M1", "channel": "MARKETPLACE", "platform": "SHOPEE", "pay_mode": "COD",
                   "buyer_type": "HOUSEHOLD", "buyer_id": "b1", "amount_minor": 100, "currency": "VND"}
        message.update(fields)
        return self.event("order." + step, when, **message)

    def unit(self, name, valid_from, recorded="2020-01-01 00:00", **fields):
        message = {"type": "unit.registered", "schema_version": 1, "event_id": "r%d" % len(self), "source": "REGISTRY",
                   "merchant_id": name, "recorded_at": at(recorded), "valid_from": valid_from, "status": "ACTIVE",
                   "legal_form": "ENTERPRISE", "unit_type": "GENERIC", "vsic": "47711", "vsic_version": "2018", "district": "380"}
        message.update(fields)
        self.append(message)
        return self

    def run(self, limit=None, topic="t", partition=0, **settings):
        settings = {key.replace("__", "."): str(value) for key, value in settings.items()}
        return run_records(self, Config(settings, SOURCES), topic, partition, limit=limit)


def cells(state):
    """{(local day, account id, role, outcome): (n, sum, unconverted)} of a state's ledger."""
    return {(booked, state.accounts[number][1], facet[1], facet[10]): tuple(map(int, cell))
            for booked, found in state.ledger.items() for (number, facet), cell in found.items()}


def outcomes(state):
    """[(day of the month or None when elsewhere, outcome, n, sum)], sorted: what the log booked."""
    return sorted((booked, outcome, n, total) for (booked, _, _, outcome), (n, total, _) in cells(state).items())


def pulse(state):
    """{outcome: (n, sum)} over all hours."""
    found = {}
    for hour in state.hours.values():
        for facet, (n, total, _) in hour.items():
            before = found.get(facet[4], (0, 0))
            found[facet[4]] = before[0] + n, before[1] + total
    return found
