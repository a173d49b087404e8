"""Registry versions, account claims, and each kind of indicator (indicators.md)."""
import json
import os
import unittest

from codelists import SCHEMAS
from obs import COLUMNS, Period, Refused, compute_rows, decimal_text, size_class
from settings import Config
from testlog import SOURCES, Log, at, day
from units import Units

with open(os.path.join(SCHEMAS, "indicators.json"), encoding="utf-8") as definitions_file:
    DEFINITIONS = json.load(definitions_file)


def units_of(*logs, as_of="2030-01-01 00:00"):
    records = [unit[2] for number, log in enumerate(logs) for unit in log.run(topic="r%d" % number).units]
    return Units(records, at(as_of))


class Obs:
    """Rows of 2021-09 (or another period) of some logs; obs("ORD_N", PLATFORM="_T") finds one row."""

    def __init__(self, *logs, period="2021-09", as_of="2021-12-31 00:00", daily=False, sources=SOURCES, **settings):
        partitions = [log.run(topic="t%d" % number, **settings) for number, log in enumerate(logs)]
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        rows = compute_rows(DEFINITIONS, Config(settings, sources), partitions, period, at(as_of), daily)
        self.rows = [dict(zip(COLUMNS, row)) for row in rows.rows]

    def find(self, code, **at_columns):
        indicator = next(entry for entry in DEFINITIONS["indicators"] if entry["code"] == code)
        wanted = {"INDICATOR": code, "REF_AREA": "VN_38", "SIZE_CLASS": "_T", "UNIT_TYPE": indicator.get("unit_type", "_T"),
                  "PLATFORM": indicator.get("platform", "_Z"), "INSTRUMENT": indicator.get("instrument", "_Z"), "ACTIVITY": "_T"}
        wanted.update(at_columns)
        if "FREQ" not in wanted:
            wanted["FREQ"] = self.rows[0]["FREQ"]
        found = [row for row in self.rows if all(row[key] == value for key, value in wanted.items())]
        assert len(found) == 1, (code, at_columns, len(found))
        return found[0]

    def __call__(self, code, **at_columns):
        return self.find(code, **at_columns)["OBS_VALUE"]


class Registry(unittest.TestCase):
    def test_greatest_valid_from_then_recorded_at_then_log_order(self):
        log = Log().unit("U", "2021-02-01", "2021-01-05 00:00", district="381").unit("U", "2021-01-01",
                "2021-03-01 00:00", district="382")
        log.unit("U", "2021-02-01", "2021-01-05 00:00", district="384").unit("U", "2021-02-01", "2021-01-04 00:00",
                district="385")
        units = units_of(log)
        self.assertEqual(units.version("U", day("2021-01-31")).district, "382")
        self.assertEqual(units.version("U", day("2021-02-01")).district, "384")
        self.assertIsNone(units.version("U", day("2020-12-31")))

    def test_valid_to_ends_the_unit_and_nothing_older_returns(self):
        units = units_of(Log().unit("U", "2021-01-01").unit("U", "2021-02-01", valid_to="2021-02-10"))
        self.assertIsNotNone(units.version("U", day("2021-02-09")))
        self.assertIsNone(units.version("U", day("2021-02-10")))

    def test_records_behind_as_of_are_not_seen(self):
        log = Log().unit("U", "2021-01-01", "2021-01-01 00:00").unit("U", "2021-02-01", "2021-05-01 00:00", status="CLOSED")
        self.assertEqual(len(units_of(log, as_of="2021-04-30 23:59").alive(day("2021-06-01"))), 1)
        self.assertEqual(len(units_of(log, as_of="2021-05-01 00:00").alive(day("2021-06-01"))), 0)

    def test_only_active_units_are_alive(self):
        for status in ("SUSPENDED", "CLOSED", "UNKNOWN"):
            self.assertEqual(units_of(Log().unit("U", "2021-01-01", status=status)).alive(day("2021-06-01")), [])

    def test_account_belongs_by_its_link_and_else_by_its_name(self):
        links = [{"source": "S", "account_id": "A", "valid_from": "2021-03-01", "valid_to": "2021-04-01"}]
        units = units_of(Log().unit("U", "2021-01-01", accounts=links).unit("A", "2021-01-01"))

        def owner(text, source="S", account="A"):
            version = units.owner(source, account, day(text))
            return version and version.unit

        self.assertEqual([owner(text) for text in ("2021-02-28", "2021-03-01", "2021-03-31", "2021-04-01")], ["A", "U", "U", "A"])
        self.assertEqual((owner("2021-03-01", "S2"), owner("2020-12-31"), owner("2021-03-01", account="B")), ("A", None, None))

    def test_of_two_claims_the_record_that_came_first_stands(self):
        link = [{"source": "S", "account_id": "A"}]
        first, second = Log().unit("U1", "2021-01-01", "2021-01-03 00:00", accounts=link), Log()
        second.unit("U2", "2021-01-01", "2021-01-02 00:00", accounts=link).unit("U3", "2021-02-01", "2021-01-02 00:00",
                accounts=link)
        units = units_of(first, second)
        self.assertEqual(units.owner("S", "A", day("2021-03-01")).unit, "U2")
        self.assertEqual(len(units.refused_claims), 2)


