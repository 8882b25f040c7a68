# SPDX-License-Identifier: Apache-2.0
"""What exists in the emulated account: declared interfaces, targets and filters, and sessions.

Declarations are written ID[=VALUE[,KEY=VALUE …]], which is how the command line gives them.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Set, Tuple

NLB = "network-load-balancer"
INTERFACE = "network-interface"
GWLB = "gateway-load-balancer-endpoint"
_KINDS = {"nlb": NLB, "network-interface": INTERFACE, "gwlb": GWLB}

# The default of an NLB target, and the longest that it takes.
NLB_PACKET_LENGTH = 8500
VNI_MAX = 2**24 - 1

_ID = re.compile(r"([a-z]+)-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the shape of EC2's ids: PREFIX-, then 8 or 17 hexadecimal digits."""
    match = _ID.fullmatch(text)
    return match is not None and match.group(1) == prefix


def new_id(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(9)[:17]}"


@dataclass(frozen=True)
class Link:
    """A Linux interface, in the namespace `netns` or in the emulator's own."""

    device: str
    netns: Optional[str] = None

    def __str__(self) -> str:
        return f"{self.netns}/{self.device}" if self.netns else self.device


@dataclass(frozen=True)
class Interface:
    """A mirror source. Without a link it has no data plane."""

    id: str
    link: Optional[Link] = None
    address: Optional[str] = None
    mac: Optional[str] = None


@dataclass(frozen=True)
class Target:
    """Where mirrored packets go. Without a link to send from it has no data plane."""

    id: str
    kind: str = NLB
    address: Optional[str] = None
    mac: Optional[str] = None
    link: Optional[Link] = None


@dataclass(frozen=True)
class Filter:
    """A filter that accepts everything in both directions."""

    id: str


@dataclass(frozen=True)
class Session:
    """A Traffic Mirror session; `sequence` grows with each one and orders listings."""

    sequence: int
    id: str
    interface_id: str
    target_id: str
    filter_id: str
    owner_id: str
    number: int
    vni: int
    packet_length: Optional[int]
    description: Optional[str]
    tags: Tuple[Tuple[str, str], ...]


@dataclass
class World:
    """The account. Whoever reads or changes it holds the lock."""

    region: str
    account: str
    interfaces: Dict[str, Interface] = field(default_factory=dict)
    targets: Dict[str, Target] = field(default_factory=dict)
    filters: Dict[str, Filter] = field(default_factory=dict)
    sessions: Dict[str, Session] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    next_sequence: int = 1

    def sessions_of(self, interface_id: str) -> List[Session]:
        """The sessions of an interface in the order in which EC2 evaluates them."""
        found = [s for s in self.sessions.values() if s.interface_id == interface_id]
        return sorted(found, key=lambda s: s.number)

    def sources_of(self, target_id: str) -> Set[str]:
        """The interfaces that have a session to the target."""
        return {s.interface_id for s in self.sessions.values() if s.target_id == target_id}

    def free_vni(self) -> int:
        """A VNI that no session has, chosen at random as EC2 does."""
        used = {s.vni for s in self.sessions.values()}
        while True:
            vni = 1 + secrets.randbelow(VNI_MAX)
            if vni not in used:
                return vni

    def add_session(self, make: Callable[[int, str], Session]) -> Session:
        """Adds what `make` builds from the next sequence number and a new id."""
        session = make(self.next_sequence, new_id("tms"))
        self.next_sequence += 1
        self.sessions[session.id] = session
        return session


def parse_link(text: str) -> Link:
    """Reads [NETNS/]DEVICE."""
    netns, slash, device = text.rpartition("/")
    if not device or (slash and not netns) or "/" in netns:
        raise ValueError(f"'{text}' is not [NETNS/]INTERFACE")
    return Link(device, netns or None)


def parse_interface(spec: str) -> Interface:
    """Reads eni-…[=[NETNS/]INTERFACE[,ip=ADDRESS][,mac=MAC]]."""
    eni, value, options = _split(spec, "eni", {"ip", "mac"})
    link = parse_link(value) if value else None
    return Interface(eni, link, _address(options.get("ip")), _mac(options.get("mac")))


def parse_target(spec: str) -> Target:
    """Reads tmt-…[=ADDRESS[,kind=KIND][,mac=MAC][,from=[NETNS/]INTERFACE]]."""
    tmt, value, options = _split(spec, "tmt", {"kind", "mac", "from"})
    kind = options.get("kind", "nlb")
    if kind not in _KINDS:
        raise ValueError(f"kind '{kind}' is none of {', '.join(_KINDS)}")
    link = parse_link(options["from"]) if "from" in options else None
    return Target(tmt, _KINDS[kind], _address(value), _mac(options.get("mac")), link)


def parse_filter(spec: str) -> Filter:
    """Reads tmf-…."""
    tmf, _, _ = _split(spec, "tmf", set())
    return Filter(tmf)


def _split(spec: str, prefix: str, known: Set[str]) -> Tuple[str, Optional[str], Dict[str, str]]:
    name, _, rest = spec.partition("=")
    if not is_id(name, prefix):
        raise ValueError(f"'{name}' is not an id ({prefix}- and 8 or 17 hexadecimal digits)")
    parts = rest.split(",") if rest else []
    value = parts.pop(0) if parts and "=" not in parts[0] else None
    options: Dict[str, str] = {}
    for part in parts:
        key, equals, text = part.partition("=")
        if key not in known or not equals or not text or key in options:
            raise ValueError(f"'{part}' is not understood in '{spec}'")
        options[key] = text
    return name, value, options


def _address(text: Optional[str]) -> Optional[str]:
    return str(ipaddress.ip_address(text)) if text is not None else None


def _mac(text: Optional[str]) -> Optional[str]:
    if text is not None and not _MAC.fullmatch(text):
        raise ValueError(f"'{text}' is not a MAC address")
    return text
