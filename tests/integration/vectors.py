# SPDX-License-Identifier: Apache-2.0
"""Hand-made mirror packets, each with what must become of it, worked out by hand.

VECTORS is the table. The oracle is tested against it, and capture against the oracle.
"""
import collections

from frames import (AUTHENTICATION, DESTINATION, ESP, FRAGMENT, GATEWAY, HOP_BY_HOP, ICMP, ROUTING,
                    TARGET, TCP, UDP, ethernet, extension, filler,
                    fragment_header, geneve, inner4, inner6, ipv4, ipv6, mirror4, mirror6, udp,
                    vxlan)

# name, VNI, packet length, source; None: not given.
SESSIONS = (
    ("web", 4242, 128, None),
    ("vni-4243", 4243, None, None),
    ("jumbo", 1, 8500, None),
    ("interface", 2, 9000, None),
    ("one", 3, 1, None),
    ("under", 4, 8399, None),
    ("even", 5, 8400, None),
    ("twin-a", 77, 200, "10.0.0.5"),
    ("twin-b", 77, 300, "10.0.0.6"),
    ("twin-c", 77, 400, "fd00::5"),
    ("only", 78, None, "10.0.0.5"),
    ("others", 78, None, None),
    ("private", 79, None, "10.0.0.7"),
    ("lowest", 0, None, None),
    ("highest", 0xffffff, None, None),
)

OPEN = 4243  # the VNI of the session without a packet length

# frame: what was on the wire; arrived: how many bytes of it were captured. Either reason, or
# session, caplen, len and counts.
Vector = collections.namedtuple(
    "Vector", "name frame arrived reason session caplen len counts reserved clipped")

VECTORS = []


def kept(name, frame, session, caplen, length, counts, reserved=False, arrived=None,
         clipped=False):
    """A packet that is recorded. counts: the session's counts that it raises, as words."""
    VECTORS.append(Vector(name, frame, len(frame) if arrived is None else arrived, None, session,
                          caplen, length, set(counts.split()), reserved, clipped))


def dropped(name, frame, reason, reserved=False, arrived=None):
    """A packet that is not recorded."""
    VECTORS.append(Vector(name, frame, len(frame) if arrived is None else arrived, reason, None,
                          0, 0, set(), reserved, False))


def whole(name, frame, size, **fields):
    """A packet whose inner frame of so many bytes is recorded as a whole, in the open session."""
    kept(name, frame, "vni-4243", size, size, "whole", **fields)


def sessions():
    """VNIs and sources."""
    frame = inner4(100)
    kept("web", mirror4(4242, frame), "web", 100, 100, "whole")
    kept("vni 0", mirror4(0, frame), "lowest", 100, 100, "whole")
    kept("vni 16777215", mirror4(0xffffff, frame), "highest", 100, 100, "whole")
    kept("twin a", mirror4(77, frame, source="10.0.0.5"), "twin-a", 100, 100, "whole")
    kept("twin b", mirror4(77, frame, source="10.0.0.6"), "twin-b", 100, 100, "whole")
    kept("twin c", mirror6(77, frame, source="fd00::5"), "twin-c", 100, 100, "whole")
    kept("source given", mirror4(78, frame, source="10.0.0.5"), "only", 100, 100, "whole")
    kept("source not given", mirror4(78, frame, source="10.0.0.6"), "others", 100, 100, "whole")
    kept("source of the other family", mirror6(78, frame), "others", 100, 100, "whole")
    dropped("unknown vni", mirror4(12345, frame), "unknown_vni")
    dropped("twin denied", mirror4(77, frame, source="10.0.0.7"), "source_denied")
    dropped("private denied", mirror4(79, frame, source="10.0.0.5"), "source_denied")
    dropped("private denied over IPv6", mirror6(79, frame), "source_denied")
    dropped("denied before short", mirror4(79, b""), "source_denied")
    dropped("unknown before short", mirror4(12345, b""), "unknown_vni")


