"""One partition: what its records do to its state (booking.md), in log order.

Facets are tuples of code names ("" = absent), cells are [n, sum, unconverted]. Readings taken where the page leaves room:
* `unconverted` and `open_unknown` count applied events; the cell's `unconverted` moves only where the rule books the amount.
* A late cell is n += 1, sum 0. Late cells, accounts and registry records are never deleted.
* The business buyer's account is numbered when it is booked (created), not by other steps of the order.
* A same_owner payment has context TRANSFER, so no ad platform is its party, whatever context it says.
"""
from array import array

from codelists import NOT_COMMERCE, NOT_ELECTRONIC
import lifecycle
from civil import DAY_MS, HOUR_MS, month_last_day, month_of_day
from event import UNLISTED, payload_of, read_event
from jsontext import Refusal
from window import Window

FUTURE_MS = 300_000
RECORD_STEP_MS = DAY_MS
MINUTE_KEPT_MS = 8 * DAY_MS
HOUR_KEPT_MS = 35 * DAY_MS
COUNTS = ("delivered", "applied", "duplicate", "quarantined", "rejected", "ignored", "conflict", "late", "unresolved",
          "unconverted", "open_unknown")


def listed(value):
    return "OTHER" if value == UNLISTED else value or ""


def cross_border(seller, buyer, home):
    if seller is None or buyer is None:
        return ""
    if (seller == home) == (buyer == home):
        return "DOMESTIC"
    return "EXPORT" if seller == home else "IMPORT"


def coordinates(event, home):
    """(outlet, party, instrument, pay_mode, context, category, cross_border, person_type) of an event's cells."""
    get = event.fields.get
    if event.family == "PAYMENT":
        party = listed(get("wallet")) if get("instrument") == "EWALLET" else ""
        context = "TRANSFER" if get("same_owner") else get("context")
        if context == "AD" and get("ad_platform") is not None:
            party = listed(get("ad_platform"))
        border = cross_border(get("merchant_country"), get("payer_country"), home)
        return "", party, get("instrument"), "", context, "", border, get("payer_type")
    if event.family == "ORDER":
        outlet = get("channel")
        if outlet == "MARKETPLACE":
            outlet = "OTHER" if get("platform") == "_Z" else listed(get("platform"))
        border = cross_border(get("seller_country"), get("buyer_country"), home)
        return outlet, "", "", get("pay_mode"), "", listed(get("product_class")), border, get("buyer_type")
    if event.family == "RIDE":
        return "RIDE_APP", "", "", "", "", "", "", get("buyer_type") or "HOUSEHOLD"
    return ("",) * 8


def amount_bucket(amount):
    if amount == 0:
        return 0
    log2 = amount.bit_length() - 1
    return 16 * log2 + ((amount << 4 >> log2) & 15) + 1


def add(cells, key, amount, unconverted):
    cell = cells.get(key)
    if cell is None:
        cells[key] = [1, amount, unconverted]
    else:
        cell[0] += 1
        cell[1] += amount
        cell[2] += unconverted


def delay_lane(seconds):
    """0 below a second, else 4 * floor(log2) + the next two bits + 1."""
    if seconds < 1:
        return 0
    exponent = seconds.bit_length() - 1
    return 4 * exponent + (seconds * 4 >> exponent) % 4 + 1


