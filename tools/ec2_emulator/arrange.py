# SPDX-License-Identifier: Apache-2.0
"""Turns options into who may sign and what exists."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, TypeVar

from .declare import (accept_all, parse_balancer, parse_delivery, parse_endpoint, parse_filter,
                      parse_interface, parse_target)
from .buckets import parse_rates
from .cloud import Cloud, Role
from .faults import parse_fault
from .metadata import Container, Identity, Imds, RoleKeys
from .mirror import in_namespace
from .service import Emulator
from .sigv4 import Credential
from .table import Table
from .world import Instance, World, is_id

# The key of AWS's published signing examples; it opens nothing but this program.
DEFAULT_CREDENTIAL = Credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

T = TypeVar("T")


class UsageError(Exception):
    """Something in the command line or what it names that cannot be used."""


def credentials(options: argparse.Namespace) -> Dict[str, Credential]:
    """The keys that may sign, by id."""
    found: List[Credential] = []
    if options.credentials:
        found += _read_credentials(options.credentials)
    if options.access_key:
        secret = options.secret_key or os.environ.get("EC2_EMULATOR_SECRET_KEY")
        if not secret:
            raise UsageError("--access-key: no secret: set EC2_EMULATOR_SECRET_KEY")
        token = options.session_token or os.environ.get("EC2_EMULATOR_SESSION_TOKEN")
        found.append(Credential(options.access_key, secret, token or None))
    elif options.secret_key or options.session_token:
        raise UsageError("--secret-key, --session-token: give --access-key too")
    return {c.access_key: c for c in found or [DEFAULT_CREDENTIAL]}


def _read_credentials(path: str) -> List[Credential]:
    try:
        with open(path, encoding="utf-8") as stream:
            entries = json.load(stream)
        return [_read_credential(entry) for entry in entries]
    except OSError as error:
        raise UsageError(f"--credentials {path}: {error.strerror}: give a JSON file") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"--credentials {path}: not a list of keys ({error}): see "
                         "--help") from error


def _read_credential(entry: Dict[str, Any]) -> Credential:
    unknown = set(entry) - {"access_key", "secret_key", "session_token", "allow", "account",
                            "arn"}
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]}")
    return Credential(entry["access_key"], entry["secret_key"], entry.get("session_token"),
                      tuple(entry.get("allow", ["*"])), entry.get("account"), entry.get("arn"))


def declare_world(options: argparse.Namespace, world: World) -> None:
    """Puts what the options declare into the world; raises UsageError."""
    for spec in options.network_interface:
        if not is_id(spec, "eni"):
            raise UsageError(f"--network-interface {spec}: not an id (eni- and 8 or 17 "
                             "hexadecimal digits)")
        _declare(world.interfaces, "--network-interface", spec, parse_interface)
    for spec in options.interface:
        _declare(world.interfaces, "--interface", spec, parse_interface)
    for spec in options.target:
        _declare(world.targets, "--target", spec, parse_target)
    for spec in options.filter:
        _declare(world.filters, "--filter", spec, parse_filter)
    for spec in options.load_balancer:
        _declare(world.balancers, "--load-balancer", spec, parse_balancer)
    for spec in options.vpc_endpoint:
        _declare(world.endpoints, "--vpc-endpoint", spec, parse_endpoint)
    for spec in options.delivery:
        resource, delivery = _parsed("--delivery", spec, parse_delivery)
        world.cloud.deliveries[resource] = delivery
        _check_link("--delivery", delivery.link.netns, delivery.link.device)
    for filter_id in world.filters:
        for rule in accept_all(filter_id):
            world.rules.add(rule, declared=True)
    for target_id, target in world.targets.items():
        world.targets[target_id] = replace(target, owner_id=world.account)
    for interface in world.interfaces.values():
        if interface.link:
            _check_link("--interface", interface.link.netns, interface.link.device)
    for target in world.targets.values():
        if target.link:
            _check_link("--target", target.link.netns, target.link.device)


def _declare(table: "Table[T]", option: str, spec: str, parse: Callable[[str], T]) -> None:
    item: Any = _parsed(option, spec, parse)
    if item.id in table:
        raise UsageError(f"{option} {spec}: {item.id} is declared twice: declare it once")
    table.add(item, declared=True)


def _parsed(option: str, spec: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(spec)
    except ValueError as error:
        raise UsageError(f"{option} {spec}: {error}: see --help") from error


def _check_link(option: str, netns: Optional[str], device: str) -> None:
    if netns and not os.path.exists(f"/run/netns/{netns}"):
        raise UsageError(f"{option}: {netns}: no such network namespace: ip netns add {netns}")
    argv = in_namespace(netns, ["ip", "link", "show", "dev", device])
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        why = result.stderr.strip().rstrip(".")
        where = f" in {netns}" if netns else ""
        raise UsageError(f"{option}: {device}: {why}: create it{where} first")


def set_up(options: argparse.Namespace, emulator: Emulator) -> None:
    """Sets faults, throttling and clocks."""
    emulator.faults.add(*[_parsed("--fault", spec, parse_fault) for spec in options.fault])
    if options.throttle:
        emulator.buckets.set(*_parsed("--throttle", options.throttle, parse_rates))
    emulator.cloud.initial_seconds = options.initial_seconds
    emulator.cloud.skew = datetime.timedelta(seconds=options.clock_skew)
    if bool(options.tls_certificate) != bool(options.tls_key):
        raise UsageError("--tls-certificate, --tls-key: give both")


def imds(options: argparse.Namespace, cloud: Cloud) -> Imds:
    """The metadata service of the instance that the options name."""
    world = cloud.world()
    instance_id = options.imds_instance
    instance = world.instances.get(instance_id) or Instance(instance_id)
    first = next((i for i in world.interfaces.values() if i.instance_id == instance_id), None)
    identity = Identity(instance_id, instance.kind, world.region,
                        first.zone if first and first.zone else f"{world.region}a",
                        world.account, first.address if first and first.address else "10.0.0.10")
    if not options.imds_role:
        return Imds(identity, None)
    role = _role("--imds-role", options.imds_role, cloud)
    return Imds(identity, RoleKeys(cloud, role, instance_id))


def container(options: argparse.Namespace, cloud: Cloud) -> Optional[Container]:
    """The container endpoint, where one is asked for."""
    if options.container_port is None:
        return None
    if not options.container_role:
        raise UsageError("--container-port: give --container-role too")
    role = _role("--container-role", options.container_role, cloud)

    def token() -> Optional[str]:
        if not options.container_token_file:
            return None
        with open(options.container_token_file, encoding="utf-8") as stream:
            return stream.read().strip()

    return Container(RoleKeys(cloud, role, "container"), token)


def _role(option: str, arn: str, cloud: Cloud) -> Role:
    """A role of the world file, or one that may do everything."""
    if len(arn.split(":")) != 6 or ":role/" not in arn:
        raise UsageError(f"{option} {arn}: not arn:aws:iam::ACCOUNT:role/NAME")
    return cloud.roles[arn] if arn in cloud.roles else cloud.roles.add(Role(arn))
