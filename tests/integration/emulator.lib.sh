# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For tests that talk to the control plane emulator, after lib.sh:
#
#	. "$(dirname "$0")/emulator.lib.sh"
#	emulator_start --network-interface "$ENI" --target "$TMT" --filter "$TMF"
#	session create …                # mirrorcap-provision, with the key of PLAIN
#	expect_eq "$(requests true)" 1 "requests"

ENI=eni-0123456789abcdef0
TMT=tmt-0123456789abcdef0
TMF=tmf-0123456789abcdef0
export ENI TMT TMF

# Nothing of the caller's reaches the programs under test.
unset "${!AWS_@}" "${!EC2_EMULATOR_@}" http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy \
	ALL_PROXY
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null
export AWS_SHARED_CREDENTIALS_FILE=/dev/null

# Keys that the emulator knows: all may do everything but the two last ones.
cat >"$T/credentials.json" <<'END'
[
  {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
  {"access_key": "ASIDEXAMPLE", "secret_key": "temporary/SecretKey+EXAMPLE",
   "session_token": "IQoJb3JpZ2luX2VjEXAMPLE//8=="},
  {"access_key": "AKIDREADER", "secret_key": "readerSecretEXAMPLE", "allow": ["ec2:Describe*"]},
  {"access_key": "AKIDNOTAGS", "secret_key": "untaggedSecretEXAMPLE",
   "allow": ["ec2:*TrafficMirrorSession*"]}
]
END

# as KEY CMD...: runs CMD with the credentials of an access key.
as()
{
	local entry

	entry=$(jq -c --arg key "$1" '.[] | select(.access_key == $key)' "$T/credentials.json")
	AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$(jq -r .secret_key <<<"$entry") \
		AWS_SESSION_TOKEN=$(jq -r '.session_token // ""' <<<"$entry") "${@:2}"
}

# emulator_start ARGUMENTS...: starts it, waits until it listens, points AWS's variables at it and
# at the first key. Its log is $T/emulator.log.
emulator_start()
{
	rm -f "$T/port"
	: >"$T/emulator.log"
	start emulator "$EMULATOR" --port 0 --port-file "$T/port" --log "$T/emulator.log" \
		--credentials "$T/credentials.json" --state-dump "$T/state.json" \
		--mirrorgen "$MIRRORGEN" "$@"
	wait_for 30 test -s "$T/port"
	export AWS_ENDPOINT_URL AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
	AWS_ENDPOINT_URL=http://127.0.0.1:$(cat "$T/port")
	export AWS_ACCESS_KEY_ID=AKIDEXAMPLE
	export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
}

# requests JQ-CONDITION: prints how many requests in the log fit; true counts all.
requests()
{
	jq -s "[.[] | select(.request_id) | select($1)] | length" "$T/emulator.log"
}

# last_request JQ: prints what the expression selects in the log's last request.
last_request()
{
	jq -rs "[.[] | select(.request_id)] | last | $1" "$T/emulator.log"
}

# control METHOD PATH [JSON]: asks the control port of an emulator that was started with
# --control-port 0 --control-port-file "$T/control"; prints what it says.
control()
{
	curl --fail-with-body -sS -X "$1" ${3:+--data "$3"} \
		"http://127.0.0.1:$(cat "$T/control")$2" || fail "$*"
}

# session ARGUMENTS...: mirrorcap session; stdout in $T/session.out, stderr in $T/session.err, both
# of all calls in $T/session.all.
session()
{
	local status=0

	"$PROVISION" session "$@" >"$T/session.out" 2>"$T/session.err" </dev/null || status=$?
	cat "$T/session.out" "$T/session.err" >>"$T/session.all"
	return "$status"
}

# said TEXT: demands that the last session command wrote TEXT to stderr, in one line in all.
said()
{
	grep -qF -- "$1" "$T/session.err" || fail "not said: '$1', but: $(cat "$T/session.err")"
	expect_eq "$(wc -l <"$T/session.err")" 1 "lines on stderr: $(cat "$T/session.err")"
}

# call ACTION NAME=VALUE... | call -: a signed request without any SDK, or one for each line of
# stdin. Prints the answers.
call()
{
	PYTHONDONTWRITEBYTECODE=1 python3 "$MIRRORCAP_SOURCE/tests/integration/emulator.call.py" \
		"$AWS_ENDPOINT_URL" "$@"
}
