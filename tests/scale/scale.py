"""The scenario of tests/scale.sh: see there. Prints TAP lines, a table of stalls, and in soak mode a table of memory; exit 1 when
a claim does not hold."""
import argparse
import filecmp
import os
import random
import re
import shutil
import sys
import tempfile
import time

from fleet import Brokers, Fleet, Redis, output, wait_until
from watch import Health, Progress

STREAMS = ("payments", "orders", "rides")  # these never pause under load
INSTANCES = ("one", "two", "three")
STALL_MAX_S = 15
SETTLE_S = 4
MOVES_MAX_S = 180


class Claims:
    def __init__(self):
        self.failed = 0

    def check(self, claim, holds):
        print(("ok - " if holds else "not ok - ") + claim, flush=True)
        self.failed += not holds


class Scene:
    """Everything that runs, and what can be done to it. Each fault returns when all is as before."""

    def __init__(self, options, work):
        self.options, self.work = options, work
        options.nhip = shutil.copy(options.nhip, work)  # a build beside us changes nothing
        self.brokers = Brokers(os.path.join(work, "kafka"), 3, options.heap)
        self.redis = Redis(os.path.join(work, "redis"))
        settings = {"namespace": "n", "sources.file": os.path.join(work, "sources.json"), "log.level": "info",
                    "commit.interval": "200ms", "redis.timeout": "2s", "kafka.session.timeout.ms": 6000,
                    "kafka.heartbeat.interval.ms": 1500, "kafka.group.id": "scale", "window.records": options.window,
                    "cells.max": options.cells}
        self.fleet = Fleet(options.nhip, work, self.brokers, self.redis, settings)
        output(options.nhip, "generate", "--seed", str(options.seed), "--events", "10", "--output", os.path.join(work, "sample"),
               "--sources", os.path.join(work, "sources.json"))
        self.rows, self.progress, self.health = [], None, None

    def begin(self):
        seconds = max(self.options.minutes * 60, 900) + 600
        self.fleet.generate(self.options.rate, self.options.rate * seconds, self.options.partitions, self.options.seed)
        wait_until(60, "the load reaches Kafka", lambda: len(self.brokers.replicas()) >= 5 * self.options.partitions)
        for name in INSTANCES:
            self.fleet.start(name)
        self.progress = Progress(self.redis.ports, "n")
        self.progress.start()
        self.health = Health(lambda: {name: p.pid for name, p in self.fleet.instances.items() if p.poll() is None})
        self.health.start()
        wait_until(90, "every partition moves", lambda: len(self.progress.reached()) >= 4 * self.options.partitions)
        time.sleep(self.options.warm)

    def kafka_whole(self):
        """All replicas of all partitions are in sync: the next broker may go."""
        isr = self.brokers.replicas()
        return len(isr) > 0 and min(isr.values()) == 3

    # --- faults ---

    def kill_primary(self, port):
        replica = self.redis.replica_of(port)
        self.redis.kill(port)
        wait_until(30, f"{replica} takes over from {port}", lambda: self.redis.is_primary(replica))
        time.sleep(2)
        self.redis.start(port)
        wait_until(60, "the cluster is whole", self.redis.whole)

    def kill_replica(self, port):
        self.redis.kill(port)
        time.sleep(SETTLE_S)
        self.redis.start(port)
        wait_until(60, "the cluster is whole", self.redis.whole)

    def kill_broker(self, node):
        self.brokers.kill(node)
        time.sleep(12)
        self.brokers.start(node)
        wait_until(120, "all replicas are in sync", self.kafka_whole)

    def kill_instance(self, name):
        self.fleet.kill(name)
        time.sleep(10)  # longer than the session: the others take over
        self.fleet.start(name)
        time.sleep(SETTLE_S)

    def kill_and_restart_instance(self, name):
        self.fleet.kill(name)
        self.fleet.start(name)
        time.sleep(SETTLE_S)

    def restart_instance(self, name):
        if self.fleet.leave(name) != 0:
            raise RuntimeError(f"instance {name} did not leave well: see its log")
        self.fleet.start(name)
        time.sleep(SETTLE_S)

    def restart_broker(self, node):
        self.brokers.stop(node)
        self.brokers.start(node)
        wait_until(120, "all replicas are in sync", self.kafka_whole)

    def restart_node(self, port):
        self.redis.restart(port)
        wait_until(60, "the cluster is whole", self.redis.whole)

    def do(self, what, fault, *arguments):
        since = time.monotonic()
        fault(*arguments)
        time.sleep(SETTLE_S)
        until = time.monotonic()
        # As an operator waits for window_rebuilt before he goes on; a stall that lasts is counted as long as it is.
        end = until + MOVES_MAX_S
        while not self.progress.moves(STREAMS, until) and time.monotonic() < end:
            time.sleep(0.1)
        until = time.monotonic()
        stall, whose = self.progress.stall(STREAMS, since, until)
        self.rows.append((what, until - since, stall, whose, self.progress.rate(since, until), os.getloadavg()[0]))
        if self.fleet.dead():
            raise RuntimeError(f"after \"{what}\" {self.fleet.dead()} ended by itself: see the log")
        if self.fleet.load.failed:
            raise RuntimeError(f"after \"{what}\" the generator has ended: see generate.log")
        print(f"# {what}: stall {stall:.1f} s ({whose}), over after {until - since:.0f} s", flush=True)

    # --- the two scenarios ---

    def every_kill(self):
        for number in range(3):
            port = self.redis.primaries()[number]
            self.do(f"kill -9 of Redis primary {number + 1}", self.kill_primary, port)
        for port in [port for port in self.redis.ports if not self.redis.is_primary(port)]:
            self.do(f"kill -9 of Redis replica {self.redis.ports.index(port) + 1}", self.kill_replica, port)
        controller = self.brokers.controller()
        for node in sorted(self.brokers.nodes, key=lambda node: node == controller):
            controller = self.brokers.controller()
            self.do(f"kill -9 of broker {node}{', the controller' if node == controller else ''}", self.kill_broker, node)
        controller = self.brokers.controller()
        self.do(f"kill -9 of broker {controller}, the controller", self.kill_broker, controller)
        for name in INSTANCES:
            self.do(f"kill -9 of instance {name}, away 10 s", self.kill_instance, name)
        self.do("kill -9 of instance two, back at once", self.kill_and_restart_instance, "two")

    def rolling_restart(self):
        for name in INSTANCES:
            self.do(f"rolling: instance {name}", self.restart_instance, name)
        for port in self.redis.ports:
            self.do(f"rolling: Redis node {self.redis.ports.index(port) + 1}", self.restart_node, port)
        for node in self.brokers.nodes:
            self.do(f"rolling: broker {node}", self.restart_broker, node)

    def random_fault(self, chance):
        """Instance one is spared: its memory and descriptors are those that must stay flat over the whole time."""
        kind = chance.choice(
            ["primary", "replica", "broker", "instance", "instance back", "upgrade", "Redis node", "broker stop"])
        port, node, name = chance.choice(self.redis.ports), chance.choice(self.brokers.nodes), chance.choice(INSTANCES[1:])
        if kind == "primary":
            self.do("kill -9 of a Redis primary", self.kill_primary, chance.choice(self.redis.primaries()))
        elif kind == "replica":
            self.do("kill -9 of a Redis replica", self.kill_replica,
                    chance.choice([port for port in self.redis.ports if not self.redis.is_primary(port)]))
        elif kind == "broker":
            leads = node == self.brokers.controller()
            self.do("kill -9 of the controller" if leads else "kill -9 of a broker", self.kill_broker, node)
        elif kind == "instance":
            self.do("kill -9 of an instance, away 10 s", self.kill_instance, name)
        elif kind == "instance back":
            self.do("kill -9 of an instance, back at once", self.kill_and_restart_instance, name)
        elif kind == "upgrade":
            self.do("restart of an instance", self.restart_instance, name)
        elif kind == "Redis node":
            self.do("restart of a Redis node", self.restart_node, port)
        else:
            self.do("restart of a broker", self.restart_broker, node)

    def soak(self):
        chance, began = random.Random(self.options.seed), time.monotonic()
        while time.monotonic() - began < self.options.minutes * 60:
            due = time.monotonic() + self.options.every
            self.random_fault(chance)
            time.sleep(max(0, due - time.monotonic()))

    # --- the end ---

    def finish(self, claims):
        """The load ends, the lag goes to zero, and the state is that of one undisturbed run."""
        self.fleet.load.end()
        if self.fleet.load.again:
            print(f"# the generator lost its sequence {self.fleet.load.again} times and went on with another seed")
        ended = time.monotonic()
        alone = os.path.join(self.work, "alone.sock")
        output("redis-server", "--port", "0", "--unixsocket", alone, "--dir", self.work, "--save", "", "--daemonize", "yes",
               "--pidfile", os.path.join(self.work, "alone.pid"), "--maxmemory-policy", "noeviction")
        claims.check("an undisturbed run on a single Redis reads the same log", self.fleet.once(alone) == 0)
        vectors = [os.path.join(self.work, name) for name in ("alone.offsets", "offsets")]
        states = [os.path.join(self.work, name) for name in ("alone.state", "state")]
        self.fleet.inspect(alone, "--offsets", vectors[0])

        def caught_up():
            self.fleet.inspect(self.redis.addresses, "--offsets", vectors[1])
            return filecmp.cmp(*vectors, shallow=False)

        wait_until(120, "lag 0", caught_up)
        last = max(growths[-1][0] for growths in self.progress.growths.values())
        self.progress.end()
        self.health.end()
        claims.check(f"lag returns to 0 ({max(0, last - ended):.1f} s after the last event was sent)", True)
        for name in INSTANCES:
            claims.check(f"instance {name} leaves with exit 0", self.fleet.leave(name) == 0)
        self.fleet.inspect(alone, "--state", states[0])
        self.fleet.inspect(self.redis.addresses, "--state", states[1])
        with open(vectors[0]) as file:
            total = sum(int(number) for number in re.findall(r"=(\d+)", file.read()))
        claims.check(f"identical state after {total} events ({os.path.getsize(states[0]) >> 10} KiB of it)",
                     os.path.getsize(states[0]) > 10000 and filecmp.cmp(*states, shallow=False))


