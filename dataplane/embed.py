#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a file as a C array: usage: embed.py FILE NAME HEADER, which declares NAME and NAME_bytes."""
import pathlib
import sys

path, name, header = sys.argv[1:]
data = pathlib.Path(path).read_bytes()
print(f'#include "{header}"\n\nconst unsigned char {name}[] = {{')
for at in range(0, len(data), 16):
    print("\t" + " ".join(f"{byte}," for byte in data[at:at + 16]))
print(f"}};\nconst size_t {name}_bytes = sizeof({name});")
