# SPDX-License-Identifier: Apache-2.0
"""Target groups."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Tuple

from ..api import Action, Answer, Call
from ..errors import ApiError, invalid_value
from ..query import Elements, Field, boolean, integer, text
from ..queryform import member_items, members
from ..world import Tags, World
from . import rows

_PROTOCOLS = ("TCP", "UDP", "TCP_UDP", "TLS")
_CHECKS = ("TCP", "HTTP", "HTTPS")
_TYPES = ("instance", "ip", "alb")
_RANGES = {"HealthCheckIntervalSeconds": (5, 300), "HealthCheckTimeoutSeconds": (2, 120),
           "HealthyThresholdCount": (2, 10), "UnhealthyThresholdCount": (2, 10)}
DELAY = "deregistration_delay.timeout_seconds"
_ATTRIBUTES = {
    DELAY: rows.is_number(0, 3600),
    "deregistration_delay.connection_termination.enabled": rows.is_flag,
    "stickiness.enabled": rows.is_flag,
    "stickiness.type": rows.is_one_of("source_ip"),
    "proxy_protocol_v2.enabled": rows.is_flag,
    "preserve_client_ip.enabled": rows.is_flag,
    "load_balancing.cross_zone.enabled": rows.is_one_of("true", "false",
                                                        "use_load_balancer_configuration"),
    "target_health_state.unhealthy.connection_termination.enabled": rows.is_flag,
    "target_health_state.unhealthy.draining_interval_seconds": rows.is_number(0, 360000),
    "target_group_health.dns_failover.minimum_healthy_targets.count": lambda value: True,
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": lambda value: True,
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":
        lambda value: True,
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage":
        lambda value: True,
}


@dataclass
class Registration:
    """A registered target, by the emulator's clock; it drains from `left` on."""

    id: str
    port: int
    since: float
    left: float = 0


@dataclass(frozen=True)
class Group:
    """A target group; `id` is its ARN."""

    id: str
    name: str
    protocol: str
    port: int
    vpc_id: str
    target_type: str
    check: Mapping[str, Any]
    attributes: Tags
    tags: Tags
    family: str
    targets: Dict[Tuple[str, int], Registration] = field(default_factory=dict, compare=False)

    def attribute(self, key: str) -> str:
        return dict(self.attributes)[key]


def create(call: Call) -> Answer:
    call.authorize(call.action)
    world, arguments, name = call.world, call.arguments, call.arguments["Name"]
    rows.check_name(name)
    given_tags = rows.creation_tags(call)
    protocol = _one_of(arguments, "Protocol", _PROTOCOLS, None)
    group = Group(
        rows.new_arn(call, "targetgroup", name), name, protocol, arguments.get("Port", 0),
        arguments.get("VpcId", ""), _one_of(arguments, "TargetType", _TYPES, "instance"),
        _health_check(arguments, _default_check()), _defaults(protocol), given_tags,
        _one_of(arguments, "IpAddressType", ("ipv4", "ipv6"), "ipv4"))
    if not 1 <= group.port <= 65535 or not group.vpc_id:
        raise ApiError("ValidationError", "A port and a VPC ID must be specified")
    for other in world.groups.values():
        if other.name == name:
            if replace(group, id=other.id, attributes=other.attributes) == other:
                return _answer(world, [other])
            raise ApiError("DuplicateTargetGroupName", "A target group with the same name "
                           f"'{name}' exists, but with different settings")
    world.groups.add(group)
    return _answer(world, [group])


def modify(call: Call) -> Answer:
    call.authorize(call.action)
    group = _find(call)
    group = replace(group, check=_health_check(call.arguments, group.check))
    call.world.groups[group.id] = group
    return _answer(call.world, [group])


def describe(call: Call) -> Answer:
    call.authorize(call.action)
    world = call.world
    found = rows.chosen(call, world.groups, "TargetGroup", "TargetGroupArns", "Names")
    balancer = call.arguments.get("LoadBalancerArn")
    if balancer:
        rows.find(call, world.balancers, balancer, "LoadBalancer")
        found = [(n, group) for n, group in found if balancer in balancers_of(world, group)]
    return rows.describe(call, found, "TargetGroups", lambda group: _elements(world, group))


def modify_attributes(call: Call) -> Answer:
    call.authorize(call.action)
    group = _find(call)
    after = rows.changed_attributes(call, _ATTRIBUTES, group.attributes)
    call.world.groups[group.id] = replace(group, attributes=after)
    return Answer(rows.attribute_elements(after))


def describe_attributes(call: Call) -> Answer:
    call.authorize(call.action)
    return Answer(rows.attribute_elements(_find(call).attributes))


def delete(call: Call) -> Answer:
    """Deleting what does not exist succeeds."""
    call.authorize(call.action)
    world, arn = call.world, call.arguments["TargetGroupArn"]
    group = world.groups.get(arn)
    if group and balancers_of(world, group):
        raise ApiError("ResourceInUse", f"Target group '{arn}' is currently in use by a listener "
                       "or a rule")
    if group:
        world.groups.remove(arn)
    return Answer([])


