# SPDX-License-Identifier: Apache-2.0
"""What every API is made of: a call, its answer, and the row of a table of actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional, Protocol

from .errors import ApiError, invalid_value
from .query import Elements, Shape
from .sigv4 import Credential
from .world import Session, World

CLIENT_TOKEN_MAX = 64


class Mirrors(Protocol):
    """The data plane: at most one session of an interface is mirrored at a time."""

    def apply(self, world: World, interface_id: str, session: Optional[Session]) -> None:
        """Stops what mirrors the interface and starts `session`, held; raises OSError."""

    def release(self, interface_id: str, session_id: str) -> None:
        """Lets the session's mirror send, if it is still the interface's."""


def nothing() -> None:
    """What most answers are followed by."""


@dataclass(frozen=True)
class Answer:
    """The elements of an answer, and what is to be done once the client has it."""

    elements: Elements
    after: Callable[[], None] = nothing


@dataclass
class Call:
    """One request that was understood. `hidden_seconds` is how long new rows stay unseen."""

    world: World
    mirrors: Mirrors
    credential: Credential
    service: str
    action: str
    arguments: Dict[str, Any]
    hidden_seconds: float = 0

    def authorize(self, action: str, resource: str = "*") -> None:
        """Raises UnauthorizedOperation unless the key may do `action`."""
        if self.credential.allows(f"{self.service}:{action}"):
            return
        world = self.world
        what = f"arn:aws:{self.service}:{world.region}:{world.account}:{resource}" \
            if resource != "*" else "*"
        raise ApiError("UnauthorizedOperation",
                       "You are not authorized to perform this operation. "
                       f"User: {self.credential.name_in(world.account)} is not authorized to "
                       f"perform: {self.service}:{action} on resource: {what} because no "
                       f"identity-based policy allows the {self.service}:{action} action")

    def end_dry_run(self) -> None:
        """Ends the request here if it was only a rehearsal."""
        if self.arguments.get("DryRun"):
            raise ApiError("DryRunOperation",
                           "Request would have succeeded, but DryRun flag is set.")

    def sees(self, table: Any, row_id: str) -> bool:
        """Whether a row is there and has been for long enough to be seen."""
        return row_id in table and (not self.hidden_seconds
                                    or table.age(row_id) >= self.hidden_seconds)


@dataclass(frozen=True)
class Action:
    """A row of the table. One that is unsigned needs no key."""

    shape: Shape
    handler: Callable[[Call], Answer]
    signed: bool = True


def once(call: Call, create: Callable[[], Answer]) -> Answer:
    """Runs `create` unless its ClientToken has done its work: then answers as it did."""
    token = call.arguments.get("ClientToken")
    if not token:
        return create()
    if len(token) > CLIENT_TOKEN_MAX or not token.isascii():
        raise invalid_value("clientToken", token,
                            f"Expecting at most {CLIENT_TOKEN_MAX} ASCII characters.")
    wanted: Mapping[str, Any] = {k: v for k, v in call.arguments.items()
                                 if k not in ("ClientToken", "DryRun")}
    key = (call.action, token)
    if key in call.world.tokens:
        before, elements = call.world.tokens[key]
        if before != wanted:
            raise ApiError("IdempotentParameterMismatch", "The client token was already used by a "
                           "request with other parameters")
        call.end_dry_run()
        return Answer(elements)
    answer = create()
    elements = list(answer.elements) + [("clientToken", token)]
    call.world.tokens[key] = (wanted, elements)
    return Answer(elements, answer.after)
