#!/usr/bin/env python3
"""Messages as other people write them, for tests of mappings: till receipts (one message, many events), rides as
CloudEvents, payments through Debezium; with redeliveries, conflicts, tombstones, drafts, and everything that is refused.

    foreign.py SEED MESSAGES SUFFIX > messages.tsv

Topics shop.SUFFIX, rides.SUFFIX, bank.SUFFIX, two partitions each; the mappings are tests/cases/mapped/. A line is a message:
topic, partition, time (ms), key, value, headers; separated by tabs. Bytes are written in hex, `-` is none; headers are
NAME=HEX, separated by blanks. The same seed gives the same lines.
"""
import json
import random
import sys

START_MS = 1630602000000  # 2021-09-03 00:00 in Asia/Ho_Chi_Minh
HOUR_MS = 3600000
REMEMBERED = 60


def local_text(ms):
    ms += 7 * HOUR_MS
    day, ms = divmod(ms - (START_MS + 7 * HOUR_MS), 24 * HOUR_MS)
    return "2021-09-%02d %02d:%02d:%02d.%03d" % (3 + day, ms // HOUR_MS, ms // 60000 % 60, ms // 1000 % 60, ms % 1000)


def text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Makers:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.serial = 0

    def one_in(self, n):
        return self.random.randrange(n) == 0

    def pick(self, *choices):
        return self.random.choice(choices)

    def event_ms(self, now):
        back = self.random.randrange(60000)
        if self.one_in(40):
            back = -self.random.randrange(600000)  # some are too far ahead
        if self.one_in(40):
            back = self.random.randrange(30 * HOUR_MS)
        return max(START_MS, now - back)

    # -- receipts ------------------------------------------------------------------------------------------------

    def item(self, number, now):
        item = {"n": number, "kind": self.pick("PAY", "LINE", "LINE", "LINE", "SHIP", "BACK")}
        if item["kind"] == "PAY":
            item["pay"] = "P%d" % self.random.randrange(400)
            item["state"] = self.pick(1, 1, "1", 2, 9, 5)
            if item["state"] == 9:
                item["why"] = self.pick("business", "fraud", "Technical")
            item["by"] = self.pick("card", "qr", "cash", "shells")
            if item["by"] == "card":
                item["brand"] = self.pick("visa", "Jcb", "dinersclub", None)
        else:
            item["line"] = "L%d" % self.random.randrange(900)
        item["price"] = self.random.randrange(1, 5000) * 1000
        if self.one_in(3):
            item["at"] = local_text(self.event_ms(now))
        return item

    def spoil_item(self, item):
        spoil = self.random.randrange(8)
        if spoil == 0:
            item["kind"] = self.pick("NOTE", "NOTE", "GIFT", 7, None)
        elif spoil == 1:
            item["price"] = self.pick(-5, 12.25, "x", None, [1], 10 ** 19)
        elif spoil == 2:
            item["at"] = self.pick("2021-09-03", "2021-13-03 00:00:00.000", 5, True)
        elif spoil == 3:
            item["state"] = self.pick(77, "", None)
        elif spoil == 4:
            item["n"] = self.pick("", "x" * 70, None, {"a": 1}, "Đ")
        return item

    def receipt(self, now):
        self.serial += 1
        count = self.pick(1, 2, 3, 5, 8)
        if self.one_in(8):
            count = self.random.randrange(20, 130)
        if self.one_in(40):
            count = self.pick(63, 64, 65, 128, 255, 256, 256, 257)
        items = [self.item(number, now) for number in range(count)]
        items = [self.spoil_item(item) if self.one_in(12) else item for item in items]
        shop = self.random.randrange(30)
        receipt = {"no": "R%d" % self.serial, "at": local_text(self.event_ms(now)), "till": shop % 3,
                   "shop": {"id": "S%d" % shop}, "customer": "khách%d@example.test" % self.random.randrange(300),
                   "cod": self.one_in(2), "company": self.one_in(10), "items": items}
        if self.one_in(20):
            receipt["currency"] = "USD"
        if self.one_in(3):
            receipt["platform"] = self.pick("SHOPEE", "TIKI", "SOMEWHERE")
        if self.one_in(25):
            receipt["draft"] = True
        if self.one_in(30):
            receipt["items"] = self.pick(None, [], {"n": 1}, "none", [5, None, {"kind": "PAY"}])
        data = text(receipt)
        if self.one_in(60):
            data = data.replace(b'"price"', b'"price":1,"price"', 1)  # twice in one element: that event alone is refused
        if self.one_in(60):
            data = data[:-1] + b',"no":"again"}'
        return None, self.spoil_text(data), []

    def spoil_text(self, data):
        if not self.one_in(50):
            return data
        return self.pick(None, b"", b"null", b"[]", data[:-1], data + b"}", data.replace(b'":"', b'":"\xff', 1),
                         b" " * 65000 + data, b"[" * 40 + b"]" * 40)

    # -- rides ---------------------------------------------------------------------------------------------------

    def ride(self, now):
        self.serial += 1
        attributes = {"specversion": self.pick("1.0", "1.0", "1.0", "1.0", "1.0", "1.0", "1.0", "0.3"), "id": "E%d" % self.serial,
                      "source": self.pick("/north", "/south", "/south", "/west"),
                      "type": self.pick("vn.ride.done", "vn.ride.done", "vn.ride.done", "vn.ride.tested", "vn.ride.planned")}
        if not self.one_in(4):
            ms = self.event_ms(now)
            attributes["time"] = local_text(ms).replace(" ", "T") + "+07:00"
        body = {"trip": self.pick("T%d", "T%d", "Chuyến %d") % self.serial,
                "fare": {"amount": self.pick(2500000, "4100000", 150, "x"), "currency": self.pick("VND", "VND", "USD", "vnd")}}
        key = None if self.one_in(30) else b"OP%d" % self.random.randrange(5)
        headers = []
        if self.one_in(2):
            headers.append(("buyer", self.pick(b"BUSINESS", b"HOUSEHOLD", b"nobody", b"")))
        if self.one_in(2):
            return key, self.spoil_text(text({**attributes, "data": body})), headers
        headers += [("ce_" + name, value.encode()) for name, value in attributes.items()]
        if self.one_in(5):
            headers.append(("ce_id", b"E-last-%d" % self.serial))  # of two headers the last counts
        return key, self.spoil_text(text(body)), headers

    # -- the bank's table ----------------------------------------------------------------------------------------

    def row(self, now):
        state = self.pick("new", "ok", "ok", "settled", "no", "back", "void", "odd")
        row = {"id": self.pick(self.random.randrange(700), "B%d" % self.random.randrange(300)), "state": state,
               "merchant": None if self.one_in(9) else "M%d" % self.random.randrange(40),
               "terminal": "T%d" % self.random.randrange(9),
               "changed_at": self.event_ms(now) * 1000 + self.random.randrange(1000),
               "amount": self.pick(15000, "-20000", "7.00", 5e3, "0.5", 100), "currency": self.pick("VND", "VND", "VND", "EUR"),
               "payer": "kh%d" % self.random.randrange(200), "payer_kind": self.pick("household", "Business", "UNKNOWN")}
        if state == "no" and not self.one_in(6):
            row["reason"] = self.pick("funds", "net", "stolen")
        if self.one_in(20):
            row["context"] = self.pick("POS", "BILL", "moon")
        return row

    def change(self, now):
        operation = self.pick("c", "c", "u", "u", "r", "d", "t", "m")
        change = {"op": operation, "before": None, "after": self.row(now), "ts_ms": now, "source": {"table": "payments"}}
        if operation == "d":
            change["before"], change["after"] = change["after"], None
        if self.one_in(40):
            change = self.pick({"op": "x", "after": {}}, {"op": "c", "after": None}, {"after": {}}, {"op": "u", "after": 5})
        data = text({"schema": {"type": "struct"}, "payload": change} if self.one_in(2) else change)
        return b"k", None if self.one_in(15) else self.spoil_text(data), []


def changed(value):
    """The same ids, another amount: a conflict where it is a redelivery."""
    for name in (b'"price":', b'"amount":'):
        if value and name in value:
            return value.replace(name, name + b"1", 1)
    return value


def messages(seed, count, suffix):
    makers = Makers(seed)
    now, recent = START_MS, []
    for _ in range(count):
        now += makers.random.randrange(20000)
        if makers.one_in(400):
            now += HOUR_MS
        family = makers.pick("shop", "shop", "rides", "bank")
        time = now - makers.random.randrange(120000) if makers.one_in(20) else now
        if recent and makers.one_in(9):
            topic, partition, (key, value, headers) = makers.random.choice(recent)
            if makers.one_in(3):
                value = changed(value)
        else:
            topic, partition = "%s.%s" % (family, suffix), makers.random.randrange(2)
            key, value, headers = {"shop": makers.receipt, "rides": makers.ride, "bank": makers.change}[family](now)
        recent.append((topic, partition, (key, value, headers)))
        del recent[:-REMEMBERED]
        yield topic, partition, max(START_MS, time), key, value, headers


def hexed(data):
    return "-" if data is None else data.hex()


def main(arguments):
    for topic, partition, time, key, value, headers in messages(int(arguments[0]), int(arguments[1]), arguments[2]):
        named = " ".join("%s=%s" % (name, data.hex()) for name, data in headers)
        print("\t".join((topic, str(partition), str(time), hexed(key), hexed(value), named)))


if __name__ == "__main__":
    main(sys.argv[1:])
