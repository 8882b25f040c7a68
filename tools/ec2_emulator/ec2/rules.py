# SPDX-License-Identifier: Apache-2.0
"""The rules of Traffic Mirror filters."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any, Dict, Mapping, Optional, Tuple

from ..api import Action, Answer, Call, once
from ..errors import ApiError, invalid_value
from ..query import Elements, Field, ListOf, boolean, integer, text
from ..world import Ports, Rule, World, new_id
from . import listing, rows, tags
from .mirroring import reconcile_filter
from .sessions import removed_fields

DIRECTIONS = ("ingress", "egress")
VERDICTS = ("accept", "reject")
RULES_PER_FILTER = 10
NUMBER_MAX = 32766
PORT_MAX = 65535
# Those that have ports: TCP and UDP.
PORT_PROTOCOLS = (6, 17)
REMOVABLE = {"destination-port-range": "DestinationPortRange",
             "source-port-range": "SourcePortRange",
             "protocol": "Protocol", "description": "Description"}

# The parameter of each of a rule's fields.
_FIELDS = {"direction": "TrafficDirection", "number": "RuleNumber", "action": "RuleAction",
           "destination": "DestinationCidrBlock", "source": "SourceCidrBlock",
           "destination_ports": "DestinationPortRange", "source_ports": "SourcePortRange",
           "protocol": "Protocol", "description": "Description"}


def create(call: Call) -> Answer:
    given_tags = rows.creation_tags(call, "traffic-mirror-filter-rule")
    values = _values(call.arguments)
    return once(call, lambda: _create(call, values, given_tags))


def _create(call: Call, values: Dict[str, Any],
            given_tags: Tuple[Tuple[str, str], ...]) -> Answer:
    world, filter_id = call.world, call.arguments["TrafficMirrorFilterId"]
    rows.find(call, world.filters, filter_id, rows.FILTER)
    rule = Rule(new_id("tmfr"), filter_id, tags=given_tags, **values)
    _check(world, rule)
    if len(world.rules_of(filter_id)) >= RULES_PER_FILTER:
        raise ApiError("TrafficMirrorFilterRuleLimitExceeded", f"The filter {filter_id} has "
                       f"{RULES_PER_FILTER} rules, which is the limit")
    call.end_dry_run()
    world.rules.add(rule)
    return _answer(call, rule)


def modify(call: Call) -> Answer:
    world, rule_id = call.world, call.arguments["TrafficMirrorFilterRuleId"]
    call.authorize(call.action, f"traffic-mirror-filter-rule/{rule_id}")
    removed = removed_fields(call.arguments, REMOVABLE)
    values = _values(call.arguments)
    values.update({field: None for field, name in _FIELDS.items() if name in removed})
    rule = replace(rows.find(call, world.rules, rule_id, rows.RULE), **values)
    _check(world, rule)
    call.end_dry_run()
    world.rules[rule_id] = rule
    return _answer(call, rule)


def delete(call: Call) -> Answer:
    rule_id = call.arguments["TrafficMirrorFilterRuleId"]
    call.authorize(call.action, f"traffic-mirror-filter-rule/{rule_id}")
    rule = rows.find(call, call.world.rules, rule_id, rows.RULE)
    call.end_dry_run()
    call.world.rules.remove(rule_id)
    return Answer([("trafficMirrorFilterRuleId", rule_id)],
                  reconcile_filter(call.world, call.mirrors, rule.filter_id))


def describe(call: Call) -> Answer:
    found = call.world.rules.rows(call.hidden_seconds)
    wanted = call.arguments.get("TrafficMirrorFilterId")
    if wanted:
        rows.find(call, call.world.filters, wanted, rows.FILTER)
        found = [(n, rule) for n, rule in found if rule.filter_id == wanted]
    return rows.describe(call, found, _LISTING)


def elements(rule: Rule) -> Elements:
    """A rule as answers carry it."""
    return rows.with_tags([
        ("trafficMirrorFilterRuleId", rule.id),
        ("trafficMirrorFilterId", rule.filter_id),
        ("trafficDirection", rule.direction),
        ("ruleNumber", rule.number),
        ("ruleAction", rule.action),
        ("protocol", rule.protocol),
        ("destinationPortRange", _ports_elements(rule.destination_ports)),
        ("sourcePortRange", _ports_elements(rule.source_ports)),
        ("destinationCidrBlock", rule.destination),
        ("sourceCidrBlock", rule.source),
        ("description", rule.description)], rule)


def _answer(call: Call, rule: Rule) -> Answer:
    return Answer([("trafficMirrorFilterRule", elements(rule))],
                  reconcile_filter(call.world, call.mirrors, rule.filter_id))


def _ports_elements(ports: Ports) -> Optional[Elements]:
    return [("fromPort", ports[0]), ("toPort", ports[1])] if ports else None


def _values(arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """The fields that were sent, each checked by itself."""
    return {field: _READERS[field](name, arguments[name]) if field in _READERS else arguments[name]
            for field, name in _FIELDS.items() if name in arguments}


def _one_of(choices: Tuple[str, ...]) -> Any:
    def read(name: str, value: str) -> str:
        if value not in choices:
            raise invalid_value(name, value, f"Expecting one of {', '.join(choices)}.")
        return value
    return read


def _up_to(lowest: int, highest: int) -> Any:
    def read(name: str, value: int) -> int:
        if not lowest <= value <= highest:
            raise invalid_value(name, value, f"Expecting a value between {lowest} and {highest}.")
        return value
    return read


def _cidr(name: str, value: str) -> str:
    try:
        if "/" not in value:
            raise ValueError
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise invalid_value(name, value, "It is not a CIDR block.") from None


def _port_range(name: str, value: Mapping[str, int]) -> Tuple[int, int]:
    if "FromPort" not in value or "ToPort" not in value:
        raise ApiError("MissingParameter", f"The request must contain both ports of {name}")
    first, last = value["FromPort"], value["ToPort"]
    if not 0 <= first <= last <= PORT_MAX:
        raise invalid_value(name, f"{first}-{last}", f"Expecting a range within 0-{PORT_MAX}.")
    return first, last


_READERS: Dict[str, Any] = {
    "direction": _one_of(DIRECTIONS), "action": _one_of(VERDICTS),
    "number": _up_to(1, NUMBER_MAX), "protocol": _up_to(0, 255),
    "destination": _cidr, "source": _cidr,
    "destination_ports": _port_range, "source_ports": _port_range,
}


def _check(world: World, rule: Rule) -> None:
    """What holds for a rule as a whole and among its neighbours."""
    if (":" in rule.destination) != (":" in rule.source):
        raise ApiError("InvalidParameterCombination",
                       "The source and destination CIDR blocks are of different IP versions")
    if (rule.destination_ports or rule.source_ports) and rule.protocol not in PORT_PROTOCOLS:
        raise ApiError("InvalidParameterCombination",
                       "Port ranges need the protocol 6 (TCP) or 17 (UDP)")
    for other in world.rules_of(rule.filter_id):
        if other.id != rule.id and (other.direction, other.number) == (rule.direction, rule.number):
            raise ApiError("TrafficMirrorFilterRuleAlreadyExists", f"The filter {rule.filter_id} "
                           f"has an {rule.direction} rule with number {rule.number}: {other.id}")


_LISTING = rows.Listing(rows.RULE, "trafficMirrorFilterRuleSet", rows.tag_selectors({
    "description": lambda r: [r.description],
    "destination-cidr-block": lambda r: [r.destination],
    "protocol": lambda r: [r.protocol],
    "rule-action": lambda r: [r.action],
    "rule-number": lambda r: [r.number],
    "source-cidr-block": lambda r: [r.source],
    "traffic-direction": lambda r: [r.direction],
    "traffic-mirror-filter-id": lambda r: [r.filter_id],
    "traffic-mirror-filter-rule-id": lambda r: [r.id],
}), elements)

_RANGE = {"FromPort": Field(integer), "ToPort": Field(integer)}
_OPTIONAL = {
    "DestinationPortRange": Field(_RANGE),
    "SourcePortRange": Field(_RANGE),
    "Protocol": Field(integer),
    "Description": Field(text),
    "DryRun": Field(boolean),
}


def _mandatory(required: bool) -> Dict[str, Field]:
    return {"TrafficDirection": Field(text, required), "RuleNumber": Field(integer, required),
            "RuleAction": Field(text, required), "DestinationCidrBlock": Field(text, required),
            "SourceCidrBlock": Field(text, required)}


ACTIONS: Dict[str, Action] = {
    "CreateTrafficMirrorFilterRule": Action({
        "TrafficMirrorFilterId": Field(text, required=True),
        **_mandatory(True),
        **_OPTIONAL,
        "TagSpecification": Field(tags.SPECIFICATION),
        "ClientToken": Field(text),
    }, create),
    "ModifyTrafficMirrorFilterRule": Action({
        "TrafficMirrorFilterRuleId": Field(text, required=True),
        **_mandatory(False),
        **_OPTIONAL,
        "RemoveField": Field(ListOf(text)),
    }, modify),
    "DeleteTrafficMirrorFilterRule": Action({
        "TrafficMirrorFilterRuleId": Field(text, required=True),
        "DryRun": Field(boolean),
    }, delete),
    "DescribeTrafficMirrorFilterRules": Action({
        **listing.describe_shape("TrafficMirrorFilterRuleId"),
        "TrafficMirrorFilterId": Field(text),
    }, describe),
}
