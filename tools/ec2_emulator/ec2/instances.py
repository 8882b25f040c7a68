# SPDX-License-Identifier: Apache-2.0
"""Instances, which are declared and only described."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, List, Tuple

from ..api import Action, Answer, Call
from ..query import Elements
from ..world import Instance, Interface, World
from . import interfaces, listing, rows, tags

STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64,
          "stopped": 80}

_Interfaces = Tuple[Interface, ...]


def describe(call: Call) -> Answer:
    rows.refuse_ids_with_pages(call, "InstanceId")
    world = call.world
    owned: Dict[str, List[Interface]] = {}
    for interface in world.interfaces.values():
        if interface.instance_id:
            owned.setdefault(interface.instance_id, []).append(interface)

    def of(instance: Instance) -> _Interfaces:
        return tuple(sorted(owned.get(instance.id, ()), key=lambda i: i.device_index))

    return rows.describe(call, world.instances.rows(call.hidden_seconds), rows.Listing(
        rows.INSTANCE, "reservationSet", _selectors(of),
        lambda instance: _reservation(world, instance, of(instance)),
        lambda instance: (instance, of(instance))))


def _reservation(world: World, instance: Instance, owned: _Interfaces) -> Elements:
    digest = hashlib.sha256(instance.id.encode()).hexdigest()
    return [("reservationId", f"r-{digest[:17]}"), ("ownerId", world.account), ("groupSet", []),
            ("instancesSet", [("item", _elements(world, instance, owned))])]


def _elements(world: World, instance: Instance, owned: _Interfaces) -> Elements:
    first = owned[0] if owned else None
    fields: List[Tuple[str, Any]] = [
        ("instanceId", instance.id),
        ("imageId", "ami-0123456789abcdef0"),
        ("instanceState", [("code", STATES[instance.state]), ("name", instance.state)]),
        ("instanceType", instance.kind),
        ("launchTime", interfaces.EPOCH),
        ("placement", [("availabilityZone", first.zone if first and first.zone
                        else f"{world.region}a"), ("tenancy", "default")]),
        ("subnetId", first.subnet_id if first else None),
        ("vpcId", first.vpc_id if first else None),
        ("privateIpAddress", first.address if first else None),
        ("networkInterfaceSet", [
            ("item", [*interfaces.common_elements(world, i), *interfaces.attachment(i, [])])
            for i in owned]),
        ("tagSet", tags.elements(instance.tags)),
    ]
    return [(name, value) for name, value in fields if value is not None]


def _selectors(of: Any) -> Dict[str, listing.Selector]:
    def first(field: Any) -> listing.Selector:
        return lambda instance: [field(i) for i in of(instance)[:1]]

    def each(field: Any) -> listing.Selector:
        return lambda instance: [field(i) for i in of(instance)]

    return rows.tag_selectors({
        "instance-id": lambda i: [i.id],
        "instance-state-code": lambda i: [STATES[i.state]],
        "instance-state-name": lambda i: [i.state],
        "instance-type": lambda i: [i.kind],
        "availability-zone": first(lambda i: i.zone),
        "private-ip-address": first(lambda i: i.address),
        "subnet-id": first(lambda i: i.subnet_id),
        "vpc-id": first(lambda i: i.vpc_id),
        "network-interface.network-interface-id": each(lambda i: i.id),
        "network-interface.subnet-id": each(lambda i: i.subnet_id),
        "network-interface.vpc-id": each(lambda i: i.vpc_id),
    })


ACTIONS: Dict[str, Action] = {
    "DescribeInstances": Action(listing.describe_shape("InstanceId"), describe),
}
