"""The second implementation of mappings against the page: hash, amounts, times, pointers, envelopes, the order of
refusals, and the samples of the shipped mappings."""
import glob
import json
import os
import unittest

from codelists import SCHEMAS
from jsontext import Refusal
from mappedvalue import amount_of_text, compile_time
from mapping import Mapping, Refused, lines_of
from xxh3 import xxh3_128

RIDE = {"type": "ride.completed", "source": "S", "event_id": "e", "event_time": 5, "trip_id": "t", "operator": "o",
        "fare_minor": 1,
        "currency": "VND"}
PAYMENT = {"type": "payment.status", "source": "S", "event_id": "e", "event_time": 5, "payment_id": "p", "merchant_id": "m",
           "status": "CAPTURED", "amount_minor": 1, "currency": "VND", "instrument": "CASH", "context": "POS", "payer_id": "u",
           "payer_type": "UNKNOWN"}


def results(data, event=None, record=None, **keys):
    mapping = Mapping({"name": "t", "topics": ["t"], "event": {**RIDE, **(event or {})}, **keys})
    found = []
    for result in mapping.results(data if isinstance(data, bytes) else data.encode(), record):
        if isinstance(result, Refused):
            found.append((result.reason, result.field, result.byte))
        else:
            found.append(result and json.loads(result))
    return found


def one(data, field, rule, **keys):
    """The value of one field of the only event, or (reason, field, byte), or "ignored"."""
    result, = results(data, {field: rule}, **keys)
    if result is None:
        return "ignored"
    return result.get(field) if isinstance(result, dict) else result


class Hash(unittest.TestCase):
    def test_known_hashes(self):
        for data, expected in [(b"", "99aa06d3014798d86001c324468d497f"), (b"a", "a96faf705af16834e6c632b61e964e1f"),
                               (b"0909", "d3389a191c0bce3f5e0f2edb7e840012"), (b"nguyen@ex", "3fbbb5dd2aa334b7ec32b56cc0335c55"),
                               (bytes(range(100)), "da95ef16fd9566f329b20ba5f03ec01e"),
                               (bytes(range(200)), "cb0395310643ba0edd97e9af3609d9f5"),
                               (bytes(range(256)) * 5, "d92ab3a1cb0542a74844b009e164352e")]:
            self.assertEqual(xxh3_128(data), expected)


class Amounts(unittest.TestCase):
    def amount(self, text, number=True, exponent=0, **rule):
        try:
            return amount_of_text(text, number, rule, exponent)
        except Refusal as refusal:
            return refusal.reason

    def test_numbers_are_exact_from_their_text(self):
        for text, expected in [("0", 0), ("12.00", 12), ("12.50", "bad_amount"), ("1.5e3", 1500), ("1e400", "bad_amount"),
                               ("0e999999999999", 0),
                               ("100e-2", 1), ("1e-2", "bad_amount"), ("9223372036854775807", 2 ** 63 - 1),
                               ("9223372036854775808", "bad_amount"), ("1" + "0" * 40 + "e-40", 1), ("-1", "bad_amount"),
                               ("-0", "bad_amount"), ("0." + "0" * 60, 0), ("5e18", 5 * 10 ** 18), ("1e19", "bad_amount")]:
            self.assertEqual(self.amount(text), expected, text)

    def test_texts_have_no_exponent_sign_or_grouping(self):
        for text, expected in [("007", 7), ("12.0", 12)]:
            self.assertEqual(self.amount(text, number=False), expected, text)
        for text in ("1e3", "+5", "1,000", "", ".5", "5.", " 5", "٣"):
            self.assertEqual(self.amount(text, number=False), "bad_amount", text)

    def test_powers_of_ten(self):
        self.assertEqual(self.amount("210000000", scale=2), 2100000)
        self.assertEqual(self.amount("2100050", scale=2), "bad_amount")
        self.assertEqual(self.amount("185", multiply=3), 185000)
        self.assertEqual(self.amount("12.345", exponent=2), "bad_amount")
        self.assertEqual(self.amount("12.34", exponent=2), 1234)
        self.assertEqual(self.amount("-12.34", exponent=2, absolute=True), 1234)

    def test_major_units_need_the_currency(self):
        rule = {"from": "/a", "unit": "major"}
        self.assertEqual(results('{"a":1.5,"c":"KWD"}', {"fare_minor": rule, "currency": {"from": "/c"}})[0]["fare_minor"], 1500)
        self.assertEqual(results('{"a":1.5}', {"fare_minor": rule, "currency": {"from": "/c"}}), [("missing_field", "currency",
                                                                                                   9)])
        self.assertEqual(results('{"a":1.5,"c":"X"}', {"fare_minor": rule, "currency": {"from": "/c"}}), [("unknown_code",
                                                                                                           "currency", 13)])
        self.assertEqual(results('{"c":"VND"}', {"fare_minor": rule, "currency": {"from": "/c"}}), [("missing_field",
                                                                                                     "fare_minor", 11)])


