"""Source-days, coverage and rows that were not collected (coverage.md), on logs of a few records."""
import os
import tempfile
import unittest

from codelists import SCHEMAS
from coverage import read_expected
from obs import COLUMNS, compute_rows
from settings import Config
from test_indicators import DEFINITIONS
from testlog import Log, at, day


def rows_of(log, expected, as_of="2021-09-11 12:00", period="2021-09", **settings):
    settings = {key.replace("__", "."): value for key, value in settings.items()}
    rows = compute_rows(DEFINITIONS, Config(settings), [log.run()], period, at(as_of), expected=expected)
    found = [dict(zip(COLUMNS, row)) for row in rows.rows]
    return {row["INDICATOR"]: (row["OBS_VALUE"], row["OBS_STATUS"], row["COVERAGE"]) for row in reversed(found)
            if row["REF_AREA"] == "VN_38" and row["EVIDENCE"] == "O"}


def payments(days, **fields):
    log = Log().unit("M1", "2021-01-01")
    for number in days:
        log.pay("CAPTURED", "2021-09-%02d 10:00" % number, "p%d" % number, **fields)
    return log


class Coverage(unittest.TestCase):
    def test_half_of_the_days_until_yesterday(self):
        self.assertEqual(rows_of(payments(range(1, 6)), [("S", {"PAYMENT"}, day("2021-09-01"), None, 1)])["PAY_SUCC"],
                         ("100.00", "P", "50.00"))

    def test_below_half_is_of_low_reliability(self):
        self.assertEqual(rows_of(payments(range(1, 5)), [("S", {"PAYMENT"}, day("2021-09-01"), None, 1)])["PAY_SUCC"],
                         ("100.00", "U", "40.00"))

    def test_the_day_of_as_of_counts_when_it_is_delivered(self):
        self.assertEqual(rows_of(payments(range(7, 12)), [("S", {"PAYMENT"}, day("2021-09-01"), None, 1)])["PAY_SUCC"],
                         ("100.00", "U", "45.45"))

    def test_what_nobody_delivers_is_not_collected(self):
        rows = rows_of(payments([1]), [("S", {"PAYMENT", "RIDE"}, None, None, 1)])
        self.assertEqual((rows["RIDE_TRIPS_N"], rows["ORD_N"]), (("", "L", "0.00"), ("", "L", "0.00")))

    def test_decimals_that_could_tell_of_one_company_are_rounded(self):
        log = payments([1, 2])
        for number in range(64):
            log.pay("CAPTURED", "2021-09-02 11:00", "y%d" % number)
        for number in range(33):
            log.pay("CAPTURED", "2021-09-01 11:00", "x%d" % number, merchant_id="STRANGER")
        expected = [("S", {"PAYMENT"}, day("2021-09-01"), day("2021-09-02"), 1)]
        small = {"disclosure__merchants": "1", "disclosure__platforms": "1"}
        self.assertEqual(rows_of(log, expected, **small)["PAY_SUCC"][2], "67.00")      # 66 of 99
        log.pay("CAPTURED", "2021-09-01 12:00", "z")                                   # 67 of 100
        log.pay("CAPTURED", "2021-09-01 12:00", "z2")                                  # 68 of 101
        self.assertEqual(rows_of(log, expected, **small)["PAY_SUCC"][2], "67.33")
        self.assertEqual(rows_of(log, expected, **{**small, "disclosure__merchants": "2"})["PAY_SUCC"][2], "67.00")
        self.assertEqual(rows_of(log, expected, **{**small, "disclosure__platforms": "2"})["PAY_SUCC"][2], "67.00")

    def test_the_file(self):
        self.assertEqual(len(read_expected(os.path.join(SCHEMAS, "expected_sources.example.csv"))), 5)
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("to,source,feeds\n2021-09-02,A,orders;rides\n")
            file.flush()
            self.assertEqual(read_expected(file.name), [("A", {"ORDER", "RIDE"}, None, day("2021-09-02"), 1)])


if __name__ == "__main__":
    unittest.main()
