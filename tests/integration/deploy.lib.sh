# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For tests of declared deployments, after emulator.lib.sh:
#
#	world_instance i-1 running web eni-1 [eni-2...]     # hexadecimal digits are filled up
#	world_start                                         # the emulator, with what was declared
#	configure <<-END … END                              # $T/soc.yaml
#	deploy apply --yes || fail "apply"
#	sessions '.NetworkInterfaceId'                      # what EC2 has, by jq

ARN=arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/mirror/0123456789abcdef
export ARN

declare -A instances=() # id -> JSON

# id_of PREFIX TEXT: an id that ends in TEXT.
id_of()
{
	printf '%s-%s%s\n' "$1" "$(printf '0%.0s' $(seq $((17 - ${#2}))))" "$2"
}

# world_instance NUMBER STATE ROLE INTERFACE...: declares an instance, or changes one.
world_instance()
{
	local number=$1 state=$2 role=$3 interface

	instances[$number]=$(jq -cn --arg id "$(id_of i "$number")" --arg state "$state" \
		--arg role "$role" --argjson interfaces "$(for interface in "${@:4}"; do
			jq -cn --arg id "$(id_of eni "$interface")" \
				--arg ip "10.0.$((16#$interface >> 8)).$((16#$interface & 255))" \
				'{id: $id, private_ip_address: $ip}'
		done | jq -cs .)" \
		'{id: $id, instance_type: "m5.large", state: $state, tags: {Role: $role},
		  network_interfaces: $interfaces}')
}

# A jq expression that adds to the world file.
WORLD=.

world_write()
{
	printf '%s\n' "${instances[@]}" | jq -s --arg arn "$ARN" \
		'{instances: ., load_balancers: [{arn: $arn}]} | '"$WORLD" >"$T/world.new"
	mv "$T/world.new" "$T/world.json"
}

# world_start [ARGUMENT...]: the emulator.
world_start()
{
	world_write
	rm -f "$T/control"
	emulator_start --world "$T/world.json" --control-port 0 --control-port-file "$T/control" \
		"$@"
	wait_for 30 test -s "$T/control"
}

# world_reload: writes it anew, and the emulator has it.
world_reload()
{
	world_write
	control POST /reload >/dev/null
}

# configure: the configuration from stdin.
configure()
{
	cat >"$T/soc.yaml"
}

# deploy COMMAND ARGUMENT...: with the configuration; stdout in $T/deploy.out, stderr in
# $T/deploy.err, both of all calls in $T/deploy.all.
deploy()
{
	local status=0 state=()

	[[ $1 == plan || $1 == drift ]] || state=(--state-dir "$T/state")
	"$PROVISION" "$1" -c "$T/soc.yaml" "${state[@]}" "${@:2}" >"$T/deploy.out" \
		2>"$T/deploy.err" </dev/null || status=$?
	{
		echo "--- $*: $status"
		cat "$T/deploy.out" "$T/deploy.err"
	} >>"$T/deploy.all"
	return "$status"
}

# done_as_declared WHAT: nothing is left to do.
done_as_declared()
{
	deploy drift || fail "$1: drift: $(cat "$T/deploy.out" "$T/deploy.err")"
}

# told TEXT: the last deploy said so on stderr.
told()
{
	grep -qF -- "$1" "$T/deploy.err" || fail "not told: '$1', but: $(cat "$T/deploy.err")"
}

# shown TEXT: the last deploy said so on stdout.
shown()
{
	grep -qF -- "$1" "$T/deploy.out" || fail "not shown: '$1', but: $(cat "$T/deploy.out")"
}

# described KIND JQ: a line for each of the Sessions, Targets, Filters or FilterRules that EC2 has,
# told by the emulator itself. .Tags is {KEY: VALUE}.
described()
{
	control GET /state | jq -r ".TrafficMirror$1[] | .Tags |= from_entries | $2" | sort
}

# fault JSON: sets a fault, or a list of them.
fault()
{
	control POST /faults "$1" >/dev/null
}

no_faults()
{
	control DELETE /faults >/dev/null
}

# mutations: prints how many requests may have changed something, so far.
mutations()
{
	requests '.action | test("^(Create|Modify|Delete)")'
}
