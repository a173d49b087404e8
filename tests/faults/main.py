"""Runs with faults, until the time or the number is used up: every fault point of the source, of each kind, with files and with
Kafka, and the faults from outside. Prints claims in TAP form and a table; see ../README.md.

    main.py --build DIR --work DIR [--kafka HOST:PORT [--broker DIR]] [--seconds N] [--runs N] [--seed N] [--slots N]
            [--only TEXT] [--quick] [--replay SEED:NUMBER]"""
import argparse
import collections
import json
import os
import queue
import random
import shutil
import signal
import sys
import threading
import time
import traceback

import points
from rig import Difference, Setup, Slot, Workload
from runs import Run, make_base
from scenarios import SCENARIOS, run_scenario

Job = collections.namedtuple("Job", "number name source kind mode workload")
ATTEMPTS = 25
WORKLOADS = (["window.records=400"], [], ["window.records=64"])


class Harness:
    def __init__(self, options):
        self.options = options
        home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        proxied, port = "", 0
        if options.broker and os.path.exists(os.path.join(options.broker, "proxied")):
            with open(os.path.join(options.broker, "proxied"), encoding="ascii") as file:
                proxied, port = file.read().split()
        self.setup = Setup(home, os.path.abspath(options.build), options.work, options.kafka, proxied, int(port), options.broker)
        self.points = points.of_source(home)
        self.sources = ("file", "kafka") if options.kafka else ("file",)
        self.lock = threading.Lock()
        self.runs = collections.Counter()
        self.missed = collections.Counter()
        self.passed = set()
        self.differences = []
        self.started = self.deadline = time.monotonic()
        self.proxy_lock = threading.Lock()
        self.broker = threading.Condition() # a broker that restarts is nobody else's
        self.users = 0
        self.alone = False

    # --- what can be done ---

    def prepare(self, slots):
        self.workloads = [Workload(self.setup, number, settings)
                          for number, settings in enumerate(WORKLOADS[:1] if self.options.quick else WORKLOADS)]
        work = queue.Queue()
        for workload in self.workloads:
            for source in self.sources:
                work.put((workload, source))
        self.in_parallel(slots, work, lambda slot, item: make_base(slot, *item, random.Random(1)))
        work = queue.Queue()
        for workload in self.workloads[:1] if self.options.quick else self.workloads:
            for source in self.sources:
                for mode in points.MODES:
                    if mode != "storm" or source == "kafka":
                        work.put((workload, source, mode))
        self.in_parallel(slots, work, self.scout)

    def scout(self, slot, item):
        workload, source, mode = item
        wanted = {name for name in self.points if points.modes_of(name) == (mode,) and source in points.sources_of(name)}
        trace = {}
        for attempt in range(ATTEMPTS): # a rebalance or a lost tail may come a moment too late on a busy machine
            trace |= Run(slot, workload, source, mode, random.Random(attempt)).scout()
            slot.finish()
            if wanted <= trace.keys():
                break
        workload.base[source]["trace"][mode] = trace
        with self.lock:
            self.passed |= set(trace)

    def in_parallel(self, slots, work, do):
        failures = []

        def serve(slot):
            while not failures:
                try:
                    item = work.get_nowait()
                except queue.Empty:
                    return
                try:
                    do(slot, item)
                except Exception as error: # whatever it is, it ends the preparation
                    failures.append(f"{[str(getattr(part, 'number', part)) for part in item]}: {error}")
                    if not isinstance(error, Difference):
                        traceback.print_exc()
        threads = [threading.Thread(target=serve, args=(slot,)) for slot in slots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            print(f"not ok - undisturbed: {failures[0]}")
            raise SystemExit(1)

    def jobs(self):
        """Every point with every kind and source, shuffled, again and again; scenarios among them."""
        chance = random.Random(self.options.seed)
        number = 0
        while True:
            round_ = [(name, source, kind) for name, kinds in sorted(self.points.items()) for kind in kinds
                      for source in points.sources_of(name) if source in self.sources]
            round_ += [(name, source, "outside") for name, (sources, _, need) in sorted(SCENARIOS.items())
                       for source in sources if source in self.sources and self.can(need) for _ in range(2)]
            if self.options.only:
                round_ = [item for item in round_ if self.options.only in " ".join(item)]
            if not round_:
                raise SystemExit("nothing to run: " + self.options.only)
            chance.shuffle(round_)
            for name, source, kind in round_:
                workload = chance.choice(self.workloads)
                modes = [mode for mode in points.modes_of(name) if workload.base[source]["trace"][mode].get(name)] \
                    if kind != "outside" else [""]
                if modes:
                    yield Job(number, name, source, kind, chance.choice(modes), workload)
                number += 1

    def can(self, need):
        return not need or (bool(self.setup.proxied_kafka) and not (need == "alone" and self.options.quick))

    # --- doing it ---

    def one(self, slot, job):
        chance = random.Random(f"{self.options.seed}:{job.number}")
        run = Run(slot, job.workload, job.source, job.mode, chance)
        fired, difference, nth = True, None, 0
        try:
            if job.kind == "outside":
                run_scenario(run, job.name)
            else:
                times = job.workload.base[job.source]["trace"][job.mode][job.name]
                nth = 1 if chance.random() < 0.2 else chance.randrange(1, times + 1)
                fired = run.fire(job.name, nth, job.kind)
        except Difference as error:
            difference = str(error)
        except Exception: # the harness itself: no run, but nothing to be silent about
            difference = "the harness failed: " + traceback.format_exc()
        slot.finish(keep=difference is not None)
        self.note(job, fired, difference, slot, nth)

    def note(self, job, fired, difference, slot, nth):
        key = (job.name, job.source, job.kind)
        with self.lock:
            if difference is not None:
                text = (f"{job.name}:{nth}:{job.kind}, {job.source}, {job.mode or 'outside'}, seed "
                        f"{self.options.seed}:{job.number}, workload {job.workload.number}: {difference}")
                self.differences.append(text)
                print(f"not ok - {text}\n#   kept: {slot.files}", flush=True)
            if fired or difference is not None:
                self.runs[key] += 1
            else:
                self.missed[key] += 1

    def with_broker(self, slot, job):
        need = SCENARIOS[job.name][2] if job.kind == "outside" else ""
        if job.source != "kafka":
            self.one(slot, job)
            return
        alone = need == "alone"
        with self.broker:
            self.broker.wait_for(lambda: not self.alone and (not alone or self.users == 0))
            self.alone = alone
            self.users += 1
        try:
            if need == "proxy":
                with self.proxy_lock:
                    self.one(slot, job)
            else:
                self.one(slot, job)
        finally:
            with self.broker:
                self.users -= 1
                self.alone = False if alone else self.alone
                self.broker.notify_all()

    def over(self):
        return time.monotonic() > self.deadline or sum(self.runs.values()) >= self.options.runs \
            or len(self.differences) >= self.options.differences

    def run(self):
        slots = [Slot(self.setup, number) for number in range(self.options.slots)]
        try:
            self.prepare(slots)
            print(f"# {len(self.workloads)} workloads, prepared in {time.monotonic() - self.started:.0f} s", flush=True)
            jobs = self.jobs()
            if self.options.replay:
                number = int(self.options.replay.split(":")[1])
                job = next(job for job in jobs if job.number == number)
                self.with_broker(slots[0], job)
            else:
                self.drive(slots, jobs)
        finally:
            for slot in slots:
                slot.finish(keep=True)
                slot.redis.stop()

    def drive(self, slots, jobs):
        def serve(slot):
            while not self.over():
                with self.lock:
                    job = next(jobs)
                self.with_broker(slot, job)
        now = time.monotonic() # a slow preparation leaves a third of the time
        self.deadline = max(self.started + self.options.seconds, now + self.options.seconds / 3)
        threads = [threading.Thread(target=serve, args=(slot,)) for slot in slots]
        for thread in threads:
            thread.start()
        told = now
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.2)
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"# {told - self.started:.0f} s: {sum(self.runs.values())} runs, {len(self.differences)} differences",
                      flush=True)

    # --- telling ---

    def tell(self):
        runs = sum(self.runs.values())
        never = sorted(name for name in self.points if name not in self.passed and self.wanted(name))
        if never:
            print("not ok - every fault point is passed by some run; never: " + ", ".join(never))
        elif not self.options.only:
            print(f"ok - every one of {len(self.points)} fault points is passed by some run")
        if not self.differences:
            print(f"ok - {runs} runs with a fault: state, snapshot and dead letters as without")
        print(f"# {runs} runs, {len(self.differences)} differences, {sum(self.missed.values())} whose fault was not reached, "
              f"{time.monotonic() - self.started:.0f} s")
        self.write_table()
        return runs > 0 and not self.differences and not never

    def wanted(self, name):
        return not self.options.only and any(source in self.sources for source in points.sources_of(name))

    def write_table(self):
        names = sorted({name for name, _, _ in self.runs})
        columns = [(source, kind) for source in ("file", "kafka") for kind in ("kill", "stop", "error", "outside")]
        lines = ["| | " + " | ".join(f"{source} {kind}" for source, kind in columns) + " |",
                 "|---|" + "--:|" * len(columns)]
        for name in names:
            cells = [self.runs.get((name, *column), 0) for column in columns]
            lines.append(f"| {name} | " + " | ".join(str(cell) if cell else "" for cell in cells) + " |")
        totals = [sum(count for (_, *rest), count in self.runs.items() if tuple(rest) == column) for column in columns]
        lines.append(f"| all: {sum(totals)} | " + " | ".join(str(total) for total in totals) + " |")
        with open(self.options.result + ".md", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        with open(self.options.result, "w", encoding="utf-8") as file:
            json.dump({"runs": sum(self.runs.values()), "differences": len(self.differences)}, file)
            file.write("\n")


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "work", "result"):
        parser.add_argument("--" + name, required=True)
    for name in ("kafka", "broker", "only", "replay"):
        parser.add_argument("--" + name, default="")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--runs", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slots", type=int, default=3)
    parser.add_argument("--differences", type=int, default=10, help="so many, and it ends")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    harness = Harness(options)
    harness.run()
    good = harness.tell()
    if good:
        shutil.rmtree(options.work, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
