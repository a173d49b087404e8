#!/usr/bin/env python3
"""Real invoices as events: maps the UCI Online Retail invoices (Chen 2015, CC BY 4.0; read where they are, never copied) to logs.

usage: online_retail.py DATA OUT       DATA: directory with invoices.ndjson.gz; OUT gets orders-0.ndjson, registry-0.ndjson
                                       and adjustments.csv

Settings that go with it: reporting.currency=GBP, reporting.country=GB, reporting.timezone=Europe/London, oldest_date=2010-01-01.
How an invoice is mapped:
  sale          order.created on its day; zero amounts are kept; without a customer there is no buyer_id
  cancellation  (number begins with C, amount negative) order.refunded of the negated amount on its own day
  adjustment    bad debt, no sale: not an event, listed in adjustments.csv
An amount finer than a penny cannot be written in minor units; it is sent as the JSON fraction that it is, so that nhip refuses it
(bad_amount) and the dead letters hold it. Record time = event time. One registry unit, whose id is the seller.
"""
import csv
import gzip
import json
import pathlib
import sys
from decimal import Decimal

SELLER = "UK-RETAILER"


def minor_units(amount):
    """Pence as JSON text: an integer, or a fraction where the amount is finer than a penny."""
    pence = Decimal(amount) * 100
    return str(int(pence)) if pence == pence.to_integral_value() else format(pence.normalize(), "f")


def order_event(invoice):
    refund = invoice["kind"] == "cancellation"
    amount = invoice["amount"]
    if refund:
        if not amount.startswith("-"):
            raise ValueError(f"{invoice['invoice_no']}: a cancellation of {amount}")
        amount = amount[1:]
    event = {
        "type": "order.refunded" if refund else "order.created",
        "schema_version": 1,
        "event_id": invoice["event_id"],
        "source": "UCI",
        "event_time": invoice["occurred_at"],
        "ingest_time": invoice["occurred_at"],
        "order_id": invoice["invoice_no"],
        "seller_id": SELLER,
        "channel": "OWN_WEB",
        "platform": "_Z",
        "pay_mode": "PREPAID",
        "buyer_type": "HOUSEHOLD",
        "currency": invoice["currency"],
        "product_class": "GOODS",
    }
    if invoice["customer_id"] is not None:
        event["buyer_id"] = invoice["customer_id"]
    text = json.dumps(event, separators=(",", ":"))
    return f'{text[:-1]},"amount_minor":{minor_units(amount)}}}'


def unit_record():
    return json.dumps({
        "type": "unit.registered", "schema_version": 1, "event_id": "reg:" + SELLER, "source": "REGISTRY", "merchant_id": SELLER,
        "recorded_at": "2010-06-01T00:00:00Z", "valid_from": "2010-01-01", "status": "ACTIVE", "legal_form": "ENTERPRISE",
        "unit_type": "GENERIC", "vsic": "47910", "vsic_version": "2018", "district": "380",
    }, separators=(",", ":"))


def read_invoices(data):
    with gzip.open(pathlib.Path(data) / "invoices.ndjson.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    counts = {"sale": 0, "cancellation": 0, "adjustment": 0}
    with open(out / "orders-0.ndjson", "w", encoding="utf-8") as orders, \
            open(out / "adjustments.csv", "w", newline="", encoding="utf-8") as file:
        adjustments = csv.writer(file, lineterminator="\n")
        adjustments.writerow(["invoice_no", "occurred_at", "amount"])
        for invoice in read_invoices(sys.argv[1]):
            counts[invoice["kind"]] += 1
            if invoice["kind"] == "adjustment":
                adjustments.writerow([invoice["invoice_no"], invoice["occurred_at"], invoice["amount"]])
            else:
                orders.write(order_event(invoice) + "\n")
    (out / "registry-0.ndjson").write_text(unit_record() + "\n", encoding="utf-8")
    print(", ".join(f"{count} {kind}s" for kind, count in counts.items()))


if __name__ == "__main__":
    main()
