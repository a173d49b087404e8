"""What is seen from outside while processes are killed: offsets in Redis every 100 ms, memory and descriptors every second.

A partition's progress is its `next` in Redis growing beyond what it ever was: whatever an instance says of itself counts for
nothing. Each node is asked, and whoever answers with a value owns the slot (others say MOVED). A stall is the time between two
growths of one partition.
"""
import os
import socket
import threading
import time

STEP_S = 0.1


class Node:
    """A connection to one Redis, made anew whenever it breaks; silence is no answer."""

    def __init__(self, address):
        self.address, self.link, self.reader = address, None, None

    def connect(self):
        if isinstance(self.address, int):
            self.link = socket.create_connection(("127.0.0.1", self.address), timeout=0.3)
        else:
            self.link = socket.socket(socket.AF_UNIX)
            self.link.settimeout(0.3)
            self.link.connect(self.address)
        self.reader = self.link.makefile("rb")

    def close(self):
        if self.link is not None:
            self.reader.close()
            self.link.close()
        self.link = None

    def reply(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("cut off")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return None if rest == b"-1" else self.reader.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        return None if kind == b"-" else rest

    def ask(self, commands):
        """Replies in order; None for an error, or for all when it does not answer."""
        request = b"".join(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
                           for words in commands)
        try:
            if self.link is None:
                self.connect()
            self.link.sendall(request)
            return [self.reply() for _ in commands]
        except OSError:
            self.close()
            return [None] * len(commands)


class Progress(threading.Thread):
    """Remembers, of each partition, when its offset grew."""

    def __init__(self, addresses, namespace):
        super().__init__(daemon=True)
        self.nodes = [Node(address) for address in addresses]
        self.pattern = f"{namespace}:f:*".encode()
        self.growths = {}  # key -> [(time, next)]
        self.ended, self.lock = threading.Event(), threading.Lock()

    def discover(self):
        for node in self.nodes:
            for key in node.ask([(b"KEYS", self.pattern)])[0] or []:
                with self.lock:
                    self.growths.setdefault(key, [(time.monotonic(), -1)])

    def look(self):
        keys = list(self.growths)
        for node in self.nodes:
            values = node.ask([(b"HGET", key, b"next") for key in keys])
            now = time.monotonic()
            for key, value in zip(keys, values):
                if value is not None and int(value) > self.growths[key][-1][1]:
                    with self.lock:
                        self.growths[key].append((now, int(value)))

    def run(self):
        turn = 0
        while not self.ended.is_set():
            due = time.monotonic() + STEP_S
            if turn % 50 == 0:
                self.discover()
            self.look()
            turn += 1
            time.sleep(max(0, due - time.monotonic()))

    def end(self):
        self.ended.set()
        self.join()

    def reached(self):
        with self.lock:
            return {key: growths[-1][1] for key, growths in self.growths.items()}

    def moves(self, streams, since):
        """Every partition of these streams has grown since then."""
        with self.lock:
            return all(growths[-1][0] >= since for key, growths in self.growths.items()
                       if any(stream in key.decode() for stream in streams))

    def stall(self, streams, since, until):
        """The longest time between two growths of one partition of these streams, of those that lie within or reach into
        [since, until]; one that has not ended counts up to now. Seconds, and whose it was."""
        worst, whose = 0.0, ""
        now = time.monotonic()
        with self.lock:
            for key, growths in self.growths.items():
                name = key.decode().split("{")[1].rstrip("}")
                if not any(stream in name for stream in streams):
                    continue
                times = [when for when, _ in growths] + [now]
                for before, after in zip(times, times[1:]):
                    if after >= since and before <= until and after - before > worst:
                        worst, whose = after - before, name
        return worst, whose

    def rate(self, since, until):
        """Offsets per second, all partitions together."""
        total = 0
        with self.lock:
            for growths in self.growths.values():
                inside = [value for when, value in growths if since <= when <= until]
                total += inside[-1] - max(inside[0], 0) if len(inside) > 1 else 0
        return total / max(until - since, 0.001)


class Health(threading.Thread):
    """Resident memory and open descriptors of processes, by name; a new process of a name goes on with its history."""

    def __init__(self, processes):
        super().__init__(daemon=True)
        self.processes = processes  # () -> {name: pid}
        self.seen, self.ended = {}, threading.Event()  # name -> [(time, MiB, descriptors)]

    def run(self):
        while not self.ended.wait(1.0):
            for name, pid in self.processes().items():
                try:
                    with open(f"/proc/{pid}/statm") as file:
                        pages = int(file.read().split()[1])
                    count = len(os.listdir(f"/proc/{pid}/fd"))
                except (OSError, IndexError, ValueError):
                    continue
                self.seen.setdefault(name, []).append((time.monotonic(), pages * os.sysconf("SC_PAGE_SIZE") >> 20, count))

    def end(self):
        self.ended.set()
        self.join()

    def figures(self, name, field):
        """First after the start, largest, last; and the largest of the second quarter and of the last."""
        values = [row[field] for row in self.seen.get(name, [])]
        if len(values) < 8:
            return None
        quarter = len(values) // 4
        return {"first": values[min(5, quarter)], "max": max(values), "last": values[-1],
                "early": max(values[quarter:2 * quarter]), "late": max(values[-quarter:])}
