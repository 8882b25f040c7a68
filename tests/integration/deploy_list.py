#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the emulator has, asked without any code of the product.

usage: deploy_list.py URL KIND: prints a line of JSON for each mirror session, target, filter or
filter rule (KIND Sessions, Targets, Filters, FilterRules). Tags become {KEY: VALUE}.
"""

import json
import os
import sys
import urllib.parse

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests", "tools", "ec2_emulator")]

import client  # noqa: E402


def name_of(element):
    return element.tag.rpartition("}")[2]


def plain(element):
    children = list(element)
    if name_of(element) == "tagSet":
        return {child[0].text: child[1].text or "" for child in children}
    if children and all(name_of(child) == "item" for child in children):
        return [plain(child) for child in children]
    if children:
        return {name_of(child): plain(child) for child in children}
    return [] if name_of(element).endswith("Set") else element.text or ""


def main(url, kind):
    parts = urllib.parse.urlsplit(url)
    connection = client.Client(parts.hostname, parts.port)
    token = {}
    while True:
        reply = connection.call("DescribeTrafficMirror" + kind, MaxResults="1000", **token)
        if reply.code:
            sys.exit(reply.code)
        page = plain(reply.root)
        for item in page[f"trafficMirror{kind[:-1]}Set"]:
            print(json.dumps(item, sort_keys=True))
        if not page.get("nextToken"):
            return
        token = {"NextToken": page["nextToken"]}


if __name__ == "__main__":
    main(*sys.argv[1:])
