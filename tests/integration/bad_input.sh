#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Bad input to `mirrorcap capture`: one clear line that names the object and the remedy, the exit
# code of the design, and nothing left behind.

. "$(dirname "$0")/lib.sh"
need jq capinfos

"$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
	--target-mac 02:00:00:00:00:09 --count 100 --write "$T/in.pcap" >"$T/gen.out"

# refused CODE PATTERN ARGUMENT...: the last line of stderr matches, stdout is empty.
refused()
{
	local code=$1 pattern=$2 status=0

	shift 2
	"$CAPTURE" "$@" >"$T/refused.out" 2>"$T/refused.err" || status=$?
	expect_eq "$status" "$code" "exit code of: $*"
	grep '^mirrorcap' "$T/refused.err" | tail -n 1 | grep -Eq -- "$pattern" ||
		fail "no /$pattern/ in: $(cat "$T/refused.err")"
	[[ ! -s $T/refused.out ]] || fail "stdout has something: $*"
}

input=(-i "pcap:$T/in.pcap")
output=(-w "$T/out.pcap")
map=$T/map.json

refused 2 '-i PORT: missing' --vni 7 "${output[@]}"
refused 2 '-w OUT: missing' "${input[@]}" --vni 7
refused 2 'say what to record' "${input[@]}" "${output[@]}"
refused 2 'eth1: not a port: use af_packet:' -i eth1 --vni 7 "${output[@]}"
refused 1 'af_packet:nosuch0: no such interface' -i af_packet:nosuch0 --vni 7 "${output[@]}"
refused 1 'af_xdp:nosuch0: no such interface' -i af_xdp:nosuch0 --vni 7 "${output[@]}"
refused 2 'af_xdp:: not a port: use .* af_xdp:IFACE' -i af_xdp: --vni 7 "${output[@]}"
refused 1 'pcap:/nosuch.pcap: .*No such file' -i pcap:/nosuch.pcap --vni 7 "${output[@]}"
refused 1 'vdev:net_nosuch0|DPDK' -i vdev:net_nosuch0 --vni 7 "${output[@]}"
mapfile -t many < <(yes -- -v | head -n 300 || true)
refused 1 'arguments after -- are too many' "${input[@]}" --vni 7 "${output[@]}" -- "${many[@]}"
refused 2 '16777216' "${input[@]}" --vni 16777216 "${output[@]}"
refused 2 'VNI|number' "${input[@]}" --vni -1 "${output[@]}"
refused 2 'length' "${input[@]}" --vni 7,length=0 "${output[@]}"
refused 2 '\.\./x' "${input[@]}" --vni 7,name=../x "${output[@]}"
refused 2 'source' "${input[@]}" --vni 7,source=10.0.0.300 "${output[@]}"
refused 2 'twice|both|same' "${input[@]}" --vni 7 --vni 7,name=b "${output[@]}"
refused 2 'twice|both|same' "${input[@]}" --vni 7,source=10.0.0.1 --vni 7,source=10.0.0.1,name=b \
	"${output[@]}"
refused 2 'either --sessions or --vni' "${input[@]}" --vni 7 --sessions "$map" "${output[@]}"
refused 2 'No such file' "${input[@]}" --sessions "$T/nosuch.json" "${output[@]}"
printf '{"version":1,\n"sessions":[{"virtual_network_id":7,}]}' >"$map"
refused 2 'map.json.*2' "${input[@]}" --sessions "$map" "${output[@]}"
echo '{"version":1,"sessions":[{"virtual_network_id":7},{"virtual_network_id":"8"}]}' >"$map"
refused 2 '\$\.sessions\[1\]\.virtual_network_id' "${input[@]}" --sessions "$map" "${output[@]}"
echo '{"version":1,"sessions":[{"virtual_network_id":7,"name":"../x"}]}' >"$map"
refused 2 '\$\.sessions\[0\]\.name' "${input[@]}" --sessions "$map" "${output[@]}"
refused 1 'filter: .*syntax error' "${input[@]}" --vni 7 -f 'tcp prt 443' "${output[@]}"
refused 2 '-s 0: use a number' "${input[@]}" --vni 7 -s 0 "${output[@]}"
refused 2 'out.cap: use an existing directory' "${input[@]}" --vni 7 -w "$T/out.cap"
refused 1 'nosuch/out.pcap: the directory does not exist' "${input[@]}" --vni 7 \
	-w "$T/nosuch/out.pcap"
