# SPDX-License-Identifier: Apache-2.0
"""Summaries that do not balance, or are none, end a benchmark."""

import copy
import json
import unittest

from bench_cells import account
from bench_cells.errors import BenchError

SUMMARY = {
    "version": 1, "received": 10, "written": 6, "in_flight": 0,
    "dropped": {"filtered": 1, "no_buffer": 2, "write_failed": 1},
    "nic": {"missed": 5},
    "sessions": [{"written": 4, "bytes": 400}, {"written": 2, "bytes": 200}],
    "files": [{"path": "a.pcap", "packets": 6, "bytes": 720}],
}


def changed(*path, value):
    summary = copy.deepcopy(SUMMARY)
    place = summary
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(summary)


class Account(unittest.TestCase):
    def test_refused(self):
        for text in ("", "{}", "[]", "null", "not json",
                     changed("received", value=11), changed("written", value=7),
                     changed("in_flight", value=1), changed("dropped", "filtered", value=0),
                     changed("sessions", 0, "written", value=5)):
            with self.subTest(text[:60]):
                with self.assertRaises(BenchError):
                    account.read(text)

    def test_read(self):
        read = account.read(json.dumps(SUMMARY))
        self.assertEqual((read.received, read.written, read.lost, read.missed), (10, 6, 8, 5))
        self.assertEqual((read.payload_bytes, read.files, read.file_bytes), (600, ["a.pcap"], 720))

    def test_unknown_loss_is_not_zero(self):
        read = account.read(changed("nic", "missed", value=None))
        self.assertEqual((read.lost, read.missed), (3, None))
