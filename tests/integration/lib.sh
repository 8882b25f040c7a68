# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What every integration test starts with:
#
#	. "$(dirname "$0")/lib.sh"
#	netns_new source; netns_new collector
#	veth_pair source s0 collector c0 9216
#	ip_addr source s0 10.9.0.1/24; ip_addr collector c0 10.9.0.2/24
#	start capture in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7 -w "$T/out/"
#	wait_for 5 grep -q receiving "$T/capture.err"
#	...
#	stop capture || fail "capture exited with $?"
#	expect_eq "$(json "$T/capture.out" .in_flight)" 0 "in flight"
#
# Everything that a helper creates (namespaces, processes, $T) goes away when the test ends, in
# reverse order, whatever ends it. On failure the tails of all logs are printed.

set -Eeuo pipefail
PATH=$PATH:/usr/sbin:/sbin

TEST=$(basename "$0" .sh)
MIRRORCAP_SOURCE=${MIRRORCAP_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
MIRRORCAP_BUILD=${MIRRORCAP_BUILD:-$MIRRORCAP_SOURCE/build}
T=$(mktemp -d "${TMPDIR:-/tmp}/mcap-$TEST-XXXXXX")

# The programs under test.
MIRRORCAP=$MIRRORCAP_BUILD/tools/mirrorcap
CAPTURE=$MIRRORCAP_BUILD/dataplane/mirrorcap-capture
PROVISION=$MIRRORCAP_BUILD/provision/mirrorcap-provision
LEDGER=$MIRRORCAP_BUILD/tools/mirrorcap-ledger
MIRRORGEN=$MIRRORCAP_BUILD/tools/mirrorgen
EMULATOR=$MIRRORCAP_SOURCE/tools/ec2-emulator
export MIRRORCAP_SOURCE MIRRORCAP_BUILD T MIRRORCAP CAPTURE PROVISION LEDGER MIRRORGEN EMULATOR

declare -A started=()  # NAME -> pid
declare -a exit_stack=()

# on_exit CMD...: runs CMD when the test ends; last registered, first run.
on_exit()
{
	exit_stack+=("$(printf '%q ' "$@")")
}

show_logs()
{
	local log

	for log in "$T"/*.out "$T"/*.err; do
		[[ -s $log ]] || continue
		echo "--- tail of ${log##*/}"
		tail -n 20 "$log" | cut -c1-400
	done
}

