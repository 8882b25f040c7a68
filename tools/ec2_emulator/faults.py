# SPDX-License-Identifier: Apache-2.0
"""Faults on request: which requests they hit, and what they do to them."""

from __future__ import annotations

import datetime
import threading
import time
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .errors import ApiError
from .response import CLOSE, HOLD, RESET, Response

HUGE_BYTES = 64 << 20
DEEP = 100_000

_WHEN: Dict[str, type] = {"when": str}
# By kind: what it takes besides what all take.
PARAMETERS: Dict[str, Dict[str, type]] = {
    "throttle": {},
    "error": {"status": int, "code": str, "message": str, **_WHEN},
    "drop": {"how": str, **_WHEN},
    "hold": _WHEN,
    "slow": {"seconds": float, **_WHEN},
    "truncate": {"bytes": int},
    "short": {"bytes": int},
    "wrong": {},
    "huge": {"bytes": int},
    "deep": {"depth": int},
    "text": {"body": str, "status": int},
    "empty": {},
    "eventual": {"seconds": float},
    "partial": {"keep": int},
    "skew": {"seconds": float},
    "date": {"seconds": float},
}
_COMMON: Dict[str, type] = {"action": str, "request": int, "nth": int, "from": int, "times": int}
_CHOICES = {"when": ("before", "after"), "how": (CLOSE, RESET)}


@dataclass
class Fault:
    """A fault; `seen` counts the requests that fit, `hit` those that it was done to."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    hit: int = 0

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)

    def before(self) -> bool:
        """Whether it strikes before the request takes effect."""
        default = "before" if self.kind in ("throttle", "error", "slow") else "after"
        return bool(self.kind == "throttle" or self.get("when", default) == "before")

    def takes(self, number: int, name: str) -> bool:
        """Whether it strikes request `number`, whose action is SERVICE:NAME; counts.

        Requests to other ports than the APIs' have the number 0 and are hit by full names only.
        """
        pattern = self.get("action", "*")
        if ":" not in pattern and not number:
            return False
        if not fnmatchcase(name if ":" in pattern else name.split(":")[-1], pattern):
            return False
        if self.get("request", number) != number:
            return False
        self.seen += 1
        first = self.get("nth", self.get("from", 1))
        times = self.get("times", 1 if "nth" in self.values else None)
        if self.seen < first or (times is not None and self.hit >= times):
            return False
        self.hit += 1
        return True


class Faults:
    """Those that are set; threads may share it."""

    def __init__(self) -> None:
        self._faults: List[Fault] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def list(self) -> List[Dict[str, Any]]:
        """Each as it was set, with its counts."""
        with self._lock:
            return [{"kind": f.kind, **f.values, "seen": f.seen, "hit": f.hit}
                    for f in self._faults]

    def take(self, number: int, name: str) -> List[Fault]:
        """What strikes this request."""
        with self._lock:
            return [fault for fault in self._faults if fault.takes(number, name)]


def parse_fault(spec: str) -> Fault:
    """Reads KIND[,KEY=VALUE …]; raises ValueError."""
    kind, *parts = spec.split(",")
    values: Dict[str, Any] = {}
    for part in parts:
        key, equals, text = part.partition("=")
        known = {**_COMMON, **PARAMETERS.get(kind, {})}.get(key)
        if not equals or known is None or key in values:
            raise ValueError(f"'{part}' is not understood in '{spec}'")
        values[key] = known(text)
    return fault({"kind": kind, **values})


def fault(document: Any) -> Fault:
    """Reads a fault from JSON; raises ValueError."""
    if not isinstance(document, dict) or document.get("kind") not in PARAMETERS:
        raise ValueError(f"a fault has a kind: {', '.join(PARAMETERS)}")
    values = {key: value for key, value in document.items() if key != "kind"}
    known = {**_COMMON, **PARAMETERS[document["kind"]]}
    for key, value in values.items():
        wanted = (int, float) if known.get(key) is float else (known.get(key, type(None)),)
        if key not in known or isinstance(value, bool) or not isinstance(value, wanted):
            raise ValueError(f"{document['kind']}: {key}: unknown or of the wrong type; it takes "
                             f"{', '.join(known)}")
        if value not in _CHOICES.get(key, (value,)):
            raise ValueError(f"{key}: one of {', '.join(_CHOICES[key])}")
    return Fault(document["kind"], values)


def strike_before(faults: Sequence[Fault]) -> Optional[Response]:
    """What happens instead of the request: a response without content, or an ApiError."""
    for fault_ in (f for f in faults if f.before()):
        outcome = _strike(fault_)
        if outcome:
            return Response(0, b"", outcome=outcome)
    return None


def strike_after(faults: Sequence[Fault], response: Response) -> Response:
    """What happens to the response of a request that took effect; may raise ApiError."""
    for fault_ in (f for f in faults if not f.before()):
        change = _CHANGES.get(fault_.kind)
        if change:
            response = change(fault_, response)
            continue
        outcome = _strike(fault_)
        if outcome:
            response = replace(response, outcome=outcome)
    return response


def seconds(faults: Sequence[Fault], kind: str) -> float:
    """The sum of the seconds of one kind of fault."""
    return float(sum(f.get("seconds", 1) for f in faults if f.kind == kind))


def date_offset(faults: Sequence[Fault]) -> datetime.timedelta:
    """How far the Date header is off."""
    return datetime.timedelta(seconds=seconds(faults, "skew") + seconds(faults, "date"))


def _strike(fault_: Fault) -> Optional[str]:
    if fault_.kind == "throttle":
        raise ApiError("RequestLimitExceeded", "Request limit exceeded.")
    if fault_.kind == "error":
        raise ApiError(fault_.get("code", "InternalError"),
                       fault_.get("message", "An internal error has occurred"),
                       fault_.get("status", 500))
    if fault_.kind == "slow":
        time.sleep(fault_.get("seconds", 1))
    if fault_.kind == "hold":
        return HOLD
    if fault_.kind == "drop":
        return str(fault_.get("how", CLOSE))
    return None


def _truncate(fault_: Fault, response: Response) -> Response:
    return replace(response, body=response.body[:fault_.get("bytes", len(response.body) // 2)])


def _short(fault_: Fault, response: Response) -> Response:
    return replace(_truncate(fault_, response), length=len(response.body))


def _body(make: Callable[[Fault], bytes]) -> Callable[[Fault, Response], Response]:
    return lambda fault_, response: replace(response, body=make(fault_),
                                            status=fault_.get("status", response.status))


def _huge(fault_: Fault) -> bytes:
    size: int = fault_.get("bytes", HUGE_BYTES)
    return b"<?xml version=\"1.0\"?>\n<Huge><text>" + b"x" * size + b"</text></Huge>"


def _deep(fault_: Fault) -> bytes:
    depth: int = fault_.get("depth", DEEP)
    return b"<?xml version=\"1.0\"?>\n" + b"<a>" * depth + b"</a>" * depth


_CHANGES: Dict[str, Callable[[Fault, Response], Response]] = {
    "truncate": _truncate,
    "short": _short,
    "wrong": _body(lambda _: b"<?xml version=\"1.0\"?>\n<Other><requestId>x</requestId></Other>"),
    "huge": _body(_huge),
    "deep": _body(_deep),
    "text": _body(lambda f: str(f.get("body", "<html><p>Bad gateway<br></html>")).encode()),
    "empty": _body(lambda _: b""),
}