class Shares(unittest.TestCase):
    def test_unknown_makes_bounds_and_stale_is_no(self):
        log = Log().unit("Y", "2020-01-01", has_email="Y", has_email_asof="2020-10-01").unit("N", "2020-01-01", has_email="N")
        log.unit("OLD", "2020-01-01", has_email="Y", has_email_asof="2020-09-30").unit("U", "2020-01-01", has_email="")
        log.unit("A", "2020-01-01", has_email_asof="").unit("H", "2020-01-01", legal_form="HOUSEHOLD_BIZ", has_email="Y")
        row = Obs(log).find("ENT_EMAIL", EVIDENCE="R")
        self.assertEqual([row[name] for name in ("OBS_VALUE", "NUMERATOR", "DENOMINATOR", "N_UNITS", "BOUND_LO",
                "BOUND_HI", "ERR_TYPE", "WINDOW")],
                         ["20.00", "1", "5", "5-9", "20.00", "60.00", "BND", ""])

    def test_evidence_that_is_not_collected_is_missing(self):
        obs = Obs(Log().unit("U", "2020-01-01"))
        for evidence in "RC":
            row = obs.find("MDT_EPAY", EVIDENCE=evidence)
            self.assertEqual([row[name] for name in ("OBS_STATUS", "OBS_VALUE", "NUMERATOR", "DENOMINATOR", "N_UNITS")],
                    ["M", "", "", "", ""])
        self.assertEqual(obs.find("MDT_EPAY", EVIDENCE="O")["DENOMINATOR"], "0")
        log = Log().unit("U", "2020-01-01", has_email="Y", mgmt_software="Y")
        obs = Obs(log)
        self.assertEqual([obs.find("ENT_EMAIL", EVIDENCE=evidence)["OBS_STATUS"] for evidence in "ROC"], ["P", "M", "M"])
        self.assertEqual([obs.find("ENT_MGMTSW", EVIDENCE=evidence)["OBS_STATUS"] for evidence in "ROC"], ["P", "M", "M"])
        mail = Log().order("created", "2021-07-03 10:00", channel="EMAIL", platform="_Z", seller_id="NOBODY")
        self.assertEqual([Obs(log, mail)("ENT_EMAIL", EVIDENCE=evidence) for evidence in "ROC"], ["100.00", "0.00", "100.00"])
        mail = Log().order("created", "2021-07-02 10:00", channel="EMAIL", platform="_Z", seller_id="U")
        self.assertEqual(Obs(log, mail).find("ENT_EMAIL", EVIDENCE="O")["OBS_STATUS"], "M")

    def test_website_window_and_side_condition(self):
        log = Log().unit("IN", "2020-01-01", website_updated_at="2021-07-03", website_url="x")
        log.unit("OUT", "2020-01-01", website_updated_at="2021-07-02").unit("AFTER", "2020-01-01",
                website_updated_at="2021-10-01")
        log.unit("NOURL", "2020-01-01", website_updated_at="2021-09-01", website_url="").unit("ABSENT", "2020-01-01")
        row = Obs(log).find("ENT_WEB_UPD", EVIDENCE="R")
        self.assertEqual((row["NUMERATOR"], row["DENOMINATOR"], row["WINDOW"], row["ERR_TYPE"]), ("1", "5", "P90D", "NONE"))

    def test_combined_evidence_counts_unknown_only_when_not_observed(self):
        log = Log().unit("A", "2020-01-01", unit_type="MALL", accepts_epay="", employees=10)
        log.unit("B", "2020-01-01", unit_type="MALL", accepts_epay="").unit("C", "2020-01-01", unit_type="MALL", accepts_epay="Y")
        obs = Obs(log, Log().pay("CAPTURED", "2021-08-01 10:00", merchant_id="A"))
        row = obs.find("MDT_EPAY", EVIDENCE="C")
        self.assertEqual([row[name] for name in ("OBS_VALUE", "BOUND_LO", "BOUND_HI")], ["66.67", "66.67", "100.00"])
        self.assertEqual([obs("MDT_EPAY", EVIDENCE="O", INSTRUMENT=code) for code in ("CARD", "EWALLET")], ["33.33", "0.00"])
        self.assertEqual(obs("MDT_EPAY", EVIDENCE="O", UNIT_TYPE="MALL"), "33.33")
        self.assertEqual(obs.find("MDT_EPAY", EVIDENCE="O", UNIT_TYPE="SUPERMARKET")["OBS_STATUS"], "M")
        self.assertEqual(sum(row["INDICATOR"] == "MDT_EPAY" and row["UNIT_TYPE"] == "GENERIC" for row in obs.rows), 0)
        self.assertEqual(obs.find("ENT_EMAIL", EVIDENCE="O", SIZE_CLASS="S_GE10")["INDICATOR"], "ENT_EMAIL")

    def test_populations_by_vsic_and_bills(self):
        log = Log().unit("E1", "2020-01-01", vsic="D35120", accepts_epay="N").unit("E2", "2020-01-01", vsic="3512",
                bills_households="N")
        log.unit("E3", "2020-01-01", vsic="35", bills_households="Y").unit("E4", "2020-01-01", vsic="36000", bills_households="Y")
        bill = Log().pay("SETTLED", "2021-09-01 10:00", merchant_id="E1", context="BILL")
        obs = Obs(log, bill)
        self.assertEqual((obs.find("UTL_EPAY_HH", EVIDENCE="O")["DENOMINATOR"], obs("UTL_EPAY_HH", EVIDENCE="O")), ("2", "50.00"))
        fallback = Log().unit("G", "2020-01-01", vsic="47111").unit("C", "2020-01-01", vsic="47111", unit_type="CONVENIENCE")
        self.assertEqual(Obs(fallback).find("MDT_EPAY", EVIDENCE="O")["DENOMINATOR"], "1")

    def test_marketplace_counts_sellers_and_business_buyers_and_their_slices(self):
        log = Log().unit("A", "2020-01-01").unit("B", "2020-01-01").unit("C", "2020-01-01")
        orders = Log().order("created", "2021-09-01 10:00", seller_id="A", buyer_type="BUSINESS", buyer_id="B")
        orders.order("created", "2021-09-01 10:00", "O2", seller_id="C", channel="OWN_WEB")
        obs = Obs(log, orders)
        self.assertEqual([obs("ENT_MKTPL", EVIDENCE="O", PLATFORM=code) for code in ("_T", "SHOPEE", "TIKI")], ["66.67",
                "66.67", "0.00"])

    def test_it_enterprises(self):
        log = Log().unit("A", "2020-01-01", vsic="62010").unit("B", "2020-01-01", vsic="6202").unit("C", "2020-01-01",
                vsic="J6311")
        obs = Obs(log.unit("D", "2020-01-01", vsic="6201", legal_form="HOUSEHOLD_BIZ"))
        self.assertEqual([obs("IT_ENT_N", ACTIVITY=name) for name in ("_T", "V18_IT_HW", "V18_IT_SW", "V18_IT_SV")], ["3",
                "0", "1", "2"])
        self.assertEqual([obs("IT_ENT_SH", ACTIVITY="V18_" + name) for name in ("IT_HW", "IT_SW", "IT_SV")], ["0.00",
                "33.33", "66.67"])

    def test_stock_and_flow_after_a_move(self):
        log = Log().unit("A", "2020-01-01").unit("A", "2021-09-16", "2021-09-17 00:00", district="399", unit_type="MALL")
        obs = Obs(log, Log().order("created", "2021-09-15 10:00", seller_id="A").order("created", "2021-09-16 10:00",
                "O2", seller_id="A"))
        self.assertEqual([obs("ORD_N", REF_AREA="VN_38_D" + code) for code in ("380", "399", "381")], ["1", "1", "0"])
        self.assertEqual([obs("MER_ACTIVE_N", REF_AREA="VN_38_D" + code) for code in ("380", "399")], ["0", "1"])
        self.assertEqual([obs("ORD_N", UNIT_TYPE=code) for code in ("GENERIC", "MALL")], ["1", "1"])


