#!/usr/bin/env python3
"""rude.py PORT TRIES PID [MIB]: requests that no client should send, to an HTTP server on loopback, the process PID.

Bad methods, paths, versions and headers, NULs, bytes of chance, pipelines, bodies and chunks without end; peers who close their
half, reset, read nothing, or send a byte now and then. Exit 0 when each is answered decently or its connection closed, a good
request between them always gets its answer, a dripping one is ended, and afterwards PID has no descriptor and no thread more and
at most MIB more memory resident (default: any). Seeded; every wait is bounded."""
import collections
import multiprocessing
import os
import random
import re
import socket
import struct
import sys
import threading
import time

PORT, TRIES, PID = (int(argument) for argument in sys.argv[1:4])
PEERS = 4  # at the same time
PATIENCE_S = 60  # the server's thread is nice: on a busy machine a good request waits for its turn
MIB = int(sys.argv[4]) if len(sys.argv) > 4 else 1 << 20
CHANCE = random.Random(1)
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"TRACE", b"CONNECT", b"OPTIONS", b"get", b"G\x00T", b"\xff\xfe",
           b"", b"X" * 900]
PATHS = [b"/metrics", b"/", b"//metrics", b"/../../etc/passwd", b"/metrics?" + b"a" * 2000, b"/%00", b"/%", b"*",
         b"http://h/metrics", b"/events", b"/events?" + b"x" * 3000, b"/live.js", b"/live.css/..", b"/report?vintage=../../etc",
         b"/v1/rolling", b"/v1/rolling?window=1h&by=platform&by=x", b"/v1/rolling?by=" + b"family," * 900,
         b"/v1/rolling?window=%00", b"/v1/rolling?%zz=%", b"/v1/rolling?" + b"&" * 4000, b"/v1/observations",
         b"/v1/observations?vintage=%2e%2e%2f&limit=99999999999999999999", b"/v1/observations?area=" + b"A," * 4000,
         b"/v1/observations?indicator=%ff%fe&format=csv", b"/v1/observations?" + b"limit=1&" * 900,
         b"/\xc3\x28", b"metrics", b"/" + b"b" * 20000, b"/readyz#x", b"/healthz/"]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/9.9", b"HTTP/1.1 x", b"", b"http/1.1"]
HEADERS = [b"Host: h", b"Host: a\r\nHost: b", b"Content-Length: -1", b"Content-Length: 99999999999999999999",
           b"Content-Length: 5",
           b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 3", b": no name", b"No colon",
           b"A:" + b"c" * 9000,
           b" folded", b"X: \x00", b"Connection: close", b"Connection: keep-alive", b"Expect: 100-continue",
           b"Range: bytes=0-0"]
BODIES = [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"fffffffffffffffff\r\n", b"\x00" * 3000,
          b"GET /metrics HTTP/1.1\r\n\r\n"]


