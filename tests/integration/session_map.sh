#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# mirrorcap session-map: two collectors with read-only keys follow what the emulator has, within an
# interval; no outage, fault or empty answer changes their maps. And mirrorcap iam-policy.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"

need jq curl

NLB=arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/m/0123456789abcdef
TMT2=tmt-0123456789abcdef2
ROLE=arn:aws:iam::222233334444:role/mirrorcap

# eni N: the Nth interface's id.
eni()
{
	printf 'eni-%017d' "$1"
}

# interface N ADDRESS [MORE]: a row of the world file.
interface()
{
	printf '{"id": "%s", "private_ip_address": "%s"%s}' "$(eni "$1")" "$2" "${3:-}"
}

cat >"$T/world.json" <<END
{
  "network_interfaces": [
    $(interface 1 10.0.0.1), $(interface 2 10.0.0.2), $(interface 3 10.0.0.3),
    $(interface 4 10.0.0.4), $(interface 5 10.0.0.5), $(interface 6 10.0.0.6),
    $(interface 7 10.0.0.2 ', "account": "222233334444"')
  ],
  "load_balancers": [{"arn": "$NLB"}],
  "targets": [{"id": "$TMT", "network_load_balancer_arn": "$NLB"},
              {"id": "$TMT2", "network_load_balancer_arn": "$NLB"}],
  "shares": [{"account": "123456789012", "target": "$TMT", "with": "222233334444"}],
  "filters": [{"id": "$TMF"}, {"id": "tmf-0123456789abcdef7", "account": "222233334444"}],
  "credentials": [{"account": "222233334444", "access_key": "AKIDOTHER", "secret_key": "other"}],
  "roles": [{"arn": "$ROLE", "external_id": "soc", "allow": ["ec2:Describe*"]}]
}
END

# create N VNI [NAME=VALUE...]: a session of interface N; prints its id.
create()
{
	call CreateTrafficMirrorSession "NetworkInterfaceId=$(eni "$1")" \
		"TrafficMirrorTargetId=$TMT" "TrafficMirrorFilterId=$TMF" SessionNumber=1 \
		"VirtualNetworkId=$2" "${@:3}" >"$T/created.xml"
	grep -oE 'tms-[0-9a-f]+' "$T/created.xml" | head -n 1
}

# tagged KEY VALUE [N]: the parameters of a create that give a tag.
tagged()
{
	printf '%s\n' TagSpecification.1.ResourceType=traffic-mirror-session \
		"TagSpecification.1.Tag.${3:-1}.Key=$1" "TagSpecification.1.Tag.${3:-1}.Value=$2"
}

session_map()
{
	local status=0

	as AKIDREADER "$PROVISION" session-map "$@" >"$T/map.out" 2>"$T/map.err" </dev/null ||
		status=$?
	expect_eq "$(cat "$T/map.out")" "" "stdout"
	return "$status"
}

told()
{
	grep -qF -- "$1" "$T/map.err" || fail "not said: '$1', but: $(cat "$T/map.err")"
}

# sessions MAP: one line a session.
sessions()
{
	jq -r '.sessions[] | "\(.virtual_network_id) \(.packet_length) \(.source_ip) \(.name)"' "$1"
}

# has MAP COUNT
has()
{
	[[ -e $1 && $(jq '.sessions | length' "$1") -eq $2 ]]
}

# follow COUNT: both maps have so many sessions within an interval, and a second for the machine.
follow()
{
	wait_for 2 has "$T/a.json" "$1"
	wait_for 2 has "$T/b.json" "$1"
	cmp "$T/a.json" "$T/b.json" || fail "two collectors have different maps"
}

identity()
{
	stat -c '%i %y' "$T/a.json" "$T/b.json"
}

# more_lines N FILE: it has more than N lines.
more_lines()
{
	[[ $(wc -l <"$2") -gt $1 ]]
}

# both_run WHEN
both_run()
{
	local name

	for name in a b; do
		running "$name" || fail "the watch $name ended $1"
	done
}

