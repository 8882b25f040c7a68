#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The house style as far as tools can judge it: clang-format, shellcheck, and the few rules that no
# tool knows. clang-tidy is tidy.sh's.

. "$(dirname "$0")/lib.sh"

need clang-format shellcheck
cd "$MIRRORCAP_SOURCE"

folders=(capture dataplane provision tools tests)

sources()
{
	find "${folders[@]}" -name '*.[ch]' | sort
}

scripts()
{
	grep -rlE --exclude='*.[ch]' '^#!.*\bbash$|^# shellcheck shell=bash' tools tests .ci | sort
}

# rule MESSAGE GREP-ARGUMENTS...: no source may match
rule()
{
	local message=$1 found

	shift
	found=$(sources | xargs grep -nE "$@" || true)
	[[ -z $found ]] || fail "$message:"$'\n'"$found"
}

[[ $(sources | wc -l) -gt 10 && $(scripts | wc -l) -gt 5 ]] || fail "too few sources were found"

rule "unbounded string functions" '\b(strcpy|strcat|sprintf|vsprintf|strtok|gets)[[:space:]]*\('
rule "C++ comments" '^[[:space:]]*//|;[[:space:]]*//'
rule "struct typedefs" '^[[:space:]]*typedef (struct|union|enum)\b'
unlicensed=$(sources | xargs grep -L '^/\* SPDX-License-Identifier: Apache-2.0 \*/$' || true)
[[ -z $unlicensed ]] || fail "no SPDX line: $unlicensed"

scripts | xargs shellcheck -f gcc >"$T/shellcheck" ||
	fail "shellcheck:"$'\n'"$(cat "$T/shellcheck")"
sources | xargs clang-format --dry-run -Werror 2>"$T/format" ||
	fail "clang-format -i would change:"$'\n'"$(grep -E '(error|warning): ' "$T/format" | cut -d: -f1 | sort -u)"
tools/mutants --check >"$T/mutants" || fail "$(cat "$T/mutants")"
