/* SPDX-License-Identifier: BSD-2-Clause */
/* What each kind of child process may still do once it runs: user, capabilities, directory,
 * system calls. One row each, in priv.c. */
#ifndef KHA_MASTER_PRIV_H
#define KHA_MASTER_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "shm/layout.h"

struct conf_global;

struct priv {
	bool on; /* children are put into their sandbox */
	uid_t uid;
	gid_t gid;
	int empty_fd; /* an empty directory without a name, to be chrooted into; -1: not on */
};

/* Finds out who the children will be. Without root, or with global.sandbox = false, they stay
 * what we are, and a notice says so; an absent user or group becomes nobody or nogroup, with a
 * warning. -1 with a sentence and the cure: the sandbox is wanted and cannot be made. */
int priv_init(struct priv *p, const struct conf_global *g, const char *run_dir, struct err *err);

/* Child: user, groups, capabilities and directory, for good. Nothing when priv is not on. */
int priv_drop_user(const struct priv *p, enum proc_kind kind, struct err *err);

/* Child, as the very last: no new privileges (setuid programs), and when priv is on only the
 * system calls of its kind; engine: of a worker, else "". */
int priv_drop_calls(const struct priv *p, enum proc_kind kind, const char *engine, struct err *err);

/* Holding VIPs needs rights beyond those of the sandbox. 0, or -1 and a sentence. */
int priv_may_hold_vips(struct err *err);

#endif
