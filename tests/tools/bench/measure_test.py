# SPDX-License-Identifier: Apache-2.0
"""Who runs when, what a ratio is, and when a target is reached."""

import unittest

from bench_cells.errors import BenchError, Skipped
from bench_cells.measure import Cell, Contender, Group, Result, Sample, Target, measure, order


class Pace:
    rounds = 3


class World:
    """As much of an environment as rounds need, and who has run."""

    pace = Pace()

    def __init__(self):
        self.ran = []

    def contender(self, name, *values):
        left = list(values)

        def run(_):
            self.ran.append(name)
            value = left.pop(0)
            if isinstance(value, Exception):
                raise value
            return value if isinstance(value, Sample) else Sample(value)
        return Contender(name, name, run)


def measured(world, contenders, *cells, rounds=None, times=1):
    group = Group("group", contenders, cells, rounds, times)
    return measure(group, cells, world, lambda _: None)


class Order(unittest.TestCase):
    def test_turns(self):
        for names, turn, expected in (
                ([], 0, []), (["a"], 5, ["a"]), (["a", "b"], 0, ["a", "b"]),
                (["a", "b"], 1, ["b", "a"]), (["a", "b", "c"], 4, ["b", "c", "a"])):
            with self.subTest((names, turn)):
                self.assertEqual(order(names, turn), expected)


class Rounds(unittest.TestCase):
    def test_in_turn(self):
        world = World()
        measured(world, [world.contender("a", 1, 1, 1), world.contender("b", 1, 1, 1)],
                 Cell("x", "", "a", "", "b"))
        self.assertEqual(world.ran, ["a", "b", "b", "a", "a", "b"])

    def test_how_many(self):
        for rounds, times, expected in ((None, 1, 3), (None, 2, 6), (1, 1, 1), (9, 1, 3),
                                        (4, 2, 4)):
            with self.subTest((rounds, times)):
                world = World()
                measured(world, [world.contender("a", *[1] * 9)], Cell("x", "", "a", ""),
                         rounds=rounds, times=times)
                self.assertEqual(len(world.ran), expected)

    def test_only_wanted(self):
        world = World()
        measured(world, [world.contender("a", 1), world.contender("b", 1)], Cell("x", "", "b", ""),
                 rounds=1)
        self.assertEqual(world.ran, ["b"])

    def test_skipped(self):
        for name in ("a", "b"):
            with self.subTest(name):
                world = World()
                absent = {name: [Skipped("not here")]}
                result, = measured(world, [world.contender("a", *absent.get("a", [1, 1, 1])),
                                           world.contender("b", *absent.get("b", [1, 1, 1]))],
                                   Cell("x", "", "a", "", "b"))
                self.assertEqual(result.skipped, "not here")
                self.assertEqual(world.ran.count(name), 1)

    def test_failure_costs_its_cells_alone(self):
        world = World()
        broken, good = measured(
            world, [world.contender("a", 1, BenchError("broken")), world.contender("b", 1, 1, 1),
                    world.contender("c", 1, 1, 1)],
            Cell("x", "", "b", "", "a", Target(at_least=0)), Cell("y", "", "b", "", "c"))
        self.assertEqual((broken.failed, broken.skipped, broken.reached), ("broken", "", None))
        self.assertEqual((good.missing, good.ratio), ("", 1))
        self.assertEqual(world.ran.count("a"), 2)


class Ratio(unittest.TestCase):
    def test_median_of_ratios(self):
        # Ratios 0.5, 2, 0.1; the ratio of the medians would be 1.
        result = Result(Cell("x", "", "a", "", "b"), [Sample(1), Sample(4), Sample(2)], "b",
                        [Sample(2), Sample(2), Sample(20)])
        self.assertEqual(result.ratio, 0.5)
        self.assertEqual(result.value, 2)
        self.assertEqual(result.reference_value, 2)

    def test_reference_of_nothing(self):
        result = Result(Cell("x", "", "a", "", "b"), [Sample(1)], "b", [Sample(0)])
        self.assertIsNone(result.ratio)


class Reached(unittest.TestCase):
    def test_verdicts(self):
        fast, slow, lossy = Sample(10, 100, 0), Sample(4, 100, 0), Sample(10, 100, 1)
        for target, sample, reference, expected in (
                (Target(), fast, slow, None),
                (Target(at_least=2.5), fast, slow, True),
                (Target(at_least=2.6), fast, slow, False),
                (Target(at_most=10), fast, None, True),
                (Target(at_most=9.9), fast, None, False),
                (Target(no_loss=True), fast, None, True),
                (Target(no_loss=True), lossy, None, False),
                (Target(no_more_loss=True), lossy, fast, False),
                (Target(no_more_loss=True), lossy, lossy, True),
                (Target(at_least=1.0, no_more_loss=True), lossy, fast, False)):
            with self.subTest((target, sample)):
                result = Result(Cell("x", "", "a", "", "b", target), [sample], "b",
                                [reference] if reference else [])
                self.assertIs(result.reached, expected)

    def test_a_ratio_that_is_missing_reaches_nothing(self):
        result = Result(Cell("x", "", "a", "", "b", Target(at_least=0.1)), [Sample(1)], "b",
                        [Sample(0)])
        self.assertIs(result.reached, False)