# What is wrong is said before anything is asked.
emulator_start --world "$T/world.json" --control-port 0 --control-port-file "$T/control"
expect_exit 2 session_map -w "$T/map.json"
told 'give --traffic-mirror-target-id TMT or --config FILE'
expect_exit 2 session_map --traffic-mirror-target-id tmt-1 -w "$T/map.json"
told 'not a mirror target id'
expect_exit 2 session_map --traffic-mirror-target-id "$TMT"
told 'missing --write MAP'
for time in 0s x 30x 25h; do
	expect_exit 2 session_map --traffic-mirror-target-id "$TMT" -w "$T/map.json" --watch "$time"
	told 'not a time'
done
printf 'deployment: d\nsesions: []\n' >"$T/wrong.yaml"
expect_exit 2 session_map --config "$T/wrong.yaml" -w "$T/map.json"
told "$T/wrong.yaml:2: sesions: unknown key: did you mean 'sessions'?"
told "$T/wrong.yaml:1: sessions: is missing"
expect_eq "$(requests true)" 0 "requests"

expect_exit 2 "$PROVISION" iam-policy --config "$T/wrong.yaml" 2>"$T/map.err"
told "$T/wrong.yaml:2: sesions: unknown key"
# A pipe that nobody writes to is not waited for.
mkfifo "$T/pipe.yaml"
expect_exit 2 timeout 10 "$PROVISION" iam-policy --config "$T/pipe.yaml" 2>"$T/map.err"
expect_exit 0 "$PROVISION" iam-policy --config <(printf '%s\n' 'deployment: d' \
	"target: {traffic_mirror_target_id: $TMT}" \
	'sessions: [{name: w, sources: {network_interface_ids: [eni-00000001]}}]') >"$T/piped.json"

# Once.
expect_exit 1 session_map --traffic-mirror-target-id "$TMT" -w "$T/map.json"
told 'AWS knows no session: nothing is written'
[[ ! -e $T/map.json ]] || fail "an empty map was written"
mapfile -t tags < <(tagged Name front)
first=$(create 1 7 PacketLength=128 "${tags[@]}")
mapfile -t tags < <(tagged mirrorcap:session web && tagged mirrorcap:deployment soc 2 | tail -n 2)
second=$(create 2 7 "${tags[@]}")
call CreateTrafficMirrorSession "NetworkInterfaceId=$(eni 3)" "TrafficMirrorTargetId=$TMT2" \
	"TrafficMirrorFilterId=$TMF" SessionNumber=1 VirtualNetworkId=9 >/dev/null
expect_exit 0 session_map --traffic-mirror-target-id "$TMT" -w "$T/map.json"
told "$T/map.json: 2 sessions"
expect_eq "$(sessions "$T/map.json")" "7 128 10.0.0.1 front
7 8500 10.0.0.2 web-$(eni 2)" "sessions of the map"
expect_eq "$(json "$T/map.json" '.sessions | map(.traffic_mirror_session_id) | join(" ")')" \
	"$first $second" "ids of the map"
expect_exit 0 session_map --traffic-mirror-target-id "$TMT" -w "$T/map.json"
told '2 sessions, unchanged'
[[ -z $(find "$T" -name 'map.json.*') ]] || fail "a temporary file is left"

# What capture reads.
printf '\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0' >"$T/empty.pcap"
expect_exit 0 "$CAPTURE" -i "pcap:$T/empty.pcap" --sessions "$T/map.json" -w null: \
	--ledger "$T/ledger" --summary json >"$T/capture.out" 2>"$T/capture.err"
expect_eq "$(json "$T/capture.out" '.sessions | map(.name) | join(" ")')" \
	"front web-$(eni 2)" "names in capture's summary"

# A deployment in two accounts; only what carries its tag.
printf '%s\n' 'deployment: soc' 'accounts:' '- name: own' "- role_arn: $ROLE" \
	'  external_id: soc' "target: {traffic_mirror_target_id: $TMT}" \
	'sessions: [{name: web, sources: {vpc_ids: [vpc-01234567]}}]' >"$T/soc.yaml"
AWS_ACCESS_KEY_ID=AKIDOTHER AWS_SECRET_ACCESS_KEY=other expect_exit 0 session create \
	--network-interface-id "$(eni 7)" --traffic-mirror-target-id "$TMT" --session-number 1 \
	--traffic-mirror-filter-id tmf-0123456789abcdef7 --virtual-network-id 7 \
	--tag mirrorcap:session=web --tag mirrorcap:deployment=soc
