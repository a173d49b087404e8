#!/usr/bin/env python3
"""A producer that means harm: writes record batches byte by byte, as no client library would.

    hostile_produce.py HOST:PORT create TOPIC PARTITIONS [CONFIG=VALUE]...
    hostile_produce.py HOST:PORT poison TOPIC PARTITION CODEC    between good records; prints `offset reason name`, a line each
    hostile_produce.py HOST:PORT bomb TOPIC PARTITION CODEC MIB [TIMES]    a record of MIB spaces in each batch
    hostile_produce.py HOST:PORT tiny TOPIC PARTITIONS CODEC COUNT [TIMES]    records without key and value, in one batch
    hostile_produce.py HOST:PORT good TOPIC PARTITION COUNT [FIRST]

CODEC: none, gzip, snappy, lz4, zstd. Only the standard library, so lz4, snappy and zstd are written by hand: runs of one byte as
the format's cheapest run (which is what a bomb is made of), everything else stored. Each command prints the batches' sizes on
standard error. Exits 1 when the broker refuses.
"""
import io
import socket
import struct
import sys
import zlib

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
MIB = 1 << 20
TIME_MS = 1630666800000
PRODUCE, CREATE_TOPICS = 0, 19


# --- checksums -------------------------------------------------------------------------------------------------------

def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x82F63B78 * (byte & 1)
        table.append(byte)
    return table


CRC32C = crc32c_table()


def crc32c(data):
    crc, table = 0xFFFFFFFF, CRC32C
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def xxh32_short(data):
    """Of fewer than 4 bytes, seed 0: enough for the head of an lz4 frame."""
    word = 0xFFFFFFFF
    value = 374761393 + len(data) & word
    for byte in data:
        value = value + byte * 374761393 & word
        value = (value << 11 | value >> 21) & word
        value = value * 2654435761 & word
    for shift, prime in ((15, 2246822519), (13, 3266489917)):
        value = (value ^ value >> shift) * prime & word
    return value ^ value >> 16


# --- codecs: a text is a list of parts, bytes as they are or (byte, times) ---------------------------------------------

def size_of(part):
    return len(part) if isinstance(part, bytes) else part[1]


def split(parts, most):
    """The parts in pieces of at most `most` bytes."""
    for part in parts:
        for at in range(0, size_of(part), most):
            if isinstance(part, bytes):
                yield part[at:at + most]
            else:
                yield (part[0], min(most, part[1] - at))


def plain(parts):
    return b"".join(part if isinstance(part, bytes) else bytes([part[0]]) * part[1] for part in parts)


def gzipped(parts):
    packer = zlib.compressobj(1 if all(isinstance(part, bytes) for part in parts) else 9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(plain([part])) for part in split(parts, MIB)) + packer.flush()


def zstd(parts):
    """A frame without size, window of 128 KiB; a run costs 4 bytes per 128 KiB."""
    out = io.BytesIO()
    out.write(b"\x28\xb5\x2f\xfd\x00\x38")
    pieces = list(split(parts, 128 << 10))
    for i, piece in enumerate(pieces):
        kind = 0 if isinstance(piece, bytes) else 1
        head = (i == len(pieces) - 1) | kind << 1 | size_of(piece) << 3
        out.write(struct.pack("<I", head)[:3])
        out.write(bytes([piece[0]]) if kind else piece)
    return out.getvalue()


