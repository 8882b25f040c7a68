#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# mirrorcap run: capture and session as one. No mirrored packet before the capture receives, none
# lost after; what is created, adopted, deleted and left; what happens when either side fails.
#
#	client c0 --- s0 server s1 --- k0 collector

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need jq python3 tcpdump ping ethtool

COMPARE=$MIRRORCAP_SOURCE/tools/demo-compare
NLB=tmt-0123456789abcdef1
GWLB=tmt-0123456789abcdef2

netns_new client
netns_new server
netns_new collector
veth_pair client c0 server s0
veth_pair server s1 collector k0 9216
ip_addr client c0 10.1.0.1/24
ip_addr server s0 10.1.0.2/24
ip_addr server s1 10.9.0.1/24
ip_addr collector k0 10.9.0.2/24
# No ARP of ours in between: what moves is what the test sends.
in_ns client ip neigh add 10.1.0.2 lladdr "$(mac server s0)" dev c0 nud permanent
in_ns server ip neigh add 10.1.0.1 lladdr "$(mac client c0)" dev s0 nud permanent

# The run lives where the capture does, so EC2 must be there too.
cat >"$T/emulator" <<END
#!/bin/sh
exec ${one_cpu[*]} nsenter --net=/run/netns/$(netns collector) -- "$EMULATOR" "\$@"
END
chmod +x "$T/emulator"
EMULATOR=$T/emulator

go()
{
	local to

	to=$(mac collector k0),from=$(netns server)/s1
	emulator_start --interface "$ENI=$(netns server)/s0" --filter "$TMF" \
		--target "$TMT=10.9.0.2,kind=network-interface,mac=$to" \
		--target "$NLB=10.9.0.2,kind=nlb,mac=$to" \
		--target "$GWLB=10.9.0.2,kind=gwlb,mac=$to"
}

plain=(--network-interface-id "$ENI" --traffic-mirror-target-id "$TMT"
	--traffic-mirror-filter-id "$TMF" --session-number 1)

# begin NAME ARGUMENT...: a run that records into $T/NAME/, until it has its session.
begin()
{
	launch "$@"
	wait_for 20 grep -qE '^mirrorcap: run: (created|adopted) ' "$T/$1.err"
}

launch()
{
	start "$1" in_ns collector setsid "$MIRRORCAP" run -i af_packet:k0 -w "$T/$1/" --summary json \
		--ledger "$T/$1.ledger" "${@:2}"
}

# heard NAME TEXT: the run said so.
heard()
{
	grep -qF -- "$2" "$T/$1.err" || fail "$1 did not say '$2'"
}

# capture_pid NAME
capture_pid()
{
	sed -nE 's/.*started capture \(pid ([0-9]+)\).*/\1/p' "$T/$1.err"
}

is_gone()
{
	[[ ! -e /proc/$1 ]]
}

sessions()
{
	in_ns collector "$PROVISION" session list >"$T/sessions.json" || fail "session list"
	jq '.TrafficMirrorSessions | length' "$T/sessions.json"
}

balanced()
{
	expect_eq "$(json "$T/$1.out" '.received - .written - ([.dropped[]] | add) - .in_flight')" 0 \
		"$1: balance"
	expect_eq "$(json "$T/$1.out" .in_flight)" 0 "$1: in flight"
}

# written NAME: packets of its session
written()
{
	json "$T/$1.out" '.sessions[0].written'
}

# watch_interface NAME NS IF [FILTER]: tcpdump into $T/NAME.pcap
watch_interface()
{
	start "$1" in_ns "$2" tcpdump -i "$3" -n -U -s 0 -B 65536 --immediate-mode \
		--time-stamp-precision nano -w "$T/$1.pcap" ${4:+"$4"}
	wait_for 10 grep -q listening "$T/$1.err"
}

packets()
{
	tcpdump --count -r "$1" 2>/dev/null | cut -d ' ' -f 1
}

first_time()
{
	# tcpdump would be told by SIGPIPE that nobody reads on.
	tcpdump -r "$1" --time-stamp-precision nano -tt -n -c 1 2>/dev/null | cut -d ' ' -f 1
}

