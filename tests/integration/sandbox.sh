#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From inside a running capture no socket but a local one opens: system calls are made in the
# process itself, by a debugger. Every thread of it is inside the sandbox.

. "$(dirname "$0")/lib.sh"
need_root
need gdb

AF_UNIX=1 AF_INET=2 AF_INET6=10 AF_PACKET=17 SOCK_STREAM=1 SOCK_DGRAM=2 EACCES=13
case $(uname -m) in
x86_64 | aarch64) SYS_IO_URING_SETUP=425 ;;
*) skip "system call numbers of $(uname -m) are not known here" ;;
esac

mkdir "$T/out"
netns_new here
start capture in_ns here "$CAPTURE" -i af_packet:lo --vni 7 -w "$T/out/"
wait_for 20 grep -q '^mirrorcap: receiving' "$T/capture.err"
pid=$(pid_of capture)

for task in /proc/"$pid"/task/*; do
	grep -q '^Seccomp:[[:space:]]*2$' "$task/status" || fail "${task##*/} has no filter"
	grep -q '^NoNewPrivs:[[:space:]]*1$' "$task/status" || fail "${task##*/} may gain privileges"
done

# inside CALL: the call's result and errno in the process, as "RESULT ERRNO".
inside()
{
	gdb -p "$pid" -batch -nx -ex 'set confirm off' -ex "print \"result\", (int)$1" \
		-ex 'print "errno", *(int *)__errno_location()' >"$T/gdb.out" 2>"$T/gdb.err" ||
		skip "gdb cannot attach here: $(tail -n 1 "$T/gdb.err")"
	sed -n 's/^\$[0-9]* = //p' "$T/gdb.out" | paste -sd' '
}

[[ $(inside "socket($AF_UNIX, $SOCK_DGRAM, 0)") =~ ^[0-9]+\  ]] ||
	fail "calls from inside do not work: $(cat "$T/gdb.out" "$T/gdb.err")"
for family in "$AF_INET" "$AF_INET6" "$AF_PACKET"; do
	for type in "$SOCK_STREAM" "$SOCK_DGRAM"; do
		expect_eq "$(inside "socket($family, $type, 0)")" "-1 $EACCES" "socket($family, $type)"
	done
done
expect_eq "$(inside "syscall($SYS_IO_URING_SETUP, 1, 0)")" "-1 $EACCES" "io_uring_setup"

stop capture || fail "exit code $? after the debugger's visits"
