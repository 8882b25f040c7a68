#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the results in meson's JSON test logs: usage: tally.py LABEL=LOG...

A program that speaks TAP counts once per case, and once more as failed where it died, left cases
out or failed without naming one; any other program counts once by its exit code. Prints why tests
were skipped, what failed with the end of its output, lines that begin with "NOTE: ", and as the
last line "N passed, N failed, N skipped". Exits 1 where a test failed, a log is missing or nothing
passed.
"""
import json
import re
import sys

TAIL_LINES = 40
CASE = re.compile(r"^(not )?ok\b\s*\d*\s*(?:-\s*)?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
SKIPPED = re.compile(r"#\s*skip\S*\s*(.*)", re.IGNORECASE)


def tap_cases(output):
    """Yields (state, name) per case, then (None, planned) with the sum of all plans."""
    planned = 0
    for line in output.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned += int(plan.group(1))
            continue
        case = CASE.match(line)
        if not case:
            continue
        skip = SKIPPED.search(case.group(2))
        if skip:
            yield "skipped", skip.group(1)
        else:
            yield ("failed" if case.group(1) else "passed"), case.group(2)
    yield None, planned


def judge_tap(test, died):
    states = []
    for state, name in tap_cases(test.get("stdout", "")):
        if state:
            states.append((state, name))
        elif name != len(states):
            states.append(("failed", f"{len(states)} of {name} planned cases ran"))
        elif died and all(state != "failed" for state, _ in states):
            states.append(("failed", f"exit status {test['returncode']}"))
    return states


def judge(test):
    """Returns a list of (passed | failed | skipped, what) for one test program."""
    died = test["returncode"] != 0 or test["result"] in ("TIMEOUT", "INTERRUPT")
    if PLAN.search(test.get("stdout", "")) or "CMOCKA_MESSAGE_OUTPUT" in test.get("env", {}):
        return judge_tap(test, died) or [("failed", "no case ran")]
    if test["returncode"] == 77 and test["result"] == "SKIP":
        reasons = re.findall(r"^SKIP: (.*)$", test.get("stdout", ""), re.MULTILINE)
        return [("skipped", reasons[-1] if reasons else "no reason given")]
    if died:
        return [("failed", f"{test['result'].lower()}, exit status {test['returncode']}")]
    return [("passed", "")]


def show(label, test, results):
    name = test["name"].split(" / ")[-1]
    for state, what in results:
        if state != "passed":
            print(f"{state.upper()}: {label}: {name}: {what}")
    if any(state == "failed" for state, _ in results):
        output = test.get("stdout", "") + test.get("stderr", "")
        for line in output.splitlines()[-TAIL_LINES:]:
            print("    " + line)


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for argument in sys.argv[1:]:
        label, _, path = argument.partition("=")
        try:
            with open(path, encoding="utf-8", errors="replace") as log:
                tests = [json.loads(line) for line in log]
        except (OSError, ValueError) as error:
            print(f"FAILED: {label}: no results: {error}")
            counts["failed"] += 1
            continue
        for test in tests:
            results = judge(test)
            show(label, test, results)
            for note in re.findall(r"^NOTE: .*$", test.get("stdout", ""), re.MULTILINE):
                print(f"{label}: {test['name'].split(' / ')[-1]}: {note}")
            for state, _ in results:
                counts[state] += 1
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 0 if counts["passed"] and not counts["failed"] else 1


sys.exit(main())
