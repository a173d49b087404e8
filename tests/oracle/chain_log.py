#!/usr/bin/env python3
"""chain_log.py DIR [social | cod | market]: sources that come and go, for the chain index (indicators.md §7).

Twelve merchants in two districts; each source has payments and orders of each of them in each of its months, 2021-01 to
2021-12:

    A B C D    all year
    E          payments until 10 September, alone; orders until the end of April, when F G H are incomplete: not alone
    F G H      from 10 April to the end of July, three together; by value most of their orders are F's

`social`: each second order of A B C D H is of channel SOCIAL: of the three that come, one is there alone. `cod`: the same of cash
on delivery. `market`: of the three only F comes, with orders on three marketplaces. The year ends in May.
"""
import json
import os
import sys

from testlog import Log

FIRST = {"F": "04-10", "G": "04-10", "H": "04-10"}
LAST = {"E": "09-10", "F": "07-31", "G": "07-31", "H": "07-31"}
DAYS = (2, 9, 15, 21, 27)
WALLETS = ("MOMO", "ZALOPAY", "VNPAY", "VIETTEL")


def amount(source, unit, month, turn):
    return 100000 + (ord(source) * 7919 + unit * 104729 + month * 1299709 + turn * 15485863) % 90001


def pay(log, source, unit, month, turn, when):
    fields = {"source": source, "merchant_id": "M%02d" % unit, "amount_minor": amount(source, unit, month, turn)}
    name = "%s%d.%d.%d" % (source, unit, month, turn)
    if (unit + turn) % 2:
        fields.update(instrument="EWALLET", wallet=WALLETS[(unit + turn + ord(source)) // 2 % 4])
    log.pay("CAPTURED", when, name, **fields)
    if turn < 2:
        fields.update(instrument="CARD", reason_class=("TECHNICAL", "BUSINESS")[turn])
        fields.pop("wallet", None)
        log.pay("DECLINED", when, name + "x", **fields)


def order(log, source, unit, month, turn, when, variant):
    channel, platform, pay_mode = "OWN_WEB", "OWN_WEB", "PREPAID"
    other = source in "ABCDH" and turn % 2
    if variant == "social" and other:
        channel, platform = "SOCIAL", "FACEBOOK"
    if variant == "cod" and other:
        pay_mode = "COD"
    if variant == "market" and source == "F":
        channel, platform = "MARKETPLACE", ("LAZADA", "SHOPEE", "TIKI")[unit % 3]
    paid = amount(source, unit, month, turn + 50) * (25 if source == "F" else 1)
    log.order("created", when, "o%s%d.%d.%d" % (source, unit, month, turn), source=source, seller_id="M%02d" % unit,
              channel=channel, platform=platform, pay_mode=pay_mode, amount_minor=paid)


def main(directory, variant=""):
    registry, payments, orders = Log(), Log(), Log()
    for unit in range(12):
        registry.unit("M%02d" % unit, "2020-01-01", district="380" if unit % 2 else "393")
    for month in range(1, 6 if variant else 13):
        for day in DAYS:
            for source in "ABCDEFGH":
                here = FIRST.get(source, "") <= "%02d-%02d" % (month, day) <= LAST.get(source, "99")
                if not here or variant == "market" and source in "GH":
                    continue
                for unit in range(12):
                    when = "2021-%02d-%02d 10:%02d" % (month, day, unit)
                    pay(payments, source, unit, month, DAYS.index(day), when)
                    if source != "E" or month < 5:
                        order(orders, source, unit, month, DAYS.index(day), when, variant)
    for topic, records in (("registry", registry), ("payments", payments), ("orders", orders)):
        with open(os.path.join(directory, topic + "-0.ndjson"), "w", encoding="ascii") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)


if __name__ == "__main__":
    main(*sys.argv[1:])
