# SPDX-License-Identifier: Apache-2.0
"""Elastic Load Balancing, version 2: the table of its actions and the form of its answers."""

from __future__ import annotations

from typing import Dict

from .. import queryform
from ..api import Action
from ..errors import ApiError
from ..query import Elements
from ..queryform import translate
from . import balancers, groups, listeners, tagging, targets

SERVICE = "elasticloadbalancing"
VERSION = "2015-12-01"
NAMESPACE = f"http://elasticloadbalancing.amazonaws.com/doc/{VERSION}/"

ACTIONS: Dict[str, Action] = {
    **balancers.ACTIONS, **groups.ACTIONS, **listeners.ACTIONS, **targets.ACTIONS,
    **tagging.ACTIONS}

__all__ = ["ACTIONS", "NAMESPACE", "SERVICE", "VERSION", "answer_document", "error_document",
           "translate"]


def answer_document(action: str, elements: Elements, request_id: str) -> bytes:
    """A successful answer in the service's form."""
    return queryform.answer_document(NAMESPACE, action, elements, request_id)


def error_document(error: ApiError, request_id: str) -> bytes:
    """An error in the service's form."""
    return queryform.error_document(NAMESPACE, error, request_id)
