# SPDX-License-Identifier: Apache-2.0
"""Takes a request through signature, decoding, action and answer, and logs it."""

from __future__ import annotations

import datetime
import json
import sys
import threading
import traceback
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional, TextIO, Tuple

from . import ec2
from .errors import ApiError
from .mirror import Log, MirrorControl
from .query import Elements, decode, parse_form
from .sigv4 import Credential, HttpRequest, verify
from .world import World

# Every API that the emulator stands for, by the service name that signatures are scoped to.
APIS = {ec2.SERVICE: ec2}

CONTENT_TYPE = "application/x-www-form-urlencoded"


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class JsonLog:
    """One JSON object a line, written before the client can know the answer."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, **entry: Any) -> None:
        stamp = utc_now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        with self._lock:
            print(json.dumps({"time": stamp, **entry}), file=self._stream, flush=True)


@dataclass(frozen=True)
class Response:
    """What goes back; `after` is to be called once it has been sent."""

    status: int
    body: bytes
    request_id: str
    after: Optional[Callable[[], None]] = None


@dataclass
class _Progress:
    """What is known of a request so far, for the log and the form of an error."""

    request_id: str
    api: Any = ec2
    access_key: Optional[str] = None
    action: Optional[str] = None
    parameters: Dict[str, str] = field(default_factory=dict)


class Emulator:
    """The whole control plane behind one call, `handle`, which threads may share."""

    def __init__(self, world: World, credentials: Mapping[str, Credential],
                 mirrors: MirrorControl, log: Log) -> None:
        self.world = world
        self.mirrors = mirrors
        self._credentials = credentials
        self._log = log
        self._tokens: Dict[Tuple[str, str], Tuple[Mapping[str, Any], Elements]] = {}

    def handle(self, request: HttpRequest) -> Response:
        """Answers a request; whatever is wrong with it becomes an error document."""
        progress = _Progress(str(uuid.uuid4()))
        try:
            with self.world.lock:
                answer = self._perform(request, progress)
        except ApiError as error:
            return self._refuse(progress, error)
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            return self._refuse(progress, ApiError("InternalError", "The emulator is broken: its "
                                                   "standard error says where"))
        self._log_request(progress, 200, "ok")
        body = progress.api.answer_document(progress.action, answer.elements, progress.request_id)
        return Response(200, body, progress.request_id, answer.after)

    def _refuse(self, progress: _Progress, error: ApiError) -> Response:
        self._log_request(progress, error.status, error.code, error.message)
        return Response(error.status, progress.api.error_document(error, progress.request_id),
                        progress.request_id)

    def _perform(self, request: HttpRequest, progress: _Progress) -> ec2.Answer:
        if request.method != "POST" or request.path != "/":
            raise ApiError("InvalidRequest", "The emulator answers POST / only")
        content_type = request.header("content-type") or ""
        if content_type.split(";")[0].strip().lower() != CONTENT_TYPE:
            raise ApiError("MalformedQueryString", f"The content type is not {CONTENT_TYPE}")
        form = parse_form(request.body)
        progress.action = form.pop("Action", None)
        version = form.pop("Version", None)
        progress.parameters = form
        credential, service = verify(request, self._credentials, self.world.region, APIS,
                                     utc_now())
        progress.access_key = credential.access_key
        progress.api = api = APIS[service]
        action = _find_action(api, progress.action, version)
        call = api.Call(self.world, self.mirrors, self._tokens, credential, progress.action,
                        decode(form, action.shape))
        answer: ec2.Answer = action.handler(call)
        return answer

    def _log_request(self, progress: _Progress, status: int, result: str,
                     message: Optional[str] = None) -> None:
        entry: Dict[str, Any] = {
            "request_id": progress.request_id, "access_key": progress.access_key,
            "action": progress.action, "parameters": progress.parameters, "status": status,
            "result": result}
        if message is not None:
            entry["message"] = message
        self._log(**entry)


def _find_action(api: Any, name: Optional[str], version: Optional[str]) -> Any:
    if not name:
        raise ApiError("MissingAction",
                       "The request is missing an action or a required parameter")
    if version is None:
        raise ApiError("MissingParameter", "The request must contain the parameter Version")
    if version != api.VERSION:
        raise ApiError("NoSuchVersion",
                       f"The requested version ({version}) of service {api.SERVICE} does not exist")
    if name not in api.ACTIONS:
        raise ApiError("InvalidAction", f"The action {name} is not valid for this web service.")
    return api.ACTIONS[name]
