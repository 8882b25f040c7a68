/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XDP program: mirrored packets go to the AF_XDP socket of the channel that they arrived on,
 * all others up to the kernel as ever. clang compiles it for the kernel's BPF machine.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "dataplane/xdp_steer.h"

/* Channel to socket. Filled when the capture begins. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, STEER_CHANNELS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

/* Mirrored packets of channels without a socket: they would be lost and nobody knew. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} unserved SEC(".maps");

const volatile __u16 vxlan_port;

char steer_license[] SEC("license") = "Apache-2.0";

SEC("xdp")
int mirrorcap_steer(struct xdp_md *context)
{
	const uint8_t *frame = (const uint8_t *)(long)context->data;
	const uint8_t *end = (const uint8_t *)(long)context->data_end;
	__u32 zero = 0;
	__u64 *count;
	long action;

	if (!steer_frame(frame, end, vxlan_port))
		return XDP_PASS;
	action = bpf_redirect_map(&sockets, context->rx_queue_index, XDP_DROP);
	if (action == XDP_REDIRECT)
		return XDP_REDIRECT;
	count = bpf_map_lookup_elem(&unserved, &zero);
	if (count)
		(*count)++;
	return XDP_DROP;
}
