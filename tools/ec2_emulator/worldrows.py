# SPDX-License-Identifier: Apache-2.0
"""The kinds of entries of a world file, and the rows that each declares."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .cloud import Cloud, Role, Share
from .declare import (accept_all, address, link_address, parse_balancer, parse_delivery,
                      parse_endpoint, parse_link)
from .ec2 import rules, targets
from .ec2.instances import STATES
from .sigv4 import Credential
from .world import (NLB_PACKET_LENGTH, Filter, Instance, Interface, Ports, Rule, Session, Subnet,
                    Tags, Target, is_id)

# A row, where it belongs: the table's name, its key, the row.
Row = Tuple[str, str, Any]


class Entry:
    """One JSON object: each key is known and of its type."""

    def __init__(self, entry: Any, fields: Mapping[str, type]) -> None:
        if not isinstance(entry, dict):
            raise ValueError("not an object")
        for key, value in entry.items():
            if key not in fields:
                raise ValueError(f"{key}: unknown; there are {', '.join(fields)}")
            known = (int, float) if fields[key] is float else (fields[key],)
            if not isinstance(value, known) or isinstance(value, bool) != (fields[key] is bool):
                raise ValueError(f"{key}: not a {fields[key].__name__}")
        self._entry: Dict[str, Any] = entry

    def get(self, key: str, default: Any = None) -> Any:
        return self._entry.get(key, default)

    def need(self, key: str) -> Any:
        if key not in self._entry:
            raise ValueError(f"{key} is missing")
        return self._entry[key]

    def id(self, prefix: str, key: str = "id") -> str:
        """An id of EC2's."""
        value = self.need(key)
        if not is_id(value, prefix):
            raise ValueError(f"{key}: '{value}' is not an id ({prefix}- and 8 or 17 hexadecimal "
                             "digits)")
        return str(value)

    def tags(self) -> Tags:
        return tuple((str(k), str(v)) for k, v in self.get("tags", {}).items())

    def texts(self, key: str, default: Tuple[str, ...] = ()) -> Tuple[str, ...]:
        return tuple(str(v) for v in self.get(key, default))


@dataclass(frozen=True)
class Found:
    """The rows of an entry, and the world that those of EC2 and ELB belong to."""

    account: str
    region: str
    rows: List[Row]


@dataclass(frozen=True)
class Kind:
    """A list of the file: the fields of its entries, and what makes rows of one."""

    fields: Mapping[str, type]
    make: Callable[[Entry, str, str], List[Row]]

    def read(self, entry: Entry, cloud: Cloud) -> Found:
        account = str(entry.get("account", cloud.accounts[0]))
        region = str(entry.get("region", cloud.regions[0]))
        return Found(account, region, self.make(entry, account, region))


_HOME = {"account": str, "region": str}
_INTERFACE = {"id": str, "link": str, "private_ip_address": str, "ipv6_addresses": list,
              "mac_address": str, "tags": dict, "subnet_id": str, "vpc_id": str,
              "availability_zone": str, "interface_type": str, "status": str, "description": str,
              "requester_id": str, "requester_managed": bool, "device_index": int}
_RULE = {"direction": str, "number": int, "action": str, "destination": str, "source": str,
         "destination_ports": list, "source_ports": list, "protocol": int, "description": str}


def in_subnet(row: Interface, subnet: Subnet) -> Interface:
    """The interface with what its subnet tells."""
    return replace(row, vpc_id=row.vpc_id or subnet.vpc_id, zone=row.zone or subnet.zone)


def _subnet(entry: Entry, _account: str, region: str) -> List[Row]:
    subnet_id = entry.id("subnet")
    return [("subnets", subnet_id, Subnet(subnet_id, entry.need("vpc_id"),
                                          entry.get("availability_zone", f"{region}a")))]


def _interface(entry: Entry, _account: str, _region: str) -> List[Row]:
    return [_interface_row(entry, entry.get("instance_id"), entry.get("device_index", 0),
                           entry.get("subnet_id"))]


