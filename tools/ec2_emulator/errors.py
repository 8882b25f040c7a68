# SPDX-License-Identifier: Apache-2.0
"""The errors that an API answers, and the HTTP status that EC2 gives each."""

from __future__ import annotations

from typing import Optional

# Codes that are not here are the client's mistakes: 400.
_STATUS = {
    "AccessDenied": 403,
    "AuthFailure": 401,
    "MissingAuthenticationToken": 403,
    "SignatureDoesNotMatch": 403,
    "UnauthorizedOperation": 403,
    "DryRunOperation": 412,
    "InternalError": 500,
    "RequestLimitExceeded": 503,
    "Unavailable": 503,
}


class ApiError(Exception):
    """What ends a request early: a code of EC2's and a sentence for people."""

    def __init__(self, code: str, message: str, status: Optional[int] = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = _STATUS.get(code, 400) if status is None else status


def invalid_value(name: str, value: object, why: str) -> ApiError:
    """The error for a parameter whose value EC2 does not take."""
    return ApiError("InvalidParameterValue",
                    f"Value ({value}) for parameter {name} is invalid. {why}")
