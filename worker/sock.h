/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of connections: what both engines do with them by plain system calls. */
#ifndef KHA_WORKER_SOCK_H
#define KHA_WORKER_SOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/layout.h"

struct engine_half;

/* TCP_NODELAY. This and the next: on a listening socket its accepted sockets inherit it, and
 * failures are ignored, since a connection works without. */
void sock_set_nodelay(int fd);

/* Keepalive and user timeout. */
void sock_set_keepalive(int fd, const struct shm_keepalive *k);

/* Binds to an address without a port; that is found when it connects, so that each server has all
 * ports of each address. 0 or -1 (errno). */
int sock_bind(int fd, const struct addr *a);

/* Closing it will send a RST and forget what is not delivered yet. */
void sock_reset_on_close(int fd);

/* The socket of a half, which has none from here on: the caller closes it, which sends a RST if `reset`. -1: there
 * is none. */
int sock_leave(struct engine_half *h, bool reset);

/* Closes the socket of a half, with a RST if `reset`; nothing when there is none. */
void sock_close(struct engine_half *h, bool reset);

/* Its pending error, which is cleared; 0: none. */
int sock_error(int fd);

/* Its own address; AF_UNSPEC: unknown. */
void sock_local(int fd, struct addr *a);

/* Bytes that the peer has not acknowledged yet; 0 for -1 and when the kernel cannot say. */
size_t sock_unsent(int fd);

#endif