def outer_ethernet():
    """Tags and EtherTypes outside."""
    packet = ipv4(udp(vxlan(OPEN, inner4(80))))
    for tags in ((0x8100,), (0x88a8,), (0x9100,), (0x88a8, 0x8100), (0x8100, 0x8100),
                 (0x9100, 0x88a8)):
        whole(f"outer tags {tags}", ethernet(0x0800, packet, tags), 80)
    dropped("three outer tags", ethernet(0x0800, packet, (0x88a8, 0x8100, 0x8100)), "not_vxlan")
    dropped("ARP", ethernet(0x0806, filler(28)), "not_vxlan")
    dropped("802.3 length", ethernet(100, filler(100)), "not_vxlan")
    dropped("tagged ARP", ethernet(0x0806, filler(28), (0x8100,)), "not_vxlan")
    dropped("EtherType IPv6, version 4", ethernet(0x86dd, packet), "malformed")
    dropped("EtherType IPv4, version 6",
            ethernet(0x0800, ipv6(udp(vxlan(OPEN, inner4(80))))), "malformed")
    dropped("Ethernet alone", ethernet(0x0800, b""), "malformed")
    dropped("empty", b"", "malformed")
    whole("Ethernet padding", mirror4(OPEN, inner4(34)) + bytes(10), 34)
    whole("padding that looks like more", mirror4(OPEN, inner4(60)) + filler(200), 60)


def outer_ipv4():
    """IPv4 headers outside."""
    packet = udp(vxlan(OPEN, inner4(80)))

    def frame(payload=packet, **fields):
        return ethernet(0x0800, ipv4(payload, **fields))

    for size in range(4, 41, 4):
        whole(f"{size} bytes of IP options", frame(options=bytes([1]) * size), 80)
    for version in (0, 5, 6, 15):
        dropped(f"version {version}", frame(version=version), "malformed")
    for ihl in range(5):
        dropped(f"IHL {ihl}", frame(ihl=ihl), "malformed")
    for total in (0, 1, 19, 20, 27, 28, 35):
        dropped(f"IPv4 total length {total}", frame(total=total), "malformed")
    dropped("total length below IHL", frame(options=bytes(40), total=59), "malformed")
    dropped("total length one short of UDP", frame(total=20 + len(packet) - 1), "malformed")
    whole("total length one above UDP", frame(total=20 + len(packet) + 1), 80)
    whole("total length above what is there", frame(total=65535), 80)
    dropped("TCP", frame(protocol=TCP), "not_vxlan")
    dropped("ICMP", frame(protocol=ICMP), "not_vxlan")
    dropped("TCP, more fragments", frame(protocol=TCP, fragment=0x2000), "not_vxlan")
    dropped("first fragment", frame(fragment=0x2000), "fragment")
    dropped("middle fragment", frame(fragment=0x20b9), "fragment")
    dropped("last fragment", frame(fragment=0x0001), "fragment")
    dropped("last fragment of one byte", frame(b"x", fragment=0x1fff), "fragment")
    dropped("fragment of another port", ethernet(0x0800, ipv4(udp(filler(40), port=53),
                                                              fragment=0x2000)), "fragment")
    whole("don't fragment", frame(fragment=0x4000), 80)
    whole("the reserved flag", frame(fragment=0x8000), 80)
    dropped("malformed before fragment", frame(fragment=0x2000, total=19), "malformed")


def outer_ipv6():
    """IPv6 headers outside."""
    packet = udp(vxlan(OPEN, inner6(90)))

    def frame(payload=packet, next_header=UDP, **fields):
        return ethernet(0x86dd, ipv6(payload, next_header, **fields))

    whole("IPv6", frame(), 90)
    whole("payload length above what is there", frame(length=65535), 90)
    dropped("IPv6 payload length 0", frame(length=0), "malformed")
    dropped("IPv6 no room for UDP", frame(length=7), "malformed")
    dropped("IPv6 one short of UDP", frame(length=len(packet) - 1), "malformed")
    dropped("IPv6 version 4", frame(version=4), "malformed")
    for protocol in (TCP, 58, ESP, 59, 135, 139):
        dropped(f"next header {protocol}", frame(next_header=protocol), "not_vxlan")
    for kind in (HOP_BY_HOP, ROUTING, DESTINATION, AUTHENTICATION):
        for units in (1, 2, 5):
            whole(f"extension {kind}, {units} units",
                  frame(extension(kind, UDP, packet, units), kind), 90)
        dropped(f"extension {kind}, then TCP", frame(extension(kind, TCP, packet), kind),
                "not_vxlan")
        dropped(f"extension {kind} longer than the packet",
                frame(extension(kind, UDP, b"")[:1] + b"\xff" + filler(60), kind), "malformed")
        dropped(f"extension {kind} past the payload length",
                frame(extension(kind, UDP, packet, 2), kind, length=15), "malformed")
    chain = packet
    following = UDP
    for count in range(1, 10):
        chain = extension(DESTINATION, following, chain)
        following = DESTINATION
        if count <= 8:
            whole(f"{count} extension headers", frame(chain, DESTINATION), 90)
        else:
            dropped("nine extension headers", frame(chain, DESTINATION), "malformed")
    chain = extension(HOP_BY_HOP, ROUTING, extension(ROUTING, AUTHENTICATION, extension(
        AUTHENTICATION, DESTINATION, extension(DESTINATION, UDP, packet), 3)))
    whole("one of each", frame(chain, HOP_BY_HOP), 90)
    outer_ipv6_fragments(packet, frame)


