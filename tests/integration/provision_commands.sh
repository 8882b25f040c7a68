#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# mirrorcap's commands for targets, filters, rules and load balancers against the control plane
# emulator: what they refuse to send, what they create, and what they tell.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need curl jq python3

VPC=vpc-0a1b2c3d4e5f60718
SUBNET=subnet-0a1b2c3d4e5f60718
SECOND_SUBNET=subnet-0a1b2c3d4e5f60719
COLLECTOR=eni-0c0c0c0c0c0c0c0c0
NOBODY=tmt-00000000000000000

# provision NOUN VERB ARGUMENTS...: stdout in $T/session.out, stderr in $T/session.err, for said.
provision()
{
	"$PROVISION" "$@" >"$T/session.out" 2>"$T/session.err" </dev/null
}

# done_by NOUN VERB ARGUMENTS...: demands success and silence on stderr.
done_by()
{
	provision "$@" || fail "$*: $(cat "$T/session.err")"
	expect_eq "$(cat "$T/session.err")" "" "stderr of $*"
}

# out JQ: what the last command printed.
out()
{
	json "$T/session.out" "$1"
}

# refused CODE NOUN VERB ...: demands exit 1 and a line with the code.
refused()
{
	expect_exit 1 provision "${@:2}"
	said "$1"
	expect_eq "$(cat "$T/session.out")" "" "stdout of a failure"
}

# Bad input never leaves the machine.
bad_input_is_not_sent()
{
	local line what count=0
	local -a words

	while IFS='|' read -r line what; do
		count=$((count + 1))
		eval "words=($line)"
		expect_exit 2 provision "${words[@]}"
		said "$what"
	done <<-END
		target create|--network-interface-id, --network-load-balancer-arn
		target create --network-interface-id $ENI --network-load-balancer-arn arn:aws:s3:::b|not in its form
		target create --network-interface-id $ENI --gateway-load-balancer-endpoint-id vpce-0a1b2c3d|more than one
		target modify|no such subcommand
		target delete --traffic-mirror-target-id $TMF|not an id
		filter create --tag x|--tag 'x'
		filter network-services --traffic-mirror-filter-id $TMF|nothing to change
		filter network-services --traffic-mirror-filter-id $TMF --add-network-services dns|amazon-dns
		filter show|missing --traffic-mirror-filter-id TMF
		filter-rule create --traffic-mirror-filter-id $TMF|--rule-number N, --rule-action
		filter-rule list --colour red|--colour: no such option
		filter-rule modify --traffic-mirror-filter-rule-id tmfr-0a1b2c3d|nothing to change
		filter-rule modify --traffic-mirror-filter-rule-id tmfr-0a1b2c3d --protocol 256|--protocol '256'
		filter-rule modify --traffic-mirror-filter-rule-id tmfr-0a1b2c3d --source-cidr-block 10.0.0.0|--source-cidr-block '10.0.0.0'
		filter-rule modify --traffic-mirror-filter-rule-id tmfr-0a1b2c3d --source-cidr-block ::/0 --destination-cidr-block 10.0.0.0/8|two address families
		filter-rule modify --traffic-mirror-filter-rule-id tmfr-0a1b2c3d --source-port-range FromPort=2,ToPort=1|above the last
		load-balancer setup --name x|--subnets SUBNET, --health-check-port PORT
		load-balancer setup --name x --subnets $SUBNET --health-check-port 4789|another port
		load-balancer setup --name x --subnets $SUBNET --health-check-port 80 --targets hello|--targets 'hello'
		load-balancer setup --name x --subnets $SUBNET --health-check-port 80 --health-check-path /x|needs --health-check-protocol HTTP
		load-balancer setup --name x --subnets $SUBNET --health-check-port 80 --targets ::1|need --ip-address-type dualstack
		load-balancer teardown|missing --name NAME
		session delete --traffic-mirror-session-id --dry-run|--dry-run is an option
		target-group create --name x|missing --health-check-port
		target-group register --target-group-arn x --targets Id=i-1|--target-group-arn 'x'
		listener explode|explode
	END
	expect_eq "$count" 26 "cases"
	expect_eq "$(requests true)" 0 "requests after bad input"
}

