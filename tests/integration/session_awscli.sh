#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# AWS's own client as the judge: it and mirrorcap see, make and delete each other's sessions.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need aws jq

full=(--network-interface-id "$ENI" --traffic-mirror-target-id "$TMT" --traffic-mirror-filter-id
	"$TMF" --virtual-network-id 4242 --packet-length 128 --description 'web <a&b> "1" é')

# aws_ec2 ARGUMENTS...: stdout in $T/aws.out, stderr in $T/aws.err.
aws_ec2()
{
	aws ec2 "$@" --endpoint-url "$AWS_ENDPOINT_URL" --output json \
		>"$T/aws.out" 2>"$T/aws.err"
}

# same_view: both clients list the same sessions, field by field.
same_view()
{
	aws_ec2 describe-traffic-mirror-sessions
	session list
	expect_eq "$(jq -S .TrafficMirrorSessions "$T/session.out")" \
		"$(jq -S .TrafficMirrorSessions "$T/aws.out")" "what both list"
	expect_eq "$(json "$T/aws.out" '.TrafficMirrorSessions | length')" "$1" "sessions"
}

each_sees_what_the_other_makes()
{
	local ours theirs

	session create "${full[@]}" --session-number 1 --tag team=soc --tag note= ||
		fail "create: $(cat "$T/session.err")"
	ours=$(json "$T/session.out" .TrafficMirrorSession.TrafficMirrorSessionId)
	same_view 1
	aws_ec2 create-traffic-mirror-session "${full[@]}" --session-number 2 \
		--tag-specifications '[{"ResourceType": "traffic-mirror-session", "Tags": [
			{"Key": "team", "Value": "soc"}, {"Key": "note", "Value": ""}]}]'
	theirs=$(json "$T/aws.out" .TrafficMirrorSession.TrafficMirrorSessionId)
	same_view 2
	expect_eq "$(json "$T/aws.out" '[.TrafficMirrorSessions[] |
		del(.TrafficMirrorSessionId, .SessionNumber)] | unique | length')" 1 \
		"kinds of session"
	expect_eq "$(sent_by "$ours")" "$(sent_by "$theirs")" "what both sent"

	aws_ec2 describe-traffic-mirror-sessions --filters Name=tag:team,Values=soc \
		Name=session-number,Values=2
	expect_eq "$(json "$T/aws.out" .TrafficMirrorSessions[].TrafficMirrorSessionId)" "$theirs" \
		"filtered"
	aws_ec2 delete-traffic-mirror-session --traffic-mirror-session-id "$ours"
	same_view 1
	session delete --traffic-mirror-session-id "$theirs"
	same_view 0
}

# sent_by ID: prints the parameters of the request that made the session, without those that
# differ by intent.
sent_by()
{
	local number=1

	[[ $1 == "$theirs" ]] && number=2
	jq -sS --arg number "$number" '.[] | select(.action == "CreateTrafficMirrorSession" and
		.parameters.SessionNumber == $number) | .parameters |
		del(.SessionNumber, .ClientToken)' "$T/emulator.log"
}

# aws_is_refused CODE CMD...
aws_is_refused()
{
	local code=$1

	! "${@:2}" || fail "not refused with $code: ${*:2}"
	grep -qF "($code)" "$T/aws.err" || fail "no $code: $(cat "$T/aws.err")"
}

it_is_refused_alike()
{
	local describe=describe-traffic-mirror-sessions
	local create=(create-traffic-mirror-session "${full[@]}" --session-number)

	AWS_SECRET_ACCESS_KEY=wrong aws_is_refused SignatureDoesNotMatch aws_ec2 "$describe"
	AWS_SESSION_TOKEN=surplus aws_is_refused AuthFailure aws_ec2 "$describe"
	as AKIDREADER aws_is_refused UnauthorizedOperation aws_ec2 "${create[@]}" 1
	aws_is_refused DryRunOperation aws_ec2 "${create[@]}" 1 --dry-run
	aws_is_refused InvalidParameterValue aws_ec2 "${create[@]}" 0
	same_view 0

	as ASIDEXAMPLE aws_ec2 "${create[@]}" 1 --client-token token-1
	session create "${full[@]}" --session-number 1 --client-token token-1
	same_view 1
	aws_is_refused IdempotentParameterMismatch aws_ec2 "${create[@]}" 2 --client-token token-1
	aws_ec2 delete-traffic-mirror-session --traffic-mirror-session-id \
		"$(json "$T/session.out" '.TrafficMirrorSessions[0].TrafficMirrorSessionId')"
}

pages_join()
{
	local n before

	for n in {1..12}; do
		echo "CreateTrafficMirrorSession NetworkInterfaceId=eni-$(printf %017x "$n")" \
			"TrafficMirrorTargetId=$TMT TrafficMirrorFilterId=$TMF SessionNumber=7"
	done | call - >"$T/many.xml"
	before=$(requests true)
	aws_ec2 describe-traffic-mirror-sessions --page-size 5
	expect_eq "$(json "$T/aws.out" '[.TrafficMirrorSessions[].TrafficMirrorSessionId] |
		unique | length')" 12 "sessions on all pages"
	expect_eq "$(($(requests true) - before))" 3 "pages"
	aws_ec2 describe-traffic-mirror-sessions --max-results 5
	expect_eq "$(json "$T/aws.out" '.TrafficMirrorSessions | length')" 5 "sessions on one page"
	same_view 12
}

interfaces=()
for n in {1..12}; do
	interfaces+=(--network-interface "eni-$(printf %017x "$n")")
done
emulator_start --network-interface "$ENI" "${interfaces[@]}" --target "$TMT" --filter "$TMF"

same_view 0
each_sees_what_the_other_makes
it_is_refused_alike
pages_join
stop emulator
