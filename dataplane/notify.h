/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness notification: the protocol of sd_notify(3), so that systemd (Type=notify) and
 * `mirrorcap run` learn in the same way that packets are being received.
 */
#ifndef DATAPLANE_NOTIFY_H
#define DATAPLANE_NOTIFY_H

/*
 * Sends a state such as "READY=1" to the socket that NOTIFY_SOCKET names (a path, or an abstract
 * name after '@'). Returns 0, also where nobody asked to be notified; or -errno.
 */
int notify_send(const char *state);

#endif
