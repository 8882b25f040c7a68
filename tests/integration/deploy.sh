#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A declared deployment against the control plane emulator: plan, apply, drift of every kind, limits
# on deletes, saved plans, orphans, destroy, and what is not the deployment's own.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3

WEB1=$(id_of eni a1) WEB2=$(id_of eni a2) WEB2B=$(id_of eni b2) DB1=$(id_of eni d1)

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
	described "$1" "select(.Tags[\"mirrorcap:deployment\"] == \"soc\") | $2"
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
	expect_exit 1 "$PROVISION" plan -c "$T/nosuch.yaml" 2>"$T/deploy.err"
	told "$T/nosuch.yaml: cannot be read"
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
	expect_eq "$(only Sessions '"\(.NetworkInterfaceId) \(.PacketLength) \(.Description // "")"')" \
		"$WEB1 128 
$WEB2 128 
$WEB2B 128 
$DB1 8500 the databases" "sessions"
	expect_eq "$(only Sessions '.VirtualNetworkId | select(. < 2000)')" \
		$'1000\n1001\n1002' "VNIs"
	expect_eq "$(only Filters '(.IngressFilterRules + .EgressFilterRules) | length')" 10 rules
	expect_eq "$(only Targets .NetworkLoadBalancerArn)" "$ARN" target
	done_as_declared "after apply"
	before=$(mutations)
	apply
	expect_eq "$(mutations)" "$before" "requests of a second apply"
	[[ -s $T/state/soc.journal ]] || fail "no journal"
}

# session_of ENI: the id of the deployment's.
session_of()
{
	only Sessions "select(.NetworkInterfaceId == \"$1\") | .TrafficMirrorSessionId"
}

rule_of()
{
	described Filters "select(.Tags[\"mirrorcap:deployment\"] == \"soc\") |
		.${1}FilterRules[] | select(.RuleNumber == $2) | .TrafficMirrorFilterRuleId"
}

# Each line is what somebody does behind our back.
every_drift_is_mended()
{
	local tms tmf line before after

	tms=$(session_of "$WEB1")
	tmf=$(only Filters .TrafficMirrorFilterId)
	before=$(only Sessions '[.NetworkInterfaceId, .PacketLength, .SessionNumber,
		.Description, .TrafficMirrorFilterId, .TrafficMirrorTargetId] | join(" ")')
	while read -r line; do
		# shellcheck disable=SC2086
		call $line >"$T/call.out" || fail "$line: $(cat "$T/call.out")"
		expect_exit 2 deploy drift
		apply
		done_as_declared "$line"
		after=$(only Sessions '[.NetworkInterfaceId, .PacketLength, .SessionNumber,
			.Description, .TrafficMirrorFilterId, .TrafficMirrorTargetId] | join(" ")')
		expect_eq "$after" "$before" "$line: sessions"
		expect_eq "$(only Filters '(.IngressFilterRules + .EgressFilterRules) |
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
		DeleteTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of Ingress 10)
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of Egress 10) RuleAction=accept
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of Ingress 20) Protocol=6
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of Egress 20) RemoveField.1=destination-port-range
		ModifyTrafficMirrorFilterRule TrafficMirrorFilterRuleId=$(rule_of Egress 20) RuleNumber=7000
		ModifyTrafficMirrorFilterNetworkServices TrafficMirrorFilterId=$tmf AddNetworkService.1=amazon-dns
	END
}

# A selector that suddenly matches nothing is a mistake until somebody says that it is none.
an_empty_group_is_kept()
{
	world_instance 1 running Web a1
	world_instance 2 running Web a2 b2
	world_reload
	expect_exit 2 deploy drift
	apply --max-delete 100%
	expect_eq "$(only Sessions .NetworkInterfaceId | wc -l)" 4 "sessions of a group that is empty"
	expect_exit 1 deploy apply --yes --allow-empty
	told "--max-delete"
	expect_eq "$(only Sessions .NetworkInterfaceId | wc -l)" 4 "sessions beyond the limit"
	apply --allow-empty --max-delete 3
	expect_eq "$(only Sessions .NetworkInterfaceId)" "$DB1" "sessions after --allow-empty"
	three_hosts
	world_reload
	apply
	done_as_declared "hosts are back"
}

