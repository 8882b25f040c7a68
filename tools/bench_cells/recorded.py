# SPDX-License-Identifier: Apache-2.0
"""Whether what was recorded at full rate is what was sent: a sample of each file that is left."""

from __future__ import annotations

import io
import os
import random
from typing import Dict, Optional, Sequence

from . import pcap
from .errors import BenchError
from .inputs import OVERHEAD

SAMPLE_BYTES = 1 << 20
PLACES = 4  # in a file, beside its beginning


def check(paths: Sequence[str], source: str, cut: Optional[int] = None) -> int:
    """Compares records with the source's frames; raises BenchError for one that is not there.

    cut: how many bytes of each were to be stored. Files that retention has deleted meanwhile are
    passed over; one must be left. Returns how many records were compared.
    """
    sent = frames(source, cut)
    compared = 0
    left = [path for path in paths if os.path.exists(path)]
    for path in left:
        compared += _check_file(path, sent)
    if not compared:
        raise BenchError(f"{len(paths)} files: none is left to be checked: look at what deletes "
                         "them")
    return compared


def frames(source: str, cut: Optional[int] = None) -> Dict[bytes, int]:
    """What is to be stored of a file of mirrored packets, each with its frame's length."""
    inner = (record.data[OVERHEAD:] for record in pcap.read(source))
    return {frame[:cut]: len(frame) for frame in inner}


def _check_file(path: str, sent: Dict[bytes, int]) -> int:
    with open(path, "rb") as stream:
        beginning = stream.read(SAMPLE_BYTES)
        compared = _check_records(path, beginning, sent)
        sizes = {len(frame) for frame in sent}
        if len(sizes) > 1:
            return compared  # where a record begins is not known elsewhere
        step = pcap.RECORD_HEADER.size + sizes.pop()
        for _ in range(PLACES):
            whole = (os.path.getsize(path) - pcap.FILE_HEADER.size) // step
            at = pcap.FILE_HEADER.size + random.randrange(whole) * step
            stream.seek(at)
            compared += _check_records(path, beginning[:pcap.FILE_HEADER.size] +
                                       stream.read(SAMPLE_BYTES), sent)
    return compared


def _check_records(path: str, content: bytes, sent: Dict[bytes, int]) -> int:
    """Of a piece of a file that begins with a record and may end in the middle of one."""
    stream = io.BytesIO(content)
    compared, before = 0, 0
    reader = pcap.records(stream, path)
    while True:
        at = stream.tell()
        if compared and _cut(content, at):
            return compared
        record = next(reader, None)
        if record is None:
            return compared
        if sent.get(record.data) != record.length:
            raise BenchError(f"{path}: record {compared} from byte {at} is no frame that was sent: "
                             "this is a defect, please report it")
        if record.time_ns < before:
            raise BenchError(f"{path}: record {compared} from byte {at} is older than the one "
                             "before: this is a defect, please report it")
        before = record.time_ns
        compared += 1


def _cut(content: bytes, at: int) -> bool:
    """Whether the record at a place is cut short by the end of the piece."""
    head = content[at:at + pcap.RECORD_HEADER.size]
    if len(head) < pcap.RECORD_HEADER.size:
        return bool(head)
    return at + len(head) + pcap.RECORD_HEADER.unpack(head)[2] > len(content)