class Times(unittest.TestCase):
    def time(self, text, form, zone=None):
        try:
            return compile_time(form, zone)(text)
        except Refusal as refusal:
            return refusal.reason

    def test_epochs(self):
        self.assertEqual(self.time("1630666800", "epoch_s"), 1630666800000)
        self.assertEqual(self.time("1630666800.1239", "epoch_s"), 1630666800123)
        self.assertEqual(self.time("1630666800123999", "epoch_us"), 1630666800123)
        for text in ("-1", "1e3", "", "5.5", "+5", "7258118400000", "9" * 99):
            self.assertEqual(self.time(text, "epoch_ms"), "bad_time", text)
        self.assertEqual(self.time("7258118399999", "epoch_ms"), 7258118399999)
        self.assertEqual(self.time("0001630666800000", "epoch_ms"), 1630666800000)

    def test_local_epochs(self):
        self.assertEqual(self.time("1630692000000", "epoch_ms", "Asia/Ho_Chi_Minh"), 1630666800000)
        self.assertEqual(self.time("0", "epoch_ms", "Asia/Ho_Chi_Minh"), "bad_time")

    def test_forms_match_the_whole_text(self):
        form = "yyyyMMddHHmmss"
        self.assertEqual(self.time("20210903180000", form, "Asia/Ho_Chi_Minh"), 1630666800000)
        for text in ("2021090318000", "202109031800000", "20210229000000", "20211301000000", "20210903240000", "20210903186000",
                     " 0210903180000"):
            self.assertEqual(self.time(text, form, "UTC"), "bad_time", text)
        self.assertEqual(self.time("03.09.2021", "dd.MM.yyyy", "UTC"), 1630627200000)
        self.assertEqual(self.time("03x09x2021", "dd.MM.yyyy", "UTC"), "bad_time")
        self.assertEqual(self.time("2021-09-03T11:00:00.250", "yyyy-MM-ddTHH:mm:ss.SSS", "UTC"), 1630666800250)

    def test_clocks_that_jump(self):
        form, zone = "yyyy-MM-dd HH:mm", "Europe/Berlin"
        self.assertEqual(self.time("2021-03-28 02:30", form, zone), 1616895000000)   # skipped: the offset before, 01:30 UTC
        self.assertEqual(self.time("2021-10-31 02:30", form, zone), 1635640200000)   # twice: the first, 00:30 UTC

    def test_the_records_time_is_epoch_ms_whatever_the_rule_says(self):
        rule = {"from": ["record:time", "/t"], "time": "yyyyMMdd", "zone": "UTC"}
        self.assertEqual(results('{"t":"20210903"}', {"ingest_time": rule}, {"time": 77})[0]["ingest_time"], 77)
        self.assertEqual(results('{"t":"20210903"}', {"ingest_time": rule})[0]["ingest_time"], 1630627200000)

    def test_ingest_time_by_itself(self):
        self.assertEqual(results("{}", {}, {"time": 77})[0]["ingest_time"], 77)
        self.assertEqual(results("{}")[0]["ingest_time"], 5)


class Pointers(unittest.TestCase):
    def test_where_they_lead(self):
        data = '{"a":{"b/c":"1","~":"2","":"3"},"l":["x",{"k":"y"},"z"],"n":null}'
        for path, expected in [("/a/b~1c", "1"), ("/a/~0", "2"), ("/a/", "3"), ("/l/0", "x"), ("/l/-1", "z"), ("/l/1/k", "y"),
                               ("/l/2", "z")]:
            self.assertEqual(one(data, "trip_id", {"from": path}), expected, path)
        for path in ("/n", "/x", "/l/3", "/l/01", "/l/x", "/l/0/x", "/n/x"):
            self.assertEqual(one(data, "trip_id", {"from": path})[0], "missing_field", path)
        for path in ("", "/a", "/l"):
            self.assertEqual(one(data, "trip_id", {"from": path})[0], "wrong_type", path)

    def test_first_present_default_nonempty(self):
        data = '{"a":"","b":"x","n":null}'
        self.assertEqual(one(data, "trip_id", {"from": ["/n", "/b"]}), "x")
        self.assertEqual(one(data, "trip_id", {"from": ["/a", "/b"]}), ("bad_id", "trip_id", 5))
        self.assertEqual(one(data, "trip_id", {"from": ["/a", "/b"], "nonempty": True}), "x")
        self.assertEqual(one(data, "trip_id", {"concat": ["p", {"from": "/a"}], "nonempty": True, "default": "d"}), "d")
        self.assertEqual(one(data, "trip_id", {"concat": ["p", {"from": "/a"}]}), "p")

    def test_doubles_matter_on_the_way_of_pointers_only(self):
        self.assertEqual(one('{"x":1,"x":2,"a":"t"}', "trip_id", {"from": "/a"}), "t")
        self.assertEqual(one('{"a":"t","a":null}', "trip_id", {"from": "/a"}), ("duplicate_key", "", 9))
        self.assertEqual(one('{"l":[{"a":1,"a":2},{"a":"t"}]}', "trip_id", {"from": "/l/-1/a"}), "t")
        self.assertEqual(one('{"l":[{"a":1,"a":2}]}', "trip_id", {"from": "/l/-1/a"}), ("duplicate_key", "", 13))


