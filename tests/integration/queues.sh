#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many queues on one worker, and on several: every queue is polled, whoever has it; what cannot be
# is refused with the arithmetic, once the devices have said how many queues there are.

. "$(dirname "$0")/lib.sh"
need jq

FRAMES=64
"$MIRRORGEN" --synthetic --count "$FRAMES" --flows 16 --vni 4242 --source-ip 10.9.0.1 \
	--target-ip 10.9.0.2 --target-mac 02:00:00:00:00:01 --write "$T/in.pcap" >/dev/null

for workers in 1 2; do
	"$CAPTURE" -i "pcap:$T/in.pcap,loop" --queues 8 --workers "$workers" --vni 4242 \
		-w "$T/out$workers/" -a packets:20000 --summary json >"$T/$workers.out" \
		2>"$T/$workers.err" || fail "exit code $?: $(cat "$T/$workers.err")"
	expect_eq "$(json "$T/$workers.out" .written)" 20000 "written by $workers"
	grep -q ': 8 queues$' "$T/$workers.err" || fail "queues not told"
	grep -Eq '^mirrorcap: memory [0-9]+ MiB: buffer 256, receive queues [0-9]+' \
		"$T/$workers.err" || fail "memory not told"
	grep -q "^mirrorcap: CPUs: worker" "$T/$workers.err" || fail "CPUs not told"
done

# Without --queues a device's own are taken, but not without end.
"$CAPTURE" -i vdev:net_null0 --vni 4242 -w null: -a duration:0.1 --summary json >"$T/null.out" \
	2>"$T/null.err" || fail "net_null: exit code $?"
grep -q 'net_null0: 32 queues of [0-9]* packets' "$T/null.err" || fail "net_null: not 32 queues"
expect_eq "$(json "$T/null.out" '.received == .dropped.not_vxlan')" true "net_null: account"
expect_eq "$(json "$T/null.out" '[.nic.resets, .nic.reset_ns] | add')" 0 "resets"

expect_exit 1 "$CAPTURE" -i "vdev:net_pcap0,rx_pcap=$T/in.pcap" --workers 2 --vni 4242 -w null: \
	2>"$T/workers.err"
grep -q -- '--workers 2: a worker needs a queue, but the 1 port has 1 in all: use --workers 1' \
	"$T/workers.err" || fail "too many workers: $(cat "$T/workers.err")"