expect_exit 0 "$PROVISION" session-map --config "$T/soc.yaml" -w "$T/soc.json" 2>"$T/map.err"
# The two VPCs use the same addresses: no packet tells these two apart.
told 'have VNI 7 and 10.0.0.2 both: they are recorded as one'
expect_eq "$(sessions "$T/soc.json")" "7 8500 10.0.0.2 vni-7" "sessions of the deployment"
cp "$T/soc.json" "$T/soc.before"
control POST /faults '{"kind": "error", "action": "sts:AssumeRole"}' >/dev/null
expect_exit 1 "$PROVISION" session-map --config "$T/soc.yaml" -w "$T/soc.json" 2>"$T/map.err"
told "account 222233334444: "
cmp "$T/soc.json" "$T/soc.before" || fail "a part of the accounts changed the map"
control DELETE /faults >/dev/null

# Two collectors.
for name in a b; do
	as AKIDREADER start "$name" "$PROVISION" session-map --traffic-mirror-target-id "$TMT" \
		-w "$T/$name.json" --watch 1s
done
follow 2
create 4 11 >/dev/null
follow 3
create 5 12 >/dev/null
third=$(create 6 13)
follow 5
call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$third" >/dev/null
follow 4
before=$(identity)
sleep 2.5
expect_eq "$(identity)" "$before" "files after rounds without a change"

# Outages: the maps stay, byte for byte and file for file; each is told once.
outage()
{
	local lines

	lines=$(wc -l <"$T/a.err")
	control POST /faults "$1" >/dev/null
	wait_for 15 more_lines "$lines" "$T/a.err"
	sleep 1.2
	expect_eq "$(identity)" "$before" "files during the outage $1"
	both_run "in the outage $1"
	control DELETE /faults >/dev/null
	wait_for 15 more_lines $((lines + 1)) "$T/a.err"
	tail -n 1 "$T/a.err" | grep -q '4 sessions, unchanged$' || fail "no end of the outage $1"
}

outage '{"kind": "error", "status": 500, "action": "Describe*"}'
outage '{"kind": "drop", "how": "reset"}'
outage '{"kind": "truncate", "action": "DescribeNetworkInterfaces"}'
outage '{"kind": "error", "status": 403, "code": "UnauthorizedOperation"}'
outage '{"kind": "partial", "keep": 0, "action": "DescribeTrafficMirrorSessions"}'
grep -q 'AWS knows 0 sessions, the map has 4: it is kept: if they were' "$T/a.err" ||
	fail "an empty answer was not told: $(cat "$T/a.err")"
outage '{"kind": "partial", "keep": 1, "action": "DescribeTrafficMirrorSessions"}'

# The emulator dies, and comes back without any session.
port=$(cat "$T/port")
stop emulator KILL || true
sleep 2.5
expect_eq "$(identity)" "$before" "files without an API"
emulator_start --world "$T/world.json" --port "$port" --control-port 0 \
	--control-port-file "$T/control"
sleep 2.5
expect_eq "$(identity)" "$before" "files after an API that has forgotten"
both_run "with the API"
create 1 21 >/dev/null
create 2 22 >/dev/null
follow 2
expect_eq "$(sessions "$T/a.json" | cut -d ' ' -f 1 | xargs)" "21 22" "VNIs after the return"
stop a || fail "a watch that was told to stop exited with $?"
stop b INT || fail "a watch that was interrupted exited with $?"

# Sharply less is taken when told so; what is no map is never replaced.
for index in 0 1; do
	call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$(json "$T/a.json" \
		".sessions[$index].traffic_mirror_session_id")" >/dev/null
done
expect_exit 1 session_map --traffic-mirror-target-id "$TMT" -w "$T/a.json"
told 'AWS knows 0 sessions, the map has 2: it is kept'
expect_exit 0 session_map --traffic-mirror-target-id "$TMT" -w "$T/a.json" --accept-shrink
expect_eq "$(cat "$T/map.err")" "mirrorcap: session-map: $T/a.json: 0 sessions" "stderr"
echo 'not a map' >"$T/other.txt"
expect_exit 1 session_map --traffic-mirror-target-id "$TMT" -w "$T/other.txt" --accept-shrink
told 'is there and is no session map: line 1'
expect_eq "$(cat "$T/other.txt")" "not a map" "a file that is no map"

