"""The code lists, read from schemas/codes/*.csv (the contract's own pages; nothing generated, nothing of the engine).

A list's `number` is the code's number in a stored facet (store-layout.md §3), its `axis` or `policy` what the contract says
about it. Everything else that the oracle knows about codes stands in the modules that use them.
"""
import csv
import os

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas")


def rows(name):
    with open(os.path.join(SCHEMAS, "codes", name + ".csv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def codes(name, **where):
    """Codes of one list in its order, restricted to rows whose columns have the given values."""
    return [row["code"] for row in rows(name) if all(row[key] == value for key, value in where.items())]


def numbered(name):
    """number -> code, for lists whose numbers are part of the stored layout."""
    return {int(row["number"]): row["code"] for row in rows(name)}


FAMILY_OF_KIND = {row["code"]: row["family"] for row in rows("event_kinds")}
PAY_STATUSES = frozenset(codes("pay_statuses"))
REASON_CLASSES = frozenset(codes("reason_classes"))
INSTRUMENTS = frozenset(codes("instruments"))
CONTEXTS = frozenset(codes("contexts"))
CHANNELS = frozenset(codes("channels"))
PAY_MODES = frozenset(codes("pay_modes"))
PERSON_TYPES = frozenset(codes("person_types"))
CATEGORIES = frozenset(codes("categories"))
SCHEMES = frozenset(codes("schemes"))
PLATFORMS = frozenset(codes("outlets", axis="platform"))
WALLETS = frozenset(codes("parties", axis="wallet"))
AD_PLATFORMS = frozenset(codes("parties", axis="ad_platform"))
CURRENCY_EXPONENTS = {row["code"]: int(row["exponent"]) for row in rows("currencies")}
DISTRICTS = codes("districts")
UNIT_STATUSES = frozenset(codes("unit_statuses"))
LEGAL_FORMS = frozenset(codes("legal_forms"))
UNIT_TYPES = frozenset(codes("unit_types"))
MGMT_SOFTWARE = frozenset(codes("mgmt_software"))
ACTIVITIES = codes("activities")
REASONS = codes("reasons")

# Contexts that are not commerce: out of sketches, activities and every payment indicator (booking.md §3).
NOT_COMMERCE = frozenset(("TRANSFER", "TOPUP", "CASHOUT"))
# Outlets whose orders are typed, not electronic (booking.md §3).
NOT_ELECTRONIC = frozenset(("EMAIL", "PHONE"))
