# SPDX-License-Identifier: Apache-2.0
"""All accounts and regions, who may sign in them, and what they share."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from .log import utc_now
from .sigv4 import Credential
from .table import Table
from .world import Delivery, Session, Target, World


@dataclass(frozen=True)
class Share:
    """A target (* for all) of `owner` that `account` may use, in the same region."""

    target_id: str
    owner: str
    account: str

    @property
    def id(self) -> str:
        """Its key in tables."""
        return f"{self.owner} {self.target_id} {self.account}"


@dataclass(frozen=True)
class Role:
    """What AssumeRole gives out. An empty `trust` lets every account in."""

    arn: str
    external_id: Optional[str] = None
    trust: Tuple[str, ...] = ()
    allow: Tuple[str, ...] = ("*",)
    web_identity_token: Optional[str] = None
    # Set for tests, which cannot wait the 15 minutes that AWS gives at least.
    seconds: Optional[float] = None

    @property
    def id(self) -> str:
        """Its key in tables."""
        return self.arn

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]


class Cloud:
    """What the emulator stands for. The first region and account are the defaults."""

    def __init__(self, regions: Sequence[str], accounts: Sequence[str]) -> None:
        self.regions: List[str] = list(regions)
        self.accounts: List[str] = list(accounts)
        self.credentials: Dict[str, Credential] = {}
        self.roles: Table[Role] = Table()
        self.shares: Table[Share] = Table()
        self.deliveries: Dict[str, Delivery] = {}
        # What a test says of targets behind load balancers, by id: their state.
        self.health: Dict[str, str] = {}
        # For how long a target is initial before it is healthy.
        self.initial_seconds = 0.0
        # How far the emulator's clock is ahead of the machine's.
        self.skew = datetime.timedelta()
        # Documents of Describe answers that are true until anything changes, cut in two where the
        # request's id stands: 10,000 rows are read in many pages, again and again.
        self.answers: Dict[Tuple[str, ...], Tuple[bytes, bytes]] = {}
        self.lock = threading.RLock()
        self._worlds: Dict[Tuple[str, str], World] = {}

    def now(self) -> datetime.datetime:
        """The time by the emulator's clock."""
        return utc_now() + self.skew

    def world(self, account: Optional[str] = None, region: Optional[str] = None) -> World:
        """The account's world; one that is new is made, with nothing in it."""
        key = (account or self.accounts[0], region or self.regions[0])
        if key[0] not in self.accounts:
            self.accounts.append(key[0])
        if key[1] not in self.regions:
            self.regions.append(key[1])
        if key not in self._worlds:
            self._worlds[key] = World(self, key[1], key[0])
        return self._worlds[key]

    def worlds(self) -> List[World]:
        """Every account and region that has been used."""
        return list(self._worlds.values())

    def account_of(self, credential: Credential) -> str:
        return credential.account or self.accounts[0]

    def shared_with(self, world: World) -> Dict[str, Target]:
        """The targets of other accounts that the world's account may use."""
        found: Dict[str, Target] = {}
        for share in self.shares.values():
            if share.account == world.account and share.owner != world.account:
                targets = self.world(share.owner, world.region).targets
                found.update({i: t for i, t in targets.items() if share.target_id in ("*", i)})
        return found

    def sessions_to(self, target_id: str) -> Iterator[Session]:
        """The sessions of all accounts that mirror to the target."""
        for world in self.worlds():
            yield from (s for s in world.sessions.values() if s.target_id == target_id)