def outer_ipv6_fragments(packet, frame):
    """IPv6 fragment headers."""
    whole("atomic fragment", frame(fragment_header(UDP, 0, 0, packet), FRAGMENT), 90)
    whole("atomic fragment behind an extension",
          frame(extension(HOP_BY_HOP, FRAGMENT, fragment_header(UDP, 0, 0, packet)), HOP_BY_HOP),
          90)
    whole("extension behind an atomic fragment",
          frame(fragment_header(DESTINATION, 0, 0, extension(DESTINATION, UDP, packet)),
                FRAGMENT), 90)
    for name, offset, more in (("first", 0, 1), ("middle", 5, 1), ("last", 5, 0)):
        dropped(f"IPv6 {name} fragment", frame(fragment_header(UDP, offset, more, packet),
                                               FRAGMENT), "fragment")
        dropped(f"IPv6 {name} fragment of TCP",
                frame(fragment_header(TCP, offset, more, packet), FRAGMENT), "not_vxlan")
        dropped(f"IPv6 {name} fragment of an extension",
                frame(fragment_header(DESTINATION, offset, more, packet), FRAGMENT), "fragment")
    dropped("atomic fragment of TCP", frame(fragment_header(TCP, 0, 0, packet), FRAGMENT),
            "not_vxlan")
    dropped("fragment header past the payload length",
            frame(fragment_header(UDP, 0, 1, packet), FRAGMENT, length=7), "malformed")


def outer_udp():
    """UDP and VXLAN headers."""
    inner = inner4(80)

    def frame(inside=vxlan(OPEN, inner), **fields):
        return ethernet(0x0800, ipv4(udp(inside, **fields)))

    for length in (0, 1, 7, 8, 15, 97, 200, 65535):
        dropped(f"UDP length {length}", frame(length=length), "malformed")
    dropped("UDP length 16", frame(length=16), "short_frame")
    dropped("UDP length 29", frame(length=29), "short_frame")
    kept("UDP length 30", frame(length=30), "vni-4243", 14, 14, "whole")
    # What stands behind the UDP packet is not the frame's, though it looks like its headers.
    kept("UDP length 31", frame(length=31), "vni-4243", 15, 15, "whole")
    # 79 bytes of 80 with no packet length known: AWS may have cut there.
    kept("UDP length one less", frame(length=95), "vni-4243", 79, 80, "cut_upstream")
    whole("UDP checksum set", frame(check=0x1234), 80)
    for port in (0, 4788, 4790, 8472, 53):
        dropped(f"port {port}", frame(port=port), "not_vxlan")
    dropped("port 53, UDP length 3", frame(port=53, length=3), "not_vxlan")
    dropped("4789 as the source", frame(port=40000, source=4789), "not_vxlan")
    for flags in (0x00, 0x80, 0xf7):
        dropped(f"flags {flags:#x}", frame(vxlan(OPEN, inner, flags=flags)), "no_vni")
    dropped("I flag unset, reserved bits",
            frame(vxlan(OPEN, inner, flags=0, reserved=0xffffff, last=0xff)), "no_vni")
    for name, fields in (("flag", {"flags": 0x88}), ("all flags", {"flags": 0xff}),
                         ("24 bits", {"reserved": 1}), ("24 bits high", {"reserved": 0x800000}),
                         ("last byte", {"last": 1}),
                         ("all", {"flags": 0xff, "reserved": 0xffffff, "last": 0xff})):
        whole(f"reserved: {name}", frame(vxlan(OPEN, inner, **fields)), 80, reserved=True)
    dropped("reserved and unknown", frame(vxlan(12345, inner, flags=0x0c)), "unknown_vni",
            reserved=True)
    dropped("reserved and short", frame(vxlan(OPEN, inner[:13], last=9)), "short_frame",
            reserved=True)
    dropped("reserved and denied", frame(vxlan(79, inner, last=9)), "source_denied",
            reserved=True)
    for size in (0, 1, 13):
        dropped(f"inner frame of {size} bytes", mirror4(OPEN, inner[:size]), "short_frame")
    nested = mirror4(4242, inner4(60))
    whole("nested VXLAN", mirror4(OPEN, nested), len(nested))


