#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the unit tests in a directory and speaks TAP, so that each case is counted: tap.py DIR"""

import os
import sys
import unittest

TESTS = os.path.realpath(sys.argv[1])
TOOLS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "tools")
sys.dont_write_bytecode = True
sys.path[:0] = [TESTS, TOOLS]


class TapResult(unittest.TestResult):
    """Prints one line per case as it ends."""

    def _line(self, test, outcome, detail=""):
        print(f"{outcome} {self.testsRun} - {test.id()}{detail}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line(test, "ok")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(test, "not ok")
        print("# " + self.failures[-1][1].replace("\n", "\n# "))

    def addError(self, test, err):
        super().addError(test, err)
        self._line(test, "not ok")
        print("# " + self.errors[-1][1].replace("\n", "\n# "))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            print(f"# {subtest}: " + self._exc_info_to_string(err, test).replace("\n", "\n# "))

    def stopTest(self, test):
        super().stopTest(test)
        # A case whose subtests failed is reported neither as success nor as failure.
        if any(getattr(failed, "test_case", None) is test
               for failed, _ in self.failures + self.errors):
            self._line(test, "not ok")


def main():
    suite = unittest.TestLoader().discover(TESTS, pattern="*_test.py", top_level_dir=TESTS)
    print(f"1..{suite.countTestCases()}")
    result = TapResult()
    suite.run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