class Rules(unittest.TestCase):
    def test_table_upper_digest(self):
        rule = {"from": "/a", "upper": True, "table": {"OK": "CAPTURED", "1.50": "DECLINED", "true": None}, "otherwise": "skip"}
        for data, expected in [('{"a":"ok"}', "CAPTURED"), ('{"a":1.50}', "DECLINED"), ('{"a":true}', None), ('{"a":"no"}',
                                                                                                              "ignored")]:
            self.assertEqual(one(data, "status", rule), expected)
        self.assertEqual(one('{"a":"no"}', "status", {"from": "/a", "table": {"x": "CAPTURED"}}), ("unknown_code", "status", 5))
        self.assertEqual(one('{"a":"no"}', "type", {"from": "/a", "table": {"x": "order.paid"}}), ("unknown_type", "type", 5))
        self.assertEqual(one('{"a":"no"}', "type", {"from": "/a"}), ("unknown_type", "type", 5))
        self.assertEqual(one('{"a":"unit.registered"}', "type", {"from": "/a"}), ("unknown_type", "type", 5))
        self.assertEqual(one('{"a":"a"}', "trip_id", {"from": "/a", "digest": True}), "x:a96faf705af16834e6c632b61e964e1f")
        self.assertEqual(one('{"a":1.5}', "trip_id", {"from": "/a"}), ("bad_id", "trip_id", 5))
        self.assertEqual(one('{"a":true}', "trip_id", {"from": "/a", "digest": True}), ("wrong_type", "trip_id", 5))

    def test_the_first_field_of_the_table_decides(self):
        event = {"event_id": {"from": "/a"}, "trip_id": {"from": "/b"}, "fare_minor": {"from": "/c"}, "currency": {"from": "/d"}}
        self.assertEqual(results('{"a":true,"b":true,"c":-1,"d":"X"}', event), [("wrong_type", "event_id", 5)])
        self.assertEqual(results('{"a":1,"b":1,"c":-1,"d":"X"}', event), [("unknown_code", "currency", 24)])
        self.assertEqual(results('{"b":1,"c":-1,"d":"VND"}', event), [("bad_amount", "fare_minor", 11)])
        self.assertEqual(results('{"b":1,"c":1,"d":"VND"}', event), [("missing_field", "event_id", 23)])

    def test_missing_fields_in_the_order_of_the_table(self):
        event = {**PAYMENT, "merchant_id": {"from": "/m"}, "amount_minor": {"from": "/a"}}
        self.assertEqual(results("{}", event), [("missing_field", "merchant_id", 2)])
        self.assertEqual(results('{"m":"x"}', event), [("missing_field", "amount_minor", 9)])

    def test_conditions(self):
        def verdict(**keys):
            return results('{"a":"x","n":5}', **keys)[0] is not None
        there, five, other = {"at": "/a", "exists": True}, {"at": "/n", "in": ["5"]}, {"at": "/z", "not_in": ["5"]}
        self.assertTrue(verdict(only=[there, five, other]))
        self.assertFalse(verdict(ignore=[{"at": "/z", "exists": True}, five]))
        self.assertTrue(verdict(ignore=[{"all": [there, {"at": "/n", "in": ["6"]}]}]))
        self.assertFalse(verdict(ignore=[{"all": [there, five]}]))
        self.assertFalse(verdict(only=[{"at": "", "in": ["x"]}]))

    def test_fan_out(self):
        event = {"trip_id": {"from": "@/k"}, "event_id": {"from": "/id"}}
        data = '{"id":"e","l":[{"k":"1"},{"k":true},{"k":"3","k":"4"},null]}'
        kinds = [r["trip_id"] if isinstance(r, dict) else r[0] for r in results(data, event, each="/l")]
        self.assertEqual(kinds, ["1", "wrong_type", "duplicate_key", "missing_field"])
        self.assertEqual(results('{"id":"e","l":[]}', event, each="/l"), [None])
        self.assertEqual(results('{"id":"e"}', event, each="/l"), [None])
        self.assertEqual(results('{"id":"e","l":{}}', event, each="/l"), [("wrong_type", "", 14)])
        self.assertEqual(results('{"id":"e","l":[%s]}' % ",".join(["1"] * 257), event, each="/l"), [("too_large", "", 14)])
        self.assertEqual(len(results('{"id":"e","l":[%s]}' % ",".join(["1"] * 256), event, each="/l")), 256)
        self.assertEqual(results('["a","b"]', {"trip_id": {"from": "@"}}, each="")[1]["trip_id"], "b")


