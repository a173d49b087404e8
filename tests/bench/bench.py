#!/usr/bin/env python3
"""make bench: what each room adds to a consumer that does nothing, on a real Kafka and Redis, in one run.

The log (bench_load, made once per EVENTS and kept under BUILD/bench) goes into a topic of 8 partitions, lz4. Then each row of
the table reads all of it, TURNS times, the rows interleaved, because a shared machine has better and worse minutes: a row
is its turn of most events per second. At the end the state in Redis is compared with the Python oracle (whose answer is
kept beside the log). The last line is one JSON object. How to read it: tests/bench/README.md.

usage: bench.py BUILD EVENTS TURNS [key=value ...]        settings for nhip run, from SETTINGS
"""
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HOME = pathlib.Path(__file__).resolve().parents[2]
PARTITIONS = 8
INTERVAL = "commit.interval=800ms"  # durable at least once a second, whatever a turn takes
NOOP, JOB, JOBS = "consumer that does nothing", "everything, 1 worker", "everything, 2 workers"
STAGES = {"our source, nothing done": "none", "decode only": "decode", "decode + roll-up": "rollup"}
REFERENCE = "jansson instead of decode"


def sh(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, text=True, stdout=subprocess.PIPE, cwd=HOME, **options).stdout


def make_log(build, directory, events):
    mark, tool = directory / "made", build / "tools/bench_load"
    if mark.exists() and mark.stat().st_mtime >= tool.stat().st_mtime:
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    print(f"making {events} events in {directory} ...", flush=True)
    sh(tool, directory, events, PARTITIONS)
    mark.write_text("complete\n")


def status(path):
    try:
        return {line.split()[0]: int(line.split()[1]) for line in path.read_text().splitlines()}
    except (OSError, IndexError, ValueError):
        return {}


