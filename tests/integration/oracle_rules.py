# SPDX-License-Identifier: Apache-2.0
"""The rules by which a capture takes VXLAN mirror packets apart, for the oracle.

Written from "Decapsulation rules" of docs/design.md alone; shares no code with the product.
Where a packet breaks several rules, the reason that the design lists first wins, as far as the
fields that it needs can be read: a header is read only where it has arrived as a whole and lies
inside what the layers around it hold, and nothing is read behind one that contradicts itself.
"""
import ipaddress
import json
import os
import subprocess
import tempfile

from oracle_pcap import Packet, read_pcap, write_pcap

REASONS = ("not_vxlan", "malformed", "fragment", "no_vni", "unknown_vni", "source_denied",
           "short_frame", "filtered", "after_stop", "no_buffer", "write_failed")
SESSION_COUNTS = ("written", "bytes", "whole", "cut_upstream", "cut_here", "inconsistent",
                  "over_length")

VXLAN_PORT = 4789
GENEVE_PORT = 6081
ETHERNET_BYTES = 14
VLAN_TYPES = (0x8100, 0x88a8, 0x9100)
MAX_TAGS = 2
IPV4_TYPE, IPV6_TYPE = 0x0800, 0x86dd
UDP = 17
FRAGMENT_HEADER = 44
AUTHENTICATION = 51
OPTION_HEADERS = (0, 43, 60)  # hop-by-hop, routing, destination options
MAX_EXTENSIONS = 8
# A frame of at least so many bytes may have been cut by AWS whatever the map says.
CERTAINLY_CUT = 8400


class Session:
    """One entry of the session map, with what was recorded for it."""

    def __init__(self, vni, length=None, name=None, source=None):
        self.vni = vni
        self.length = length
        self.source = ipaddress.ip_address(source) if source else None
        self.name = name or f"vni-{vni}"
        self.counts = dict.fromkeys(SESSION_COUNTS, 0)
        self.records = []

    def describe(self):
        """The session as the summary shows it."""
        return {"virtual_network_id": self.vni,
                "source_ip": str(self.source) if self.source else None,
                "name": self.name, "packet_length": self.length, **self.counts}


def read_map(path):
    """The sessions of a session map file."""
    with open(path, encoding="utf-8") as file:
        entries = json.load(file)["sessions"]
    return [Session(entry["virtual_network_id"], entry.get("packet_length"), entry.get("name"),
                    entry.get("source_ip")) for entry in entries]


def session_of_argument(text):
    """The session of a --vni argument: VNI[,length=N][,name=NAME][,source=IP]."""
    vni, *rest = text.split(",")
    values = dict(part.split("=", 1) for part in rest)
    length = values.get("length")
    return Session(int(vni), int(length) if length else None, values.get("name"),
                   values.get("source"))


def find_session(sessions, vni, source):
    """The session that records this VNI from this source; raises Drop."""
    same = [session for session in sessions if session.vni == vni]
    if not same:
        raise Drop("unknown_vni")
    for wanted in (source, None):
        for session in same:
            if session.source == wanted:
                return session
    raise Drop("source_denied")


class Drop(Exception):
    """The packet is not recorded; the reason is the argument."""


class Span:
    """Bytes that a header says exist, of which only a part may have arrived.

    data: the whole captured frame; start: where the span begins in it; size: how many bytes the
    enclosing header gives it (None: as many as arrived, for the Ethernet frame).
    """

    def __init__(self, data, start, size=None):
        self.data = data
        self.start = start
        self.size = max(len(data) - start, 0) if size is None else size

    def arrived(self):
        """How many of the span's bytes were captured."""
        return max(0, min(self.size, len(self.data) - self.start))

    def take(self, size):
        """The first bytes; a header that is not all there is malformed."""
        if self.size < size or self.arrived() < size:
            raise Drop("malformed")
        return self.data[self.start:self.start + size]

    def after(self, offset, size=None):
        """The span behind offset bytes, all of it or size bytes."""
        left = self.size - offset
        if left < 0 or (size is not None and size > left):
            raise Drop("malformed")
        return Span(self.data, self.start + offset, left if size is None else size)


def number(data, at, size):
    """A big-endian number."""
    return int.from_bytes(data[at:at + size], "big")


def open_ethernet(data):
    """The EtherType behind up to two tags, and what follows it."""
    span = Span(data, 0)
    ether_type = number(span.take(ETHERNET_BYTES), 12, 2)
    span = span.after(ETHERNET_BYTES)
    for _ in range(MAX_TAGS):
        if ether_type not in VLAN_TYPES:
            break
        ether_type = number(span.take(4), 2, 2)
        span = span.after(4)
    return ether_type, span