refused 1 'nosuch/deeper/: the directory does not exist' "${input[@]}" --vni 7 -w "$T/nosuch/deeper/"
refused 1 'a part of the path is not a directory' "${input[@]}" --vni 7 -w "$T/in.pcap/out.pcap"
refused 2 '-b size:5: use filesize' "${input[@]}" --vni 7 -b size:5 -w "$T/dir/"
refused 2 '-b files:0: use filesize' "${input[@]}" --vni 7 -b files:0 -w "$T/dir/"
for value in '' files files: files:0 size:-1 age:x,files:1 'files:1,' files:1,,age:1 free:100% free:x% \
	free:% ',files:1' 'files:1 ' "files:$(printf '%040d' 1)"; do
	refused 2 "--retain $value: use size:" "${input[@]}" --vni 7 --retain "$value" -w "$T/dir/"
done
refused 2 '--retain-session free:9%: use size:' "${input[@]}" --vni 7 --retain-session free:9% \
	-w "$T/dir/"
refused 2 '--free-floor 5x: use a size' "${input[@]}" --vni 7 --free-floor 5x -w "$T/dir/"
refused 2 '--retain with one output: .* -w DIRECTORY/' "${input[@]}" --vni 7 -b files:3 -w "$T/new.pcap"
refused 2 '--free-floor 1G: .* -w DIRECTORY/' "${input[@]}" --vni 7 --free-floor 1G -w "$T/new.pcap"
refused 2 '--retain free: .* more than --free-floor' "${input[@]}" --vni 7 --retain free:5% \
	-w "$T/dir/"
refused 2 'cannot rotate' "${input[@]}" --vni 7 -b packets:5 "${output[@]}"
refused 2 '-a 5: use duration' "${input[@]}" --vni 7 -a 5 "${output[@]}"
refused 2 '-F erf: use pcap' "${input[@]}" --vni 7 -F erf "${output[@]}"
refused 2 '--lcores 0-: use CPU' "${input[@]}" --vni 7 --lcores 0- "${output[@]}"
refused 1 'CPU 4000 is not there' "${input[@]}" --vni 7 --lcores 4000 "${output[@]}"
refused 1 'use at least --buffer' "${input[@]}" --vni 7 --buffer 64K "${output[@]}"
refused 2 'read alone' "${input[@]}" -i af_packet:lo --vni 7 "${output[@]}"
[[ ! -e $T/out.pcap && ! -e $T/out.pcap.part ]] || fail "a refused start left a file"

# An existing file is not touched; with --force it is replaced, and only at the end.
echo precious >"$T/out.pcap"
refused 1 'out.pcap: exists already: .*--force' "${input[@]}" --vni 7 "${output[@]}"
expect_eq "$(cat "$T/out.pcap")" precious "the existing file"
expect_exit 0 "$CAPTURE" "${input[@]}" --vni 7 "${output[@]}" --force 2>"$T/force.err"
expect_eq "$(capinfos -Mrc -T "$T/out.pcap" | tail -n 1 | cut -f 2)" 100 "packets after --force"

# A damaged input: what came before the damage is recorded.
head -c 5000 "$T/in.pcap" >"$T/damaged.pcap"
refused_file=$T/damaged-out.pcap
status=0
"$CAPTURE" -i "pcap:$T/damaged.pcap" --vni 7 -w "$refused_file" --summary json >"$T/damaged.json" \
	2>"$T/damaged.err" || status=$?
expect_eq "$status" 1 "exit code after a damaged input"
grep -q 'damaged.pcap: the file is damaged' "$T/damaged.err" || fail "the damage is not named"
expect_eq "$(json "$T/damaged.json" .written)" $(((5000 - 24) / 130)) "written before the damage"

