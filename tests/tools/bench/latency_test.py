# SPDX-License-Identifier: Apache-2.0
"""Probes are found as the file grows, in what was reserved ahead of the writes as well."""

import os
import tempfile
import time
import unittest

from bench_cells.latency import BLOCK, MAGIC, STAMP, WINDOW, Reader

OTHER = bytes([0xa5]) * 64


def block(probes):
    """A written block with so many probes in it, each right after the other's packets."""
    probe = OTHER + STAMP.pack(time.time_ns(), MAGIC)
    return (probe * probes).ljust(BLOCK, OTHER[:1])


class Grows(unittest.TestCase):
    def setUp(self):
        # pylint: disable=consider-using-with
        stream = tempfile.TemporaryFile(buffering=0)
        self.addCleanup(stream.close)
        self.file = stream.fileno()
        self.reader = Reader("/no/such/directory", 100)

    def seen(self):
        """How many probes a look has found by now, itself included."""
        # pylint: disable=protected-access
        while self.reader._look(self.file):
            pass
        return len(self.reader.delays)

    def test_appended(self):
        self.assertEqual(self.seen(), 0)
        os.pwrite(self.file, block(2), 0)
        self.assertEqual(self.seen(), 2)
        self.assertEqual(self.seen(), 2)
        os.pwrite(self.file, block(1), BLOCK)
        self.assertEqual(self.seen(), 3)

    def test_reserved(self):
        os.truncate(self.file, 4 * WINDOW)
        self.assertEqual(self.seen(), 0)
        for number in range(4):
            os.pwrite(self.file, block(1), number * BLOCK)
            self.assertEqual(self.seen(), number + 1)

    def test_later_write_first(self):
        os.truncate(self.file, 4 * WINDOW)
        os.pwrite(self.file, block(1) + bytes(BLOCK) + block(1), 0)
        self.assertEqual(self.seen(), 1)
        os.pwrite(self.file, block(1), BLOCK)
        self.assertEqual(self.seen(), 3)

    def test_block_written_again(self):
        os.truncate(self.file, 4 * WINDOW)
        whole = block(3)
        for probes in range(1, 4):
            end = probes * (len(OTHER) + STAMP.size)
            os.pwrite(self.file, whole[:end].ljust(BLOCK, b"\0"), 0)
            self.assertEqual(self.seen(), probes)

    def test_windows(self):
        os.pwrite(self.file, block(0) * (WINDOW // BLOCK) * 2, 0)
        os.truncate(self.file, 4 * WINDOW)
        straddling = WINDOW - STAMP.size // 2
        os.pwrite(self.file, STAMP.pack(time.time_ns(), MAGIC), straddling)
        self.assertEqual(self.seen(), 1)
        os.pwrite(self.file, block(1), 2 * WINDOW)
        self.assertEqual(self.seen(), 2)


if __name__ == "__main__":
    unittest.main()
