"""Logs of foreign messages: offsets and windows when a message is several events, times, and which mapping reads a topic."""
import json
import os
import tempfile
import unittest

from mapping import Mapping
from mappedlog import Canonical, mapping_of, read_file, read_messages
from settings import read_config

START = 1630602000000
RULES = {"type": "ride.completed", "source": "S", "event_id": {"from": "@/id"}, "event_time": {"from": "/at", "time": "epoch_ms"},
         "trip_id": {"from": "@/id"}, "operator": "O", "fare_minor": {"from": "@/fare"}, "currency": "VND"}


def mapping(*topics, name="m"):
    return Mapping({"name": name, "topics": list(topics), "each": "/rides", "event": RULES})


def message(at, *fares, prefix="r"):
    rides = [{"id": "%s%d" % (prefix, number), "fare": fare} for number, fare in enumerate(fares)]
    return json.dumps({"at": at, "rides": rides}).encode()


class MappedLog(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def messages(self, *values, window=16):
        path = os.path.join(self.folder.name, "m.tsv")
        with open(path, "w", encoding="ascii") as file:
            for number, value in enumerate(values):
                text = "-" if value is None else value.hex()
                file.write("t\t0\t%d\t-\t%s\t\n" % (START + number, text))
        state, = read_messages(path, read_config(["window.records=%d" % window], None), [mapping("t")])
        return state

    def test_events_of_one_message_share_its_offset(self):
        state = self.messages(message(START, 1, 2, 3, prefix="a"), None, message(START, -1, 5, prefix="b"))
        self.assertEqual((state.next, state.tail_offset), (3, 2))
        self.assertEqual({name: state.counts[name] for name in ("delivered", "applied", "rejected", "ignored")},
                         {"delivered": 6, "applied": 4, "rejected": 1, "ignored": 1})
        self.assertEqual(state.reasons, {"bad_amount": 1})

    def test_the_window_may_begin_inside_a_message(self):
        state = self.messages(message(START, *range(1, 13), prefix="a"), message(START, *range(1, 11), prefix="b"))
        self.assertEqual(state.window_start, (0, 6, 6, START))
        state = self.messages(message(START, *range(1, 13), prefix="a"), message(START, *range(1, 17), prefix="b"))
        self.assertEqual(state.window_start, (1, 0, 12, START))

    def test_a_redelivered_message_is_as_many_duplicates(self):
        state = self.messages(message(START, 1, 2, 3), message(START, 1, 2, 4))
        self.assertEqual((state.counts["applied"], state.counts["duplicate"], state.counts["conflict"]), (3, 3, 1))

    def test_files_take_the_time_of_the_event(self):
        path = os.path.join(self.folder.name, "t-2.ndjson")
        with open(path, "wb") as file:
            file.write(message(START, 1, 2, prefix="a") + b"\n{\n" + message(START + 5000, 3, prefix="b") + b"\nnull\n")
            size = file.tell()
        state = read_file(path, read_config([], None), [mapping("t")])
        self.assertEqual((state.partition, state.next, state.record_time_max), (2, size, START + 5000))
        self.assertEqual((state.counts["delivered"], state.counts["applied"], state.counts["quarantined"]), (5, 3, 0))

    def test_a_name_beats_a_prefix(self):
        wide, exact = mapping("t.*"), mapping("t.a", name="n")
        self.assertIs(mapping_of([wide, exact], "t.a"), exact)
        self.assertIs(mapping_of([wide, exact], "t.b"), wide)
        self.assertIs(mapping_of([wide, exact], "u"), Canonical)


if __name__ == "__main__":
    unittest.main()
