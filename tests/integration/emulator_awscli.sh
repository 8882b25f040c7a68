#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# AWS's own command line drives the emulator through all fifteen actions of Traffic Mirroring.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need aws jq

ARN=arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/mirror/0123456789abcdef

# ask ACTION ARGUMENTS...: stdout in $T/aws.out, stderr in $T/aws.err.
ask()
{
	aws ec2 "$@" --output json >"$T/aws.out" 2>"$T/aws.err"
}

# made JQ ACTION ARGUMENTS...: asks and prints what the expression selects.
made()
{
	ask "${@:2}" || fail "${*:2}: $(cat "$T/aws.err")"
	jq -er "$1" "$T/aws.out"
}

# refused CODE ACTION ARGUMENTS...
refused()
{
	! ask "${@:2}" || fail "not refused with $1: ${*:2}"
	grep -qF "($1)" "$T/aws.err" || fail "no $1: $(cat "$T/aws.err")"
}

tags()
{
	echo "[{\"ResourceType\": \"$1\", \"Tags\": [{\"Key\": \"team\", \"Value\": \"soc\"}]}]"
}

targets_and_filters()
{
	target=$(made .TrafficMirrorTarget.TrafficMirrorTargetId create-traffic-mirror-target \
		--network-load-balancer-arn "$ARN" --description nlb \
		--tag-specifications "$(tags traffic-mirror-target)")
	filter=$(made .TrafficMirrorFilter.TrafficMirrorFilterId create-traffic-mirror-filter \
		--description web --tag-specifications "$(tags traffic-mirror-filter)")
	expect_eq "$(made '.TrafficMirrorTargets[] | [.Type, .NetworkLoadBalancerArn] | join(" ")' \
		describe-traffic-mirror-targets --filters Name=tag:team,Values=soc)" \
		"network-load-balancer $ARN" "target"
	expect_eq "$(made '.TrafficMirrorFilter.NetworkServices | join(" ")' \
		modify-traffic-mirror-filter-network-services --traffic-mirror-filter-id "$filter" \
		--add-network-services amazon-dns)" amazon-dns "network services"
}

rules()
{
	rule=$(made .TrafficMirrorFilterRule.TrafficMirrorFilterRuleId \
		create-traffic-mirror-filter-rule --traffic-mirror-filter-id "$filter" \
		--traffic-direction egress --rule-number 1 --rule-action accept --protocol 6 \
		--destination-cidr-block 0.0.0.0/0 --source-cidr-block 10.0.0.0/8 \
		--destination-port-range FromPort=80,ToPort=443 --description web)
	made .TrafficMirrorFilterRule modify-traffic-mirror-filter-rule --rule-number 2 \
		--traffic-mirror-filter-rule-id "$rule" --remove-fields description >"$T/rule"
	expect_eq "$(jq -r '[.RuleNumber, .Protocol, .DestinationPortRange.ToPort, .Description] |
		map(tostring) | join(" ")' "$T/rule")" "2 6 443 null" "modified rule"
	expect_eq "$(list_rules)" "$rule" "rules"
	expect_eq "$(made '.TrafficMirrorFilters[].EgressFilterRules[].TrafficMirrorFilterRuleId' \
		describe-traffic-mirror-filters)" "$rule" "rule in its filter"
}

# list_rules: prints the ids of the filter's rules; older versions of aws cannot ask for them.
list_rules()
{
	if ask describe-traffic-mirror-filter-rules --traffic-mirror-filter-id "$filter"; then
		jq -r '.TrafficMirrorFilterRules[].TrafficMirrorFilterRuleId' "$T/aws.out"
	elif grep -q 'Invalid choice' "$T/aws.err"; then
		call DescribeTrafficMirrorFilterRules TrafficMirrorFilterId="$filter" |
			grep -o 'tmfr-[0-9a-f]*'
	else
		cat "$T/aws.err"
	fi
}

sessions()
{
	session=$(made .TrafficMirrorSession.TrafficMirrorSessionId create-traffic-mirror-session \
		--network-interface-id "$ENI" --traffic-mirror-target-id "$target" \
		--traffic-mirror-filter-id "$filter" --session-number 1 --description web)
	expect_eq "$(made '.TrafficMirrorSession | [.SessionNumber, .PacketLength, .Description] |
		map(tostring) | join(" ")' modify-traffic-mirror-session --session-number 3 \
		--traffic-mirror-session-id "$session" --packet-length 128 \
		--remove-fields description)" "3 128 null" "modified session"
	expect_eq "$(made '.TrafficMirrorSessions[].TrafficMirrorSessionId' \
		describe-traffic-mirror-sessions --filters Name=packet-length,Values=128)" "$session" \
		"session"
}

teardown_in_order()
{
	refused TrafficMirrorTargetInUse delete-traffic-mirror-target \
		--traffic-mirror-target-id "$target"
	refused TrafficMirrorFilterInUse delete-traffic-mirror-filter \
		--traffic-mirror-filter-id "$filter"
	refused DryRunOperation delete-traffic-mirror-session --dry-run \
		--traffic-mirror-session-id "$session"
	made . delete-traffic-mirror-session --traffic-mirror-session-id "$session" >/dev/null
	made . delete-traffic-mirror-filter-rule --traffic-mirror-filter-rule-id "$rule" >/dev/null
	made . delete-traffic-mirror-filter --traffic-mirror-filter-id "$filter" >/dev/null
	made . delete-traffic-mirror-target --traffic-mirror-target-id "$target" >/dev/null
	expect_eq "$(control GET /state | jq 'map(length) | add')" 1 "what is left: the load balancer"
	expect_eq "$(jq -r 'select(.result == "ok").action' "$T/emulator.log" |
		grep TrafficMirror | sort -u | wc -l)" 15 "actions"
}

emulator_start --network-interface "$ENI" --load-balancer "$ARN" \
	--control-port 0 --control-port-file "$T/control"
targets_and_filters
rules
sessions
teardown_in_order
stop emulator || fail "emulator exited with $?"
