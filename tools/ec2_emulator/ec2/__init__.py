# SPDX-License-Identifier: Apache-2.0
"""EC2: the table of its actions and the form of its answers."""

from __future__ import annotations

from typing import Dict

from ..api import Action
from ..errors import ApiError
from ..query import Elements, xml_document
from . import filters, instances, interfaces, rules, sessions, tagging, targets

SERVICE = "ec2"
VERSION = "2016-11-15"
NAMESPACE = f"http://ec2.amazonaws.com/doc/{VERSION}/"

ACTIONS: Dict[str, Action] = {
    **sessions.ACTIONS, **targets.ACTIONS, **filters.ACTIONS, **rules.ACTIONS,
    **interfaces.ACTIONS, **instances.ACTIONS, **tagging.ACTIONS}


def translate(error: ApiError) -> ApiError:
    """The error under the name that EC2 gives it."""
    if error.code == "ExpiredToken":
        return ApiError("RequestExpired", "Request has expired.")
    return error


def answer_document(action: str, elements: Elements, request_id: str) -> bytes:
    """A successful answer in EC2's form."""
    return xml_document(f"{action}Response", [("requestId", request_id), *elements], NAMESPACE)


def error_document(error: ApiError, request_id: str) -> bytes:
    """An error in EC2's form."""
    return xml_document("Response", [
        ("Errors", [("Error", [("Code", error.code), ("Message", error.message)])]),
        ("RequestID", request_id)])
