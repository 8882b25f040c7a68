#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A wall clock that is set by an hour while packets come: open files are closed, that is recorded,
# time never runs back within a file, and no frame is lost. Through DPDK, where the clock gives the
# packets their times, and from the kernel, where it only tells that stamps will have jumped.

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos
need_root

netns_new source
netns_new collector
veth_pair source s0 collector c0

send()
{
	in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
		--target-mac "$(mac collector c0)" --size 100 --write s0 --count 1000 --rate 20000 \
		>"$T/send.out"
}

# files_on_time: no packet of a file is before the one that it follows, or an hour behind it
files_on_time()
{
	local file

	for file in "$@"; do
		expect_eq "$(capinfos -o -Q "$file" | awk '/Strict time order/ {print $4}')" True "$file: order"
		expect_eq "$(capinfos -Mru -T "$file" | awk '{print $2 < 600}')" 1 "$file: duration"
	done
}

# set_clock NAME SECONDS PORT: the clock is set once, between frames that are sent before and after
set_clock()
{
	local seen

	rm -f "$T/shift"
	# The sanitizer's library would want to be the first.
	start "$1" in_ns collector env LD_PRELOAD="$MIRRORCAP_BUILD/tests/integration/libclock_shim.so" \
		ASAN_OPTIONS=verify_asan_link_order=0 MIRRORCAP_CLOCK="$T/shift" \
		"$CAPTURE" -i "$3" --vni 7,name=web -w "$T/$1/" --ledger "$T/$1.ledger" \
		--flush-interval 100ms --summary json
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/$1.err"
	send
	wait_for 10 sh -c "$LEDGER --output json $T/$1.ledger | jq -e '.written == 1000'"
	echo "$2" >"$T/shift.new"
	mv "$T/shift.new" "$T/shift"
	wait_for 10 grep -qE '^mirrorcap: clock: stepped by [+-]3(600|599)[.][0-9]{3} s: open files are closed' \
		"$T/$1.err"
	seen=$("$LEDGER" --output json "$T/$1.ledger" | jq -c '[.clock.steps, (.clock.last_step_ns / 1e9 | round)]')
	expect_eq "$seen" "[1,$2]" "$1: the ledger's clock"
	wait_for 10 sh -c "! ls $T/$1/web | grep -q part"
	send
	wait_for 10 sh -c "$LEDGER --output json $T/$1.ledger | jq -e '.written == 2000'"
	stop "$1" || fail "$1: exit code $?"
	expect_eq "$(json "$T/$1.out" .written)" 2000 "$1: written"
	expect_eq "$(json "$T/$1.out" .clock_steps)" 1 "$1: the summary's steps"
	mapfile -t files < <(json "$T/$1.out" '.files[].path')
	expect_eq "${#files[@]}" 2 "$1: files"
	files_on_time "${files[@]}"
	expect_eq "$(capinfos -Mrc -T "${files[@]}" | cut -f 2 | tr '\n' ' ')" "1000 1000 " "$1: packets"
}

set_clock ahead 3600 vdev:net_af_packet0,iface=c0
set_clock back -3600 vdev:net_af_packet0,iface=c0
set_clock kernel 3600 af_packet:c0