def balancers_of(world: World, group: Group) -> List[str]:
    """The load balancers that have a listener for the group."""
    return sorted({x.balancer for x in world.listeners.values() if x.group == group.id})


def _find(call: Call) -> Group:
    found: Group = rows.find(call, call.world.groups, call.arguments["TargetGroupArn"],
                             "TargetGroup")
    return found


def _answer(world: World, groups: List[Group]) -> Answer:
    return Answer([("TargetGroups", member_items([_elements(world, g) for g in groups]))])


def _elements(world: World, group: Group) -> Elements:
    return [("TargetGroupArn", group.id), ("TargetGroupName", group.name),
            ("Protocol", group.protocol), ("Port", group.port), ("VpcId", group.vpc_id),
            *[(name, [("HttpCode", value)] if name == "Matcher" else value)
              for name, value in group.check.items() if value is not None],
            ("LoadBalancerArns", member_items(balancers_of(world, group))),
            ("TargetType", group.target_type), ("IpAddressType", group.family)]


def _default_check() -> Dict[str, Any]:
    return {"HealthCheckProtocol": "TCP", "HealthCheckPort": "traffic-port",
            "HealthCheckEnabled": True, "HealthCheckIntervalSeconds": 30,
            "HealthCheckTimeoutSeconds": 10, "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2, "HealthCheckPath": None, "Matcher": None}


def _health_check(arguments: Mapping[str, Any], before: Mapping[str, Any]) -> Dict[str, Any]:
    check = {**before, **{k: v for k, v in arguments.items() if k in before and k != "Matcher"}}
    if "Matcher" in arguments:
        check["Matcher"] = arguments["Matcher"].get("HttpCode")
    protocol = _one_of(check, "HealthCheckProtocol", _CHECKS, None)
    port = check["HealthCheckPort"]
    if port != "traffic-port" and not rows.is_number(1, 65535)(port):
        raise invalid_value("healthCheckPort", port, "Expecting a port or traffic-port.")
    for name, (lowest, highest) in _RANGES.items():
        if not lowest <= check[name] <= highest:
            raise invalid_value(name, check[name],
                                f"Expecting a value between {lowest} and {highest}.")
    if protocol == "TCP" and check["HealthCheckPath"] is not None:
        raise ApiError("InvalidConfigurationRequest", "A health check path needs HTTP or HTTPS")
    if protocol != "TCP":
        check["HealthCheckPath"] = check["HealthCheckPath"] or "/"
        check["Matcher"] = check["Matcher"] or "200-399"
    return check


def _defaults(protocol: str) -> Tags:
    preserve = "true" if protocol in ("UDP", "TCP_UDP") else "false"
    one = "target_group_health.{}.minimum_healthy_targets.{}".format
    return ((DELAY, "300"), ("deregistration_delay.connection_termination.enabled", "false"),
            ("stickiness.enabled", "false"), ("stickiness.type", "source_ip"),
            ("proxy_protocol_v2.enabled", "false"), ("preserve_client_ip.enabled", preserve),
            ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
            ("target_health_state.unhealthy.connection_termination.enabled", "true"),
            ("target_health_state.unhealthy.draining_interval_seconds", "0"),
            (one("dns_failover", "count"), "1"), (one("dns_failover", "percentage"), "off"),
            (one("unhealthy_state_routing", "count"), "1"),
            (one("unhealthy_state_routing", "percentage"), "off"))


def _one_of(arguments: Mapping[str, Any], name: str, choices: Tuple[str, ...],
            default: Any) -> str:
    value = arguments.get(name, default)
    if value not in choices:
        raise invalid_value(name, value, f"Expecting one of {', '.join(choices)}.")
    return str(value)


_ARN = {"TargetGroupArn": Field(text, required=True)}
_CHECK = {
    "HealthCheckProtocol": Field(text), "HealthCheckPort": Field(text),
    "HealthCheckEnabled": Field(boolean), "HealthCheckPath": Field(text),
    "HealthCheckIntervalSeconds": Field(integer), "HealthCheckTimeoutSeconds": Field(integer),
    "HealthyThresholdCount": Field(integer), "UnhealthyThresholdCount": Field(integer),
    "Matcher": Field({"HttpCode": Field(text), "GrpcCode": Field(text)}),
}

ACTIONS: Dict[str, Action] = {
    "CreateTargetGroup": Action({
        "Name": Field(text, required=True), "Protocol": Field(text), "Port": Field(integer),
        "VpcId": Field(text), "TargetType": Field(text), "IpAddressType": Field(text),
        "ProtocolVersion": Field(text), **_CHECK, "Tags": rows.TAGS}, create),
    "ModifyTargetGroup": Action({**_ARN, **_CHECK}, modify),
    "DescribeTargetGroups": Action({
        "LoadBalancerArn": Field(text), "TargetGroupArns": members(text),
        "Names": members(text), **rows.PAGE}, describe),
    "ModifyTargetGroupAttributes": Action({**_ARN, "Attributes": rows.ATTRIBUTES},
                                          modify_attributes),
    "DescribeTargetGroupAttributes": Action(_ARN, describe_attributes),
    "DeleteTargetGroup": Action(_ARN, delete),
}
