#!/usr/bin/env python3
"""rude.py PORT TRIES: requests that no client should send, to an HTTP server on loopback.

Exit 0 when each is answered decently or its connection closed, and a good request between them always gets its answer. Seeded;
every wait is bounded."""
import random
import socket
import sys

PORT, TRIES = int(sys.argv[1]), int(sys.argv[2])
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
    with socket.create_connection(("127.0.0.1", PORT), timeout=5) as peer:
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


def good():
    return talk(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 1, 5).startswith(b"HTTP/1.1 200")


statuses = {}
sent = 0
while sent < TRIES:
    batch = min(CHANCE.choice((1, 1, 1, 1, 1, 1, 1, 20)), TRIES - sent)
    data = b"".join(message() for _ in range(batch))
    if CHANCE.randrange(8) == 0:
        data = bytes(CHANCE.randrange(256) for _ in range(CHANCE.randrange(1, 3000)))
    answer = talk(data, CHANCE.choice((1, 1, 1, 3)), 0.02)
    sent += batch
    key = answer[:12].decode("latin-1") or "closed or silent"
    statuses[key] = statuses.get(key, 0) + 1
    if CHANCE.randrange(20) == 0 and not good():
        sys.exit(f"after {sent} tries a good request got no answer")
idle = [socket.create_connection(("127.0.0.1", PORT), timeout=5) for _ in range(60)]  # who only sit there
for peer in idle:
    peer.sendall(b"GET /metrics HTT")
if not good():
    sys.exit("60 silent connections keep others out")
for peer in idle:
    peer.close()
print(sent, "tries", statuses)
# 503: /v1/rolling while Redis is slow, as the interface says; 505: that version is not spoken
bad = [key for key in statuses if key.startswith("HTTP/1.1 5") and not key.endswith(("503", "505"))]
if bad or not good():
    sys.exit(f"wrong: {bad}")
