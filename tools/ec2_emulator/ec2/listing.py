# SPDX-License-Identifier: Apache-2.0
"""What all Describe actions share: ids, filters with wildcards, and pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import ApiError, invalid_value
from ..query import Field, ListOf, boolean, integer, text

PAGE_MIN, PAGE_MAX = 5, 1000

# The values that a filter name selects from an item; a filter matches if one value matches.
Selector = Callable[[Any], Sequence[Optional[object]]]

_key = secrets.token_bytes(16)


@dataclass(frozen=True)
class Page:
    """What one answer carries, and the token of what follows."""

    items: List[Any]
    next_token: Optional[str]


def describe_shape(id_parameter: str) -> Dict[str, Field]:
    """The parameters that Describe actions take."""
    return {
        id_parameter: Field(ListOf(text)),
        "Filter": Field(ListOf({"Name": Field(text, required=True),
                                "Value": Field(ListOf(text), required=True)})),
        "MaxResults": Field(integer),
        "NextToken": Field(text),
        "DryRun": Field(boolean),
    }


def page(items: Sequence[Tuple[int, Any]], arguments: Mapping[str, Any],
         selectors: Mapping[str, Selector]) -> Page:
    """Filters and cuts `items`, pairs of a growing number and an item.

    A token holds the number after which the next page starts, so pages neither repeat nor miss
    items when others are created or deleted between them.
    """
    limit = arguments.get("MaxResults", PAGE_MAX)
    if not PAGE_MIN <= limit <= PAGE_MAX:
        raise invalid_value("maxResults", limit,
                            f"Expecting a value between {PAGE_MIN} and {PAGE_MAX}.")
    after = _read_token(arguments["NextToken"]) if arguments.get("NextToken") else 0
    filters = arguments.get("Filter", [])
    chosen = [(n, item) for n, item in items
              if n > after and all(_matches(item, f, selectors) for f in filters)]
    rest = chosen[limit:]
    token = _make_token(chosen[limit - 1][0]) if rest else None
    return Page([item for _, item in chosen[:limit]], token)


def _matches(item: Any, wanted: Mapping[str, Any], selectors: Mapping[str, Selector]) -> bool:
    values = _select(item, wanted["Name"], selectors)
    patterns = [_wildcard(pattern) for pattern in wanted["Value"]]
    return any(pattern.fullmatch(str(value))
               for value in values if value is not None for pattern in patterns)


def check_filters(filters: Sequence[Mapping[str, Any]], selectors: Mapping[str, Selector]) -> None:
    """Refuses filter names that the action does not have, also when there is nothing to list."""
    for entry in filters:
        name = entry["Name"]
        if name not in selectors and not re.fullmatch("tag:.+", name, re.DOTALL):
            raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _select(item: Any, name: str, selectors: Mapping[str, Selector]) -> Sequence[Optional[object]]:
    if name in selectors:
        return selectors[name](item)
    return [value for key, value in item.tags if key == name[len("tag:"):]]


def _wildcard(pattern: str) -> "re.Pattern[str]":
    """EC2's patterns: * any characters, ? one, a backslash takes the next literally."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(p) or re.escape(p[-1]) for p in parts), re.DOTALL)


def _make_token(after: int) -> str:
    number = after.to_bytes(8, "big")
    return base64.urlsafe_b64encode(number + _seal(number)).decode()


def _read_token(token: str) -> int:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        raw = b""
    if len(raw) != 24 or not hmac.compare_digest(raw[8:], _seal(raw[:8])):
        raise ApiError("InvalidNextToken", "The token in NextToken is not valid")
    return int.from_bytes(raw[:8], "big")


def _seal(number: bytes) -> bytes:
    return hmac.new(_key, number, hashlib.sha256).digest()[:16]
