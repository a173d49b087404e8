#!/usr/bin/env python3
"""What looking costs: nhip run reads a log as fast as it can, and 0, 1 or 50 viewers have the live page's events open meanwhile;
and what stream.topic costs, in a run of its own without viewers.

For each of them, TURNS times, interleaved: events per second of the whole run, the CPU of the process per event, and the CPU of
the threads that only work for viewers (the endpoint's and the live page's) as a share of one core. Viewers read and throw away;
they run here, on the same cores. Nothing is judged: the machine is shared, so take the ratios. The last line is JSON.

usage: viewers.py BUILD [EVENTS] [TURNS]          KAFKA=host:port, else a broker is started"""
import json
import os
import pathlib
import re
import resource
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parents[2]
BUILD = HOME / sys.argv[1]
EVENTS = int(sys.argv[2]) if len(sys.argv) > 2 else 2000000
TURNS = int(sys.argv[3]) if len(sys.argv) > 3 else 3
VIEWERS = (0, 1, 50, "stream")  # the last: no viewers, stream.topic
NICE = 10  # the endpoint's thread and the live page's, and no others, have it


def sh(*command):
    return subprocess.run([str(c) for c in command], check=True, text=True, stdout=subprocess.PIPE, cwd=HOME).stdout


def threads(pid):
    """CPU seconds of the threads that work for viewers; of the nanoseconds that the scheduler counts, not of ticks."""
    used = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            nice = int((task / "stat").read_text().rsplit(")", 1)[1].split()[16])
            if nice == NICE:
                used += int((task / "schedstat").read_text().split()[0]) / 1e9
        except OSError:
            continue
    return used


def port_of(log):
    for _ in range(400):
        found = re.search(r"event=http_listening .*port=(\d+)", log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.02)
    sys.exit("viewers: no endpoint")


def topics(work):
    return ",".join(f"{work.name}-{name}" for name in ("registry", "payments", "orders", "rides", "websites"))


def run(work, kafka, redis, viewers, serial):
    sh("redis-cli", "-s", redis, "flushall")
    log = work / "run.log"
    settings = [f"kafka.bootstrap.servers={kafka}", f"redis.address={redis}", f"topics={topics(work)}", "http.listen=127.0.0.1:0",
                f"sources.file={work / 'sources.json'}", f"namespace=n{serial}", f"kafka.group.id={work.name}-{serial}",
                "commit.interval=800ms", "log.level=info"]
    if viewers == "stream":
        settings.append(f"stream.topic={work.name}-stream-{serial}")
        viewers = 0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(BUILD / "nhip"), "run", "--once"]
    for setting in settings:
        command += ["--set", setting]
    with open(log, "w", encoding="utf-8") as errors:
        child = subprocess.Popen(command, stderr=errors, cwd=HOME)
    port = port_of(log)
    began, peers, received, used = time.monotonic(), [], 0, 0
    for _ in range(viewers):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        peers.append(peer)
    while child.poll() is None:
        used = max(used, threads(child.pid))  # threads end one by one
        for peer in select.select(peers, [], [], 0.1)[0] if peers else (time.sleep(0.1) or ()):
            received += len(peer.recv(1 << 16))
    took = time.monotonic() - began
    for peer in peers:
        peer.close()
    if child.returncode != 0:
        sys.exit(f"viewers: nhip run ended with {child.returncode}: {log.read_text()[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"events_per_s": EVENTS / took, "cpu_us_per_event": cpu / EVENTS * 1e6,
            "core_percent": used / took * 100, "mib": received / 1048576, "seconds": took}


def tell(results):
    rows = {}
    print(f"{'viewers':>8} {'events/s, median':>17} {'of those without':>17} {'CPU µs/event':>13} {'of that without':>16} "
          f"{'their threads, % of a core':>27} {'MiB sent':>9}")
    for viewers in VIEWERS:
        some = results[viewers]
        rows[viewers] = {name: statistics.median(result[name] for result in some) for name in some[0]}
        share = rows[viewers]["events_per_s"] / rows[0]["events_per_s"]
        cpu = rows[viewers]["cpu_us_per_event"]
        print(f"{viewers:>8} {rows[viewers]['events_per_s']:17,.0f} {share:17.3f} {cpu:13.3f} "
              f"{cpu / rows[0]['cpu_us_per_event']:16.3f} {rows[viewers]['core_percent']:27.2f} "
              f"{rows[viewers]['mib']:9.1f}")
    print(json.dumps({"events": EVENTS, "turns": TURNS, "rows": rows, "all": results}))


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="nhip-viewers-"))
    own = "KAFKA" not in os.environ
    kafka = sh("tests/support/kafka.sh", "start", "--dir", work / "kafka").strip() if own else os.environ["KAFKA"]
    redis = str(work / "redis.sock")
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", redis, "--dir", str(work), "--save", ""],
                              stdout=subprocess.DEVNULL)
    try:
        print(f"making {EVENTS} events ...", flush=True)
        sh(BUILD / "nhip", "generate", "--seed", 7, "--events", EVENTS, "--kafka", kafka, "--partitions", 2, "--prefix",
           work.name + "-", "--sources", work / "sources.json", "--truth", work / "truth.json")
        results = {viewers: [] for viewers in VIEWERS}
        for turn in range(TURNS):
            for i, viewers in enumerate(VIEWERS):
                results[viewers].append(run(work, kafka, redis, viewers, turn * len(VIEWERS) + i))
        tell(results)
    finally:
        server.terminate()
        server.wait()
        if own:
            sh("tests/support/kafka.sh", "stop", "--dir", work / "kafka")
        shutil.rmtree(work, ignore_errors=True)


main()
