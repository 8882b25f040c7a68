# SPDX-License-Identifier: Apache-2.0
"""What ends a benchmark, and what leaves a cell out of it."""


class BenchError(Exception):
    """Something failed: the text names the object, the cause and the remedy."""


class Skipped(Exception):
    """A cell cannot be measured here: the text says why."""
