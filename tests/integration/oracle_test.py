#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests the oracle against the hand-made vectors, whose results were worked out by hand."""
import json
import os
import struct
import sys
import tempfile
import unittest

import oracle
from oracle_pcap import Packet, PcapError, read_pcap, write_pcap
from oracle_rules import REASONS, Session, judge
from vectors import SESSIONS, VECTORS


def new_sessions():
    """The vectors' sessions, without counts."""
    return [Session(vni, length, name, source) for name, vni, length, source in SESSIONS]


class Vectors(unittest.TestCase):
    """Each vector alone."""

    def check(self, vector):
        """One vector: its verdict, its record and every count."""
        sessions = new_sessions()
        data = vector.frame[:vector.arrived]
        result = judge([Packet(1, len(data), len(vector.frame), data)], sessions)
        counts = {reason: count for reason, count in result.dropped.items() if count}
        self.assertEqual(result.reserved_bits, int(vector.reserved))
        self.assertEqual(result.clipped, int(vector.clipped))
        if vector.reason:
            self.assertEqual(counts, {vector.reason: 1})
            self.assertEqual(result.records, [])
            return
        self.assertEqual(counts, {})
        session, = [session for session in sessions if session.name == vector.session]
        raised = {name for name, count in session.counts.items() if count} - {"written", "bytes"}
        record, = session.records
        self.assertEqual((record.caplen, record.len), (vector.caplen, vector.len))
        self.assertEqual(raised, vector.counts)
        self.assertEqual(session.counts["bytes"], vector.caplen)
        self.assertIn(record.data, data)
        self.assertEqual(len(record.data), vector.caplen)

    def test_each(self):
        """All of the table."""
        for vector in VECTORS:
            with self.subTest(vector.name):
                self.check(vector)

    def test_names_are_unique(self):
        """A name that stands twice hides a vector from the reader."""
        names = [vector.name for vector in VECTORS]
        self.assertEqual(len(names), len(set(names)))

    def test_every_reason_of_the_rules_has_a_vector(self):
        """The last four reasons are not the packet's."""
        self.assertEqual({vector.reason for vector in VECTORS} - {None}, set(REASONS[:7]))


class Options(unittest.TestCase):
    """Snaplen, port and filter."""

    def frames(self, *names):
        """Packets of the named vectors."""
        found = {vector.name: vector.frame for vector in VECTORS}
        return [Packet(index, len(found[name]), len(found[name]), found[name])
                for index, name in enumerate(names)]

    def test_snaplen_cuts_here(self):
        """-s below the frame: cut here; -s at the frame: whole."""
        for snaplen, caplen, cut in ((60, 60, 1), (100, 100, 0), (0, 100, 0)):
            sessions = new_sessions()
            result = judge(self.frames("web"), sessions, snaplen=snaplen)
            self.assertEqual(result.records[0].caplen, caplen)
            self.assertEqual(result.records[0].len, 100)
            self.assertEqual(sessions[0].counts["cut_here"], cut)
            self.assertEqual(sessions[0].counts["whole"], 1 - cut)

    def test_port(self):
        """Another port takes the place of 4789."""
        result = judge(self.frames("web", "port 8472"), new_sessions(), port=8472)
        self.assertEqual((result.written, result.dropped["not_vxlan"]), (1, 1))


