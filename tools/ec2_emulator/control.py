# SPDX-License-Identifier: Apache-2.0
"""The control port: what a test can ask of the emulator, and change, while it runs."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import Any, Callable, Dict, Tuple

from .buckets import Rate
from .faults import fault
from .response import Response, json_response
from .service import Emulator
from .sigv4 import HttpRequest
from .state import state
from .worldfile import WorldFile

Reload = Callable[[], None]


class Control:
    """JSON over HTTP; `reload` reads the world file again."""

    def __init__(self, emulator: Emulator, world_file: WorldFile, reload: Reload) -> None:
        self._emulator = emulator
        self._world_file = world_file
        self._reload = reload
        self._routes: Dict[Tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "/"): lambda _: {"requests": emulator.requests},
            ("GET", "/state"): lambda _: state(emulator.cloud),
            ("GET", "/faults"): lambda _: emulator.faults.list(),
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): lambda _: emulator.faults.clear(),
            ("PUT", "/world"): world_file.apply,
            ("POST", "/reload"): lambda _: reload(),
            ("PUT", "/health"): self._set_health,
            ("PUT", "/settings"): self._set,
            ("POST", "/expire"): lambda _: self._expire(),
        }

    def handle(self, request: HttpRequest) -> Response:
        """Answers a request: 200 with a document, 400 with what is wrong, 404."""
        route = self._routes.get((request.method, request.path))
        if not route:
            return json_response(404, {"error": "there is " + ", ".join(
                " ".join(known) for known in self._routes)})
        try:
            body = json.loads(request.body) if request.body else None
            with self._emulator.cloud.lock:
                self._emulator.cloud.answers.clear()
                return json_response(200, route(body))
        except (ValueError, TypeError, KeyError) as error:
            return json_response(400, {"error": str(error)})

    def _add_faults(self, body: Any) -> None:
        documents = body if isinstance(body, list) else [body]
        self._emulator.faults.add(*[fault(document) for document in documents])

    def _set_health(self, body: Any) -> None:
        health = self._emulator.cloud.health
        health.clear()
        health.update({str(target): str(state_) for target, state_ in body.items()})

    def _set(self, body: Any) -> None:
        settings: Dict[str, Callable[[Any], None]] = {
            "initial_seconds": self._set_initial, "clock_skew_seconds": self._set_skew,
            "throttle": self._set_throttle}
        for name in body:
            if name not in settings:
                raise ValueError(f"{name}: unknown; there are {', '.join(settings)}")
        for name, value in body.items():
            settings[name](value)

    def _set_initial(self, value: Any) -> None:
        self._emulator.cloud.initial_seconds = float(value)

    def _set_skew(self, value: Any) -> None:
        self._emulator.cloud.skew = datetime.timedelta(seconds=float(value))

    def _set_throttle(self, value: Any) -> None:
        buckets = self._emulator.buckets
        if value is None:
            buckets.off()
            return
        rates = {name: Rate(*map(float, value.get(name, default)))
                 for name, default in (("mutating", (50, 5)), ("describe", (100, 20)))}
        buckets.set(rates["mutating"], rates["describe"])

    def _expire(self) -> None:
        """All keys that have an end have reached it."""
        cloud = self._emulator.cloud
        for key, credential in cloud.credentials.items():
            if credential.expires:
                cloud.credentials[key] = replace(credential, expires=cloud.now())
