# SPDX-License-Identifier: Apache-2.0
"""Keeps the data plane in step with sessions, filters and interfaces."""

from __future__ import annotations

from typing import Callable, List

from ..api import Mirrors
from ..world import World


def reconcile(world: World, mirrors: Mirrors, interface_id: str) -> Callable[[], None]:
    """Each packet is mirrored once: by the first session whose filter lets it through.

    A filter is taken to accept all if it accepts anything. Returns what lets the mirror send, to
    be called after the answer; raises OSError when it cannot be mirrored.
    """
    chosen = None
    if interface_id in world.interfaces:
        for session in world.sessions.of(interface_id):
            if accepts(world, session.filter_id):
                chosen = session
                break
    mirrors.apply(world, interface_id, chosen)
    return lambda: mirrors.release(interface_id, chosen.id) if chosen else None


def reconcile_filter(world: World, mirrors: Mirrors, filter_id: str) -> Callable[[], None]:
    """The same for every interface whose sessions use the filter; what fails is only logged."""
    releases: List[Callable[[], None]] = []
    for interface_id in sorted({s.interface_id for s in world.sessions.values()
                                if s.filter_id == filter_id}):
        try:
            releases.append(reconcile(world, mirrors, interface_id))
        except OSError:
            continue

    def release() -> None:
        for step in releases:
            step()

    return release


def accepts(world: World, filter_id: str) -> bool:
    """Whether anything passes the filter: without rules nothing does."""
    return any(rule.filter_id == filter_id and rule.action == "accept"
               for rule in world.rules.values())