if [[ $(id -u) -eq 0 ]]; then
	# Without privileges: the packet socket is refused and the remedy named.
	chmod 711 "$T"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CAPTURE" -i af_packet:lo --vni 7 \
		-w null: 2>"$T/nobody.err" || status=$?
	expect_eq "$status" 1 "exit code without privileges"
	grep -q 'af_packet:lo: .*CAP_NET_RAW' "$T/nobody.err" || fail "$(cat "$T/nobody.err")"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CAPTURE" -i af_xdp:lo \
		--vni 7,length=100 -w null: 2>"$T/nobody.err" || status=$?
	expect_eq "$status" 1 "exit code without privileges for XDP"
	grep -q 'af_xdp:lo: .*CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF' "$T/nobody.err" ||
		fail "$(cat "$T/nobody.err")"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$CAPTURE" "${input[@]}" --vni 7 \
		-w "$T/nobody.pcap" 2>"$T/nobody.err" || status=$?
	expect_eq "$status" 1 "exit code for a directory that is not writable"
	grep -q 'not writable' "$T/nobody.err" || fail "$(cat "$T/nobody.err")"

	# An interface that cuts off what the sessions let expect: refused, or with --force said.
	netns_new here
	netns_new there
	veth_pair here small0 there small1 1500
	in_ns here ethtool -K small0 gro on >/dev/null
	small=(in_ns here "$CAPTURE" -i af_packet:small0 -w null: -a duration:0.1)
	expect_exit 1 "${small[@]}" --vni 7,length=8500 2>"$T/mtu.err"
	grep -q 'af_packet:small0: .*MTU 1500, .* 8536 bytes .*--force' "$T/mtu.err" ||
		fail "$(cat "$T/mtu.err")"
	expect_exit 0 "${small[@]}" --vni 7,length=8500 --force 2>"$T/mtu.err"
	grep -q 'af_packet:small0: GRO .*; MTU 1500' "$T/mtu.err" || fail "$(cat "$T/mtu.err")"
	expect_exit 0 "${small[@]}" --vni 7 2>"$T/mtu.err"
	grep -q 'MTU 1500' "$T/mtu.err" || fail "an unknown length is not warned of"
	in_ns here ethtool -K small0 gro off >/dev/null
	expect_exit 0 "${small[@]}" --vni 7,length=1464 2>"$T/mtu.err"
	! grep -Eq 'MTU|GRO' "$T/mtu.err" || fail "warned of an interface that is as it should be"

	# A full disk: said once, by name; what is recorded is whole; loss is exit code 3.
	mkdir "$T/small"
	mount -t tmpfs -o size=64K mcap-small "$T/small" || skip "cannot mount a tmpfs here"
	on_exit umount "$T/small"
	"$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 1400 \
		--target-mac 02:00:00:00:00:09 --count 2000 --write "$T/large.pcap" >"$T/gen.out"
	status=0
	"$CAPTURE" -i "pcap:$T/large.pcap" --vni 7 -w "$T/small/" --summary json -b filesize:20 \
		--free-floor 0 \
		>"$T/full.json" 2>"$T/full.err" || status=$?
	expect_eq "$status" 3 "exit code after a full disk"
	grep -Eq "small/.*No space left on device: .*free some space" "$T/full.err" ||
		fail "the full disk is not named: $(cat "$T/full.err")"
	expect_eq "$(json "$T/full.json" '.written + .dropped.write_failed')" 2000 "full disk: all"
	mapfile -t files < <(json "$T/full.json" '.files[].path')
	[[ ${#files[@]} -gt 0 ]] || fail "nothing was recorded before the disk was full"
	capinfos -Mrc -T "${files[@]}" | cut -f 2 | awk '{ n += $1 } END { print n }' >"$T/counted"
	expect_eq "$(cat "$T/counted")" "$(json "$T/full.json" .written)" "packets for capinfos"
fi
