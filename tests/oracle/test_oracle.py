"""The oracle against the golden example, and the rules of windows, time, retention and record time.

Run: python3 -m unittest discover -s tests/oracle -t tests/oracle
"""
import csv
import json
import os
import tempfile
import unittest

import oracle
from civil import Zone, day_of_text, ms_of_rfc3339
from codelists import SCHEMAS
from logfile import guess_time, run_records, topic_partition
from obs import Refused, compute_rows
from registry_csv import messages
from settings import Config
from testlog import Log, at, cells, day, outcomes

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "example")
with open(os.path.join(SCHEMAS, "indicators.json"), encoding="utf-8") as definitions_file:
    DEFINITIONS = json.load(definitions_file)
AS_OF = {"v1": "2021-10-02T17:00:00.000Z", "v2": "2021-10-05T17:00:00.000Z"}


def golden_rows(limit, as_of):
    with open(os.path.join(GOLDEN, "events.ndjson"), encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    for event in events:
        event.pop("offset", None)
    config = Config({}, {"PSP1": {"success_at": "FIRST", "records_cash": True}})
    partitions = [run_records(events, config, "events", limit=limit),
                  run_records(messages(os.path.join(GOLDEN, "registry.csv")), config, "registry")]
    return compute_rows(DEFINITIONS, config, partitions, "2021-09", ms_of_rfc3339(as_of))


def total_row(rows, name, evidence):
    """The row that a key of expected.csv such as GMV_GROSS@_T@VN_38_D380 means."""
    code, *rest = name.split("@")
    indicator = next(entry for entry in DEFINITIONS["indicators"] if entry["code"] == code)
    wanted = {"INDICATOR": code, "EVIDENCE": evidence, "REF_AREA": rest[1] if len(rest) > 1 else "VN_38", "SIZE_CLASS": "_T",
              "UNIT_TYPE": indicator.get("unit_type", "_T"), "INSTRUMENT": indicator.get("instrument", "_Z"),
              "PLATFORM": rest[0] if rest else indicator.get("platform", "_Z")}
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1, (name, len(found))
    return found[0]


def as_dicts(rows):
    from obs import COLUMNS
    return [dict(zip(COLUMNS, row)) for row in rows.rows]


@unittest.skipUnless(os.path.exists(os.path.join(GOLDEN, "expected.csv")), "tests/golden/example is not there")
class Golden(unittest.TestCase):
    def test_every_expected_figure_is_exact(self):
        with open(os.path.join(GOLDEN, "expected.csv"), encoding="utf-8") as file:
            expected = list(csv.DictReader(file))
        self.assertEqual(len(expected), 64)
        rows = {}
        for want in expected:
            vintage = want["vintage"]
            if vintage not in rows:
                rows[vintage] = as_dicts(golden_rows(int(want["cutoff_offset"]), AS_OF[vintage]))
            with self.subTest(vintage=vintage, indicator=want["indicator"], evidence=want["evidence"]):
                row = total_row(rows[vintage], want["indicator"], want["evidence"])
                self.assertEqual(row["OBS_VALUE"], want["obs_value"])
                if want["numerator"]:
                    self.assertEqual((row["NUMERATOR"], row["DENOMINATOR"]), (want["numerator"], want["denominator"]))
                if want["indicator"] != "BUYERS_ACT_N":
                    self.assertEqual((row["BOUND_LO"], row["BOUND_HI"]), (want["bound_lo"], want["bound_hi"]))

    def test_keys_are_unique_and_rows_sorted(self):
        rows = golden_rows(15, AS_OF["v2"])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "obs.csv")
            rows.write(path)
            with open(path, encoding="utf-8", newline="") as file:
                lines = file.read().split("\n")
        keys = [",".join(line.split(",")[3:14]) for line in lines[1:-1]]
        self.assertEqual(keys, sorted(set(keys)))
        self.assertEqual({len(line.split(",")) for line in lines[:-1]}, {34})

    def test_as_of_before_the_state_is_refused(self):
        with self.assertRaises(Refused):
            golden_rows(15, "2021-08-01T00:00:00Z")


