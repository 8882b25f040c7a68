#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A map of 2,000 sessions, each with packets of its own, interleaved: nothing is lost at a modest
# rate, each session's file has all of its packets, and the capture ends within 30 s.

. "$(dirname "$0")/lib.sh"
need jq python3 capinfos
ulimit -n 4096 2>/dev/null || true

SESSIONS=2000 ROUNDS=10 RATE=2000
netns_new source
netns_new collector
veth_pair source s0 collector c0

jq -n --argjson n "$SESSIONS" \
	'{version: 1, sessions: [range($n) | {virtual_network_id: (1000 + .)}]}' >"$T/map.json"
"$MIRRORGEN" --synthetic --vni 1 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 200 \
	--target-mac "$(mac collector c0)" --count 1 --write "$T/one.pcap" >"$T/gen.out"

start capture in_ns collector "$CAPTURE" -i af_packet:c0 --sessions "$T/map.json" -w "$T/out/" \
	--summary json
wait_for 60 grep -q '^mirrorcap: receiving' "$T/capture.err"
in_ns source "$MIRRORCAP_SOURCE/tests/integration/sessions_send.py" s0 "$T/one.pcap" 1000 \
	"$SESSIONS" "$ROUNDS" "$RATE"
stop capture || fail "exit code $?" # which demands an end within 30 s

total=$((SESSIONS * ROUNDS))
expect_eq "$(json "$T/capture.out" .nic.missed)" 0 "missed"
expect_eq "$(json "$T/capture.out" .received)" "$total" "received"
expect_eq "$(json "$T/capture.out" .written)" "$total" "written"
expect_eq "$(json "$T/capture.out" '[.sessions[].written] | unique | join(" ")')" "$ROUNDS" \
	"written of each session"
expect_eq "$(json "$T/capture.out" '.files | length')" "$SESSIONS" "files"
json "$T/capture.out" '.files[].path' | xargs capinfos -Mrc -T | cut -f 2 | sort | uniq -c |
	awk '{ print $1, $2 }' >"$T/counted"
expect_eq "$(cat "$T/counted")" "$SESSIONS $ROUNDS" "files, packets in each, for capinfos"