class Envelopes(unittest.TestCase):
    def test_cloudevents(self):
        event, keys = {"trip_id": {"from": "/t"}, "event_id": {"from": "envelope:id"}}, {"envelope": "cloudevents"}
        good = results('{"specversion":"1.0","id":"i","data":{"t":"x"}}', event, **keys)[0]
        self.assertEqual((good["trip_id"], good["event_id"]), ("x", "i"))
        binary = results('{"t":"x"}', event, {"headers": {"ce_specversion": "1.0", "ce_id": "h"}}, **keys)[0]
        self.assertEqual((binary["trip_id"], binary["event_id"]), ("x", "h"))
        for data, byte in [('{"specversion":"0.3","data":{}}', 15), ('{"specversion":"1.0"}', 0), ('{"data":{}}', 0), ("[]", 0),
                           ('{"specversion":"1.0","data":"{}"}', 28), ('{"specversion":1.0,"data":{}}', 15)]:
            self.assertEqual(results(data, event, **keys), [("bad_envelope", "", byte)], data)
        self.assertEqual(results('{"specversion":"1.0","data":{},"data":{}}', event, **keys), [("duplicate_key", "", 31)])

    def test_debezium(self):
        event = {"trip_id": {"from": "/t"}}
        row = '{"before":{"t":"b"},"after":{"t":"a"},"op":"%s"}'

        def read(data, **keys):
            result = results(data, event, envelope="debezium", **keys)[0]
            return result and (result["trip_id"] if isinstance(result, dict) else result[0])
        self.assertEqual([read(row % op) for op in "curdtm"], ["a", "a", "a", None, None, None])
        self.assertEqual(read('{"schema":{},"payload":%s}' % (row % "c")), "a")
        self.assertEqual(read(row % "d", deletes="before"), "b")
        self.assertEqual(read(row % "r", snapshots="ignore"), None)
        for data in (row % "x", '{"after":{}}', '{"op":"c"}', '{"op":"c","after":[]}', '{"op":1,"after":{}}', '{"payload":[]}',
                     "[]"):
            self.assertEqual(read(data), "bad_envelope", data)

    def test_confluent(self):
        for data, expected in [(b'\0\0\0\0\7{"t":"x"}', "x"), (b'\1\0\0\0\7{}', ("bad_envelope", "", 0)), (b"\0\0\0\0\7",
                                                                                                           ("bad_envelope", "",
                                                                                                            0)),
                               (b"\0\0\0\0\7\2x", ("bad_envelope", "", 5)), (b'\0\0\0\0\7{"t":1.5}', ("bad_id", "trip_id", 10))]:
            self.assertEqual(one(data, "trip_id", {"from": "/t"}, wire="confluent"), expected)

    def test_the_text_is_judged_first(self):
        for data, reason in [(b"", "empty_value"), (b" " * 65537, "too_large"), (b"5", "not_json"), (b'{"op":1', "not_json"),
                             (b'{"a":"\xff"}', "bad_utf8"), (b"[" * 33 + b"]" * 33, "too_deep"), (b"{} x", "not_json")]:
            self.assertEqual(results(data, envelope="debezium")[0][0], reason)


class Shipped(unittest.TestCase):
    def test_every_sample_gives_what_is_written_beside_it(self):
        paths = sorted(glob.glob(os.path.join(SCHEMAS, "mappings", "*.json")))
        self.assertGreaterEqual(len(paths), 10)
        for path in paths:
            sample = os.path.join(SCHEMAS, "mappings", "samples", os.path.basename(path)[:-5])
            with self.subTest(path=path), open(path, encoding="utf-8") as mapping, open(sample + ".ndjson", "rb") as data, \
                    open(sample + ".expected.ndjson", encoding="utf-8") as expected:
                self.assertEqual(list(lines_of(Mapping(json.load(mapping)), data.read(), None)), expected.read().splitlines())


if __name__ == "__main__":
    unittest.main()
