# SPDX-License-Identifier: Apache-2.0
"""Traffic Mirror filters and the network services that they let through."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Tuple

from ..api import Action, Answer, Call, once
from ..errors import ApiError, invalid_value
from ..query import Elements, Field, ListOf, boolean, text
from ..world import Filter, Rule, new_id
from . import listing, rows, rules, tags

FILTERS_PER_ACCOUNT = 10_000
SERVICES = ("amazon-dns",)


def create(call: Call) -> Answer:
    given_tags = rows.creation_tags(call, "traffic-mirror-filter")
    return once(call, lambda: _create(call, given_tags))


def _create(call: Call, given_tags: Tuple[Tuple[str, str], ...]) -> Answer:
    if len(call.world.filters) >= FILTERS_PER_ACCOUNT:
        raise ApiError("TrafficMirrorFilterLimitExceeded",
                       f"The limit of {FILTERS_PER_ACCOUNT} Traffic Mirror filters is reached")
    call.end_dry_run()
    made = call.world.filters.add(Filter(new_id("tmf"), call.arguments.get("Description"),
                                         tags=given_tags))
    return Answer([("trafficMirrorFilter", elements(made, []))])


def delete(call: Call) -> Answer:
    world, filter_id = call.world, call.arguments["TrafficMirrorFilterId"]
    call.authorize(call.action, f"traffic-mirror-filter/{filter_id}")
    rows.find(call, world.filters, filter_id, rows.FILTER)
    if any(session.filter_id == filter_id for session in world.sessions.values()):
        raise ApiError("TrafficMirrorFilterInUse",
                       f"The Traffic Mirror filter {filter_id} is used by a session")
    call.end_dry_run()
    for rule in world.rules_of(filter_id):
        world.rules.remove(rule.id)
    world.filters.remove(filter_id)
    return Answer([("trafficMirrorFilterId", filter_id)])


def describe(call: Call) -> Answer:
    by_filter: Dict[str, List[Rule]] = {}
    for _, rule in call.world.rules.rows(call.hidden_seconds):
        by_filter.setdefault(rule.filter_id, []).append(rule)

    def rules_of(row: Filter) -> List[Rule]:
        return sorted(by_filter.get(row.id, []), key=lambda rule: rule.number)

    return rows.describe(call, call.world.filters.rows(call.hidden_seconds), rows.Listing(
        rows.FILTER, "trafficMirrorFilterSet", _SELECTORS,
        lambda row: elements(row, rules_of(row)), lambda row: (row, rules_of(row))))


def modify_services(call: Call) -> Answer:
    world, filter_id = call.world, call.arguments["TrafficMirrorFilterId"]
    call.authorize(call.action, f"traffic-mirror-filter/{filter_id}")
    added = call.arguments.get("AddNetworkService", [])
    removed = call.arguments.get("RemoveNetworkService", [])
    for name in (*added, *removed):
        if name not in SERVICES:
            raise invalid_value("networkService", name, f"Expecting {', '.join(SERVICES)}.")
        if name in added and name in removed:
            raise ApiError("InvalidParameterCombination",
                           f"The network service {name} is both added and removed")
    row = rows.find(call, world.filters, filter_id, rows.FILTER)
    call.end_dry_run()
    services = sorted((set(row.services) | set(added)) - set(removed))
    row = world.filters[filter_id] = replace(row, services=tuple(services))
    return Answer([("trafficMirrorFilter", elements(row, world.rules_of(filter_id)))])


def elements(row: Filter, its_rules: List[Rule]) -> Elements:
    """A filter as answers carry it."""
    sets = [(f"{direction}FilterRuleSet",
             [("item", rules.elements(rule)) for rule in its_rules if rule.direction == direction])
            for direction in rules.DIRECTIONS]
    return rows.with_tags([
        ("trafficMirrorFilterId", row.id),
        *sets,
        ("networkServiceSet", [("item", service) for service in row.services]),
        ("description", row.description)], row)


_SELECTORS = rows.tag_selectors({
    "description": lambda f: [f.description],
    "traffic-mirror-filter-id": lambda f: [f.id],
})

_ONE = {"TrafficMirrorFilterId": Field(text, required=True), "DryRun": Field(boolean)}

ACTIONS: Dict[str, Action] = {
    "CreateTrafficMirrorFilter": Action({
        "Description": Field(text),
        "TagSpecification": Field(tags.SPECIFICATION),
        "DryRun": Field(boolean),
        "ClientToken": Field(text),
    }, create),
    "DeleteTrafficMirrorFilter": Action(_ONE, delete),
    "DescribeTrafficMirrorFilters": Action(
        listing.describe_shape("TrafficMirrorFilterId"), describe),
    "ModifyTrafficMirrorFilterNetworkServices": Action({
        **_ONE,
        "AddNetworkService": Field(ListOf(text)),
        "RemoveNetworkService": Field(ListOf(text)),
    }, modify_services),
}
