"""Sketches of persons by account: the hash behind them, their bytes, and where an account's month is counted."""
import unittest

from civil import month_of_day
from persons import DEVELOPMENT_KEY, Prints, blob_of, registers_of_persons
from storedump import ACCOUNT_REGISTERS_LOG2, Corrupt, estimate, registers_of
from test_indicators import Obs
from testlog import Log, day
from xxh3 import secret_of, xxh3_64

TEXT = bytes(33 + place * 7 % 90 for place in range(128))
# Of libxxhash 0.8.1: XXH3_64bits_withSecret() of the first so many bytes, under XXH3_generateSecret() of the development key.
KNOWN = ((1, 0x672E9E2188DB4EB6), (3, 0xDE094DC359E600DC), (4, 0xAE6259314029AD6F), (8, 0xFBF71C27F6C80E31),
         (9, 0x90B49F071A9BECFB), (16, 0xF6B6B4D95E6368B2), (17, 0x08A7EEC1E1426EFC), (32, 0x4F6374E1B6CBFA0F),
         (33, 0xF0A52669FA1E3305), (64, 0x0232FB4846F84810), (65, 0x7E670E3D63441562), (96, 0x80C7FE3612B543CD),
         (97, 0x37448C7E393DCB15), (128, 0x7ECAACAE54D8BA29))


class Sketches(unittest.TestCase):
    def test_the_hash_is_that_of_the_library(self):
        secret = secret_of(DEVELOPMENT_KEY)
        for size, value in KNOWN:
            self.assertEqual(xxh3_64(TEXT[:size], secret), value, size)

    def test_the_form_is_a_function_of_the_content_and_estimates_are_near(self):
        prints = Prints()
        for count in (0, 1, 20, 900, 1200, 5000):
            registers = registers_of_persons(["p%d" % number for number in range(count)], prints)
            blob = blob_of(registers)
            self.assertEqual(blob[0], 2 if sum(map(bool, registers)) > 1000 else 1)
            self.assertEqual(registers_of(blob, ACCOUNT_REGISTERS_LOG2), registers)
            self.assertLessEqual(abs(estimate(registers) - count), max(1, 5 * 0.01625 * count))
        self.assertRaises(Corrupt, registers_of, b"\x01\x10\x00\x01", ACCOUNT_REGISTERS_LOG2)
        self.assertRaises(Corrupt, registers_of, b"\x01\x00\x00\x36", ACCOUNT_REGISTERS_LOG2)

    def test_another_key_gives_other_registers(self):
        self.assertNotEqual(registers_of_persons(["b1"], Prints()), registers_of_persons(["b1"], Prints(b"another key")))


class Districts(unittest.TestCase):
    def test_persons_of_an_account_are_kept_only_where_asked(self):
        log = Log().order("created", "2021-09-01 10:00").pay("CAPTURED", "2021-09-02 10:00", payer_id="b2")
        log.pay("CAPTURED", "2021-09-03 10:00", "P2", payer_id="b3", instrument="CASH")
        month = month_of_day(day("2021-09-01"))
        self.assertEqual(log.run(sketches__accounts="on").account_persons, {month: {0: {"b1", "b2"}}})
        self.assertEqual(log.run().account_persons, {})

    def test_a_month_is_counted_where_the_last_unit_of_the_account_is(self):
        units = Log().unit("M1", "2020-01-01", district="380").unit("M1", "2021-09-10", district="381")
        units.unit("M2", "2020-01-01", district="384", valid_to="2021-09-05").unit("M3", "2020-01-01", district="380")
        log = Log().order("created", "2021-08-01 10:00", "O1", buyer_id="b1")
        log.order("created", "2021-09-01 10:00", "O2", buyer_id="b2")
        log.order("created", "2021-09-20 10:00", "O3", seller_id="M2", buyer_id="b3")
        log.order("created", "2021-09-21 10:00", "O4", seller_id="M3", buyer_id="b1")
        log.order("created", "2021-09-22 10:00", "O5", seller_id="NOBODY", buyer_id="b9")

        def districts(period):
            obs = Obs(units, log, period=period, sketches__accounts="on")
            return [obs("BUYERS_ACT_N", REF_AREA="VN_38_D%d" % code) for code in (380, 381, 384, 385)]

        self.assertEqual(districts("2021-09"), ["1", "1", "1", "0"])
        self.assertEqual(districts("2021-Q3"), ["1", "1", "1", "0"])  # b1 of August and of September is one person
        self.assertEqual(districts("2021-08"), ["1", "0", "0", "0"])
        weeks = Obs(units, log, period="2021-W36", sketches__accounts="on").rows
        without = Obs(units, log).rows
        for rows in (weeks, without):
            self.assertFalse([row for row in rows if row["INDICATOR"] == "BUYERS_ACT_N" and "_D" in row["REF_AREA"]])


if __name__ == "__main__":
    unittest.main()
