"""What tests/scale.sh runs and kills: three Kafka brokers, a Redis Cluster, instances of nhip in one group, and the load.

Everything is a process on loopback that this file started, known by its pid; nothing is ever killed by name. The load is
`nhip generate` at a fixed rate while the faults happen, so that the brokers take records while they are killed too.
"""
import os
import signal
import socket
import struct
import subprocess
import threading
import time

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KAFKA_SH = os.path.join(HOME, "tests/support/kafka.sh")
CLUSTER_SH = os.path.join(HOME, "tests/support/cluster.sh")
STREAMS = ("payments", "orders", "rides", "websites", "registry")
# What an operator would set too: ops/README.md, "More instances".
BROKER = {"default.replication.factor": 3, "min.insync.replicas": 2, "broker.session.timeout.ms": 4000,
          "broker.heartbeat.interval.ms": 1000, "transaction.state.log.min.isr": 2, "controlled.shutdown.enable": "true",
          "unclean.leader.election.enable": "false"}


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=180)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def wait_until(seconds, what, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"after {seconds} s still not: {what}")
        time.sleep(0.1)


def pid_in(path):
    with open(path) as file:
        return int(file.read())


def kill(pid, signal_number=signal.SIGKILL):
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        pass


class Fields:
    """An answer of Kafka, field by field."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(">" + form)
        return value

    def text(self):
        length = max(0, self.take("h"))
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def array(self, read):
        return [read() for _ in range(self.take("i"))]


def read_metadata(fields):
    found = {}

    def broker():
        fields.take("i"), fields.text(), fields.take("i"), fields.text()

    def topic():
        fields.take("h")
        name = fields.text()
        fields.take("b")

        def partition():
            fields.take("h")
            number = fields.take("i")
            fields.take("i"), fields.array(lambda: fields.take("i"))
            found[name, number] = len(fields.array(lambda: fields.take("i")))

        fields.array(partition)

    fields.take("i")
    fields.array(broker)
    fields.take("i")
    fields.array(topic)
    return found


class Brokers:
    """Nodes of a KRaft cluster, broker and controller in one process each."""

    def __init__(self, directory, count, heap):
        self.directory, self.heap, self.nodes = directory, heap, range(1, count + 1)
        sets = [word for key, value in BROKER.items() for word in ("--set", f"{key}={value}")]
        self.addresses = output(KAFKA_SH, "start", "--brokers", str(count), "--dir", directory, "--heap", heap, *sets)

    def of(self, node):
        return os.path.join(self.directory, str(node))

    def kill(self, node):
        output(KAFKA_SH, "kill", "--dir", self.of(node))

    def start(self, node):
        output(KAFKA_SH, "start", "--keep", "--heap", self.heap, "--dir", self.of(node))

    def stop(self, node):
        output(KAFKA_SH, "stop", "--keep", "--dir", self.of(node))

    def controller(self):
        """The active controller: DescribeQuorum of the metadata partition, by the bytes; None when nobody says so."""
        topic = b"__cluster_metadata"
        body = b"\x02" + bytes([len(topic) + 1]) + topic + b"\x02" + struct.pack(">i", 0) + b"\0\0\0"
        request = struct.pack(">hhih", 55, 0, 7, -1) + b"\0" + body
        for address in self.addresses.split(","):
            host, port = address.split(":")
            try:
                with socket.create_connection((host, int(port)), timeout=2) as link:
                    link.sendall(struct.pack(">i", len(request)) + request)
                    answer = link.makefile("rb").read(60)
                at = answer.index(topic) + len(topic) + 1
                index, error, leader = struct.unpack(">ihi", answer[at:at + 10])
                if index == 0 and error == 0 and leader in self.nodes:
                    return leader
            except (OSError, ValueError, struct.error):
                continue
        return None

    def replicas(self):
        """(topic, partition) -> replicas in sync, by Metadata (version 1, all topics); {} when nobody answers."""
        request = struct.pack(">hhihi", 3, 1, 7, -1, -1)
        for address in self.addresses.split(","):
            host, port = address.split(":")
            try:
                with socket.create_connection((host, int(port)), timeout=2) as link:
                    link.sendall(struct.pack(">i", len(request)) + request)
                    stream = link.makefile("rb")
                    return read_metadata(Fields(stream.read(struct.unpack(">i", stream.read(4))[0])))
            except (OSError, struct.error):
                continue
        return {}

    def end(self):
        subprocess.run([KAFKA_SH, "kill", "--dir", self.directory], capture_output=True, check=False)


class Redis:
    """Six nodes: three shards, each with a replica."""

    def __init__(self, directory):
        self.directory = directory
        self.addresses = output(CLUSTER_SH, "start", "--dir", directory)
        self.ports = [int(address.split(":")[1]) for address in self.addresses.split(",")]

    def ask(self, port, *words):
        done = subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True, check=False, timeout=10)
        return done.stdout.strip()

    def is_primary(self, port):
        return self.ask(port, "role").startswith("master")

    def primaries(self):
        return [port for port in self.ports if self.is_primary(port)]

    def in_sync(self, port):
        return self.is_primary(port) or "master_link_status:up" in self.ask(port, "info", "replication")

    def whole(self):
        """All six are there, three lead, three follow and have everything."""
        roles = [self.ask(port, "role").split("\n")[0] for port in self.ports]
        return roles.count("master") == 3 and roles.count("slave") == 3 and all(map(self.in_sync, self.ports))

    def replica_of(self, port):
        own = self.ask(port, "cluster", "myid")
        for line in self.ask(port, "cluster", "nodes").split("\n"):
            words = line.split()
            if len(words) > 3 and words[3] == own and "fail" not in words[2]:
                return int(words[1].split("@")[0].split(":")[1])
        return None

    def kill(self, port):
        kill(pid_in(os.path.join(self.directory, str(port), "redis.pid")))

    def start(self, port):
        output(CLUSTER_SH, "node", "--dir", self.directory, str(port))

    def hand_over(self, port):
        """As an operator does before a primary is restarted."""
        replica = self.replica_of(port)
        wait_until(30, f"{replica} has what {port} has", lambda: self.in_sync(replica))
        for _ in range(20):
            self.ask(replica, "cluster", "failover")
            time.sleep(0.5)
            if self.is_primary(replica):
                return
        raise RuntimeError(f"{port} did not hand over to {replica}")

    def restart(self, port):
        if self.is_primary(port):
            self.hand_over(port)
        self.ask(port, "shutdown", "nosave")
        time.sleep(0.3)
        self.start(port)
        wait_until(60, f"{port} is in sync again", lambda: self.in_sync(port))

    def end(self):
        subprocess.run([CLUSTER_SH, "stop", "--dir", self.directory], capture_output=True, check=False)


class Load(threading.Thread):
    """The generator. librdkafka 2.0.2 gives an idempotent producer up, now and then, when the leader of a partition dies ("out of
    order sequence number", NHIP-K14): then another one goes on with the next seed. It ends for any other reason: `failed`."""

    def __init__(self, command, seed, path):
        super().__init__(daemon=True)
        self.command, self.seed, self.path = command, seed, path
        self.process, self.again, self.over, self.failed = None, 0, False, False
        self.start()

    def run(self):
        while not self.over:
            with open(self.path, "a") as log:
                self.process = subprocess.Popen([*self.command, "--seed", str(self.seed)], stdout=log, stderr=log,
                                                stdin=subprocess.DEVNULL)
            self.process.wait()
            with open(self.path, errors="replace") as log:
                if not self.over and "out of order sequence number" not in log.read()[-2000:]:
                    self.failed = True
                    return
            self.seed += 1
            self.again += not self.over

    def end(self):
        self.over = True
        if self.process is not None:
            self.process.terminate()
        self.join()


class Fleet:
    """Instances of `nhip run` in one group, and the generator."""

    def __init__(self, nhip, work, brokers, redis, settings):
        self.nhip, self.work, self.brokers, self.redis, self.settings = nhip, work, brokers, redis, settings
        self.instances, self.load, self.starts = {}, None, {}

    def path(self, *names):
        return os.path.join(self.work, *names)

    def words(self, redis_address):
        both = dict(self.settings, **{"redis.address": redis_address, "kafka.bootstrap.servers": self.brokers.addresses})
        return [word for key, value in both.items() for word in ("--set", f"{key}={value}")]

    def generate(self, rate, events, partitions, seed):
        command = [self.nhip, "generate", "--kafka", self.brokers.addresses, "--partitions", str(partitions),
                   "--events", str(events), "--rate", str(rate)]
        self.load = Load(command, seed, self.path("generate.log"))

    def start(self, name):
        """A static member (its name): back within the session timeout, the others notice nothing."""
        own = {"kafka.group.instance.id": name, "status.file": self.path(f"{name}.status")}
        command = [self.nhip, "run", *self.words(self.redis.addresses)]
        command += [word for key, value in own.items() for word in ("--set", f"{key}={value}")]
        with open(self.path(f"{name}.log"), "a") as log:
            self.instances[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.starts[name] = self.starts.get(name, 0) + 1

    def kill(self, name):
        self.instances[name].kill()
        self.instances[name].wait()

    def leave(self, name, seconds=40):
        self.instances[name].terminate()
        return self.instances[name].wait(timeout=seconds)

    def dead(self):
        return [name for name, process in self.instances.items() if process.poll() is not None]

    def once(self, redis_address, extra=()):
        command = [self.nhip, "run", "--once", *self.words(redis_address), "--set", "kafka.group.id=undisturbed", *extra]
        with open(self.path("undisturbed.log"), "w") as log:
            return subprocess.run(command, stdout=log, stderr=log, check=False).returncode

    def inspect(self, redis_address, option, path):
        with open(path, "w") as out:
            command = [self.nhip, "inspect", *self.words(redis_address), option]
            return subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=False).returncode

    def end(self):
        if self.load is not None:
            self.load.end()
        for process in self.instances.values():
            if process.poll() is None:
                process.kill()
                process.wait()