mkdir "$T/directory"
expect_exit 1 session_map --traffic-mirror-target-id "$TMT" -w "$T/directory"
told 'remove it, or give another -w'

# An answer without an interface takes no address away; a link stays one.
ln -s real.json "$T/link.json"
echo '{"version": 1, "sessions": []}' >"$T/real.json"
create 3 33 >/dev/null
create 4 34 >/dev/null
expect_exit 0 session_map --traffic-mirror-target-id "$TMT" -w "$T/link.json"
[[ -L $T/link.json ]] || fail "the link was replaced by a file"
before=$(sessions "$T/real.json")
expect_eq "$(cut -d ' ' -f 3 <<<"$before" | xargs)" "10.0.0.3 10.0.0.4" "addresses"
cp "$T/world.json" "$T/world.whole"
jq --arg id "$(eni 3)" 'del(.network_interfaces[] | select(.id == $id))' "$T/world.whole" \
	>"$T/world.json"
control POST /reload >/dev/null
create 5 35 >/dev/null
expect_exit 0 session_map --traffic-mirror-target-id "$TMT" -w "$T/link.json"
expect_eq "$(sessions "$T/real.json" | grep -v '^35 ')" "$before" \
	"sessions without what EC2 does not list"
cp "$T/world.whole" "$T/world.json"
control POST /reload >/dev/null

# More than a managed policy takes is told.
{
	printf 'deployment: d\naccounts:\n'
	for region in {eu,ap,us,sa,af,me}-{north,south,west,central}-1; do
		printf '  - {name: %s, regions: [%s], target: {traffic_mirror_target_id: %s}}\n' \
			"$region" "$region" "$TMT"
	done
	printf 'sessions: [{name: w, sources: {vpc_ids: [vpc-00000001]}}]\n'
} >"$T/wide.yaml"
expect_exit 0 "$PROVISION" iam-policy --config "$T/wide.yaml" >"$T/wide.json" 2>"$T/map.err"
told 'deployer of caller: warning: '
told 'and a managed policy takes 6144'

# What a collector asked is what its policy allows; policies are JSON, and stable.
expect_exit 0 "$PROVISION" iam-policy --config "$T/soc.yaml" >"$T/policies.json"
expect_eq "$(json "$T/policies.json" '[.Policies[] | "\(.Role) \(.AttachTo)"] | join(", ")')" \
	"deployer caller, deployer $ROLE, collector caller, collector $ROLE" "policies"
asked=$(jq -rs '[.[] | select(.request_id and .access_key == "AKIDREADER") |
	"ec2:" + .action] | unique | .[]' "$T/emulator.log")
allowed=$(json "$T/policies.json" '[.Policies[] | select(.Role == "collector") |
	.Policy.Statement[] | select(.Sid == "Describe") | .Action[]] | unique | .[]')
expect_eq "$(grep -vx ec2:GetCallerIdentity <<<"$asked")" "$allowed" "what a collector asks and may"
expect_exit 0 "$PROVISION" iam-policy --config "$T/soc.yaml" >"$T/again.json"
cmp "$T/policies.json" "$T/again.json" || fail "policies differ from run to run"
expect_exit 0 "$PROVISION" iam-policy --role collector --document >"$T/document.json"
expect_eq "$(json "$T/document.json" .Version)" 2012-10-17 "version of a document"
expect_exit 2 "$PROVISION" iam-policy --document 2>"$T/map.err"
told '2 policies fit the options'
expect_exit 2 "$PROVISION" iam-policy --role root 2>"$T/map.err"
told 'give deployer or collector'

# block KIND N FILE: the Nth fenced block of that kind.
block()
{
	awk -v fence="\`\`\`$1" -v wanted="$2" '$0 == fence { count++; on = 1; next }
		/^```/ { on = 0 } on && count == wanted' "$3"
}

# The page shows the policies of the configuration that it shows.
page=$MIRRORCAP_SOURCE/docs/provisioning.md
block yaml 1 "$page" >"$T/page.yaml"
number=0
for role in deployer collector; do
	number=$((number + 1))
	block json "$number" "$page" >"$T/page.json"
	expect_exit 0 "$PROVISION" iam-policy --config "$T/page.yaml" --role "$role" --document \
		>"$T/printed.json"
	cmp "$T/page.json" "$T/printed.json" || fail "docs/provisioning.md shows another $role policy"
done
