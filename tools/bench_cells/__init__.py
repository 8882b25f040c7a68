# SPDX-License-Identifier: Apache-2.0
"""A benchmark of mirrorcap: cells, each measured beside a reference in the same run.

`cells` says what is measured and what is to be reached, `groups` runs it, `report` and `plot` tell
it. What runs other programs raises BenchError, which names the object, the cause and the remedy.
"""
