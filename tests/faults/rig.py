"""What a run of the fault harness stands on: a private Redis, the workloads with what an undisturbed run makes of them, and
nhip's commands. Everything of one worker lives in one directory."""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import time
import zlib

PERIOD = "2021-09"
NAMESPACE = "n"
PATIENCE_S = 60
UNIT = re.compile(rb'"merchant_id": *"[^"]*"')

Setup = collections.namedtuple("Setup", "home build work kafka proxied_kafka proxy_port broker_dir")


class Difference(Exception):
    """A promise that does not hold: the text says which."""


class Redis:
    """redis-server on a unix socket, with or without an AOF."""

    def __init__(self, directory):
        self.directory = directory
        self.socket = os.path.join(directory, "redis.sock")
        self.process = None
        self.aof = False

    def start(self, aof=False):
        self.stop()
        self.aof = aof
        command = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.directory, "--save", "",
                   "--appendonly", "yes" if aof else "no", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
                   "--aof-load-truncated", "yes"]
        log = open(os.path.join(self.directory, "redis.log"), "ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        log.close()
        end = time.monotonic() + 20
        while self.ask("PING").strip() != "PONG":
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("redis-server does not start: " + os.path.join(self.directory, "redis.log"))
            time.sleep(0.01)

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True, check=False)
        return done.stdout

    def stop(self, how=signal.SIGKILL):
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait()
        self.process = None

    def forget(self):
        """Away with what it has kept in files."""
        shutil.rmtree(os.path.join(self.directory, "appendonlydir"), ignore_errors=True)
        if os.path.exists(os.path.join(self.directory, "dump.rdb")):
            os.remove(os.path.join(self.directory, "dump.rdb"))

    def wipe(self, aof=False):
        """Empty, running, without any file of before."""
        fit = self.process is not None and self.process.poll() is None and not self.aof and not aof
        if fit:
            self.ask("FLUSHALL")
        else:
            self.stop()
        self.forget()
        if not fit:
            self.start(aof)


def is_stopped(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"
    except (OSError, IndexError):
        return False


class Process:
    """nhip in the background; ends by itself, by a fault, or by stop()."""

    def __init__(self, command, environment, log):
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                            start_new_session=True)

    def wait(self, seconds=PATIENCE_S):
        """Its exit status; None when it still runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def wait_stopped(self, seconds=PATIENCE_S):
        """True when it is stopped, False when it has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if is_stopped(self.process.pid):
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.005)
        raise Difference(f"neither ended nor reached its fault within {seconds} s")

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def end(self, seconds=0.5):
        """Lets it go on for a while, then asks it to leave. What does not leave then is a difference; so is a broken promise."""
        status = self.wait(seconds)
        if status is None:
            self.signal(signal.SIGTERM)
            status = self.wait(30)
        if status is None:
            self.signal(signal.SIGKILL)
            self.wait()
            raise Difference("does not leave 30 s after SIGTERM")
        self.judge(status)
        return status

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait()

    def judge(self, status):
        if status is not None and status < 0 and status not in (-signal.SIGKILL, -signal.SIGTERM):
            raise Difference(f"ended by signal {-status}: {tail(self.log)}")


def tail(path, lines=3):
    with open(path, encoding="utf-8", errors="replace") as file:
        return " | ".join(line.strip() for line in file.readlines()[-lines:])


def tree(directory):
    """Names and bytes of all files in a directory."""
    found = {}
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as file:
            found[name] = file.read()
    return found


def letters(path):
    """The dead letters of a file: each once (they are at-least-once); a line that a kill has cut is no letter."""
    if not os.path.exists(path):
        return set()
    with open(path, "rb") as file:
        lines = set(file.read().split(b"\n")) - {b""}
    whole = set()
    for line in lines:
        try:
            json.loads(line)
            whole.add(line)
        except ValueError:
            continue
    return whole