# --- tables ---

def tell_stalls(scene, claims):
    print("#\n# what happened                                    over after   longest stall   events/s   load")
    for what, seconds, stall, _, rate, load in scene.rows:
        print(f"# {what:<48} {seconds:>7.0f} s {stall:>11.1f} s {rate:>12.0f} {load:>6.1f}")
    worst = max(scene.rows, key=lambda row: row[2])
    claims.check(f"no partition stood still for {STALL_MAX_S} s in {len(scene.rows)} events (the longest: {worst[2]:.1f} s, "
                 f"{worst[0]})", worst[2] < STALL_MAX_S)


def tell_takeovers(scene):
    """From the logs of the instances: what window_rebuilt says."""
    figures = []
    for name in INSTANCES:
        with open(os.path.join(scene.work, f"{name}.log"), errors="replace") as log:
            figures += [tuple(map(int, found)) for found in
                        re.findall(r"event=window_rebuilt .* events=(\d+) .*claim_ms=(\d+) takeover_ms=(\d+)", log.read())]
    if figures:
        events, claims, times = ([row[at] for row in figures] for at in range(3))
        times.sort()
        print(f"# takeovers: {len(figures)}, of windows of up to {max(events)} events; claim at most {max(claims)} ms; claim and "
              f"window: median {times[len(times) // 2]} ms, largest {times[-1]} ms")


