/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operator wants of a server, as words: those of the control socket behind "server ",
 *
 *	NAME VERB [N|default] [for MS] [force]
 *
 * with one blank between. Pure.
 */
#ifndef KHA_MASTER_ORDER_H
#define KHA_MASTER_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "shm/layout.h"

enum order_verb { ORDER_READY, ORDER_DRAIN, ORDER_MAINT, ORDER_WEIGHT, ORDER_CLOSE, ORDER_VERBS };

#define ORDER_NAME (2 * SHM_NAME) /* SERVICE/NAME with the 0 */
#define ORDER_TEXT (ORDER_NAME + 64)
#define WEIGHT_MAX 256
/* Of --for. */
#define ORDER_FOR_MIN_MS 1000
#define ORDER_FOR_MAX_MS (INT64_C(366) * 86400 * 1000)

struct order {
	enum order_verb verb;
	uint32_t weight; /* of ORDER_WEIGHT; SETTING_NONE: the file's */
	bool force;
	int64_t for_ms;		 /* 0: until the next order */
	char server[ORDER_NAME]; /* as the user named it, see master/which.h */
};

/* "ready", "drain", ... */
const char *order_verb_name(enum order_verb verb);

/* Text of an order; returns its length. */
size_t order_print(const struct order *o, char text[ORDER_TEXT]);

/* Reads n bytes. NULL, or a constant sentence that says what is wrong. */
const char *order_parse(const char *text, size_t n, struct order *o);

/* "0" .. "256" or "default" -> *weight. */
bool order_weight(const char *text, uint32_t *weight);

#endif
