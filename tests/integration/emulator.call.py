#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends signed requests to the emulator: usage: emulator.call.py URL ACTION NAME=VALUE...

With - in place of an action it sends one request for each line of standard input. Prints the
answers; exits 1 at the first error.
"""

import os
import shlex
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests", "tools", "ec2_emulator")]

import client  # noqa: E402


def main(url, *words):
    parts = urllib.parse.urlsplit(url)
    connection = client.Client(parts.hostname, parts.port)
    for line in map(shlex.split, sys.stdin) if words == ("-",) else [words]:
        parameters = dict(word.split("=", 1) for word in line[1:])
        reply = connection.call(line[0], **parameters)
        print(ElementTree.tostring(reply.root, encoding="unicode"))
        if reply.code:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
