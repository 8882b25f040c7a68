#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the files of one session: usage: ports_check.py COUNT FILE...

Over all files each of mirrorgen's numbers 0 ... COUNT-1 is there once. In a file the time stamps
never go back, and nearly all differ: two CPUs may stamp two packets in one nanosecond, no more.
"""
import collections
import struct
import sys

from oracle_pcap import read_pcap

NUMBER_AT = 14 + 20 + 8 + 8  # behind Ethernet, IPv4, UDP and mirrorgen's magic
DISTINCT = 0.99


def main(count, paths):
    """Prints what is wrong and returns the exit code."""
    numbers = collections.Counter()
    wrong = []
    for path in paths:
        packets = read_pcap(path).packets
        stamps = [packet.ts_ns for packet in packets]
        numbers.update(struct.unpack_from(">Q", packet.data, NUMBER_AT)[0] for packet in packets)
        back = sum(after < before for before, after in zip(stamps, stamps[1:]))
        if back:
            wrong.append(f"{path}: {back} of {len(stamps)} time stamps go back")
        if len(set(stamps)) < DISTINCT * len(stamps):
            wrong.append(f"{path}: {len(set(stamps))} time stamps for {len(stamps)} packets")
    missing = count - len(numbers.keys() & set(range(count)))
    extra = sum(numbers.values()) - (count - missing)
    if missing or extra:
        wrong.append(f"{missing} of {count} are missing, {extra} are there twice or unknown")
    print("\n".join(wrong) or f"{len(paths)} files, {count} packets, each once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
