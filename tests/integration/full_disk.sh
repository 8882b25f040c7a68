#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Real file systems that fill up under load: a tmpfs, an ext4 and an xfs. The capture goes on and
# counts what it cannot write, by session, too; it writes again when there is space; the ledger
# balances whenever it is read, and says what the disk is like; every file is whole, and no frame in
# one is altered or there twice.

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos tshark tcpdump mkfs.ext4 mkfs.xfs
need_root

RATE=3000
COUNT=18000 # of each session: at least 6 s
WEB=1000    # bytes of its frames, and of the other's: that tells them apart in one file
DB=1400

# mix VNI SIZE: mirrorgen's arguments
mix()
{
	echo --synthetic --vni "$1" --source-ip 10.9.0.1 --target-ip 10.9.0.2 --flows 64 \
		--size "$2" --count "$COUNT"
}

# watch_ledger: reads it again and again until $T/watched is gone; every reading is kept.
watch_ledger()
{
	while [[ -e $T/watched ]]; do
		"$LEDGER" --output json "$T/ledger" >>"$T/readings" || echo '{"balanced":false}' >>"$T/readings"
		sleep 0.02
	done
}
export -f watch_ledger

ledger()
{
	"$LEDGER" --output json "$T/ledger" | jq -r "$1"
}

# writing_again MORE: nothing fails now, and so many packets are written
writing_again()
{
	[[ $(ledger '.storage.failing_streams == 0 and .written > '"$1") == true ]]
}

lost_some()
{
	[[ $(ledger '.dropped.write_failed > 500 and .storage.failing_streams > 0') == true ]]
}

# leave_free DIRECTORY KIB: fills the file system up to that, with a file that is not ours
leave_free()
{
	fallocate -l $(($(stat -f -c '%a * %S / 1024' "$1") - $2))K "$1/ballast"
}

# check_session NAME SENT FILTER REFERENCE FILE...: what the ledger says of the session is so
check_session()
{
	local written failed count split=() file

	written=$(json "$T/ledger.json" ".sessions[] | select(.name == \"$1\").written")
	failed=$(json "$T/ledger.json" ".sessions[] | select(.name == \"$1\").write_failed")
	((failed > 0)) || fail "$kind: $1: nothing failed"
	((written + failed <= $2)) || fail "$kind: $1: $written + $failed of $2"
	for file in "${@:5}"; do
		split+=("$T/split/$1.${file##*/}.pcap")
		tcpdump -n -r "$file" -w "${split[-1]}" "$3" 2>"$T/tcpdump.err" || fail "tcpdump: $file"
	done
	read -r count _ < <("$MIRRORCAP_BUILD/tests/integration/kill_check" "$4" 50 50 "${split[@]}" ||
		echo failed)
	expect_eq "$count" "$written" "$kind: $1: frames, each once, in order and as sent"
	expect_eq "$(json "$T/capture.out" ".sessions[] | select(.name == \"$1\").write_failed")" \
		"$failed" "$kind: $1: the summary's write_failed"
}

