# SPDX-License-Identifier: Apache-2.0
"""Reads and writes classic pcap files, for the oracle; shares no code with the product."""
import collections
import struct

Packet = collections.namedtuple("Packet", "ts_ns caplen len data")
Capture = collections.namedtuple("Capture", "nanoseconds link_type snaplen packets")


class PcapError(Exception):
    """The file is not a whole pcap file."""


def read_pcap(path):
    """Reads a classic pcap file of either byte order and precision, to its last whole record."""
    with open(path, "rb") as file:
        data = file.read()
    kinds = {0xa1b2c3d4: False, 0xa1b23c4d: True}
    if len(data) < 24:
        raise PcapError(f"{path}: no file header")
    for order in "<>":
        magic, = struct.unpack_from(order + "I", data)
        if magic in kinds:
            break
    else:
        raise PcapError(f"{path}: magic {data[:4].hex()}")
    nanoseconds = kinds[magic]
    snaplen, link = struct.unpack_from(order + "II", data, 16)
    packets = []
    at = 24
    while at < len(data):
        if len(data) - at < 16:
            raise PcapError(f"{path}: record header cut at byte {at}")
        seconds, fraction, caplen, length = struct.unpack_from(order + "IIII", data, at)
        at += 16
        if len(data) - at < caplen:
            raise PcapError(f"{path}: record cut at byte {at}")
        ts_ns = seconds * 10**9 + fraction * (1 if nanoseconds else 1000)
        packets.append(Packet(ts_ns, caplen, length, data[at:at + caplen]))
        at += caplen
    return Capture(nanoseconds, link & 0xffff, snaplen, packets)


def write_pcap(path, packets):
    """Writes Packets as a pcap file with nanoseconds."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for packet in packets:
            file.write(struct.pack("<IIII", packet.ts_ns // 10**9, packet.ts_ns % 10**9,
                                   packet.caplen, packet.len) + packet.data)
