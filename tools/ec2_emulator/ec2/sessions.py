# SPDX-License-Identifier: Apache-2.0
"""Traffic Mirror sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ..api import Action, Answer, Call, nothing, once
from ..errors import ApiError, invalid_value
from ..query import Elements, Field, ListOf, boolean, integer, text
from ..world import INTERFACE, NLB, NLB_PACKET_LENGTH, VNI_MAX, Session, Target, new_id
from . import listing, rows, tags
from .mirroring import reconcile

NUMBER_MAX = 32766
SESSIONS_PER_ACCOUNT = 10_000
SESSIONS_PER_INTERFACE = 3
# On all but the largest instance sizes; a load balancer has no such limit.
SOURCES_PER_INTERFACE_TARGET = 10
REMOVABLE = {"packet-length": "PacketLength", "description": "Description",
             "virtual-network-id": "VirtualNetworkId"}
# Of instances that cannot be mirrored: what came before Nitro, but for some with Xen.
UNSUPPORTED_FAMILIES = frozenset(
    "c1 c3 cc2 cg1 cr1 g2 hi1 hs1 i2 m1 m2 m3 r3 t1 t2".split())


def create(call: Call) -> Answer:
    given_tags = rows.creation_tags(call, "traffic-mirror-session")
    _check_values(call.arguments)
    return once(call, lambda: _create(call, given_tags))


def _create(call: Call, given_tags: Tuple[Tuple[str, str], ...]) -> Answer:
    world, arguments = call.world, call.arguments
    interface_id = arguments["NetworkInterfaceId"]
    _check_interface(call, interface_id)
    target = rows.find_target(call, arguments["TrafficMirrorTargetId"])
    rows.find(call, world.filters, arguments["TrafficMirrorFilterId"], rows.FILTER)
    vni = arguments.get("VirtualNetworkId")
    session = Session(
        id=new_id("tms"), interface_id=interface_id, target_id=target.id,
        filter_id=arguments["TrafficMirrorFilterId"], owner_id=world.account,
        number=arguments["SessionNumber"], vni=world.sessions.free_vni() if vni is None else vni,
        packet_length=_packet_length(arguments.get("PacketLength"), target),
        description=arguments.get("Description"), tags=given_tags)
    _check_limits(call, session, target)
    call.end_dry_run()
    world.sessions.add(session)

    def undo() -> None:
        world.sessions.remove(session.id)

    release = _mirror(call, interface_id, undo)
    return Answer([("trafficMirrorSession", elements(session))], release)


def modify(call: Call) -> Answer:
    world, arguments = call.world, call.arguments
    session_id = arguments["TrafficMirrorSessionId"]
    call.authorize(call.action, f"traffic-mirror-session/{session_id}")
    removed = removed_fields(arguments, REMOVABLE)
    _check_values(arguments)
    before = rows.find(call, world.sessions, session_id, rows.SESSION)
    target = rows.find_target(call, arguments.get("TrafficMirrorTargetId", before.target_id))
    if "TrafficMirrorFilterId" in arguments:
        rows.find(call, world.filters, arguments["TrafficMirrorFilterId"], rows.FILTER)
    session = _modified(call, before, target, removed)
    _check_limits(call, session, target)
    call.end_dry_run()
    world.sessions[session_id] = session

    def undo() -> None:
        world.sessions[session_id] = before

    release = _mirror(call, session.interface_id, undo)
    return Answer([("trafficMirrorSession", elements(session))], release)


def _modified(call: Call, before: Session, target: Target, removed: frozenset[str]) -> Session:
    arguments = call.arguments
    length = None if "PacketLength" in removed \
        else arguments.get("PacketLength", before.packet_length)
    vni = call.world.sessions.free_vni() if "VirtualNetworkId" in removed \
        else arguments.get("VirtualNetworkId", before.vni)
    description = None if "Description" in removed \
        else arguments.get("Description", before.description)
    return replace(before, target_id=target.id,
                   filter_id=arguments.get("TrafficMirrorFilterId", before.filter_id),
                   number=arguments.get("SessionNumber", before.number), vni=vni,
                   packet_length=_packet_length(length, target), description=description)


def delete(call: Call) -> Answer:
    session_id = call.arguments["TrafficMirrorSessionId"]
    call.authorize(call.action, f"traffic-mirror-session/{session_id}")
    session = rows.find(call, call.world.sessions, session_id, rows.SESSION)
    call.end_dry_run()
    call.world.sessions.remove(session_id)
    try:
        release = reconcile(call.world, call.mirrors, session.interface_id)
    except OSError:
        # The next session in line cannot be mirrored: AWS would say nothing of it either.
        release = nothing
    return Answer([("trafficMirrorSessionId", session_id), ("return", True)], release)


def describe(call: Call) -> Answer:
    return rows.describe(call, call.world.sessions.rows(call.hidden_seconds), _LISTING)


def elements(session: Session) -> Elements:
    """A session as answers carry it."""
    return rows.with_tags([
        ("trafficMirrorSessionId", session.id),
        ("trafficMirrorTargetId", session.target_id),
        ("trafficMirrorFilterId", session.filter_id),
        ("networkInterfaceId", session.interface_id),
        ("ownerId", session.owner_id),
        ("packetLength", session.packet_length),
        ("sessionNumber", session.number),
        ("virtualNetworkId", session.vni),
        ("description", session.description)], session)


def removed_fields(arguments: Mapping[str, Any], removable: Mapping[str, str]) -> frozenset[str]:
    """The parameters that RemoveField names; one cannot be set in the same request."""
    for name in arguments.get("RemoveField", []):
        if name not in removable:
            raise invalid_value("removeFields", name,
                                f"Expecting one of {', '.join(sorted(removable))}.")
        if removable[name] in arguments:
            raise ApiError("InvalidParameterCombination", f"The parameter {removable[name]} cannot "
                           f"be given together with RemoveField {name}")
    return frozenset(removable[name] for name in arguments.get("RemoveField", []))


def _mirror(call: Call, interface_id: str, undo: Callable[[], None]) -> Callable[[], None]:
    """Lets the data plane follow; if it cannot, the change is undone."""
    try:
        return reconcile(call.world, call.mirrors, interface_id)
    except OSError as error:
        undo()
        reconcile(call.world, call.mirrors, interface_id)()
        raise ApiError("InternalError", f"The emulator could not mirror: {error}") from error


def _check_values(arguments: Mapping[str, Any]) -> None:
    number = arguments.get("SessionNumber", 1)
    if not 1 <= number <= NUMBER_MAX:
        raise invalid_value("sessionNumber", number,
                            f"Expecting a value between 1 and {NUMBER_MAX}.")
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


def _check_interface(call: Call, interface_id: str) -> None:
    world = call.world
    interface = rows.find(call, world.interfaces, interface_id, rows.INTERFACE)
    instance = world.instances.get(interface.instance_id or "")
    if instance and instance.kind.split(".")[0] in UNSUPPORTED_FAMILIES:
        raise ApiError("NetworkInterfaceNotSupported", f"The network interface {interface_id} of "
                       f"an instance of type {instance.kind} cannot be mirrored")
    if any(target.resource == interface_id for target in world.targets.values()):
        raise invalid_value("networkInterfaceId", interface_id,
                            "It is a Traffic Mirror target and cannot be a source.")


def _check_limits(call: Call, session: Session, target: Target) -> None:
    world = call.world
    others = [s for s in world.sessions.of(session.interface_id) if s.id != session.id]
    if any(other.number == session.number for other in others):
        raise invalid_value("sessionNumber", session.number, "A session with this number already "
                            f"exists on the network interface {session.interface_id}.")
    if len(others) >= SESSIONS_PER_INTERFACE:
        raise ApiError("TrafficMirrorSessionsPerInterfaceLimitExceeded",
                       f"The network interface {session.interface_id} has {len(others)} Traffic "
                       "Mirror sessions, which is the limit")
    if session.id not in world.sessions and len(world.sessions) >= SESSIONS_PER_ACCOUNT:
        raise ApiError("TrafficMirrorSessionLimitExceeded",
                       f"The limit of {SESSIONS_PER_ACCOUNT} Traffic Mirror sessions is reached")
    if target.kind == INTERFACE:
        sources = {s.interface_id for s in world.cloud.sessions_to(target.id)}
        if len(sources - {session.interface_id}) >= SOURCES_PER_INTERFACE_TARGET:
            raise ApiError("TrafficMirrorSourcesPerTargetLimitExceeded",
                           f"The Traffic Mirror target {target.id} has {len(sources)} sources, "
                           "which is the limit")


_LISTING = rows.Listing(rows.SESSION, "trafficMirrorSessionSet", rows.tag_selectors({
    "description": lambda s: [s.description],
    "network-interface-id": lambda s: [s.interface_id],
    "owner-id": lambda s: [s.owner_id],
    "packet-length": lambda s: [s.packet_length],
    "session-number": lambda s: [s.number],
    "traffic-mirror-filter-id": lambda s: [s.filter_id],
    "traffic-mirror-session-id": lambda s: [s.id],
    "traffic-mirror-target-id": lambda s: [s.target_id],
    "virtual-network-id": lambda s: [s.vni],
}), elements)

_VALUES = {
    "PacketLength": Field(integer),
    "VirtualNetworkId": Field(integer),
    "Description": Field(text),
    "DryRun": Field(boolean),
}

ACTIONS: Dict[str, Action] = {
    "CreateTrafficMirrorSession": Action({
        "NetworkInterfaceId": Field(text, required=True),
        "TrafficMirrorTargetId": Field(text, required=True),
        "TrafficMirrorFilterId": Field(text, required=True),
        "SessionNumber": Field(integer, required=True),
        "TagSpecification": Field(tags.SPECIFICATION),
        "ClientToken": Field(text),
        **_VALUES,
    }, create),
    "ModifyTrafficMirrorSession": Action({
        "TrafficMirrorSessionId": Field(text, required=True),
        "TrafficMirrorTargetId": Field(text),
        "TrafficMirrorFilterId": Field(text),
        "SessionNumber": Field(integer),
        "RemoveField": Field(ListOf(text)),
        **_VALUES,
    }, modify),
    "DeleteTrafficMirrorSession": Action({
        "TrafficMirrorSessionId": Field(text, required=True),
        "DryRun": Field(boolean),
    }, delete),
    "DescribeTrafficMirrorSessions": Action(
        listing.describe_shape("TrafficMirrorSessionId"), describe),
}
