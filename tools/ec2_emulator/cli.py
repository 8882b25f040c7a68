# SPDX-License-Identifier: Apache-2.0
"""The command line: what exists, who may sign, where to listen."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Sequence, TypeVar

from .cloud import Cloud
from .declare import (accept_all, parse_balancer, parse_delivery, parse_endpoint, parse_filter,
                      parse_interface, parse_target)
from .ec2 import sessions
from .log import JsonLog, Log
from .mirror import MirrorControl, in_namespace
from .server import Server
from .service import Emulator
from .sigv4 import Credential
from .table import Table
from .world import World, is_id

# The key of AWS's published signing examples; it opens nothing but this program.
DEFAULT_CREDENTIAL = Credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

DESCRIPTION = """\
Stands for the EC2 control plane of one account and region: checks signatures, keeps Traffic
Mirror sessions as EC2 does, and mirrors live interfaces with mirrorgen while a session exists.
"""

EPILOG = """\
interfaces, targets and filters (each option may be repeated):
  --network-interface eni-0123456789abcdef0
        exists, but nothing is mirrored
  --interface eni-0123456789abcdef0=[NETNS/]IFACE[,ip=ADDRESS][,mac=MAC]
        stands for a Linux interface: its frames, in and out, are mirrored while it has a session,
        from ip (the interface's first address) and mac (that of the interface sent from)
  --target tmt-0123456789abcdef0[=ADDRESS,from=[NETNS/]IFACE[,kind=KIND][,mac=MAC]]
        mirrored packets go to ADDRESS and leave through IFACE, in the namespace of the mirrored
        interface; kind is nlb (the default), network-interface or gwlb; mac is the next hop's
        (else the kernel must know it)
  --filter tmf-0123456789abcdef0
        accepts everything, by four rules; a filter that is created has none and accepts nothing
  --load-balancer arn:aws:elasticloadbalancing:…:loadbalancer/net/NAME/0123456789abcdef
  --vpc-endpoint vpce-0123456789abcdef0
        what targets can be created for, besides interfaces
  --delivery RESOURCE=ADDRESS,from=[NETNS/]IFACE[,mac=MAC]
        as with --target, for targets that are created: RESOURCE is an interface's or endpoint's id,
        or a load balancer's ARN or name

credentials file: a JSON list of
  {"access_key": ID, "secret_key": KEY, "session_token": TOKEN, "allow": ["ec2:Describe*", ...]}
session_token and allow may be absent. Without --credentials and --access-key, the key is that of
AWS's published examples (AKIDEXAMPLE). EC2_EMULATOR_SECRET_KEY and EC2_EMULATOR_SESSION_TOKEN keep
the secrets of --access-key out of the process list.

log: one JSON object a line, for each request and for each start and end of a mirror.

example:
  ec2-emulator --port 0 --port-file port \\
      --interface eni-0a1b2c3d4e5f60718=fabric/web0,ip=10.0.0.5 \\
      --target tmt-0a1b2c3d=10.9.0.2,from=fabric/col0 --filter tmf-0a1b2c3d
"""

T = TypeVar("T")


class UsageError(Exception):
    """Something in the command line or what it names that cannot be used."""


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Runs until SIGTERM or SIGINT. Returns the exit code: 0, 1 failed, 2 usage."""
    options = _parser().parse_args(argv)
    try:
        cloud = Cloud([options.region], [options.account])
        cloud.credentials.update(_credentials(options))
        _declare_world(options, cloud.world())
    except UsageError as error:
        print(f"ec2-emulator: {error}", file=sys.stderr)
        return 2
    try:
        return _serve(options, cloud)
    except OSError as error:
        print(f"ec2-emulator: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ec2-emulator", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, default=8080, help="port to listen on, 0 for any (%(default)s)")
    add("--port-file", metavar="FILE", help="write the port to FILE once listening")
    add("--region", default="us-east-1", help="region of the account (%(default)s)")
    add("--account", default="123456789012", help="number of the account (%(default)s)")
    add("--network-interface", metavar="ENI", action="append", default=[], help="see below")
    add("--interface", metavar="SPEC", action="append", default=[], help="see below")
    add("--target", metavar="SPEC", action="append", default=[], help="see below")
    add("--filter", metavar="TMF", action="append", default=[], help="see below")
    add("--load-balancer", metavar="ARN", action="append", default=[], help="see below")
    add("--vpc-endpoint", metavar="VPCE", action="append", default=[], help="see below")
    add("--delivery", metavar="SPEC", action="append", default=[], help="see below")
    add("--mirrorgen", metavar="PROGRAM", default="mirrorgen",
        help="the mirror source to run (%(default)s)")
    add("--credentials", metavar="FILE", help="keys that may sign, in JSON; see below")
    add("--access-key", metavar="ID", help="a key that may sign, and may do everything")
    add("--secret-key", metavar="KEY", help="its secret (EC2_EMULATOR_SECRET_KEY)")
    add("--session-token", metavar="TOKEN",
        help="the token that it must come with (EC2_EMULATOR_SESSION_TOKEN)")
    add("--log", metavar="FILE", help="append the log to FILE (standard error)")
    add("--state-dump", metavar="FILE", help="write the sessions that are left to FILE at exit")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port (0 to 65535)")
    return int(text)


def _credentials(options: argparse.Namespace) -> Dict[str, Credential]:
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
    unknown = set(entry) - {"access_key", "secret_key", "session_token", "allow"}
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]}")
    return Credential(entry["access_key"], entry["secret_key"], entry.get("session_token"),
                      tuple(entry.get("allow", ["*"])))


def _declare_world(options: argparse.Namespace, world: World) -> None:
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


def _serve(options: argparse.Namespace, cloud: Cloud) -> int:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    # pylint: disable=consider-using-with
    stream = open(options.log, "a", encoding="utf-8") if options.log else sys.stderr
    log: Log = JsonLog(stream)
    mirrors = MirrorControl(cloud, options.mirrorgen, log)
    emulator = Emulator(cloud, mirrors, log)
    try:
        server = Server((options.host, options.port), emulator.handle)
    except OSError as error:
        raise OSError(f"{options.host}:{options.port}: cannot listen: {error.strerror}: give "
                      "another --host or --port") from error
    try:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if options.port_file:
            _write_atomically(options.port_file, f"{server.server_port}\n")
        print(f"ec2-emulator: {options.region} at {server.url()}", file=sys.stderr, flush=True)
        ended.wait()
        server.shutdown()
    finally:
        # The lock is kept: no request may start a mirror after this.
        cloud.lock.acquire()
        mirrors.stop_all()
    if options.state_dump:
        _write_atomically(options.state_dump, json.dumps(_state(cloud), indent=2) + "\n")
    return 0


def _state(cloud: Cloud) -> Any:
    """The sessions as awscli prints them."""
    return {"TrafficMirrorSessions": [_plain(sessions.elements(session))
                                      for world in cloud.worlds()
                                      for session in world.sessions.values()]}


def _plain(elements: Any) -> Any:
    names = {"tagSet": "Tags"}
    return {names.get(name, name[0].upper() + name[1:]):
            [_plain(item) for _, item in value] if isinstance(value, list) else value
            for name, value in elements}


def _write_atomically(path: str, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, path)
