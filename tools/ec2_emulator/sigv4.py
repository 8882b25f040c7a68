# SPDX-License-Identifier: Apache-2.0
"""Signature Version 4, the judging side: who signed this request, and is it whole?

Written from AWS's description of the algorithm; it shares no code with the program under test.
The stages are the documented ones: canonical request, string to sign, signature.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Dict, Iterable, List, Mapping, Optional, Tuple
from urllib.parse import quote, unquote_to_bytes

from .errors import ApiError

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
WINDOW = datetime.timedelta(minutes=15)

_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^\s,]+)\s*")


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came; text is the bytes decoded as Latin-1, so that no byte is lost."""

    method: str
    path: str
    query: str
    headers: Tuple[Tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> Optional[str]:
        """The header's values joined with commas, each trimmed and its inner blanks folded."""
        values = [" ".join(v.split()) for n, v in self.headers if n.lower() == name]
        return ",".join(values) if values else None

    def header_names(self) -> List[str]:
        return sorted({name.lower() for name, _ in self.headers})


@dataclass(frozen=True)
class Credential:
    """A key that the emulator knows. `allow` holds patterns like `ec2:Describe*`.

    Without an account it is the default account's, without an ARN a user's named like the key.
    """

    access_key: str
    secret_key: str
    session_token: Optional[str] = None
    allow: Tuple[str, ...] = ("*",)
    account: Optional[str] = None
    arn: Optional[str] = None
    expires: Optional[datetime.datetime] = None

    def name_in(self, account: str) -> str:
        """The ARN of who it is."""
        return self.arn or f"arn:aws:iam::{account}:user/{self.access_key}"

    def allows(self, action: str) -> bool:
        """Whether the key may do `action`, which is written SERVICE:NAME."""
        name = action.split(":", 1)[1]
        return any(fnmatchcase(action if ":" in p else name, p) for p in self.allow)


@dataclass(frozen=True)
class Authorization:
    """The Authorization header, taken apart."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: Tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


def parse_authorization(value: Optional[str]) -> Authorization:
    """Takes the header apart; raises MissingAuthenticationToken or IncompleteSignature."""
    if not value:
        raise ApiError("MissingAuthenticationToken", "Request is missing Authentication Token")
    algorithm, _, rest = value.partition(" ")
    if algorithm != ALGORITHM:
        raise ApiError("IncompleteSignature", f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields: Dict[str, str] = {}
    for part in rest.split(","):
        match = _FIELD.fullmatch(part)
        if not match or match.group(1) in fields:
            raise ApiError("IncompleteSignature",
                           f"'{part.strip()}' not a valid key=value pair in Authorization header.")
        fields[match.group(1)] = match.group(2)
    for name in ("Credential", "SignedHeaders", "Signature"):
        if name not in fields:
            raise ApiError("IncompleteSignature",
                           f"Authorization header requires '{name}' parameter.")
    scope = fields["Credential"].split("/")
    if len(scope) != 5:
        raise ApiError("IncompleteSignature",
                       "Credential must have exactly 5 slash-delimited elements, e.g. "
                       f"keyid/date/region/service/term, got '{fields['Credential']}'.")
    access_key, date, region, service, terminator = scope
    return Authorization(access_key, date, region, service, terminator,
                         tuple(fields["SignedHeaders"].split(";")), fields["Signature"])


def canonical_request(request: HttpRequest, signed_headers: Iterable[str]) -> str:
    """Stage one. The query is sorted and encoded anew; the path is taken as sent."""
    names = list(signed_headers)
    pairs = []
    for part in filter(None, request.query.split("&")):
        name, _, value = part.partition("=")
        pairs.append((_encode(name), _encode(value)))
    lines = [request.method, request.path or "/", "&".join(f"{n}={v}" for n, v in sorted(pairs))]
    lines += [f"{name}:{request.header(name) or ''}" for name in names]
    lines += ["", ";".join(names), hashlib.sha256(request.body).hexdigest()]
    return "\n".join(lines)


def string_to_sign(canonical: str, timestamp: str, scope: str) -> str:
    """Stage two."""
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    return "\n".join([ALGORITHM, timestamp, scope, digest])


def signature(secret_key: str, scope: str, text: str) -> str:
    """Stage three: the key is derived along the scope, then signs the text."""
    key = ("AWS4" + secret_key).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode("latin-1"), hashlib.sha256).digest()
    return hmac.new(key, text.encode("latin-1"), hashlib.sha256).hexdigest()


def verify(request: HttpRequest, credentials: Mapping[str, Credential], regions: Iterable[str],
           services: Iterable[str], now: datetime.datetime) -> Tuple[Credential, Authorization]:
    """Judges the request at the UTC time `now`; returns whose it is and what it claims to be.

    Raises the ApiError that tells the first thing that is wrong.
    """
    claim = parse_authorization(request.header("authorization"))
    timestamp = _check_date(request, claim, now)
    _check_scope(claim, regions, services)
    _check_signed_headers(request, claim.signed_headers)
    credential = credentials.get(claim.access_key)
    if credential is None:
        raise _not_validated()
    declared = request.header("x-amz-content-sha256")
    if declared is not None and declared != hashlib.sha256(request.body).hexdigest():
        raise _mismatch()
    canonical = canonical_request(request, claim.signed_headers)
    expected = signature(credential.secret_key, claim.scope,
                         string_to_sign(canonical, timestamp, claim.scope))
    if not hmac.compare_digest(expected.encode(), claim.signature.encode("latin-1")):
        raise _mismatch()
    if request.header("x-amz-security-token") != credential.session_token:
        raise _not_validated()
    if credential.expires and now >= credential.expires:
        raise ApiError("ExpiredToken", "The security token included in the request is expired")
    return credential, claim


def _encode(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ").encode("latin-1")), safe="-_.~")


def _check_date(request: HttpRequest, claim: Authorization, now: datetime.datetime) -> str:
    timestamp = request.header("x-amz-date")
    if timestamp is None:
        raise ApiError("IncompleteSignature", "Authorization header requires existence of either "
                       "a 'X-Amz-Date' or a 'Date' header.")
    try:
        signed_at = datetime.datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ")
    except ValueError:
        raise ApiError("IncompleteSignature", "Date must be in ISO-8601 'basic format'. "
                       f"Got '{timestamp}'.") from None
    if claim.date != timestamp[:8]:
        raise ApiError("SignatureDoesNotMatch", f"Date in Credential scope ({claim.date}) does not "
                       f"match YYYYMMDD of the request's date ({timestamp}).")
    if abs(now - signed_at.replace(tzinfo=datetime.timezone.utc)) > WINDOW:
        raise ApiError("RequestExpired", "Request has expired.")
    return timestamp


def _check_scope(claim: Authorization, regions: Iterable[str], services: Iterable[str]) -> None:
    wanted = list(services)
    if claim.region not in regions:
        raise ApiError("SignatureDoesNotMatch", "Credential should be scoped to a valid region, "
                       f"not '{claim.region}'.")
    if claim.service not in wanted:
        raise ApiError("SignatureDoesNotMatch", "Credential should be scoped to correct service: "
                       f"'{', '.join(wanted)}'.")
    if claim.terminator != TERMINATOR:
        raise ApiError("SignatureDoesNotMatch", "Credential should be scoped with a valid "
                       f"terminator: '{TERMINATOR}', not '{claim.terminator}'.")


def _check_signed_headers(request: HttpRequest, signed: Tuple[str, ...]) -> None:
    """What AWS demands to be signed: host, content-type where sent, and every x-amz- header."""
    if list(signed) != sorted(set(signed)) or any(name != name.lower() for name in signed):
        raise ApiError("IncompleteSignature", "SignedHeaders must be sorted, in lower case and "
                       f"without duplicates, got '{';'.join(signed)}'.")
    present = set(request.header_names())
    demanded = {"host"} | {name for name in present
                           if name == "content-type" or name.startswith("x-amz-")}
    for name in sorted(demanded - set(signed)):
        raise ApiError("SignatureDoesNotMatch",
                       f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in sorted(set(signed) - present):
        raise ApiError("IncompleteSignature", f"Signed header '{name}' is not in the request.")


def _mismatch() -> ApiError:
    return ApiError("SignatureDoesNotMatch",
                    "The request signature we calculated does not match the signature you "
                    "provided. Check your AWS Secret Access Key and signing method. Consult the "
                    "service documentation for details.")


def _not_validated() -> ApiError:
    return ApiError("AuthFailure",
                    "AWS was not able to validate the provided access credentials")