class Files(unittest.TestCase):
    """pcap files and the comparison."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        """A path in the test's folder."""
        return os.path.join(self.folder, name)

    def test_every_kind_of_pcap(self):
        """Both byte orders, both precisions."""
        for order in "<>":
            for magic, unit in ((0xa1b2c3d4, 1000), (0xa1b23c4d, 1)):
                with open(self.path("x"), "wb") as file:
                    file.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 96, 1))
                    file.write(struct.pack(order + "IIII", 5, 7, 2, 9) + b"ab")
                capture = read_pcap(self.path("x"))
                self.assertEqual(capture.packets, [Packet(5 * 10**9 + 7 * unit, 2, 9, b"ab")])
                self.assertEqual(capture.snaplen, 96)

    def test_broken_pcap(self):
        """Cut anywhere, but between records, it is an error."""
        write_pcap(self.path("x"), [Packet(1, 2, 2, b"ab")])
        with open(self.path("x"), "rb") as file:
            data = file.read()
        for size in [size for size in range(len(data)) if size != 24]:
            with open(self.path("y"), "wb") as file:
                file.write(data[:size])
            self.assertRaises(PcapError, read_pcap, self.path("y"))

    def capture(self):
        """Writes what a right capture of three packets into one file leaves behind."""
        vectors = [vector for vector in VECTORS if vector.name in ("web", "vni 0", "IPv6 lies")]
        packets = [Packet(index * 10**9 + 1234, len(vector.frame), len(vector.frame),
                          vector.frame) for index, vector in enumerate(vectors)]
        write_pcap(self.path("input.pcap"), packets)
        result = judge(packets, new_sessions())
        write_pcap(self.path("out.pcap"), result.records)
        size = os.path.getsize(self.path("out.pcap"))
        return result, {
            "version": 1, "received": 3, "written": 3, "in_flight": 0,
            "dropped": dict.fromkeys(REASONS, 0), "clipped": 0, "reserved_bits": 0,
            "nic": {"missed": None, "errors": None, "no_mbuf": None, "resets": 0, "reset_ns": 0,
                    "xstats": {}},
            "sessions": [{**session.describe(), "write_failed": 0} for session in result.sessions],
            "clock_steps": 0,
            "files": [{"path": self.path("out.pcap"), "packets": 3, "bytes": size}],
            "custody": None}

    def compare(self, summary):
        """The exit code of the comparison."""
        sessions = [{"virtual_network_id": vni, "packet_length": length, "name": name,
                     "source_ip": source} for name, vni, length, source in SESSIONS]
        for name, value in (("map", {"version": 1, "sessions": sessions}), ("summary", summary)):
            with open(self.path(name), "w", encoding="utf-8") as file:
                json.dump(value, file)
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            sys.stdout, stdout = nowhere, sys.stdout
            try:
                return oracle.main(["compare", "--input", self.path("input.pcap"), "--map",
                                    self.path("map"), "--summary", self.path("summary"),
                                    "--output", self.path("out.pcap"), "--combined"])
            finally:
                sys.stdout = stdout

    def test_right_capture_is_equal(self):
        """Nothing differs."""
        self.assertEqual(self.compare(self.capture()[1]), 0)

    def test_each_wrong_count_is_seen(self):
        """Every number of the summary, one at a time."""
        places = [lambda s: s, lambda s: s["dropped"], lambda s: s["sessions"][0],
                  lambda s: s["files"][0]]
        for place in places:
            for key in place(self.capture()[1]):
                summary = self.capture()[1]
                if isinstance(place(summary)[key], int):
                    place(summary)[key] += 1
                    with self.subTest(key):
                        self.assertEqual(self.compare(summary), 1)

    def test_each_wrong_record_is_seen(self):
        """Time, lengths and bytes of a record; a record too many, one missing, two swapped."""
        for change in (lambda r: r[:2], lambda r: r + r[2:], lambda r: [r[1], r[0], r[2]],
                       lambda r: [r[0]._replace(ts_ns=r[0].ts_ns + 1), *r[1:]],
                       lambda r: [r[0]._replace(len=r[0].len + 1), *r[1:]],
                       lambda r: [r[0]._replace(caplen=r[0].caplen - 1, data=r[0].data[:-1]),
                                  *r[1:]],
                       lambda r: [r[0]._replace(data=b"x" + r[0].data[1:]), *r[1:]]):
            result, summary = self.capture()
            records = change(result.records)
            write_pcap(self.path("out.pcap"), records)
            summary["files"][0].update(packets=len(records),
                                       bytes=os.path.getsize(self.path("out.pcap")))
            self.assertEqual(self.compare(summary), 1)


if __name__ == "__main__":
    unittest.main()
