# SPDX-License-Identifier: Apache-2.0
"""Listeners; each forwards to one target group."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping

from ..api import Action, Answer, Call
from ..errors import ApiError, invalid_value
from ..query import Elements, Field, integer, text
from ..queryform import listed, member_items, members
from ..world import Balancer, Tags
from . import rows
from .groups import Group, balancers_of

_PROTOCOLS = ("TCP", "UDP", "TCP_UDP", "TLS")


@dataclass(frozen=True)
class Listener:
    """A listener; `id` is its ARN."""

    id: str
    balancer: str
    protocol: str
    port: int
    group: str
    tags: Tags


def create(call: Call) -> Answer:
    call.authorize(call.action)
    world, arguments = call.world, call.arguments
    given_tags = rows.creation_tags(call)
    arn = arguments["LoadBalancerArn"]
    balancer = rows.find(call, world.balancers, arn, "LoadBalancer")
    protocol, port = arguments.get("Protocol"), arguments.get("Port", 0)
    if protocol not in _PROTOCOLS:
        raise ApiError("UnsupportedProtocol", f"The protocol '{protocol}' is not supported")
    if not 1 <= port <= 65535:
        raise invalid_value("port", port, "Expecting a value between 1 and 65535.")
    group = rows.find(call, world.groups, _forward(arguments), "TargetGroup")
    if group.protocol != protocol:
        raise ApiError("IncompatibleProtocols", f"A {protocol} listener cannot forward to a "
                       f"{group.protocol} target group")
    _check_families(balancer, protocol, group)
    if any(other != arn for other in balancers_of(world, group)):
        raise ApiError("TargetGroupAssociationLimit",
                       "The target group is in use by another load balancer")
    for other in world.listeners.values():
        if (other.balancer, other.port) == (arn, port):
            if (other.protocol, other.group, other.tags) == (protocol, group.id, given_tags):
                return _answer([other])
            raise ApiError("DuplicateListener", "A listener already exists on this port for this "
                           f"load balancer '{arn}'")
    listener = world.listeners.add(Listener(
        arn.replace(":loadbalancer/", ":listener/") + "/" + secrets.token_hex(8), arn, protocol,
        port, group.id, given_tags))
    return _answer([listener])


def _check_families(balancer: Balancer, protocol: str, group: Group) -> None:
    if group.family == "ipv6" and balancer.family != "dualstack":
        raise ApiError("InvalidConfigurationRequest", "An IPv6 target group needs a dualstack "
                       "load balancer")
    if (protocol == "UDP" and balancer.family == "dualstack"
            and balancer.ipv6_source_nat != "on"):
        raise ApiError("InvalidConfigurationRequest", "A UDP listener of a dualstack load "
                       "balancer needs a prefix for IPv6 source NAT")


def describe(call: Call) -> Answer:
    call.authorize(call.action)
    found = rows.chosen(call, call.world.listeners, "Listener", "ListenerArns")
    balancer = call.arguments.get("LoadBalancerArn")
    if balancer:
        rows.find(call, call.world.balancers, balancer, "LoadBalancer")
        found = [(n, x) for n, x in found if x.balancer == balancer]
    elif not listed(call.arguments, "ListenerArns"):
        raise ApiError("ValidationError", "Either a load balancer or listeners must be specified")
    return rows.describe(call, found, "Listeners", _elements)


def delete(call: Call) -> Answer:
    call.authorize(call.action)
    listener = rows.find(call, call.world.listeners, call.arguments["ListenerArn"], "Listener")
    call.world.listeners.remove(listener.id)
    return Answer([])


def _forward(arguments: Mapping[str, Any]) -> str:
    """The target group that the only action forwards to."""
    actions = listed(arguments, "DefaultActions")
    if len(actions) != 1 or actions[0]["Type"] != "forward":
        raise ApiError("InvalidLoadBalancerAction",
                       "Expecting one default action of the type forward")
    nested = listed(actions[0].get("ForwardConfig", {}), "TargetGroups")
    group = actions[0].get("TargetGroupArn") or (nested[0]["TargetGroupArn"] if nested else None)
    if not group:
        raise ApiError("ValidationError", "The default action has no target group")
    return str(group)


def _answer(found: List[Listener]) -> Answer:
    return Answer([("Listeners", member_items([_elements(x) for x in found]))])


def _elements(listener: Listener) -> Elements:
    forward = [("Type", "forward"), ("TargetGroupArn", listener.group), ("Order", 1)]
    return [("ListenerArn", listener.id), ("LoadBalancerArn", listener.balancer),
            ("Port", listener.port), ("Protocol", listener.protocol),
            ("DefaultActions", member_items([forward]))]


_GROUP = {"TargetGroupArn": Field(text, required=True), "Weight": Field(integer)}

ACTIONS: Dict[str, Action] = {
    "CreateListener": Action({
        "LoadBalancerArn": Field(text, required=True),
        "Protocol": Field(text),
        "Port": Field(integer),
        "DefaultActions": members({
            "Type": Field(text, required=True), "TargetGroupArn": Field(text),
            "Order": Field(integer),
            "ForwardConfig": Field({"TargetGroups": members(_GROUP)})}, required=True),
        "Tags": rows.TAGS,
    }, create),
    "DescribeListeners": Action({
        "LoadBalancerArn": Field(text), "ListenerArns": members(text), **rows.PAGE}, describe),
    "DeleteListener": Action({"ListenerArn": Field(text, required=True)}, delete),
}