targets()
{
	local id session

	done_by target create --network-interface-id "$COLLECTOR" --description 'a <b>' --tag team=soc
	id=$(out .TrafficMirrorTarget.TrafficMirrorTargetId)
	[[ $id =~ ^tmt-[0-9a-f]{17}$ ]] || fail "id: $id"
	expect_eq "$(out '.TrafficMirrorTarget | .Type, .Description, .Tags[0].Value')" \
		$'network-interface\na <b>\nsoc' "target"
	expect_eq "$(out .ClientToken)" "$(last_request .parameters.ClientToken)" "token"
	done_by target show --traffic-mirror-target-id "$id"
	expect_eq "$(out '.TrafficMirrorTargets[].TrafficMirrorTargetId')" "$id" "shown"
	done_by target list --filters Name=tag:team,Values=soc --output text
	grep -q "^$id  network-interface" "$T/session.out" || fail "table: $(cat "$T/session.out")"
	expect_eq "$(wc -l <"$T/session.out")" 2 "lines of the table"

	provision target delete --traffic-mirror-target-id "$id" --dry-run
	said "would have succeeded"
	refused InvalidTrafficMirrorTargetId.NotFound target delete --traffic-mirror-target-id "$NOBODY"
	as AKIDREADER refused UnauthorizedOperation target delete --traffic-mirror-target-id "$id"
	said "allow ec2:DeleteTrafficMirrorTarget on the traffic-mirror-target"
	done_by session create --network-interface-id "$ENI" --traffic-mirror-target-id "$id" \
		--traffic-mirror-filter-id "$TMF" --session-number 1
	session=$(out .TrafficMirrorSession.TrafficMirrorSessionId)
	refused TrafficMirrorTargetInUse target delete --traffic-mirror-target-id "$id"
	modify_session "$session"
	done_by target delete --traffic-mirror-target-id "$id"
	expect_eq "$(out .TrafficMirrorTargetId)" "$id" "deleted"
}

