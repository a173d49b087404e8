"""Every reason of refusal, the order of refusals, and that the quick reader never accepts what the careful one refuses."""
import json
import random
import unittest

from codelists import REASONS
from event import read_carefully, read_event, read_quickly
from jsontext import Refusal
from settings import Config
from testlog import Log

CONFIG = Config()
PAYMENT = Log().pay("CAPTURED", "2021-09-03 10:00")[0]
ORDER = Log().order("created", "2021-09-03 10:00")[0]
UNIT = Log().unit("M1", "2020-01-01")[0]


def reason(data):
    """Reason of the refusal of a message (bytes, text or dict); None when it is valid."""
    if isinstance(data, dict):
        data = json.dumps(data, ensure_ascii=False)
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    try:
        read_event(data, CONFIG)
    except Refusal as refusal:
        return refusal.reason
    return None


def with_text(base, **texts):
    """A message whose named values are given as JSON text."""
    marks = {key: "@@%s@@" % key for key in texts}
    data = json.dumps({**base, **marks})
    for key, text in texts.items():
        data = data.replace('"@@%s@@"' % key, text)
    return data


def without(base, *keys):
    return {key: value for key, value in base.items() if key not in keys}


class Reasons(unittest.TestCase):
    def check(self, cases):
        for data, expected in cases:
            with self.subTest(data=data if len(str(data)) < 300 else str(data)[:300]):
                self.assertEqual(reason(data), expected)

    def test_every_reason_of_rejection_is_tested_here(self):
        elsewhere = ("future", "too_old", "impossible_state", "implausible_" "amount", "with" "drawn",  # test_oracle.py
                     "bad_" "envelope")  # test_mapping.py
        rejected = [name for name in REASONS if name not in elsewhere]
        with open(__file__, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual([name for name in rejected if '"%s"' % name not in text], [])

    def test_size(self):
        padding = 65536 - len(json.dumps({**PAYMENT, "x": ""}))
        self.check([(b"", "empty_value"), (json.dumps({**PAYMENT, "x": "y" * padding}), None),
                    (json.dumps({**PAYMENT, "x": "y" * (padding + 1)}), "too_large"), (b"\xff" * 65537, "too_large")])

    def test_syntax(self):
        good = json.dumps(PAYMENT)
        self.check([(good, None), (" \t\r\n" + good + " ", None), (good + "x", "not_json"), (good[:-1], "not_json"),
                ("[]", "not_json"),
                    ('"x"', "not_json"), ("null ", "not_json"), ("\ufeff" + good, "not_json"), (good[:-1] + ",}", "not_json"),
                    (good.replace(":", " ", 1), "not_json"), ("{}x", "not_json"), ("{'a':1}", "not_json"), ("   ", "not_json")])
        for value in ("01", "1.", ".5", "+1", "1e", "-", "NaN", "Infinity", "tru", "nul", '"\t"', '"\\x"', '"\\u12g4"',
                "[1,]", "[1 2]",
                      "{1:2}", '{"a" 1}', "", '"\0"'):
            self.check([(with_text(PAYMENT, x=value), "not_json")])
        for value in ("0", "-0", "1.5E-3", "1e999", "[]", "{}", '[{"a":[null,true,"\\ud83d\\ude00"]}]', '"\x7f"',
                '{"a":1,"a":2}'):
            self.check([(with_text(PAYMENT, x=value), None)])

    def test_utf8(self):
        good = json.dumps({**PAYMENT, "x": "@"}).encode()
        for raw in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\\ud800", b"\\udc00",
                b"\\ud800\\u0041",
                    b"\\u0000"):
            self.check([(good.replace(b"@", raw), "bad_utf8")])
        self.check([(good.replace(b"@", "€😀".encode()), None), (good.replace(b'"@"', b"\xff"), "not_json")])

    def test_depth(self):
        self.check([(with_text(PAYMENT, x="[" * 31 + "]" * 31), None), (with_text(PAYMENT, x="[" * 32 + "]" * 32), "too_deep"),
                    (with_text(PAYMENT, x='{"a":' * 31 + "1" + "}" * 31), None), (with_text(PAYMENT,
                    x="[[],[],[]," * 15 + "0" + "]" * 15), None)])

    def test_duplicate_keys(self):
        good = json.dumps(PAYMENT)[:-1]
        self.check([(good + ',"status":"CAPTURED"}', "duplicate_key"), (good + ',"seller_id":"a","seller_id":null}',
                "duplicate_key"),
                    (good + ',"\\u0073tatus":"X"}', "duplicate_key"), (good + ',"x":1,"x":2}', None),
                    (good + ',"y":{"status":1}}', None),
                    (good + ',"vsic":1,"vsic":2}', None)])

    def test_missing_fields(self):
        for base, required in ((PAYMENT,
                "type schema_version event_id source event_time ingest_time payment_id merchant_id status "
                                "amount_minor currency instrument context payer_id payer_type scheme"),
                               (ORDER, "order_id seller_id amount_minor currency channel platform pay_mode buyer_type"),
                               (UNIT, "merchant_id status event_id source")):
            for key in required.split():
                self.check([(without(base, key), "missing_field"), ({**base, key: None}, "missing_field")])
        self.check([({**PAYMENT, "status": "DECLINED"}, "missing_field"), ({**PAYMENT, "instrument": "EWALLET"}, "missing_field"),
                    ({**PAYMENT, "instrument": "CASH", "scheme": None}, None), ({**PAYMENT, "merchant_id": None,
                    "terminal_id": "T"}, None)])

    def test_wrong_type(self):
        cases = {"event_id": "1", "type": "[]", "status": "1", "currency": "{}", "wallet": "7", "amount_minor": '"1"',
                "event_time": "true",
                 "same_owner": '"x"', "test": "0", "schema_version": '"1"', "payer_country": "1", "payer_id": "false"}
        for key, text in cases.items():
            self.check([(with_text(PAYMENT, **{key: text}), "wrong_type")])
        for text in ("1.0", "1e0", "9223372036854775808"):
            self.check([(with_text(PAYMENT, schema_version=text), "wrong_type")])

    def test_type_and_version(self):
        self.check([({**PAYMENT, "type": "payment"}, "unknown_type"), ({**PAYMENT, "type": ""}, "unknown_type"),
                    ({**PAYMENT, "schema_version": 2}, "unknown_version"), (with_text(PAYMENT, schema_version="-0"),
                    "unknown_version")])

    def test_codes(self):
        for key, value in (("currency", "XXZ"), ("currency", "vnd"), ("status", "DONE"), ("instrument", "GOLD"), ("context", ""),
                           ("payer_type", "household"), ("payer_country", "vn"), ("payer_country", "VNM"), ("channel", "X"),
                           ("pay_mode", "X"), ("reason_class", "X"), ("seller_country", "1A"), ("wallet", "w" * 65),
                           ("wallet", "é" * 33)):
            self.check([({**PAYMENT, key: value}, "unknown_code")])
        self.check([({**PAYMENT, "wallet": "w" * 64, "scheme": "", "platform": "?", "product_class": "ü"}, None)])

    def test_ids(self):
        for value in ("", "x" * 65, "é", "\x7f", "a\nb"):
            self.check([({**PAYMENT, "payer_id": value}, "bad_id"), ({**PAYMENT, "trip_id": value}, "bad_id")])
        self.check([({**PAYMENT, "payer_id": " ~" * 32}, None), (with_text(PAYMENT, payer_id='"\\u0041"'), None)])

    def test_times(self):
        for text in ("-1", "1.5", "1e3", "7258118400000", '"2021-09-03T10:00:00"', '"2021-09-03 10:00:00Z"',
                '"2021-09-03T10:00:60Z"',
                     '"2021-09-03T10:00:00-00:00"', '"2021-02-29T10:00:00Z"', '"2021-09-03T24:00:00Z"', '"2200-01-01T00:00:00Z"',
                     '"1969-12-31T23:59:59Z"', '"2021-09-03T10:00:00+24:00"', '"2021-09-03T10:00:00.Z"',
                     '"2021-09-03T10:00:00Z "', '""'):
            self.check([(with_text(PAYMENT, event_time=text), "bad_time"), (with_text(PAYMENT, shipped_at=text), "bad_time")])
        fields = read_quickly(with_text(PAYMENT, event_time='"2021-09-03t10:00:00.9999+07:00"').encode())[1]
        self.assertEqual(fields["event_time"], 1630638000999)

    def test_amounts(self):
        for text in ("-1", "-0", "1.0", "1e3", "9223372036854775808", "1" * 5000):
            self.check([(with_text(PAYMENT, amount_minor=text), "bad_amount"), (with_text(PAYMENT, fare_minor=text),
                    "bad_amount")])
        self.check([(with_text(PAYMENT, amount_minor="9223372036854775807"), None), (with_text(PAYMENT, amount_minor="0"), None)])

    def test_registry(self):
        for key, text in (("valid_from", '"2021-02-30"'), ("valid_from", "1"), ("valid_to", '""'), ("status", '"OPEN"'),
                ("vsic", '"4"'),
                          ("vsic", "47711"), ("vsic_version", "2025"), ("vsic_version", "true"), ("district", '"383"'),
                          ("district", "380.0"), ("employees", "-1"), ("employees", '"6"'), ("has_email", '"y"'),
                          ("accepts_epay", "true"),
                          ("mgmt_software", '"ERP;SAP"'), ("mgmt_software", '["Y"]'), ("echannels", '["RIDE_APP"]'),
                          ("website_url", '"%s"' % ("x" * 257)), ("website_updated_at", '"2021"'), ("has_email_asof", "0"),
                          ("mktpl_accounts", "[1]"), ("accounts", '"S:A"'), ("accounts", '[{"source":"S"}]'),
                          ("legal_form", '"X"'),
                          ("accounts", '[{"source":"S","account_id":"A","valid_to":""}]'), ("unit_type", '"SHOP"'),
                          ("recorded_at", '"2020"'),
                          ("parent_enterprise_id", '""')):
            self.check([(with_text(UNIT, **{key: text}), "bad_registry")])
        for key in ("recorded_at", "valid_from", "legal_form", "unit_type", "vsic", "vsic_version", "district"):
            self.check([(without(UNIT, key), "bad_registry")])
        self.check([(json.dumps(UNIT)[:-1] + ',"vsic":"47711"}', "bad_registry"),
                    ({**UNIT, "vsic": "G47711", "vsic_version": 2018, "district": 399, "employees": "",
                    "mgmt_software": "ERP;CRM",
                      "echannels": ["OTA"], "mktpl_accounts": "a;b", "website_updated_at": "2030-01-01", "has_email_asof": "",
                      "accounts": [{"source": "S", "account_id": "A", "valid_from": "2020-01-01", "valid_to": None,
                      "z": 1}]}, None)])

    def test_first_offending_token_wins(self):
        bad_id, bad_money = '"event_id":"",', '"amount_minor":-1,'
        self.check([("{" + bad_id + bad_money + "}", "bad_id"), ("{" + bad_money + bad_id + "}", "bad_amount"),
                ("{" + bad_id + "x", "bad_id"),
                    ('{"type":"?","schema_version":2,"status":"?"}', "unknown_type"),
                    ('{"schema_version":2,"type":"payment.status","status":"?"}', "unknown_version"),
                    ('{"schema_version":1,"type":"payment.status","status":"?"}', "unknown_code"),
                    ('{"type":"?","currency":"?"}', "unknown_code"), ('{"event_id":"\\ud800', "bad_utf8"),
                    ('{"event_id":"' + "x" * 65, "not_json"),
                    ('{"event_id":[' + "[" * 40, "wrong_type"), ('{"event_id":tru', "wrong_type"), ('{"event_id":?', "not_json"),
                    ({**UNIT, "vsic": 1, "merchant_id": None}, "missing_field"), ({**ORDER, "status": "WHATEVER"}, None)])


class Readers(unittest.TestCase):
    def test_quick_reader_agrees_with_the_careful_one_on_mutations(self):
        random.seed(20211002)
        alphabet = b'{}[]",:0123456789eE+-.tfn\\u \xc3\xa9\xffPSKVZ'
        accepted = 0
        for base in (PAYMENT, ORDER, UNIT, {**ORDER, "x": [1, {"y": "é\n"}]}):
            text = json.dumps(base, ensure_ascii=False).encode()
            for _ in range(4000):
                data = bytearray(text)
                for _ in range(random.randint(1, 3)):
                    place = random.randrange(len(data))
                    data[place:place + random.randint(0, 2)] = bytes([random.choice(alphabet)] * random.randint(0, 2))
                try:
                    quick = read_quickly(bytes(data))
                except (ValueError, Refusal):
                    continue  # carefully then
                accepted += 1
                careful = read_carefully(bytes(data))
                self.assertEqual(repr(simple(quick)), repr(simple(careful)))
        self.assertGreater(accepted, 500)


def simple(value):
    """Numbers that are kept as text compare by their text."""
    if isinstance(value, dict):
        return {key: simple(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [simple(item) for item in value]
    return getattr(value, "text", value)


if __name__ == "__main__":
    unittest.main()
