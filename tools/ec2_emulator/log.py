# SPDX-License-Identifier: Apache-2.0
"""The log: what happened, when, for programs to read."""

from __future__ import annotations

import datetime
import json
import sys
import threading
from typing import Any, Callable, TextIO

Log = Callable[..., None]


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class JsonLog:
    """One JSON object a line, written before the client can know the answer."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, **entry: Any) -> None:
        stamp = utc_now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        with self._lock:
            print(json.dumps({"time": stamp, **entry}), file=self._stream, flush=True)