class Workload:
    """A small log, as files and in Kafka, and what an undisturbed run makes of it."""

    def __init__(self, setup, number, settings, partitions=2, events=1500):
        self.setup = setup
        self.number = number
        self.settings = settings
        self.directory = os.path.join(setup.work, f"workload{number}")
        self.log = os.path.join(self.directory, "log")
        self.sources = os.path.join(self.directory, "sources.json")
        os.makedirs(self.directory)
        nhip = os.path.join(setup.build, "nhip-faults")
        subprocess.run([nhip, "generate", "--seed", str(100 + number), "--events", str(events), "--output", self.log + "/",
                        "--partitions", str(partitions), "--sources", self.sources], check=True, capture_output=True)
        for name in os.listdir(self.log):
            path = os.path.join(self.log, name)
            self.thin(path) if name.startswith("registry-") else self.spoil(path)
        self.files = sorted(os.path.join(self.log, name) for name in os.listdir(self.log)
                            if os.path.getsize(os.path.join(self.log, name)) > 0)
        self.topics = sorted({os.path.basename(path).rsplit("-", 1)[0] for path in self.files})
        self.prefix = f"f{os.getpid()}w{number}-"
        self.base = {}
        self.exclusions = {}
        if number % 2 == 0:
            self.withdraw("files", "", lambda lines, at: sum(map(len, lines[:at])))
            self.withdraw("kafka", self.prefix, lambda lines, at: at)
        if setup.kafka:
            subprocess.run([os.path.join(setup.build, "tools/produce"), setup.kafka, self.prefix, str(partitions), *self.files],
                           check=True, capture_output=True)

    @staticmethod
    def thin(path):
        """Keeps every eighth unit of the registry: enough to publish, little to read."""
        with open(path, "rb") as file:
            lines = file.readlines()
        with open(path, "wb") as file:
            file.writelines(line for line in lines if zlib.crc32((UNIT.search(line) or (line,))[0]) % 8 == 0)

    @staticmethod
    def spoil(path):
        """Behind every 37th record its first half: a dead letter; behind every 29th the record itself: a duplicate."""
        with open(path, "rb") as file:
            lines = file.readlines()
        with open(path, "wb") as file:
            for i, line in enumerate(lines):
                file.write(line)
                if i % 37 == 5:
                    file.write(line[:len(line) // 2] + b"\n")
                if i % 29 == 7:
                    file.write(line)

    def withdraw(self, source, prefix, place):
        """A list that withdraws the second quarter of each partition but those of the registry, and its very end."""
        path = self.exclusions[source] = os.path.join(self.directory, f"exclusions-{source}.csv")
        with open(path, "w", encoding="ascii") as out:
            out.write("topic,partition,from_offset,to_offset,source,reason,by,date\n")
            for name in self.files:
                topic, number = os.path.basename(name)[:-len(".ndjson")].rsplit("-", 1)
                with open(name, "rb") as file:
                    lines = file.readlines()
                count = len(lines)
                for first, last in ((count // 4, count // 2), (count - 9, count)) if topic != "registry" and count > 40 else ():
                    out.write(f"{prefix}{topic},{number},{place(lines, first)},{place(lines, last)},,test,tests,2021-10-05\n")

    def kafka_topics(self):
        return ",".join(self.prefix + topic for topic in self.topics)


class Slot:
    """One worker of the harness: its Redis, its files, nhip's commands on them."""

    def __init__(self, setup, number):
        self.setup = setup
        self.nhip = os.path.join(setup.build, "nhip-faults")
        self.directory = os.path.join(setup.work, f"slot{number}")
        os.makedirs(self.directory)
        self.redis = Redis(self.directory)
        self.run_number = 0
        self.name = f"{os.getpid()}s{number}"
        self.children = []
        self.redis_address = None
        self.kafka_address = None

    def begin(self, workload, source):
        """An empty Redis, an empty directory, a consumer group of its own."""
        self.workload, self.source = workload, source
        self.run_number += 1
        self.group = f"g{self.name}r{self.run_number}"
        self.files = os.path.join(self.directory, f"run{self.run_number}")
        os.makedirs(self.files)
        self.redis.wipe()
        self.redis_address = self.redis.socket
        self.kafka_address = self.setup.kafka
        self.letters_topic = None
        self.namespace = NAMESPACE

    def finish(self, keep=False):
        for child in self.children:
            child.signal(signal.SIGCONT)
            child.kill()
        self.children = []
        if not keep:
            shutil.rmtree(self.files, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.files, name)

    def settings(self, more=()):
        """Settings that every command gets."""
        pairs = ["redis.address=" + self.redis_address, "namespace=" + self.namespace,
                 "sources.file=" + self.workload.sources, "log.level=info",
                 "snapshot.definitions=" + os.path.join(self.setup.home, "schemas/indicators.json")]
        pairs += self.workload.settings
        if self.source in self.workload.exclusions:
            pairs.append("exclusions.file=" + self.workload.exclusions[self.source])
        if self.source == "kafka":
            pairs += ["kafka.bootstrap.servers=" + self.kafka_address, "topics=" + self.workload.kafka_topics()]
        return [word for pair in pairs + list(more) for word in ("--set", pair)]

    def run_command(self, more=(), once=True, member="one"):
        command = [self.nhip, "run", *(["--once"] if once else [])]
        pairs = ["redis.timeout=2s", "commit.interval=10ms"]
        pairs += [f"deadletter.topic={self.letters_topic}"] if self.letters_topic else ["deadletter.file=" + self.path("dead")]
        if self.source == "kafka":
            pairs += ["kafka.group.id=" + self.group, "kafka.session.timeout.ms=1500", "kafka.heartbeat.interval.ms=300"]
            if member:
                pairs += ["kafka.group.instance.id=" + member]
        else:
            for path in self.workload.files:
                command += ["--file", path]
        return command + self.settings(pairs + list(more))

    def spawn(self, command, fault=None, cut=None, trace=None, log="run.log"):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("NHIP_")}
        environment["NHIP_FAULT_FIRED"] = self.path("fired")
        for key, value in (("NHIP_FAULT", fault), ("NHIP_FAULT_CUT", cut), ("NHIP_FAULT_TRACE", trace)):
            if value is not None:
                environment[key] = str(value)
        child = Process(command, environment, self.path(log))
        self.children.append(child)
        return child

    def call(self, command, **how):
        """Runs to the end; its exit status."""
        child = self.spawn(command, **how)
        status = child.wait()
        if status is None:
            child.kill()
            raise Difference(f"{os.path.basename(command[0])} {command[1]} hangs: {tail(child.log)}")
        child.judge(status)
        self.children.remove(child)
        return status

    def fired(self, point):
        try:
            with open(self.path("fired"), encoding="ascii") as file:
                return any(line.startswith(point + ":") for line in file)
        except FileNotFoundError:
            return False

    def settle(self, more=()):
        """Undisturbed, to the end of the log."""
        for _ in range(4):
            status = self.call(self.run_command(["rate.limit=0", *more]), log="settle.log")
            if status == 0:
                return
        raise Difference(f"an undisturbed run ends with {status}: {tail(self.path('settle.log'), 2)}")

    def state(self, namespace=None):
        done = subprocess.run([self.nhip, "inspect", "--state", *self.settings(["log.level=error"]),
                               *(["--namespace", namespace] if namespace else [])], capture_output=True, check=False)
        if done.returncode != 0:
            raise Difference("inspect --state: " + done.stderr.decode(errors="replace")[-300:])
        return done.stdout

    def snapshot_command(self, directory):
        return [self.nhip, "snapshot", "--period", PERIOD, "--daily", "--quiet", "--dir", directory, *self.settings()]

    def publish(self, directory):
        """A vintage; its files."""
        status = self.call(self.snapshot_command(directory), log="snapshot.log")
        if status != 0:
            raise Difference(f"snapshot ends with {status}: {tail(self.path('snapshot.log'))}")
        return latest(directory)[1]

    def all_letters(self):
        if not self.letters_topic:
            return letters(self.path("dead"))
        return set() # tests/faults/runs.py reads the topic

    def compare(self):
        """With the undisturbed run: state, snapshot, dead letters."""
        base = self.workload.base[self.source]
        state = self.state()
        if state != base["state"]:
            with open(self.path("state"), "wb") as file:
                file.write(state)
            raise Difference("the state differs: " + first_difference(base["state"], state))
        compare_vintages(base["releases"][0], self.publish(self.path("vintages")))
        if not self.letters_topic and self.all_letters() != base["letters"]:
            missing = len(base["letters"] - self.all_letters())
            raise Difference(f"dead letters: {missing} are missing, {len(self.all_letters() - base['letters'])} are too many")


def latest(directory):
    with open(os.path.join(directory, "LATEST"), encoding="ascii") as file:
        name = file.read().strip()
    return name, tree(os.path.join(directory, name))


def first_difference(expected, found):
    ours, theirs = expected.split(b"\n"), found.split(b"\n")
    for i, line in enumerate(ours):
        if i >= len(theirs) or theirs[i] != line:
            other = theirs[i] if i < len(theirs) else b"(end)"
            return f"line {i + 1}: {line[:120].decode(errors='replace')} <> {other[:120].decode(errors='replace')}"
    return f"{len(theirs) - len(ours)} lines are too many"


def compare_vintages(expected, found):
    if expected.keys() != found.keys():
        raise Difference(f"a vintage has other files: {sorted(expected.keys() ^ found.keys())}")
    for name, content in expected.items():
        if content != found[name]:
            raise Difference(f"{name} of a vintage differs: " + first_difference(content, found[name]))