def gateway():
    """GENEVE of a Gateway Load Balancer."""
    inside4 = ipv4(udp(vxlan(OPEN, inner4(80))))
    inside6 = ipv6(udp(vxlan(OPEN, inner6(90))))

    def frame(inside, length=None, ipv6_outside=False, **fields):
        packet = udp(geneve(inside, **fields), port=6081, length=length)
        if ipv6_outside:
            return ethernet(0x86dd, ipv6(packet))
        return ethernet(0x0800, ipv4(packet, source=GATEWAY, target=TARGET))

    whole("GENEVE", frame(inside4), 80)
    whole("GENEVE with options", frame(inside4, options=filler(32)), 80)
    whole("GENEVE with most options", frame(inside4, options=filler(252)), 80)
    whole("GENEVE of IPv6", frame(inside6, protocol=0x86dd), 90)
    whole("GENEVE over IPv6", frame(inside4, ipv6_outside=True), 80)
    whole("GENEVE of IPv6 over IPv6",
          frame(inside6, protocol=0x86dd, options=filler(8), ipv6_outside=True), 90)
    whole("GENEVE with trailing bytes", frame(inside4 + filler(9)), 80)
    kept("GENEVE: the source is the inner one",
         frame(ipv4(udp(vxlan(77, inner4(80))), source="10.0.0.6")), "twin-b", 80, 80, "whole")
    dropped("GENEVE: the outer source does not count",
            frame(ipv4(udp(vxlan(79, inner4(80))), source="10.0.0.8")), "source_denied")
    dropped("GENEVE of Ethernet", frame(mirror4(OPEN, inner4(80)), protocol=0x6558), "not_vxlan")
    dropped("GENEVE of an Ethernet frame", frame(inner4(80), protocol=0x6558), "not_vxlan")
    dropped("GENEVE of GENEVE", frame(ipv4(udp(geneve(inside4), port=6081))), "not_vxlan")
    dropped("GENEVE version 1", frame(inside4, version=1), "not_vxlan")
    dropped("GENEVE of TCP", frame(ipv4(filler(40), protocol=TCP)), "not_vxlan")
    dropped("GENEVE of DNS", frame(ipv4(udp(filler(40), port=53))), "not_vxlan")
    dropped("GENEVE of a fragment", frame(ipv4(udp(filler(40)), fragment=0x2000)), "fragment")
    dropped("GENEVE: version lies", frame(inside6, protocol=0x0800), "malformed")
    dropped("GENEVE: options longer than all", frame(b"", units=63), "malformed")
    dropped("GENEVE: UDP length 15", frame(inside4, length=15), "malformed")
    dropped("GENEVE: UDP length 16", frame(inside4, length=16), "malformed")
    dropped("GENEVE: UDP length above IP", frame(inside4, length=16 + len(inside4) + 1),
            "malformed")
    dropped("GENEVE: inside longer than it", frame(inside4[:-1]), "malformed")
    dropped("GENEVE: inside UDP longer than it",
            frame(ipv4(udp(vxlan(OPEN, inner4(80)), length=97))), "malformed")


