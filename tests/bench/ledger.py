#!/usr/bin/env python3
"""What a snapshot costs by the size of the ledger: a private Redis is filled by tools/fill_ledger, then nhip snapshot runs.

    tests/bench/ledger.py BUILD [UNITS [DAYS [CELLS [PARTITIONS]]]]     # 20,000 units x 400 days x 3 cells a day = 24 M

A row for each run: wall clock, CPU of nhip and of Redis, and the greatest resident memory of nhip. Raw figures stand beside
published ones: the difference is disclosure control. "cold" writes the folds, "warm" reads them. Redis and nhip share the
machine.
"""
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PERIODS = ["2021-09", "2021-Q3", "2021"]


def ask(socket, *words):
    return subprocess.run(["redis-cli", "-s", socket, *words], check=True, capture_output=True, text=True).stdout


def redis_start(work):
    socket = f"{work}/redis.sock"
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--dir", work, "--save", "",
                               "--appendonly", "no", "--maxmemory-policy", "noeviction", "--loglevel", "warning"])
    for _ in range(200):
        if subprocess.run(["redis-cli", "-s", socket, "ping"], capture_output=True, check=False).stdout == b"PONG\n":
            return server, socket
        time.sleep(0.05)
    sys.exit("redis-server did not start")


def info(socket, section, name):
    lines = ask(socket, "info", section).splitlines()
    return float(next(line.split(":")[1] for line in lines if line.startswith(name + ":")))


def run(label, command, socket, cells):
    before = info(socket, "cpu", "used_cpu_user") + info(socket, "cpu", "used_cpu_sys")
    started = time.monotonic()
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    redis = info(socket, "cpu", "used_cpu_user") + info(socket, "cpu", "used_cpu_sys") - before
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {child.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{label:28} {wall:7.1f} s wall  {cpu:6.1f} s CPU  {redis:5.1f} s Redis  {usage.ru_maxrss / 1024:6.0f} MiB  "
          f"{cpu / cells * 1e6:5.2f} us/cell  {usage.ru_maxrss * 1024 / cells:5.1f} bytes/cell", flush=True)


def folds_of(directory):
    return [os.path.join(path, name) for path, _, names in os.walk(directory) for name in names]


def main():
    build = sys.argv[1]
    units, days, per_day, partitions = (int(x) for x in sys.argv[2:] + ["20000", "400", "3", "8"][len(sys.argv) - 2:])
    with tempfile.TemporaryDirectory(prefix="nhip-ledger-") as work:
        server, socket = redis_start(work)
        try:
            said = subprocess.run([f"{build}/tools/fill_ledger", socket, "full", str(units), str(days), str(per_day),
                                   str(partitions)], check=True, capture_output=True, text=True).stdout
            cells = int(said.split()[0])
            with open(f"{work}/sources.json", "w", encoding="ascii") as file:
                file.write('{"PSP1": {"success_at": "FIRST", "records_cash": true}}')
            held, resident = (info(socket, "memory", name) / 2**20 for name in ("used_memory", "used_memory_rss"))
            print(f"{units} units, {days} days, {cells} cells, {partitions} partitions; Redis holds {held:.0f} MiB, "
                  f"{resident:.0f} resident", flush=True)
            common = [f"{build}/nhip", "snapshot", "--quiet", "--set", "namespace=full", "--set", f"redis.address={socket}",
                      "--set", f"sources.file={work}/sources.json", "--set", "log.level=error"]
            folds = ["--set", f"snapshot.folds={work}/folds", "--period", "2021-09"]
            run("2021-09, published, cold", common + folds + ["--dir", f"{work}/cold"], socket, cells)
            run("2021-09, published, warm", common + folds + ["--dir", f"{work}/warm"], socket, cells)
            run("2021-09, raw, warm", common + folds + ["--dir", f"{work}/raw", "--raw"], socket, cells)
            files = [os.path.getsize(path) for path in folds_of(f"{work}/folds")]
            print(f"{len(files)} folds, {sum(files) / 2**20:.0f} MiB, {sum(files) / cells:.1f} bytes/cell", flush=True)
            for period in PERIODS:
                run(f"{period}, raw", common + ["--period", period, "--dir", f"{work}/{period}", "--raw"], socket, cells)
                run(f"{period}, published", common + ["--period", period, "--dir", f"{work}/{period}"], socket, cells)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
