"""What one event books, by the tables of booking.md §4 and §5. Pure functions of the event, its own day and the facts before it.

A booking is (day, role, outcome, with_amount); a verdict is ("future" | "impossible_state" | None, bookings, outcome
in pulse or None).
"""

FIRST_OUTCOMES = {"FIRST": ("CAPTURED", "SETTLED"), "CAPTURED": ("CAPTURED",), "SETTLED": ("SETTLED",)}
VALUE_BACK = {"REFUNDED": "REFUNDED", "PART_REFUNDED": "REFUNDED", "REVERSED": "REFUNDED", "CHARGED_BACK": "CHARGED_BACK",
              "CHARGEBACK_WON": "CHARGEBACK_WON"}
IMPOSSIBLE = ("impossible_state", [], None)
NOTHING = (None, [], None)


def one(day, outcome):
    return None, [(day, "SELLER", outcome, True)], outcome


def payment(event, day, facts, success_at):
    status = event.fields["status"]
    if status in VALUE_BACK:
        return one(day, VALUE_BACK[status])
    earlier = {what for what, _ in facts}
    follow_up = success_at == "FIRST" and event.fields.get("captured_at") is not None
    if status in ("CAPTURED", "SETTLED"):
        if "DECLINED" in earlier:
            return IMPOSSIBLE
        success = FIRST_OUTCOMES[success_at]
        if status not in success or earlier.intersection(success):
            return NOTHING
        return one(day, "UNRESOLVED" if follow_up else "OK")
    if status == "DECLINED":
        if "CAPTURED" in earlier or "SETTLED" in earlier:
            return IMPOSSIBLE
        if "DECLINED" in earlier:
            return NOTHING
        return one(day, "UNRESOLVED" if follow_up else "DECLINED")
    return NOTHING


def known_day(event, carried, stage, facts, zone):
    moment = event.fields.get(carried)
    if moment is not None:
        return zone.day(moment)
    for what, day in reversed(facts):
        if what == stage:
            return day
    return None


def created(event, day, facts):
    if any(what == "order.created" for what, _ in facts):
        return IMPOSSIBLE
    bookings = [(day, "SELLER", "CREATED", True)]
    if event.fields["buyer_type"] == "BUSINESS" and event.fields.get("buyer_id") is not None:
        bookings.append((day, "BUYER", "CREATED", True))
    return None, bookings, "CREATED"


# kind -> (date that the event carries, stage looked up, outcome)
BOOKED_BACK = {
    "order.cancelled": ("order_created_at", "order.created", "CANCELLED"),
    "order.failed_delivery": ("shipped_at", "order.shipped", "FAILED"),
    "order.returned": ("delivered_at", "order.delivered", "RETURNED"),
}
OWN_DAY = {"order.shipped": "SHIPPED", "order.refunded": "REFUNDED"}


def order(event, day, facts, zone):
    kind = event.kind
    if kind == "order.created":
        return created(event, day, facts)
    if kind == "order.delivered":
        known = known_day(event, "order_created_at", "order.created", facts, zone)
        return IMPOSSIBLE if known is not None and known > day else one(day, "DELIVERED")
    if kind in OWN_DAY:
        return one(day, OWN_DAY[kind])
    if kind not in BOOKED_BACK:
        return NOTHING
    carried, stage, outcome = BOOKED_BACK[kind]
    known = known_day(event, carried, stage, facts, zone)
    if known is not None and known > day:
        return IMPOSSIBLE
    if known is None:
        booking, outcome = (day, "SELLER", "UNRESOLVED", True), "UNRESOLVED"
    else:
        booking = (known, "SELLER", outcome, outcome != "RETURNED")
    bookings = [booking]
    if kind == "order.returned":
        bookings.append((day, "SELLER", "RETURN_VALUE", True))
    return None, bookings, outcome


def website(event, zone, future_ms):
    changed = event.fields["content_changed_at"]
    if changed > event.time + future_ms:
        return "future", [], None
    return one(zone.day(changed), "OBSERVED")
