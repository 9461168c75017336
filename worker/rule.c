/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/rule.h"

#include <string.h>
#include <unistd.h>

#include "base/cidrs.h"
#include "base/hash.h"
#include "shm/rate.h"
#include "shm/source.h"
#include "worker/internal.h"
#include "worker/sock.h"

/* ---- making ---- */

static const struct conf_service *
find(const struct conf *conf, const struct shm_service *row)
{
	for (unsigned i = 0; conf != NULL && i < conf->n_services; i++)
		if (strncmp(conf->services[i].name, row->name, SHM_NAME) == 0)
			return &conf->services[i];
	return NULL;
}

static int
make_set(struct cidrs **set, const struct conf_cidrs *allow, const struct conf_cidrs *deny)
{
	*set = NULL;
	if (allow->n + deny->n == 0)
		return 0;
	*set = cidrs_new(allow->v, allow->n, deny->v, deny->n);
	return *set != NULL ? 0 : -1;
}

int
rule_init(struct worker *w, struct err *err)
{
	static const struct conf_cidrs none = {0};
	struct rule *r;

	for (unsigned s = 0; s < w->view.table.n_services; s++) {
		r = &w->rule[s];
		r->conf = find(w->h->conf, &w->view.table.service[s]);
		if (r->conf == NULL)
			continue;
		if (make_set(&r->allowed, &r->conf->allow, &r->conf->deny) < 0 ||
		    make_set(&r->announced, &r->conf->proxy_protocol.accept, &none) < 0)
			return err_add(
			    err, "no memory for the address lists of service %s", r->conf->name);
	}
	return 0;
}

void
rule_fini(struct worker *w)
{
	for (unsigned s = 0; s < SHM_SERVICES; s++) {
		cidrs_free(w->rule[s].allowed);
		cidrs_free(w->rule[s].announced);
		w->rule[s] = (struct rule){.conf = NULL};
	}
}

/* ---- who ---- */

bool
rule_lets_in(const struct worker *w, unsigned service, const struct addr *client)
{
	const struct cidrs *set = w->rule[service].allowed;

	return set == NULL || cidrs_allows(set, client);
}

bool
rule_wants_header(const struct worker *w, unsigned service, const struct addr *from)
{
	const struct cidrs *set = w->rule[service].announced;

	return set != NULL && cidrs_allows(set, from);
}

static bool
is_crowded(const struct worker *w, uint64_t key, uint64_t max)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < w->view.live_workers; i++)
		n += source_count(seg_worker(w->seg, w->view.live[i])->source, key);
	return n > max;
}

bool
rule_enter(struct worker *w, struct worker_conn *c)
{
	const struct conf_service *conf = w->rule[c->service].conf;
	uint64_t key;

	if (conf == NULL ||
	    (conf->per_source.max_connections == 0 && conf->per_source.connect_rate == 0))
		return true;
	key = hash_addr_ip(&c->client, w->view.table.service[c->service].id);
	key += key == 0;
	if (conf->per_source.connect_rate > 0 &&
	    !rate_take_of(w->seg->arena->source_rate, key, (uint32_t)conf->per_source.connect_rate,
		w->now.us))
		return false;
	if (conf->per_source.max_connections == 0)
		return true;
	/* Counted before it is looked at: of two that come at once to two workers at least the later
	 * one sees both. */
	c->source_row = (int16_t)source_add(w->seg->worker->source, key);
	if (!is_crowded(w, key, (uint64_t)conf->per_source.max_connections))
		return true;
	rule_leave(w, c);
	return false;
}

void
rule_leave(struct worker *w, struct worker_conn *c)
{
	if (c->source_row >= 0)
		source_drop(w->seg->worker->source, c->source_row);
	c->source_row = -1;
}

/* ---- from where ---- */

int
rule_bind(struct worker *w, unsigned service, int fd, const struct addr *to)
{
	struct rule *r = &w->rule[service];
	const struct addr *a;

	for (unsigned i = 0; r->conf != NULL && i < r->conf->source.n; i++) {
		a = &r->conf->source.v[r->source++ % r->conf->source.n];
		if (a->sa.sa_family == to->sa.sa_family)
			return sock_bind(fd, a);
	}
	return 0;
}