def lz4_block(piece):
    """A literal, a match of distance 1 that repeats it, and the five literals that must end a block."""
    byte, times = bytes([piece[0]]), piece[1]
    if times < 32:
        return byte * times, False
    match = times - 6 - 4 - 15
    return b"\x1f" + byte + b"\x01\x00" + b"\xff" * (match // 255) + bytes([match % 255]) + b"\x50" + byte * 5, True


def lz4(parts):
    head = b"\x60\x70"
    out = io.BytesIO()
    out.write(b"\x04\x22\x4d\x18" + head + bytes([xxh32_short(head) >> 8 & 0xFF]))
    for piece in split(parts, 4 * MIB):
        block, packed = (piece, False) if isinstance(piece, bytes) else lz4_block(piece)
        out.write(struct.pack("<I", len(block) | (not packed) << 31) + block)
    out.write(struct.pack("<I", 0))
    return out.getvalue()


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def snappy_literal(data):
    return b"\xf4" + struct.pack("<H", len(data) - 1) + data


def snappy_block(piece):
    if isinstance(piece, bytes):
        return varint(len(piece)) + snappy_literal(piece)
    out = varint(piece[1]) + snappy_literal(bytes([piece[0]]))
    left = piece[1] - 1
    out += b"\xfe\x01\x00" * (left // 64)
    return out + (bytes([left % 64 - 1 << 2 | 2, 1, 0]) if left % 64 else b"")


def snappy(parts):
    """In the frame that Java clients use."""
    out = io.BytesIO()
    out.write(b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1))
    for piece in split(parts, 32 << 10):
        block = snappy_block(piece)
        out.write(struct.pack(">i", len(block)) + block)
    return out.getvalue()


PACK = {"none": plain, "gzip": gzipped, "snappy": snappy, "lz4": lz4, "zstd": zstd}


# --- records -----------------------------------------------------------------------------------------------------------

def zigzag(number):
    return varint(number << 1 ^ number >> 63 if number >= 0 else -number * 2 - 1)


def record(offset, value):
    """Parts of one record; `value` None (a tombstone), bytes, or parts."""
    parts = [] if value is None else [value] if isinstance(value, bytes) else value
    length = sum(map(size_of, parts))
    head = b"\x00" + zigzag(0) + zigzag(offset) + zigzag(-1) + zigzag(-1 if value is None else length)
    return [zigzag(len(head) + length + 1) + head, *parts, b"\x00"]


def batch(values, codec):
    parts = [part for offset, value in enumerate(values) for part in record(offset, value)]
    merged = []
    for part in parts:
        if isinstance(part, bytes) and merged and isinstance(merged[-1], list):
            merged[-1].append(part)
        else:
            merged.append([part] if isinstance(part, bytes) else part)
    body = PACK[codec]([b"".join(part) if isinstance(part, list) else part for part in merged])
    counted = struct.pack(">hiqqqhii", CODECS[codec], len(values) - 1, TIME_MS, TIME_MS, -1, -1, -1, len(values)) + body
    rest = struct.pack(">ibI", -1, 2, crc32c(counted)) + counted
    return struct.pack(">qi", 0, len(rest)) + rest


# --- protocol ----------------------------------------------------------------------------------------------------------

def text(value):
    return struct.pack(">h", len(value)) + value.encode()


class Broker:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=120)

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                sys.exit("hostile_produce.py: the broker has closed the connection")
            data += more
        return data

    def ask(self, api, version, body):
        request = struct.pack(">hhi", api, version, 7) + text("hostile") + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        return self.receive(struct.unpack(">i", self.receive(4))[0])[4:]

    def create(self, topic, partitions, configs):
        pairs = b"".join(text(key) + text(value) for key, value in (config.split("=", 1) for config in configs))
        body = struct.pack(">i", 1) + text(topic) + struct.pack(">ihi", partitions, 1, 0)
        body += struct.pack(">i", len(configs)) + pairs + struct.pack(">ib", 30000, 0)
        error = struct.unpack_from(">h", self.ask(CREATE_TOPICS, 4, body), 4 + 4 + 2 + len(topic))[0]
        if error:
            sys.exit(f"hostile_produce.py: topic {topic} is not created: error {error}")

    def produce(self, topic, partition, values, codec):
        """Offset of the first record."""
        return self.send(topic, partition, batch(values, codec), f"{len(values)} records, {codec}")

    def send(self, topic, partition, data, what):
        body = struct.pack(">hhi", -1, -1, 60000) + struct.pack(">i", 1) + text(topic)
        body += struct.pack(">iii", 1, partition, len(data)) + data
        error, offset = struct.unpack_from(">hq", self.ask(PRODUCE, 7, body), 4 + 2 + len(topic) + 4 + 4)
        print(f"# batch of {what}, {len(data)} bytes: error {error}, offset {offset}", file=sys.stderr)
        if error:
            sys.exit(f"hostile_produce.py: the broker refuses the batch: error {error}")
        return offset


# --- what is sent --------------------------------------------------------------------------------------------------------

