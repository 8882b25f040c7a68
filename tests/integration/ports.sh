#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Two interfaces in one capture, with one worker and with two: every frame is recorded once, with a
# time stamp of its own, though the interfaces' packets come at the same time. One that goes
# does not end the other's.

. "$(dirname "$0")/lib.sh"
need jq python3
export PYTHONDONTWRITEBYTECODE=1

COUNT=40000
netns_new source
netns_new collector
veth_pair source s0 collector c0
veth_pair source s1 collector c1

# send NUMBER: to that interface, with a virtual network id of its own.
send()
{
	start "send$1" in_ns source "$MIRRORGEN" --synthetic --vni $((70 + $1)) --flows 64 \
		--source-ip "10.9.$1.1" --target-ip "10.9.$1.2" --target-mac "$(mac collector "c$1")" \
		--write "s$1" --count "$COUNT" --rate 20000
}

# record NAME ARGUMENT...
record()
{
	local name=$1 session files

	start "$name" in_ns collector "$CAPTURE" -i af_packet:c0 -i af_packet:c1 --vni 70,name=a \
		--vni 71,name=b \
		-w "$T/$name/" --summary json "${@:2}"
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/$name.err"
	send 0
	send 1
	finish send0 || fail "$name: mirrorgen: exit code $?"
	finish send1 || fail "$name: mirrorgen: exit code $?"
	stop "$name" || fail "$name: exit code $?"
	expect_eq "$(json "$T/$name.out" .written)" $((2 * COUNT)) "$name: written"
	expect_eq "$(json "$T/$name.out" .received)" $((2 * COUNT)) "$name: received"
	expect_eq "$(json "$T/$name.out" .nic.missed)" 0 "$name: missed"
	for session in a b; do
		mapfile -t files < <(json "$T/$name.out" '.files[].path' | grep "/$session/")
		"$MIRRORCAP_SOURCE/tests/integration/ports_check.py" "$COUNT" "${files[@]}" ||
			fail "$name: session $session"
	done
}

record one
record two --workers 2

# One interface goes: that is said at once, and the other's packets are recorded to the end.
start gone in_ns collector "$CAPTURE" -i af_packet:c0 -i af_packet:c1 --vni 70 --vni 71 \
	-w "$T/gone/" --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/gone.err"
in_ns collector ip link del c1
wait_for 5 grep -q '^mirrorcap: port af_packet:c1: the interface has gone' "$T/gone.err"
running gone || fail "gone: ended with one of two interfaces"
send 0
finish send0 || fail "gone: mirrorgen: exit code $?"
status=0
stop gone || status=$?
expect_eq "$status" 1 "gone: exit code"
expect_eq "$(json "$T/gone.out" .written)" "$COUNT" "gone: written"
expect_eq "$(grep -c 'the interface has gone' "$T/gone.err")" 1 "gone: how often it is told"
