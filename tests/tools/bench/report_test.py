# SPDX-License-Identifier: Apache-2.0
"""Figures as people read them, and what goes into the documents."""

import json
import os
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from bench_cells import cli, documents, latency, plot, report
from bench_cells.cells import groups
from bench_cells.errors import BenchError
from bench_cells.measure import Cell, Result, Sample, Target

RATIO = Result(Cell("base", "64 bytes | null:", "a", "packets/s", "b", Target(at_least=0.55)),
               [Sample(23e6, 1000, 0), Sample(24e6, 1000, 10), Sample(22e6, 1000, 0)], "testpmd",
               [Sample(40e6), Sample(40e6), Sample(40e6)])
VALUE = Result(Cell("start", "start <quickly>", "s", "s", target=Target(at_most=1.5)),
               [Sample(0.372)])
FAILED = Result(Cell("disk-64", "to disk", "d", "bytes/s", "fio", Target(at_least=0.9)),
                failed="fio: exit code 1")
SKIPPED = Result(Cell("workers-2", "2 workers", "w", "packets/s", "a"), skipped="needs 3 CPUs")
RESULTS = [RATIO, VALUE, SKIPPED]
FULL = report.Report({"date": "today"}, RESULTS, 12.3)


class Figures(unittest.TestCase):
    def test_units(self):
        for number, unit, expected in (
                (23.456e6, "packets/s", "23.5 Mpps"), (0.4e6, "packets/s", "0.40 Mpps"),
                (1.8e9, "bytes/s", "1.80 GB/s"), (279 << 20, "bytes", "279 MiB"),
                (0.372, "s", "372 ms"), (1.05, "s", "1.05 s"), (100000, "packets",
                                                                "100,000 packets"),
                (1.234, "% of a core", "1.23 % of a core")):
            with self.subTest((number, unit)):
                self.assertEqual(report.value(number, unit), expected)

    def test_row(self):
        self.assertEqual(report.row(RATIO)[2:], [
            "23.0 Mpps", "40.0 Mpps testpmd", "0.57 (0.55–0.60)", "10 of 3,000 (0.33 %)",
            "≥ 0.55", "reached"])
        self.assertEqual(report.row(VALUE)[2:], ["372 ms", "", "", "", "≤ 1.50 s", "reached"])
        self.assertEqual(report.row(SKIPPED)[2], "skipped: needs 3 CPUs")
        self.assertEqual(report.row(FAILED)[2:], ["failed: fio: exit code 1", "", "", "", "≥ 0.90",
                                                  ""])
        self.assertEqual(report.aim(FAILED)[1], "failed: fio: exit code 1")

    def test_table(self):
        table = report.markdown_table(report.HEADINGS, [report.row(RATIO)])
        self.assertIn("64 bytes \\| null:", table)
        self.assertEqual(len(table.splitlines()), 3)
        widths = {len(line.replace("\\|", "").split("|")) for line in table.splitlines()}
        self.assertEqual(len(widths), 1)

    def test_json(self):
        cells = json.loads(report.as_json(FULL))["cells"]
        self.assertEqual([cell["name"] for cell in cells], ["base", "start", "workers-2"])
        self.assertEqual(cells[0]["lost"], 10)
        self.assertEqual(len(cells[0]["runs"]), 3)
        self.assertEqual(cells[2]["skipped"], "needs 3 CPUs")

    def test_percentile(self):
        values = [float(number) for number in range(1, 101)]
        for share, expected in ((0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)):
            with self.subTest(share):
                self.assertEqual(latency.percentile(values, share), expected)
        self.assertEqual(latency.percentile([7.0], 0.99), 7)


class Pictures(unittest.TestCase):
    def test_bars(self):
        root = ElementTree.fromstring(plot.bars(RESULTS, "a < b"))
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn("64 bytes | null: / testpmd", texts)
        self.assertIn("0.57 (≥ 0.55)", texts)
        self.assertNotIn("start <quickly> / ", texts)

    def test_a_long_label_is_not_cut(self):
        result = Result(Cell("long", "w" * 150, "a", "", "b"), [Sample(1)], "b", [Sample(2)])
        root = ElementTree.fromstring(plot.bars([result], "bars"))
        label, = [element for element in root.iter("{http://www.w3.org/2000/svg}text")
                  if (element.text or "").startswith("www")]
        self.assertEqual(label.get("text-anchor"), "end")
        self.assertGreater(float(label.get("x")), 6 * len(label.text))

    def test_curve(self):
        text = plot.curve([(1.0, 1.0, 1.0), (9.0, 3.0, None)], "curve")
        self.assertEqual(len(ElementTree.fromstring(text).findall(
            "{http://www.w3.org/2000/svg}polyline")), 2)


class Documents(unittest.TestCase):
    def setUp(self):
        # pylint: disable=consider-using-with
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        os.mkdir(os.path.join(self.root, "docs"))

    def page(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def test_between_markers(self):
        text = ("before\n<!-- tools/bench --docs: begin -->\nold\n"
                "<!-- tools/bench --docs: end -->\nafter\n")
        self.page(documents.PAGE, text)
        self.page(documents.SUMMARY, text)
        for _ in range(2):  # again, it changes nothing
            documents.write(self.root, FULL)
            for name, figure in ((documents.PAGE, "0.57"), (documents.SUMMARY, "23.0 Mpps")):
                with open(os.path.join(self.root, name), encoding="utf-8") as stream:
                    now = stream.read()
                self.assertTrue(now.startswith("before\n<!--") and now.endswith("-->\nafter\n"))
                self.assertIn(figure, now)
                self.assertNotIn("old", now)
        self.assertTrue(os.path.exists(os.path.join(self.root, "docs", documents.BARS)))

    def test_no_marker(self):
        self.page(documents.PAGE, "text\n")
        with self.assertRaises(BenchError):
            documents.write(self.root, FULL)


class Choice(unittest.TestCase):
    def test_cells(self):
        every = groups("pktgen")
        names = [cell.name for group in every for cell in group.cells]
        self.assertEqual(len(names), len(set(names)))
        without = [cell.name for group in groups() for cell in group.cells]
        self.assertLessEqual(len(without), 30)
        for group in every:
            contenders = {contender.name for contender in group.contenders}
            for cell in group.cells:
                self.assertIn(cell.contender, contenders)
                self.assertIn(cell.reference or cell.contender, contenders)
                self.assertTrue(cell.reference or cell.target.at_least is None, cell.name)

    def test_usage(self):
        for argv in (["no-such-cell"], ["--docs", "--quick"], ["--docs", "--smoke", "base"]):
            with self.subTest(argv):
                self.assertEqual(cli.main(argv), 2)
