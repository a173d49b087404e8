"""The comparing tools: they see a difference, and they accept what may differ."""
import contextlib
import hashlib
import io
import json
import os
import tempfile
import unittest

import compare_obs
import compare_state
import compare_truth
from obs import COLUMNS
from persons import Prints, blob_of, registers_of_persons
from statedump import encode, write_state
from storedump import BITS, NAMES, Corrupt, base64url, estimate, facet_of, registers_of
from testlog import Log, day

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def quietly(main, arguments):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        return main(arguments), output.getvalue()


def packed(**names):
    """Eight characters of a facet, from the names of its coordinates."""
    value = 0
    for coordinate, _, low, _ in BITS:
        numbers = {name: number for number, name in NAMES[coordinate].items()}
        value |= numbers[names.get(coordinate, "")] << low
    return "".join(DIGITS[value >> 6 * place & 63] for place in range(7, -1, -1))


def number_text(value, width):
    return "".join(DIGITS[value >> 6 * place & 63] for place in range(width - 1, -1, -1))


def sketch(persons):
    """A sparse sketch of so many persons, hashed by SHA-256."""
    registers = {}
    for person in range(persons):
        hashed = int.from_bytes(hashlib.sha256(b"%d" % person).digest()[:8], "big")
        rest = hashed & (1 << 50) - 1
        register = hashed >> 50
        registers[register] = max(registers.get(register, 0), 50 - rest.bit_length() + 1)
    return b"\x01" + b"".join(register.to_bytes(2, "big") + bytes([rank]) for register, rank in sorted(registers.items()))


