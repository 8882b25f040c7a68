/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our XDP program (xdp_steer.bpf.c) in the kernel, and on an interface.
 *
 * It is attached by a BPF link, which the kernel undoes when the descriptor closes: at every kind
 * of end, SIGKILL included, nothing stays behind. Needs Linux 5.9.
 */
#ifndef DATAPLANE_XDP_PROGRAM_H
#define DATAPLANE_XDP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XDP_PROGRAM_NAME_BYTES = 16 };

/* The compiled program: an ELF object that the build makes. */
extern const unsigned char xdp_program_object[];
extern const size_t xdp_program_object_bytes;

struct xdp_program;

/* An XDP program that is on an interface. */
struct xdp_occupant {
	uint32_t id; /* 0: none */
	bool ours;   /* by its name: another capture's, or one that is just going */
	char name[XDP_PROGRAM_NAME_BYTES]; /* "" where it may not be read */
};

/*
 * Loads the program into the kernel, on no interface yet. vxlan_port in host order.
 * Returns 0, or -errno: -EPERM without CAP_BPF and CAP_NET_ADMIN.
 */
int xdp_program_load(struct xdp_program **program, uint16_t vxlan_port);

/* Takes it off its interface, if it is on one, and frees it. NULL is allowed. */
void xdp_program_free(struct xdp_program *program);

/*
 * Puts it on an interface: in the driver (native), or generic, in the kernel behind any driver.
 * Returns 0, or -errno: -EBUSY where a program is on it, -EOPNOTSUPP where the driver has no XDP;
 * other errors are the driver's.
 */
int xdp_program_attach(struct xdp_program *program, uint32_t ifindex, bool generic);

/* Takes it off; what the sockets have received stays theirs. */
void xdp_program_detach(struct xdp_program *program);

/* False when somebody took it off, or the interface has gone. */
bool xdp_program_attached(const struct xdp_program *program);

/*
 * From now on the channel's mirrored packets go to the socket. Before, they are dropped and
 * counted. Returns 0 or -errno.
 */
int xdp_program_serve(struct xdp_program *program, uint32_t channel, int socket);

/* How many mirrored packets came over channels without a socket. */
uint64_t xdp_program_unserved(const struct xdp_program *program);

/* Looks whose program is on an interface. Returns 0 or -errno. */
int xdp_program_look(uint32_t ifindex, struct xdp_occupant *occupant);

/* The program's descriptor, for tests: bpf(2) BPF_PROG_TEST_RUN. */
int xdp_program_fd(const struct xdp_program *program);

#endif
