#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tools/bench itself: every kind of cell runs for a moment beside its reference, with accounts that
# balance and records that are those sent; its reports can be read; nothing is left behind. No
# figure is judged.

. "$(dirname "$0")/lib.sh"
need jq fio dpdk-testpmd dumpcap netsniff-ng
need_root

# What a machine may lack; anything else that is skipped is a defect.
MAY_BE_SKIPPED='needs [0-9]+ CPUs|GiB free|needs a CPU|huge pages free'

timeout 250 "$MIRRORCAP_SOURCE/tools/bench" --smoke --build "$MIRRORCAP_BUILD" \
	--output "$T/results" >"$T/bench.out" 2>"$T/bench.err" || fail "exit code $?"

json "$T/results/bench.json" '.cells[] | select(.skipped) | .name + ": " + .skipped' >"$T/skipped"
unexpected=$(grep -vE "$MAY_BE_SKIPPED" "$T/skipped" || true)
[[ -z $unexpected ]] || fail "skipped: $unexpected"
measured=$(json "$T/results/bench.json" '[.cells[] | select(.skipped | not)] | length')
[[ $measured -ge 10 ]] || fail "only $measured cells were measured"
expect_eq "$(json "$T/results/bench.json" \
	'[.cells[] | select((.skipped | not) and (.value <= 0 and .unit != "% of a core"))] | length')" \
	0 "cells that measured nothing"
expect_eq "$(json "$T/results/bench.json" '[.cells[] | select(.reached != null)] | length')" 0 \
	"cells that were judged"
grep -q '^| base | ' "$T/results/bench.md" || fail "no base cell in bench.md"
python3 -c 'import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])' \
	"$T/results/bench.svg" || fail "bench.svg is no XML"
left=$(find "$T/results" -mindepth 1 ! -name 'bench.*')
[[ -z $left ]] || fail "left behind: $left"
left=$(ip netns list | grep -c '^mirrorcap-bench-' || true)
expect_eq "$left" 0 "namespaces left behind"
echo "$measured cells measured, $(wc -l <"$T/skipped") skipped"
