# SPDX-License-Identifier: Apache-2.0
"""CreateTags and DeleteTags, for whatever has tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, Tuple

from ..api import Action, Answer, Call
from ..errors import ApiError
from ..query import Field, ListOf, boolean, text
from ..world import Tags, World
from . import rows, tags

# By prefix: the kind, its name in ARNs, and its table.
_TAGGABLE: Dict[str, Tuple[rows.Kind, str, Callable[[World], Any]]] = {
    kind.prefix: (kind, name, table) for kind, name, table in (
        (rows.SESSION, "traffic-mirror-session", lambda w: w.sessions),
        (rows.TARGET, "traffic-mirror-target", lambda w: w.targets),
        (rows.FILTER, "traffic-mirror-filter", lambda w: w.filters),
        (rows.RULE, "traffic-mirror-filter-rule", lambda w: w.rules),
        (rows.INTERFACE, "network-interface", lambda w: w.interfaces),
        (rows.INSTANCE, "instance", lambda w: w.instances),
    )}


def create(call: Call) -> Answer:
    given = [(tag["Key"], tag.get("Value", "")) for tag in call.arguments["Tag"]]
    tags.check(given)

    def merged(before: Tags) -> Tags:
        after = tuple({**dict(before), **dict(given)}.items())
        if len(after) > tags.TAGS_MAX:
            raise ApiError("TagLimitExceeded", f"A resource has at most {tags.TAGS_MAX} tags")
        return after

    return _change(call, merged)


def delete(call: Call) -> Answer:
    given = [(tag["Key"], tag.get("Value")) for tag in call.arguments.get("Tag", [])]

    def left(before: Tags) -> Tags:
        if not given:
            return ()
        return tuple((key, value) for key, value in before
                     if not any(key == k and v in (None, value) for k, v in given))

    return _change(call, left)


def _change(call: Call, change: Callable[[Tags], Tags]) -> Answer:
    """All resources or none."""
    changed: List[Tuple[Any, Any]] = []
    for wanted in call.arguments["ResourceId"]:
        table, row = _find(call, wanted)
        changed.append((table, replace(row, tags=change(row.tags))))
    call.end_dry_run()
    for table, row in changed:
        table[row.id] = row
    return Answer([("return", True)])


def _find(call: Call, wanted: str) -> Tuple[Any, Any]:
    prefix = wanted.partition("-")[0]
    if prefix not in _TAGGABLE:
        raise ApiError("InvalidID", f"The ID '{wanted}' is not valid")
    kind, name, table_of = _TAGGABLE[prefix]
    call.authorize(call.action, f"{name}/{wanted}")
    table = table_of(call.world)
    return table, rows.find(call, table, wanted, kind)


def _shape(mandatory: bool) -> Dict[str, Field]:
    return {
        "ResourceId": Field(ListOf(text), required=True),
        "Tag": Field(ListOf({"Key": Field(text, required=True), "Value": Field(text)}),
                     required=mandatory),
        "DryRun": Field(boolean),
    }


ACTIONS: Dict[str, Action] = {
    "CreateTags": Action(_shape(True), create),
    "DeleteTags": Action(_shape(False), delete),
}
