#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A capture without packets costs next to no CPU where it may sleep, and loses nothing of the burst
# that ends the silence: on a kernel port, which blocks, and on a port of DPDK's, which backs off.

. "$(dirname "$0")/lib.sh"
need jq ethtool

BURST=100000
IDLE_SECONDS=3
# Of a core, in percent; a shared machine is given twice what is asked of a quiet one.
KERNEL_MOST=10
BACK_OFF_MOST=50

netns_new source
netns_new collector
veth_pair source s0 collector c0

# cpu_ms NAME: what its process has taken so far, in milliseconds.
cpu_ms()
{
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / hz }' \
		"/proc/$(pid_of "$1")/stat"
}

# idle_percent NAME: of a core, over IDLE_SECONDS without packets.
idle_percent()
{
	local before

	before=$(cpu_ms "$1")
	sleep "$IDLE_SECONDS"
	echo $((($(cpu_ms "$1") - before) / (IDLE_SECONDS * 10)))
}

# burst NAME PORT ARGUMENT...: idles, takes a burst, loses nothing; $percent is what idling took,
# $percent_after what it took behind the burst.
burst()
{
	local name=$1

	start "$name" in_ns collector "$CAPTURE" -i "$2" --vni 4242 -w null: --summary json "${@:3}"
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/$name.err"
	percent=$(idle_percent "$name")
	in_ns source "$MIRRORGEN" --synthetic --vni 4242 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
		--target-mac "$(mac collector c0)" --write s0 --count "$BURST" >"$T/send.out"
	sleep 0.5
	percent_after=$(idle_percent "$name")
	stop "$name" || fail "$name: exit code $?"
	expect_eq "$(json "$T/$name.out" .written)" "$BURST" "$name: written of the burst"
	echo "$name: idle $percent % of a core, $percent_after % after the burst"
}

burst blocks af_packet:c0
[[ $percent -le $KERNEL_MOST ]] || fail "an idle kernel port took $percent % of a core"
[[ $percent_after -le $KERNEL_MOST ]] || fail "after a burst it took $percent_after % of a core"

# Its own ring is larger than what is sent: what is looked at here is that nobody sleeps over it.
vdev=vdev:net_af_packet0,iface=c0,blocksz=4194304,framesz=2048,framecnt=131072
burst backs_off "$vdev" --idle sleep
grep -q '^mirrorcap: idle: sleeps of [0-9]* us at most' "$T/backs_off.err" || fail "bound not told"
[[ $percent -le $BACK_OFF_MOST ]] || fail "backing off took $percent % of a core"

# And where it may not sleep, it does not.
burst polls af_packet:c0 --idle poll
[[ $percent -ge 20 ]] || fail "--idle poll took $percent % of a core"
