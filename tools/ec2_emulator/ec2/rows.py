# SPDX-License-Identifier: Apache-2.0
"""Finding one row, and listing many, as EC2's actions do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar

from ..api import Answer, Call
from ..errors import ApiError, invalid_value
from ..query import Elements, item_text
from ..table import Table
from ..world import is_id
from . import listing, tags

T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """A kind of resource: its prefix, its name in parameters, and its errors."""

    prefix: str
    noun: str
    # The name in error codes differs for what is older than Traffic Mirroring.
    error: Optional[str] = None
    malformed: Optional[str] = None

    def check(self, wanted: str) -> None:
        """Refuses what does not have the shape of an id of this kind."""
        if is_id(wanted, self.prefix):
            return
        if self.malformed:
            raise ApiError(self.malformed, f"Invalid id: \"{wanted}\"")
        raise invalid_value(f"{self.noun}Id", wanted,
                            f"Expecting {self.prefix}- and 8 or 17 hexadecimal digits.")

    def not_found(self, wanted: str) -> ApiError:
        return ApiError(f"{self.error or f'Invalid{self.noun}Id'}.NotFound",
                        f"The {self.noun} ID '{wanted}' does not exist")


SESSION = Kind("tms", "TrafficMirrorSession")
TARGET = Kind("tmt", "TrafficMirrorTarget")
FILTER = Kind("tmf", "TrafficMirrorFilter")
RULE = Kind("tmfr", "TrafficMirrorFilterRule")
INTERFACE = Kind("eni", "NetworkInterface", "InvalidNetworkInterfaceID",
                 "InvalidNetworkInterfaceId.Malformed")
INSTANCE = Kind("i", "Instance", "InvalidInstanceID", "InvalidInstanceID.Malformed")
ENDPOINT = Kind("vpce", "VpcEndpoint", "InvalidVpcEndpointId", "InvalidVpcEndpointId.Malformed")


def find(call: Call, table: "Table[T]", wanted: str, kind: Kind) -> T:
    """The row of an id; raises what EC2 raises for one that is malformed or unknown."""
    kind.check(wanted)
    if not call.sees(table, wanted):
        raise kind.not_found(wanted)
    return table[wanted]


def find_target(call: Call, wanted: str) -> Any:
    """The same for a target, which may be another account's that is shared."""
    TARGET.check(wanted)
    targets = call.world.visible_targets()
    own = call.world.targets
    if wanted not in targets or (wanted in own and not call.sees(own, wanted)):
        raise TARGET.not_found(wanted)
    return targets[wanted]


@dataclass(frozen=True)
class Listing:
    """How an action lists: the set's name, the filters, and how an item is written.

    An item is written anew only when what it `depends` on has changed.
    """

    kind: Kind
    set_name: str
    selectors: Mapping[str, listing.Selector]
    elements: Callable[[Any], Elements]
    depends: Callable[[Any], Any] = lambda row: row


def describe(call: Call, rows: Sequence[Tuple[int, Any]], how: Listing) -> Answer:
    """Chooses by ids and filters, cuts into pages and writes."""
    call.authorize(call.action)
    arguments = call.arguments
    listing.check_filters(arguments.get("Filter", []), how.selectors)
    ids = arguments.get(f"{how.kind.noun}Id")
    if ids is not None:
        rows = _only(rows, ids, how.kind)
    page = listing.page(rows, arguments, how.selectors)
    call.end_dry_run()
    answer: List[Tuple[str, Any]] = [
        (how.set_name, [("item", _written(call, item, how)) for item in page.items])]
    if page.next_token:
        answer.append(("nextToken", page.next_token))
    return Answer(answer)


def _only(rows: Sequence[Tuple[int, Any]], ids: Sequence[str],
          kind: Kind) -> Sequence[Tuple[int, Any]]:
    known = {item.id for _, item in rows}
    for wanted in ids:
        kind.check(wanted)
        if wanted not in known:
            raise kind.not_found(wanted)
    chosen = set(ids)
    return [(n, item) for n, item in rows if item.id in chosen]


def _written(call: Call, item: Any, how: Listing) -> Any:
    written = call.world.written
    state = how.depends(item)
    known = written.get(item.id)
    if known is None or known[0] != state:
        known = written[item.id] = (state, item_text(how.elements(item)))
    return known[1]


def refuse_ids_with_pages(call: Call, parameter: str) -> None:
    """What the older Describe actions do not take together."""
    if parameter in call.arguments and "MaxResults" in call.arguments:
        raise ApiError("InvalidParameterCombination", f"The parameter {parameter} cannot be used "
                       "with the parameter maxResults")


def tag_selectors(more: Dict[str, listing.Selector]) -> Dict[str, listing.Selector]:
    """The filters of an action, and `tag-key`, which all have."""
    return {**more, "tag-key": lambda row: [key for key, _ in row.tags]}


def with_tags(fields: Sequence[Tuple[str, Any]], row: Any) -> Elements:
    """An item: the fields that have a value, then the tags."""
    return [(n, v) for n, v in fields if v is not None] + [("tagSet", tags.elements(row.tags))]


def creation_tags(call: Call, resource_type: str) -> Tuple[Tuple[str, str], ...]:
    """Authorizes a create, and the tags that it gives."""
    call.authorize(call.action, f"{resource_type}/*")
    given = tags.read(call.arguments.get("TagSpecification", []), resource_type)
    if given:
        call.authorize("CreateTags", f"{resource_type}/*")
    return given
