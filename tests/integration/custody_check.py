#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges directories by the rules of docs/design.md ("Custody"), with code of its own.

usage: custody_check.py [--bare N] DIRECTORY...

Prints what is wrong, a line each, and exits 1; else prints a line of counts. --bare: so many
capture files may have no manifest.
"""
import collections
import hashlib
import json
import pathlib
import re
import sys

NAME = re.compile(r"\d{8}T\d{6}\.\d{9}Z-w\d{1,10}-\d{6,10}(\.recovered(-\d+)?)?\.pcap(ng)?(\.zst)?")
SUFFIX = ".manifest.json"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_files(directory, manifests, wrong):
    for path, manifest in manifests.items():
        name = manifest["file"]
        if name is None:
            continue
        file = directory / name
        if path.name != name + SUFFIX:
            wrong.append(f"{path.name}: is of {name}")
        elif not file.exists():
            wrong.append(f"{name}: is not there")
        elif (sha256(file), file.stat().st_size) != (manifest["sha256"], manifest["bytes"]):
            wrong.append(f"{name}: is not what it was")


def check_chain(links, wrong):
    """links: (sequence, hash, manifest) of one chain."""
    links.sort(key=lambda link: link[0])
    there = {sequence: digest for sequence, digest, _ in links}
    if len(there) != len(links):
        wrong.append("a sequence number is there twice")
    pruned = {}
    for sequence, _, manifest in reversed(links):
        for record in manifest["pruned"]:
            if record["sequence"] is not None and record["sequence"] < sequence:
                pruned.setdefault(record["sequence"], record["manifest"])
    for sequence, _, manifest in links:
        before = manifest["chain"]["previous"]
        if sequence > 1 and before != there.get(sequence - 1, pruned.get(sequence - 1)):
            wrong.append(f"{manifest['file']}: {sequence}: what was before it has gone, or changed")
    for sequence in range(links[0][0], links[-1][0]):
        if sequence not in there and sequence not in pruned:
            wrong.append(f"{sequence}: has gone without a record")


def check_directory(directory, wrong):
    manifests = {path: json.loads(path.read_bytes()) for path in directory.glob("*" + SUFFIX)}
    chains = collections.defaultdict(list)
    check_files(directory, manifests, wrong)
    for path, manifest in manifests.items():
        chain = manifest["chain"]
        chains[chain["id"]].append((chain["sequence"], sha256(path), manifest))
    for links in chains.values():
        check_chain(links, wrong)
    for path in directory.glob("*" + SUFFIX + ".*"):
        wrong.append(f"{path.name}: is still there")
    bare = [path.name for path in directory.iterdir()
            if NAME.fullmatch(path.name) and directory / (path.name + SUFFIX) not in manifests]
    return len(manifests), len(chains), bare


def main(arguments):
    allowed = 0
    if arguments[0] == "--bare":
        allowed, arguments = int(arguments[1]), arguments[2:]
    wrong, manifests, chains, bare = [], 0, 0, []
    for argument in arguments:
        found = check_directory(pathlib.Path(argument), wrong)
        manifests, chains, bare = manifests + found[0], chains + found[1], bare + found[2]
    if len(bare) != allowed:
        wrong.append(f"{len(bare)} files without a manifest: {bare[:5]}")
    print("\n".join(wrong) if wrong else f"{manifests} manifests, {chains} chains")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
