#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A declared deployment against the control plane emulator: plan, apply, drift of every kind, limits
# on deletes, saved plans, orphans, destroy, and what is not the deployment's own.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3

WEB1=$(id eni a1) WEB2=$(id eni a2) WEB2B=$(id eni b2) DB1=$(id eni d1)

three_hosts()
{
	instances=()
	world_instance 1 running web a1
	world_instance 2 running web a2 b2
	world_instance 3 running db d1
	world_instance c running collector c1
}

# EXTRA: further keys of the configuration.
soc()
{
	configure <<-END
		deployment: soc
		target:
		  network_load_balancer_arn: $ARN
		collectors:
		  instance_tags: {Role: collector}
		sessions:
		  - name: web
		    sources: {instance_tags: {Role: web}}
		    packet_length: 128
		    virtual_network_id: {from: 1000, to: 1999}
		  - name: db
		    sources: {instance_tags: {Role: db}}
		    description: the databases
		${1:-}
	END
}

apply()
{
	deploy apply --yes "$@" || fail "apply: $(cat "$T/deploy.err")"
}

only()
{
	described "$1" "select(.tagSet[\"mirrorcap:deployment\"] == \"soc\") | $2"
}

bad_input_sends_nothing()
{
	echo 'deployment: [' >"$T/soc.yaml"
	expect_exit 2 deploy plan
	told "$T/soc.yaml:"
	soc 'colour: red'
	expect_exit 2 deploy apply --yes
	told colour
	soc
	expect_exit 2 deploy apply
	told "no terminal to ask on"
	expect_exit 2 deploy destroy
	expect_exit 2 deploy apply --yes --max-delete many
	expect_exit 2 "$PROVISION" plan -c "$T/nosuch.yaml" 2>"$T/deploy.err" || true
	expect_eq "$(requests true)" 0 "requests after bad input"
}

plan_apply_plan()
{
	local before

	soc
	deploy plan || fail "plan: $(cat "$T/deploy.err")"
	expect_eq "$(mutations)" 0 "changes made by plan"
	shown "$WEB1"
	expect_exit 2 deploy drift
	apply
	expect_eq "$(only Sessions '"\(.networkInterfaceId) \(.packetLength) \(.description // "")"')" \
		"$WEB1 128 
$WEB2 128 
$WEB2B 128 
$DB1 8500 the databases" "sessions"
	expect_eq "$(only Sessions '.virtualNetworkId | select(. | tonumber < 2000)')" \
		$'1000\n1001\n1002' "VNIs"
	expect_eq "$(only Filters '(.ingressFilterRuleSet + .egressFilterRuleSet) | length')" 10 rules
	expect_eq "$(only Targets .networkLoadBalancerArn)" "$ARN" target
	done_as_declared "after apply"
	before=$(mutations)
	apply
	expect_eq "$(mutations)" "$before" "requests of a second apply"
	[[ -s $T/state/soc.journal ]] || fail "no journal"
}

# session_of ENI: its id.
session_of()
{
	described Sessions "select(.networkInterfaceId == \"$1\") | .trafficMirrorSessionId"
}

rule_of()
{
	described Filters "select(.tagSet[\"mirrorcap:deployment\"] == \"soc\") |
		.${1}FilterRuleSet[] | select(.ruleNumber == \"$2\") | .trafficMirrorFilterRuleId"
}

# Each line is what somebody does behind our back.
every_drift_is_mended()
{
	local tms tmf tmt line before after

	tms=$(session_of "$WEB1")
	tmf=$(only Filters .trafficMirrorFilterId)
	tmt=$(only Targets .trafficMirrorTargetId)
	before=$(only Sessions '[.networkInterfaceId, .packetLength, .sessionNumber,
		.description, .trafficMirrorFilterId, .trafficMirrorTargetId] | join(" ")')
	while read -r line; do
		call $line >"$T/call.out" || fail "$line: $(cat "$T/call.out")"
		expect_exit 2 deploy drift
		apply
		done_as_declared "$line"
		after=$(only Sessions '[.networkInterfaceId, .packetLength, .sessionNumber,
			.description, .trafficMirrorFilterId, .trafficMirrorTargetId] | join(" ")')
		expect_eq "$after" "$before" "$line: sessions"
		expect_eq "$(only Filters '(.ingressFilterRuleSet + .egressFilterRuleSet) |
			length')" 10 "$line: rules"
	done <<-END
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$tms PacketLength=60
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$tms RemoveField.1=packet-length
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$tms VirtualNetworkId=77
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$tms Description=mine
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$(session_of "$DB1") PacketLength=100
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$(session_of "$DB1") RemoveField.1=description
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$tms TrafficMirrorFilterId=$TMF
		ModifyTrafficMirrorSession TrafficMirrorSessionId=$tms TrafficMirrorTargetId=$TMT
		DeleteTrafficMirrorSession TrafficMirrorSessionId=$(session_of "$WEB2B")
		DeleteTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of ingress 10)
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of egress 10) RuleAction=accept
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of ingress 20) Protocol=6
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of egress 20) RemoveField.1=destination-port-range
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of egress 20) RuleNumber=7000
		ModifyTrafficMirrorFilterNetworkServices TrafficMirrorFilterId=$tmf AddNetworkService.1=amazon-dns
	END
}

three_hosts
world_start . --filter "$TMF" --target "$TMT"
bad_input_sends_nothing
plan_apply_plan
every_drift_is_mended
