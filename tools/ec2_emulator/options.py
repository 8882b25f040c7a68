# SPDX-License-Identifier: Apache-2.0
"""The command line's options and what --help says of them."""

from __future__ import annotations

import argparse

DESCRIPTION = """\
Stands for AWS in tests and demonstrations: EC2's Traffic Mirroring, STS and Elastic Load Balancing
(version 2) at one port, for several accounts and regions, with signatures checked, and the sources
of keys on instances and in containers at others. Live interfaces are mirrored with mirrorgen while
a session exists. Faults happen on request.
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

world file: a JSON object of lists, each of whose objects takes the keys shown (most may be left out;
"account" and "region" default to the first ones). SIGHUP, or POST /reload to the control port, reads
it again: what it no longer declares vanishes, what it declares anew or otherwise appears, and what
it declares as before stays as API calls have made it. A file that is wrong changes nothing.
  "subnets":        id vpc_id availability_zone
  "instances":      id instance_type state tags subnet_id network_interfaces, the last a list of
                    what network_interfaces takes, at device_index 0, 1 … unless it is given
  "network_interfaces":
                    id private_ip_address ipv6_addresses mac_address tags subnet_id vpc_id
                    availability_zone interface_type status description requester_id
                    requester_managed instance_id device_index, and link ([NETNS/]IFACE: as with
                    --interface)
  "vpc_endpoints":  id
  "load_balancers": arn vpc_id subnets tags
  "targets":        id description tags, and one of network_interface_id,
                    network_load_balancer_arn, gateway_load_balancer_endpoint_id
  "filters":        id description tags network_services rules; a rule has direction number action
                    destination source destination_ports ([FROM, TO]) source_ports protocol
                    description; without the key rules a filter accepts everything
  "sessions":       id network_interface_id target_id filter_id session_number virtual_network_id
                    packet_length (8500) description tags, unchecked: for many of them at start,
                    or as leftovers of what has vanished
  "deliveries":     resource address from mac: as with --delivery
  "shares":         account target ("*" for all) with: targets that another account may use
  "credentials":    account access_key secret_key session_token allow arn
  "roles":          arn external_id trust allow web_identity_token seconds: see roles

roles: AssumeRole checks external_id where the role has one, and trust (accounts' numbers, ARNs of
users and roles) where it is not empty; AssumeRoleWithWebIdentity compares web_identity_token. The
keys of a role may do what allow says, in the account of the ARN, for as long as was asked or, so
that tests can see them expire, for "seconds".

credentials file: a JSON list of
  {"access_key": ID, "secret_key": KEY, "session_token": TOKEN, "allow": ["ec2:Describe*", ...],
   "account": NUMBER, "arn": ARN}
The last four may be absent. Without --credentials and --access-key, the key is that of
AWS's published examples (AKIDEXAMPLE). EC2_EMULATOR_SECRET_KEY and EC2_EMULATOR_SESSION_TOKEN keep
the secrets of --access-key out of the process list.

faults: KIND[,KEY=VALUE …], or in JSON {"kind": KIND, KEY: VALUE …}. All take action=PATTERN
(DescribeTrafficMirror*, sts:*, imds:PutToken, imds:GetCredentials, imds:Get,
container:GetCredentials; default *, which is all requests to --port), request=N (only the request with that number in the log),
nth=N (only the Nth that fits), from=N (that and all later ones), times=N (at most so often).
  throttle              RequestLimitExceeded (503), Throttling (400) where it is not EC2
  error                 status=500 code=InternalError message= when=before
  drop                  the connection ends without an answer: how=close|reset when=after
  hold                  it stays open without an answer until the client gives up: when=after
  slow                  seconds=1 when=before
  truncate              the document ends early: bytes=N (half)
  short                 the connection ends early, before Content-Length is reached: bytes=N (half)
  wrong                 XML of another root
  huge                  XML of bytes=N (64 MiB)
  deep                  XML with depth=N elements in each other (100000)
  text                  no XML: body=TEXT status=200
  empty                 200 without a document
  eventual              resources younger than seconds=1 are neither found nor listed
  partial               Describe lists the first keep=N items (half), with no sign of more
  skew                  the emulator's clock is seconds=1 ahead, and so is the Date header
  date                  only the Date header is
when=before: the request has no effect; after: it has taken effect. Where several fit, all strike.
The log's "number" counts requests to --port from 1; "faults" and "applied" say what was done.

control port (not bound unless asked for), JSON bodies:
  GET /                 {"requests": N}: the number of the last request
  GET /state            sessions, targets, filters, rules, load balancers … of all accounts
  GET, DELETE /faults   those that are set, with how often each was seen and hit
  POST /faults          one or a list of them
  PUT /world            a world file's contents
  POST /reload          reads the world file again
  PUT /health           {"10.0.0.1": "unhealthy"}: the states of registered targets, by id
  PUT /settings         {"initial_seconds": N, "clock_skew_seconds": N,
                        "throttle": {"mutating": [50, 5], "describe": [100, 20]} or null}
  POST /expire          temporary keys given out so far have expired

log: one JSON object a line, for each request and for each start and end of a mirror.

example:
  ec2-emulator --port 0 --port-file port \\
      --interface eni-0a1b2c3d4e5f60718=fabric/web0,ip=10.0.0.5 \\
      --target tmt-0a1b2c3d=10.9.0.2,from=fabric/col0 --filter tmf-0a1b2c3d
"""


