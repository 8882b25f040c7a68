# SPDX-License-Identifier: Apache-2.0
"""Takes a request through signature, decoding, action and answer, and logs it."""

from __future__ import annotations

import itertools
import traceback
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Optional, Tuple

from . import ec2, elb, sts
from .api import Action, Answer, Call, Mirrors
from .cloud import Cloud
from .errors import ApiError
from .log import Log
from .query import decode, parse_form
from .sigv4 import Credential, HttpRequest, parse_authorization, verify
from .world import World

# Every API that the emulator stands for, by the service name that signatures are scoped to.
APIS: Dict[str, Any] = {api.SERVICE: api for api in (ec2, sts, elb)}

# Parameters that are kept out of the log.
SECRETS = frozenset({"WebIdentityToken", "TokenCode"})

CONTENT_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Response:
    """What goes back; `after` is to be called once it has been sent."""

    status: int
    body: bytes
    request_id: str
    after: Optional[Callable[[], None]] = None
    content_type: str = "text/xml;charset=UTF-8"


@dataclass
class _Progress:
    """What is known of a request so far, for the log and the form of an error."""

    number: int
    request_id: str
    api: Any = ec2
    access_key: Optional[str] = None
    account: Optional[str] = None
    action: Optional[str] = None
    version: Optional[str] = None
    parameters: Dict[str, str] = field(default_factory=dict)


class Emulator:
    """The whole control plane behind one call, `handle`, which threads may share."""

    def __init__(self, cloud: Cloud, mirrors: Mirrors, log: Log) -> None:
        self.cloud = cloud
        self.mirrors = mirrors
        self._log = log
        self._numbers = itertools.count(1)

    def handle(self, request: HttpRequest) -> Response:
        """Answers a request; whatever is wrong with it becomes an error document."""
        progress = _Progress(next(self._numbers), str(uuid.uuid4()))
        try:
            _read(request, progress)
            with self.cloud.lock:
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

    def _perform(self, request: HttpRequest, progress: _Progress) -> Answer:
        credential, world = self._identify(request, progress)
        action = _find_action(progress.api, progress.action, progress.version)
        call = Call(world, self.mirrors, credential, progress.api.SERVICE, progress.action or "",
                    decode(progress.parameters, action.shape))
        return action.handler(call)

    def _identify(self, request: HttpRequest, progress: _Progress) -> Tuple[Credential, World]:
        known = progress.api.ACTIONS.get(progress.action)
        if known and not known.signed:
            return Credential("", ""), self.cloud.world()
        credential, claim = verify(request, self.cloud.credentials, self.cloud.regions, APIS,
                                   self.cloud.now())
        progress.access_key = credential.access_key
        progress.account = self.cloud.account_of(credential)
        return credential, self.cloud.world(progress.account, claim.region)

    def _refuse(self, progress: _Progress, error: ApiError) -> Response:
        error = progress.api.translate(error)
        self._log_request(progress, error.status, error.code, error.message)
        return Response(error.status, progress.api.error_document(error, progress.request_id),
                        progress.request_id)

    def _log_request(self, progress: _Progress, status: int, result: str,
                     message: Optional[str] = None) -> None:
        entry: Dict[str, Any] = {
            "number": progress.number, "request_id": progress.request_id,
            "access_key": progress.access_key, "account": progress.account,
            "action": progress.action, "parameters": _shown(progress.parameters), "status": status,
            "result": result}
        if message is not None:
            entry["message"] = message
        self._log(**entry)


def _shown(parameters: Dict[str, str]) -> Dict[str, str]:
    return {name: "***" if name in SECRETS else value for name, value in parameters.items()}


def _read(request: HttpRequest, progress: _Progress) -> None:
    """Takes the form apart and tells which API it is for."""
    if request.method != "POST" or request.path != "/":
        raise ApiError("InvalidRequest", "The emulator answers POST / only")
    content_type = request.header("content-type") or ""
    if content_type.split(";")[0].strip().lower() != CONTENT_TYPE:
        raise ApiError("MalformedQueryString", f"The content type is not {CONTENT_TYPE}")
    form = parse_form(request.body)
    progress.action = form.pop("Action", None)
    progress.version = form.pop("Version", None)
    progress.parameters = form
    progress.api = _api_of(request, progress.version)


def _api_of(request: HttpRequest, version: Optional[str]) -> Any:
    """The API that the signature is scoped to; without one, that of the version."""
    header = request.header("authorization")
    if header is None:
        return next((api for api in APIS.values() if api.VERSION == version), ec2)
    try:
        return APIS.get(parse_authorization(header).service, ec2)
    except ApiError:
        return ec2


def _find_action(api: Any, name: Optional[str], version: Optional[str]) -> Action:
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
    found: Action = api.ACTIONS[name]
    return found
