# SPDX-License-Identifier: Apache-2.0
"""Network Load Balancers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Set, Tuple

from ..api import Action, Answer, Call
from ..errors import ApiError
from ..query import Elements, Field, text
from ..queryform import listed, member_items, members
from ..world import Balancer, Interface, Subnet, World, new_id
from . import rows

BALANCERS_PER_REGION = 50
_PROTECTED = "deletion_protection.enabled"
_ATTRIBUTES = {
    _PROTECTED: rows.is_flag,
    "load_balancing.cross_zone.enabled": rows.is_flag,
    "access_logs.s3.enabled": rows.is_flag,
    "access_logs.s3.bucket": lambda value: True,
    "access_logs.s3.prefix": lambda value: True,
    "dns_record.client_routing_policy": rows.is_one_of(
        "any_availability_zone", "availability_zone_affinity",
        "partial_availability_zone_affinity"),
    "zonal_shift.config.enabled": rows.is_flag,
}
_DEFAULTS = (
    (_PROTECTED, "false"),
    ("load_balancing.cross_zone.enabled", "false"),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.prefix", ""),
    ("dns_record.client_routing_policy", "any_availability_zone"),
    ("zonal_shift.config.enabled", "false"),
)


def create(call: Call) -> Answer:
    call.authorize(call.action)
    world, arguments, name = call.world, call.arguments, call.arguments["Name"]
    rows.check_name(name)
    given_tags = rows.creation_tags(call)
    if arguments.get("Type", "application") != "network":
        raise ApiError("InvalidConfigurationRequest", "The emulator has only network load "
                       "balancers: give Type=network")
    scheme = arguments.get("Scheme", "internet-facing")
    if scheme not in ("internal", "internet-facing"):
        raise ApiError("InvalidScheme", f"The scheme '{scheme}' is not valid")
    family, nat = _addresses(arguments)
    subnets = _subnets(call)
    for other in world.balancers.values():
        if other.name == name:
            if (other.scheme, other.subnets, other.tags, other.family, other.ipv6_source_nat) == (
                    scheme, tuple(s.id for s in subnets), given_tags, family, nat):
                return Answer([("LoadBalancers", member_items([_elements(world, other)]))])
            raise ApiError("DuplicateLoadBalancerName", "A load balancer with the same name "
                           f"'{name}' exists, but with different settings")
    if len(world.balancers) >= BALANCERS_PER_REGION:
        raise ApiError("TooManyLoadBalancers", "The limit of load balancers is reached")
    balancer = world.balancers.add(Balancer(
        rows.new_arn(call, "loadbalancer/net", name), name, scheme, subnets[0].vpc_id,
        tuple(s.id for s in subnets), (), given_tags, rows.now(call), family, nat))
    _add_interfaces(world, balancer, subnets)
    return Answer([("LoadBalancers", member_items([_elements(world, balancer)]))])


def describe(call: Call) -> Answer:
    call.authorize(call.action)
    found = rows.chosen(call, call.world.balancers, "LoadBalancer", "LoadBalancerArns", "Names")
    return rows.describe(call, found, "LoadBalancers", lambda b: _elements(call.world, b))


def modify_attributes(call: Call) -> Answer:
    call.authorize(call.action)
    balancer = _find(call)
    after = rows.changed_attributes(call, _ATTRIBUTES, balancer.attributes or _DEFAULTS)
    call.world.balancers[balancer.id] = replace(balancer, attributes=after)
    return Answer(rows.attribute_elements(after))


def describe_attributes(call: Call) -> Answer:
    call.authorize(call.action)
    return Answer(rows.attribute_elements(_find(call).attributes or _DEFAULTS))


def delete(call: Call) -> Answer:
    """Deleting what does not exist succeeds; its listeners go, mirror targets stay behind."""
    call.authorize(call.action)
    world, arn = call.world, call.arguments["LoadBalancerArn"]
    balancer = world.balancers.get(arn)
    if balancer is None:
        return Answer([])
    if dict(balancer.attributes).get(_PROTECTED) == "true":
        raise ApiError("OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because "
                       "deletion protection is enabled")
    for listener in [x for x in world.listeners.values() if x.balancer == arn]:
        world.listeners.remove(listener.id)
    for interface in [i for i in world.interfaces.values() if i.description == _described(arn)]:
        world.interfaces.remove(interface.id)
    world.balancers.remove(arn)
    return Answer([])


def _find(call: Call) -> Balancer:
    found: Balancer = rows.find(call, call.world.balancers, call.arguments["LoadBalancerArn"],
                                "LoadBalancer")
    return found


def _addresses(arguments: Mapping[str, Any]) -> Tuple[str, str]:
    """The address type, and whether IPv6 is translated, which only dualstack does."""
    family = arguments.get("IpAddressType", "ipv4")
    nat = arguments.get("EnablePrefixForIpv6SourceNat", "off")
    if family not in ("ipv4", "dualstack") or nat not in ("on", "off"):
        raise ApiError("ValidationError", f"'{family}' or '{nat}' is not valid")
    if nat == "on" and family != "dualstack":
        raise ApiError("InvalidConfigurationRequest",
                       "A prefix for IPv6 source NAT needs the IP address type dualstack")
    return family, nat


def _subnets(call: Call) -> List[Subnet]:
    """The subnets that were named; they exist, in one VPC and different zones."""
    world = call.world
    wanted = listed(call.arguments, "Subnets") + [
        mapping["SubnetId"] for mapping in listed(call.arguments, "SubnetMappings")]
    if not wanted:
        raise ApiError("ValidationError", "At least one subnet must be specified")
    found = [_subnet(world, subnet_id) for subnet_id in wanted]
    zones: Set[str] = {subnet.zone for subnet in found}
    if len(zones) < len(found) or len({subnet.vpc_id for subnet in found}) > 1:
        raise ApiError("InvalidConfigurationRequest",
                       "The subnets must be in one VPC and in different Availability Zones")
    return found


def _subnet(world: World, subnet_id: str) -> Subnet:
    if subnet_id in world.subnets:
        return world.subnets[subnet_id]
    for interface in world.interfaces.values():
        if interface.subnet_id == subnet_id and interface.vpc_id:
            return Subnet(subnet_id, interface.vpc_id, interface.zone or f"{world.region}a")
    raise ApiError("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist")


def _add_interfaces(world: World, balancer: Balancer, subnets: List[Subnet]) -> None:
    """A load balancer has an interface of its own in each subnet."""
    for subnet in subnets:
        world.interfaces.add(Interface(
            new_id("eni"), subnet_id=subnet.id, vpc_id=subnet.vpc_id, zone=subnet.zone,
            kind="network_load_balancer", description=_described(balancer.id),
            requester_id="amazon-elb", requester_managed=True))


def _described(arn: str) -> str:
    return "ELB " + arn.split("loadbalancer/", 1)[1]


def _elements(world: World, balancer: Balancer) -> Elements:
    zones = [[("ZoneName", subnet.zone), ("SubnetId", subnet.id), ("LoadBalancerAddresses", [])]
             for subnet in (world.subnets.get(s) or Subnet(s, "", f"{world.region}a")
                            for s in balancer.subnets)]
    code = balancer.id.rsplit("/", 1)[-1]
    return [("LoadBalancerArn", balancer.id),
            ("DNSName", f"{balancer.name}-{code}.elb.{world.region}.amazonaws.com"),
            ("CanonicalHostedZoneId", "Z26RNL4JYFTOTI"),
            ("CreatedTime", balancer.created or "2024-01-01T00:00:00Z"),
            ("LoadBalancerName", balancer.name), ("Scheme", balancer.scheme),
            ("VpcId", balancer.vpc_id), ("State", [("Code", "active")]), ("Type", "network"),
            ("AvailabilityZones", member_items(zones)), ("SecurityGroups", []),
            ("IpAddressType", balancer.family),
            ("EnablePrefixForIpv6SourceNat", balancer.ipv6_source_nat)]


_ARN = {"LoadBalancerArn": Field(text, required=True)}

ACTIONS: Dict[str, Action] = {
    "CreateLoadBalancer": Action({
        "Name": Field(text, required=True),
        "Type": Field(text),
        "Scheme": Field(text),
        "IpAddressType": Field(text),
        "EnablePrefixForIpv6SourceNat": Field(text),
        "Subnets": members(text),
        "SubnetMappings": members({
            "SubnetId": Field(text, required=True), "AllocationId": Field(text),
            "PrivateIPv4Address": Field(text), "IPv6Address": Field(text)}),
        "SecurityGroups": members(text),
        "Tags": rows.TAGS,
    }, create),
    "DescribeLoadBalancers": Action({
        "LoadBalancerArns": members(text), "Names": members(text), **rows.PAGE}, describe),
    "ModifyLoadBalancerAttributes": Action({**_ARN, "Attributes": rows.ATTRIBUTES},
                                           modify_attributes),
    "DescribeLoadBalancerAttributes": Action(_ARN, describe_attributes),
    "DeleteLoadBalancer": Action(_ARN, delete),
}
