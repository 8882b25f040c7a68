# SPDX-License-Identifier: Apache-2.0
"""A capture's account, as it prints it at its end; one that does not balance is an error."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from .errors import BenchError

# What the disk, the buffer or the driver cost. All other reasons are the rules' own.
LOSSES = ("no_buffer", "write_failed")


@dataclass(frozen=True)
class Account:
    """The figures of a summary that a benchmark needs."""

    received: int
    written: int
    lost: int                # not written for want of buffer, disk or ring, as far as counted
    missed: Optional[int]    # the part of it that never was received; None: nobody counts
    payload_bytes: int       # captured bytes of what was written, without record headers
    files: List[str]
    file_bytes: int


def read(text: str) -> Account:
    """Reads a summary in JSON; raises BenchError where it is none or does not balance."""
    try:
        summary = json.loads(text)
        return _read(summary)
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError(f"capture's summary: {error!r}: '{text[:200]}': build anew") from error


def _read(summary: Dict[str, Any]) -> Account:
    received, written, dropped = summary["received"], summary["written"], summary["dropped"]
    if summary["in_flight"] != 0 or received != written + sum(dropped.values()):
        raise BenchError(f"capture's account does not balance: received {received}, written "
                         f"{written}, dropped {sum(dropped.values())}, in flight "
                         f"{summary['in_flight']}: this is a defect, please report it")
    by_session = sum(session["written"] for session in summary["sessions"])
    if by_session != written:
        raise BenchError(f"capture's account does not balance: {written} written, {by_session} "
                         "by session: this is a defect, please report it")
    missed = summary["nic"]["missed"]
    return Account(received, written,
                   sum(dropped[reason] for reason in LOSSES) + (missed or 0), missed,
                   sum(session["bytes"] for session in summary["sessions"]),
                   [file["path"] for file in summary["files"]],
                   sum(file["bytes"] for file in summary["files"]))
