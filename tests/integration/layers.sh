#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The layers of docs/design.md hold: who may include what, and what the programs are linked to.
# The check first proves on planted trees that it finds each kind of breach.

. "$(dirname "$0")/lib.sh"

# An include that matches the pattern is forbidden in these folders.
rules='
(rte_|generic/rte_)           capture|provision|tools
liburing                      dataplane|provision|tools
(curl/|libxml/)               capture|dataplane|tools
openssl/(ssl|tls1|bio|x509)   capture|dataplane|tools
openssl/                      dataplane|tools
seccomp\.h                    capture|provision|tools
(bpf/|linux/(bpf|if_xdp)\.h)  capture|provision|tools
(sys/socket\.h|netdb\.h)      capture
capture/                      provision
dataplane/                    capture|provision
provision/                    capture|dataplane
tools/                        capture|dataplane|provision
'
# What provision may know of the ground floor: the contract between the two processes.
exception='provision/[^:]*:[0-9]+:[^"<]*["<]capture/session_map\.h'

# includes TREE: FILE:LINE:#include… of all sources
includes()
{
	(cd "$1" && grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' \
		capture dataplane provision tools 2>/dev/null) || true
}

# breaches TREE: one line per include that the rules forbid
breaches()
{
	local all pattern folders

	all=$(includes "$1" | grep -vE "^$exception" || true)
	while read -r pattern folders; do
		[[ -n $pattern ]] || continue
		grep -E "^($folders)/[^:]*:[0-9]+:[^\"<]*[\"<]$pattern" <<<"$all" || true
	done <<<"$rules"
}

# linked PROGRAM LIBRARIES: those of the libraries (a pattern) that the program asks for
linked()
{
	readelf -d "$1" | grep -oE "\\[($2)[^]]*\\]" || true
}

# plant FILE INCLUDE: a tree with this one include must be found guilty, of exactly that
plant()
{
	local tree=$T/planted

	rm -rf "$tree"
	mkdir -p "$tree/${1%/*}"
	printf '/* planted */\n#include %s\n#include <stdio.h>\n' "$2" >"$tree/$1"
	expect_eq "$(breaches "$tree" | sort -u)" "$1:2:#include $2" "planted breach"
}

# allow FILE INCLUDE: and with this one innocent
allow()
{
	rm -rf "$T/planted"
	mkdir -p "$T/planted/${1%/*}"
	printf '#include %s\n' "$2" >"$T/planted/$1"
	expect_eq "$(breaches "$T/planted")" "" "innocent include"
}

need readelf

plant capture/writer.c '<rte_mbuf.h>'
plant provision/http.c '<rte_ring.h>'
plant tools/mirrorcap.c '<rte_eal.h>'
plant provision/http.c '<bpf/libbpf.h>'
plant dataplane/worker.c '<liburing.h>'
plant capture/segment.c '<curl/curl.h>'
plant dataplane/main.c '<openssl/ssl.h>'
plant dataplane/main.c '<openssl/evp.h>'
plant capture/segment.c '<openssl/ssl.h>'
plant tools/run.c '<libxml/parser.h>'
plant capture/session_map.c '<sys/socket.h>'
plant capture/stream.c '"dataplane/worker.h"'
plant capture/stream.h '"provision/aws/http.h"'
plant capture/sub/deep.h '"tools/spawn.h"'
plant dataplane/main.c '"provision/aws/http.h"'
plant provision/main.c '"dataplane/options.h"'
plant provision/main.c '"capture/ledger.h"'
allow provision/main.c '"capture/session_map.h"'
allow capture/segment.c '<openssl/evp.h>'
allow provision/http.c '<openssl/ssl.h>'
allow dataplane/worker.c '"capture/stream.h"'
expect_eq "$(linked "$(command -v readelf)" libc.so)" "[libc.so.6]" "libraries of a known program"

found=$(breaches "$MIRRORCAP_SOURCE")
[[ -z $found ]] || fail "includes that cross the layers:"$'\n'"$found"
[[ $(includes "$MIRRORCAP_SOURCE" | grep -c '^dataplane/.*<rte_') -gt 0 ]] ||
	fail "nothing was checked"

for program in "$CAPTURE" "$PROVISION"; do
	[[ -x $program ]] || fail "$program is not built"
done
found=$(linked "$CAPTURE" 'libcurl|libssl|libxml2')
[[ -z $found ]] || fail "mirrorcap-capture is linked to $found"
found=$(linked "$PROVISION" 'librte_|libpcap|liburing|libseccomp|libbpf')
[[ -z $found ]] || fail "mirrorcap-provision is linked to $found"
[[ -n $(linked "$CAPTURE" librte_) ]] || fail "mirrorcap-capture is not linked to DPDK"
[[ -n $(linked "$PROVISION" libcurl) ]] || fail "mirrorcap-provision is not linked to libcurl"
