# SPDX-License-Identifier: Apache-2.0
"""What exists in an account and region: the nouns of EC2 and Elastic Load Balancing."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .table import Table

if TYPE_CHECKING:
    from .cloud import Cloud

NLB = "network-load-balancer"
INTERFACE = "network-interface"
GWLB = "gateway-load-balancer-endpoint"

# The default of an NLB target, and the longest that it takes.
NLB_PACKET_LENGTH = 8500
VNI_MAX = 2**24 - 1

Tags = Tuple[Tuple[str, str], ...]
Ports = Optional[Tuple[int, int]]

NLB_ARN = re.compile(r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:"
                     r"loadbalancer/net/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}")
_ID = re.compile(r"([a-z]+)-(?:[0-9a-f]{8}|[0-9a-f]{17})")


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
class Delivery:
    """How packets reach what a target stands for: to an address, through a link."""

    address: str
    link: Link
    mac: Optional[str] = None


@dataclass(frozen=True)
class Subnet:
    """A subnet; interfaces and load balancers name it."""

    id: str
    vpc_id: str
    zone: str


@dataclass(frozen=True)
class Interface:
    """A network interface. Without a link it has no data plane.

    `address` is also the private address that is described, and `device_index` counts only with
    an instance.
    """

    id: str
    link: Optional[Link] = None
    address: Optional[str] = None
    mac: Optional[str] = None
    tags: Tags = ()
    subnet_id: Optional[str] = None
    vpc_id: Optional[str] = None
    zone: Optional[str] = None
    kind: str = "interface"
    status: Optional[str] = None
    description: str = ""
    requester_id: Optional[str] = None
    requester_managed: bool = False
    ipv6_addresses: Tuple[str, ...] = ()
    instance_id: Optional[str] = None
    device_index: int = 0


@dataclass(frozen=True)
class Instance:
    """An instance; its interfaces are those that name it."""

    id: str
    kind: str = "m5.large"
    state: str = "running"
    tags: Tags = ()


@dataclass(frozen=True)
class Endpoint:
    """A Gateway Load Balancer endpoint."""

    id: str


@dataclass(frozen=True)
class Balancer:
    """A Network Load Balancer; `id` is its ARN."""

    id: str
    name: str
    scheme: str = "internal"
    vpc_id: str = ""
    subnets: Tuple[str, ...] = ()
    attributes: Tuple[Tuple[str, str], ...] = ()
    tags: Tags = ()
    created: str = ""
    family: str = "ipv4"
    ipv6_source_nat: str = "off"


@dataclass(frozen=True)
class Target:
    """A mirror target; `resource` is the interface, load balancer or endpoint behind it.

    Without a link, or a delivery for its resource, it has no data plane.
    """

    id: str
    kind: str = NLB
    address: Optional[str] = None
    mac: Optional[str] = None
    link: Optional[Link] = None
    resource: Optional[str] = None
    owner_id: str = ""
    description: Optional[str] = None
    tags: Tags = ()

    def delivery(self, deliveries: Mapping[str, Delivery]) -> Optional[Delivery]:
        """Its own, or the one of what is behind it: by id, ARN, or the name in the ARN."""
        if self.link and self.address:
            return Delivery(self.address, self.link, self.mac)
        names: Sequence[str] = (self.resource or "").split("/")
        return deliveries.get(self.resource or "") or \
            (deliveries.get(names[-2]) if len(names) > 2 else None)


@dataclass(frozen=True)
class Filter:
    """A mirror filter; its rules are those that name it."""

    id: str
    description: Optional[str] = None
    services: Tuple[str, ...] = ()
    tags: Tags = ()


@dataclass(frozen=True)
class Rule:
    """A rule of a filter. Without a protocol it is for all of them."""

    id: str
    filter_id: str
    direction: str
    number: int
    action: str
    destination: str
    source: str
    destination_ports: Ports = None
    source_ports: Ports = None
    protocol: Optional[int] = None
    description: Optional[str] = None
    tags: Tags = ()


@dataclass(frozen=True)
class Session:
    """A Traffic Mirror session."""

    id: str
    interface_id: str
    target_id: str
    filter_id: str
    owner_id: str
    number: int
    vni: int
    packet_length: Optional[int]
    description: Optional[str]
    tags: Tags


class Sessions(Table[Session]):
    """Sessions, found by their interface and VNI without a search."""

    def __init__(self) -> None:
        super().__init__()
        self._by_interface: Dict[str, Set[str]] = {}
        self._vnis: "Counter[int]" = Counter()

    def __setitem__(self, session_id: str, session: Session) -> None:
        if session_id in self:
            self._forget(self[session_id])
        super().__setitem__(session_id, session)
        self._by_interface.setdefault(session.interface_id, set()).add(session_id)
        self._vnis[session.vni] += 1

    def remove(self, row_id: str) -> Session:
        self._forget(self[row_id])
        return super().remove(row_id)

    def of(self, interface_id: str) -> List[Session]:
        """The sessions of an interface in the order in which EC2 evaluates them."""
        found = [self[session_id] for session_id in self._by_interface.get(interface_id, ())]
        return sorted(found, key=lambda session: session.number)

    def free_vni(self) -> int:
        """A VNI that no session has, chosen at random as EC2 does."""
        while True:
            vni = 1 + secrets.randbelow(VNI_MAX)
            if not self._vnis[vni]:
                return vni

    def _forget(self, session: Session) -> None:
        self._by_interface[session.interface_id].discard(session.id)
        self._vnis[session.vni] -= 1


@dataclass
class World:
    """One account in one region. Whoever reads or changes it holds the cloud's lock."""

    cloud: "Cloud"
    region: str
    account: str
    subnets: Table[Subnet] = field(default_factory=Table)
    interfaces: Table[Interface] = field(default_factory=Table)
    instances: Table[Instance] = field(default_factory=Table)
    endpoints: Table[Endpoint] = field(default_factory=Table)
    targets: Table[Target] = field(default_factory=Table)
    filters: Table[Filter] = field(default_factory=Table)
    rules: Table[Rule] = field(default_factory=Table)
    sessions: Sessions = field(default_factory=Sessions)
    # Elastic Load Balancing's rows, by ARN.
    balancers: Table[Balancer] = field(default_factory=Table)
    groups: Table[Any] = field(default_factory=Table)
    listeners: Table[Any] = field(default_factory=Table)
    # What each ClientToken has done, for ever: (action, token) -> (parameters, answer).
    tokens: Dict[Tuple[str, str], Tuple[Mapping[str, Any], Any]] = field(default_factory=dict)
    # Answers' items that were written before: id -> (what it depends on, XML).
    written: Dict[str, Tuple[Any, str]] = field(default_factory=dict)

    def rules_of(self, filter_id: str) -> List[Rule]:
        """The rules of a filter, in the order in which EC2 evaluates them."""
        return sorted((r for r in self.rules.values() if r.filter_id == filter_id),
                      key=lambda r: r.number)

    def visible_targets(self) -> Mapping[str, Target]:
        """The account's targets and those that are shared with it."""
        shared = self.cloud.shared_with(self)
        return {**shared, **self.targets} if shared else self.targets
