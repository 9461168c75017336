/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RUN_DIR/ctl: how commands reach the running master. AF_UNIX SOCK_SEQPACKET, mode 0600; the
 * peer must be root or have the master's uid (SO_PEERCRED). One packet is the request, words
 * with one blank between:
 *
 *	reload | reload force | stop | quit | reopen | server ... | vip ... | session close ID
 *
 * (server: see master/order.h, vip: master/vip_order.h, ID: shm/session.h)
 * and one packet is the reply, when the thing is done: the exit code of the command in decimal,
 * '\n', and text for the user (no '\n' at its end). After the reply the master closes. A client
 * of stop or quit hears at the very last moment; end of file then means the master is gone.
 */
#ifndef KHA_MASTER_CTL_H
#define KHA_MASTER_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "master/order.h"
#include "master/vip_order.h"
#include "shm/session.h"

#define CTL_FILE    "ctl"
#define CTL_REQUEST (ORDER_TEXT + 16) /* longest request */
#define CTL_CLIENTS 32		      /* at a time; more wait in the backlog */
#define CTL_REPLY   (ERR_TEXT + 1024) /* longest reply */

/* CTL_SIGNALS: those of kha -s. */
enum ctl_verb {
	CTL_RELOAD,
	CTL_STOP,
	CTL_QUIT,
	CTL_REOPEN,
	CTL_SERVER,
	CTL_VIP,
	CTL_SESSION,
	CTL_VERBS,
	CTL_SIGNALS = CTL_SERVER
};

struct ctl_request {
	enum ctl_verb verb;
	bool force;
	struct order order;	   /* of CTL_SERVER */
	struct vip_order vip;	   /* of CTL_VIP */
	struct session_id session; /* of CTL_SESSION: to be closed */
	/* Who asks: the kernel says. */
	unsigned uid;
	int pid;
};

/* "reload", ... for a verb. */
const char *ctl_verb_name(enum ctl_verb verb);

/* Reads a request of n bytes, all of *r but who asks. NULL, or a constant sentence that says what is
 * wrong. Pure. */
const char *ctl_parse(const char *text, size_t n, struct ctl_request *r);

/* Reads a reply: its exit code, and where its text starts (inside `text`, which must be
 * 0-terminated). -1: not a reply. Pure. */
int ctl_parse_reply(const char *text, const char **rest);

struct ctl;
struct ev_loop;

/* Binds run_dir/ctl and calls fn for each request. `client` stands for who asked and is never
 * used twice; 0 is nobody (a signal asked). The pid file must be held: an old socket of
 * that name is removed. NULL with a sentence. */
struct ctl *ctl_open(struct ev_loop *loop, const char *run_dir,
    void (*fn)(void *arg, uint64_t client, const struct ctl_request *r), void *arg,
    struct err *err);

/* Sends the reply and closes the connection; nothing happens when the client is gone. */
void ctl_reply(struct ctl *ctl, uint64_t client, int code, const char *text);

/* Replies the same to all that wait, removes the socket, frees. Their connections stay open, so
 * that they see the end of this process as end of file. ctl may be NULL. */
void ctl_close(struct ctl *ctl, int code, const char *text);

#endif
