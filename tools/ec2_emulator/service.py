# SPDX-License-Identifier: Apache-2.0
"""Takes a request through signature, decoding, action and answer, and logs it."""

from __future__ import annotations

import datetime
import itertools
import traceback
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Tuple

from . import ec2, elb, faults, sts
from .api import Action, Answer, Call, Mirrors
from .buckets import Buckets
from .cloud import Cloud
from .errors import ApiError
from .faults import Fault, Faults
from .log import Log
from .query import Elements, decode, parse_form
from .response import SEND, Response
from .sigv4 import Credential, HttpRequest, parse_authorization, verify
from .world import World

# Every API that the emulator stands for, by the service name that signatures are scoped to.
APIS: Dict[str, Any] = {api.SERVICE: api for api in (ec2, sts, elb)}

# Parameters that are kept out of the log.
SECRETS = frozenset({"WebIdentityToken", "TokenCode"})

_NOTHING = Response(0, b"")

CONTENT_TYPE = "application/x-www-form-urlencoded"


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
    faults: List[Fault] = field(default_factory=list)
    error: Optional[ApiError] = None
    applied: bool = False


class Emulator:
    """The whole control plane behind one call, `handle`, which threads may share."""

    def __init__(self, cloud: Cloud, mirrors: Mirrors, log: Log) -> None:
        self.cloud = cloud
        self.mirrors = mirrors
        self.faults = Faults()
        self.buckets = Buckets()
        self.requests = 0
        self._log = log
        self._numbers = itertools.count(1)

    def handle(self, request: HttpRequest) -> Response:
        """Answers a request; whatever is wrong with it becomes an error document.

        Faults that strike before the effect come after the request was read and before its
        signature is judged.
        """
        progress = _Progress(next(self._numbers), str(uuid.uuid4()))
        self.requests = progress.number
        response = _NOTHING
        try:
            _read(request, progress)
            progress.faults = self.faults.take(
                progress.number, f"{progress.api.SERVICE}:{progress.action or ''}")
            response = faults.strike_before(progress.faults) or self._respond(request, progress)
            response = faults.strike_after(progress.faults, response)
        except ApiError as error:
            response = replace(_refused(progress, error), after=response.after)
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            response = _refused(progress, ApiError("InternalError", "The emulator is broken: its "
                                                   "standard error says where"))
        self._log_request(progress, response)
        offset = self.cloud.skew + faults.date_offset(progress.faults)
        return replace(response, date_offset=offset)

    def _respond(self, request: HttpRequest, progress: _Progress) -> Response:
        """The answer to a request, or what is wrong with it: faults after the effect hit both."""
        try:
            with self.cloud.lock:
                response = self._perform(request, progress)
        except ApiError as error:
            return _refused(progress, error)
        progress.applied = True
        return response

    def _perform(self, request: HttpRequest, progress: _Progress) -> Response:
        credential, world = self._identify(request, progress)
        action = _find_action(progress.api, progress.action, progress.version)
        name = progress.action or ""
        if progress.api is ec2 and not self.buckets.take(world.account, world.region, name):
            raise ApiError("RequestLimitExceeded", "Request limit exceeded.")
        call = Call(world, self.mirrors, credential, progress.api.SERVICE, name,
                    decode(progress.parameters, action.shape),
                    faults.seconds(progress.faults, "eventual"))
        lasting = progress.api is ec2 and name.startswith("Describe")
        if not lasting:
            self.cloud.answers.clear()
        if not lasting or progress.faults:
            return _answered(progress, action.handler(call))
        return self._remembered(progress, action, call)

    def _remembered(self, progress: _Progress, action: Action, call: Call) -> Response:
        """A Describe's answer, made anew only where something has changed since the last one."""
        key = (progress.access_key or "", call.world.region, call.action,
               *itertools.chain(*sorted(progress.parameters.items())))
        halves = self.cloud.answers.get(key)
        if halves is None:
            made = _answered(progress, action.handler(call)).body
            head, _, tail = made.partition(progress.request_id.encode())
            halves = self.cloud.answers[key] = (head, tail)
        return Response(200, progress.request_id.encode().join(halves), progress.request_id)

    def _identify(self, request: HttpRequest, progress: _Progress) -> Tuple[Credential, World]:
        known = progress.api.ACTIONS.get(progress.action)
        if known and not known.signed:
            return Credential("", ""), self.cloud.world()
        now = self.cloud.now() + datetime.timedelta(
            seconds=faults.seconds(progress.faults, "skew"))
        credential, claim = verify(request, self.cloud.credentials, self.cloud.regions, APIS, now)
        progress.access_key = credential.access_key
        progress.account = self.cloud.account_of(credential)
        return credential, self.cloud.world(progress.account, claim.region)

    def _log_request(self, progress: _Progress, response: Response) -> None:
        entry: Dict[str, Any] = {
            "number": progress.number, "request_id": progress.request_id,
            "access_key": progress.access_key, "account": progress.account,
            "service": progress.api.SERVICE, "action": progress.action,
            "parameters": {name: "***" if name in SECRETS else value
                           for name, value in progress.parameters.items()},
            "status": response.status, "result": "ok"}
        if progress.error:
            entry.update(result=progress.error.code, message=progress.error.message)
        if response.outcome != SEND:
            entry.update(result=response.outcome)
        if progress.faults:
            entry.update(faults=[f.kind for f in progress.faults], applied=progress.applied)
        self._log(**entry)


def _answered(progress: _Progress, answer: Answer) -> Response:
    elements = answer.elements
    for fault in progress.faults:
        if fault.kind == "partial" and (progress.action or "").startswith("Describe"):
            elements = _partial(elements, fault.get("keep"))
    body = progress.api.answer_document(progress.action, elements, progress.request_id)
    return Response(200, body, progress.request_id, answer.after)


def _partial(elements: Elements, keep: Optional[int]) -> Elements:
    """Half of each list, or its first `keep` items, with no sign that there are more."""
    cut = [(name, value[:len(value) // 2 if keep is None else keep]
            if isinstance(value, (list, tuple)) else value) for name, value in elements]
    return [(name, value) for name, value in cut if name not in ("nextToken", "NextMarker")]


def _refused(progress: _Progress, error: ApiError) -> Response:
    progress.error = error = progress.api.translate(error)
    return Response(error.status, progress.api.error_document(error, progress.request_id),
                    progress.request_id)


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
