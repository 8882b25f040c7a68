#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# af_xdp: takes the mirrored packets of all channels, and of an interface that goes on serving
# everything else; leaves nothing behind when it is killed, and others' programs alone; counts
# what it cannot take.

. "$(dirname "$0")/lib.sh"
need jq curl ping python3 clang
export PYTHONDONTWRITEBYTECODE=1

netns_new source
netns_new collector
veth_pair source s0 collector c0
ip_addr source s0 10.9.0.1/24
ip_addr collector c0 10.9.0.2/24
in_ns collector ethtool -L c0 rx 2 >/dev/null 2>&1 || skip "this kernel's veth has one channel only"
in_ns source ethtool -L s0 tx 2 >/dev/null
MAC=$(mac collector c0)

# capture NAME INTERFACE ARGUMENT...: until it receives
capture()
{
	start "$1" in_ns collector "$CAPTURE" -i "af_xdp:$2" -w "$T/$1/" --summary json "${@:3}"
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/$1.err"
}

# refused NAME PATTERN INTERFACE ARGUMENT...: exit code 1, and why.
refused()
{
	expect_exit 1 in_ns collector "$CAPTURE" -i "af_xdp:$3" -w null: -a duration:5 "${@:4}" 2>"$T/$1.err"
	grep -Eq "^mirrorcap: port af_xdp:$3: $2|^mirrorcap: af_xdp:$3: $2" "$T/$1.err" ||
		fail "$1: no /$2/"
}

# send COUNT ARGUMENT...: to the collector, unless the arguments say otherwise
send()
{
	in_ns source "$MIRRORGEN" --synthetic --vni 7 --flows 64 --source-ip 10.9.0.1 \
		--target-ip 10.9.0.2 --target-mac "$MAC" --write s0 --count "$@" >"$T/gen.out" ||
		fail "mirrorgen: exit code $?"
}

# recorded NAME COUNT: each of so many frames is there once, as sent, and nothing was lost.
recorded()
{
	local files

	send "$2" --write "$T/sent.pcap"
	stop "$1" || fail "$1: exit code $?"
	mapfile -t files < <(json "$T/$1.out" '.files[].path')
	expect_eq "$(json "$T/$1.out" '.received, .written, .nic.missed' | paste -sd' ')" "$2 $2 0" \
		"$1: received, written, missed"
	"$MIRRORCAP_SOURCE/tests/integration/af_xdp_check.py" "$T/sent.pcap" "${files[@]}" || fail "$1"
}

# serves WHEN: ping and TCP to the interface work.
serves()
{
	in_ns source ping -q -c 2 -i 0.01 -W 5 10.9.0.2 >/dev/null || fail "no ping $1"
	in_ns source curl -sf -m 10 http://10.9.0.2:8000/ >/dev/null || fail "no TCP $1"
}

program()
{
	in_ns collector ip -json link show "$1" | jq -r '.[0].xdp.prog.id // "none"'
}

start server in_ns collector python3 -m http.server --bind 10.9.0.2 --directory "$T" 8000
wait_for 10 in_ns source curl -sf http://10.9.0.2:8000/

capture first c0 --vni 7
serves "while it captures"
send 20000 --rate 100000
refused second 'another capture has it already .*end that one' c0 --vni 7
serves "beside a capture that was refused"
recorded first 20000
for channel in 0 1; do
	[[ $(in_ns collector ethtool -S c0 |
		awk -v at="rx_queue_${channel}_xdp_redirect:" '$1 == at { print $2 }') -gt 0 ]] ||
		fail "no frame came over channel $channel"
done
expect_eq "$(program c0)" none "program after the end"

# Killed: nothing of it stays, and the next one begins at once.
capture killed c0 --vni 7
kill -KILL "$(pid_of killed)"
capture again c0 --vni 7 --vxlan-port 4790
serves "after a kill and a restart"
send 1000 # to 4789: not this capture's
expect_eq "$(json <("$LEDGER" --output json "$(sed -n 's/^mirrorcap: ledger //p' "$T/again.err")") \
	.received)" 0 "received of another port"
stop again || fail "again: exit code $?"
wait "$(pid_of killed)" || true
capture restarted c0 --vni 7
serves "after two restarts"
send 20000 --rate 100000
recorded restarted 20000

# Of the other outer headers.
ip_addr source s0 fd00::1/64
ip_addr collector c0 fd00::2/64
capture six c0 --vni 7
send 5000 --source-ip fd00::1 --target-ip fd00::2
recorded six 5000
capture geneve c0 --vni 7
send 5000 --geneve --geneve-options
recorded geneve 5000

# Stopped while the sender goes on: what did not fit is counted, and all else recorded.
capture overrun c0 --vni 7
kill -STOP "$(pid_of overrun)"
send 100000
kill -CONT "$(pid_of overrun)"
expect_exit 3 stop overrun
missed=$(json "$T/overrun.out" .nic.missed)
lost=$(in_ns source ip -s -json link show s0 | jq '.[0].stats64.tx.dropped')
[[ $missed -gt 0 ]] || fail "nothing was missed though capture stood still"
expect_eq "$(json "$T/overrun.out" '.received + .nic.missed')" $((100000 - lost)) "overrun: all"
expect_eq "$(json "$T/overrun.out" .written)" "$(json "$T/overrun.out" .received)" "overrun: written"

# shellcheck disable=SC2016  # awk expands it
unreachable=$(in_ns source awk '/^Icmp:/ { getline; print $4; exit }' /proc/net/snmp)
expect_eq "$unreachable" 0 "ICMP unreachable at the source"

# Somebody else's program stays.
echo 'int foreign(void *frame) { return 2; }' | clang -x c -O2 -target bpf -c -o "$T/foreign.o" -
in_ns collector ip link set dev c0 xdpgeneric object "$T/foreign.o" section .text ||
	skip "ip cannot load XDP programs here"
foreign=$(program c0)
refused foreign "carries a foreign XDP program .*id $foreign, foreign" c0 --vni 7
expect_eq "$(program c0)" "$foreign" "the foreign program"
in_ns collector ip link set dev c0 xdpgeneric off

# Frames that do not fit: refused; with --force dropped and counted. The MTU stays.
veth_pair source s1 collector c1 9216
refused long 'frames of up to 8550 .*without multi-buffer takes 3840 .*to 3762 .*af_packet:c1' c1 \
	--vni 7,length=8500
refused default 'frames of up to 8550 ' c1 --vni 7
capture short c1 --vni 7,length=3000
grep -q 'af_xdp:c1: its driver refuses XDP .*MTU of 3498' "$T/short.err" ||
	fail "generic XDP is not said"
stop short || fail "short: exit code $?"
capture forced c1 --vni 7,length=8500 --force
grep -q 'frames of up to 8550 ' "$T/forced.err" || fail "--force does not warn"
send 300 --target-mac "$(mac collector c1)" --write s1 --size 8500
send 300 --target-mac "$(mac collector c1)" --write s1 --size 1400
expect_exit 3 stop forced
expect_eq "$(json "$T/forced.out" '.written, .nic.missed' | paste -sd' ')" "300 300" \
	"forced: written and missed"
expect_eq "$(in_ns collector ip -json link show c1 | jq '.[0].mtu')" 9216 "MTU"

# The interface goes away.
capture gone c1 --vni 7,length=3000
in_ns collector ip link del c1
status=0
finish gone 10 || status=$?
expect_eq "$status" 1 "exit code when the interface has gone"
grep -q 'port af_xdp:c1: the interface has gone' "$T/gone.err" || fail "nothing said of it"
