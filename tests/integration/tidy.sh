#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# clang-tidy, with the function sizes and nesting of .clang-tidy, over every file that is compiled.
# That a file passed is kept in the build directory until it, its flags, a header of the project or
# the checks change, so that only the first run takes minutes.

. "$(dirname "$0")/lib.sh"

need clang-tidy jq
cd "$MIRRORCAP_SOURCE"

passed=$MIRRORCAP_BUILD/tidy-passed
commands=$T/commands # DIRECTORY/FILE, a tab, the flags; what meson does not build has none
common=$T/common

# judge FILE: prints clang-tidy's complaints. One file a process: see .clang-tidy.
judge()
{
	local key complaints

	key=$({ cat "$common" "$1" && grep -F "$1"$'\t' "$commands"; } | sha256sum)
	key=$passed/${key%% *}
	if [[ ! -e $key ]] && ! complaints=$(clang-tidy --quiet -p "$MIRRORCAP_BUILD" "$1" 2>&1); then
		printf '%s:\n%s\n' "$1" "$complaints"
		return 1
	fi
	touch "$key"
}
export -f judge
export passed commands common

mkdir -p "$passed"
jq -r '.[] | "\(.directory)/\(.file)\t\(.command)"' "$MIRRORCAP_BUILD/compile_commands.json" |
	while IFS=$'\t' read -r file flags; do
		printf '%s\t%s\n' "$(realpath "$file")" "$flags"
	done | grep "^$PWD/" >"$commands"
[[ $(wc -l <"$commands") -gt 5 ]] || fail "too few compiled files were found"
{
	clang-tidy --version
	cat .clang-tidy tests/.clang-tidy
	find capture dataplane provision tools tests -name '*.h' | sort | xargs sha256sum
} >"$common"

# shellcheck disable=SC2016  # for the shell that xargs starts
cut -f 1 "$commands" | sort -u | xargs -P 2 -n 1 bash -c 'judge "$1"' judge >"$T/tidy" ||
	fail "clang-tidy:"$'\n'"$(grep -E '(error|warning): ' "$T/tidy" | sort -u || cat "$T/tidy")"
find "$passed" -type f -mtime +30 -delete
