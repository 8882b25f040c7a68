# SPDX-License-Identifier: Apache-2.0
"""Tags: what EC2 takes, and how it writes them."""

from __future__ import annotations

from typing import Any, Mapping, Sequence, Tuple

from ..errors import ApiError, invalid_value
from ..query import Elements, Field, ListOf, text

TAGS_MAX = 50
KEY_MAX = 128
VALUE_MAX = 256

SPECIFICATION = ListOf({
    "ResourceType": Field(text, required=True),
    "Tag": Field(ListOf({"Key": Field(text, required=True), "Value": Field(text)})),
})


def read(specifications: Sequence[Mapping[str, Any]],
         resource_type: str) -> Tuple[Tuple[str, str], ...]:
    """The tags for a resource of the given type, in the order sent."""
    if len(specifications) > 1:
        raise ApiError("InvalidParameterValue", "The same resource type may not be specified more "
                       "than once in tag specifications")
    pairs = []
    for specification in specifications:
        given = specification["ResourceType"]
        if given != resource_type:
            raise ApiError("InvalidParameterValue",
                           f"'{given}' is not a valid taggable resource type for this operation.")
        if not specification.get("Tag"):
            raise ApiError("InvalidParameterValue", "Tag specification must have at least one tag")
        pairs += [(tag["Key"], tag.get("Value", "")) for tag in specification["Tag"]]
    check(pairs)
    return tuple(pairs)


def elements(tags: Sequence[Tuple[str, str]]) -> Elements:
    """The items of a tagSet."""
    return [("item", [("key", key), ("value", value)]) for key, value in tags]


def check(pairs: Sequence[Tuple[str, str]]) -> None:
    """Refuses tags that EC2 does not take."""
    if len(pairs) > TAGS_MAX:
        raise ApiError("TagLimitExceeded", f"More than {TAGS_MAX} tags were given")
    seen = set()
    for key, value in pairs:
        if key.lower().startswith("aws:"):
            raise ApiError("InvalidParameterValue",
                           "Tag keys starting with 'aws:' are reserved for internal use")
        if len(key) > KEY_MAX:
            raise invalid_value("Key", key, f"A tag key has at most {KEY_MAX} characters.")
        if len(value) > VALUE_MAX:
            raise invalid_value("Value", value, f"A tag value has at most {VALUE_MAX} characters.")
        if key in seen:
            raise ApiError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        seen.add(key)
