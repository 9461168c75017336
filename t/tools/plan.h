/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ends of connection number n know without a word (t/tools/stream.c): its bytes, their
 * number, and who ends it how. All of it follows from the terms and n. */
#ifndef KHA_T_PLAN_H
#define KHA_T_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_BLOCK 65536 /* at most so many bytes of a pattern at once */

/* Sides of a connection; the last two also answer "who". */
enum { CLIENT, SERVER, KHA, NOBODY };

enum plan_mode { WHOLE, MIXED, CHURN, STUCK, SLOW, PLAN_MODES };
static const char *const plan_modes[PLAN_MODES] = {"whole", "mixed", "churn", "stuck", "slow"};

/* Both end when they sent all; the named one ends first; the other sends nothing before that; it
 * breaks the connection; kha does: for silence, for silence after one FIN, for want of a server. */
enum plan_kind {
	BOTH_FIN,
	CLIENT_FIN,
	SERVER_FIN,
	CLIENT_HALF,
	SERVER_HALF,
	CLIENT_RST,
	SERVER_RST,
	IDLE,
	HALF_SILENT,
	REFUSED,
	PLAN_KINDS
};
static const char *const plan_kinds[PLAN_KINDS] = {"both_fin", "client_fin", "server_fin",
    "client_half", "server_half", "client_rst", "server_rst", "idle", "half_silent", "refused"};

struct plan_terms {
	enum plan_mode mode;
	uint64_t bytes, seed;
};

struct plan {
	enum plan_kind kind;
	uint64_t size[2];    /* from CLIENT, from SERVER; UINT64_MAX: no end */
	int breaks;	     /* who resets it, */
	uint64_t cut, heard; /* having sent and received so many */
	int waits;	     /* who ends its direction after the other's end, */
	int hushed;	     /* and who does not even send before */
	bool mute[2];	     /* never ends its direction */
};

static inline uint64_t
plan_mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static inline uint64_t
plan_draw(uint64_t *state)
{
	return plan_mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static inline uint64_t
plan_base(const struct plan_terms *t, uint64_t number, int side)
{
	return plan_mix(plan_mix(t->seed) + number * 2 + (unsigned)side);
}

/* `n` bytes of the sequence of `base` from `at` on, valid until the next call. */
static inline const unsigned char *
plan_bytes(uint64_t base, uint64_t at, size_t n)
{
	static uint64_t words[PLAN_BLOCK / 8 + 2];
	uint64_t x;

	for (size_t i = 0; i <= (at % 8 + n) / 8; i++) {
		x = (base + at / 8 + i) * UINT64_C(0x9e3779b97f4a7c15);
		words[i] = x ^ x >> 29;
	}
	return (const unsigned char *)words + at % 8;
}

static inline struct plan
plan_of(const struct plan_terms *t, uint64_t number)
{
	uint64_t r = plan_mix(t->seed) ^ plan_mix(number + 1), size = t->bytes + 1;
	struct plan p = {.breaks = NOBODY, .waits = NOBODY, .hushed = NOBODY};

	if (t->mode == WHOLE) {
		p.size[CLIENT] = p.size[SERVER] = t->bytes;
		return p;
	}
	if (t->mode == STUCK || t->mode == SLOW) {
		p.size[SERVER] = UINT64_MAX;
		p.waits = CLIENT;
		return p;
	}
	p.kind = t->mode == CHURN ? number % PLAN_KINDS : plan_draw(&r) % IDLE;
	for (int side = 0; side < 2; side++) /* a quarter is small or nothing at all */
		p.size[side] = plan_draw(&r) % (plan_draw(&r) % 4 == 0 ? size / 1000 + 1 : size);
	if (p.kind == CLIENT_FIN || p.kind == SERVER_FIN)
		p.waits = p.kind == CLIENT_FIN ? SERVER : CLIENT;
	else if (p.kind == CLIENT_HALF || p.kind == SERVER_HALF)
		p.waits = p.hushed = p.kind == CLIENT_HALF ? SERVER : CLIENT;
	else if (p.kind == CLIENT_RST || p.kind == SERVER_RST) {
		p.breaks = p.kind == CLIENT_RST ? CLIENT : SERVER;
		p.cut = plan_draw(&r) % (p.size[p.breaks] + 1);
		p.size[!p.breaks]++;
		/* In churn the client may be gone before kha has a server for it. */
		p.heard =
		    t->mode == CHURN ? plan_draw(&r) % 2 : 1 + plan_draw(&r) % p.size[!p.breaks];
	} else if (p.kind >= IDLE) {
		p.breaks = KHA;
		p.mute[SERVER] = true;
		p.mute[CLIENT] = p.kind != HALF_SILENT;
	}
	return p;
}

#endif