bad_usage_starts_nothing()
{
	local line what count=0
	local -a words

	printf '{"version":1,"sessions":[{"virtual_network_id":7}]}' >"$T/map.json"
	while IFS='|' read -r line what; do
		count=$((count + 1))
		eval "words=($line)"
		expect_exit 2 "$MIRRORCAP" run "${words[@]}" 2>"$T/usage.err"
		grep -qF -- "$what" "$T/usage.err" || fail "not said: $what, but $(cat "$T/usage.err")"
		expect_eq "$(wc -l <"$T/usage.err")" 1 "lines of: $(cat "$T/usage.err")"
	done <<-END
		-i af_packet:k0|--network-interface-id
		${plain[*]:0:6} -i af_packet:k0|--session-number
		${plain[*]} --virtual-network-id 16777216|--virtual-network-id '16777216'
		${plain[*]} --delete-on-exit=yes|takes no value
		${plain[*]} --tag|--tag: needs a value
		${plain[*]} --vni|--vni: needs a value
		${plain[*]} --vni 16777216|--vni 16777216
		${plain[*]} --vni 7,name=../x|--vni 7,name=../x
		${plain[*]} --vni 7 --vni 8|--virtual-network-id
		${plain[*]} --vni 7 --virtual-network-id 8|lacks the session's VNI 8
		${plain[*]} --sessions $T/map.json --virtual-network-id 8|lacks the session's VNI 8
		${plain[*]} --sessions $T/map.json --vni 7|exclude each other
		${plain[*]} --sessions $T/nosuch.json|$T/nosuch.json
	END
	expect_eq "$count" 13 "cases"
	AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' launch nokey "${plain[@]}"
	expect_exit 1 finish nokey
	heard nokey AWS_ACCESS_KEY_ID
	expect_eq "$(capture_pid nokey)" "" "capture without credentials"
	expect_eq "$(requests true)" 0 "requests after bad usage"
}

# What capture refuses is its to say and its exit code to be.
capture_that_cannot_start_creates_nothing()
{
	start badport in_ns collector "$MIRRORCAP" run -i af_packet:nosuch0 -w null: "${plain[@]}" \
		--virtual-network-id 4242 --delete-on-exit
	expect_exit 1 finish badport
	heard badport "nosuch0"
	heard badport "no session was created"
	launch badflag "${plain[@]}" --virtual-network-id 4242 --colour red
	expect_exit 2 finish badflag
	expect_eq "$(requests true)" 0 "requests after a capture that did not start"
}

# Traffic all the time: the first mirrored packet comes after the answer to the create, which
# comes after the capture receives; and what then crosses the wire is recorded to the packet, also
# where Ctrl-C at a terminal reaches the whole process group.
busy()
{
	local answered missed status=0

	watch_interface outer collector k0 "udp port 4789"
	watch_interface inner server s0
	start ping in_ns client ping -q -i 0.005 10.1.0.2
	wait_for 10 test -s "$T/inner.pcap"
	begin busy "${plain[@]}" --virtual-network-id 4242 --packet-length 60 --delete-on-exit
	tr '\0' '\n' <"/proc/$(capture_pid busy)/environ" >"$T/environ"
	sleep 0.5
	kill -USR1 "$(pid_of busy)"
	sleep 0.5
	kill -INT -- "-$(pid_of busy)"
	finish busy 20 || status=$?
	stop ping INT || true
	stop outer
	stop inner

	grep -q '^NOTIFY_SOCKET=@' "$T/environ" || fail "environment: $(cat "$T/environ")"
	if grep -q '^AWS_' "$T/environ"; then
		fail "capture holds: $(grep '^AWS_' "$T/environ")"
	fi
	balanced busy
	# A machine that is too busy to give capture a turn for long loses packets, and says so.
	missed=$(json "$T/busy.out" .nic.missed)
	expect_eq "$status" "$((missed > 0 ? 3 : 0))" "busy: exit code"
	expect_eq "$(($(written busy) + missed))" "$(packets "$T/outer.pcap")" \
		"written and missed, of what arrived"
	[[ $(written busy) -gt 100 ]] || fail "only $(written busy) packets"
	answered=$(jq -rs '[.[] | select(.action == "CreateTrafficMirrorSession")] | last.time' \
		"$T/emulator.log" | date -f - +%s.%N)
	awk -v created="$answered" -v outer="$(first_time "$T/outer.pcap")" \
		-v inner="$(first_time "$T/inner.pcap")" \
		'BEGIN { exit !(inner < created && outer >= created) }' ||
		fail "mirrored before $answered: $(first_time "$T/outer.pcap")"
	expect_eq "$(json "$T/busy.out" '.files | length')" 2 "files after SIGUSR1 was passed on"
	heard busy "deleted session tms-"
	expect_eq "$(sessions)" 0 "sessions after --delete-on-exit"
}

