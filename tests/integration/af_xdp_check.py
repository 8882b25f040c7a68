#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks recorded files against what was sent: usage: af_xdp_check.py REFERENCE.pcap FILE...

REFERENCE is mirrorgen's file of the same frames behind IPv4 headers. Over all files each of its
frames is there once, to the byte, in whatever order; in a file time never goes back.
"""
import collections
import sys

from oracle_pcap import read_pcap

OUTER = 14 + 20 + 8 + 8


def main(reference, paths):
    """Prints what is wrong and returns the exit code."""
    sent = collections.Counter(packet.data[OUTER:] for packet in read_pcap(reference).packets)
    found = collections.Counter()
    wrong = []
    for path in paths:
        packets = read_pcap(path).packets
        stamps = [packet.ts_ns for packet in packets]
        found.update(packet.data for packet in packets)
        if stamps != sorted(stamps):
            wrong.append(f"{path}: time stamps go back")
    missing, extra = (sent - found).total(), (found - sent).total()
    if missing or extra or not sent:
        wrong.append(f"of {sent.total()} frames {missing} are missing, {extra} were never sent")
    print("\n".join(wrong) or f"{len(paths)} files, {sent.total()} frames, each once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
