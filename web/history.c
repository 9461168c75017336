/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/history.h"

#include <string.h>

/* A timer that came a little early must not cost a sample. */
#define EARLY_MS 100

bool
history_is_due(const struct history *h, struct mono now)
{
	return h->last.us == 0 || mono_diff_ms(h->last, now) >= HISTORY_MS - EARLY_MS;
}

static void
add(struct history *h, struct series *s, uint32_t id, int64_t ms, uint64_t active, uint64_t total,
    int check_ms)
{
	const bool known = s->id == id && s->n > 0;
	uint64_t rate = 0;

	if (!known) {
		memset(s, 0, sizeof *s);
		s->id = id;
	}
	if (known && total >= s->total && ms > 0)
		rate = (total - s->total) * 10000 / (uint64_t)ms;
	s->total = total;
	s->v[HISTORY_ACTIVE][h->next] = (uint32_t)active;
	s->v[HISTORY_RATE][h->next] = (uint32_t)rate;
	s->v[HISTORY_CHECK][h->next] = check_ms > 0 ? (uint32_t)check_ms : 0;
	if (s->n < HISTORY_POINTS)
		s->n++;
}

/* Rows that are not listed now end: their place may be somebody else's with the next sample. */
static void
end_others(struct history *h, const bool service[SHM_SERVICES], const bool server[SHM_SERVERS])
{
	for (unsigned i = 0; i < SHM_SERVICES; i++)
		if (!service[i])
			h->service[i].n = 0;
	for (unsigned i = 0; i < SHM_SERVERS; i++)
		if (!server[i])
			h->server[i].n = 0;
}

void
history_take(struct history *h, const struct dump *d)
{
	bool service[SHM_SERVICES] = {false}, server[SHM_SERVERS] = {false};
	int64_t ms = mono_diff_ms(h->last, d->now);

	if (!history_is_due(h, d->now))
		return;
	/* This process, or the machine, stood still: what came in that time was not seen. */
	if (h->last.us != 0 && ms > 3 * HISTORY_MS)
		memset(h, 0, sizeof *h);
	if (h->first.us == 0)
		h->first = d->now;
	for (unsigned i = 0; i < d->n_services; i++) {
		const struct dump_service *s = &d->services[i];
		const struct stat_service *sum = &d->sum.service[s->index];

		service[s->index] = true;
		add(h, &h->service[s->index], d->table.service[s->index].id, ms,
		    STAT_GET(sum, active), STAT_GET(sum, accepted), 0);
		for (unsigned k = s->first; k < s->first + s->n; k++) {
			unsigned index = d->servers[k];
			const struct stat_server *one = &d->sum.server[index];

			server[index] = true;
			add(h, &h->server[index], d->table.server[index].id, ms,
			    STAT_GET(one, active), STAT_GET(one, connected),
			    d->health[index].check_ms);
		}
	}
	end_others(h, service, server);
	h->last = d->now;
	h->next = (h->next + 1) % HISTORY_POINTS;
}

uint32_t
history_at(const struct history *h, const struct series *s, enum history_kind k, unsigned i)
{
	return s->v[k][(h->next + HISTORY_POINTS - s->n + i) % HISTORY_POINTS];
}

const struct series *
history_service(const struct history *h, const struct dump *d, unsigned index)
{
	const struct series *s = &h->service[index];

	return s->n > 0 && s->id == d->table.service[index].id ? s : NULL;
}

const struct series *
history_server(const struct history *h, const struct dump *d, unsigned index)
{
	const struct series *s = &h->server[index];

	return s->n > 0 && s->id == d->table.server[index].id ? s : NULL;
}