# Quiet at both ends: every frame of the source, byte for byte, and nothing else.
exact()
{
	local files

	begin exact "${plain[@]}" --vni 77,length=128,name=web --delete-on-exit
	watch_interface seen server s0
	in_ns client "${one_cpu[@]}" ping -q -f -c 500 -s 1400 10.1.0.2 >/dev/null
	in_ns client "${one_cpu[@]}" ping -q -f -c 500 -s 20 10.1.0.2 >/dev/null
	in_ns client "${one_cpu[@]}" "$MIRRORGEN" --synthetic --mix --vni 7 --source-ip 10.8.0.1 \
		--target-ip 10.8.0.2 --target-mac 02:00:00:00:00:09 --write c0 --count 3000 \
		--rate 20000 --size 64 >"$T/send.out"
	wait_for 5 eval "[[ \$(packets \"\$T/seen.pcap\") -eq 5000 ]]"
	stop seen
	stop exact INT || fail "exact: exit code $?"

	mapfile -t files < <(json "$T/exact.out" '.files[].path')
	"$COMPARE" 128 "$T/seen.pcap" "${files[@]}" >"$T/compare.out" || fail "what was recorded differs"
	expect_eq "$(written exact)" 5000 "written"
	expect_eq "$(dirname "${files[0]}")" "$T/exact/web" "directory by --vni's name"
	balanced exact
	expect_eq "$(jq -s '[.[] | select(.action == "CreateTrafficMirrorSession")] | last |
		.parameters | [.VirtualNetworkId, .PacketLength] | join(" ")' "$T/emulator.log")" \
		'"77 128"' "the session's VNI and length, by --vni"
	expect_eq "$(sessions)" 0 "sessions after SIGINT"
}

# The judge of the above notices what is wrong.
compare_can_fail()
{
	local files

	mapfile -t files < <(json "$T/exact.out" '.files[].path')
	tcpdump -r "$T/seen.pcap" -c 4999 -w "$T/fewer.pcap" 2>/dev/null
	expect_exit 1 "$COMPARE" 128 "$T/fewer.pcap" "${files[@]}" >"$T/compare.out"
	expect_exit 1 "$COMPARE" 128 "$T/seen.pcap" "${files[@]}" "${files[@]}" >"$T/compare.out"
	expect_exit 1 "$COMPARE" 127 "$T/seen.pcap" "${files[@]}" >"$T/compare.out"
}

