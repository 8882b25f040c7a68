# SPDX-License-Identifier: Apache-2.0
"""Network interfaces, which are declared and only described."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ..api import Action, Answer, Call
from ..query import Elements
from ..world import Interface, World
from . import listing, rows, tags

# When everything that is declared was attached and launched.
EPOCH = "2024-01-01T00:00:00.000Z"


def describe(call: Call) -> Answer:
    rows.refuse_ids_with_pages(call, "NetworkInterfaceId")
    world = call.world
    return rows.describe(call, world.interfaces.rows(call.hidden_seconds), rows.Listing(
        rows.INTERFACE, "networkInterfaceSet", _SELECTORS,
        lambda interface: _elements(world, interface)))


def _elements(world: World, interface: Interface) -> Elements:
    return [*common_elements(world, interface),
            ("availabilityZone", interface.zone or f"{world.region}a"),
            ("requesterId", interface.requester_id or ""),
            ("requesterManaged", interface.requester_managed),
            *attachment(interface, [("instanceId", interface.instance_id),
                                    ("instanceOwnerId", world.account)]),
            ("tagSet", tags.elements(interface.tags))]


def common_elements(world: World, interface: Interface) -> Elements:
    """What interfaces say of themselves both on their own and within an instance."""
    fields: List[Tuple[str, Any]] = [
        ("networkInterfaceId", interface.id),
        ("subnetId", interface.subnet_id),
        ("vpcId", interface.vpc_id),
        ("description", interface.description),
        ("ownerId", world.account),
        ("status", status(interface)),
        ("macAddress", interface.mac),
        ("privateIpAddress", interface.address),
        ("sourceDestCheck", True),
        ("groupSet", []),
        ("privateIpAddressesSet", [("item", [("privateIpAddress", interface.address),
                                             ("primary", True)])] if interface.address else []),
        ("ipv6AddressesSet", [("item", [("ipv6Address", address)])
                              for address in interface.ipv6_addresses]),
        ("interfaceType", interface.kind),
    ]
    return [(name, value) for name, value in fields if value is not None]


def attachment(interface: Interface, more: Elements) -> Elements:
    """The element that says to what the interface is attached, if it is."""
    if not interface.instance_id:
        return []
    return [("attachment", [
        ("attachmentId", attachment_id(interface)), *more,
        ("deviceIndex", interface.device_index),
        ("networkCardIndex", 0),
        ("status", "attached"),
        ("attachTime", EPOCH),
        ("deleteOnTermination", interface.device_index == 0)])]


def attachment_id(interface: Interface) -> str:
    return interface.id.replace("eni-", "eni-attach-")


def status(interface: Interface) -> str:
    """in-use or available, unless it was declared otherwise."""
    used = interface.instance_id or interface.requester_managed
    return interface.status or ("in-use" if used else "available")


def _attached(field: Any) -> listing.Selector:
    return lambda interface: [field(interface) if interface.instance_id else None]


_SELECTORS = rows.tag_selectors({
    "network-interface-id": lambda i: [i.id],
    "subnet-id": lambda i: [i.subnet_id],
    "vpc-id": lambda i: [i.vpc_id],
    "availability-zone": lambda i: [i.zone],
    "description": lambda i: [i.description],
    "interface-type": lambda i: [i.kind],
    "mac-address": lambda i: [i.mac],
    "private-ip-address": lambda i: [i.address],
    "addresses.private-ip-address": lambda i: [i.address],
    "ipv6-addresses.ipv6-address": lambda i: list(i.ipv6_addresses),
    "requester-id": lambda i: [i.requester_id],
    "requester-managed": lambda i: [str(i.requester_managed).lower()],
    "status": lambda i: [status(i)],
    "attachment.attachment-id": _attached(attachment_id),
    "attachment.device-index": _attached(lambda i: i.device_index),
    "attachment.instance-id": _attached(lambda i: i.instance_id),
    "attachment.status": _attached(lambda i: "attached"),
})

ACTIONS: Dict[str, Action] = {
    "DescribeNetworkInterfaces": Action(listing.describe_shape("NetworkInterfaceId"), describe),
}
