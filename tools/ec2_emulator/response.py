# SPDX-License-Identifier: Apache-2.0
"""What goes back over HTTP, and how."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import Any, Callable, Optional, Tuple

# What becomes of a response: it is sent; its connection is closed or reset instead; or nothing at
# all is said until the client gives up.
SEND, CLOSE, RESET, HOLD = "send", "close", "reset", "hold"


@dataclass(frozen=True)
class Response:
    """An answer; `after` is to be called once it has been sent, or was to be.

    `length` is what Content-Length claims where that is not the body's.
    """

    status: int
    body: bytes
    request_id: str = ""
    after: Optional[Callable[[], None]] = None
    content_type: str = "text/xml;charset=UTF-8"
    headers: Tuple[Tuple[str, str], ...] = ()
    outcome: str = SEND
    length: Optional[int] = None
    date_offset: datetime.timedelta = datetime.timedelta()


def json_response(status: int, document: Any) -> Response:
    """A JSON document."""
    return Response(status, (json.dumps(document, indent=2) + "\n").encode(),
                    content_type="application/json")


def text_response(status: int, text: str, *headers: Tuple[str, str]) -> Response:
    """Plain text."""
    return Response(status, text.encode(), content_type="text/plain", headers=headers)
