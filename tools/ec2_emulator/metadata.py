# SPDX-License-Identifier: Apache-2.0
"""Where programs find keys on an instance and in a container: IMDSv2 and the container endpoint."""

from __future__ import annotations

import datetime
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional

from . import faults
from .cloud import Cloud, Role
from .errors import ApiError
from .faults import Faults
from .log import Log
from .response import Response, json_response, text_response
from .sigv4 import Credential, HttpRequest
from .sts import issue, stamp

TTL_MAX = 21600
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER = "x-aws-ec2-metadata-token"
# A role's keys are renewed once this part of their life is left.
RENEW = 0.1


class RoleKeys:
    """The keys of a role, renewed before they expire."""

    def __init__(self, cloud: Cloud, role: Role, session_name: str) -> None:
        self._cloud = cloud
        self.role = role
        self._session_name = session_name
        self._issued: Optional[Credential] = None
        self._since = cloud.now()

    def document(self) -> Dict[str, Any]:
        """The keys that are valid now, in the names that both endpoints use."""
        with self._cloud.lock:
            if not self._issued or not self._fresh(self._issued):
                self._since = self._cloud.now()
                self._issued = issue(self._cloud, self.role, self._session_name)
        return {"AccessKeyId": self._issued.access_key,
                "SecretAccessKey": self._issued.secret_key,
                "Token": self._issued.session_token,
                "Expiration": stamp(self._issued.expires)}

    def last_updated(self) -> str:
        return stamp(self._since)

    def _fresh(self, issued: Credential) -> bool:
        assert issued.expires
        left = issued.expires - self._cloud.now()
        return left > (issued.expires - self._since) * RENEW > datetime.timedelta()


@dataclass(frozen=True)
class Identity:
    """What the instance says that it is."""

    instance_id: str
    instance_type: str
    region: str
    zone: str
    account: str
    address: str


class Imds:
    """The instance metadata service, version 2 only."""

    def __init__(self, identity: Identity, keys: Optional[RoleKeys]) -> None:
        self._identity = identity
        self._keys = keys
        self._tokens: Dict[str, float] = {}

    def name(self, request: HttpRequest) -> str:
        """What faults and the log call the request."""
        if request.method == "PUT":
            return "imds:PutToken"
        return "imds:GetCredentials" if "security-credentials" in request.path else "imds:Get"

    def handle(self, request: HttpRequest) -> Response:
        if request.path == "/latest/api/token":
            return self._put_token(request)
        if request.method != "GET":
            return text_response(405, "Method Not Allowed")
        if self._tokens.get(request.header(TOKEN_HEADER) or "", 0) <= time.monotonic():
            return text_response(401, "Unauthorized")
        text = self._texts().get(request.path)
        return text_response(404, "Not Found") if text is None else text_response(200, text)

    def _put_token(self, request: HttpRequest) -> Response:
        ttl = request.header(TTL_HEADER) or ""
        if request.method != "PUT":
            return text_response(405, "Method Not Allowed")
        if request.header("x-forwarded-for") is not None:
            return text_response(403, "Forbidden")
        if not ttl.isdecimal() or not 1 <= int(ttl) <= TTL_MAX:
            return text_response(400, "Bad Request")
        token = secrets.token_urlsafe(40)
        self._tokens[token] = time.monotonic() + int(ttl)
        return text_response(200, token, (TTL_HEADER, ttl))

    def _texts(self) -> Dict[str, str]:
        who = self._identity
        texts = {
            "/latest/meta-data/placement/region": who.region,
            "/latest/meta-data/placement/availability-zone": who.zone,
            "/latest/meta-data/instance-id": who.instance_id,
            "/latest/meta-data/instance-type": who.instance_type,
            "/latest/meta-data/local-ipv4": who.address,
            "/latest/dynamic/instance-identity/document": json.dumps({
                "accountId": who.account, "architecture": "x86_64",
                "availabilityZone": who.zone, "imageId": "ami-0123456789abcdef0",
                "instanceId": who.instance_id, "instanceType": who.instance_type,
                "pendingTime": "2024-01-01T00:00:00Z", "privateIp": who.address,
                "region": who.region, "version": "2017-09-30"}, indent=2),
        }
        if self._keys:
            listing = "/latest/meta-data/iam/security-credentials/"
            texts[listing] = texts[listing.rstrip("/")] = self._keys.role.name
            texts[listing + self._keys.role.name] = json.dumps({
                "Code": "Success", "Type": "AWS-HMAC", **self._keys.document(),
                "LastUpdated": self._keys.last_updated()}, indent=2)
        return texts


class Container:
    """The endpoint that containers get keys from, at any path."""

    def __init__(self, keys: RoleKeys, token: Callable[[], Optional[str]]) -> None:
        self._keys = keys
        self._token = token

    def name(self, _request: HttpRequest) -> str:
        """What faults and the log call the request."""
        return "container:GetCredentials"

    def handle(self, request: HttpRequest) -> Response:
        wanted = self._token()
        given = request.header("authorization") or ""
        if wanted is not None and not hmac.compare_digest(given.encode("latin-1"),
                                                          wanted.encode()):
            return json_response(401, {"code": "AccessDenied", "message": "The token is not valid"})
        if request.method != "GET":
            return json_response(405, {"code": "MethodNotAllowed", "message": "Expecting GET"})
        return json_response(200, {"RoleArn": self._keys.role.arn, **self._keys.document()})


class Guarded:
    """An endpoint with a log of its requests and the faults that are set for them."""

    def __init__(self, endpoint: Any, struck: Faults, log: Log) -> None:
        self._endpoint = endpoint
        self._faults = struck
        self._log = log

    def handle(self, request: HttpRequest) -> Response:
        """Answers a request."""
        name = self._endpoint.name(request)
        found = self._faults.take(0, name)
        try:
            response = faults.strike_before(found) or faults.strike_after(
                found, self._endpoint.handle(request))
        except ApiError as error:
            response = json_response(error.status, {"code": error.code, "message": error.message})
        service, action = name.split(":")
        self._log(service=service, action=action, method=request.method, path=request.path,
                  status=response.status, outcome=response.outcome,
                  **({"faults": [f.kind for f in found]} if found else {}))
        return response
