#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reader of mirror traffic: what capture must record, and whether it did.

Written from "Decapsulation rules" and "Contracts" of docs/design.md alone; shares no code with
the product. Standard library only.

    oracle.py run --input OUTER.pcap --map MAP.json [-s LEN] [--port N] [--filter EXPRESSION]
    oracle.py compare --input OUTER.pcap --map MAP.json --summary SUMMARY.json --output OUT ...

`run` prints as JSON what must come out. `compare` reads the files that the summary names, checks
them packet by packet and the summary count by count, prints the first differences and exits 1.
"""
import argparse
import collections
import json
import os
import sys

from oracle_pcap import read_pcap
from oracle_rules import (REASONS, SESSION_COUNTS, VXLAN_PORT, as_json, judge, read_map,
                          session_of_argument)


class Differences:
    """Collects what differs and shows the first."""
    SHOWN = 10

    def __init__(self):
        self.count = 0

    def add(self, text):
        """One more difference."""
        self.count += 1
        if self.count <= self.SHOWN:
            print(text)
        elif self.count == self.SHOWN + 1:
            print("...")

    def expect(self, what, actual, expected):
        """A difference unless both are equal and of one type."""
        if actual != expected or isinstance(actual, bool) != isinstance(expected, bool):
            self.add(f"{what}: got {actual!r}, expected {expected!r}")


def compare_contract(differences, summary):
    """The summary's keys, to the letter."""
    differences.expect("summary keys", list(summary),
                       ["version", "received", "written", "in_flight", "dropped", "clipped",
                        "reserved_bits", "nic", "sessions", "clock_steps", "files", "custody"])
    differences.expect("version", summary["version"], 1)
    differences.expect("in_flight", summary["in_flight"], 0)
    differences.expect("dropped keys", list(summary["dropped"]), list(REASONS))
    differences.expect("nic keys", list(summary["nic"]),
                       ["missed", "errors", "no_mbuf", "resets", "reset_ns", "xstats"])
    for session in summary["sessions"]:
        differences.expect("session keys", list(session),
                           ["virtual_network_id", "source_ip", "name", "packet_length",
                            *SESSION_COUNTS, "write_failed"])
    differences.expect("clock_steps", summary["clock_steps"], 0)
    differences.expect("write_failed of the sessions",
                       sum(session["write_failed"] for session in summary["sessions"]),
                       summary["dropped"]["write_failed"])
    for file in summary["files"]:
        differences.expect("file keys", list(file), ["path", "packets", "bytes"])
    total = summary["written"] + sum(summary["dropped"].values()) + summary["in_flight"]
    differences.expect("written + dropped + in_flight", total, summary["received"])


def compare_counts(differences, summary, result):
    """Every count of the summary."""
    for name in ("received", "written", "clipped", "reserved_bits"):
        differences.expect(name, summary[name], getattr(result, name))
    for reason in REASONS:
        differences.expect(f"dropped.{reason}", summary["dropped"].get(reason),
                           result.dropped[reason])
    shown = {session["name"]: session for session in summary["sessions"]}
    differences.expect("sessions", sorted(shown), sorted(s.name for s in result.sessions))
    for session in result.sessions:
        for name, expected in session.describe().items():
            differences.expect(f"session {session.name}: {name}",
                               shown.get(session.name, {}).get(name), expected)


def in_precision(item, nanoseconds):
    """The record as a file of that precision can hold it."""
    return item if nanoseconds else item._replace(ts_ns=item.ts_ns // 1000 * 1000)


def compare_records(differences, where, actual, expected):
    """Packet by packet."""
    for index, (got, wanted) in enumerate(zip(actual, expected)):
        for field in ("ts_ns", "caplen", "len"):
            differences.expect(f"{where}: packet {index}: {field}", getattr(got, field),
                               getattr(wanted, field))
        if got.data != wanted.data:
            differences.add(f"{where}: packet {index}: got {got.data.hex()}, "
                            f"expected {wanted.data.hex()}")
    differences.expect(f"{where}: packets", len(actual), len(expected))


def read_output(differences, entry, options):
    """The records of one file of the summary, its own claims checked."""
    capture = read_pcap(entry["path"])
    differences.expect(f"{entry['path']}: nanoseconds", capture.nanoseconds, options.time == "ns")
    differences.expect(f"{entry['path']}: link type", capture.link_type, 1)
    differences.expect(f"{entry['path']}: packets", len(capture.packets), entry["packets"])
    differences.expect(f"{entry['path']}: bytes", os.path.getsize(entry["path"]), entry["bytes"])
    for packet in capture.packets:
        if packet.caplen > capture.snaplen:
            differences.add(f"{entry['path']}: caplen {packet.caplen} above the file's snaplen")
    return capture.packets


def output_paths(output):
    """Every file below OUT but the manifests."""
    if os.path.isfile(output):
        return [os.path.realpath(output)]
    return sorted(os.path.realpath(os.path.join(folder, name))
                  for folder, _, names in os.walk(output) for name in names
                  if not name.endswith(".manifest.json"))


def compare_files(differences, summary, result, options):
    """Every file of the capture against the records of its session, or of all."""
    claimed = sorted(os.path.realpath(entry["path"]) for entry in summary["files"])
    differences.expect("files", output_paths(options.output), claimed)
    groups = collections.defaultdict(list)
    for entry in sorted(summary["files"], key=lambda entry: entry["path"]):
        folder = os.path.basename(os.path.dirname(entry["path"]))
        groups["all" if options.combined else folder] += read_output(differences, entry, options)
    wanted = {"all": result.records} if options.combined else \
        {session.name: session.records for session in result.sessions}
    for name in sorted(groups.keys() | wanted.keys()):
        expected = [in_precision(item, options.time == "ns") for item in wanted.get(name, [])]
        compare_records(differences, name, groups.get(name, []), expected)


def parse_arguments(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "compare"):
        command = commands.add_parser(name)
        command.add_argument("--input", required=True)
        command.add_argument("--map")
        command.add_argument("--vni", action="append", default=[])
        command.add_argument("-s", dest="snaplen", type=int, default=0)
        command.add_argument("--port", type=int, default=VXLAN_PORT)
        command.add_argument("--filter")
    command.add_argument("--summary", required=True)
    command.add_argument("--output", required=True)
    command.add_argument("--time", choices=("ns", "us"), default="ns")
    command.add_argument("--combined", action="store_true", help="all sessions in one stream")
    return parser.parse_args(arguments)


def main(arguments):
    """Runs a command; returns the exit code."""
    options = parse_arguments(arguments)
    sessions = read_map(options.map) if options.map else []
    sessions += [session_of_argument(text) for text in options.vni]
    result = judge(read_pcap(options.input).packets, sessions, options.snaplen, options.port,
                   options.filter)
    if options.command == "run":
        json.dump(as_json(result), sys.stdout, indent=1)
        print()
        return 0
    with open(options.summary, encoding="utf-8") as file:
        summary = json.load(file)
    differences = Differences()
    compare_contract(differences, summary)
    compare_counts(differences, summary, result)
    compare_files(differences, summary, result, options)
    if differences.count:
        print(f"{differences.count} differences")
        return 1
    print(f"{result.received} packets, {result.written} records: equal")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
