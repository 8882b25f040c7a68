# SPDX-License-Identifier: Apache-2.0
"""What leaves a cell without figures."""


class BenchError(Exception):
    """Something failed: the text names the object, the cause and the remedy. Outside a cell it ends
    the benchmark, in a cell it makes its exit code 1."""


class Skipped(Exception):
    """A cell cannot be measured here: the text says why."""