def truncation():
    """PacketLength and the lengths that the frame's own headers tell."""
    for name, packet_length, vni in (("web", 128, 4242), ("jumbo", 8500, 1),
                                     ("interface", 9000, 2), ("under", 8399, 4),
                                     ("even", 8400, 5)):
        least = min(packet_length, 8400)
        frame = inner4(9100)
        kept(f"{name}: cut below {least}", mirror4(vni, frame[:least - 1]), name, least - 1,
             least - 1, "inconsistent")
        kept(f"{name}: cut at {least}", mirror4(vni, frame[:least]), name, least, 9100,
             "cut_upstream")
        over = least + 1 > packet_length
        kept(f"{name}: cut above {least}", mirror4(vni, frame[:least + 1]), name,
             min(least + 1, packet_length), 9100,
             "cut_upstream over_length cut_here" if over else "cut_upstream")
    for size in (127, 128):
        kept(f"web: frame of {size}", mirror4(4242, inner4(size)), "web", size, size, "whole")
    for size in (129, 500, 1514):
        kept(f"web: frame of {size}", mirror4(4242, inner4(size)), "web", 128, size,
             "cut_here over_length")
    kept("one byte", mirror4(3, inner4(100)[:14]), "one", 1, 14, "cut_here over_length")
    # One byte of packet length, 18 of the frame: longer than the map says, and cut upstream.
    kept("one byte, cut upstream", mirror4(3, inner4(100)[:18]), "one", 1, 100,
         "cut_here over_length cut_upstream")
    for size in (8500, 9000):
        kept(f"jumbo frame of {size}", mirror4(2, inner4(size)), "interface", size, size, "whole")
    kept("jumbo frame, IPv6", mirror6(1, inner6(8500)), "jumbo", 8500, 8500, "whole")
    kept("jumbo frame above the map", mirror4(1, inner4(8501)), "jumbo", 8500, 8501,
         "cut_here over_length")
    kept("cut twice", mirror4(4242, inner4(1500)[:1000]), "web", 128, 1500,
         "cut_upstream cut_here over_length")
    kept("IPv6 cut upstream", mirror4(4242, inner6(1500)[:128]), "web", 128, 1500, "cut_upstream")
    kept("IPv6 lies", mirror4(4242, inner6(120, length=5000)), "web", 120, 120, "inconsistent")
    kept("IPv4 lies", mirror4(4242, inner4(120, total=5000)), "web", 120, 120, "inconsistent")
    # Lies the other way look like Ethernet padding: the frame is as long as it is.
    whole("IPv4 claims less", mirror4(OPEN, inner4(120, total=40)), 120)
    whole("IPv6 claims less", mirror4(OPEN, inner6(120, length=1)), 120)
    whole("IPv4 claims less than a header", mirror4(OPEN, inner4(120, total=1)), 120)


def inner_headers():
    """Where the inner length can be read, and where not."""
    whole("inner total length 0", mirror4(OPEN, inner4(120, total=0)), 120)
    whole("inner payload length 0", mirror4(OPEN, inner6(120, length=0)), 120)
    for name, build in (("IPv4", inner4), ("IPv6", inner6)):
        for tags in ((0x8100,), (0x88a8,), (0x9100,), (0x88a8, 0x8100), (0x9100, 0x9100)):
            frame = build(200, tags)
            whole(f"inner {name} behind {tags}", mirror4(OPEN, frame), 200)
            kept(f"inner {name} behind {tags}, cut", mirror4(OPEN, frame[:100]), "vni-4243", 100,
                 200, "cut_upstream")
        three = build(200, (0x88a8, 0x8100, 0x8100))[:100]
        whole(f"inner {name} behind three tags, cut", mirror4(OPEN, three), 100)
    whole("inner ARP", mirror4(OPEN, ethernet(0x0806, filler(28))), 42)
    whole("inner 802.3", mirror4(OPEN, ethernet(60, filler(60))), 74)
    whole("inner version 6 as IPv4", mirror4(OPEN, ethernet(0x0800, ipv6(filler(80))[:30])), 44)
    whole("inner version 4 as IPv6", mirror4(OPEN, ethernet(0x86dd, ipv4(filler(80))[:30])), 44)
    inner_boundaries()


