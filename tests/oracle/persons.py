"""Sketches of distinct persons by account and month (store-layout.md §5): the bytes that the engine must store, and what united
registers stand for.

Only these are made here: those of the province are compared by their estimates, which shows as much and costs the oracle less."""
from xxh3 import MASK, secret_of, xxh3_64

REGISTERS_LOG2 = 12
SPARSE_MAX = 1000
DEVELOPMENT_KEY = b"nhip development key, not secret"
ODD = 0xD6E8FEB86659FD93


class Prints:
    """The 64 bits of a person's id, under a key."""

    def __init__(self, key=DEVELOPMENT_KEY):
        self.secret = secret_of(key)
        self.known = {}

    def of(self, person):
        value = self.known.get(person)
        if value is None:
            value = xxh3_64(person.encode("ascii"), self.secret)
            for _ in range(2):
                value = (value ^ value >> 32) * ODD & MASK
            value = self.known[person] = value ^ value >> 32 or 1
        return value


def registers_of_persons(persons, prints):
    registers = bytearray(1 << REGISTERS_LOG2)
    for person in persons:
        value = prints.of(person)
        rest_bits = 64 - REGISTERS_LOG2
        register, rest = value >> rest_bits, value & (1 << rest_bits) - 1
        registers[register] = max(registers[register], rest_bits - rest.bit_length() + 1)
    return registers


def blob_of(registers):
    if sum(map(bool, registers)) > SPARSE_MAX:
        return b"\x02" + bytes(registers)
    return b"\x01" + b"".join(place.to_bytes(2, "big") + bytes([rank]) for place, rank in enumerate(registers) if rank)