def _interface_row(entry: Entry, instance_id: Optional[str], index: int,
                   subnet_id: Optional[str]) -> Row:
    eni = entry.id("eni")
    link = entry.get("link")
    return ("interfaces", eni, Interface(
        eni, parse_link(link) if link else None, address(entry.get("private_ip_address")),
        link_address(entry.get("mac_address")) or (None if link else _made_up_mac(eni)),
        entry.tags(), subnet_id,
        entry.get("vpc_id"), entry.get("availability_zone"),
        entry.get("interface_type", "interface"), entry.get("status"),
        entry.get("description", ""), entry.get("requester_id"),
        entry.get("requester_managed", False),
        tuple(str(ipaddress.IPv6Address(a)) for a in entry.texts("ipv6_addresses")),
        instance_id, index))


def _made_up_mac(eni: str) -> str:
    """Only described: where there is a link, mirrored packets have the link's own."""
    digest = hashlib.sha256(eni.encode()).hexdigest()
    return "02:" + ":".join(digest[n:n + 2] for n in range(0, 10, 2))


def _instance(entry: Entry, _account: str, _region: str) -> List[Row]:
    instance_id = entry.id("i")
    state = entry.get("state", "running")
    if state not in STATES:
        raise ValueError(f"state: '{state}' is none of {', '.join(STATES)}")
    instance = Instance(instance_id, entry.get("instance_type", "m5.large"), state, entry.tags())
    found: List[Row] = [("instances", instance_id, instance)]
    for index, item in enumerate(entry.get("network_interfaces", [])):
        try:
            inner = Entry(item, _INTERFACE)
            found.append(_interface_row(inner, instance_id, inner.get("device_index", index),
                                        inner.get("subnet_id", entry.get("subnet_id"))))
        except ValueError as error:
            raise ValueError(f"network_interfaces[{index}]: {error}") from error
    return found


def _endpoint(entry: Entry, _account: str, _region: str) -> List[Row]:
    endpoint = parse_endpoint(entry.need("id"))
    return [("endpoints", endpoint.id, endpoint)]


def _balancer(entry: Entry, _account: str, _region: str) -> List[Row]:
    balancer = replace(parse_balancer(entry.need("arn")), tags=entry.tags(),
                       vpc_id=entry.get("vpc_id", ""), subnets=entry.texts("subnets"))
    return [("balancers", balancer.id, balancer)]


def _target(entry: Entry, account: str, _region: str) -> List[Row]:
    target_id = entry.id("tmt")
    given = [key for key in _RESOURCES if entry.get(key)]
    if len(given) != 1:
        raise ValueError(f"give one of {', '.join(_RESOURCES)}")
    return [("targets", target_id, Target(
        target_id, _RESOURCES[given[0]], resource=entry.get(given[0]), owner_id=account,
        description=entry.get("description"), tags=entry.tags()))]


_RESOURCES = {"network_interface_id": targets.KINDS["NetworkInterfaceId"],
              "network_load_balancer_arn": targets.KINDS["NetworkLoadBalancerArn"],
              "gateway_load_balancer_endpoint_id":
                  targets.KINDS["GatewayLoadBalancerEndpointId"]}


def _filter(entry: Entry, _account: str, _region: str) -> List[Row]:
    filter_id = entry.id("tmf")
    found: List[Row] = [("filters", filter_id, Filter(
        filter_id, entry.get("description"), entry.texts("network_services"), entry.tags()))]
    rows = accept_all(filter_id) if entry.get("rules") is None else [
        _rule(filter_id, Entry(item, _RULE)) for item in entry.get("rules")]
    return found + [("rules", rule.id, rule) for rule in rows]