modify_session()
{
	done_by session modify --traffic-mirror-session-id "$1" --packet-length 128 \
		--description new --session-number 2
	expect_eq "$(out '.TrafficMirrorSession | "\(.PacketLength) \(.Description) \(.SessionNumber)"')" \
		"128 new 2" "modified"
	done_by session modify --traffic-mirror-session-id "$1" --remove-fields description packet-length
	expect_eq "$(out '.TrafficMirrorSession | "\(.Description // "") \(.PacketLength // 8500)"')" \
		" 8500" "fields removed"
	done_by session delete --traffic-mirror-session-id "$1"
}

filters_and_rules()
{
	local filter rule

	done_by filter create --description whole --tag team=soc
	filter=$(out .TrafficMirrorFilter.TrafficMirrorFilterId)
	done_by filter network-services --traffic-mirror-filter-id "$filter" \
		--add-network-services amazon-dns
	expect_eq "$(out '.TrafficMirrorFilter.NetworkServices[]')" amazon-dns "services"
	done_by filter-rule create --traffic-mirror-filter-id "$filter" --traffic-direction ingress \
		--rule-number 10 --rule-action reject --protocol 17 --source-cidr-block 0.0.0.0/0 \
		--destination-cidr-block 0.0.0.0/0 --destination-port-range FromPort=4789,ToPort=4789
	rule=$(out .TrafficMirrorFilterRule.TrafficMirrorFilterRuleId)
	expect_eq "$(out '.TrafficMirrorFilterRule | "\(.Protocol) \(.DestinationPortRange.ToPort)"')" \
		"17 4789" "rule"
	done_by filter show --traffic-mirror-filter-id "$filter" --output text
	grep -q '^10 .*reject .*17 .*4789-4789' "$T/session.out" || fail "$(cat "$T/session.out")"
	done_by filter-rule modify --traffic-mirror-filter-rule-id "$rule" --rule-action accept \
		--remove-fields protocol destination-port-range
	expect_eq "$(out '.TrafficMirrorFilterRule | "\(.RuleAction) \(.Protocol // 0)"')" "accept 0" \
		"modified rule"
	done_by filter-rule list --traffic-mirror-filter-id "$filter"
	expect_eq "$(out '.TrafficMirrorFilterRules[].TrafficMirrorFilterRuleId')" "$rule" "listed"
	done_by filter-rule delete --traffic-mirror-filter-rule-id "$rule"
	refused InvalidTrafficMirrorFilterRuleId.NotFound filter-rule delete \
		--traffic-mirror-filter-rule-id "$rule"
	done_by filter delete --traffic-mirror-filter-id "$filter"
	refused NotFound filter show --traffic-mirror-filter-id "$filter"
}

MIRROR=(load-balancer setup --name mirror --subnets "$SUBNET" --health-check-port 8080)

setup()
{
	provision "${MIRROR[@]}" --targets 10.0.0.5,10.0.0.6 --tag team=soc ||
		fail "setup: $(cat "$T/session.err")"
}

# changes: prints how many requests may have changed something.
changes()
{
	requests '.action | test("^(Create|Modify|Delete|Register)")'
}

# What is there is not what is asked for: said, and nothing is sent.
other_options_are_refused()
{
	local line what before
	local -a words

	before=$(changes)
	while IFS='|' read -r line what; do
		eval "words=($line)"
		expect_exit 1 provision load-balancer setup --name mirror "${words[@]}"
		said "$what"
		expect_eq "$(cat "$T/session.out")" "" "stdout of $line"
	done <<-END
		--subnets $SUBNET --health-check-port 9090|is checked on port 8080
		--subnets $SUBNET --health-check-port 8080 --scheme internet-facing|is internal
		--subnets $SUBNET --health-check-port 8080 --ip-address-type dualstack|addresses of type ipv4
		--subnets $SUBNET --health-check-port 8080 --health-check-protocol HTTP|is checked by TCP
		--subnets $SUBNET --health-check-port 8080 --targets i-0a1b2c3d|takes targets of type ip
		--subnets $SUBNET,$SECOND_SUBNET --health-check-port 8080|is in other subnets
		--subnets $SECOND_SUBNET --health-check-port 8080|is in other subnets
	END
	expect_eq "$(changes)" "$before" "changes after other options"
}

load_balancers()
{
	local before group

	setup
	grep -q "created the load balancer" "$T/session.err" || fail "steps: $(cat "$T/session.err")"
	before=$(cat "$T/session.out")
	group=$(out .TargetGroupArn)
	done_by target-group attributes --target-group-arn "$group"
	expect_eq "$(out '[.Attributes[] | select(.Key | test("^deregistration_delay.conn|^proxy_protocol"))
		| .Value] | sort | join(" ")')" "false true" "attributes"
	done_by load-balancer attributes --load-balancer-arn "$(jq -r .LoadBalancerArn <<<"$before")"
	expect_eq "$(out '.Attributes[] | select(.Key == "load_balancing.cross_zone.enabled").Value')" \
		true "cross-zone"
	done_by target-group show --target-group-arn "$group"
	expect_eq "$(out '.TargetGroups[] | "\(.Protocol) \(.Port) \(.HealthCheckProtocol) \(.HealthCheckPort)"')" \
		"UDP 4789 TCP 8080" "target group"
	done_by target-group health --target-group-arn "$group" --output text
	expect_eq "$(grep -c '^10\.0\.0\.[56] ' "$T/session.out")" 2 "targets: $(cat "$T/session.out")"
	# Again: nothing new, and the same is told.
	setup
	expect_eq "$(cat "$T/session.out")" "$before" "second setup"
	expect_eq "$(requests '.action == "CreateLoadBalancer"')" 1 "load balancers created"
	expect_eq "$(requests '.action == "CreateListener"')" 1 "listeners created"
	provision "${MIRROR[@]}" || fail "setup without targets: $(cat "$T/session.err")"
	other_options_are_refused
	done_by load-balancer attributes --output text \
		--load-balancer-arn "$(jq -r .LoadBalancerArn <<<"$before")"
	grep -q '^load_balancing.cross_zone.enabled  *true$' "$T/session.out" ||
		fail "attributes: $(cat "$T/session.out")"
	tear_down "$(jq -r .LoadBalancerArn <<<"$before")"
}

tear_down()
{
	local target

	done_by target create --network-load-balancer-arn "$1"
	target=$(out .TrafficMirrorTarget.TrafficMirrorTargetId)
	expect_exit 1 provision load-balancer teardown --name mirror
	said "the mirror target $target needs it"
	done_by target delete --traffic-mirror-target-id "$target"
	protected_ones_stay_whole "$1"
	provision load-balancer teardown --name mirror || fail "teardown: $(cat "$T/session.err")"
	expect_eq "$(wc -l <"$T/session.err")" 3 "deleted: $(cat "$T/session.err")"
	provision load-balancer teardown --name mirror
	said "nothing to delete"
	done_by load-balancer list
	expect_eq "$(out '.LoadBalancers | length')" 0 "load balancers left"
	done_by target-group list
	expect_eq "$(out '.TargetGroups | length')" 0 "target groups left"
}

protect()
{
	done_by load-balancer modify --load-balancer-arn "$1" \
		--attributes "Key=deletion_protection.enabled,Value=$2"
}

# What AWS would refuse at the end is found at the beginning.
protected_ones_stay_whole()
{
	local before

	protect "$1" true
	before=$(changes)
	expect_exit 1 provision load-balancer teardown --name mirror
	said "is protected against deletion"
	said "Key=deletion_protection.enabled,Value=false"
	expect_eq "$(changes)" "$before" "changes after a teardown of what is protected"
	protect "$1" false
}

http_checks()
{
	local by_http=("${MIRROR[@]}" --health-check-protocol HTTP)

	provision "${by_http[@]}" --health-check-path /up || fail "$(cat "$T/session.err")"
	provision "${by_http[@]}" --health-check-path /up || fail "$(cat "$T/session.err")"
	expect_exit 1 provision "${by_http[@]}"
	said "is checked at the path /up"
	provision load-balancer teardown --name mirror || fail "$(cat "$T/session.err")"
}

ipv6_collectors()
{
	local stack=("${MIRROR[@]}" --ip-address-type dualstack --targets 2001:db8::5) arn

	provision "${stack[@]}" || fail "dualstack: $(cat "$T/session.err")"
	arn=$(out .LoadBalancerArn)
	provision "${stack[@]}" || fail "dualstack again: $(cat "$T/session.err")"
	done_by load-balancer show --load-balancer-arn "$arn"
	expect_eq "$(out '.LoadBalancers[] | "\(.IpAddressType) \(.EnablePrefixForIpv6SourceNat)"')" \
		"dualstack on" "load balancer"
	done_by target-group list --names mirror
	expect_eq "$(out '.TargetGroups[] | "\(.TargetType) \(.IpAddressType)"')" "ip ipv6" "target group"
	expect_exit 1 provision "${MIRROR[@]}" --ip-address-type dualstack --targets 10.0.0.5
	said "takes targets of ipv6"
	provision load-balancer teardown --name mirror || fail "$(cat "$T/session.err")"
}

fault()
{
	control POST /faults "$1" >/dev/null
}

# left: prints how many parts there are.
left()
{
	local balancers

	done_by load-balancer list
	balancers=$(out '.LoadBalancers | length')
	done_by target-group list
	echo $((balancers + $(out '.TargetGroups | length')))
}

# Each answer is lost once, though what it told of was done.
lost_answers_do_no_harm()
{
	local action

	for action in CreateLoadBalancer ModifyLoadBalancerAttributes CreateTargetGroup \
		ModifyTargetGroupAttributes CreateListener RegisterTargets; do
		fault "{\"kind\": \"drop\", \"action\": \"$action\", \"when\": \"after\", \"times\": 1}"
	done
	setup
	control DELETE /faults >/dev/null
	expect_eq "$(left)" 2 "parts after lost answers"
	done_by target-group list --names mirror
	done_by target-group health --target-group-arn "$(out '.TargetGroups[0].TargetGroupArn')"
	expect_eq "$(out '.TargetHealthDescriptions | length')" 2 "targets after lost answers"
	for action in DeleteListener DeleteTargetGroup DeleteLoadBalancer; do
		fault "{\"kind\": \"drop\", \"action\": \"$action\", \"when\": \"after\", \"times\": 1}"
	done
	provision load-balancer teardown --name mirror ||
		fail "teardown with lost answers: $(cat "$T/session.err")"
	control DELETE /faults >/dev/null
	expect_eq "$(wc -l <"$T/session.err")" 3 "deleted: $(cat "$T/session.err")"
	expect_eq "$(left)" 0 "parts after teardown"
}

# asked ACTION: whether a request for it has arrived.
asked()
{
	[[ $(requests ".action == \"$1\"") -gt $asked ]]
}

# interrupted ACTION NOUN VERB ARGUMENTS...: is stopped while the answer is held back, which was
# made; it must not sound as if nothing had happened.
interrupted()
{
	local asked

	asked=$(requests ".action == \"$1\"")
	fault "{\"kind\": \"hold\", \"action\": \"$1\", \"when\": \"after\", \"times\": 1}"
	start victim "$PROVISION" "${@:2}"
	wait_for 10 asked "$1"
	kill -TERM "$(pid_of victim)"
	finish victim && fail "$1 succeeded though it was stopped"
	control DELETE /faults >/dev/null
	grep -q 'stopped.*: it may have had its effect: look before repeating it$' "$T/victim.err" ||
		fail "not said: $(cat "$T/victim.err")"
	expect_eq "$(wc -l <"$T/victim.err")" 1 "lines on stderr: $(cat "$T/victim.err")"
}

stopped_calls_are_doubtful()
{
	local id

	done_by session create --network-interface-id "$ENI" --traffic-mirror-target-id "$TMT" \
		--traffic-mirror-filter-id "$TMF" --session-number 1
	id=$(out .TrafficMirrorSession.TrafficMirrorSessionId)
	interrupted ModifyTrafficMirrorSession session modify --traffic-mirror-session-id "$id" \
		--packet-length 128
	done_by session show --traffic-mirror-session-id "$id"
	expect_eq "$(out '.TrafficMirrorSessions[0].PacketLength')" 128 "length after the modify"
	interrupted DeleteTrafficMirrorSession session delete --traffic-mirror-session-id "$id"
	done_by session list
	expect_eq "$(out '.TrafficMirrorSessions | length')" 0 "sessions after the delete"
}

# foreign WHAT: neither command touches anything.
foreign()
{
	local before

	before=$(changes)
	expect_exit 1 provision "${MIRROR[@]}"
	said "a $1 that setup did not create"
	expect_exit 1 provision load-balancer teardown --name mirror
	said "a $1 that setup did not create"
	expect_eq "$(changes)" "$before" "changes beside a foreign $1"
}

# A target group of the name alone, and a listener on a load balancer of ours.
foreign_parts_stay()
{
	local balancer group listener

	done_by target-group create --name mirror --vpc-id "$VPC" --health-check-port 8080
	group=$(out '.TargetGroups[0].TargetGroupArn')
	foreign "target group"
	done_by target-group delete --target-group-arn "$group"

	setup
	balancer=$(out .LoadBalancerArn) group=$(out .TargetGroupArn) listener=$(out .ListenerArn)
	done_by listener delete --listener-arn "$listener"
	done_by listener create --load-balancer-arn "$balancer" \
		--default-actions "Type=forward,TargetGroupArn=$group"
	listener=$(out '.Listeners[0].ListenerArn')
	foreign listener
	done_by listener delete --listener-arn "$listener"
	# On a port of its own it is not in setup's way, yet it would go with the load balancer.
	done_by target-group create --name other --vpc-id "$VPC" --health-check-port 8080 --port 5000
	group=$(out '.TargetGroups[0].TargetGroupArn')
	done_by listener create --load-balancer-arn "$balancer" --port 5000 \
		--default-actions "Type=forward,TargetGroupArn=$group"
	listener=$(out '.Listeners[0].ListenerArn')
	setup
	expect_exit 1 provision load-balancer teardown --name mirror
	said "$listener: a listener that setup did not create"
	done_by listener delete --listener-arn "$listener"
	done_by target-group delete --target-group-arn "$group"
	provision load-balancer teardown --name mirror || fail "$(cat "$T/session.err")"
	expect_eq "$(left)" 0 "parts left"
}

# What has the name but not the tag is somebody else's.
foreign_ones_stay()
{
	local arn

	done_by load-balancer create --name mirror --subnets "$SUBNET"
	arn=$(out '.LoadBalancers[0].LoadBalancerArn')
	expect_eq "$(out '.LoadBalancers[0] | "\(.Type) \(.Scheme)"')" "network internal" "defaults"
	foreign "load balancer"
	done_by load-balancer delete --load-balancer-arn "$arn"
	expect_exit 1 provision load-balancer show --load-balancer-arn "$arn"
}

cat >"$T/world.json" <<END
{"subnets": [{"id": "$SUBNET", "vpc_id": "$VPC", "availability_zone": "us-east-1a"},
             {"id": "$SECOND_SUBNET", "vpc_id": "$VPC", "availability_zone": "us-east-1b"}]}
END
emulator_start --network-interface "$ENI" --network-interface "$COLLECTOR" --target "$TMT" \
	--filter "$TMF" --world "$T/world.json" --control-port 0 --control-port-file "$T/control"
bad_input_is_not_sent
targets
filters_and_rules
load_balancers
http_checks
ipv6_collectors
lost_answers_do_no_harm
stopped_calls_are_doubtful
foreign_ones_stay
foreign_parts_stay
