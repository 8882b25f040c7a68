# SPDX-License-Identifier: Apache-2.0
"""Capture files, read and written without help: what judges the product shares no code with it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Iterable, Iterator, List

from .errors import BenchError

FILE_HEADER = struct.Struct("<IHHiIII")
RECORD_HEADER = struct.Struct("<IIII")
NANOSECONDS, MICROSECONDS = 0xa1b23c4d, 0xa1b2c3d4
ETHERNET = 1
SNAPLEN = 262144


@dataclass(frozen=True)
class Record:
    """A frame as it is stored."""

    time_ns: int
    length: int   # of the frame before it was cut
    data: bytes


def records(stream: BinaryIO, name: str) -> Iterator[Record]:
    """The records of a file with nanoseconds; raises BenchError where it is cut or damaged."""
    head = stream.read(FILE_HEADER.size)
    if len(head) < FILE_HEADER.size or FILE_HEADER.unpack(head)[0] != NANOSECONDS:
        raise BenchError(f"{name}: not a pcap file with nanoseconds")
    while True:
        head = stream.read(RECORD_HEADER.size)
        if not head:
            return
        if len(head) < RECORD_HEADER.size:
            raise BenchError(f"{name}: a record header is cut short")
        second, fraction, stored, length = RECORD_HEADER.unpack(head)
        data = stream.read(stored)
        if not 0 < stored <= length <= SNAPLEN or fraction >= 10**9 or len(data) < stored:
            raise BenchError(f"{name}: a record of {stored} of {length} bytes is damaged")
        yield Record(second * 10**9 + fraction, length, data)


def read(path: str) -> List[Record]:
    """All records of a file."""
    with open(path, "rb") as stream:
        return list(records(stream, path))


def write(path: str, frames: Iterable[bytes], magic: int = NANOSECONDS) -> None:
    """Frames; their times mean nothing."""
    with open(path, "wb") as stream:
        stream.write(FILE_HEADER.pack(magic, 2, 4, 0, 0, SNAPLEN, ETHERNET))
        for number, frame in enumerate(frames):
            stream.write(RECORD_HEADER.pack(1, number * 1000 % 10**6, len(frame), len(frame)))
            stream.write(frame)
