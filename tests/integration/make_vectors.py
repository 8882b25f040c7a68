#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the pcap files and the session map that the file test captures.

    make_vectors.py DIRECTORY [--seed N] [--mutants N]

handmade-ns.pcap  the vectors, nanoseconds, little endian
handmade-us.pcap  the vectors, microseconds, big endian
mutants.pcap      mutated vectors, nanoseconds, the same for the same seed
unordered.pcap    the vectors, their times going back and forth
damaged.pcap      the vectors and, at the end, a record whose bytes are missing
map.json          the sessions
"""
import argparse
import json
import os
import random
import struct

from vectors import SESSIONS, VECTORS

START_NS = 1700000000 * 10**9
# Cuts would outnumber all else, and shorten() makes its own.
UNCUT = [vector for vector in VECTORS if vector.arrived == len(vector.frame)]
INTERESTING = (0, 1, 7, 8, 14, 15, 16, 17, 20, 28, 36, 40, 44, 60, 127, 128, 255, 1500, 4789, 6081,
               8400, 0x0800, 0x4500, 0x6000, 0x8100, 0x86dd, 0x7fff, 0x8000, 0xffff)


def write_map(path):
    """The sessions as a session map."""
    entries = []
    for name, vni, length, source in SESSIONS:
        entry = {"virtual_network_id": vni, "packet_length": length, "name": name,
                 "source_ip": source}
        entries.append({key: value for key, value in entry.items() if value is not None})
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"version": 1, "sessions": entries}, file, indent=1)


def write_pcap(path, packets, order="<", nanoseconds=True):
    """packets: (time in ns, arrived bytes, length on the wire)."""
    unit = 1 if nanoseconds else 1000
    with open(path, "wb") as file:
        magic = 0xa1b23c4d if nanoseconds else 0xa1b2c3d4
        file.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1))
        for ts_ns, data, length in packets:
            file.write(struct.pack(order + "IIII", ts_ns // 10**9, ts_ns % 10**9 // unit,
                                   len(data), length) + data)


def stamps(chance):
    """Times that never step back, from equal to seconds apart; every digit is used."""
    now = START_NS
    while True:
        yield now
        now += chance.choice((0, 1, 999, 1000, 123456, 999999999, 1234567890))


def flip(chance, data):
    """Another value for a byte of the headers."""
    at = chance.randrange(min(len(data), 160))
    data[at] = chance.randrange(256)


def field(chance, data):
    """An interesting number for two bytes that may be a length, type or port."""
    at = chance.randrange(min(len(data), 160))
    data[at:at + 2] = struct.pack(">H", chance.choice(INTERESTING))


def nudge(chance, data):
    """A number one off."""
    at = chance.randrange(min(len(data), 160))
    value = int.from_bytes(data[at:at + 2], "big") + chance.choice((-1, 1))
    data[at:at + 2] = struct.pack(">H", value & 0xffff)


def shorten(chance, data):
    """The end is missing."""
    del data[chance.randrange(len(data)):]


def pad(chance, data):
    """Trailing bytes."""
    data += bytes(chance.randrange(1, 64))


def insert(chance, data):
    """Four bytes more, often where a tag would stand."""
    at = chance.choice((12, 12, chance.randrange(len(data))))
    data[at:at] = struct.pack(">HH", chance.choice((0x8100, 0x88a8, 0x9100, 0)), 5)


def remove(chance, data):
    """Bytes of the headers missing."""
    at = chance.randrange(min(len(data), 160))
    del data[at:at + chance.choice((1, 2, 4, 8))]


def mutant(chance):
    """A vector with a few faults: arrived bytes and length on the wire."""
    data = bytearray(chance.choice(UNCUT).frame)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if data:
            chance.choice((flip, flip, field, field, nudge, shorten, pad, insert, remove))(
                chance, data)
    return bytes(data), len(data) + chance.choice((0, 0, 0, 1, 1000))


def main():
    """Writes everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("directory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutants", type=int, default=10000)
    options = parser.parse_args()

    def path(name):
        return os.path.join(options.directory, name)

    chance = random.Random(options.seed)
    vectors = [(vector.frame[:vector.arrived], len(vector.frame)) for vector in VECTORS]
    mutants = [mutant(chance) for _ in range(options.mutants)]
    write_map(path("map.json"))
    for name, frames, order, nanoseconds in (("handmade-ns", vectors, "<", True),
                                             ("handmade-us", vectors, ">", False),
                                             ("mutants", mutants, "<", True)):
        times = stamps(chance)
        write_pcap(path(name + ".pcap"), [(next(times), *frame) for frame in frames], order,
                   nanoseconds)
    with open(path("handmade-ns.pcap"), "rb") as whole, open(path("damaged.pcap"), "wb") as file:
        file.write(whole.read() + struct.pack("<IIII", START_NS // 10**9, 0, 100, 100) + b"cut")
    write_pcap(path("unordered.pcap"), [(START_NS + chance.randrange(5 * 10**9), *frame)
                                        for frame in vectors])


if __name__ == "__main__":
    main()