class Windows(unittest.TestCase):
    def test_same_id_is_a_duplicate_and_ingest_time_no_conflict(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00")
        log.append(dict(log[0], ingest_time=at("2021-09-03 10:01")))
        log.append(dict(log[0], amount_minor=7))
        log.append(dict(log[0], amount_minor=7))
        log.append(dict(log[0], source="OTHER"))
        state = log.run()
        self.assertEqual((state.counts["duplicate"], state.counts["conflict"], state.counts["applied"]), (3, 1, 2))

    def test_unlisted_keys_make_no_conflict(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00")
        log.append(dict(log[0], mcc="5411"))
        self.assertEqual(log.run().counts["conflict"], 0)

    def test_window_is_counted_in_delivered_records(self):
        for between, duplicates in ((2, 1), (3, 0)):
            log = Log().pay("CAPTURED", "2021-09-03 10:00")
            log += [b"broken"] * between
            log.append(dict(log[0]))
            self.assertEqual(log.run(window__records=3).counts["duplicate"], duplicates, between)

    def test_window_is_bounded_by_record_time(self):
        for minutes, duplicates in ((10, 1), (11, 0)):
            log = Log().pay("CAPTURED", "2021-09-03 10:00")
            log.append(dict(log[0], ingest_time=at("2021-09-03 10:%02d" % minutes)))
            self.assertEqual(log.run(window__max_age="10m").counts["duplicate"], duplicates, minutes)

    def test_quarantined_and_duplicate_records_leave_facts_and_refused_ones_do_not(self):
        log = Log().pay("DECLINED", "2021-09-03 10:00", ingest="2021-09-03 09:00").pay("CAPTURED", "2021-09-03 10:00")
        state = log.run()
        self.assertEqual(state.reasons, {"future": 1, "impossible_state": 1})
        log = Log().pay("DECLINED", "2021-09-03 10:00", currency="???").pay("CAPTURED", "2021-09-03 10:00")
        self.assertEqual(log.run().reasons, {"unknown_code": 1})
        log = Log().pay("DECLINED", "2021-09-03 10:00", test=True).pay("CAPTURED", "2021-09-03 10:00")
        self.assertEqual(outcomes(log.run()), [(day("2021-09-03"), "OK", 1, 100)])

    def test_only_the_latest_64_facts_count(self):
        for steps, unresolved in ((63, 0), (64, 1)):
            log = Log().order("created", "2021-09-03 10:00")
            for _ in range(steps):
                log.order("paid", "2021-09-03 11:00")
            self.assertEqual(log.order("cancelled", "2021-09-04 10:00").run().counts["unresolved"], unresolved, steps)

    def test_window_start_names_the_oldest_record_inside_for_the_next(self):
        log = Log()
        for number in range(5):
            log.pay("CAPTURED", "2021-09-03 10:%02d" % (10 * number), payment="P%d" % number)
        self.assertEqual(log.run(window__records=2).window_start, (3, 0, 3, at("2021-09-03 10:20")))
        self.assertEqual(log.run(window__max_age="20m").window_start, (2, 0, 2, at("2021-09-03 10:10")))
        self.assertEqual(log.run().window_start, (0, 0, 0, None))


class Time(unittest.TestCase):
    def test_conservation_over_every_verdict(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00")
        log += [dict(log[0]), None, b"", b"{", dict(log[0], event_id="x", test=True),
                dict(log[0], event_id="y", event_time=at("2021-09-04 10:00"))]
        counts = log.run().counts
        self.assertEqual(counts["delivered"], 7)
        self.assertEqual([counts[name] for name in ("applied", "duplicate", "quarantined", "rejected", "ignored")], [1, 1,
                1, 2, 2])

    def test_five_minutes_ahead_are_accepted(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:05", ingest="2021-09-03 10:00")
        log.pay("CAPTURED", "2021-09-03 10:06", ingest="2021-09-03 10:00", payment="P2")
        self.assertEqual(log.run().reasons, {"future": 1})

    def test_record_time_maximum_moves_a_day_at_most_and_never_back(self):
        log = Log().pay("CAPTURED", "2021-09-01 10:00").pay("CAPTURED", "2021-09-05 10:00", payment="P2")
        self.assertEqual(log.run().record_time_max, at("2021-09-02 10:00"))
        log.pay("CAPTURED", "2021-09-01 11:00", payment="P3")
        self.assertEqual(log.run().record_time_max, at("2021-09-02 10:00"))

    def test_refused_records_and_tombstones_move_record_time(self):
        log = Log().pay("CAPTURED", "2021-09-01 10:00")
        log += [dict(log[0], currency="???", ingest_time=at("2021-09-01 12:00")), None]
        self.assertEqual(log.run().record_time_max, at("2021-09-01 12:00"))

    def test_record_time_of_an_unreadable_line_is_that_of_the_line_before(self):
        self.assertEqual(Log([b"{"]).run().record_time_max, 0)
        self.assertEqual(guess_time(b'{"ingest_time": 1630551600000,'), 1630551600000)
        self.assertEqual(guess_time(b'{"ingest_time":"2021-09-02T03:00:00Z"}'), 1630551600000)
        self.assertIsNone(guess_time(b'{"ingest_time":1.5}'))

    def test_floor_and_retention(self):
        log = Log().pay("CAPTURED", "2021-09-01 10:00").pay("CAPTURED", "2021-08-31 10:00", "P2", ingest="2021-09-01 11:00")
        log.pay("CAPTURED", "2021-08-30 10:00", "P3", ingest="2021-09-01 11:00")
        state = log.run(retention__days=2)
        self.assertEqual((state.floor, state.reasons), (day("2021-08-31"), {"too_old": 1}))
        log.pay("CAPTURED", "2021-09-02 10:00", "P4")
        self.assertEqual([booked for booked, *_ in outcomes(log.run(retention__days=2))], [day("2021-09-01"), day("2021-09-02")])
        self.assertEqual(log.run(oldest_date="2021-09-01").reasons, {"too_old": 2})

    def test_months_are_kept_until_their_last_day_is_behind_the_floor(self):
        log = Log().pay("CAPTURED", "2021-08-30 10:00").pay("CAPTURED", "2021-08-31 10:00", "P2").pay("CAPTURED",
                "2021-09-01 10:00", "P3")
        self.assertEqual(sorted(month % 12 + 1 for month in log.run(retention__days=2).histogram), [8, 9])
        self.assertEqual(sorted(month % 12 + 1 for month in log.run(retention__days=1).month_persons), [9])

    def test_minutes_stay_8_days_and_hours_and_day_sketches_35(self):
        log = Log().pay("CAPTURED", "2021-09-01 10:00")
        for number in range(1, 36):
            date = "2021-09-%02d" % (1 + number) if number < 30 else "2021-10-%02d" % (number - 29)
            log.pay("CAPTURED", date + " 10:00", payment="Q%d" % number)
        state = log.run()
        self.assertEqual(min(state.minutes) * 60_000, at("2021-09-28 10:00"))
        self.assertEqual(min(state.hours) * 3_600_000, at("2021-09-01 10:00"))
        self.assertEqual(min(state.day_persons), day("2021-09-02"))
        late = log.pay("CAPTURED", "2021-09-20 10:00", "L", ingest="2021-10-06 10:00").run()
        self.assertNotIn(at("2021-09-20 10:00") // 60_000, late.minutes)

    def test_late_is_behind_the_watermark_before_and_counted_by_arrival_day(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00").pay("CAPTURED", "2021-09-03 09:55", "P2", ingest="2021-09-04 01:00")
        log.pay("CAPTURED", "2021-09-03 09:54", "P3", ingest="2021-09-04 01:00")
        state = log.run(watermark__bound="5m")
        self.assertEqual((state.counts["late"], state.late), (1, {day("2021-09-04"): 1}))
        self.assertEqual(state.watermark, at("2021-09-03 09:55"))

    def test_days_are_local(self):
        log = Log().pay("CAPTURED", "2021-09-30 23:59").pay("CAPTURED", "2021-10-01 00:00", "P2")
        self.assertEqual([booked for booked, *_ in outcomes(log.run())], [day("2021-09-30"), day("2021-10-01")])
        self.assertEqual([n for _, _, n, _ in outcomes(log.run(reporting__timezone="UTC"))], [2])

    def test_days_of_a_zone_with_summer_time(self):
        zone = Zone("America/New_York")
        self.assertEqual(zone.day(ms_of_rfc3339("2021-03-14T04:59:59Z")), day_of_text("2021-03-13"))
        self.assertEqual(zone.day_start_ms(day_of_text("2021-03-15")), ms_of_rfc3339("2021-03-15T04:00:00Z"))
        havana = Zone("America/Havana")  # midnight does not exist on this day
        self.assertEqual(havana.day_start_ms(day_of_text("2021-03-14")), ms_of_rfc3339("2021-03-14T05:00:00Z"))

    def test_offsets_of_files_and_limits(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00").pay("CAPTURED", "2021-09-03 11:00", "P2").pay("CAPTURED",
                "2021-09-03 12:00", "P3")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pay-3.ndjson")
            with open(path, "w", encoding="ascii") as file:
                file.write("".join(json.dumps(event) + "\n" for event in log))
            state, = oracle.run_log([folder], [])
            self.assertEqual((state.topic, state.partition, state.next), ("pay", 3, os.path.getsize(path)))
            state, = oracle.run_log([folder], [], kafka=True, limits={"pay/3": 2})
            self.assertEqual((state.next, state.tail_offset, state.counts["delivered"]), (2, 1, 2))
        self.assertEqual(topic_partition("/x/a b-c.ndjson"), ("a_b-c", 0))


class Money(unittest.TestCase):
    def test_other_currencies_count_through_fx_or_as_unconverted(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00", currency="USD", fx_amount_minor=23000)
        log.pay("CAPTURED", "2021-09-03 10:00", "P2", currency="USD").pay("CAPTURED", "2021-09-03 10:00", "P3", fx_amount_minor=9)
        state = log.run()
        self.assertEqual(cells(state), {(day("2021-09-03"), "M1", "SELLER", "OK"): (3, 23100, 1)})
        self.assertEqual(state.counts["unconverted"], 1)
        self.assertEqual(sum(cell[0] for found in state.histogram.values() for cell in found.values()), 2)

    def test_amounts_beyond_amount_max_of_their_currency_are_refused_and_leave_nothing(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00", amount_minor=101).pay("CAPTURED", "2021-09-03 10:00", amount_minor=100)
        log.pay("CAPTURED", "2021-09-03 10:00", "P2", currency="USD", amount_minor=6)
        log.pay("CAPTURED", "2021-09-03 10:00", "P3", currency="USD", amount_minor=5, fx_amount_minor=101)
        log.pay("CAPTURED", "2021-09-03 10:00", "P4", currency="EUR", amount_minor=1000000)
        state = log.run(amount__max="USD=5,VND=100")
        self.assertEqual((state.counts["rejected"], state.reasons), (3, {"implausible_amount": 3}))
        self.assertEqual(cells(state), {(day("2021-09-03"), "M1", "SELLER", "OK"): (2, 100, 1)})
        self.assertEqual(log.run().reasons, {})

    def test_withdrawn_events_are_counted_and_leave_nothing_so_that_they_may_come_again(self):
        log = Log().pay("CAPTURED", "2021-09-03 10:00").pay("CAPTURED", "2021-09-03 10:00", "P2", source="OTHER")
        log.pay("CAPTURED", "2021-09-03 10:01", "P3", test=True).pay("BAD", "2021-09-03 10:01", "P4")
        log.append(dict(log[0]))
        log.append(dict(log[0]))
        for where, start, end, source, booked in ((("t", 0), 0, 4, "S", (2, 1, 1)), (("t", 0), 0, 4, "", (1, 2, 1)),
                                                  (("t", 0), 0, 6, "", (0, 4, 0)), (("t", 0), 4, 5, "S", (2, 1, 1)),
                                                  (("t", 1), 0, 6, "", (2, 0, 2)), (("u", 0), 0, 6, "", (2, 0, 2))):
            state = run_records(log, Config({}, {}, [(where, start, end, source)]), "t", 0)
            counts = state.counts
            self.assertEqual((counts["applied"], counts["quarantined"], counts["duplicate"]), booked)
            self.assertEqual(state.reasons.get("withdrawn", 0), booked[1])
            self.assertEqual((counts["ignored"], counts["rejected"], counts["delivered"]), (1, 1, 6))


if __name__ == "__main__":
    unittest.main()
