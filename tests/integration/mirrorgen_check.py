#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what arrived of mirrorgen's frames, as the oracle took it apart.

    mirrorgen_check.py same ORACLE.json TRUTH.pcap LENGTH TIMES
    mirrorgen_check.py numbers ORACLE.json COUNT VNI

same: the recorded frames are those of the pcap file, cut to LENGTH, each TIMES times.
numbers: the frames of the VNI carry the numbers 0 to COUNT - 1, each once, with a valid payload.
"""
import collections
import json
import sys

from oracle_pcap import read_pcap

MAGIC = b"MIRRORGN"


def frames(path, vni=None):
    """The bytes of all recorded frames, or of a VNI's."""
    with open(path, encoding="utf-8") as file:
        sessions = json.load(file)["sessions"]
    return [bytes.fromhex(record["data"]) for session in sessions for record in session["records"]
            if vni in (None, session["virtual_network_id"])]


def same(recorded, truth, length, times):
    """Compares as bags: two directions have no common order."""
    wanted = collections.Counter(packet.data[:length] for packet in read_pcap(truth).packets)
    for frame in wanted:
        wanted[frame] *= times
    found = collections.Counter(recorded)
    for name, difference in (("missing", wanted - found), ("too many", found - wanted)):
        for frame, count in list(difference.items())[:3]:
            print(f"{name}, {count} times: {frame.hex()}")
    return wanted == found and bool(wanted)


def numbers(recorded, count):
    """Reads each frame's number behind the magic and proves what follows it."""
    seen = collections.Counter()
    for frame in recorded:
        at = frame.index(MAGIC)
        seen[int.from_bytes(frame[at + 8:at + 16], "big")] += 1
        if any(byte != (16 + index) & 0xff for index, byte in enumerate(frame[at + 16:])):
            print(f"damaged: {frame.hex()}")
            return False
    wrong = [number for number in range(count) if seen[number] != 1]
    if wrong:
        print(f"{len(wrong)} numbers not exactly once, first {wrong[0]}: {seen[wrong[0]]} times")
    return not wrong and len(seen) == count


def main(command, oracle, *rest):
    """Returns the exit code."""
    if command == "same":
        return not same(frames(oracle), rest[0], int(rest[1]), int(rest[2]))
    return not numbers(frames(oracle, int(rest[1])), int(rest[0]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