def good(number):
    return (b'{"event_id":"h%d","schema_version":1,"type":"payment.status","source":"PSP1","event_time":1630666800000,'
            b'"ingest_time":1630666800000,"payment_id":"hp%d","merchant_id":"M%d","payer_id":"b1","payer_type":"HOUSEHOLD",'
            b'"context":"POS","instrument":"CARD","status":"CAPTURED","amount_minor":1000,"currency":"VND","scheme":"NAPAS"}'
            % (number, number, number % 7))


def poison():
    spaces = b" " * 65536
    return [
        ("depth of a million", "too_large", b'{"a":' + b"[" * 1000000),
        ("depth of sixty thousand", "too_deep", b'{"a":' + b"[" * 60000),
        ("a hundred thousand keys", "too_large", b"{" + b'"a":1,' * 100000 + b'"a":1}'),
        ("ten thousand keys", "missing_field", b"{" + b'"a":1,' * 10000 + b'"a":1}'),
        ("a number of a megabyte", "too_large", b'{"amount_minor":' + b"9" * 1000000 + b"}"),
        ("a number of sixty thousand digits", "bad_amount", b'{"amount_minor":' + b"9" * 60000 + b"}"),
        ("2^63", "bad_amount", b'{"amount_minor":9223372036854775808}'),
        ("2^63 + 1", "bad_amount", b'{"amount_minor":9223372036854775809}'),
        ("2^63 - 1", "missing_field", b'{"amount_minor":9223372036854775807}'),
        ("1e400", "bad_amount", b'{"amount_minor":1e400}'),
        ("-0", "bad_amount", b'{"amount_minor":-0}'),
        ("NUL in a key", "not_json", b'{"ty\x00pe":1}'),
        ("NUL as an escape", "bad_utf8", b'{"type\\u0000":1}'),
        ("overlong UTF-8", "bad_utf8", b'{"a":"\xc0\xaf"}'),
        ("a lone surrogate", "bad_utf8", b'{"a":"\\ud83d"}'),
        ("a surrogate in UTF-8", "bad_utf8", b'{"a":"\xed\xa0\x80"}'),
        ("a byte order mark", "not_json", b"\xef\xbb\xbf" + good(0)),
        ("nothing", "empty_value", b""),
        ("spaces", "not_json", b" \r\n\t "),
        ("random bytes", "not_json", bytes(range(256))),
        ("a key twice", "duplicate_key", b'{"type":1,"type":1}'.replace(b":1,", b":null,")),
        ("one byte more than 64 KiB", "too_large", (good(0) + spaces)[:65537]),
        ("a megabyte", "too_large", b'{"a":"' + b"x" * 999990 + b'"}'),
        ("a megabyte of NUL", "too_large", bytes(1000000)),
    ]


def send_poison(broker, topic, partition, codec):
    """Each between two good records in one batch, so that a reader who loses his place loses something good."""
    number = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}[codec] * 1000
    for name, reason, value in poison():
        values = [good(number), value, good(number + 1), None]
        number += 2
        offset = broker.produce(topic, partition, values, codec)
        print(offset + 1, reason, name)


def main(arguments):
    if len(arguments) < 4:
        sys.exit(__doc__)
    broker, command, topic, rest = Broker(arguments[0]), arguments[1], arguments[2], arguments[3:]
    if command == "create":
        broker.create(topic, int(rest[0]), rest[1:])
    elif command == "poison":
        send_poison(broker, topic, int(rest[0]), rest[1])
    elif command == "bomb":
        for _ in range(int(rest[3]) if len(rest) > 3 else 1):
            broker.produce(topic, int(rest[0]), [[(0x20, int(rest[2]) * MIB)]], rest[1])
    elif command == "tiny":
        data = batch([b""] * int(rest[2]), rest[1])
        for _ in range(int(rest[3]) if len(rest) > 3 else 1):
            for partition in range(int(rest[0])):
                broker.send(topic, partition, data, f"{rest[2]} records, {rest[1]}")
    elif command == "good":
        first = int(rest[2]) if len(rest) > 2 else 0
        broker.produce(topic, int(rest[0]), [good(first + i) for i in range(int(rest[1]))], "none")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
