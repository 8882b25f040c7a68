#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Power failures on real file systems: a capture writes to ext4 and to xfs on a loop device; at
# random moments the disk is copied as it is at that instant (a reflink of the backing file), and
# the copy mounted, as after a power failure, and recovered. Every file is then readable, no record
# is altered, doubled or missing between others, and what was written two seconds before is there.
# MIRRORCAP_FAILURES says how often for each (default: 3).

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos tcpdump mkfs.ext4 mkfs.xfs
need_root

RECOVER=$MIRRORCAP_BUILD/tools/mirrorcap-recover
FAILURES=${MIRRORCAP_FAILURES:-3}
RATE=20000
mix=(--synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 300 --flows 64)

written()
{
	"$LEDGER" --output json "$T/ledger" | jq .written
}

# check_copy OPTION WRITTEN: mounts $T/disks/copy, recovers it; prints how many packets it has
check_copy()
{
	local files count first last file

	mkdir -p "$T/copy"
	mount -o "loop$1" "$T/disks/copy" "$T/copy" || fail "the file system does not survive"
	expect_exit 0 "$RECOVER" "$T/copy/out" >"$T/recover.out" 2>"$T/recover.err"
	mapfile -t files < <(find "$T/copy/out/web" -name '*.pcap' | sort)
	for file in "${files[@]}"; do
		tcpdump -n -r "$file" -w /dev/null 2>"$T/tcpdump.err" || fail "tcpdump: $file"
		capinfos "$file" >/dev/null || fail "capinfos: $file"
	done
	read -r count first last < <("$MIRRORCAP_BUILD/tests/integration/kill_check" \
		"$T/in.pcap" 50 50 "${files[@]}" || echo failed 0 0)
	[[ $count != failed ]] || fail "a record is altered or there twice"
	[[ $((last - first + 1)) -eq $count ]] || fail "a record is missing between others"
	((count >= $2)) || fail "$count packets after the failure, $2 were written long before"
	umount "$T/copy"
	echo "$count"
}

# fail_power KIND OPTION: FAILURES times
fail_power()
{
	local before at count lost worst=0 i

	mount_image "$T/disks/$1" "$T/$1"
	rm -f "$T/capture.err" # of the other file system's capture, which was receiving, too
	start capture in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web \
		-w "$T/$1/out/" -b packets:50000 --flush-interval 200ms --ledger "$T/ledger" \
		--summary json
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/capture.err"
	start sender in_ns source "$MIRRORGEN" "${mix[@]}" --write s0 --rate "$RATE" \
		--count $((RATE * FAILURES * 6)) --target-mac "$(mac collector c0)"
	for ((i = 0; i < FAILURES; i++)); do
		sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
		before=$(written)
		sleep 2
		cp --reflink=always "$T/disks/$1" "$T/disks/copy"
		at=$(written)
		count=$(check_copy "$2" "$before") || exit 1
		lost=$((at - count))
		((lost <= worst)) || worst=$lost
		rm "$T/disks/copy"
	done
	kill_started sender 2>/dev/null || true
	unset "started[sender]"
	stop capture || fail "$1: exit code $?"
	rm -f "$T/ledger"
	umount "$T/$1"
	echo "$1: $FAILURES failures; at worst $worst packets lost at $RATE a second, flushed every 0.2 s"
}

netns_new source
netns_new collector
veth_pair source s0 collector c0
"$MIRRORGEN" "${mix[@]}" --target-mac 02:00:00:00:00:09 --count $((RATE * FAILURES * 6)) \
	--write "$T/in.pcap" >"$T/gen.out"

# The disks lie on an xfs: it copies a file at once.
truncate -s 2G "$T/outer"
mkfs.xfs -q -m reflink=1 "$T/outer"
mount_image "$T/outer" "$T/disks"
truncate -s 400M "$T/disks/ext4" "$T/disks/xfs"
mkfs.ext4 -q "$T/disks/ext4"
mkfs.xfs -q "$T/disks/xfs"
fail_power ext4 ""
fail_power xfs ",nouuid"
