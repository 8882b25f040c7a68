# SPDX-License-Identifier: Apache-2.0
"""What the actions share: ARNs, attributes, tags and pages with markers."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any, Callable, List, Mapping, Optional, Sequence, Tuple

from ..api import Answer, Call
from ..errors import ApiError, invalid_value
from ..query import Elements, Field, integer, text
from ..queryform import listed, member_items, members
from ..sts import stamp
from ..world import Tags

PAGE_MAX = 400
TAGS_MAX = 50
_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)")

TAGS = members({"Key": Field(text, required=True), "Value": Field(text)})
ATTRIBUTES = members({"Key": Field(text, required=True), "Value": Field(text)}, required=True)
PAGE = {"Marker": Field(text), "PageSize": Field(integer)}


def new_arn(call: Call, kind: str, path: str) -> str:
    """An ARN that nothing has."""
    world = call.world
    return (f"arn:aws:elasticloadbalancing:{world.region}:{world.account}:{kind}/{path}/"
            f"{secrets.token_hex(8)}")


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.startswith("internal-"):
        raise invalid_value("name", name, "Expecting 1 to 32 letters, digits and hyphens.")


def find(call: Call, table: Any, arn: str, noun: str) -> Any:
    """The row of an ARN; raises NOUNNotFound."""
    if not call.sees(table, arn):
        raise ApiError(f"{noun}NotFound", f"One or more {_words(noun)} not found")
    return table[arn]


def describe(call: Call, rows: Sequence[Tuple[int, Any]], name: str,
             elements: Callable[[Any], Elements]) -> Answer:
    """A page of rows in the list `name`."""
    size = call.arguments.get("PageSize", PAGE_MAX)
    if not 1 <= size <= PAGE_MAX:
        raise invalid_value("pageSize", size, f"Expecting a value between 1 and {PAGE_MAX}.")
    after = _read_marker(call.arguments["Marker"]) if call.arguments.get("Marker") else 0
    rest = [(n, row) for n, row in rows if n > after]
    answer: List[Tuple[str, Any]] = [
        (name, member_items([elements(row) for _, row in rest[:size]]))]
    if len(rest) > size:
        answer.append(("NextMarker", _make_marker(rest[size - 1][0])))
    return Answer(answer)


def chosen(call: Call, table: Any, noun: str, arns: str,
           names: Optional[str] = None) -> List[Tuple[int, Any]]:
    """The rows that the parameters `arns` and `names` ask for, or all."""
    rows: List[Tuple[int, Any]] = table.rows(call.hidden_seconds)
    for parameter, attribute in ((arns, "id"), (names, "name")):
        wanted = set(listed(call.arguments, parameter or ""))
        if wanted:
            rows = [(n, row) for n, row in rows if getattr(row, attribute) in wanted]
            if len(rows) < len(wanted):
                raise ApiError(f"{noun}NotFound", f"One or more {_words(noun)} not found")
    return rows


def creation_tags(call: Call) -> Tags:
    """The tags given to a create, checked."""
    given = tuple((tag["Key"], tag.get("Value", "")) for tag in listed(call.arguments, "Tags"))
    check_tags(given)
    if given:
        call.authorize("AddTags")
    return given


def check_tags(tags: Tags) -> None:
    if len({key for key, _ in tags}) < len(tags):
        raise ApiError("DuplicateTagKeys", "A tag key is given twice")
    if len(tags) > TAGS_MAX:
        raise ApiError("TooManyTags", f"A resource has at most {TAGS_MAX} tags")


def changed_attributes(call: Call, known: Mapping[str, Callable[[str], bool]],
                       before: Tags) -> Tags:
    """The attributes after a modify; raises for one that is unknown or does not take the value."""
    after = dict(before)
    for item in listed(call.arguments, "Attributes"):
        key, value = item["Key"], item.get("Value", "")
        if key not in known:
            raise ApiError("ValidationError", f"Attribute key '{key}' is not recognized")
        if not known[key](value):
            raise ApiError("InvalidConfigurationRequest",
                           f"The value '{value}' of the attribute '{key}' is not valid")
        after[key] = value
    return tuple(after.items())


def attribute_elements(attributes: Tags) -> Elements:
    """The list of attributes as answers carry it."""
    return [("Attributes", member_items([[("Key", key), ("Value", value)]
                                         for key, value in attributes]))]


def is_flag(value: str) -> bool:
    return value in ("true", "false")


def is_number(lowest: int, highest: int) -> Callable[[str], bool]:
    return lambda value: value.isdecimal() and lowest <= int(value) <= highest


def is_one_of(*choices: str) -> Callable[[str], bool]:
    return lambda value: value in choices


def now(call: Call) -> str:
    """The time as answers carry it."""
    return stamp(call.world.cloud.now())


def _words(noun: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r" \1", noun).lower() + "s"


def _make_marker(after: int) -> str:
    return base64.urlsafe_b64encode(f"after {after}".encode()).decode()


def _read_marker(marker: str) -> int:
    try:
        word, number = base64.urlsafe_b64decode(marker.encode("ascii")).decode().split()
        if word == "after":
            return int(number)
    except ValueError:
        pass
    raise ApiError("ValidationError", "The marker is not valid")


