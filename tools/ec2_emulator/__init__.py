# SPDX-License-Identifier: Apache-2.0
"""A control plane that stands for AWS in tests and in the demo.

One noun per module. A request goes from `server` (HTTP) to `service`, which judges its signature
(`sigv4`), decodes it (`query`) and finds its action in a table: `ec2`, `sts` or `elb`, whose
modules are made of `api`. What exists is a `cloud` of `world`s with `table`s, declared by options
(`declare`, `arrange`) or by a file (`worldfile`, `worldrows`); `mirror` runs a mirrorgen for each
mirrored interface. `faults` and `buckets` make it fail, `metadata` gives out keys, `control` lets
tests change all of it, `state` shows it, and `cli` is the command.
"""
