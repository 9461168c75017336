/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/balance.h"

#include "base/hash.h"
#include "shm/stat.h"
#include "worker/internal.h"

static uint64_t
ticket(struct worker *w, unsigned service)
{
	return atomic_fetch_add_explicit(
	    &w->seg->arena->ticket[service].next, 1, memory_order_relaxed);
}

/* Open connections of a server over all workers, draining ones included. */
static uint64_t
active(const struct worker *w, unsigned server)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < w->view.live_workers; i++)
		sum += STAT_GET(&seg_worker(w->seg, w->view.live[i])->stat.server[server], active);
	return sum;
}

struct load {
	uint64_t connections; /* with this one, so that weights matter from the first on */
	unsigned weight;
};

static struct load
load_of(const struct worker *w, unsigned server)
{
	return (struct load){active(w, server) + 1, w->view.weight[server]};
}

static bool
is_less(struct load a, struct load b)
{
	return a.connections * b.weight < b.connections * a.weight;
}

/* Ties go round by a ticket that all workers share. */
static int
least(
    struct worker *w, const struct worker_conn *c, const struct view_service *vs, const bool skip[])
{
	unsigned at = (unsigned)(ticket(w, c->service) % vs->n_candidates);
	struct load load, best_load = {0};
	int best = -1;

	for (unsigned i = 0; i < vs->n_candidates;
	     i++, at = at + 1 < vs->n_candidates ? at + 1 : 0) {
		if (skip[at])
			continue;
		load = load_of(w, vs->candidates[at]);
		if (best < 0 || is_less(load, best_load)) {
			best = (int)at;
			best_load = load;
		}
	}
	return best;
}

static int
position(const struct view_service *vs, unsigned server)
{
	for (unsigned i = 0; i < vs->n_candidates; i++)
		if (vs->candidates[i] == server)
			return (int)i;
	return -1;
}

/* The next of the cycle; one that is skipped loses its turn, not its place. */
static int
round_robin(
    struct worker *w, const struct worker_conn *c, const struct view_service *vs, const bool skip[])
{
	uint64_t at = ticket(w, c->service);
	int pos;

	for (unsigned i = 0; i < vs->n_schedule; i++) {
		pos = position(vs, vs->schedule[(at + i) % vs->n_schedule]);
		if (pos >= 0 && !skip[pos])
			return pos;
	}
	return -1;
}

/* By weight, of those not skipped and not `but`. */
static int
draw(struct worker *w, const struct view_service *vs, const bool skip[], int but)
{
	uint64_t sum = 0, at;

	for (unsigned i = 0; i < vs->n_candidates; i++)
		sum += skip[i] || (int)i == but ? 0 : w->view.weight[vs->candidates[i]];
	if (sum == 0)
		return -1;
	w->noise = hash_bytes(&w->noise, sizeof w->noise, (uint64_t)w->now.us);
	at = w->noise % sum;
	for (unsigned i = 0; i < vs->n_candidates; i++) {
		if (skip[i] || (int)i == but)
			continue;
		if (at < w->view.weight[vs->candidates[i]])
			return (int)i;
		at -= w->view.weight[vs->candidates[i]];
	}
	return -1;
}

/* The better of two (M. Mitzenmacher, The Power of Two Choices, 2001). Servers without a connection
 * are equally good whatever their weights, which have had their say in the draw. */
static int
random_two(struct worker *w, const struct view_service *vs, const bool skip[])
{
	int a = draw(w, vs, skip, -1), b = draw(w, vs, skip, a);
	struct load load_a, load_b;

	if (b < 0)
		return a;
	load_a = load_of(w, vs->candidates[a]);
	load_b = load_of(w, vs->candidates[b]);
	load_a.connections--;
	load_b.connections--;
	return is_less(load_b, load_a) ? b : a;
}

static int
by_hash(const struct worker *w, const struct worker_conn *c, const struct view_service *vs,
    const bool skip[])
{
	uint64_t key = hash_addr_ip(&c->client, 0);
	double score, best_score = 0;
	int best = -1;

	for (unsigned i = 0; i < vs->n_candidates; i++) {
		if (skip[i])
			continue;
		score = hash_rendezvous(
		    key, w->view.name_hash[vs->candidates[i]], w->view.weight[vs->candidates[i]]);
		if (best < 0 || score > best_score) {
			best = (int)i;
			best_score = score;
		}
	}
	return best;
}

static int
first(const struct view_service *vs, const bool skip[])
{
	for (unsigned i = 0; i < vs->n_candidates; i++)
		if (!skip[i])
			return (int)i;
	return -1;
}

int
balance_choose(
    struct worker *w, const struct worker_conn *c, const struct view_service *vs, const bool skip[])
{
	switch ((enum balance)w->view.table.service[c->service].balance) {
	case BALANCE_ROUNDROBIN:
		/* Without a schedule there was no memory for one. */
		return vs->n_schedule > 0 ? round_robin(w, c, vs, skip) : least(w, c, vs, skip);
	case BALANCE_RANDOM:
		return random_two(w, vs, skip);
	case BALANCE_HASH:
		return by_hash(w, c, vs, skip);
	case BALANCE_FIRST:
		return first(vs, skip);
	case BALANCE_LEASTCONN:
		break;
	}
	return least(w, c, vs, skip);
}