clean_up()
{
	local status=$? i

	trap - EXIT ERR
	trap '' INT TERM HUP
	set +e
	[[ $status -eq 0 || $status -eq 77 ]] || show_logs
	for ((i = ${#exit_stack[@]} - 1; i >= 0; i--)); do
		eval "${exit_stack[i]}"
	done >/dev/null 2>&1
	if [[ -n ${MIRRORCAP_KEEP:-} ]]; then
		echo "kept: $T"
	else
		rm -rf "$T"
	fi
	exit "$status"
}
trap clean_up EXIT
trap 'echo "FAIL: line $LINENO: $BASH_COMMAND" >&2' ERR
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# fail MESSAGE: ends the test as failed.
fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

# skip REASON: ends the test as skipped; meson and tools/test print the reason.
skip()
{
	echo "SKIP: $*"
	exit 77
}

# need COMMAND...: skips the test where a peer is not installed.
need()
{
	local command

	for command in "$@"; do
		command -v "$command" >/dev/null || skip "$command is not installed (tools/setup --tests)"
	done
}

need_root()
{
	[[ $(id -u) -eq 0 ]] || skip "needs root (network namespaces)"
}

# expect_eq ACTUAL EXPECTED [WHAT]
expect_eq()
{
	[[ $1 == "$2" ]] || fail "${3:-value}: got '$1', expected '$2'"
}

# expect_exit CODE CMD...: runs CMD in the foreground and demands its exit code.
expect_exit()
{
	local expected=$1 status=0

	shift
	"$@" || status=$?
	[[ $status -eq $expected ]] || fail "exit code $status, expected $expected: $*"
}

# wait_for SECONDS CMD...: runs CMD until it succeeds; fails the test after SECONDS.
wait_for()
{
	local seconds=$1 end

	shift
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		((SECONDS <= end)) || fail "not within $seconds s: $*"
		sleep 0.05
	done
}

# quiet NAME CMD...: it succeeds and has nothing to say on stderr but who runs it, and on what.
quiet()
{
	"${@:2}" >/dev/null 2>"$T/quiet.err" || fail "$1: exit code $?: $(cat "$T/quiet.err")"
	! grep -vE '^(Running as user|reading from file|Warning: interface names)' "$T/quiet.err" ||
		fail "$1: complains"
}

# read_by_all FILE...: by tcpdump, capinfos and tshark, without a complaint.
read_by_all()
{
	local file

	for file in "$@"; do
		quiet "tcpdump $file" tcpdump -n -r "$file" -w "$T/copy.pcap"
		quiet "capinfos $file" capinfos "$file"
		quiet "tshark $file" tshark -n -r "$file" -T fields -e frame.number
	done
}

# mount_image IMAGE DIRECTORY [OPTION]: a file system on a loop device, until the test ends.
mount_image()
{
	mkdir -p "$2"
	mount -o "loop${3:+,$3}" "$1" "$2" || skip "cannot mount loop devices here"
	on_exit umount -l "$2"
}

# json FILE EXPRESSION: prints what the jq expression selects; null prints as "null".
json()
{
	jq -r "$2" "$1"
}

# netns NAME: prints the full name of this test's namespace NAME.
netns()
{
	echo "mcap-$TEST-$$-$1"
}

# netns_new NAME: a namespace with loopback up and IPv6 silent until ip_addr adds an address.
netns_new()
{
	local full

	need_root
	full=$(netns "$1")
	ip netns add "$full" || skip "cannot create network namespaces here"
	on_exit netns_del "$full"
	in_ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
	in_ns "$1" ip link set lo up
}

# netns_del FULL: nothing that a test left running may outlive it.
netns_del()
{
	ip netns pids "$1" | xargs -r kill -KILL
	ip netns del "$1"
}

# in_ns NAME CMD...: runs CMD in the namespace; also understood by start. Not `ip netns exec`,
# which remounts / and so fails in a chroot; hence /sys still shows the caller's interfaces.
in_ns()
{
	nsenter --net="/run/netns/$(netns "$1")" -- "${@:2}"
}

# Before a command that sends: on one CPU. Packets of two may overtake each other, and two listeners
# side by side see them in two orders.
# shellcheck disable=SC2034  # for the tests
one_cpu=(taskset -c "$(sed -nE 's/^Cpus_allowed_list:[^0-9]*([0-9]+).*/\1/p' /proc/self/status)")

# veth_pair NS1 IF1 NS2 IF2 [MTU]: up, and with every offload off that would merge frames, split
# them late or leave checksums unfilled, so that what is sent is what arrives.
veth_pair()
{
	local mtu=${5:-1500}

	need ethtool
	in_ns "$1" ip link add "$2" mtu "$mtu" type veth \
		peer name "$4" mtu "$mtu" netns "$(netns "$3")"
	veth_plain "$1" "$2"
	veth_plain "$3" "$4"
}

veth_plain()
{
	in_ns "$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null
	in_ns "$1" ip link set "$2" up
}

# ip_addr NS IF ADDRESS/LENGTH: an IPv6 address is usable at once (no duplicate detection).
ip_addr()
{
	if [[ $3 == *:* ]]; then
		in_ns "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=0"
		in_ns "$1" ip addr add "$3" dev "$2" nodad
	else
		in_ns "$1" ip addr add "$3" dev "$2"
	fi
}

# mac NS IF: prints the interface's MAC address.
mac()
{
	in_ns "$1" ip -json link show "$2" | jq -r '.[0].address'
}

# start NAME CMD... | start NAME in_ns NS CMD...: in the background, stdout in $T/NAME.out, stderr
# in $T/NAME.err. CMD is a program, so that a signal reaches it and not a shell in between.
start()
{
	local name=$1

	shift
	if [[ $1 == in_ns ]]; then
		set -- nsenter --net="/run/netns/$(netns "$2")" -- "${@:3}"
	fi
	# A shell starts background programs with SIGINT ignored; no terminal does.
	env --default-signal=INT,QUIT "$@" </dev/null >"$T/$name.out" 2>"$T/$name.err" &
	started[$name]=$!
	on_exit kill_started "$name"
}

# pid_of NAME: prints the pid of what start began.
pid_of()
{
	echo "${started[$1]}"
}

# running NAME
running()
{
	[[ -n ${started[$1]:-} ]] && kill -0 "${started[$1]}" 2>/dev/null
}

kill_started()
{
	running "$1" || return 0
	kill -KILL "${started[$1]}"
	wait "${started[$1]}"
}

# finish NAME [SECONDS]: waits (60 s unless said otherwise) until it ends by itself; returns its
# exit code.
finish()
{
	local pid=${started[$1]} status=0 end=$((SECONDS + ${2:-60}))

	# kill -0 also succeeds on a dead child that is not reaped yet; its state tells.
	while [[ -e /proc/$pid/stat ]] && ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status"; do
		((SECONDS <= end)) || fail "$1 (pid $pid) did not end within ${2:-60} s"
		sleep 0.02
	done 2>/dev/null
	wait "$pid" || status=$?
	unset "started[$1]"
	return "$status"
}

# stop NAME [SIGNAL]: sends SIGNAL (TERM), waits, returns the exit code.
stop()
{
	kill -"${2:-TERM}" "${started[$1]}" 2>/dev/null || true
	finish "$1" 30
}
