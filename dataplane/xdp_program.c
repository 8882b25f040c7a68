/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Names in xdp_steer.bpf.c. */
static const char PROGRAM_NAME[] = "mirrorcap_steer";

struct xdp_program {
	struct bpf_object *object;
	int fd;       /* the object's */
	int sockets;  /* map, the object's */
	int unserved; /* map, the object's */
	int link;     /* -1: on no interface */
	int cpus;
	uint64_t *counts; /* room for one value a CPU */
};

/* The program's constant, before it is loaded. */
static int set_port(struct bpf_object *object, uint16_t vxlan_port)
{
	struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");

	if (!constants)
		return -ENOENT;
	return bpf_map__set_initial_value(constants, &vxlan_port, sizeof(vxlan_port));
}

static int find_parts(struct xdp_program *program)
{
	struct bpf_object *object = program->object;

	program->fd = bpf_program__fd(bpf_object__find_program_by_name(object, PROGRAM_NAME));
	program->sockets = bpf_object__find_map_fd_by_name(object, "sockets");
	program->unserved = bpf_object__find_map_fd_by_name(object, "unserved");
	program->cpus = libbpf_num_possible_cpus();
	if (program->fd < 0 || program->sockets < 0 || program->unserved < 0 || program->cpus < 1)
		return -ENOENT;
	program->counts = calloc((size_t)program->cpus, sizeof(*program->counts));
	return program->counts ? 0 : -ENOMEM;
}

int xdp_program_load(struct xdp_program **out, uint16_t vxlan_port)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "mirrorcap");
	struct xdp_program *program = calloc(1, sizeof(*program));
	int rc;

	if (!program)
		return -ENOMEM;
	program->link = -1;
	libbpf_set_print(NULL); /* what goes wrong is said by us, once */
	program->object =
		bpf_object__open_mem(xdp_program_object, xdp_program_object_bytes, &options);
	rc = program->object ? 0 : -errno;
	if (rc == 0)
		rc = set_port(program->object, vxlan_port);
	if (rc == 0)
		rc = bpf_object__load(program->object);
	if (rc == 0)
		rc = find_parts(program);
	if (rc < 0) {
		xdp_program_free(program);
		return rc;
	}
	*out = program;
	return 0;
}

void xdp_program_free(struct xdp_program *program)
{
	if (!program)
		return;
	xdp_program_detach(program);
	bpf_object__close(program->object);
	free(program->counts);
	free(program);
}

int xdp_program_attach(struct xdp_program *program, uint32_t ifindex, bool generic)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(program->fd, (int)ifindex, BPF_XDP, &options);

	if (fd < 0)
		/* The other mode's program is in the way as much as this one's. */
		return fd == -EEXIST ? -EBUSY : fd;
	program->link = fd;
	return 0;
}

void xdp_program_detach(struct xdp_program *program)
{
	if (program->link >= 0)
		close(program->link);
	program->link = -1;
}

bool xdp_program_attached(const struct xdp_program *program)
{
	struct bpf_link_info info = {0};
	uint32_t bytes = sizeof(info);

	return bpf_obj_get_info_by_fd(program->link, &info, &bytes) == 0 && info.xdp.ifindex != 0;
}

int xdp_program_serve(struct xdp_program *program, uint32_t channel, int socket)
{
	return bpf_map_update_elem(program->sockets, &channel, &socket, BPF_ANY);
}

uint64_t xdp_program_unserved(const struct xdp_program *program)
{
	uint64_t sum = 0;
	uint32_t key = 0;

	if (bpf_map_lookup_elem(program->unserved, &key, program->counts) < 0)
		return 0;
	for (int cpu = 0; cpu < program->cpus; cpu++)
		sum += program->counts[cpu];
	return sum;
}

static void read_name(struct xdp_occupant *occupant)
{
	struct bpf_prog_info info = {0};
	uint32_t bytes = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(occupant->id);

	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0)
		snprintf(occupant->name, sizeof(occupant->name), "%s", info.name);
	occupant->ours = !strcmp(occupant->name, PROGRAM_NAME);
	close(fd);
}

int xdp_program_look(uint32_t ifindex, struct xdp_occupant *occupant)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, found);
	int rc = bpf_xdp_query((int)ifindex, 0, &found);

	*occupant = (struct xdp_occupant){0};
	if (rc < 0)
		return rc;
	occupant->id = found.drv_prog_id   ? found.drv_prog_id
		       : found.skb_prog_id ? found.skb_prog_id
					   : found.hw_prog_id;
	if (occupant->id)
		read_name(occupant);
	return 0;
}

int xdp_program_fd(const struct xdp_program *program)
{
	return program->fd;
}
