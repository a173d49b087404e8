#!/usr/bin/env python3
"""make bench: the whole job beside a consumer that does nothing, on a real Kafka and Redis, in one run; the last line
is one JSON object.

Steps: log (made once per EVENTS, kept under BUILD/bench) -> topic `bench` with 8 partitions, lz4 -> noop consumer,
whole job, noop consumer, whole job
(the better of two each: the machine is shared) -> state compared with the Python oracle (its answer is kept beside the log).

events_per_s counts from the first record taken to the last commit confirmed; CPU is user + system of our process only
(Redis and the broker apart);
redis_cpu_share = Redis' CPU / ours.

usage: bench.py BUILD EVENTS
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


def sh(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, text=True, stdout=subprocess.PIPE, cwd=HOME, **options).stdout


def make_log(build, directory, events):
    mark = directory / "made"
    if mark.exists():
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    print(f"making {events} events in {directory} ...", flush=True)
    sh(build / "tools/bench_load", directory, events, PARTITIONS)
    mark.write_text("complete\n")


def status(path):
    try:
        return {line.split()[0]: int(line.split()[1]) for line in path.read_text().splitlines()}
    except (OSError, IndexError, ValueError):
        return {}


def redis_cpu(socket):
    info = sh("redis-cli", "-s", socket, "info", "cpu")
    return sum(float(line.split(":")[1]) for line in info.split() if line.startswith(("used_cpu_user:", "used_cpu_sys:")))


def run_job(build, kafka, socket, work, turn, settings):
    """One run of the whole job from an empty state; returns seconds, CPU, memory."""
    sh("redis-cli", "-s", socket, "flushall")
    page = work / f"status.{turn}"
    chosen = {"redis.address": socket, "kafka.bootstrap.servers": kafka, "topics": "bench", "namespace": "bench",
              "kafka.group.id": f"bench-{turn}-{os.getpid()}", "status.file": page, "log.level": "error",
              "commit.interval": "800ms"}  # durable at least once a second, whatever a turn takes
    command = [build / "nhip", "run", "--once"]
    for key, value in chosen.items():
        command += ["--set", f"{key}={value}"]
    before = redis_cpu(socket)
    child = subprocess.Popen([str(c) for c in command + settings], cwd=HOME)
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
    if code != 0:
        sys.exit(f"bench: nhip run ended with status {code}")
    counters = status(page)
    return {"seconds": now - first, "cpu_s": usage.ru_utime + usage.ru_stime, "rss_mib": usage.ru_maxrss / 1024,
            "events": counters["delivered"], "commits": counters["commits"], "redis_cpu_s": redis_cpu(socket) - before}


def oracle(directory, work):
    """The oracle's state of this log; minutes, so it is kept beside it."""
    out = directory / "oracle.state"
    if not out.exists():
        print("computing the oracle's state (once per log) ...", flush=True)
        sh("python3", "tests/oracle/oracle.py", "--log", *sorted(glob.glob(str(directory / "*.ndjson"))),
           "--kafka-offsets", "--state", work / "oracle.state", "--counts", work / "oracle.counts")
        shutil.move(work / "oracle.state", out)
    return out


def compare(build, socket, directory, work):
    state = work / "state"
    with open(state, "w", encoding="utf-8") as file:
        subprocess.run([build / "nhip", "inspect", "--state", "--set", f"redis.address={socket}", "--set", "namespace=bench",
                        "--set", "topics=bench"], check=True, stdout=file, cwd=HOME)
    done = subprocess.run(["python3", "tests/oracle/compare_state.py", state, oracle(directory, work)], cwd=HOME, check=False)
    return done.returncode == 0


def row(name, events, seconds, cpu_s, rss_mib, redis_s):
    redis = f"{redis_s / cpu_s * 100:6.1f} %" if redis_s is not None else "       -"
    print(f"  {name:<28} {events / seconds:>12,.0f} {cpu_s / events * 1e6:>10.3f} {rss_mib:>9.0f} {redis}", flush=True)


def measure(build, kafka, socket, work, events, settings):
    noops, jobs = [], []
    print(f"\n  {'':<28} {'events/s':>12} {'CPU us/ev':>10} {'RSS MiB':>9} {'Redis CPU':>8}")
    for turn in range(2):
        noop = json.loads(sh(build / "tools/noop_consumer", kafka, "bench", events))
        noops.append(noop)
        row("consumer that does nothing", events, noop["seconds"], noop["cpu_us"] * events / 1e6, noop["rss_mib"], None)
        job = run_job(build, kafka, socket, work, turn, settings)
        jobs.append(job)
        row("the whole job", job["events"], job["seconds"], job["cpu_s"], job["rss_mib"], job["redis_cpu_s"])
        if job["events"] != events:
            sys.exit(f"bench: {job['events']} of {events} events counted")
    return min(noops, key=lambda n: n["seconds"]), min(jobs, key=lambda j: j["seconds"])


def main():
    build, events = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    settings = [part for text in sys.argv[3:] for part in ("--set", text)]
    directory, work = build / f"bench/log-{events}", build / "bench/work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    make_log(build, directory, events)
    speed = sh(build / "tools/pipeline_speed", directory / "bench-0.ndjson")
    print(speed, end="", flush=True)
    allocs = float(speed.split("allocations per event:")[1].split()[0])
    kafka = sh("tests/support/kafka.sh", "start", "--dir", work / "kafka", "--heap", "1g").strip()
    socket = f"/tmp/nhip-bench-{os.getpid()}.sock"
    redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--dir", str(work),
                             "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"], stdout=subprocess.DEVNULL)
    try:
        print(f"producing into Kafka at {kafka} ...", flush=True)
        sh(build / "tools/produce", kafka, "", PARTITIONS, *sorted(glob.glob(str(directory / "*.ndjson"))))
        noop, job = measure(build, kafka, socket, work, events, settings)
        equal = compare(build, socket, directory, work)
        print("\nresult equals the oracle" if equal else "\nRESULT DIFFERS FROM THE ORACLE", flush=True)
    finally:
        redis.terminate()
        redis.wait()
        sh("tests/support/kafka.sh", "stop", "--dir", work / "kafka")
    print(json.dumps({
        "events": events, "events_per_s": round(job["events"] / job["seconds"]),
        "noop_events_per_s": round(events / noop["seconds"]), "cpu_us": round(job["cpu_s"] / events * 1e6, 3),
        "noop_cpu_us": noop["cpu_us"], "rss_mib": round(job["rss_mib"]),
        "redis_cpu_share": round(job["redis_cpu_s"] / job["cpu_s"], 3), "allocs_per_event": allocs,
        "commits": job["commits"], "equal": equal}))
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