def open_ipv4(span, bounded):
    """Source address and the UDP packet of an IPv4 packet.

    bounded: the span's size is claimed by an outer header, so that the packet must fit it; the
    Ethernet frame's size is only what arrived.
    """
    header = span.take(20)
    if header[0] >> 4 != 4:
        raise Drop("malformed")
    if header[9] != UDP:
        raise Drop("not_vxlan")
    header_bytes = (header[0] & 15) * 4
    total = number(header, 2, 2)
    if header_bytes < 20 or total < header_bytes or (bounded and total > span.size):
        raise Drop("malformed")
    span.take(header_bytes)
    if number(header, 6, 2) & 0x3fff:
        raise Drop("fragment")
    return (ipaddress.ip_address(header[12:16]),
            Span(span.data, span.start + header_bytes, total - header_bytes))


def open_ipv6(span, bounded):
    """Source address and the UDP packet of an IPv6 packet; bounded as in open_ipv4."""
    header = span.take(40)
    if header[0] >> 4 != 6:
        raise Drop("malformed")
    protocol = header[6]
    walked = (*OPTION_HEADERS, AUTHENTICATION, FRAGMENT_HEADER)
    if protocol != UDP and protocol not in walked:
        raise Drop("not_vxlan")
    payload = number(header, 4, 2)
    if payload == 0 or (bounded and 40 + payload > span.size):
        raise Drop("malformed")
    rest = Span(span.data, span.start + 40, payload)
    for _ in range(MAX_EXTENSIONS):
        if protocol == UDP or protocol not in walked:
            break
        start = rest.take(8)
        if protocol == FRAGMENT_HEADER:
            size = 8
            if number(start, 2, 2) & 0xfff9:
                raise Drop("fragment" if start[0] == UDP or start[0] in walked else "not_vxlan")
        elif protocol == AUTHENTICATION:
            size = (start[1] + 2) * 4
        else:
            size = (start[1] + 1) * 8
        rest.take(size)
        protocol = start[0]
        rest = rest.after(size)
    if protocol != UDP:
        raise Drop("malformed" if protocol in walked else "not_vxlan")
    return ipaddress.ip_address(header[8:24]), rest


def open_ip(version, span, bounded):
    """Source address and UDP packet of an IP packet of the version that the layer below says."""
    return open_ipv4(span, bounded) if version == 4 else open_ipv6(span, bounded)


def open_geneve(span):
    """The IP version of what a GENEVE packet carries, and the bytes of its header and options.

    span is the UDP packet's payload. Only version 0 that carries IP is what a Gateway Load
    Balancer sends.
    """
    header = span.take(8)
    versions = {IPV4_TYPE: 4, IPV6_TYPE: 6}
    version = versions.get(number(header, 2, 2))
    if header[0] >> 6 or version is None:
        raise Drop("not_vxlan")
    return version, 8 + (header[0] & 0x3f) * 4


class Inner:
    """What was inside: VNI, outer source, W and A of the design, and the bytes that arrived."""

    def __init__(self, vni, source, wire_bytes, data):
        self.vni = vni
        self.source = source
        self.wire_bytes = wire_bytes
        self.data = data


def udp_payload(packet, header):
    """The payload of a UDP packet by its length, which must fit the IP payload."""
    size = number(header, 4, 2)
    if size < 16 or size > packet.size:
        raise Drop("malformed")
    return packet.after(8, size - 8)


def decapsulate(data, port, count_reserved):
    """Inner of a captured outer frame; raises Drop. Calls count_reserved() for reserved bits."""
    ether_type, span = open_ethernet(data)
    versions = {IPV4_TYPE: 4, IPV6_TYPE: 6}
    if ether_type not in versions:
        raise Drop("not_vxlan")
    source, packet = open_ip(versions[ether_type], span, bounded=False)
    header = packet.take(8)
    if number(header, 2, 2) == GENEVE_PORT != port:
        payload = udp_payload(packet, header)
        version, skip = open_geneve(payload)
        span = payload.after(skip)
        source, packet = open_ip(version, span, bounded=True)
        header = packet.take(8)
    if number(header, 2, 2) != port:
        raise Drop("not_vxlan")
    vxlan = udp_payload(packet, header)
    header = vxlan.take(8)
    if not header[0] & 0x08:
        raise Drop("no_vni")
    if header[0] & 0xf7 or number(header, 1, 3) or header[7]:
        count_reserved()
    frame = vxlan.after(8)
    return Inner(number(header, 4, 3), source, frame.size,
                 data[frame.start:frame.start + frame.arrived()])


