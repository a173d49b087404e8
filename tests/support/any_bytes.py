#!/usr/bin/env python3
"""Messages of any bytes, for what must be kept as it is: text, broken UTF-8, control characters, nothing, null, large ones; keys
and headers likewise; times of some days, out of order, with a clock that is wrong now and then.

    any_bytes.py SEED MESSAGES TOPIC PARTITIONS > messages.tsv      lines as tests/support/foreign.py explains them
"""
import random
import sys

DAY_MS = 86400000
START_MS = 1630602000000


def some_bytes(pick):
    kind = pick.randrange(12)
    if kind == 0:
        return None
    if kind == 1:
        return b""
    if kind == 2:
        return bytes(pick.randrange(256) for _ in range(pick.randrange(40)))
    if kind == 3:
        return "".join(pick.choice("\t\n\r \"/\\\x7f\u00e9\u1ea1\u2028\U0001f600") for _ in range(30)).encode()
    if kind == 4:
        return bytes((pick.randrange(32), 34, 92))
    if kind == 5:
        return pick.choice((b"null", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x00", b'"', b"\\", b"\\u0041", b'","v":"'))
    return b'{"a" : "%d", "b":[1,2]}' % pick.randrange(10**9)


def value(pick):
    if pick.randrange(200) == 0:
        return pick.choice((b"x", b'"', b"\\", b"\xff", b"\n")) * pick.randrange(60000, 300000)
    return some_bytes(pick)


def headers(pick):
    if pick.randrange(3):
        return ""
    names = ("a", "a", "trace-id", "Ngay", "x.y")
    return " ".join(f"{pick.choice(names)}={hexed(some_bytes(pick))}" for _ in range(1 + pick.randrange(3)))


def hexed(data):
    return "-" if data is None else data.hex()


def time_ms(pick, number, messages):
    if pick.randrange(100) == 0:
        return pick.choice((1, 4102444800000, 9223372036854775))  # 0 would be "now" to librdkafka
    return START_MS + number * 4 * DAY_MS // messages - pick.randrange(DAY_MS // 4)


def main(seed, messages, topic, partitions):
    pick = random.Random(seed)
    for number in range(messages):
        key = some_bytes(pick) if pick.randrange(2) else None
        print(topic, pick.randrange(partitions), time_ms(pick, number, messages), hexed(key), hexed(value(pick)), headers(pick),
              sep="\t")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