def parser() -> argparse.ArgumentParser:
    """All options; what they mean together is checked where they are used."""
    made = argparse.ArgumentParser(
        prog="ec2-emulator", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, default=8080, help="port to listen on, 0 for any (%(default)s)")
    add("--port-file", metavar="FILE", help="write the port to FILE once listening")
    add("--region", action="append", metavar="NAME",
        help="a region; the first is that of what options declare (us-east-1)")
    add("--account", action="append", metavar="NUMBER",
        help="an account; the first is that of what options declare (123456789012)")
    add("--world", metavar="FILE", help="what exists, in JSON; see below")
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
    add("--fault", metavar="SPEC", action="append", default=[], help="see below")
    add("--throttle", metavar="SIZE/REFILL[,SIZE/REFILL]", nargs="?", const="50/5,100/20",
        help="throttle EC2's actions, mutating and Describe (50/5,100/20: tokens, tokens a second)")
    add("--initial-seconds", type=float, default=0, metavar="SECONDS",
        help="registered targets are initial for so long (%(default)s)")
    add("--clock-skew", type=float, default=0, metavar="SECONDS",
        help="how far the emulator's clock is ahead (%(default)s)")
    add("--control-port", type=_port, metavar="PORT", help="port for tests; see below")
    add("--control-port-file", metavar="FILE", help="as --port-file")
    add("--imds-port", type=_port, metavar="PORT", help="port of the instance metadata service")
    add("--imds-port-file", metavar="FILE", help="as --port-file")
    add("--imds-role", metavar="ARN", help="the instance's role; without it there are no keys")
    add("--imds-instance", metavar="INSTANCE", default="i-0123456789abcdef0",
        help="which instance it is (%(default)s)")
    add("--container-port", type=_port, metavar="PORT",
        help="port of the container credentials endpoint, which answers at any path")
    add("--container-port-file", metavar="FILE", help="as --port-file")
    add("--container-role", metavar="ARN", help="the container's role")
    add("--container-token-file", metavar="FILE",
        help="holds what must be in Authorization; read at each request")
    add("--tls-certificate", metavar="FILE", help="speak HTTPS on --port, with this certificate")
    add("--tls-key", metavar="FILE", help="its key")
    add("--log", metavar="FILE", help="append the log to FILE (standard error)")
    add("--state-dump", metavar="FILE", help="write the sessions that are left to FILE at exit")
    return made


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port (0 to 65535)")
    return int(text)