# One of four is more than a tenth.
deletes_are_limited()
{
	local before

	world_instance 2 running other a2 b2
	world_reload
	before=$(mutations)
	expect_exit 1 deploy plan
	expect_exit 1 deploy apply --yes
	told "--max-delete"
	expect_exit 1 deploy apply --yes --max-delete 1
	expect_exit 1 deploy apply --yes --max-delete 25%
	expect_eq "$(mutations)" "$before" "requests beyond the limit"
	apply --max-delete 50%
	expect_eq "$(only Sessions .NetworkInterfaceId)" "$WEB1"$'\n'"$DB1" "sessions"
	three_hosts
	world_reload
	apply
}

orphans_are_found()
{
	local tms

	tms=$(session_of "$DB1")
	world_instance 3 stopped db d1
	world_reload
	deploy orphans || fail "orphans: $(cat "$T/deploy.err")"
	expect_eq "$(awk '{ print $1, $2 }' "$T/deploy.out")" "$tms $DB1" "orphans"
	deploy orphans --output json
	expect_eq "$(json "$T/deploy.out" '.orphans[] | "\(.session) \(.traffic_mirror_session_id)"')" \
		"db $tms" "orphans in JSON"
	done_as_declared "an orphan is no drift"
	apply --max-delete 100%
	expect_eq "$(session_of "$DB1")" "$tms" "an orphan that nobody asked to be deleted"
	expect_exit 2 deploy orphans --delete
	deploy orphans --delete --yes || fail "orphans --delete: $(cat "$T/deploy.err")"
	expect_eq "$(session_of "$DB1")" "" "the orphan"
	expect_eq "$(only Sessions .NetworkInterfaceId | wc -l)" 3 "the others"
	deploy orphans
	expect_eq "$(cat "$T/deploy.out")" "" "orphans left"
	three_hosts
	world_reload
	apply
	done_as_declared "the orphan's instance runs again"
	world_instance 3 stopped db d1
	world_reload
	apply --delete-orphans --max-delete 100%
	expect_eq "$(session_of "$DB1")" "" "the orphan after --delete-orphans"
	three_hosts
	world_reload
	apply
}

# What was saved is carried out only while it is still what is to be done.
saved_plans_go_stale()
{
	local before

	call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$(session_of "$WEB1")" >"$T/call.out"
	deploy plan -o "$T/soc.plan" || fail "plan -o: $(cat "$T/deploy.err")"
	call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$(session_of "$WEB2")" >"$T/call.out"
	before=$(mutations)
	expect_exit 1 deploy apply "$T/soc.plan" --yes
	told stale
	expect_eq "$(mutations)" "$before" "requests of a stale plan"
	deploy plan -o "$T/soc.plan" || fail "plan -o: $(cat "$T/deploy.err")"
	deploy apply "$T/soc.plan" --yes || fail "apply PLAN: $(cat "$T/deploy.err")"
	done_as_declared "apply PLAN"
	expect_exit 1 deploy apply "$T/soc.plan" --yes
	told stale
	echo '{"version": 1}' >"$T/bad.plan"
	expect_exit 2 deploy apply "$T/bad.plan" --yes
}

# Somebody takes session number 1 while our create is under way.
a_number_is_chosen_again()
{
	local tms

	call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$(session_of "$WEB1")" >"$T/call.out"
	fault '{"kind": "slow", "action": "CreateTrafficMirrorSession", "nth": 1, "seconds": 8}'
	start racing "$PROVISION" apply -c "$T/soc.yaml" --state-dir "$T/state" --yes
	wait_for 10 sent_create
	foreign "$WEB1" 1 >"$T/foreign"
	finish racing || fail "apply in a race: $(cat "$T/racing.err")"
	no_faults
	tms=$(only Sessions "select(.NetworkInterfaceId == \"$WEB1\") | .SessionNumber")
	expect_eq "$tms" 2 "the number after a race"
	done_as_declared "a number that was chosen again"
	call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$(cat "$T/foreign")" >"$T/call.out"
	done_as_declared "the number is kept"
}

