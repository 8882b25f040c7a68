#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# boto3 as the judge of the emulator: every action of EC2, STS and Elastic Load Balancing, each
# answer compared with botocore's model; and boto3's retries against the emulator's faults.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need jq python3
python3 -c 'import boto3; boto3.client("ec2", "us-east-1").describe_traffic_mirror_filter_rules' \
	2>/dev/null || skip "boto3 is not installed, or older than 1.35 (pip install boto3)"

cat >"$T/world.json" <<END
{
  "subnets": [
    {"id": "subnet-0123456789abcdef0", "vpc_id": "vpc-1", "availability_zone": "us-east-1a"},
    {"id": "subnet-0123456789abcdef1", "vpc_id": "vpc-1", "availability_zone": "us-east-1b"}],
  "instances": [{"id": "i-0123456789abcdef0", "subnet_id": "subnet-0123456789abcdef0",
    "network_interfaces": [
      {"id": "$ENI", "private_ip_address": "10.0.0.5"},
      {"id": "eni-0123456789abcdef1", "private_ip_address": "10.0.0.6",
       "ipv6_addresses": ["fd00::6"]}]}],
  "roles": [
    {"arn": "arn:aws:iam::222222222222:role/deployer", "external_id": "external"},
    {"arn": "arn:aws:iam::222222222222:role/web", "web_identity_token": "web.token"}]
}
END

# judge TEST...: runs tests of emulator_boto3.py.
judge()
{
	PYTHONDONTWRITEBYTECODE=1 python3 "$MIRRORCAP_SOURCE/tests/integration/emulator_boto3.py" \
		"$@" 2>"$T/judge.err" || fail "boto3: $(cat "$T/judge.err")"
}

retries_get_over_faults()
{
	control POST /faults '[{"kind": "throttle", "times": 2},
		{"kind": "error", "from": 4, "times": 2}, {"kind": "drop", "from": 7, "times": 2}]'
	judge Retries.test_standard_mode
	control DELETE /faults
	control POST /faults '{"kind": "drop", "action": "Describe*"}'
	judge Retries.test_one_attempt
	expect_eq "$(requests '.result == "close" and .applied')" 3 "dropped answers"
}

emulator_start --world "$T/world.json" --control-port 0 --control-port-file "$T/control"
judge Models Mirroring Tokens Balancing
retries_get_over_faults >"$T/control.out"
stop emulator || fail "emulator exited with $?"
