#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# net_vhost: what a virtio sender (as pktgen is one) gives to the ring is received, to the packet.
# Without huge pages: DPDK then shares memory all the same.

. "$(dirname "$0")/lib.sh"
need jq dpdk-testpmd

start capture "$CAPTURE" -i "vdev:net_vhost0,iface=$T/vhost.sock" --vni 4242 -w null: \
	--summary json --ledger "$T/ledger"
wait_for 20 grep -q '^mirrorcap: receiving' "$T/capture.err"
# txonly sends UDP to port 9: not one packet of it is VXLAN.
start testpmd dpdk-testpmd --no-huge -m 256 --no-pci --no-telemetry \
	--file-prefix "mcap-vhost-$$" --lcores 0@0,1@0 \
	--vdev "net_virtio_user0,path=$T/vhost.sock,queue_size=256" -- --forward-mode=txonly \
	--nb-cores=1 --total-num-mbufs=4096 --no-mlockall --stats-period 1
on_exit rm -rf "/var/run/dpdk/mcap-vhost-$$"

arrived()
{
	[[ $("$LEDGER" --output json "$T/ledger" | jq .received) -gt 10000 ]]
}
wait_for 20 arrived
stop testpmd INT || fail "testpmd: exit code $?"
stop capture || fail "exit code $?"
expect_eq "$(json "$T/capture.out" '.received - .dropped.not_vxlan')" 0 "packets that are not VXLAN"
sent=$(sed -nE 's/.*TX-packets: ([0-9]+) +TX-dropped.*/\1/p' "$T/testpmd.out" | tail -n 1)
received=$(json "$T/capture.out" .received)
# What the ring still held when the sender went away was sent and never handed over.
[[ $received -le $sent && $received -ge $((sent - 256)) ]] ||
	fail "$sent sent, $received received: more than the ring's 256 are missing"
