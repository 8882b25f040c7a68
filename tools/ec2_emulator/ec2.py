# SPDX-License-Identifier: Apache-2.0
"""EC2's actions: a table of shapes and handlers, and the rules of Traffic Mirror sessions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Protocol, Tuple

from . import listing, tags
from .errors import ApiError, invalid_value
from .query import Elements, Field, Shape, boolean, integer, text, xml_document
from .sigv4 import Credential
from .world import (INTERFACE, NLB, NLB_PACKET_LENGTH, VNI_MAX, Filter, Session, Target, World,
                    is_id)

SERVICE = "ec2"
VERSION = "2016-11-15"
NAMESPACE = f"http://ec2.amazonaws.com/doc/{VERSION}/"

SESSION_NUMBER_MAX = 32766
CLIENT_TOKEN_MAX = 64
SESSIONS_PER_ACCOUNT = 10_000
SESSIONS_PER_INTERFACE = 3
# On all but the largest instance sizes; a load balancer has no such limit.
SOURCES_PER_INTERFACE_TARGET = 10


class Mirrors(Protocol):
    """The data plane: at most one session of an interface is mirrored at a time."""

    def apply(self, interface_id: str, session: Optional[Session]) -> None:
        """Stops what mirrors the interface and starts `session`, held; raises OSError."""

    def release(self, interface_id: str, session_id: str) -> None:
        """Lets the session's mirror send, if it is still the interface's."""


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Answer:
    """The elements of an answer, and what is to be done once the client has it."""

    elements: Elements
    after: Callable[[], None] = _nothing


@dataclass
class Call:
    """One authenticated request."""

    world: World
    mirrors: Mirrors
    tokens: Dict[Tuple[str, str], Tuple[Mapping[str, Any], Elements]]
    credential: Credential
    action: str
    arguments: Dict[str, Any]

    def authorize(self, action: str, resource: str = "*") -> None:
        """Raises UnauthorizedOperation unless the key may do `action`."""
        if self.credential.allows(f"{SERVICE}:{action}"):
            return
        world = self.world
        who = f"arn:aws:iam::{world.account}:user/{self.credential.access_key}"
        what = f"arn:aws:ec2:{world.region}:{world.account}:{resource}" if resource != "*" else "*"
        raise ApiError("UnauthorizedOperation",
                       "You are not authorized to perform this operation. "
                       f"User: {who} is not authorized to perform: ec2:{action} on resource: "
                       f"{what} because no identity-based policy allows the ec2:{action} action")

    def end_dry_run(self) -> None:
        """Ends the request here if it was only a rehearsal."""
        if self.arguments.get("DryRun"):
            raise ApiError("DryRunOperation",
                           "Request would have succeeded, but DryRun flag is set.")


@dataclass(frozen=True)
class Action:
    """A row of the table."""

    shape: Shape
    handler: Callable[[Call], Answer]


# Sessions


def create_session(call: Call) -> Answer:
    call.authorize("CreateTrafficMirrorSession", "traffic-mirror-session/*")
    arguments = call.arguments
    given_tags = tags.read(arguments.get("TagSpecification", []), "traffic-mirror-session")
    if given_tags:
        call.authorize("CreateTags", "traffic-mirror-session/*")
    _check_session_values(arguments)
    return _once(call, lambda: _create_session(call, given_tags))


def _create_session(call: Call, given_tags: Tuple[Tuple[str, str], ...]) -> Answer:
    world, arguments = call.world, call.arguments
    _check_session_references(world, arguments)
    target = world.targets[arguments["TrafficMirrorTargetId"]]
    packet_length = _packet_length(arguments.get("PacketLength"), target)
    _check_session_limits(world, arguments, target)
    call.end_dry_run()
    vni = arguments.get("VirtualNetworkId")
    session = world.add_session(lambda sequence, new_id: Session(
        sequence=sequence, id=new_id, interface_id=arguments["NetworkInterfaceId"],
        target_id=target.id, filter_id=arguments["TrafficMirrorFilterId"],
        owner_id=world.account, number=arguments["SessionNumber"],
        vni=world.free_vni() if vni is None else vni, packet_length=packet_length,
        description=arguments.get("Description"), tags=given_tags))
    try:
        release = _reconcile(call, session.interface_id)
    except OSError as error:
        del world.sessions[session.id]
        _reconcile(call, session.interface_id)()
        raise ApiError("InternalError", f"The emulator could not mirror: {error}") from error
    return Answer([("trafficMirrorSession", session_elements(session))], release)


def delete_session(call: Call) -> Answer:
    call.authorize("DeleteTrafficMirrorSession",
                   f"traffic-mirror-session/{call.arguments['TrafficMirrorSessionId']}")
    session_id = call.arguments["TrafficMirrorSessionId"]
    session = _find(call.world.sessions, session_id, "tms", "TrafficMirrorSession")
    call.end_dry_run()
    del call.world.sessions[session_id]
    try:
        release = _reconcile(call, session.interface_id)
    except OSError:
        # The next session in line cannot be mirrored: AWS would say nothing of it either.
        release = _nothing
    return Answer([("trafficMirrorSessionId", session_id), ("return", True)], release)


def describe_sessions(call: Call) -> Answer:
    sessions = call.world.sessions
    rows = [(s.sequence, s) for s in sessions.values()]
    return _describe(call, rows, ("tms", "TrafficMirrorSession"), _SESSION_SELECTORS,
                     session_elements)


def session_elements(session: Session) -> Elements:
    """A session as answers carry it."""
    elements: List[Tuple[str, Any]] = [
        ("trafficMirrorSessionId", session.id),
        ("trafficMirrorTargetId", session.target_id),
        ("trafficMirrorFilterId", session.filter_id),
        ("networkInterfaceId", session.interface_id),
        ("ownerId", session.owner_id),
        ("packetLength", session.packet_length),
        ("sessionNumber", session.number),
        ("virtualNetworkId", session.vni),
        ("description", session.description),
        ("tagSet", tags.elements(session.tags)),
    ]
    return [(name, value) for name, value in elements if value is not None]


def _reconcile(call: Call, interface_id: str) -> Callable[[], None]:
    """Each packet is mirrored once: by the interface's session with the lowest number.

    Returns what lets it send, to be called after the answer.
    """
    sessions = call.world.sessions_of(interface_id)
    call.mirrors.apply(interface_id, sessions[0] if sessions else None)
    if not sessions:
        return _nothing
    return lambda: call.mirrors.release(interface_id, sessions[0].id)


def _check_session_values(arguments: Mapping[str, Any]) -> None:
    number = arguments["SessionNumber"]
    if not 1 <= number <= SESSION_NUMBER_MAX:
        raise invalid_value("sessionNumber", number,
                            f"Expecting a value between 1 and {SESSION_NUMBER_MAX}.")
    vni = arguments.get("VirtualNetworkId", 0)
    if not 0 <= vni <= VNI_MAX:
        raise invalid_value("virtualNetworkId", vni, f"Expecting a value between 0 and {VNI_MAX}.")
    length = arguments.get("PacketLength", 1)
    if length < 1:
        raise invalid_value("packetLength", length, "Expecting a value of at least 1.")


def _packet_length(given: Optional[int], target: Target) -> Optional[int]:
    if target.kind != NLB:
        return given
    if given is not None and given > NLB_PACKET_LENGTH:
        raise invalid_value("packetLength", given, "For a session with a Network Load Balancer "
                            f"target the valid values are 1-{NLB_PACKET_LENGTH}.")
    return given or NLB_PACKET_LENGTH


def _check_session_references(world: World, arguments: Mapping[str, Any]) -> None:
    interface_id = arguments["NetworkInterfaceId"]
    if not is_id(interface_id, "eni"):
        raise ApiError("InvalidNetworkInterfaceId.Malformed", f"Invalid id: \"{interface_id}\"")
    if interface_id not in world.interfaces:
        raise ApiError("InvalidNetworkInterfaceID.NotFound",
                       f"The networkInterface ID '{interface_id}' does not exist")
    _find(world.targets, arguments["TrafficMirrorTargetId"], "tmt", "TrafficMirrorTarget")
    _find(world.filters, arguments["TrafficMirrorFilterId"], "tmf", "TrafficMirrorFilter")


def _check_session_limits(world: World, arguments: Mapping[str, Any], target: Target) -> None:
    interface_id, number = arguments["NetworkInterfaceId"], arguments["SessionNumber"]
    others = world.sessions_of(interface_id)
    if any(session.number == number for session in others):
        raise invalid_value("sessionNumber", number, "A session with this number already exists "
                            f"on the network interface {interface_id}.")
    if len(others) >= SESSIONS_PER_INTERFACE:
        raise ApiError("TrafficMirrorSessionsPerInterfaceLimitExceeded",
                       f"The network interface {interface_id} has {len(others)} Traffic Mirror "
                       "sessions, which is the limit")
    if len(world.sessions) >= SESSIONS_PER_ACCOUNT:
        raise ApiError("TrafficMirrorSessionLimitExceeded",
                       f"The limit of {SESSIONS_PER_ACCOUNT} Traffic Mirror sessions is reached")
    sources = world.sources_of(target.id) - {interface_id}
    if target.kind == INTERFACE and len(sources) >= SOURCES_PER_INTERFACE_TARGET:
        raise ApiError("TrafficMirrorSourcesPerTargetLimitExceeded",
                       f"The Traffic Mirror target {target.id} has {len(sources)} sources, which "
                       "is the limit")


# Targets and filters: declared at start, so they can only be looked at.


def describe_targets(call: Call) -> Answer:
    rows = list(enumerate(call.world.targets.values(), 1))
    account = call.world.account

    def elements(target: Target) -> Elements:
        return [("trafficMirrorTargetId", target.id), ("type", target.kind),
                ("ownerId", account), ("tagSet", [])]

    selectors = {"traffic-mirror-target-id": lambda t: [t.id], "type": lambda t: [t.kind],
                 "owner-id": lambda t: [account]}
    return _describe(call, rows, ("tmt", "TrafficMirrorTarget"), selectors, elements)


def describe_filters(call: Call) -> Answer:
    rows = list(enumerate(call.world.filters.values(), 1))
    selectors = {"traffic-mirror-filter-id": lambda f: [f.id]}
    return _describe(call, rows, ("tmf", "TrafficMirrorFilter"), selectors, _filter_elements)


def _filter_elements(mirror_filter: Filter) -> Elements:
    def rules(direction: str) -> Elements:
        items = []
        for number, everywhere in ((100, "0.0.0.0/0"), (101, "::/0")):
            seed = f"{mirror_filter.id} {direction} {number}".encode()
            items.append(("item", [
                ("trafficMirrorFilterRuleId", f"tmfr-{hashlib.sha256(seed).hexdigest()[:17]}"),
                ("trafficMirrorFilterId", mirror_filter.id),
                ("trafficDirection", direction),
                ("ruleNumber", number),
                ("ruleAction", "accept"),
                ("destinationCidrBlock", everywhere),
                ("sourceCidrBlock", everywhere),
            ]))
        return items

    return [("trafficMirrorFilterId", mirror_filter.id),
            ("ingressFilterRuleSet", rules("ingress")),
            ("egressFilterRuleSet", rules("egress")),
            ("networkServiceSet", []),
            ("tagSet", [])]


# What handlers share


def _once(call: Call, create: Callable[[], Answer]) -> Answer:
    """Runs `create` unless its ClientToken has done its work: then answers as it did."""
    token = call.arguments.get("ClientToken")
    if not token:
        return create()
    if len(token) > CLIENT_TOKEN_MAX or not token.isascii():
        raise invalid_value("clientToken", token,
                            f"Expecting at most {CLIENT_TOKEN_MAX} ASCII characters.")
    wanted = {k: v for k, v in call.arguments.items() if k not in ("ClientToken", "DryRun")}
    key = (call.action, token)
    if key in call.tokens:
        before, elements = call.tokens[key]
        if before != wanted:
            raise ApiError("IdempotentParameterMismatch", "The client token was already used by a "
                           "request with other parameters")
        call.end_dry_run()
        return Answer(elements)
    answer = create()
    elements = list(answer.elements) + [("clientToken", token)]
    call.tokens[key] = (wanted, elements)
    return Answer(elements, answer.after)


def _find(table: Mapping[str, Any], wanted: str, prefix: str, noun: str) -> Any:
    """The row of an id; raises what EC2 raises for one that is malformed or unknown."""
    if not is_id(wanted, prefix):
        raise invalid_value(f"{noun}Id", wanted,
                            f"Expecting {prefix}- and 8 or 17 hexadecimal digits.")
    if wanted not in table:
        raise ApiError(f"Invalid{noun}Id.NotFound", f"The {noun} ID '{wanted}' does not exist")
    return table[wanted]


def _describe(call: Call, rows: List[Tuple[int, Any]], names: Tuple[str, str],
              selectors: Mapping[str, listing.Selector],
              elements: Callable[[Any], Elements]) -> Answer:
    prefix, noun = names
    call.authorize(call.action)
    arguments = call.arguments
    listing.check_filters(arguments.get("Filter", []), selectors)
    ids = arguments.get(f"{noun}Id")
    if ids is not None:
        table = {item.id: item for _, item in rows}
        for wanted in ids:
            _find(table, wanted, prefix, noun)
        rows = [(n, item) for n, item in rows if item.id in ids]
    page = listing.page(rows, arguments, selectors)
    call.end_dry_run()
    answer: List[Tuple[str, Any]] = [
        (noun[0].lower() + noun[1:] + "Set", [("item", elements(item)) for item in page.items])]
    if page.next_token:
        answer.append(("nextToken", page.next_token))
    return Answer(answer)


_SESSION_SELECTORS: Dict[str, listing.Selector] = {
    "description": lambda s: [s.description],
    "network-interface-id": lambda s: [s.interface_id],
    "owner-id": lambda s: [s.owner_id],
    "packet-length": lambda s: [s.packet_length],
    "session-number": lambda s: [s.number],
    "traffic-mirror-filter-id": lambda s: [s.filter_id],
    "traffic-mirror-session-id": lambda s: [s.id],
    "traffic-mirror-target-id": lambda s: [s.target_id],
    "virtual-network-id": lambda s: [s.vni],
    "tag-key": lambda s: [key for key, _ in s.tags],
}

ACTIONS: Dict[str, Action] = {
    "CreateTrafficMirrorSession": Action({
        "NetworkInterfaceId": Field(text, required=True),
        "TrafficMirrorTargetId": Field(text, required=True),
        "TrafficMirrorFilterId": Field(text, required=True),
        "SessionNumber": Field(integer, required=True),
        "PacketLength": Field(integer),
        "VirtualNetworkId": Field(integer),
        "Description": Field(text),
        "TagSpecification": Field(tags.SPECIFICATION),
        "DryRun": Field(boolean),
        "ClientToken": Field(text),
    }, create_session),
    "DeleteTrafficMirrorSession": Action({
        "TrafficMirrorSessionId": Field(text, required=True),
        "DryRun": Field(boolean),
    }, delete_session),
    "DescribeTrafficMirrorSessions": Action(
        listing.describe_shape("TrafficMirrorSessionId"), describe_sessions),
    "DescribeTrafficMirrorTargets": Action(
        listing.describe_shape("TrafficMirrorTargetId"), describe_targets),
    "DescribeTrafficMirrorFilters": Action(
        listing.describe_shape("TrafficMirrorFilterId"), describe_filters),
}


# Answers


def answer_document(action: str, elements: Elements, request_id: str) -> bytes:
    """A successful answer in EC2's form."""
    return xml_document(f"{action}Response", [("requestId", request_id), *elements], NAMESPACE)


def error_document(error: ApiError, request_id: str) -> bytes:
    """An error in EC2's form."""
    return xml_document("Response", [
        ("Errors", [("Error", [("Code", error.code), ("Message", error.message)])]),
        ("RequestID", request_id)])
