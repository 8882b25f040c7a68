#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends one mirror packet for each of many sessions in turn, again and again.

usage: sessions_send.py INTERFACE ONE.pcap FIRST_VNI SESSIONS ROUNDS PACKETS_A_SECOND

ONE.pcap has the packet, VXLAN in IPv4 in Ethernet, whose virtual network id is replaced.
"""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True

from oracle_pcap import read_pcap  # noqa: E402

VNI_AT = 14 + 20 + 8 + 4


def main(interface, path, first, sessions, rounds, rate):
    """Sends; a packet that would be early waits."""
    frame = bytearray(read_pcap(path).packets[0].data)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        began = time.monotonic()
        for number in range(sessions * rounds):
            early = began + number / rate - time.monotonic()
            if early > 0.001:
                time.sleep(early)
            frame[VNI_AT:VNI_AT + 3] = (first + number % sessions).to_bytes(3, "big")
            out.send(frame)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
