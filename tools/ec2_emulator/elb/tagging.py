# SPDX-License-Identifier: Apache-2.0
"""Tags of load balancers, target groups and listeners."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, Tuple

from ..api import Action, Answer, Call
from ..errors import ApiError
from ..query import text
from ..queryform import listed, member_items, members
from ..world import Tags
from . import rows

DESCRIBED_MAX = 20


def add(call: Call) -> Answer:
    given = tuple((tag["Key"], tag.get("Value", "")) for tag in listed(call.arguments, "Tags"))
    rows.check_tags(given)

    def merged(before: Tags) -> Tags:
        after = tuple({**dict(before), **dict(given)}.items())
        rows.check_tags(after)
        return after

    return _change(call, merged)


def remove(call: Call) -> Answer:
    keys = listed(call.arguments, "TagKeys")
    return _change(call, lambda before: tuple(tag for tag in before if tag[0] not in keys))


def describe(call: Call) -> Answer:
    call.authorize(call.action)
    arns = listed(call.arguments, "ResourceArns")
    if len(arns) > DESCRIBED_MAX:
        raise ApiError("ValidationError", f"Up to {DESCRIBED_MAX} resources can be described in "
                       "a single call")
    found = [_find(call, arn)[1] for arn in arns]
    return Answer([("TagDescriptions", member_items([
        [("ResourceArn", row.id),
         ("Tags", member_items([[("Key", key), ("Value", value)] for key, value in row.tags]))]
        for row in found]))])


def _change(call: Call, change: Callable[[Tags], Tags]) -> Answer:
    """All resources or none."""
    call.authorize(call.action)
    changed: List[Tuple[Any, Any]] = []
    for arn in listed(call.arguments, "ResourceArns"):
        table, row = _find(call, arn)
        changed.append((table, replace(row, tags=change(row.tags))))
    for table, row in changed:
        table[row.id] = row
    return Answer([])


def _find(call: Call, arn: str) -> Tuple[Any, Any]:
    world = call.world
    for kind, table, noun in ((":loadbalancer/", world.balancers, "LoadBalancer"),
                              (":targetgroup/", world.groups, "TargetGroup"),
                              (":listener/", world.listeners, "Listener")):
        if kind in arn:
            return table, rows.find(call, table, arn, noun)
    raise ApiError("ValidationError", f"'{arn}' is not a valid ARN")


_ARNS = {"ResourceArns": members(text, required=True)}

ACTIONS: Dict[str, Action] = {
    "AddTags": Action({**_ARNS, "Tags": replace(rows.TAGS, required=True)}, add),
    "RemoveTags": Action({**_ARNS, "TagKeys": members(text, required=True)}, remove),
    "DescribeTags": Action(_ARNS, describe),
}
