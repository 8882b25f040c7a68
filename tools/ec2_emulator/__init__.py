# SPDX-License-Identifier: Apache-2.0
"""A control plane that stands for EC2 in tests and in the demo.

One noun per module: `sigv4` judges signatures, `query` decodes forms and writes XML, `world` holds
what exists, `ec2` is the table of actions, `mirror` runs a mirrorgen for each mirrored interface,
`service` takes a request through all of them, `server` is the HTTP side and `cli` the command line.
"""
