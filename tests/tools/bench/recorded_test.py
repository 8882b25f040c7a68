# SPDX-License-Identifier: Apache-2.0
"""Files are read, and one wrong byte, length or time in what was recorded is found."""

import os
import tempfile
import unittest

from bench_cells import inputs, pcap, recorded
from bench_cells.errors import BenchError

OUTER = bytes(inputs.OVERHEAD)
INNER = inputs.tcp_frames(100, 64)


class Files(unittest.TestCase):
    def setUp(self):
        # pylint: disable=consider-using-with
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.source = os.path.join(directory.name, "source.pcap")
        self.path = os.path.join(directory.name, "recorded.pcap")
        pcap.write(self.source, [OUTER + frame for frame in INNER])

    def store(self, records):
        """(time in ns, length, data) of each."""
        with open(self.path, "wb") as stream:
            stream.write(pcap.FILE_HEADER.pack(pcap.NANOSECONDS, 2, 4, 0, 0, 262144, 1))
            for time_ns, length, data in records:
                stream.write(pcap.RECORD_HEADER.pack(0, time_ns, len(data), length) + data)


class Check(Files):
    def test_as_sent(self):
        pcap.write(self.path, INNER[50:] + INNER[:50])
        self.assertGreaterEqual(recorded.check([self.path, "/no/such/file"], self.source), 100)

    def test_cut(self):
        self.store([(1, 64, frame[:40]) for frame in INNER])
        self.assertGreaterEqual(recorded.check([self.path], self.source, cut=40), 100)
        with self.assertRaises(BenchError):
            recorded.check([self.path], self.source)

    def test_wrong(self):
        flipped = bytearray(INNER[7])
        flipped[60] ^= 1
        for name, wrong in (("byte", (8, 64, bytes(flipped))), ("length", (8, 65, INNER[7])),
                            ("cut", (8, 64, INNER[7][:63])), ("time", (6, 64, INNER[7]))):
            with self.subTest(name):
                good = [(number + 1, 64, frame) for number, frame in enumerate(INNER)]
                self.store([*good[:7], wrong, *good[8:]])
                with self.assertRaises(BenchError):
                    recorded.check([self.path], self.source)

    def test_nothing_left(self):
        with self.assertRaises(BenchError):
            recorded.check(["/no/such/file"], self.source)

    def test_a_piece_that_ends_in_a_record(self):
        many = INNER * 300  # more than a sample takes
        self.store((number + 1, 64, frame) for number, frame in enumerate(many))
        sample = recorded.SAMPLE_BYTES // 80
        self.assertGreater(recorded.check([self.path], self.source), sample)


class Pcap(Files):
    def test_refused(self):
        head = pcap.FILE_HEADER.pack(pcap.NANOSECONDS, 2, 4, 0, 0, 262144, 1)
        record = pcap.RECORD_HEADER.pack(1, 1, 4, 4)
        for name, content in (("empty", b""), ("short", head[:-1]),
                              ("microseconds", pcap.FILE_HEADER.pack(pcap.MICROSECONDS, 2, 4, 0, 0,
                                                                     262144, 1)),
                              ("header", head + record[:-1]), ("data", head + record + b"abc"),
                              ("zeros", head + bytes(16)),
                              ("lengths", head + pcap.RECORD_HEADER.pack(1, 1, 4, 3) + b"abcd"),
                              ("fraction", head + pcap.RECORD_HEADER.pack(1, 10**9, 4, 4) +
                               b"abcd")):
            with self.subTest(name):
                with open(self.path, "wb") as stream:
                    stream.write(content)
                with self.assertRaises(BenchError):
                    pcap.read(self.path)

    def test_read(self):
        records = pcap.read(self.source)
        self.assertEqual([record.data[inputs.OVERHEAD:] for record in records], INNER)


class Inputs(unittest.TestCase):
    def test_sessions_take_turns(self):
        frames = inputs.spread([bytes(range(60))] * 5, 3)
        vnis = [int.from_bytes(frame[46:49], "big") for frame in frames]
        self.assertEqual(vnis, [4242, 4243, 4244, 4242, 4243])
        self.assertTrue(all(frame[:46] == bytes(range(46)) and frame[49:] == bytes(range(49, 60))
                            for frame in frames))

    def test_tcp_frames(self):
        frames = inputs.tcp_frames(2 * inputs.FLOWS, 64)
        self.assertEqual(len(set(frames)), len(frames))
        for frame in frames:
            ports = (int.from_bytes(frame[34:36], "big"), int.from_bytes(frame[36:38], "big"))
            self.assertEqual((len(frame), frame[12:14], frame[23]), (64, b"\x08\x00", 6))
            self.assertIn(443, ports)