class Partition:
    def __init__(self, config, topic, partition):
        self.config = config
        self.topic = topic
        self.partition = partition
        self.counts = dict.fromkeys(COUNTS, 0)
        self.reasons = {}
        self.next = 0
        self.tail_offset = -1
        self.record_time = 0       # of the line before
        self.record_time_max = None
        self.watermark = None
        self.floor = None
        self.swept_day = None
        self.window = Window(config)
        self.offsets = array("q")  # of every ordinal
        self.fetch = None          # ordinal -> bytes of the record, for conflicts
        self.account_numbers = {}
        self.accounts = []         # [source, id, {activity: [first, last]}]
        self.units = []            # (offset, bytes, UnitRecord)
        self.ledger = {}           # day -> {(account number, facet): cell}
        self.minutes = {}          # minute -> {facet: cell}
        self.hours = {}
        self.histogram = {}        # month -> {(facet, bucket): cell}
        self.late = {}             # arrival day -> n
        self.delays = {}           # month -> (first account of the source, lane) -> n
        self.first_accounts = {}   # source -> number of its first account
        self.day_persons = {}      # day -> {(family, code): set of persons, (family, code, outcome): of intents or drivers}
        self.month_persons = {}
        self.account_persons = {}  # month -> {account number: set of persons}; with sketches.accounts
        self.facets = {}           # one object for equal facets

    # -- judgement ---------------------------------------------------------------------------------------------------

    def deliver(self, data, offset, following, tombstone, guess_time):
        """One record. `guess_time(data)` finds the record time of a record that is not a valid event, or None."""
        event = reason = None
        if not tombstone:
            try:
                event = read_event(data, self.config)
            except Refusal as refusal:
                reason = refusal.reason
        if event:
            self.record_time = event.record_time
        else:
            guess = None if tombstone else guess_time(data)
            self.record_time = self.record_time if guess is None else guess
        self.take(event, reason, data, offset, following)

    def take(self, event, reason, data, offset, following):
        """One event, or what is none; `record_time` is its record's. Events of one message have one offset."""
        self.step(self.record_time)
        ordinal = self.window.advance(self.record_time_max)
        self.offsets.append(offset)
        self.next, self.tail_offset = following, offset
        self.counts["delivered"] += 1
        if event and not event.fields.get("test"):
            if self.config.withdrawn(self.topic, self.partition, offset, event.fields["source"]):
                self.refuse("quarantined", "withdrawn")
            else:
                self.judge(event, ordinal, data, offset)
        elif reason:
            self.refuse("rejected", reason)
        else:
            self.counts["ignored"] += 1

    def step(self, record_time):
        previous = self.record_time_max
        if previous is None:
            self.record_time_max = record_time
        elif record_time > previous:
            self.record_time_max = min(record_time, previous + RECORD_STEP_MS)
        if self.record_time_max != previous:
            today = self.config.zone.day(self.record_time_max)
            floor = max(self.config.oldest_day, today - self.config.retention_days + 1)
            self.floor = floor if self.floor is None else max(self.floor, floor)
            if today != self.swept_day:
                self.swept_day = today
                self.sweep()

    def sweep(self):
        """Drops the buckets that have fallen behind; judging them again only when the day changes is enough until the end."""
        now = self.record_time_max
        for buckets, behind in (
                (self.minutes, lambda minute: minute * 60_000 < now - MINUTE_KEPT_MS),
                (self.hours, lambda hour: hour * HOUR_MS < now - HOUR_KEPT_MS),
                (self.day_persons, lambda day: self.config.zone.day_start_ms(day) < now - HOUR_KEPT_MS),
                (self.ledger, lambda day: day < self.floor),
                (self.histogram, lambda month: month_last_day(month) < self.floor),
                (self.month_persons, lambda month: month_last_day(month) < self.floor),
                (self.account_persons, lambda month: month_last_day(month) < self.floor),
                (self.delays, lambda month: month_last_day(month) < self.floor)):
            for bucket in [bucket for bucket in buckets if behind(bucket)]:
                del buckets[bucket]

    def refuse(self, verdict, reason):
        self.counts[verdict] += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def judge(self, event, ordinal, data, offset):
        """Steps 4 to 8."""
        fields = event.fields
        source = fields["source"]
        event_key = source + "\x1f" + fields["event_id"]
        day = self.config.zone.day(event.time)
        entity_key = what = None
        if event.family == "PAYMENT":
            entity_key, what = "P" + source + "\x1f" + fields["payment_id"], fields["status"]
        elif event.family == "ORDER":
            entity_key, what = "O" + source + "\x1f" + fields["order_id"], event.kind
        before = self.window.event(event_key)
        if before is not None:
            self.counts["duplicate"] += 1
            if payload_of(event) != payload_of(read_event(self.fetch(before), self.config)):
                self.counts["conflict"] += 1
        elif event.family == "UNIT":
            event.unit.place = (self.topic, self.partition, offset)
            self.units.append((offset, bytes(data), event.unit))
            self.count_applied(event)
        else:
            reason = self.book(event, day, self.window.facts(entity_key) if entity_key else ())
            if reason:
                self.refuse("quarantined", reason)
        self.window.leave(ordinal, event_key, entity_key, what, day)

    def book(self, event, day, facts):
        """Steps 5 to 7; the reason of a quarantine or None."""
        zone = self.config.zone
        if event.time > event.record_time + FUTURE_MS:
            return "future"
        if day < self.floor:
            return "too_old"
        if event.family == "PAYMENT":
            reason, bookings, outcome = lifecycle.payment(event, day, facts, self.config.success_at(event.fields["source"]))
        elif event.family == "ORDER":
            reason, bookings, outcome = lifecycle.order(event, day, facts, zone)
        elif event.family == "RIDE":
            reason, bookings, outcome = lifecycle.one(day, "OK")
        else:
            reason, bookings, outcome = lifecycle.website(event, zone, FUTURE_MS)
        if reason:
            return reason
        if any(booked < self.floor for booked, *_ in bookings):
            return "too_old"
        self.count_applied(event)
        self.apply(event, bookings, outcome)
        return None

    def count_applied(self, event):
        self.counts["applied"] += 1
        self.counts["open_unknown"] += event.open_unknown
        if event.unit is None:
            self.counts["unconverted"] += event.unconverted

    # -- booking -----------------------------------------------------------------------------------------------------

    def account(self, source, name):
        key = source + "\x1f" + name
        number = self.account_numbers.get(key)
        if number is None:
            number = self.account_numbers[key] = len(self.accounts)
            self.first_accounts.setdefault(source, number)
            self.accounts.append([source, name, {}])
        return number

    def seller_side(self, event):
        get = event.fields.get
        if event.family == "PAYMENT":
            return get("merchant_id") or get("terminal_id")
        return get({"ORDER": "seller_id", "RIDE": "operator", "WEBSITE": "merchant_id"}[event.family])

    def delay(self, event):
        month = month_of_day(self.config.zone.day(event.time))
        if month_last_day(month) < self.floor:
            return
        lane = delay_lane((event.record_time - event.time) // 1000)
        cells = self.delays.setdefault(month, {})
        key = self.first_accounts[event.fields["source"]], lane
        cells[key] = cells.get(key, 0) + 1

    def apply(self, event, bookings, outcome):
        fields = event.fields
        if self.watermark is not None and event.time < self.watermark:
            self.counts["late"] += 1
            arrival = self.config.zone.day(event.record_time)
            self.late[arrival] = self.late.get(arrival, 0) + 1
        mark = min(event.time, min(event.record_time, self.record_time_max) + FUTURE_MS) - self.config.watermark_bound_ms
        self.watermark = mark if self.watermark is None else max(self.watermark, mark)
        if outcome == "UNRESOLVED":
            self.counts["unresolved"] += 1
        axes = coordinates(event, self.config.country)
        reason_class = fields["reason_class"] if outcome == "DECLINED" else ""
        seller = self.account(fields["source"], self.seller_side(event))
        self.delay(event)
        for day, role, booked, with_amount in bookings:
            account = seller if role == "SELLER" else self.account(fields["source"], fields["buyer_id"])
            facet = (event.family, role) + axes + (booked, reason_class)
            facet = self.facets.setdefault(facet, facet)
            cells = self.ledger.setdefault(day, {})
            add(cells, (account, facet), event.amount if with_amount else 0, event.unconverted and with_amount)
            self.book_activity(event, axes, account, day, role, booked)
            self.book_group(event, axes, account, day, booked)
            if role == "SELLER" and booked in ("OK", "CREATED"):
                self.book_month(event, axes, account, day)
        self.book_pulse(event, axes, outcome or "PROGRESS", reason_class)

    def book_pulse(self, event, axes, outcome, reason_class):
        outlet, _, instrument, _, context, _, _, _ = axes
        facet = (event.family, outlet, instrument, context, outcome, reason_class)
        facet = self.facets.setdefault(facet, facet)
        amount = 0 if outcome == "PROGRESS" else event.amount
        unconverted = event.unconverted and outcome != "PROGRESS"
        minute, hour = event.time // 60_000, event.time // HOUR_MS
        if minute * 60_000 >= self.record_time_max - MINUTE_KEPT_MS:
            add(self.minutes.setdefault(minute, {}), facet, amount, unconverted)
        if hour * HOUR_MS >= self.record_time_max - HOUR_KEPT_MS:
            add(self.hours.setdefault(hour, {}), facet, amount, unconverted)

    def book_activity(self, event, axes, account, day, role, booked):
        outlet, instrument, context = axes[0], axes[2], axes[4]
        activity = None
        if event.family == "PAYMENT" and booked == "OK" and instrument != "CASH" and context not in NOT_COMMERCE:
            activity = "PAID"
        elif event.family == "ORDER" and booked == "CREATED" and outlet not in NOT_ELECTRONIC:
            activity = "SOLD" if role == "SELLER" else "BOUGHT"
        elif event.family == "WEBSITE":
            activity = "CHANGED"
        if activity:
            self.widen(account, activity, day)

    def widen(self, account, activity, day):
        days = self.accounts[account][2].setdefault(activity, [day, day])
        days[0] = min(days[0], day)
        days[1] = max(days[1], day)

    def book_group(self, event, axes, account, day, booked):
        """Sketches of intents of attempts to pay and of drivers, and the activity NAMED."""
        fields, outlet, instrument, context = event.fields, axes[0], axes[2], axes[4]
        if event.family == "PAYMENT" and booked in ("OK", "DECLINED") and instrument != "CASH" and context not in NOT_COMMERCE:
            owner, name, code = fields["source"], fields.get("payment_intent_id"), instrument
        elif event.family == "RIDE":
            owner, name, code = fields["operator"], fields.get("driver_id"), outlet
        else:
            return
        if name is not None:
            self.see(day, (event.family, code, booked), owner + "\x1f" + name)
            self.widen(account, "NAMED", day)

    def see(self, day, cell, who):
        self.month_persons.setdefault(month_of_day(day), {}).setdefault(cell, set()).add(who)
        if self.config.zone.day_start_ms(day) >= self.record_time_max - HOUR_KEPT_MS:
            self.day_persons.setdefault(day, {}).setdefault(cell, set()).add(who)

    def book_month(self, event, axes, account, day):
        """Histogram and sketches: payments booked OK, orders booked CREATED as seller."""
        outlet, instrument, context, person_type = axes[0], axes[2], axes[4], axes[7]
        if event.family not in ("PAYMENT", "ORDER"):
            return
        month = month_of_day(day)
        if not event.unconverted:
            key = ((event.family, outlet, instrument), amount_bucket(event.amount))
            add(self.histogram.setdefault(month, {}), key, event.amount, 0)
        if event.family == "PAYMENT":
            counted, cell = instrument != "CASH" and context not in NOT_COMMERCE, ("PAYMENT", instrument)
        else:
            counted, cell = outlet not in NOT_ELECTRONIC, ("ORDER", outlet)
        person = event.fields.get("payer_id" if event.family == "PAYMENT" else "buyer_id")
        if not counted or person is None or person_type != "HOUSEHOLD":
            return
        self.see(day, cell, person)
        if self.config.account_sketches:
            self.account_persons.setdefault(month, {}).setdefault(account, set()).add(person)

    # -- the end -----------------------------------------------------------------------------------------------------

    def finish(self):
        """The state as a commit behind the last record leaves it; what only serves judging is dropped."""
        if self.record_time_max is not None:
            self.sweep()
        start = self.window.start_of_next()
        self.window_start = None
        if start is not None:
            element = 0
            while element < start and self.offsets[start - element - 1] == self.offsets[start]:
                element += 1
            before = self.window.maxima[start - 1] if start else None
            self.window_start = (self.offsets[start], element, start, before)
        self.config = self.window = self.fetch = self.facets = None
        self.offsets = None
        return self
