#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The house style as far as tools can judge it: clang-format, clang-tidy (with the function sizes
# and nesting of .clang-tidy), shellcheck, and the few rules that no tool knows.

. "$(dirname "$0")/lib.sh"

need clang-format clang-tidy shellcheck jq
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

# Compiled files only: what meson does not build has no flags to judge it by.
compiled()
{
	jq -r '.[] | .directory + "/" + .file' "$MIRRORCAP_BUILD/compile_commands.json" |
		xargs -r realpath | grep "^$PWD/" | sort -u
}

# rule MESSAGE GREP-ARGUMENTS...: no source may match
rule()
{
	local message=$1 found

	shift
	found=$(sources | xargs grep -nE "$@" || true)
	[[ -z $found ]] || fail "$message:"$'\n'"$found"
}

[[ $(sources | wc -l) -gt 10 && $(compiled | wc -l) -gt 5 ]] || fail "too few sources were found"

rule "unbounded string functions" '\b(strcpy|strcat|sprintf|vsprintf|strtok|gets)[[:space:]]*\('
rule "C++ comments" '^[[:space:]]*//|;[[:space:]]*//'
rule "struct typedefs" '^[[:space:]]*typedef (struct|union|enum)\b'
unlicensed=$(sources | xargs grep -L '^/\* SPDX-License-Identifier: Apache-2.0 \*/$' || true)
[[ -z $unlicensed ]] || fail "no SPDX line: $unlicensed"

# complaints FILE: one line each
complaints()
{
	grep -hE '(error|warning): ' "$@" | sort -u || true
}

scripts | xargs shellcheck -f gcc >"$T/shellcheck" ||
	fail "shellcheck:"$'\n'"$(cat "$T/shellcheck")"
sources | xargs clang-format --dry-run -Werror 2>"$T/format" ||
	fail "clang-format -i would change:"$'\n'"$(complaints "$T/format" | cut -d: -f1 | sort -u)"
# One file a process: see .clang-tidy.
compiled | xargs -P 2 -n 1 clang-tidy --quiet -p "$MIRRORCAP_BUILD" >"$T/tidy" 2>"$T/tidy-errors" ||
	fail "clang-tidy:"$'\n'"$(complaints "$T/tidy" "$T/tidy-errors")"