def dump_lines(state):
    """What the engine should dump for a log of one card payment booked OK and one unit (store-layout.md)."""
    tag = "{t/0/z}"
    booked, minute = day("2021-09-03"), list(state.minutes)[0]
    pay = packed(family="PAYMENT", role="SELLER", instrument="CARD", context="POS", person_type="HOUSEHOLD", outcome="OK")
    beat = packed(family="PAYMENT", instrument="CARD", context="POS", outcome="OK")
    narrow = packed(family="PAYMENT", instrument="CARD")
    offset, message, _ = state.units[0]
    persons = blob_of(registers_of_persons(["b1"], Prints()))
    lines = [("f", "", "layout", "1"), ("f", "", "epoch", "3"), ("d", ":%d:0" % booked, pay, "1,100"), ("m",
            ":%d" % minute, beat, "1,100"),
             ("h", ":%d" % (minute // 60), beat, "1,100"), ("g", ":24260", narrow + number_text(106, 2), "1,100"),
             ("y", ":24260", number_text(0, 8), "1,0"), ("s", ":%d" % booked, narrow, sketch(1)),
             ("t", ":24260", narrow, sketch(1)), ("w", ":24260:0", number_text(0, 8), persons),
             ("i", "", "d%d" % booked, "0"),
             ("a", ":0:0", "0", b"S\x1fM1\x1f%d-%d;;;" % (booked, booked)), ("u", ":0:0", "0", b"%d\x1f" % offset + message)]
    for name, value in (("next", 2), ("ordinal", 2), ("accounts", 1), ("units", 1), ("tail_offset", 1), ("watermark",
            state.watermark),
                        ("record_time_max", state.record_time_max), ("ledger_day_min", state.floor),
                        ("window_offset", 0), ("window_element", 0), ("window_ordinal", 0),
                        ("delivered", 2), ("applied", 2), ("late", 0)):
        lines.append(("f", "", name, str(value)))
    return ["nhip:%s:%s%s %s %s" % (kind, tag, rest, encode(field), encode(value)) for kind, rest, field, value in lines]


class State(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        log = Log().unit("M1", "2020-01-01", recorded="2021-09-03 09:00").pay("CAPTURED", "2021-09-03 10:00")
        self.state = log.run(sketches__accounts="on")
        self.oracle = os.path.join(self.folder.name, "state")
        write_state([self.state], self.oracle)

    def compare(self, lines):
        dump = os.path.join(self.folder.name, "dump")
        with open(dump, "w", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in lines))
        return quietly(compare_state.main, [dump, self.oracle])

    def test_equal_states_are_equal_and_every_changed_line_is_seen(self):
        lines = dump_lines(self.state)
        status, output = self.compare(lines)
        self.assertEqual(status, 0, output)
        for place, line in enumerate(lines):
            if " layout " in line or " epoch " in line or ":i:" in line or " late " in line or ":a:" in line:
                continue
            self.assertEqual(self.compare(lines[:place] + lines[place + 1:])[0], 1, line)
        self.assertEqual(self.compare([line.replace(" 1,100", " 1,101") for line in lines])[0], 1)

    def test_facets(self):
        self.assertEqual(facet_of(packed(family="ORDER", outlet="RIDE_APP"), ("family", "outlet")), ["ORDER", "RIDE_APP"])
        self.assertRaises(Corrupt, facet_of, packed(family="ORDER", outlet="RIDE_APP"), ("family",))
        self.assertEqual(base64url("BA"), 64)

    def test_sketches(self):
        for persons in (0, 1, 100, 3000):
            value = estimate(registers_of(sketch(persons)))
            self.assertLessEqual(abs(value - persons), max(1, 5 * 0.0081 * persons), persons)
        self.assertRaises(Corrupt, registers_of, b"\x01\x00\x00\x00")
        self.assertRaises(Corrupt, registers_of, b"\x02" + bytes(16384))


class Figures(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, rows):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(",".join(COLUMNS) + "\n")
            for indicator, period, value, release in rows:
                row = dict.fromkeys(COLUMNS, "x")
                row.update(INDICATOR=indicator, TIME_PERIOD=period, OBS_VALUE=value, RELEASE=release, BOUND_LO=value,
                           ERR_TYPE="HLL" if indicator in ("BUYERS_ACT_N", "PAY_SUCC_INT") else "NONE", NUMERATOR="",
                           DENOMINATOR="")
                file.write(",".join(row[name] for name in COLUMNS) + "\n")
        return path

    def compare(self, left, right, *more):
        return quietly(compare_obs.main, [self.write("a", left), self.write("b", right), *more])[0]

    def test_cells_and_rows(self):
        rows = [("A", "2021-09", "1.00", "1"), ("B", "2021-09", "2", "1")]
        self.assertEqual(self.compare(rows, rows), 0)
        self.assertEqual(self.compare(rows, rows[:1]), 1)
        self.assertEqual(self.compare(rows, [rows[0], ("B", "2021-09", "2.0", "1")]), 1)
        other = [(name, period, value, "2") for name, period, value, _ in rows]
        self.assertEqual((self.compare(rows, other), self.compare(rows, other, "--ignore", "RELEASE")), (1, 0))
        self.assertRaises(SystemExit, self.compare, rows[::-1], rows)

    def test_estimates(self):
        def pair(value, exact, others=200):
            rows = [("BUYERS_ACT_N", "p%03d" % place, "1000", "1") for place in range(others)]
            return self.compare([("A", "p", "", "1")] + rows + [("BUYERS_ACT_N", "q", value, "1")],
                                [("A", "p", "", "1")] + rows + [("BUYERS_ACT_N", "q", exact, "1")])
        self.assertEqual([pair("10240", "10000"), pair("10300", "10000"), pair("10300", "10000", 10), pair("10410",
                "10000")], [0, 0, 1, 1])
        self.assertEqual([pair("6", "5"), pair("7", "5"), pair("", "5"), pair("1", "0"), pair("0", "0")], [0, 1, 1, 1, 0])

    def test_shares_of_estimates(self):
        def pair(value, exact):
            others = [("PAY_SUCC_INT", "p%03d" % place, "70.00", "1") for place in range(200)]
            return self.compare(others + [("PAY_SUCC_INT", "q", value, "1")], others + [("PAY_SUCC_INT", "q", exact, "1")])
        self.assertEqual([pair("70.01", "70.00"), pair("74.00", "70.00"), pair("76.00", "70.00"), pair("", "70.00")],
                         [0, 0, 1, 1])

    def test_truth(self):
        obs = self.write("obs", [("A", "2021-09", "1.00", "1"), ("BUYERS_ACT_N", "2021-09", "1001", "1")])

        def truth(value, buyers, **counts):
            path = os.path.join(self.folder.name, "truth.json")
            figures = [{"INDICATOR": name, "FREQ": "x", "TIME_PERIOD": "2021-09", "OBS_VALUE": figure}
                       for name, figure in (("A", value), ("BUYERS_ACT_N", buyers))]
            with open(path, "w", encoding="ascii") as file:
                json.dump({"figures": figures, "counts": counts}, file)
            with open(path + ".counts", "w", encoding="ascii") as file:
                json.dump({"total": {"applied": 5}}, file)
            return quietly(compare_truth.main, [obs, path, path + ".counts"])[0]

        self.assertEqual([truth("1.00", "1000", applied=5, late=0), truth("1.01", "1000"), truth("1.00", "1000", applied=4),
                          truth("1.00", "1000", late=1), truth("1.00", "800")], [0, 1, 1, 1, 1])


if __name__ == "__main__":
    unittest.main()