class Flows(unittest.TestCase):
    def test_unmatched_flows_stand_beside_the_province(self):
        obs = Obs(Log().unit("A", "2020-01-01"), Log().order("created", "2021-09-15 10:00", seller_id="A").order(
            "created", "2021-09-15 10:00", "O2", seller_id="X", amount_minor=7))
        self.assertEqual([obs("GMV_GROSS", REF_AREA=area) for area in ("VN_38", "VN_38_U", "VN_38_D380")], ["100", "7", "100"])
        self.assertEqual(obs("AOV", REF_AREA="VN_38_U"), "7.00")

    def test_rates_and_missing_denominators(self):
        log = Log().order("created", "2021-09-01 10:00", "O1").order("created", "2021-09-01 10:00", "O2").order("created",
                "2021-09-01 10:00", "O3")
        log.order("cancelled", "2021-10-02 10:00", "O2").order("delivered", "2021-09-05 10:00", "O1").order("refunded",
                "2021-09-06 10:00", "O3")
        obs = Obs(Log().unit("M1", "2020-01-01"), log)
        self.assertEqual([obs(code) for code in ("CANC_RATE", "GMV_EXCANC", "GMV_NET", "RET_RATE", "COD_SH_N")],
                         ["33.33", "200", "0", "0.00", "100.00"])
        row = obs.find("RET_RATE", PLATFORM="TIKI")
        self.assertEqual([row[name] for name in ("OBS_VALUE", "OBS_STATUS", "NUMERATOR", "DENOMINATOR")], ["", "M", "0", "0"])

    def test_noncash_needs_a_source_that_records_cash(self):
        unit = Log().unit("M1", "2020-01-01")
        pays = Log().pay("CAPTURED", "2021-09-01 10:00", source="PSP").pay("CAPTURED", "2021-09-01 10:00", "P2",
                source="PSP", instrument="CASH")
        pays.pay("CAPTURED", "2021-09-01 10:00", "P3")
        self.assertEqual(Obs(unit, pays)("NONCASH_SH_N"), "50.00")
        row = Obs(unit, pays, sources={}).find("NONCASH_SH_V")
        self.assertEqual([row[name] for name in ("OBS_VALUE", "OBS_STATUS", "NUMERATOR", "DENOMINATOR")], ["", "M", "", ""])

    def test_currency_with_decimals(self):
        order = {"currency": "USD", "amount_minor": 12345}
        log = Log().order("created", "2021-09-01 10:00", **order).order("created", "2021-09-01 10:00", "O2", **{**order,
                "amount_minor": 1})
        config = Config({"reporting.currency": "USD"})
        from logfile import run_records
        partitions = [run_records(Log().unit("M1", "2020-01-01"), config), run_records(log, config)]
        rows = [dict(zip(COLUMNS, row)) for row in compute_rows(DEFINITIONS, config, partitions, "2021-09",
                at("2021-12-31 00:00")).rows]
        found = {row["INDICATOR"]: row for row in rows
                 if row["REF_AREA"] == "VN_38" and row["PLATFORM"] == row["UNIT_TYPE"] == "_T"}
        self.assertEqual([(found[code]["OBS_VALUE"], found[code]["DECIMALS"],
                found[code]["UNIT_MEASURE"]) for code in ("GMV_GROSS", "AOV")],
                         [("123.46", "2", "USD"), ("61.73", "2", "USD")])

    def test_hhi_leaves(self):
        log = Log().order("created", "2021-09-01 10:00", amount_minor=300).order("created", "2021-09-01 10:00", "O2",
                channel="OWN_WEB")
        log.pay("CAPTURED", "2021-09-01 10:00", instrument="EWALLET", wallet="MOMO")
        log.pay("CAPTURED", "2021-09-01 10:00", "P2", instrument="EWALLET", wallet="VNPAY")
        obs = Obs(Log().unit("M1", "2020-01-01"), log)
        self.assertEqual([obs("HHI_PLATFORM"), obs("HHI_PLATFORM", PLATFORM="MARKETPLACE"), obs("HHI_WALLET")],
                ["6250.00", "10000.00", "5000.00"])
        self.assertEqual(obs.find("HHI_PLATFORM", REF_AREA="VN_38_D381")["OBS_STATUS"], "M")

    def test_turnover(self):
        log, units = Log(), Log()
        days = {"NEW": ["2021-09-05"], "RET": ["2021-08-05", "2021-09-05"], "REACT": ["2021-07-31", "2021-09-05"],
                "CHURN": ["2021-08-05"]}
        for name, dates in days.items():
            units.unit(name, "2020-01-01")
            for number, date in enumerate(dates):
                log.order("created", date + " 10:00", name + str(number), seller_id=name)
        log.sort(key=lambda event: event["event_time"])
        obs = Obs(units, log)
        self.assertEqual([obs("MER_%s_N" % part) for part in ("NEW", "RET", "REACT", "CHURN")], ["1", "1", "1", "1"])

    def test_distinct_persons_by_platform_and_instrument(self):
        log = Log().order("created", "2021-09-01 10:00").order("created", "2021-09-02 10:00", "O2", platform="TIKI",
                seller_id="NOBODY")
        log.pay("CAPTURED", "2021-09-02 10:00").pay("CAPTURED", "2021-09-03 10:00", "P2", payer_id="b2", instrument="BNPL")
        obs = Obs(Log().unit("M1", "2020-01-01"), log, daily=True)
        self.assertEqual(obs("BUYERS_ACT_N"), "2")
        self.assertEqual([obs("BUYERS_ACT_N", PLATFORM=code, INSTRUMENT="_Z") for code in ("MARKETPLACE", "TIKI", "OTA")],
                ["1", "1", "0"])
        self.assertEqual([obs("BUYERS_ACT_N", PLATFORM="_Z", INSTRUMENT=code) for code in ("CARD", "BNPL")], ["1", "1"])
        self.assertEqual(obs("BUYERS_ACT_N", FREQ="D", TIME_PERIOD="2021-09-03"), "1")
        self.assertEqual(obs("ORD_N", FREQ="D", TIME_PERIOD="2021-09-02", PLATFORM="TIKI"), "0")
        later = Log().pay("CAPTURED", "2021-09-01 10:00")
        for number in range(40):
            later.append(dict(later[0], event_id="x%d" % number, ingest_time=at("2021-09-01 10:00") + number * 86_400_000))
        row = Obs(later, daily=True).find("BUYERS_ACT_N", FREQ="D", TIME_PERIOD="2021-09-01")
        self.assertEqual([row[name] for name in ("OBS_STATUS", "OBS_VALUE", "ERR_TYPE", "BOUND_LO")], ["M", "", "NONE", ""])