sent_create()
{
	control GET /faults | jq -e '.[0].seen > 0'
}

# foreign ENI NUMBER: another tool's session; prints its id.
foreign()
{
	call CreateTrafficMirrorSession "NetworkInterfaceId=$1" "SessionNumber=$2" \
		"TrafficMirrorTargetId=$TMT" "TrafficMirrorFilterId=$TMF" >"$T/foreign.xml" ||
		fail "foreign session: $(cat "$T/foreign.xml")"
	grep -o 'tms-[0-9a-f]*' "$T/foreign.xml"
}

# Another deployment's, another tool's, and what is only named.
destroy_leaves_others_alone()
{
	local others before

	foreign "$WEB1" 9 >"$T/foreign"
	call CreateTrafficMirrorFilter TagSpecification.1.ResourceType=traffic-mirror-filter \
		TagSpecification.1.Tag.1.Key=mirrorcap:deployment \
		TagSpecification.1.Tag.1.Value=other >"$T/call.out"
	others=$(not_ours)
	expect_exit 2 deploy destroy
	expect_eq "$(only Sessions .NetworkInterfaceId | wc -l)" 4 "sessions before somebody was asked"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
	for kind in Sessions Filters Targets; do
		expect_eq "$(only "$kind" .)" "" "$kind after destroy"
	done
	expect_eq "$(not_ours)" "$others" "what is not ours"
	deploy destroy --yes || fail "destroy again: $(cat "$T/deploy.err")"
	# Tokens that AWS remembers must not bring back what is gone, nor be waited for.
	before=$(requests '.action | test("^Create")')
	apply
	expect_eq "$(requests '.action | test("^Create")')" $((before + 1 + 10 + 1 + 4)) \
		"creates of an apply after destroy"
	done_as_declared "apply after destroy"
	"$PROVISION" destroy --deployment soc --state-dir "$T/state" --yes >"$T/deploy.out" \
		2>"$T/deploy.err" || fail "destroy --deployment: $(cat "$T/deploy.err")"
	expect_eq "$(only Sessions .)" "" "sessions after destroy --deployment"
	rm -r "$T/state"
	apply
	done_as_declared "apply without a journal after destroy"
	expect_eq "$(not_ours)" "$others" "what is not ours"
}

not_ours()
{
	local kind

	for kind in Sessions Filters Targets; do
		described "$kind" 'select(.Tags["mirrorcap:deployment"] != "soc") | tojson'
	done
}

a_second_apply_is_kept_out()
{
	call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$(session_of "$WEB1")" >"$T/call.out"
	fault '{"kind": "slow", "action": "CreateTrafficMirrorSession", "seconds": 8}'
	start racing "$PROVISION" apply -c "$T/soc.yaml" --state-dir "$T/state" --yes
	wait_for 10 sent_create
	expect_exit 1 deploy apply --yes
	told "pid $(pid_of racing)"
	# The call in flight is finished; what it made is found again.
	kill -TERM "$(pid_of racing)"
	finish racing || true
	no_faults
	apply
	done_as_declared "after a second apply"
}

damage_to_the_journal_is_survived()
{
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
	sed -i '1s/generation/g3neration/' "$T/state/soc.journal"
	apply
	told "is damaged"
	compgen -G "$T/state/soc.journal.damaged-*" >/dev/null || fail "not kept"
	done_as_declared "after damage"
}

three_hosts
world_start --filter "$TMF" --target "$TMT"
bad_input_sends_nothing
plan_apply_plan
every_drift_is_mended
an_empty_group_is_kept
deletes_are_limited
orphans_are_found
a_number_is_chosen_again
a_second_apply_is_kept_out
destroy_leaves_others_alone
damage_to_the_journal_is_survived
saved_plans_go_stale
