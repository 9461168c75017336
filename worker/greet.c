/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/greet.h"

#include <stdlib.h>
#include <string.h>

#include "base/proxy.h"
#include "shm/session.h"
#include "shm/stat.h"
#include "worker/hello.h"
#include "worker/internal.h"
#include "worker/sessions.h"

static const struct conf_service *
conf_of(const struct worker *w, const struct worker_conn *c)
{
	return w->rule[c->service].conf;
}

static enum conf_hello
hello_mode(const struct worker *w, const struct worker_conn *c)
{
	return conf_of(w, c) != NULL ? (enum conf_hello)conf_of(w, c)->client_hello.mode
				     : HELLO_NONE;
}

/* ---- what came early ---- */

/* False: no memory. */
static bool
keep(struct worker_conn *c, const uint8_t *bytes, size_t n)
{
	uint32_t len = c->early != NULL ? c->early->len : 0;
	struct early *e = c->early;

	if (e == NULL || len + n > e->room) {
		/* In steps, since some clients come byte by byte. */
		e = realloc(c->early, sizeof *e + len + n + 512);
		if (e == NULL)
			return false;
		if (c->early == NULL)
			*e = (struct early){.to.sa.sa_family = AF_UNSPEC};
		e->room = (uint32_t)(len + n + 512);
		c->early = e;
	}
	memcpy(e->bytes + len, bytes, n);
	e->len = (uint32_t)(len + n);
	return true;
}

void
greet_forget(struct worker_conn *c)
{
	free(c->early);
	c->early = NULL;
}

/* ---- the PROXY header ---- */

/* True: it is done with. Else c waits for more, or was closed. */
static bool
look_for_header(struct worker *w, struct worker_conn *c, bool ended)
{
	struct early *e = c->early;
	struct proxy_header h;
	struct addr peer;
	const char *why;

	switch (proxy_parse(e != NULL ? e->bytes : NULL, e != NULL ? e->len : 0, &h, &why)) {
	case PROXY_GOOD:
		break;
	case PROXY_MORE:
		if (!ended) {
			w->engine->await(w, c, true);
			return false;
		}
		/* fall through */
	case PROXY_BAD:
	default:
		worker_conn_close(w, c, CLOSE_proxy_header);
		return false;
	}
	c->headed = false;
	if (!h.local) {
		peer = c->client;
		c->client = h.src;
		e->to = h.dst;
		sessions_announced(c, &peer);
	}
	e->len -= (uint32_t)h.len;
	memmove(e->bytes, e->bytes + h.len, e->len);
	if (!rule_lets_in(w, c->service, &c->client)) {
		worker_conn_close(w, c, CLOSE_denied);
		return false;
	}
	if (!rule_enter(w, c)) {
		worker_conn_close(w, c, CLOSE_source_limit);
		return false;
	}
	return true;
}

/* ---- the ClientHello ---- */

/* No hello, or none that is let in. True: it may go on all the same. */
static bool
goes_on(struct worker *w, struct worker_conn *c, bool with_other_name)
{
	if (!with_other_name && hello_mode(w, c) == HELLO_WAIT)
		return true;
	worker_conn_close(w, c, CLOSE_hello_refused);
	return false;
}

/* True: it is done with. Else c waits for more, or was closed. */
static bool
look_for_hello(struct worker *w, struct worker_conn *c, bool ended)
{
	const struct conf_strings *sni = &conf_of(w, c)->client_hello.sni;
	struct early *e = c->early;
	struct hello hello;
	const char *why;

	if (ended && (e == NULL || e->len == 0)) {
		/* Whoever looks whether the port is open costs no server anything. */
		worker_conn_close(w, c, CLOSE_client_abort);
		return false;
	}
	switch (hello_parse(e != NULL ? e->bytes : NULL, e != NULL ? e->len : 0, &hello, &why)) {
	case HELLO_GOOD:
		e->whole = true;
		return hello_sni_allowed((const char *const *)sni->v, sni->n, hello.sni) ||
		       goes_on(w, c, true);
	case HELLO_MORE:
		if (!ended && (e == NULL || e->len < EARLY_MAX)) {
			w->engine->await(w, c, true);
			return false;
		}
		break;
	case HELLO_NOT_TLS:
		break;
	}
	return goes_on(w, c, false);
}

/* ---- the phase ---- */

static void
look(struct worker *w, struct worker_conn *c, bool ended)
{
	if (c->headed && !look_for_header(w, c, ended))
		return;
	if (hello_mode(w, c) != HELLO_NONE && !look_for_hello(w, c, ended))
		return;
	worker_conn_next(w, c);
}

bool
greet_start(struct worker *w, struct worker_conn *c)
{
	if (!c->headed && hello_mode(w, c) == HELLO_NONE)
		return false;
	c->state = CONN_GREETING;
	c->phase_ms = w->now_ms;
	wheel_arm(&w->wheel, c, w->now_ms + w->view.table.service[c->service].hello_ms);
	w->engine->await(w, c, true);
	return true;
}

void
worker_conn_early(struct worker *w, struct worker_conn *c, const uint8_t *bytes, size_t n)
{
	if (c->state != CONN_GREETING)
		return;
	STAT_SET(c->row, last_ms, w->now_ms);
	if (n > 0 && !keep(c, bytes, n)) {
		worker_conn_close(w, c, CLOSE_resource);
		return;
	}
	look(w, c, n == 0);
}

void
greet_timeout(struct worker *w, struct worker_conn *c)
{
	if (c->headed)
		worker_conn_close(w, c, CLOSE_proxy_header);
	else if (hello_mode(w, c) == HELLO_REQUIRE)
		worker_conn_close(w, c, CLOSE_hello_timeout);
	else
		worker_conn_next(w, c);
}

/* ---- towards the server ---- */

const uint8_t *
greet_first(struct worker *w, const struct worker_conn *c, size_t *n)
{
	static uint8_t room[PROXY_MAKE_MAX + EARLY_MAX + ENGINE_BYTES];
	const struct early *e = c->early;
	int version = conf_of(w, c) != NULL ? conf_of(w, c)->proxy_protocol.send : 0;
	struct addr to;

	*n = 0;
	if (version > 0) {
		if (e != NULL && e->to.sa.sa_family != AF_UNSPEC)
			to = e->to;
		else
			session_unpack(&to, &c->row->who.listen);
		addr_unmap(&to);
		*n = proxy_make(version, &c->client, &to, false, room, sizeof room);
	}
	if (e != NULL) {
		memcpy(room + *n, e->bytes, e->len);
		*n += e->len;
	}
	return room;
}