def _rule(filter_id: str, entry: Entry) -> Rule:
    direction, number, action = (entry.need(k) for k in ("direction", "number", "action"))
    if direction not in rules.DIRECTIONS or action not in rules.VERDICTS:
        raise ValueError("rules: direction is ingress or egress, action accept or reject")
    digest = hashlib.sha256(f"{filter_id} {direction} {number}".encode()).hexdigest()

    def ports(key: str) -> Ports:
        value = entry.get(key)
        return (int(value[0]), int(value[1])) if value else None

    return Rule(f"tmfr-{digest[:17]}", filter_id, direction, number, action,
                str(ipaddress.ip_network(entry.need("destination"))),
                str(ipaddress.ip_network(entry.need("source"))),
                ports("destination_ports"), ports("source_ports"),
                entry.get("protocol"), entry.get("description"))


def _session(entry: Entry, account: str, _region: str) -> List[Row]:
    session_id = entry.id("tms")
    return [("sessions", session_id, Session(
        session_id, entry.id("eni", "network_interface_id"), entry.id("tmt", "target_id"),
        entry.id("tmf", "filter_id"), account, entry.get("session_number", 1),
        entry.need("virtual_network_id"), entry.get("packet_length", NLB_PACKET_LENGTH),
        entry.get("description"), entry.tags()))]


def _credential(entry: Entry, account: str, _region: str) -> List[Row]:
    key = entry.need("access_key")
    return [("credentials", key, Credential(
        key, entry.need("secret_key"), entry.get("session_token"), entry.texts("allow", ("*",)),
        account, entry.get("arn")))]


def _role(entry: Entry, _account: str, _region: str) -> List[Row]:
    arn = entry.need("arn")
    if len(arn.split(":")) != 6 or ":role/" not in arn:
        raise ValueError(f"arn: '{arn}' is not arn:aws:iam::ACCOUNT:role/NAME")
    return [("roles", arn, Role(arn, entry.get("external_id"), entry.texts("trust"),
                                entry.texts("allow", ("*",)), entry.get("web_identity_token"),
                                entry.get("seconds")))]


def _share(entry: Entry, account: str, _region: str) -> List[Row]:
    share = Share(entry.get("target", "*"), account, entry.need("with"))
    return [("shares", share.id, share)]


def _delivery(entry: Entry, _account: str, _region: str) -> List[Row]:
    mac = f",mac={entry.get('mac')}" if entry.get("mac") else ""
    resource, delivery = parse_delivery(
        f"{entry.need('resource')}={entry.need('address')},from={entry.need('from')}{mac}")
    return [("deliveries", resource, delivery)]


KINDS: Dict[str, Kind] = {
    "credentials": Kind({"account": str, "access_key": str, "secret_key": str,
                         "session_token": str, "allow": list, "arn": str}, _credential),
    "roles": Kind({"arn": str, "external_id": str, "trust": list, "allow": list,
                   "web_identity_token": str, "seconds": float}, _role),
    "shares": Kind({"account": str, "target": str, "with": str}, _share),
    "deliveries": Kind({"resource": str, "address": str, "from": str, "mac": str}, _delivery),
    "subnets": Kind({**_HOME, "id": str, "vpc_id": str, "availability_zone": str}, _subnet),
    "vpc_endpoints": Kind({**_HOME, "id": str}, _endpoint),
    "load_balancers": Kind({**_HOME, "arn": str, "vpc_id": str, "subnets": list, "tags": dict},
                           _balancer),
    "instances": Kind({**_HOME, "id": str, "instance_type": str, "state": str, "tags": dict,
                       "subnet_id": str, "network_interfaces": list}, _instance),
    "network_interfaces": Kind({**_HOME, **_INTERFACE, "instance_id": str}, _interface),
    "targets": Kind({**_HOME, "id": str, "description": str, "tags": dict,
                     **{key: str for key in _RESOURCES}}, _target),
    "filters": Kind({**_HOME, "id": str, "description": str, "tags": dict, "rules": list,
                     "network_services": list}, _filter),
    "sessions": Kind({**_HOME, "id": str, "network_interface_id": str, "target_id": str,
                      "filter_id": str, "session_number": int, "virtual_network_id": int,
                      "packet_length": int, "description": str, "tags": dict}, _session),
}
