# SPDX-License-Identifier: Apache-2.0
"""The world file: what exists, in JSON, and how a changed file changes the cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict

from . import worldrows
from .api import Mirrors
from .cloud import Cloud
from .ec2.mirroring import reconcile
from .log import Log
from .table import Table
from .world import Interface, Session, World


class WorldError(ValueError):
    """A world file that cannot be used; says where."""


@dataclass(frozen=True)
class _Place:
    """A row's table and key. Rows of the cloud itself have neither account nor region."""

    table: str
    account: str
    region: str
    key: str


_Rows = Dict[_Place, Any]


class WorldFile:
    """What was declared by a file, so that a new version changes only what differs.

    A row that is declared as before keeps what API calls have made of it.
    """

    def __init__(self, cloud: Cloud, mirrors: Mirrors, log: Log) -> None:
        self._cloud = cloud
        self._mirrors = mirrors
        self._log = log
        self._declared: _Rows = {}

    def load(self, path: str) -> None:
        """Reads a file and applies it; raises WorldError or OSError and changes nothing then."""
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        try:
            document = json.loads(text)
        except ValueError as error:
            raise WorldError(f"not JSON: {error}") from error
        self.apply(document)

    def apply(self, document: Any) -> None:
        """Makes what the document declares exist, and what only the last one declared vanish."""
        rows = _read(self._cloud, document)
        with self._cloud.lock:
            gone = set(self._declared) - set(rows)
            changed = {place for place, row in rows.items()
                       if place not in self._declared or self._declared[place] != row}
            for place in gone:
                _remove(self._table(place), place.key)
            for place, row in rows.items():
                if place in changed:
                    _put(self._table(place), place.key, row)
            before, self._declared = self._declared, rows
            self._cloud.answers.clear()
            for place in gone | changed:
                self._reconcile(place, rows.get(place, before.get(place)))
        self._log(event="world-loaded", declared=len(rows), changed=len(changed), gone=len(gone))

    def _table(self, place: _Place) -> Any:
        owner: Any = self._cloud.world(place.account, place.region) if place.region \
            else self._cloud
        return getattr(owner, place.table)

    def _reconcile(self, place: _Place, row: Any) -> None:
        """The data plane follows interfaces and sessions that appeared, changed or vanished."""
        interface_id = row.interface_id if isinstance(row, Session) else place.key
        if place.table not in ("interfaces", "sessions"):
            return
        world = self._cloud.world(place.account, place.region)
        if place.table == "interfaces" and not world.sessions.of(interface_id):
            return
        try:
            reconcile(world, self._mirrors, interface_id)()
        except OSError:
            pass  # The data plane has logged it.


def _remove(table: Any, key: str) -> None:
    if key not in table:
        return
    if isinstance(table, Table):
        table.remove(key)
    else:
        del table[key]


def _put(table: Any, key: str, row: Any) -> None:
    if isinstance(table, Table) and key not in table:
        table.add(row, declared=True)
    else:
        table[key] = row


def _read(cloud: Cloud, document: Any) -> _Rows:
    """All rows of a document, in the order of its kinds; raises WorldError."""
    if not isinstance(document, dict):
        raise WorldError("it is not a JSON object")
    unknown = set(document) - set(worldrows.KINDS)
    if unknown:
        raise WorldError(f"{sorted(unknown)[0]}: unknown; there are "
                         f"{', '.join(worldrows.KINDS)}")
    rows: _Rows = {}
    for name, kind in worldrows.KINDS.items():
        entries = document.get(name, [])
        if not isinstance(entries, list):
            raise WorldError(f"{name}: not a list")
        for index, entry in enumerate(entries):
            _read_entry(cloud, f"{name}[{index}]", entry, kind, rows)
    _complete_interfaces(rows)
    return rows


def _read_entry(cloud: Cloud, where: str, entry: Any, kind: worldrows.Kind, rows: _Rows) -> None:
    try:
        found = kind.read(worldrows.Entry(entry, kind.fields), cloud)
        for table, key, row in found.rows:
            local = table in World.__dataclass_fields__
            place = _Place(table, found.account if local else "",
                           found.region if local else "", key)
            if place in rows:
                raise ValueError(f"{key} is declared twice")
            rows[place] = row
    except (ValueError, TypeError, KeyError) as error:
        raise WorldError(f"{where}: {error}") from error


def _complete_interfaces(rows: _Rows) -> None:
    """An interface is in the VPC and zone of its subnet where these are not given."""
    for place, row in rows.items():
        if not isinstance(row, Interface) or not row.subnet_id:
            continue
        subnet = rows.get(_Place("subnets", place.account, place.region, row.subnet_id))
        if subnet:
            rows[place] = worldrows.in_subnet(row, subnet)