def inner_boundaries():
    """An inner frame of 500 bytes, cut upstream at every byte of its headers."""
    for name, build, readable in (("IPv4", inner4, 18), ("IPv6", inner6, 20)):
        for tags in ((), (0x8100,), (0x88a8, 0x8100)):
            for size in range(14, 14 + 4 * len(tags) + 44):
                frame = mirror4(OPEN, build(500, tags)[:size])
                what = f"{name}, {len(tags)} tags, cut upstream at {size}"
                if size < readable + 4 * len(tags):
                    whole(what, frame, size)
                else:
                    kept(what, frame, "vni-4243", size, 500, "cut_upstream")


def input_cuts():
    """The input cut each of these at every byte."""
    inner = inner4(300)[:60]
    packet = udp(vxlan(OPEN, inner))
    stacks = (
        ("IPv4", ethernet(0x0800, ipv4(packet))),
        ("IPv4, two tags", ethernet(0x0800, ipv4(packet), (0x88a8, 0x8100))),
        ("IPv4, options", ethernet(0x0800, ipv4(packet, options=bytes(12)))),
        ("IPv6", ethernet(0x86dd, ipv6(packet))),
        ("IPv6, extensions", ethernet(0x86dd, ipv6(
            extension(HOP_BY_HOP, FRAGMENT, fragment_header(UDP, 0, 0, packet), 2),
            HOP_BY_HOP))),
        ("GENEVE", ethernet(0x0800, ipv4(udp(geneve(ipv4(packet), options=filler(32)),
                                             port=6081)))),
    )
    for name, frame in stacks:
        headers = len(frame) - len(inner)
        for arrived in range(len(frame)):
            what = f"{name}, input cut at {arrived}"
            left = arrived - headers
            if left < 0:
                dropped(what, frame, "malformed", arrived=arrived)
            elif left < 14:
                dropped(what, frame, "short_frame", arrived=arrived)
            elif left < 18:
                kept(what, frame, "vni-4243", left, 60, "", arrived=arrived, clipped=True)
            else:
                kept(what, frame, "vni-4243", left, 300, "cut_upstream", arrived=arrived,
                     clipped=True)
    # Clipped and longer than the packet length: both.
    kept("clipped and cut here", mirror4(4242, inner4(1000)), "web", 128, 1000,
         "cut_here over_length", arrived=50 + 500, clipped=True)
    kept("clipped below the packet length", mirror4(4242, inner4(1000)), "web", 100, 1000,
         "over_length", arrived=50 + 100, clipped=True)


def malformed_and_other():
    """Packets that are both foreign and broken: foreign comes first where it can be seen."""
    body = filler(60)
    dropped("TCP, total length 0", ethernet(0x0800, ipv4(body, protocol=TCP, total=0)),
            "not_vxlan")
    dropped("TCP, IHL 4", ethernet(0x0800, ipv4(body, protocol=TCP, ihl=4)), "not_vxlan")
    dropped("IPv6 TCP, payload length 0",
            ethernet(0x86dd, ipv6(body, next_header=TCP, length=0)), "not_vxlan")
    dropped("port 53, UDP length above IP",
            ethernet(0x0800, ipv4(udp(body, port=53, length=1000))), "not_vxlan")
    mirrored = mirror4(OPEN, inner4(80))
    dropped("GENEVE of Ethernet, UDP length above IP",
            ethernet(0x0800, ipv4(udp(geneve(mirrored, protocol=0x6558), port=6081,
                                      length=1000))), "malformed")
    dropped("GENEVE of GENEVE, inside UDP longer than it",
            ethernet(0x0800, ipv4(udp(geneve(ipv4(udp(geneve(body), port=6081, length=1000))),
                                      port=6081))), "not_vxlan")
    dropped("fragment with its options cut",
            ethernet(0x0800, ipv4(udp(body), options=bytes(32), fragment=0x2000)), "malformed",
            arrived=14 + 20 + 10)
    dropped("TCP in a cut header", ethernet(0x0800, ipv4(body, protocol=TCP)), "malformed",
            arrived=33)


for group in (sessions, outer_ethernet, outer_ipv4, outer_ipv6, outer_udp, gateway, truncation,
              inner_headers, input_cuts, malformed_and_other):
    group()