# Found where no VNI is given, and left, whatever was asked.
adopts_and_keeps()
{
	local id deletes

	deletes=$(requests '.action == "DeleteTrafficMirrorSession"')
	in_ns collector "$PROVISION" session create "${plain[@]}" --virtual-network-id 31 \
		>"$T/created.json"
	id=$(json "$T/created.json" .TrafficMirrorSession.TrafficMirrorSessionId)
	begin adopt "${plain[@]}" --delete-on-exit --delete-shared
	in_ns client ping -q -f -c 50 10.1.0.2 >/dev/null
	sleep 0.5 # nothing is drained where mirroring goes on
	stop adopt INT || fail "adopt: exit code $?"
	heard adopt "adopted session $id: VNI 31"
	expect_eq "$(json "$T/adopt.out" '.sessions[0].virtual_network_id')" 31 "VNI recorded"
	expect_eq "$(written adopt)" 100 "packets of the adopted session"
	expect_eq "$(sessions)" 1 "sessions after adopting"
	expect_eq "$(json "$T/sessions.json" '.TrafficMirrorSessions[0].TrafficMirrorSessionId')" \
		"$id" "the session"
	begin adopt8500 "${plain[@]}" --virtual-network-id 31 --packet-length 8500
	stop adopt8500 || fail "adopt8500: exit code $?"
	heard adopt8500 "adopted session $id"

	# Another length is another session, and its number is taken.
	launch differs "${plain[@]}" --virtual-network-id 31 --packet-length 64
	expect_exit 1 finish differs
	heard differs "InvalidParameterValue"
	# Nor is one that cuts a whole one.
	in_ns collector "$PROVISION" session modify --traffic-mirror-session-id "$id" \
		--packet-length 8500 >/dev/null
	launch whole "${plain[@]}"
	expect_exit 1 finish whole
	heard whole "session $id cuts packets at 8500 bytes"
	in_ns collector "$PROVISION" session delete --traffic-mirror-session-id "$id" >/dev/null
	expect_eq "$(requests '.action == "DeleteTrafficMirrorSession"')" $((deletes + 1)) "deletes"
}

# balanced_target KIND TARGET: a session behind a load balancer stays, unless it is said twice.
balanced_target()
{
	local line flags=("${plain[@]:0:2}" --traffic-mirror-target-id "$2" "${plain[@]:4}")

	begin "$1-kept" "${flags[@]}" --delete-on-exit
	stop "$1-kept" || fail "$1-kept: exit code $?"
	heard "$1-kept" "its target is a load balancer"
	expect_eq "$(sessions)" 1 "sessions left on the $1"
	expect_eq "$(json "$T/$1-kept.out" '.sessions[0].virtual_network_id')" \
		"$(json "$T/sessions.json" '.TrafficMirrorSessions[0].VirtualNetworkId')" \
		"the VNI that was chosen"

	# The command that it names works.
	line=$(sed -n 's/.*to delete it: mirrorcap session //p' "$T/$1-kept.err")
	# shellcheck disable=SC2086
	in_ns collector "$PROVISION" session $line >/dev/null || fail "'$line' fails"
	begin "$1-deleted" "${flags[@]}" --delete-on-exit --delete-shared
	stop "$1-deleted" || fail "$1-deleted: exit code $?"
	expect_eq "$(sessions)" 0 "sessions after --delete-shared"
}

# A kind that cannot be learnt is treated as shared.
unknown_target()
{
	local id

	as AKIDNOTAGS begin unknown "${plain[@]}" --delete-on-exit
	stop unknown || fail "unknown: exit code $?"
	heard unknown "ec2:DescribeTrafficMirrorTargets"
	expect_eq "$(sessions)" 1 "sessions after a target of unknown kind"
	id=$(json "$T/sessions.json" '.TrafficMirrorSessions[0].TrafficMirrorSessionId')
	heard unknown "--traffic-mirror-session-id $id"
	in_ns collector "$PROVISION" session delete --traffic-mirror-session-id "$id" >/dev/null
}

without_delete_on_exit_it_stays()
{
	begin stays "${plain[@]}" --virtual-network-id 5
	stop stays HUP || fail "stays: exit code $?"
	heard stays "stays: --delete-on-exit was not given"
	heard stays "to delete it: mirrorcap session delete"
	begin again "${plain[@]}" --virtual-network-id 5 --delete-on-exit
	stop again || fail "again: exit code $?"
	heard again "adopted"
	expect_eq "$(sessions)" 1 "sessions without --delete-on-exit"
	in_ns collector "$PROVISION" session delete --traffic-mirror-session-id \
		"$(json "$T/sessions.json" '.TrafficMirrorSessions[0].TrafficMirrorSessionId')" >/dev/null
}