class Bench:
    """One broker, one Redis, one topic; every method is one process that reads the topic to its end."""

    def __init__(self, build, work, events, settings):
        self.build, self.work, self.events, self.settings = build, work, events, settings
        self.serial = 0
        self.socket = f"/tmp/nhip-bench-{os.getpid()}.sock"
        self.kafka = sh("tests/support/kafka.sh", "start", "--dir", work / "kafka", "--heap", "1g").strip()
        self.redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", str(work),
                                       "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
                                      stdout=subprocess.DEVNULL)

    def close(self):
        self.redis.terminate()
        self.redis.wait()
        sh("tests/support/kafka.sh", "stop", "--dir", self.work / "kafka")

    def chosen(self):
        self.serial += 1
        return [f"kafka.bootstrap.servers={self.kafka}", "topics=bench", "namespace=bench", INTERVAL,
                f"kafka.group.id=bench-{self.serial}-{os.getpid()}", "log.level=error", *self.settings]

    def noop(self):
        return json.loads(sh(self.build / "tools/noop_consumer", self.kafka, "bench", self.events))

    def stage(self, stage):
        return json.loads(sh(self.build / "tools/stage_speed", stage, *self.chosen()))

    def redis_cpu(self):
        info = sh("redis-cli", "-s", self.socket, "info", "cpu")
        return sum(float(line.split(":")[1]) for line in info.split() if line.startswith(("used_cpu_user:", "used_cpu_sys:")))

    def command(self, program, *settings):
        command = [self.build / program, "run", "--once"]
        for setting in [*self.chosen(), f"redis.address={self.socket}", *settings]:
            command += ["--set", setting]
        return [str(c) for c in command]

    def job(self, workers):
        """The whole job from an empty state: from the first record taken to the end, which is behind the last commit."""
        sh("redis-cli", "-s", self.socket, "flushall")
        page = self.work / f"status.{self.serial}"
        before = self.redis_cpu()
        child = subprocess.Popen(self.command("nhip", f"workers={workers}", f"status.file={page}"), cwd=HOME)
        first = None
        while True:
            pid, code, usage = os.wait4(child.pid, os.WNOHANG)
            now = time.monotonic()
            if first is None and status(page).get("delivered", 0) > 0:
                first = now
            if pid:
                child.returncode = code
                break
            time.sleep(0.002 if first is None else 0.01)
        counters = status(page)
        if code != 0 or counters["delivered"] != self.events:
            sys.exit(f"bench: nhip run ended with status {code}, {counters.get('delivered')} of {self.events} events counted")
        cpu_s = usage.ru_utime + usage.ru_stime
        return {"events_per_s": self.events / (now - first), "cpu_us": cpu_s / self.events * 1e6,
                "rss_mib": usage.ru_maxrss / 1024, "redis_share": (self.redis_cpu() - before) / cpu_s,
                "commits": counters["commits"]}

    def count_allocations(self, workers):
        """The same with a program that counts; not timed."""
        sh("redis-cli", "-s", self.socket, "flushall")
        counts = self.work / "counts.json"
        environment = dict(os.environ, NHIP_COUNT_FROM=str(self.events // 2), NHIP_COUNT_FILE=str(counts))
        subprocess.run(self.command("tools/nhip_counted", f"workers={workers}"), check=True, cwd=HOME, env=environment)
        return json.loads(counts.read_text())

    def compare(self, directory):
        """Whether Redis holds what the Python oracle, from the schemas alone, says of the same log."""
        expected, state = directory / "oracle.state", self.work / "state"
        if not expected.exists():
            print("computing the oracle's state (once per log; minutes) ...", flush=True)
            sh("python3", "tests/oracle/oracle.py", "--log", *sorted(glob.glob(str(directory / "*.ndjson"))),
               "--kafka-offsets", "--state", self.work / "oracle.state", "--counts", self.work / "oracle.counts")
            shutil.move(self.work / "oracle.state", expected)
        with open(state, "w", encoding="utf-8") as file:
            subprocess.run([self.build / "nhip", "inspect", "--state", "--set", f"redis.address={self.socket}", "--set",
                            "namespace=bench", "--set", "topics=bench"], check=True, stdout=file, cwd=HOME)
        done = subprocess.run(["python3", "tests/oracle/compare_state.py", state, expected], cwd=HOME, check=False)
        return done.returncode == 0


def measure(bench, turns):
    """{row: the turn with most events per second}; the ratio is to the consumer that does nothing in the same turn."""
    best = {}
    for turn in range(turns):
        print(f"turn {turn + 1} of {turns} ...", flush=True)
        rows = {NOOP: bench.noop()}
        rows |= {name: bench.stage(stage) for name, stage in STAGES.items()}
        rows |= {JOB: bench.job(1), JOBS: bench.job(2)}
        if turn == 0:
            rows[REFERENCE] = bench.stage("reference")
        for name, row in rows.items():
            row["ratio"] = row["cpu_us"] / rows[NOOP]["cpu_us"]
            if name not in best or row["events_per_s"] > best[name]["events_per_s"]:
                best[name] = row
    return best


def per_event(row, key):
    return row[key] / row["half"] if "half" in row else None


def print_table(best):
    def figure(value, form, width):
        return f"{value:{form}}".rjust(width) if value is not None else "-".rjust(width)

    print(f"\n  {'':<28}{'events/s':>12}{'CPU us/ev':>11}{'x nothing':>11}{'RSS MiB':>9}{'Redis CPU':>11}{'allocs/ev':>11}"
          f"{'growth/ev':>11}")
    for name, row in best.items():
        print(f"  {name:<28}" + figure(row["events_per_s"], ",.0f", 12) + figure(row["cpu_us"], ".3f", 11) +
              figure(row["ratio"], ".2f", 11) + figure(row["rss_mib"], ".0f", 9) +
              figure(row.get("redis_share"), ".1%", 11) + figure(per_event(row, "allocations"), ".4f", 11) +
              figure(per_event(row, "growth"), ".4f", 11), flush=True)


def summary(events, best, equal):
    job = max(best[JOB], best[JOBS], key=lambda row: row["events_per_s"])
    line = {"events": events, "events_per_s": round(job["events_per_s"]),
            "noop_events_per_s": round(best[NOOP]["events_per_s"]), "cpu_us": round(job["cpu_us"], 3),
            "noop_cpu_us": best[NOOP]["cpu_us"], "cpu_ratio": round(job["ratio"], 2), "rss_mib": round(job["rss_mib"]),
            "redis_cpu_share": round(job["redis_share"], 3), "allocs_per_event": per_event(job, "allocations"),
            "growth_per_event": round(per_event(job, "growth"), 6), "commits": job["commits"], "equal": equal}
    line["rows"] = {name: {key: round(row[key], 3) for key in ("events_per_s", "cpu_us", "ratio", "rss_mib", "redis_share")
                           if key in row} for name, row in best.items()}
    return json.dumps(line)


def main():
    build, events, turns, settings = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    directory, work = build / f"bench/log-{events}", build / "bench/work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    make_log(build, directory, events)
    bench = Bench(build, work, events, settings)
    try:
        print(f"producing into Kafka at {bench.kafka} ...", flush=True)
        sh(build / "tools/produce", bench.kafka, "", PARTITIONS, *sorted(glob.glob(str(directory / "*.ndjson"))))
        best = measure(bench, turns)
        best[JOB] |= bench.count_allocations(1)
        best[JOBS] |= bench.count_allocations(2)
        print_table(best)
        equal = bench.compare(directory)
        print("\nresult equals the oracle" if equal else "\nRESULT DIFFERS FROM THE ORACLE", flush=True)
    finally:
        bench.close()
    print(summary(events, best, equal))
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
