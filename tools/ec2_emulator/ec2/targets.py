# SPDX-License-Identifier: Apache-2.0
"""Traffic Mirror targets."""

from __future__ import annotations

from typing import Dict, Tuple

from ..api import Action, Answer, Call, once
from ..errors import ApiError, invalid_value
from ..query import Elements, Field, boolean, text
from ..world import GWLB, INTERFACE, NLB, NLB_ARN, Target, new_id
from . import listing, rows, tags

TARGETS_PER_ACCOUNT = 10_000
KINDS = {"NetworkInterfaceId": INTERFACE, "NetworkLoadBalancerArn": NLB,
         "GatewayLoadBalancerEndpointId": GWLB}


def create(call: Call) -> Answer:
    given_tags = rows.creation_tags(call, "traffic-mirror-target")
    given = [name for name in KINDS if call.arguments.get(name)]
    if not given:
        raise ApiError("MissingParameter", f"The request must contain one of {', '.join(KINDS)}")
    if len(given) > 1:
        raise ApiError("InvalidParameterCombination",
                       f"The parameters {', '.join(given)} cannot be given together")
    return once(call, lambda: _create(call, given[0], given_tags))


def _create(call: Call, parameter: str, given_tags: Tuple[Tuple[str, str], ...]) -> Answer:
    world, resource = call.world, call.arguments[parameter]
    _CHECKS[parameter](call, resource)
    if len(world.targets) >= TARGETS_PER_ACCOUNT:
        raise ApiError("TrafficMirrorTargetLimitExceeded",
                       f"The limit of {TARGETS_PER_ACCOUNT} Traffic Mirror targets is reached")
    call.end_dry_run()
    target = world.targets.add(Target(
        new_id("tmt"), KINDS[parameter], resource=resource, owner_id=world.account,
        description=call.arguments.get("Description"), tags=given_tags))
    return Answer([("trafficMirrorTarget", elements(target))])


def delete(call: Call) -> Answer:
    target_id = call.arguments["TrafficMirrorTargetId"]
    call.authorize(call.action, f"traffic-mirror-target/{target_id}")
    rows.find(call, call.world.targets, target_id, rows.TARGET)
    if any(call.world.cloud.sessions_to(target_id)):
        # AWS documents TrafficMirrorTargetInUseException; this one is what users see.
        raise ApiError("TrafficMirrorTargetInUse",
                       f"The Traffic Mirror target {target_id} is used by a session")
    call.end_dry_run()
    call.world.targets.remove(target_id)
    return Answer([("trafficMirrorTargetId", target_id)])


def describe(call: Call) -> Answer:
    world = call.world
    found = world.targets.rows(call.hidden_seconds)
    shared = world.cloud.shared_with(world)
    for other in world.cloud.worlds() if shared else ():
        found += [(n, t) for n, t in other.targets.rows() if t.id in shared]
    return rows.describe(call, sorted(found, key=lambda row: row[0]), _LISTING)


def elements(target: Target) -> Elements:
    """A target as answers carry it."""
    resource = {kind: name for name, kind in KINDS.items()}[target.kind]
    return rows.with_tags([
        ("trafficMirrorTargetId", target.id),
        (resource[0].lower() + resource[1:], target.resource),
        ("type", target.kind),
        ("description", target.description),
        ("ownerId", target.owner_id)], target)


def _check_interface(call: Call, wanted: str) -> None:
    rows.find(call, call.world.interfaces, wanted, rows.INTERFACE)
    if call.world.sessions.of(wanted):
        raise invalid_value("networkInterfaceId", wanted,
                            "It is the source of a session and cannot be a target.")


def _check_balancer(call: Call, wanted: str) -> None:
    if not NLB_ARN.fullmatch(wanted):
        raise ApiError("InvalidNetworkLoadBalancerArn.Malformed",
                       f"The Network Load Balancer ARN '{wanted}' is malformed")
    if not call.sees(call.world.balancers, wanted):
        raise ApiError("InvalidNetworkLoadBalancerArn.NotFound",
                       f"The Network Load Balancer ARN '{wanted}' does not exist")


def _check_endpoint(call: Call, wanted: str) -> None:
    rows.find(call, call.world.endpoints, wanted, rows.ENDPOINT)


_CHECKS = {"NetworkInterfaceId": _check_interface, "NetworkLoadBalancerArn": _check_balancer,
           "GatewayLoadBalancerEndpointId": _check_endpoint}

_LISTING = rows.Listing(rows.TARGET, "trafficMirrorTargetSet", rows.tag_selectors({
    "description": lambda t: [t.description],
    "network-interface-id": lambda t: [t.resource if t.kind == INTERFACE else None],
    "network-load-balancer-arn": lambda t: [t.resource if t.kind == NLB else None],
    "owner-id": lambda t: [t.owner_id],
    "traffic-mirror-target-id": lambda t: [t.id],
}), elements)

ACTIONS: Dict[str, Action] = {
    "CreateTrafficMirrorTarget": Action({
        **{name: Field(text) for name in KINDS},
        "Description": Field(text),
        "TagSpecification": Field(tags.SPECIFICATION),
        "DryRun": Field(boolean),
        "ClientToken": Field(text),
    }, create),
    "DeleteTrafficMirrorTarget": Action({
        "TrafficMirrorTargetId": Field(text, required=True),
        "DryRun": Field(boolean),
    }, delete),
    "DescribeTrafficMirrorTargets": Action(
        listing.describe_shape("TrafficMirrorTargetId"), describe),
}
