# SPDX-License-Identifier: Apache-2.0
"""The Query protocol as STS and Elastic Load Balancing speak it, where it is not EC2's.

Lists are `Name.member.N`, results are wrapped, errors are an ErrorResponse with codes of their own.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from .errors import ApiError
from .query import Elements, Field, Kind, ListOf, xml_document

# EC2's codes, which the emulator's common parts raise, and what the others say instead.
_CODES: Dict[str, Tuple[str, int]] = {
    "AuthFailure": ("InvalidClientTokenId", 403),
    "ExpiredToken": ("ExpiredToken", 403),
    "RequestExpired": ("SignatureDoesNotMatch", 403),
    "UnauthorizedOperation": ("AccessDenied", 403),
    "UnknownParameter": ("ValidationError", 400),
    "MissingParameter": ("ValidationError", 400),
    "InvalidParameterValue": ("ValidationError", 400),
    "RequestLimitExceeded": ("Throttling", 400),
    "InternalError": ("InternalFailure", 500),
    "Unavailable": ("ServiceUnavailable", 503),
    "NoSuchVersion": ("InvalidAction", 400),
}


def members(kind: Kind, required: bool = False) -> Field:
    """A list's field."""
    return Field({"member": Field(ListOf(kind), required)}, required)


def listed(arguments: Mapping[str, Any], name: str) -> List[Any]:
    """The items of a list that was sent."""
    found: List[Any] = arguments.get(name, {}).get("member", [])
    return found


def member_items(items: Sequence[Any]) -> Elements:
    """A list's elements."""
    return [("member", item) for item in items]


def translate(error: ApiError) -> ApiError:
    """The error under the name that these services give it."""
    code, status = _CODES.get(error.code, (error.code, error.status))
    chosen = error.status != ApiError(error.code, "").status
    return ApiError(code, error.message, error.status if chosen else status)


def answer_document(namespace: str, action: str, elements: Elements, request_id: str) -> bytes:
    """A successful answer."""
    return xml_document(f"{action}Response", [
        (f"{action}Result", list(elements)),
        ("ResponseMetadata", [("RequestId", request_id)])], namespace)


def error_document(namespace: str, error: ApiError, request_id: str) -> bytes:
    """An error."""
    blamed = "Sender" if error.status < 500 else "Receiver"
    return xml_document("ErrorResponse", [
        ("Error", [("Type", blamed), ("Code", error.code), ("Message", error.message)]),
        ("RequestId", request_id)], namespace)