# fill KIND CAPTURE-ARGUMENT...: the file system is mounted at $T/KIND
fill()
{
	local files before missed

	kind=$1
	rm -rf "$T/ledger" "$T/readings" "$T/split" "$T"/capture.*
	mkdir "$T/split"
	leave_free "$T/$kind" 8000
	start capture in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web --vni 8,name=db \
		-w "$T/$kind/out/" --free-floor 0 -b filesize:3000 --flush-interval 200ms \
		--ledger "$T/ledger" --summary json "${@:2}"
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/capture.err"
	: >"$T/watched"
	start watch bash -c watch_ledger
	# shellcheck disable=SC2046
	start web in_ns source "$MIRRORGEN" $(mix 7 $WEB) --write s0 --rate "$RATE" \
		--target-mac "$(mac collector c0)"
	# shellcheck disable=SC2046
	start db in_ns source "$MIRRORGEN" $(mix 8 $DB) --write s0 --rate "$RATE" \
		--target-mac "$(mac collector c0)"
	wait_for 20 grep -q 'No space left on device: packets are counted as write_failed' "$T/capture.err"
	wait_for 20 lost_some
	expect_eq "$(ledger .storage.last_error)" "No space left on device" "$kind: the ledger's error"
	before=$(ledger .written)
	rm "$T/$kind/ballast"
	wait_for 20 writing_again $((before + 2000))
	expect_eq "$(ledger '.storage.failures > 0')" true "$kind: failures stay on record"
	running web || fail "$kind: the load ended before there was space again"
	finish web || fail "mirrorgen: exit code $?"
	finish db || fail "mirrorgen: exit code $?"
	expect_exit 3 stop capture
	rm "$T/watched"
	finish watch || fail "$kind: watching the ledger: exit code $?"
	grep -q 'out/: writing goes on: ' "$T/capture.err" || fail "$kind: that it writes again is not said"

	# The account, at every moment and in the end.
	expect_eq "$(jq -s 'map(select(.balanced | not)) | length' "$T/readings")" 0 "$kind: unbalanced"
	(($(wc -l <"$T/readings") > 50)) || fail "$kind: $(wc -l <"$T/readings") readings"
	expect_exit 0 "$LEDGER" --output json "$T/ledger" >"$T/ledger.json"
	missed=$(json "$T/ledger.json" .nic.missed)
	expect_eq "$(json "$T/ledger.json" '.received')" $((2 * COUNT - missed)) "$kind: received"
	expect_eq "$(json "$T/ledger.json" '.written + ([.dropped[]] | add)')" $((2 * COUNT - missed)) \
		"$kind: written and dropped"
	expect_eq "$(json "$T/ledger.json" '[.sessions[].write_failed] | add')" \
		"$(json "$T/ledger.json" .dropped.write_failed)" "$kind: write_failed of the sessions"

	# The files.
	expect_eq "$(find "$T/$kind/out" -name '*.part*' -o -name '*.tail')" "" "$kind: rests"
	mapfile -t files < <(find "$T/$kind/out" -name '*.pcap' -o -name '*.pcapng' | sort)
	expect_eq "$(printf '%s\n' "${files[@]}")" "$(json "$T/capture.out" '.files[].path' | sort)" \
		"$kind: the summary's files"
	read_by_all "${files[@]}"
	check_session web "$COUNT" "less 1200" "$T/web.pcap" "${files[@]}"
	check_session db "$COUNT" "greater 1200" "$T/db.pcap" "${files[@]}"
	echo "$kind: $(json "$T/ledger.json" '.dropped.write_failed') of $((2 * COUNT)) packets not" \
		"written, ${#files[@]} files, $(wc -l <"$T/readings") readings of the ledger"
}

netns_new source
netns_new collector
veth_pair source s0 collector c0
# shellcheck disable=SC2046
"$MIRRORGEN" $(mix 7 $WEB) --target-mac 02:00:00:00:00:09 --write "$T/web.pcap" >"$T/gen.out"
# shellcheck disable=SC2046
"$MIRRORGEN" $(mix 8 $DB) --target-mac 02:00:00:00:00:09 --write "$T/db.pcap" >"$T/gen.out"

mkdir "$T/tmpfs"
mount -t tmpfs -o size=64M mcap-full "$T/tmpfs" || skip "cannot mount a tmpfs here"
on_exit umount -l "$T/tmpfs"
truncate -s 64M "$T/ext4.image"
truncate -s 300M "$T/xfs.image" # mkfs.xfs makes none that is smaller
mkfs.ext4 -q "$T/ext4.image"
mkfs.xfs -q "$T/xfs.image"
mount_image "$T/ext4.image" "$T/ext4"
mount_image "$T/xfs.image" "$T/xfs"

fill tmpfs --split none
fill ext4 --split none -F pcapng
fill xfs
