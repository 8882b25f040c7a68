#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compressed captures: zstd finds every file good, tshark and capinfos read it as it is and tcpdump
# what zstd makes of it, each frame is in exactly one file in each kind of output, and after SIGKILL
# recovery keeps whole frames: no packet that the ledger counted as written is missing.

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos tshark tcpdump zstd

RECOVER=$MIRRORCAP_BUILD/tools/mirrorcap-recover
INFO=$MIRRORCAP_BUILD/tools/mirrorcap-info
MERGE=$MIRRORCAP_BUILD/tools/mirrorcap-merge
KILLS=${MIRRORCAP_KILLS:-3}

# plain FILE...: prints where each is, decompressed
plain()
{
	local file

	for file in "$@"; do
		zstd -tq "$file" || fail "$file: zstd finds it damaged"
		zstd -dqf "$file" -o "${file%.zst}"
		echo "${file%.zst}"
	done
}

# in_order NAME COUNT FILE...: frames 0 … COUNT-1, each once, in this order
in_order()
{
	local files

	mapfile -t files < <(plain "${@:3}")
	"$MIRRORCAP_BUILD/tests/integration/sequence_check" "$2" 50 "${files[@]}" >"$T/check.out" ||
		fail "$1: not each frame once and in order"
}

# count FILE...: packets, by capinfos, which reads small compressed files, too (mirrorcap-capture(1))
count()
{
	capinfos -Mrc -T "$@" | awk '{ n += $2 } END { print n + 0 }'
}

# record NAME ARGUMENT...
record()
{
	"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7,name=web --summary json "${@:2}" >"$T/$1.json" \
		2>"$T/$1.err" || fail "$1: exit code $?: $(cat "$T/$1.err")"
	mapfile -t files < <(json "$T/$1.json" '.files[].path')
}

"$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 100 \
	--target-mac 02:00:00:00:00:09 --count 3000 --rate 1000 --write "$T/in.pcap" >"$T/gen.out"

record packets -w "$T/packets/" --compress zstd -b packets:640
expect_eq "${#files[@]}" 5 "packets:640: files"
[[ ${files[0]} == *-w0-000001.pcap.zst ]] || fail "name: ${files[0]}"
in_order packets 3000 "${files[@]}"
expect_eq "$(count "${files[@]}")" 3000 "capinfos"
expect_eq "$(tshark -n -r "${files[0]}" -T fields -e frame.number 2>"$T/tshark.err" | wc -l)" 640 "tshark"
expect_eq "$(zstd -dc "${files[0]}" | tcpdump -n -r - --count 2>/dev/null)" "640 packets" "tcpdump"
expect_eq "$(stat -c %s "${files[@]}" | paste -sd ' ')" "$(json "$T/packets.json" '[.files[].bytes] | join(" ")')" "bytes"
expect_exit 0 "$INFO" --output json "$T/packets/web/"*.zst >"$T/info.json"
expect_eq "$(json "$T/info.json" .total.packets)" 3000 "info: packets"
expect_exit 0 "$MERGE" -w "$T/merged.pcap" "${files[@]}"
"$MIRRORCAP_BUILD/tests/integration/sequence_check" 3000 50 "$T/merged.pcap" >"$T/check.out" || fail "merge"

record filesize -w "$T/filesize/" --compress zstd:-5 -b filesize:12 # 103 records, as they are
expect_eq "${#files[@]}" 30 "filesize:12: files"
in_order filesize 3000 "${files[@]}"

record ng -w "$T/ng/" -F pcapng --compress zstd:3
[[ ${files[0]} == *.pcapng.zst ]] || fail "name: ${files[0]}"
expect_eq "$(tshark -n -r "${files[0]}" -T fields -e frame.interface_name 2>"$T/tshark.err" | uniq -c |
	xargs)" "3000 web" "pcapng: interface"
in_order ng 3000 "${files[0]}"

record one -w "$T/one.pcap.zst"
in_order one 3000 "$T/one.pcap.zst"
"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7 -w - --compress zstd 2>"$T/stdout.err" | zstd -dq >"$T/stdout.pcap"
"$MIRRORCAP_BUILD/tests/integration/sequence_check" 3000 50 "$T/stdout.pcap" >"$T/check.out" || fail "stdout"
record null -w null: --compress zstd
expect_eq "$(json "$T/null.json" .written)" 3000 "null:"

# refused ARGUMENT... -- TEXT: a usage error that says so
refused()
{
	expect_exit 2 "$CAPTURE" -i "pcap:$T/in.pcap" --vni 7 "${@:1:$#-2}" 2>"$T/refused.err"
	grep -q -- "${!#}" "$T/refused.err" || fail "said: $(cat "$T/refused.err")"
}

refused -w "$T/x/" --compress gzip -- 'use zstd or zstd:LEVEL'
for level in zstd: zstd:0 zstd:20 zstd:-51 zstd:3x; do
	refused -w "$T/x/" --compress "$level" -- 'use a level from -50'
done
refused -w "$T/x.pcap" --compress zstd -- 'end it in .zst'
refused -w "$T/x.pcap.zst" -F pcapng -- "the file's name says otherwise"

# Killed while it writes: what the ledger had as written is there, in frames that are whole.
netns_new source
netns_new collector
veth_pair source s0 collector c0
mix=(--synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 600 --flows 64
	--count 60000 --target-mac "$(mac collector c0)")
"$MIRRORGEN" "${mix[@]}" --write "$T/sent.pcap" >"$T/gen.out"
worst=0
for ((i = 0; i < KILLS; i++)); do
	rm -rf "$T/out" "$T/ledger"
	mkdir -p "$T/out/web"
	start killed in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web -w "$T/out/" \
		-b packets:20000 --compress zstd --ledger "$T/ledger" --flush-interval 200ms
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/killed.err"
	start sender in_ns source "$MIRRORGEN" "${mix[@]}" --write s0 --rate 60000
	sleep "0.$((RANDOM % 6 + 3))$((RANDOM % 10))"
	kill_started killed 2>/dev/null || true
	unset "started[killed]"
	kill_started sender 2>/dev/null || true
	unset "started[sender]"
	expect_exit 0 "$RECOVER" "$T/out" >"$T/recover.out" 2>"$T/recover.err"
	expect_eq "$(find "$T/out" -name '*.part')" "" "what is left"
	mapfile -t files < <(find "$T/out/web" -name '*.zst' | sort)
	expect_exit 0 "$LEDGER" --output json "$T/ledger" >"$T/ledger.json"
	found=0
	if [[ ${#files[@]} -gt 0 ]]; then
		mapfile -t decompressed < <(plain "${files[@]}")
		read -r found _ < <("$MIRRORCAP_BUILD/tests/integration/kill_check" "$T/sent.pcap" \
			50 50 "${decompressed[@]}" || echo failed)
		[[ $found != failed ]] || fail "a record is altered or there twice"
		expect_eq "$(count "${decompressed[@]}")" "$found" "killed: capinfos"
	fi
	written=$(json "$T/ledger.json" .written)
	((found >= written)) || fail "$found packets in files, $written were written"
	lost=$(($(json "$T/ledger.json" .received) - found))
	((lost <= worst)) || worst=$lost
done
echo "$KILLS kills at 60000 packets a second: at worst $worst packets lost"
