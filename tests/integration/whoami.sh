#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# mirrorcap whoami: each source of credentials against the emulator's STS and metadata, what it says
# where there are none or they are refused; and moto's STS and metadata where moto is there.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need jq python3

# whoami ARGUMENTS...: its output is $T/whoami.out, its messages $T/whoami.err.
whoami()
{
	"$PROVISION" whoami "$@" >"$T/whoami.out" 2>"$T/whoami.err"
}

told()
{
	grep -qF -- "$1" "$T/whoami.err" || fail "not told: $1: $(cat "$T/whoami.err")"
}

expect_identity()
{
	expect_eq "$(json "$T/whoami.out" "$1")" "$2" "$1"
}

keys_of_the_environment()
{
	whoami --output json || fail "whoami: $(cat "$T/whoami.err")"
	expect_identity .Account 123456789012
	expect_identity .Credentials.Source environment
	expect_identity .Credentials.Expiration null
	expect_identity .Region.Name us-east-1
	expect_identity .Region.Source AWS_REGION
	expect_identity .Endpoints.sts.Source AWS_ENDPOINT_URL
	expect_identity .Endpoints.ec2.Url "$AWS_ENDPOINT_URL/"
	whoami || fail "whoami as text: $(cat "$T/whoami.err")"
	grep -q '^account  *123456789012$' "$T/whoami.out" || fail "no account in the text"
	grep -q '^sts  *http://127.0.0.1:.* (AWS_ENDPOINT_URL)$' "$T/whoami.out" || fail "no endpoint"
}

keys_of_a_profile()
{
	printf '[profile own]\nregion = eu-west-1\naws_access_key_id = AKIDEXAMPLE\n%s%s\n' \
		'aws_secret_access_key = ' "$AWS_SECRET_ACCESS_KEY" >"$T/config"
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_REGION -u AWS_DEFAULT_REGION \
		AWS_CONFIG_FILE="$T/config" "$PROVISION" whoami --profile own --region us-east-1 \
		--output json >"$T/whoami.out" 2>"$T/whoami.err" || fail "$(cat "$T/whoami.err")"
	expect_identity .Credentials.Source "config file"
	expect_identity .Credentials.Profile own
	expect_identity .Region.Source --region
}

no_secret_is_shown()
{
	local file

	for file in "$T/whoami.out" "$T/whoami.err"; do
		! grep -qF "$AWS_SECRET_ACCESS_KEY" "$file" || fail "a secret in ${file##*/}"
	done
}

faults_have_their_messages()
{
	expect_exit 1 whoami --profile nobody
	told "profile 'nobody': neither in /dev/null nor in /dev/null"
	expect_exit 1 env -u AWS_REGION -u AWS_DEFAULT_REGION "$PROVISION" whoami 2>"$T/whoami.err"
	told "no AWS region; tried --region, AWS_REGION"
	expect_exit 1 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$PROVISION" whoami \
		2>"$T/whoami.err"
	told "no AWS credentials; tried environment:"
	expect_exit 1 env AWS_SECRET_ACCESS_KEY=wrong "$PROVISION" whoami 2>"$T/whoami.err"
	told "SignatureDoesNotMatch: credentials (environment):"
	expect_exit 1 env AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z "$PROVISION" whoami \
		2>"$T/whoami.err"
	told "expired at 2020-01-01T00:00:00Z"
	expect_exit 1 env AWS_ENDPOINT_URL_STS=http://127.0.0.1:1 "$PROVISION" whoami \
		2>"$T/whoami.err"
	told "http://127.0.0.1:1/"
	expect_exit 2 whoami --colour
	told "--colour: no such option"
	expect_exit 2 whoami extra
	told "extra: not an option"
	expect_exit 2 whoami --output yaml
	told "--output: takes text or json"
}

# An STS and an instance metadata service that others have written.
moto_agrees()
{
	local port

	if ! python3 -c 'import moto.server' 2>"$T/moto.import"; then
		echo "# moto is not installed: its STS and metadata are not asked"
		return
	fi
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	start moto python3 -m moto.server -H 127.0.0.1 -p "$port"
	wait_for 30 grep -q Running "$T/moto.err"
	# Keys of moto's metadata service, an identity of moto's STS.
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_EC2_METADATA_DISABLED \
		AWS_ENDPOINT_URL="http://127.0.0.1:$port" \
		AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:$port" \
		"$PROVISION" whoami --output json >"$T/whoami.out" 2>"$T/whoami.err" ||
		fail "moto's metadata: $(cat "$T/whoami.err")"
	expect_identity .Credentials.Source "instance metadata"
	AWS_ENDPOINT_URL="http://127.0.0.1:$port" whoami --output json ||
		fail "moto's STS: $(cat "$T/whoami.err")"
	expect_identity .Account 123456789012
	printf '[default]\nrole_arn = arn:aws:iam::210987654321:role/mirror\n%s\n' \
		'credential_source = Environment' >"$T/role"
	AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_CONFIG_FILE="$T/role" \
		whoami --profile default --output json || fail "a role: $(cat "$T/whoami.err")"
	expect_identity .Credentials.Source "role of a profile"
	expect_identity '.Arn | startswith("arn:aws:sts::210987654321:assumed-role/mirror/")' true
	stop moto || true
}

emulator_start --network-interface "$ENI" --target "$TMT" --filter "$TMF"
keys_of_the_environment
keys_of_a_profile
faults_have_their_messages
no_secret_is_shown
moto_agrees
