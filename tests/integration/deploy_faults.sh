#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# apply against an API that misbehaves: throttling, errors, lost answers, eventual consistency, a
# Describe that fails.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3

soc()
{
	configure <<-END
		deployment: soc
		target:
		  network_load_balancer_arn: $ARN
		sessions:
		  - name: web
		    sources: {instance_tags: {Role: web}}
	END
}

# hosts COUNT
hosts()
{
	local number

	instances=()
	for number in $(seq "$1"); do
		world_instance "$number" running web "$(printf '%x' "$number")"
	done
}

# converged SESSIONS WHAT: what is declared is there, once.
converged()
{
	expect_eq "$(described Sessions .NetworkInterfaceId | uniq | wc -l)" "$1" "$2: interfaces"
	expect_eq "$(described Sessions .TrafficMirrorSessionId | wc -l)" "$1" "$2: sessions"
	expect_eq "$(described Filters '[.IngressFilterRules, .EgressFilterRules] |
		map(length) | add')" 10 "$2: one filter and its rules"
	expect_eq "$(described Targets .NetworkLoadBalancerArn)" "$ARN" "$2: one target"
}

# all_gone WHAT
all_gone()
{
	expect_eq "$(described Sessions .TrafficMirrorSessionId; described Filters \
		.TrafficMirrorFilterId; described Targets .TrafficMirrorTargetId)" "" "$1"
}

# The answer to every create is lost, and so is the journal.
lost_answers_create_nothing_twice()
{
	fault '{"kind": "drop", "action": "Create*", "when": "after", "times": 3}'
	deploy apply --yes || true
	no_faults
	rm -rf "$T/state"
	deploy apply --yes || fail "apply after lost answers: $(cat "$T/deploy.err")"
	converged 3 "lost answers"
	deploy destroy --yes
}

# What is only slow in becoming visible is waited for.
eventual_consistency_is_waited_for()
{
	fault '{"kind": "eventual", "seconds": 2}'
	deploy apply --yes || fail "apply, slow to be seen: $(cat "$T/deploy.err")"
	no_faults
	converged 3 "slow to be seen"
	deploy drift || fail "drift: $(cat "$T/deploy.out")"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
}

# A Describe that fails, ends early or is no list: nothing is taken for absent.
a_failed_describe_changes_nothing()
{
	local kind action before

	deploy apply --yes || fail "apply: $(cat "$T/deploy.err")"
	before=$(mutations)
	while read -r kind action; do
		fault "{\"kind\": \"$kind\", \"action\": \"$action\"}"
		expect_exit 1 deploy apply --yes --allow-empty --max-delete 100% --delete-orphans
		told "nothing is changed there"
		expect_exit 1 deploy drift
		expect_exit 1 deploy destroy --yes
		no_faults
	done <<-END
		wrong DescribeTrafficMirrorSessions
		error DescribeTrafficMirrorFilters
		truncate DescribeNetworkInterfaces
		empty DescribeInstances
		text DescribeTrafficMirrorTargets
		throttle DescribeListeners
		drop DescribeLoadBalancers
	END
	expect_eq "$(mutations)" "$before" "changes after a failed Describe"
	converged 3 "failed Describes"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
}

# 60 sessions through an API that throttles, fails and loses answers.
a_bulk_apply_goes_through()
{
	hosts 60
	world_reload
	fault '[{"kind": "throttle", "action": "Create*", "nth": 7, "times": 1},
		{"kind": "error", "action": "Create*", "nth": 15, "times": 1},
		{"kind": "error", "action": "Create*", "nth": 22, "when": "after", "status": 503},
		{"kind": "drop", "action": "Create*", "nth": 31, "when": "after"},
		{"kind": "drop", "action": "Create*", "nth": 40, "when": "before", "how": "reset"},
		{"kind": "truncate", "action": "Create*", "nth": 49},
		{"kind": "short", "action": "Describe*", "nth": 3}]'
	deploy apply --yes || true
	no_faults
	deploy apply --yes || fail "bulk apply: $(cat "$T/deploy.err")"
	converged 60 "bulk apply"
	expect_eq "$(described Sessions .VirtualNetworkId | uniq | wc -l)" 60 "VNIs"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
	all_gone "bulk destroy"
}

# Part of it fails for good: the rest is made, and what failed is told.
partial_failure_is_told()
{
	hosts 6
	world_reload
	fault '{"kind": "error", "action": "CreateTrafficMirrorSession", "nth": 2, "times": 1,
		"status": 400, "code": "NetworkInterfaceNotSupported"}'
	expect_exit 1 deploy apply --yes
	no_faults
	told NetworkInterfaceNotSupported
	told "1 failed"
	expect_eq "$(described Sessions . | grep -c '"TrafficMirrorSessionId"')" 5 "the other sessions"
	deploy apply --yes || fail "apply: $(cat "$T/deploy.err")"
	# No permission will not come with the next one.
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
	fault '{"kind": "error", "action": "CreateTrafficMirrorSession", "status": 403,
		"code": "UnauthorizedOperation"}'
	expect_exit 1 deploy apply --yes
	no_faults
	told "5 failed, 1 left"
	# Without its filter nothing is mirrored.
	deploy destroy --yes
	fault '{"kind": "error", "action": "CreateTrafficMirrorFilterRule", "nth": 4, "status": 400,
		"code": "InvalidParameterValue"}'
	expect_exit 1 deploy apply --yes
	no_faults
	expect_eq "$(described Sessions .)" "" "sessions of a filter that lacks a rule"
	deploy apply --yes || fail "apply: $(cat "$T/deploy.err")"
	converged 6 "partial failure"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
}

soc
hosts 3
world_start --region us-east-1
lost_answers_create_nothing_twice
eventual_consistency_is_waited_for
a_failed_describe_changes_nothing
partial_failure_is_told
a_bulk_apply_goes_through
