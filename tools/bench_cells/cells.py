# SPDX-License-Identifier: Apache-2.0
"""What is measured, and what is to be reached: one factor at a time around a base cell.

The base cell: inner frames of 64 bytes, one worker, one queue, one session, null:, no filter.
"""

from __future__ import annotations

from typing import List

from .inputs import FRAMES, Input
from .looped import disk, fio, null, testpmd, tmpfs
from .measure import Cell, Group, Target

BASE = Input()
LARGE = Input("1450")
PACKETS, BYTES = "packets/s", "bytes/s"
QUEUES = 8


def groups() -> List[Group]:
    """All of them, in the order in which they run."""
    return [_base(), *_sizes(), _tmpfs("64"), _tmpfs("1450"), _disk("64"), _disk("1450")]


def _base() -> Group:
    tcp = Input(tcp=True)
    return Group("64-byte frames", [
        testpmd(BASE),
        null("null-64", "mirrorcap", BASE),
        null("sessions-16", "16 sessions", Input(sessions=16)),
        null("sessions-256", "256 sessions", Input(sessions=256)),
        # Each queue has frames of its own: as many in all as one queue has.
        null("queues-8", "8 queues", Input(frames=FRAMES // QUEUES), queues=QUEUES),
        null("workers-2", "2 workers", Input(frames=FRAMES // 2),
             ["--workers", "2"], queues=2, cpus=3),
        null("unfiltered", "mirrorcap, TCP frames", tcp),
        null("filtered", "mirrorcap -f 'tcp port 443'", tcp, ["-f", "tcp port 443"]),
    ], [
        Cell("base", "64-byte frames, null:", "null-64", PACKETS, "testpmd-64",
             Target(at_least=0.55), quick=True),
        Cell("sessions-16", "16 sessions in turn", "sessions-16", PACKETS, "null-64"),
        Cell("sessions-256", "256 sessions in turn", "sessions-256", PACKETS, "null-64",
             Target(at_least=0.80), quick=True),
        Cell("queues-8", "8 queues, one worker", "queues-8", PACKETS, "null-64",
             Target(at_least=0.90), quick=True),
        Cell("workers-2", "2 workers", "workers-2", PACKETS, "null-64"),
        Cell("filter", "-f 'tcp port 443' that matches all", "filtered", PACKETS, "unfiltered",
             Target(at_least=0.75), quick=True),
    ])


def _sizes() -> List[Group]:
    return [_size(size) for size in ("128", "512", "1450", "8500", "imix")]


def _size(size: str) -> Group:
    what = Input(size)
    name = f"{size}-byte frames" if size.isdigit() else "IMIX (64, 594, 1514 bytes; 7:4:1)"
    target = Target(at_least=0.45) if size == "1450" else Target()
    return Group(name, [testpmd(what), null(f"null-{size}", "mirrorcap", what)], [
        Cell(size, f"{name}, null:", f"null-{size}", PACKETS, f"testpmd-{size}", target,
             quick=size == "1450"),
    ])


def _tmpfs(size: str) -> Group:
    what = Input(size)
    return Group(f"tmpfs, {size}-byte frames", [
        null(f"null-{size}", "mirrorcap to null:", what),
        tmpfs(f"tmpfs-{size}", what),
    ], [
        Cell(f"tmpfs-{size}", f"{size}-byte frames to tmpfs", f"tmpfs-{size}", PACKETS,
             f"null-{size}"),
    ])


def _disk(size: str) -> Group:
    what = Input(size)
    return Group(f"disk, {size}-byte frames", [
        fio(),
        disk(f"disk-{size}", what),
        disk(f"unsynced-{size}", what, "none"),
    ], [
        Cell(f"disk-{size}", f"{size}-byte frames to disk", f"disk-{size}", BYTES, "fio",
             quick=size == "1450"),
        Cell(f"sync-{size}", f"{size}-byte frames to disk, --sync interval", f"disk-{size}", BYTES,
             f"unsynced-{size}", Target(at_least=0.95)),
    ])
