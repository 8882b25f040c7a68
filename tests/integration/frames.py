# SPDX-License-Identifier: Apache-2.0
"""Builds mirror packets, right or wrong: each field that a header computes can be overridden."""
import ipaddress
import struct

SOURCE, TARGET, GATEWAY = "10.0.0.5", "10.0.0.9", "10.0.0.12"
SOURCE6, TARGET6 = "fd00::5", "fd00::9"
TCP, UDP, ICMP, ESP = 6, 17, 1, 50
HOP_BY_HOP, ROUTING, DESTINATION, AUTHENTICATION, FRAGMENT = 0, 43, 60, 51, 44


def address(text):
    """The address's bytes."""
    return ipaddress.ip_address(text).packed


def checksum(data):
    """The Internet checksum."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def ethernet(ether_type, payload, tags=()):
    """A frame; tags are EtherTypes of VLAN tags, outermost first."""
    types = [*tags, ether_type]
    header = bytes.fromhex("020000000002" "020000000001") + struct.pack(">H", types[0])
    for tag, following in enumerate(types[1:]):
        header += struct.pack(">HH", 100 + tag, following)
    return header + payload


def ipv4(payload, protocol=UDP, source=SOURCE, target=TARGET, options=b"", total=None, ihl=None,
         version=4, fragment=0):
    """An IPv4 packet; fragment is the 16 bits of flags and offset."""
    size = 20 + len(options)
    header = struct.pack(">BBHHHBBH", version << 4 | (size // 4 if ihl is None else ihl), 0,
                         size + len(payload) if total is None else total, 0, fragment, 255,
                         protocol, 0) + address(source) + address(target) + options
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return header + payload


def ipv6(payload, next_header=UDP, source=SOURCE6, target=TARGET6, length=None, version=6):
    """An IPv6 packet."""
    return struct.pack(">IHBB", version << 28, len(payload) if length is None else length,
                       next_header, 255) + address(source) + address(target) + payload


def extension(kind, next_header, payload, units=1):
    """An IPv6 extension header of 8 * units bytes and what follows it."""
    length = units * 2 - 2 if kind == AUTHENTICATION else units - 1
    return bytes([next_header, length]) + bytes(8 * units - 2) + payload


def fragment_header(next_header, offset, more, payload):
    """An IPv6 fragment header; offset in units of eight bytes."""
    return struct.pack(">BBHI", next_header, 0, offset << 3 | more, 0x1234) + payload


def udp(payload, port=4789, length=None, source=65408, check=0):
    """A UDP packet."""
    return struct.pack(">HHHH", source, port, 8 + len(payload) if length is None else length,
                       check) + payload


def vxlan(vni, frame, flags=0x08, reserved=0, last=0):
    """A VXLAN packet; reserved are the 24 bits behind the flags."""
    return struct.pack(">II", flags << 24 | reserved, vni << 8 | last) + frame


def geneve(payload, protocol=0x0800, options=b"", version=0, units=None):
    """A GENEVE packet; units overrides the options' length, in four bytes."""
    units = len(options) // 4 if units is None else units
    return struct.pack(">BBHI", version << 6 | units, 0, protocol, 0) + options + payload


def mirror4(vni, frame, tags=(), **fields):
    """What AWS sends over IPv4; fields go to ipv4()."""
    return ethernet(0x0800, ipv4(udp(vxlan(vni, frame)), **fields), tags)


def mirror6(vni, frame, **fields):
    """What AWS sends over IPv6; fields go to ipv6()."""
    return ethernet(0x86dd, ipv6(udp(vxlan(vni, frame)), **fields))


def filler(size, seed=0):
    """Bytes that differ from place to place."""
    return bytes((seed + index * 7 + index // 251) & 0xff for index in range(size))


def inner4(size, tags=(), total=None):
    """An inner IPv4 frame of so many bytes. total overrides the IP total length."""
    payload = size - 14 - 4 * len(tags) - 20
    return ethernet(0x0800, ipv4(filler(payload), protocol=TCP, source="192.0.2.1",
                                 target="192.0.2.2", total=total), tags)


def inner6(size, tags=(), length=None):
    """An inner IPv6 frame of so many bytes. length overrides the payload length."""
    payload = size - 14 - 4 * len(tags) - 40
    return ethernet(0x86dd, ipv6(filler(payload), next_header=TCP, source="2001:db8::1",
                                 target="2001:db8::2", length=length), tags)
