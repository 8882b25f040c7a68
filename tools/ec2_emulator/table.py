# SPDX-License-Identifier: Apache-2.0
"""Rows by id, each with its place in all listings and the time it came to be."""

from __future__ import annotations

import itertools
import time
from typing import Any, Dict, List, Tuple, TypeVar

T = TypeVar("T")

_places = itertools.count(1)


class Table(Dict[str, T]):
    """Rows in the order in which they were added; `table[id] = row` only replaces one.

    A row's place grows over all tables, so that rows of several can be listed as one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._births: Dict[str, Tuple[int, float]] = {}

    def add(self, row: T, declared: bool = False) -> T:
        """Adds a row under its `id`; one that was declared has existed for ever."""
        row_id = _id(row)
        self._births[row_id] = (next(_places), float("-inf") if declared else time.monotonic())
        self[row_id] = row
        return row

    def remove(self, row_id: str) -> T:
        """Takes a row out and returns it."""
        del self._births[row_id]
        return self.pop(row_id)

    def age(self, row_id: str) -> float:
        """Seconds since the row was added."""
        return time.monotonic() - self._births[row_id][1]

    def rows(self, hidden_seconds: float = 0) -> List[Tuple[int, T]]:
        """Each row with its place, without those that are younger than `hidden_seconds`."""
        if not hidden_seconds:
            return [(self._births[row_id][0], row) for row_id, row in self.items()]
        return [(self._births[row_id][0], row) for row_id, row in self.items()
                if self.age(row_id) >= hidden_seconds]


def _id(row: Any) -> str:
    return str(row.id)