def tell_health(scene, claims):
    print("#\n# instance   figure        first     max    last   2nd quarter   last quarter")
    flat = True
    for name in INSTANCES:
        for field, what in ((1, "RSS MiB"), (2, "descriptors")):
            row = scene.health.figures(name, field)
            if row is None:
                continue
            print(f"# {name:<10} {what:<12} {row['first']:>6} {row['max']:>7} {row['last']:>7} {row['early']:>13} "
                  f"{row['late']:>14}")
            if name == INSTANCES[0]:
                flat = flat and row["late"] <= row["early"] * 1.1 + 8
    claims.check("memory and descriptors of the instance that lived through all of it are flat", flat)


def run(options, work):
    claims, scene = Claims(), None
    try:
        scene = Scene(options, work)
        claims.check("3 brokers, a Redis Cluster of 3 shards with replicas, 3 instances", True)
        scene.begin()
        if options.soak:
            scene.soak()
        else:
            scene.every_kill()
            scene.rolling_restart()
        scene.finish(claims)
    except RuntimeError as error:
        claims.check(str(error), False)
    finally:
        if scene is not None:
            scene.fleet.end()
            scene.brokers.end()
            scene.redis.end()
            stop_alone(work)
    if scene is not None and scene.rows:
        tell_stalls(scene, claims)
        tell_takeovers(scene)
        if options.soak:
            tell_health(scene, claims)
    return claims.failed


def stop_alone(work):
    path = os.path.join(work, "alone.pid")
    if os.path.exists(path):
        with open(path) as file:
            os.kill(int(file.read()), 9)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nhip")
    parser.add_argument("--soak", action="store_true")
    for name, value in (("minutes", 0), ("every", 30), ("rate", 20000), ("partitions", 4), ("seed", 7), ("window", 524288),
                        ("cells", 2000000), ("warm", 10)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--heap", default="320m")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    work = tempfile.mkdtemp(prefix="nhip-scale-")
    failed = run(options, work)
    if options.keep or failed:
        print(f"# kept: {work}")
    else:
        shutil.rmtree(work)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