def inner_length(data):
    """The frame's length by its own IP header, or None where that cannot be read."""
    at = 12
    for _ in range(MAX_TAGS + 1):
        if len(data) < at + 2:
            return None
        ether_type = number(data, at, 2)
        if ether_type not in VLAN_TYPES:
            break
        at += 4
    at += 2
    if ether_type == IPV4_TYPE and len(data) >= at + 4 and data[at] >> 4 == 4:
        length = number(data, at + 2, 2)
        return at + length if length else None
    if ether_type == IPV6_TYPE and len(data) >= at + 6 and data[at] >> 4 == 6:
        length = number(data, at + 4, 2)
        return at + 40 + length if length else None
    return None


def record(session, inner, ts_ns, snaplen):
    """The record of an accepted frame, and which of the session's counts it raises."""
    wire, arrived = inner.wire_bytes, len(inner.data)
    limits = [limit for limit in (session.length, snaplen) if limit]
    caplen = min([arrived, *limits])
    base = inner_length(inner.data)
    length, raised = wire, set()
    if base is not None and base > wire:
        if not session.length or wire >= min(session.length, CERTAINLY_CUT):
            length = base
            raised.add("cut_upstream")
        else:
            raised.add("inconsistent")
    if limits and min(limits) < arrived:
        raised.add("cut_here")
    if session.length and wire > session.length:
        raised.add("over_length")
    if caplen == length and "inconsistent" not in raised:
        raised.add("whole")
    return Packet(ts_ns, caplen, length, inner.data[:caplen]), raised


class Result:
    """What a capture of the packets must show. records: of all sessions, in order."""

    def __init__(self, sessions):
        self.sessions = sessions
        self.received = 0
        self.dropped = dict.fromkeys(REASONS, 0)
        self.clipped = 0
        self.reserved_bits = 0
        self.records = []

    def count_reserved(self):
        """One more packet with reserved bits."""
        self.reserved_bits += 1

    @property
    def written(self):
        """Records of all sessions."""
        return len(self.records)


def matching(records, expression):
    """Which records tcpdump says match, as a set of indices."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "all.pcap")
        # The stamp carries the index through tcpdump.
        write_pcap(path, [item._replace(ts_ns=index) for index, item in enumerate(records)])
        kept = os.path.join(folder, "kept.pcap")
        subprocess.run(["tcpdump", "-r", path, "-w", kept, "--time-stamp-precision=nano",
                        expression], check=True, stderr=subprocess.DEVNULL)
        return {packet.ts_ns for packet in read_pcap(kept).packets}


def judge(packets, sessions, snaplen=0, port=VXLAN_PORT, expression=None):
    """Runs every packet through the rules."""
    result = Result(sessions)
    accepted = []
    for packet in packets:
        result.received += 1
        try:
            inner = decapsulate(packet.data, port, result.count_reserved)
            session = find_session(sessions, inner.vni, inner.source)
            if inner.wire_bytes < ETHERNET_BYTES or len(inner.data) < ETHERNET_BYTES:
                raise Drop("short_frame")
        except Drop as drop:
            result.dropped[drop.args[0]] += 1
            continue
        item, raised = record(session, inner, packet.ts_ns, snaplen)
        accepted.append((session, item, raised, len(inner.data) < inner.wire_bytes))
    kept = matching([entry[1] for entry in accepted], expression) if expression else None
    for index, (session, item, raised, clipped) in enumerate(accepted):
        if kept is not None and index not in kept:
            result.dropped["filtered"] += 1
            continue
        result.clipped += clipped
        result.records.append(item)
        session.records.append(item)
        session.counts["written"] += 1
        session.counts["bytes"] += item.caplen
        for name in raised:
            session.counts[name] += 1
    return result


def as_json(result):
    """The result as the run command prints it."""
    def show(item):
        return {"ts_ns": item.ts_ns, "caplen": item.caplen, "len": item.len,
                "data": item.data.hex()}
    return {"received": result.received, "written": result.written, "dropped": result.dropped,
            "clipped": result.clipped, "reserved_bits": result.reserved_bits,
            "sessions": [{**session.describe(),
                          "records": [show(item) for item in session.records]}
                         for session in result.sessions]}
