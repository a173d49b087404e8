"""Faults that come from outside: each scenario lets nhip work under one, has the work done without it, and compares."""
import glob
import os
import signal
import subprocess
import time

from proxy import Proxy
from rig import Difference, tail

SLOW = "rate.limit=5000"


def zombie(run):
    """SIGSTOP at any moment; a successor takes over; the zombie wakes while it works, or later."""
    slot, draw = run.slot, run.random
    child = slot.spawn(slot.run_command([SLOW]))
    time.sleep(draw.uniform(0.05, 1.0))
    child.signal(signal.SIGSTOP)
    other = slot.spawn(slot.run_command([SLOW]), log="other.log")
    time.sleep(draw.uniform(0.0, 0.8))
    child.signal(signal.SIGCONT)
    other.judge(other.wait())
    child.end(1.0)


def storm(run):
    """Members join and leave every second, politely and not."""
    slot, draw = run.slot, run.random
    members = []
    for turn in range(5):
        members.append(slot.spawn(slot.run_command(["rate.limit=700"], once=False, member=""), log=f"member{turn}.log"))
        time.sleep(draw.uniform(0.3, 1.0))
        if turn > 1 and draw.random() < 0.7:
            leaver = members.pop(draw.randrange(len(members)))
            leaver.kill() if draw.random() < 0.5 else leaver.end(0)
    for member in members:
        member.end(0.1)


def interrupted(run, interrupt, seconds=(0.05, 0.8)):
    """nhip works; `interrupt` happens; it works on, or ends and is started again."""
    child = run.slot.spawn(run.slot.run_command([SLOW]))
    time.sleep(run.random.uniform(*seconds))
    interrupt()
    status = child.wait(40)
    if status is None:
        raise Difference("does not end after the interruption: " + tail(child.log))
    child.judge(status)
    return status


def redis_restart(run):
    """Redis with AOF everysec is ended in order and comes back."""
    run.slot.redis.wipe(aof=True)

    def restart():
        run.slot.redis.stop(signal.SIGTERM)
        time.sleep(run.random.uniform(0, 0.3))
        run.slot.redis.start(aof=True)
    interrupted(run, restart)


def redis_killed(run):
    """kill -9 of Redis with AOF everysec: what was not written is lost."""
    run.slot.redis.wipe(aof=True)

    def kill():
        run.slot.redis.stop()
        run.slot.redis.start(aof=True)
    interrupted(run, kill)


def aof_truncated(run):
    """kill -9, and the end of the AOF is gone, at any byte."""
    run.slot.redis.wipe(aof=True)

    def truncate():
        run.slot.redis.stop()
        files = glob.glob(os.path.join(run.slot.directory, "appendonlydir", "*.incr.aof"))
        size = os.path.getsize(files[-1])
        lost = run.random.randrange(1, 3000) if run.random.random() < 0.7 else run.random.randrange(1, size + 1)
        os.truncate(files[-1], max(0, size - lost))
        run.slot.redis.start(aof=True)
    status = interrupted(run, truncate)
    if status == 3 and b"accept-empty" in read(run.slot.path("run.log")):
        accept_empty(run) # the cut went back to before the first claim


def read(path):
    with open(path, "rb") as file:
        return file.read()


def accept_empty(run):
    """Nothing is begun anew without a person's word."""
    slot = run.slot
    command = slot.run_command(["rate.limit=0"])
    status = slot.call(command, log="refused.log")
    if run.source == "kafka" and status == 3 and b"--accept-empty" not in read(slot.path("refused.log")):
        raise Difference("the refusal does not name --accept-empty: " + tail(slot.path("refused.log")))
    if status == 0 and run.source == "kafka":
        run.note = "nothing had been mirrored"
    if status != 0 and slot.call(command + ["--accept-empty"], log="accepted.log") != 0:
        raise Difference("--accept-empty does not help: " + tail(slot.path("accepted.log")))


def redis_empty(run):
    """kill -9 of a Redis without persistence."""
    def empty():
        run.slot.redis.stop()
        run.slot.redis.forget()
        run.slot.redis.start()
    status = interrupted(run, empty, (0.2, 0.8))
    if status not in (0, 3):
        raise Difference(f"an emptied Redis ends the run with {status}: {tail(run.slot.path('run.log'))}")
    if status == 3 or run.source == "kafka":
        accept_empty(run)


def redis_proxy(run, kind):
    slot = run.slot
    path = os.path.join(slot.directory, "proxy.sock")
    proxy = Proxy(path, slot.redis.socket, kind, run.random.random())
    slot.redis_address = path
    try:
        child = slot.spawn(slot.run_command(["rate.limit=10000", "commit.interval=" + run.random.choice(("2ms", "20ms"))]))
        time.sleep(2.0)
        proxy.calm = True
        child.judge(child.wait(40))
        if child.process.poll() is None:
            raise Difference("does not end behind a proxy that has become calm: " + tail(child.log))
    finally:
        proxy.close()
        slot.redis_address = slot.redis.socket
    run.note = f"{proxy.cuts} cuts"


def kafka_proxy(run, kind):
    slot, setup = run.slot, run.slot.setup
    proxy = Proxy(setup.proxy_port, int(setup.proxied_kafka.rsplit(":", 1)[1]), kind, run.random.random())
    slot.kafka_address = f"127.0.0.1:{setup.proxy_port}"
    try:
        more = ["rate.limit=10000", "kafka.reconnect.backoff.ms=10", "kafka.reconnect.backoff.max.ms=200"]
        child = slot.spawn(slot.run_command(more))
        time.sleep(2.5)
        proxy.calm = True
        child.judge(child.wait(40))
        if child.process.poll() is None:
            raise Difference("does not end behind a proxy that has become calm: " + tail(child.log))
    finally:
        proxy.close()
        slot.kafka_address = setup.kafka


def broker_restart(run):
    """The broker is killed in the middle and comes back on the same port."""
    setup = run.slot.setup

    def restart():
        script = os.path.join(setup.home, "tests/support/kafka.sh")
        for words in (["kill"], ["start", "--keep"]):
            done = subprocess.run([script, *words, "--dir", setup.broker_dir], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"kafka.sh {words[0]}: {done.stderr}")
    interrupted(run, restart)


def with_kind(function, kind):
    def run_it(run):
        function(run, kind)
    run_it.__doc__ = function.__name__.replace("_", " ") + " " + kind
    return run_it


# name -> (sources, what it does, what it needs)
SCENARIOS = {
    "zombie": (("file", "kafka"), zombie, ""),
    "rebalance storm": (("kafka",), storm, ""),
    "redis restart": (("file", "kafka"), redis_restart, ""),
    "redis kill -9": (("file", "kafka"), redis_killed, ""),
    "aof truncated": (("file", "kafka"), aof_truncated, ""),
    "redis empty": (("file", "kafka"), redis_empty, ""),
    "broker restart": (("kafka",), broker_restart, "alone"),
}
for name in ("cut", "delay", "split"):
    SCENARIOS["redis proxy " + name] = (("file", "kafka"), with_kind(redis_proxy, name), "")
    SCENARIOS["kafka proxy " + name] = (("kafka",), with_kind(kafka_proxy, name), "proxy")


def run_scenario(run, name):
    run.begin(with_topic=False)
    SCENARIOS[name][1](run)
    run.conclude()
