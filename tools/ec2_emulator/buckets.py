# SPDX-License-Identifier: Apache-2.0
"""Throttling as EC2 does it: a token bucket for each action of an account in a region."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Dict, Optional, Tuple


@dataclass(frozen=True)
class Rate:
    """How many tokens a bucket holds, and how many it gains each second."""

    size: float
    refill: float


class Buckets:
    """Without rates nothing is throttled. Callers hold the cloud's lock."""

    # What EC2 documents for most of its actions.
    MUTATING, DESCRIBE = Rate(50, 5), Rate(100, 20)

    def __init__(self) -> None:
        self._rates: Optional[Tuple[Rate, Rate]] = None
        self._levels: Dict[Tuple[str, str, str], Tuple[float, float]] = {}

    def set(self, mutating: Rate, describe: Rate) -> None:
        """Starts to throttle, with full buckets."""
        self._rates = (mutating, describe)
        self._levels.clear()

    def off(self) -> None:
        """Ends it."""
        self._rates = None

    def take(self, account: str, region: str, action: str) -> bool:
        """Takes a token; whether there was one."""
        if self._rates is None:
            return True
        rate = self._rates[action.startswith("Describe")]
        key, now = (account, region, action), time.monotonic()
        level, since = self._levels.get(key, (rate.size, now))
        level = min(rate.size, level + (now - since) * rate.refill)
        granted = level >= 1
        self._levels[key] = (level - 1 if granted else level, now)
        return granted


def parse_rates(text: str) -> Tuple[Rate, Rate]:
    """Reads SIZE/REFILL[,SIZE/REFILL]: mutating actions, then Describe actions."""
    rates = []
    for part in text.split(","):
        size, slash, refill = part.partition("/")
        if not slash or not float(size) >= 1 or not float(refill) > 0:
            raise ValueError(f"'{part}' is not SIZE/REFILL")
        rates.append(Rate(float(size), float(refill)))
    if len(rates) > 2:
        raise ValueError(f"'{text}' has more than two rates")
    return rates[0], rates[1] if len(rates) > 1 else Buckets.DESCRIBE