# refused NAME WHAT KEY...: EC2 says no, the capture ends, nothing is left.
refused()
{
	launch "$1" "${plain[@]}" --virtual-network-id 6 --delete-on-exit
	expect_exit 1 finish "$1"
	heard "$1" "$2"
	heard "$1" "request id "
	is_gone "$(capture_pid "$1")" || fail "$1: capture still runs"
	expect_eq "$(written "$1")" 0 "$1: packets"
}

refusals()
{
	AWS_SECRET_ACCESS_KEY=wrong refused secret SignatureDoesNotMatch
	as AKIDREADER refused reader "ec2:CreateTrafficMirrorSession"
	expect_eq "$(sessions)" 0 "sessions after refusals"
}

# Whichever ends first, the other does too.
ends_with_its_capture()
{
	local pid

	begin limited "${plain[@]}" --delete-on-exit -a packets:10
	in_ns client ping -q -f -c 10 10.1.0.2 >/dev/null
	finish limited 20 || fail "limited: exit code $?"
	expect_eq "$(written limited)" 10 "packets with -a packets:10"
	expect_eq "$(sessions)" 0 "sessions after -a"

	begin killed "${plain[@]}" --delete-on-exit
	kill -KILL "$(capture_pid killed)"
	expect_exit 1 finish killed 20
	heard killed "killed by signal 9"
	expect_eq "$(sessions)" 0 "sessions after a crash"

	begin orphan "${plain[@]}" --virtual-network-id 9
	pid=$(capture_pid orphan)
	stop orphan KILL 2>/dev/null || true
	wait_for 10 is_gone "$pid"
	expect_eq "$(json "$T/orphan.out" .in_flight)" 0 "in flight after the run was killed"
	expect_eq "$(sessions)" 1 "sessions after the run was killed"
	begin recovered "${plain[@]}" --virtual-network-id 9
	stop recovered || fail "recovered: exit code $?"
	heard recovered adopted
}

# A create whose answers are lost has had its effect: the run finds its session and deletes it.
lost_answers()
{
	local other

	start proxy in_ns collector python3 "$MIRRORCAP_SOURCE/tests/integration/dropping_proxy.py" \
		7999 "$(cat "$T/port")" CreateTrafficMirrorSession 3
	wait_for 10 grep -q listening "$T/proxy.out"
	launch lost "${plain[@]:0:6}" --session-number 3 --virtual-network-id 12 \
		--endpoint-url http://127.0.0.1:7999
	expect_exit 1 finish lost
	heard lost "3 attempts"
	heard lost "the session that it had created all the same, tms-"
	is_gone "$(capture_pid lost)" || fail "lost: capture still runs"
	expect_eq "$(sessions)" "$1" "sessions after lost answers"
	other=$(jq -s '[.[] | select(.action == "CreateTrafficMirrorSession")][-4:] |
		map(.parameters.ClientToken) | unique | length' "$T/emulator.log")
	expect_eq "$other" 1 "client tokens of four creates"
	stop proxy || true
}

# EC2 that does not answer: a signal ends the wait, and the failed delete is told.
silent_ec2()
{
	launch silent "${plain[@]}" --virtual-network-id 10 --endpoint-url http://10.9.0.77
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/silent.err"
	sleep 0.3
	expect_exit 1 stop silent
	is_gone "$(capture_pid silent)" || fail "silent: capture still runs"

	begin undeleted "${plain[@]:0:6}" --session-number 2 --virtual-network-id 11 --delete-on-exit
	stop emulator || true
	expect_exit 1 stop undeleted
	heard undeleted "to delete it: mirrorcap session delete"
	balanced undeleted
}

go
bad_usage_starts_nothing
capture_that_cannot_start_creates_nothing
busy
exact
compare_can_fail
adopts_and_keeps
balanced_target nlb "$NLB"
balanced_target gwlb "$GWLB"
unknown_target
without_delete_on_exit_it_stays
refusals
ends_with_its_capture
lost_answers 1
silent_ec2
