# SPDX-License-Identifier: Apache-2.0
"""The resources that API calls make, in the names that AWS's own client prints."""

from __future__ import annotations

from typing import Any, Dict

from .cloud import Cloud
from .ec2 import filters, rules, sessions, targets

_NAMES = {"tagSet": "Tags", "networkServiceSet": "NetworkServices",
          "ingressFilterRuleSet": "IngressFilterRules", "egressFilterRuleSet": "EgressFilterRules"}


def state(cloud: Cloud) -> Dict[str, Any]:
    """All accounts' and regions'."""
    worlds = cloud.worlds()
    return {
        "TrafficMirrorSessions": [
            plain(sessions.elements(s)) for w in worlds for s in w.sessions.values()],
        "TrafficMirrorTargets": [
            plain(targets.elements(t)) for w in worlds for t in w.targets.values()],
        "TrafficMirrorFilters": [
            plain(filters.elements(f, w.rules_of(f.id))) for w in worlds
            for f in w.filters.values()],
        "TrafficMirrorFilterRules": [
            plain(rules.elements(r)) for w in worlds for r in w.rules.values()],
        "LoadBalancers": [b.id for w in worlds for b in w.balancers.values()],
        "TargetGroups": [g.id for w in worlds for g in w.groups.values()],
        "Listeners": [x.id for w in worlds for x in w.listeners.values()],
    }


def plain(elements: Any) -> Any:
    """An item's elements as JSON."""
    return {_NAMES.get(name, name[0].upper() + name[1:]): _value(value)
            for name, value in elements}


def _value(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if value and value[0][0] != "item":
        return plain(value)
    return [plain(item) if isinstance(item, list) else item for _, item in value]
