# SPDX-License-Identifier: Apache-2.0
"""Targets of a group, and their health.

A target is initial for a while and then healthy, unless a test has said what it is.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any, Dict, List, Tuple

from ..api import Action, Answer, Call
from ..errors import ApiError
from ..query import Elements, Field, integer, text
from ..queryform import listed, member_items, members
from . import rows
from .groups import DELAY, Group, Registration, balancers_of

TARGETS_PER_GROUP = 1000

_REASONS = {
    "initial": ("Elb.RegistrationInProgress", "Target registration is in progress"),
    "unhealthy": ("Target.FailedHealthChecks", "Health checks failed"),
    "unhealthy.draining": ("Target.FailedHealthChecks", "Health checks failed"),
    "unused": ("Target.NotInUse",
               "Target group is not configured to receive traffic from the load balancer"),
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
    "unavailable": ("Target.HealthCheckDisabled", "Health checks are not enabled"),
}
_UNKNOWN = ("Target.NotRegistered", "Target is not registered to the target group")


def register(call: Call) -> Answer:
    call.authorize(call.action)
    group = _find(call)
    wanted = _wanted(call, group)
    for target_id, _ in wanted:
        _check(call, group, target_id)
    if len(set(group.targets) | set(wanted)) > TARGETS_PER_GROUP:
        raise ApiError("TooManyTargets", f"The limit of {TARGETS_PER_GROUP} targets is reached")
    for key in wanted:
        known = group.targets.get(key)
        if known is None or known.left:
            group.targets[key] = Registration(*key, since=time.monotonic())
    return Answer([])


def deregister(call: Call) -> Answer:
    call.authorize(call.action)
    group = _find(call)
    used = balancers_of(call.world, group)
    for key in _wanted(call, group, every_port=True):
        known = group.targets.get(key)
        if known is None:
            continue
        if used and not known.left:
            known.left = time.monotonic()
        elif not used:
            del group.targets[key]
    return Answer([])


def describe_health(call: Call) -> Answer:
    call.authorize(call.action)
    group = _find(call)
    _drop_drained(group)
    wanted = _wanted(call, group) if "Targets" in call.arguments else list(group.targets)
    return Answer([("TargetHealthDescriptions",
                    member_items([_description(call, group, key) for key in wanted]))])


def _find(call: Call) -> Group:
    found: Group = rows.find(call, call.world.groups, call.arguments["TargetGroupArn"],
                             "TargetGroup")
    return found


def _wanted(call: Call, group: Group, every_port: bool = False) -> List[Tuple[str, int]]:
    found: List[Tuple[str, int]] = []
    for target in listed(call.arguments, "Targets"):
        if every_port and "Port" not in target:
            found += [key for key in group.targets if key[0] == target["Id"]]
        else:
            found.append((target["Id"], target.get("Port", group.port)))
    return found


def _check(call: Call, group: Group, target_id: str) -> None:
    """Raises InvalidTarget for what the group's type does not take."""
    if group.target_type == "instance":
        instance = call.world.instances.get(target_id)
        if instance and instance.state == "running":
            return
        why = "is not a running instance"
    else:
        try:
            if f"ipv{ipaddress.ip_address(target_id).version}" == group.family:
                return
            why = f"is not an address of type {group.family}"
        except ValueError:
            why = "is not a valid IP address"
    raise ApiError("InvalidTarget", f"The target '{target_id}' {why}")


def _drop_drained(group: Group) -> None:
    delay = float(group.attribute(DELAY))
    for key, known in list(group.targets.items()):
        if known.left and time.monotonic() - known.left >= delay:
            del group.targets[key]


def _state(call: Call, group: Group, known: Registration) -> str:
    cloud = call.world.cloud
    if known.left:
        return "draining"
    if not balancers_of(call.world, group):
        return "unused"
    if known.id in cloud.health:
        return cloud.health[known.id]
    return "healthy" if time.monotonic() - known.since >= cloud.initial_seconds else "initial"


def _description(call: Call, group: Group, key: Tuple[str, int]) -> Elements:
    known = group.targets.get(key)
    state = _state(call, group, known) if known else "unused"
    health: List[Tuple[str, Any]] = [("State", state)]
    reason = _REASONS.get(state) if known else _UNKNOWN
    if reason:
        health += [("Reason", reason[0]), ("Description", reason[1])]
    port = group.check["HealthCheckPort"]
    return [("Target", [("Id", key[0]), ("Port", key[1])]),
            ("HealthCheckPort", key[1] if port == "traffic-port" else port),
            ("TargetHealth", health)]


_TARGETS = {"Id": Field(text, required=True), "Port": Field(integer),
            "AvailabilityZone": Field(text)}
_ARN = {"TargetGroupArn": Field(text, required=True)}

ACTIONS: Dict[str, Action] = {
    "RegisterTargets": Action({**_ARN, "Targets": members(_TARGETS, required=True)}, register),
    "DeregisterTargets": Action({**_ARN, "Targets": members(_TARGETS, required=True)},
                                deregister),
    "DescribeTargetHealth": Action({**_ARN, "Targets": members(_TARGETS),
                                    "Include": members(text)}, describe_health),
}
