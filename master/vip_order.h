/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator wants of a VIP, as words: those of the control socket behind "vip ", NAME VERB with
 * one blank between. Pure. */
#ifndef KHA_MASTER_VIP_ORDER_H
#define KHA_MASTER_VIP_ORDER_H

#include <stddef.h>

#include "shm/layout.h"

struct vip_order {
	enum vip_verb verb;
	char vip[SHM_NAME]; /* name or address; "-": the only one */
};

/* "take", ... for a verb but VIP_NOTHING. */
const char *vip_verb_name(enum vip_verb verb);

/* Text of an order, behind "vip "; returns its length. */
size_t vip_order_print(const struct vip_order *o, char text[SHM_NAME + 16]);

/* Reads n bytes. NULL, or a constant sentence that says what is wrong. */
const char *vip_order_parse(const char *text, size_t n, struct vip_order *o);

/* Index of the cell that is meant, of those in `vip` (n of them, names of free ones are ""), or -1 and
 * what is wrong in *why. */
int vip_which(const struct shm_vip *vip, unsigned n, const char *name, const char **why);

#endif
