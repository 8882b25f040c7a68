# SPDX-License-Identifier: Apache-2.0
"""Declarations as the command line gives them: ID[=VALUE[,KEY=VALUE …]]."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Dict, List, Optional, Set, Tuple

from .world import (GWLB, INTERFACE, NLB, NLB_ARN, Balancer, Delivery, Endpoint, Filter,
                    Interface, Link, Rule, Target, is_id)

_KINDS = {"nlb": NLB, "network-interface": INTERFACE, "gwlb": GWLB}
_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")


def parse_link(text: str) -> Link:
    """Reads [NETNS/]DEVICE."""
    netns, slash, device = text.rpartition("/")
    if not device or (slash and not netns) or "/" in netns:
        raise ValueError(f"'{text}' is not [NETNS/]INTERFACE")
    return Link(device, netns or None)


def parse_interface(spec: str) -> Interface:
    """Reads eni-…[=[NETNS/]INTERFACE[,ip=ADDRESS][,mac=MAC]]."""
    eni, value, options = _split(_checked(spec, "eni"), {"ip", "mac"})
    link = parse_link(value) if value else None
    return Interface(eni, link, address(options.get("ip")), link_address(options.get("mac")))


def parse_target(spec: str) -> Target:
    """Reads tmt-…[=ADDRESS[,kind=KIND][,mac=MAC][,from=[NETNS/]INTERFACE]]."""
    tmt, value, options = _split(_checked(spec, "tmt"), {"kind", "mac", "from"})
    kind = options.get("kind", "nlb")
    if kind not in _KINDS:
        raise ValueError(f"kind '{kind}' is none of {', '.join(_KINDS)}")
    link = parse_link(options["from"]) if "from" in options else None
    return Target(tmt, _KINDS[kind], address(value), link_address(options.get("mac")), link)


def parse_filter(spec: str) -> Filter:
    """Reads tmf-…."""
    tmf, value, _ = _split(_checked(spec, "tmf"), set())
    if value:
        raise ValueError(f"'{value}' is not understood in '{spec}'")
    return Filter(tmf)


def parse_endpoint(spec: str) -> Endpoint:
    """Reads vpce-…."""
    return Endpoint(_checked(spec, "vpce"))


def parse_balancer(spec: str) -> Balancer:
    """Reads the ARN of a Network Load Balancer."""
    if not NLB_ARN.fullmatch(spec):
        raise ValueError(f"'{spec}' is not the ARN of a Network Load Balancer")
    return Balancer(spec, spec.split("/")[2])


def parse_delivery(spec: str) -> Tuple[str, Delivery]:
    """Reads RESOURCE=ADDRESS,from=[NETNS/]INTERFACE[,mac=MAC]."""
    resource, value, options = _split(spec, {"mac", "from"})
    where = address(value)
    if not resource or not where or "from" not in options:
        raise ValueError(f"'{spec}' is not RESOURCE=ADDRESS,from=[NETNS/]INTERFACE")
    return resource, Delivery(where, parse_link(options["from"]), link_address(options.get("mac")))


def accept_all(filter_id: str) -> List[Rule]:
    """The rules of a filter that is declared without any: they accept everything."""
    rules = []
    for direction in ("ingress", "egress"):
        for number, everywhere in ((100, "0.0.0.0/0"), (101, "::/0")):
            seed = f"{filter_id} {direction} {number}".encode()
            rules.append(Rule(f"tmfr-{hashlib.sha256(seed).hexdigest()[:17]}", filter_id,
                              direction, number, "accept", everywhere, everywhere))
    return rules


def address(text: Optional[str]) -> Optional[str]:
    """An IP address in its usual form."""
    return str(ipaddress.ip_address(text)) if text is not None else None


def link_address(text: Optional[str]) -> Optional[str]:
    """A MAC address."""
    if text is not None and not _MAC.fullmatch(text):
        raise ValueError(f"'{text}' is not a MAC address")
    return text


def _checked(spec: str, prefix: str) -> str:
    name = spec.partition("=")[0]
    if not is_id(name, prefix):
        raise ValueError(f"'{name}' is not an id ({prefix}- and 8 or 17 hexadecimal digits)")
    return spec


def _split(spec: str, known: Set[str]) -> Tuple[str, Optional[str], Dict[str, str]]:
    name, _, rest = spec.partition("=")
    parts = rest.split(",") if rest else []
    value = parts.pop(0) if parts and "=" not in parts[0] else None
    options: Dict[str, str] = {}
    for part in parts:
        key, equals, text = part.partition("=")
        if key not in known or not equals or not text or key in options:
            raise ValueError(f"'{part}' is not understood in '{spec}'")
        options[key] = text
    return name, value, options