def talk(data, pieces, patience_s):
    with socket.create_connection(("127.0.0.1", PORT), timeout=PATIENCE_S) as peer:
        peer.settimeout(patience_s)
        answer = b""
        try:
            step = max(1, len(data) // pieces)
            for at in range(0, len(data), step):
                peer.sendall(data[at:at + step])
            while chunk := peer.recv(65536):
                answer += chunk
                if len(answer) > 1 << 22:
                    break
        except (TimeoutError, ConnectionError):
            pass
        return answer


def message():
    line = b" ".join((CHANCE.choice(METHODS), CHANCE.choice(PATHS), CHANCE.choice(VERSIONS)))
    headers = b"\r\n".join(CHANCE.sample(HEADERS, CHANCE.randrange(4)))
    end = CHANCE.choice((b"\r\n\r\n", b"\r\n\r\n", b"\n\n", b"\r\n", b""))
    return line + b"\r\n" + headers + end + CHANCE.choice(BODIES)


CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
POST = b"POST /metrics HTTP/1.1\r\nHost: h\r\n"
MANNERS = {  # what is sent, and how its sender leaves
    "half closed": lambda: (message(), socket.SHUT_WR),
    "reset": lambda: (message(), "reset"),
    "reads nothing": lambda: (b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 200, None),
    "a pipeline of 200": lambda: (b"".join(message() for _ in range(200)), socket.SHUT_WR),
    "chunks without end": lambda: (POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 30, socket.SHUT_WR),
    "a chunk of all there is": lambda: (
        POST + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + b"y" * 500000, "reset"),
    "a body that is shorter": lambda: (POST + b"Content-Length: 4000000000\r\n\r\n" + b"z" * 300000, socket.SHUT_WR),
    "a header without end": lambda: (b"GET / HTTP/1.1\r\nA: " + b"a" * 1000000, "reset"),
    "headers without end": lambda: (b"GET / HTTP/1.1\r\n" + b"B: b\r\n" * 100000, socket.SHUT_WR),
}


def be_rude(name):
    """One of MANNERS; what the server answers is thrown away, that it takes no more is fine."""
    data, way = MANNERS[name]()
    with socket.create_connection(("127.0.0.1", PORT), timeout=PATIENCE_S) as peer:
        peer.settimeout(0.05)
        try:
            peer.sendall(data)
            if way == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif way is not None:
                peer.shutdown(way)
                while peer.recv(65536):
                    pass
        except OSError:
            pass


def drip(ended, number):
    """A good request that would take forever: a byte every half second. Notes after how many seconds the server has ended it."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=PATIENCE_S) as peer:
        began = time.monotonic()
        peer.settimeout(0.5)
        for byte in b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 200:
            try:
                peer.sendall(bytes([byte]))
                if not peer.recv(65536):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        ended[number] = time.monotonic() - began


def resources():
    status = open(f"/proc/{PID}/status", encoding="ascii").read()
    return (len(os.listdir(f"/proc/{PID}/fd")), int(re.search(r"Threads:\s+(\d+)", status)[1]),
            int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024)


def good():
    return talk(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 1, PATIENCE_S).startswith(b"HTTP/1.1 200")


def tries(number):
    """A share of them, on a connection each: a message, a pipeline, bytes of chance, or bad manners. How often what came back."""
    CHANCE.seed(number)
    seen = collections.Counter()
    for _ in range(TRIES // PEERS):
        if CHANCE.randrange(25) == 0:
            name = CHANCE.choice(list(MANNERS))
            be_rude(name)
            seen[name] += 1
        else:
            data = b"".join(message() for _ in range(CHANCE.choice((1, 1, 1, 1, 1, 1, 1, 20))))
            if CHANCE.randrange(8) == 0:
                data = bytes(CHANCE.randrange(256) for _ in range(CHANCE.randrange(1, 3000)))
            seen[talk(data, CHANCE.choice((1, 1, 1, 3)), 0.02)[:12].decode("latin-1") or "closed or silent"] += 1
        if CHANCE.randrange(20) == 0 and not good():
            raise RuntimeError("a good request got no answer")
    return seen


for manner in MANNERS:  # each at least twice: what the process needs once for it is not what it keeps each time
    be_rude(manner)
    be_rude(manner)
if not good():
    sys.exit("bad manners keep others out")
before = resources()
with multiprocessing.Pool(PEERS) as pool:
    shares = pool.map_async(tries, range(PEERS))
    ended = [None] * 20
    drips = [threading.Thread(target=drip, args=(ended, i)) for i in range(len(ended))]
    for thread in drips:
        thread.start()
    statuses = sum(shares.get(timeout=600), collections.Counter())
idle = [socket.create_connection(("127.0.0.1", PORT), timeout=PATIENCE_S) for _ in range(60)]  # who only sit there
for peer in idle:
    peer.sendall(b"GET /metrics HTT")
if not good():
    sys.exit("60 silent connections keep others out")
for peer in idle:
    peer.close()
for thread in drips:
    thread.join()
for _ in range(300):  # connections that nobody speaks on are ended after ten seconds
    after = resources()
    if after[:2] <= before[:2]:
        break
    time.sleep(0.2)
print(statuses.total(), "tries", dict(statuses.most_common()))
print(f"descriptors, threads, MiB: {before} before, {after} after; dripping requests ended after {max(ended):.0f} s at most")
# 503: /v1/rolling while Redis is slow, as the interface says; 505: that version is not spoken
bad = [key for key in statuses if key.startswith("HTTP/1.1 5") and not key.endswith(("503", "505"))]
if bad or not good():
    sys.exit(f"wrong: {bad}")
if after[0] > before[0] or after[1] > before[1] or after[2] > before[2] + MIB:
    sys.exit("something is not given back")
if max(ended) > 60:
    sys.exit("a request that never ends keeps its connection")