class Forms(unittest.TestCase):
    def test_periods(self):
        cases = (("2021-09-30", "D", 1, "2021-09-29"), ("2021-W01", "W", 7, "2020-W53"), ("2021-01", "M", 31, "2020-12"),
                 ("2020-Q1", "Q", 91, "2019-Q4"), ("2020", "A", 366, "2019"))
        for text, freq, days, previous in cases:
            period = Period(text)
            self.assertEqual((period.freq, period.last - period.first + 1, period.previous().text), (freq, days, previous))
        self.assertEqual(Period("2021-W39").first, day("2021-09-27"))
        for text in ("2021-13", "2021-W54", "2021-9", "2021-02-29", "2021-Q5", ""):
            self.assertRaises(Refused, Period, text)

    def test_numbers(self):
        self.assertEqual([decimal_text(*case) for case in ((1, 8, 2), (3, 8, 2), (-1, 8, 2), (-1, 1000, 2), (1, 2, 0), (3,
                2, 0), (5, 1, 0))],
                         ["0.12", "0.38", "-0.12", "0.00", "0", "2", "5"])
        self.assertEqual([size_class(n) for n in (0, 1, 4, 5, 9, 10, 49, 50)], ["0", "1-4", "1-4", "5-9", "5-9", "10-49",
                "10-49", "50+"])


if __name__ == "__main__":
    unittest.main()
