# SPDX-License-Identifier: Apache-2.0
"""Security Token Service: who is it, and keys for roles."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
import secrets
from typing import Dict, Optional

from .api import Action, Answer, Call
from .cloud import Cloud, Role
from .errors import ApiError, invalid_value
from .query import Elements, Field, integer, text
from .queryform import answer_document as _answer_document
from .queryform import error_document as _error_document
from .queryform import members, translate
from .sigv4 import Credential

SERVICE = "sts"
VERSION = "2011-06-15"
NAMESPACE = f"https://sts.amazonaws.com/doc/{VERSION}/"

DURATION_DEFAULT, DURATION_MIN, DURATION_MAX = 3600, 900, 43200
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)

__all__ = ["ACTIONS", "NAMESPACE", "SERVICE", "VERSION", "answer_document", "error_document",
           "issue", "translate"]


def get_caller_identity(call: Call) -> Answer:
    arn = call.credential.name_in(call.world.account)
    return Answer([("Arn", arn), ("UserId", _user_id(arn)), ("Account", call.world.account)])


def assume_role(call: Call) -> Answer:
    arn = call.arguments["RoleArn"]
    caller = call.credential.name_in(call.world.account)
    role = call.world.cloud.roles.get(arn)
    if not (role and call.credential.allows("sts:AssumeRole")
            and _trusts(role, call.world.account, caller)
            and role.external_id in (None, call.arguments.get("ExternalId"))):
        raise ApiError("AccessDenied", f"User: {caller} is not authorized to perform: "
                       f"sts:AssumeRole on resource: {arn}")
    return _assume(call, role)


def assume_role_with_web_identity(call: Call) -> Answer:
    role = call.world.cloud.roles.get(call.arguments["RoleArn"])
    if not role or role.web_identity_token is None:
        raise ApiError("AccessDenied",
                       "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    if role.web_identity_token != call.arguments["WebIdentityToken"].strip():
        raise ApiError("InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
    answer = _assume(call, role)
    return Answer([*answer.elements, ("SubjectFromWebIdentityToken", "system:serviceaccount"),
                   ("Audience", "sts.amazonaws.com"), ("Provider", "emulator")])


def issue(cloud: Cloud, role: Role, session_name: str,
          duration: Optional[float] = None) -> Credential:
    """New keys of a role; they work at once and until they expire."""
    seconds = role.seconds or duration or DURATION_DEFAULT
    credential = Credential(
        "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode(), secrets.token_urlsafe(30),
        base64.b64encode(secrets.token_bytes(120)).decode(), role.allow, role.account,
        f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session_name}",
        cloud.now() + datetime.timedelta(seconds=seconds))
    cloud.credentials[credential.access_key] = credential
    return credential


def stamp(time: Optional[datetime.datetime]) -> str:
    """A time as AWS writes it, to the second; one that expires in between is cut, not rounded."""
    assert time
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def answer_document(action: str, elements: Elements, request_id: str) -> bytes:
    """A successful answer in the service's form."""
    return _answer_document(NAMESPACE, action, elements, request_id)


def error_document(error: ApiError, request_id: str) -> bytes:
    """An error in the service's form."""
    return _error_document(NAMESPACE, error, request_id)


def _assume(call: Call, role: Role) -> Answer:
    name = call.arguments["RoleSessionName"]
    if not _SESSION_NAME.fullmatch(name):
        raise invalid_value("roleSessionName", name, "Expecting 2 to 64 of [A-Za-z0-9_+=,.@-].")
    duration = call.arguments.get("DurationSeconds", DURATION_DEFAULT)
    if not DURATION_MIN <= duration <= DURATION_MAX:
        raise invalid_value("durationSeconds", duration, "Expecting a value between "
                            f"{DURATION_MIN} and {DURATION_MAX}.")
    made = issue(call.world.cloud, role, name, duration)
    return Answer([
        ("AssumedRoleUser", [("AssumedRoleId", _user_id(made.arn or "")), ("Arn", made.arn)]),
        ("Credentials", [
            ("AccessKeyId", made.access_key), ("SecretAccessKey", made.secret_key),
            ("SessionToken", made.session_token), ("Expiration", stamp(made.expires))]),
        ("PackedPolicySize", 6)])


def _trusts(role: Role, account: str, caller: str) -> bool:
    """Whether the role's trust names the caller, its role or its account."""
    if not role.trust:
        return True
    names = {account, f"arn:aws:iam::{account}:root", caller}
    match = re.fullmatch(r"arn:aws:sts::(\d+):assumed-role/([^/]+)/.*", caller)
    if match:
        names.add(f"arn:aws:iam::{match.group(1)}:role/{match.group(2)}")
    return not names.isdisjoint(role.trust)


def _user_id(arn: str) -> str:
    """Always the same for the same user; a role's is followed by the session's name."""
    parts = arn.split("/")
    digest = hashlib.sha256("/".join(parts[:2]).encode()).hexdigest()[:17].upper()
    return f"AROA{digest}:{parts[2]}" if ":assumed-role/" in arn else f"AIDA{digest}"


_ROLE = {
    "RoleArn": Field(text, required=True),
    "RoleSessionName": Field(text, required=True),
    "PolicyArns": members({"arn": Field(text)}),
    "Policy": Field(text),
    "DurationSeconds": Field(integer),
}

ACTIONS: Dict[str, Action] = {
    "GetCallerIdentity": Action({}, get_caller_identity),
    "AssumeRole": Action({
        **_ROLE,
        "Tags": members({"Key": Field(text, required=True), "Value": Field(text)}),
        "TransitiveTagKeys": members(text),
        "ExternalId": Field(text),
        "SerialNumber": Field(text),
        "TokenCode": Field(text),
        "SourceIdentity": Field(text),
    }, assume_role),
    "AssumeRoleWithWebIdentity": Action({
        **_ROLE,
        "WebIdentityToken": Field(text, required=True),
        "ProviderId": Field(text),
    }, assume_role_with_web_identity, signed=False),
}
