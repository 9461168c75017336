/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "shm/health.h"
#include "shm/stat.h"

/* Fail-open counts bytes of the last 10 s, so that it changes with time alone. */
#define AGE_MS 250

static unsigned
gcd(unsigned a, unsigned b)
{
	unsigned t;

	while (b != 0) {
		t = a % b;
		a = b;
		b = t;
	}
	return a;
}

unsigned
view_schedule(const unsigned weight[], unsigned n, uint16_t *out, unsigned room)
{
	static int current[SHM_SERVERS];
	static unsigned w[SHM_SERVERS];
	unsigned divisor = 0, total = 0, best, sum = 0;

	if (n == 0 || n > room || n > SHM_SERVERS)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		divisor = gcd(weight[i], divisor);
		sum += weight[i];
	}
	for (unsigned i = 0; i < n; i++) {
		/* A share below one turn of a longest cycle still gets one turn. */
		w[i] = weight[i] / divisor;
		if (sum / divisor > room)
			w[i] = (unsigned)((uint64_t)weight[i] * (room - n) / sum) + 1;
		current[i] = 0;
		total += w[i];
	}
	for (unsigned turn = 0; turn < total; turn++) {
		best = 0;
		for (unsigned i = 0; i < n; i++) {
			current[i] += (int)w[i];
			if (current[i] > current[best])
				best = i;
		}
		current[best] -= (int)total;
		out[turn] = (uint16_t)best;
	}
	return total;
}

/* Weight and places of each server at this moment. */
static void
refresh_ramps(struct view *v, struct mono now)
{
	const struct shm_server *s;
	unsigned percent;

	v->ramping = false;
	for (unsigned i = 0; i < v->table.n_servers; i++) {
		s = &v->table.server[i];
		percent = health_slow_percent(
		    v->slow_us[i], v->table.service[s->service].slow_start_ms, now);
		v->ramping |= percent < 100;
		v->weight[i] = s->weight * percent;
		v->places[i] = s->max_connections * percent / 100;
		if (v->places[i] == 0 && s->max_connections > 0)
			v->places[i] = 1;
	}
}

static void
refresh_schedule(struct view *v, struct view_service *vs)
{
	unsigned weight[SHM_SERVERS], sum = 0, room;
	uint64_t of;
	uint16_t *bigger;

	for (unsigned i = 0; i < vs->n_candidates; i++) {
		weight[i] = v->weight[vs->candidates[i]];
		sum += weight[i];
	}
	of = hash_bytes(vs->candidates, vs->n_candidates * sizeof *vs->candidates,
	    hash_bytes(weight, vs->n_candidates * sizeof *weight, 1));
	if (of == vs->schedule_of && vs->n_schedule > 0)
		return;
	vs->schedule_of = of;
	vs->n_schedule = 0;
	room = sum < SCHEDULE_MAX ? sum : SCHEDULE_MAX;
	if (room > vs->schedule_room) {
		bigger = realloc(vs->schedule, room * sizeof *bigger);
		if (bigger == NULL)
			return; /* pick falls back to leastconn */
		vs->schedule = bigger;
		vs->schedule_room = room;
	}
	vs->n_schedule = view_schedule(weight, vs->n_candidates, vs->schedule, room);
	for (unsigned i = 0; i < vs->n_schedule; i++)
		vs->schedule[i] = vs->candidates[vs->schedule[i]];
}

static void
refresh_limits(const struct view *v, struct view_service *vs, bool of_service)
{
	vs->limited = of_service;
	vs->rated = false;
	for (unsigned i = 0; i < vs->n_candidates; i++) {
		vs->limited |= v->places[vs->candidates[i]] > 0;
		vs->rated |= v->table.server[vs->candidates[i]].connect_rate > 0;
	}
	vs->limited |= vs->rated;
}

static void
refresh_candidates(struct view *v, const struct seg *seg, struct mono now)
{
	static uint64_t last_byte[SHM_SERVERS];
	uint16_t list[SHM_SERVERS], *room = v->candidate_room;
	struct view_service *vs;
	unsigned n;

	for (unsigned i = 0; i < v->table.n_servers; i++)
		last_byte[i] = v->state[i] == STATE_UP ? 0 : stat_server_last_byte(seg, i);
	for (unsigned s = 0; s < v->table.n_services; s++) {
		vs = &v->service[s];
		if (v->table.service[s].state != ROW_ACTIVE) {
			vs->class = CANDIDATES_NONE;
			vs->n_candidates = vs->n_schedule = 0;
			vs->limited = vs->rated = false;
			continue;
		}
		vs->class = health_candidates(&v->table, s, v->state, last_byte, now, list, &n);
		/* Services never share servers, so that all lists fit into one array. */
		memcpy(room, list, n * sizeof *list);
		vs->candidates = room;
		vs->n_candidates = n;
		room += n;
		if (v->table.service[s].balance == BALANCE_ROUNDROBIN)
			refresh_schedule(v, vs);
		else
			vs->n_schedule = 0;
		refresh_limits(v, vs, v->table.service[s].max_connections > 0);
	}
}

static void
refresh_live(struct view *v, const struct seg *seg)
{
	const struct shm_proc *p;
	uint32_t slot;

	v->live_workers = 0;
	memset(v->peer, 0, sizeof v->peer);
	for (unsigned e = ENTRY_WORKER0; e < SHM_ENTRIES; e++) {
		p = &seg->ro->head.r.proc[e];
		/* One that is about to be started counts: its gauges are 0 until then. */
		if (atomic_load_explicit(&p->kind, memory_order_relaxed) != PROC_WORKER)
			continue;
		v->live[v->live_workers++] = (uint16_t)e;
		slot = atomic_load_explicit(&p->slot, memory_order_relaxed);
		if (atomic_load_explicit(&p->generation, memory_order_relaxed) == v->generation &&
		    slot < SHM_WORKERS)
			v->peer[slot] = (uint16_t)e;
	}
}

/* Reads the health of all servers. False: a cell could not be read now; what was known of that
 * server stays. */
static bool
refresh_health(struct view *v, const struct seg *seg)
{
	const struct shm_server *s;
	struct shm_health cell;
	bool whole = true;

	for (unsigned i = 0; i < v->table.n_servers; i++) {
		s = &v->table.server[i];
		if (s->state != ROW_ACTIVE)
			continue;
		if (health_load(seg, i, s->id, &cell)) {
			v->state[i] = cell.state;
			v->slow_us[i] = cell.slow_us;
		} else if (v->known_id[i] != s->id) {
			v->state[i] = STATE_NOTREADY; /* another server, never checked */
			v->slow_us[i] = 0;
		} else
			whole = whole && s->admin != ADMIN_READY;
		v->known_id[i] = s->id;
	}
	return whole;
}

bool
view_refresh(struct view *v, const struct seg *seg, struct mono now)
{
	static struct shm_table fresh;
	uint64_t health = health_generation(seg);
	bool changed = false, aged = mono_ms(now) - v->aged_ms >= AGE_MS;

	if (table_generation(seg) != v->table_generation && table_snapshot(seg, &fresh)) {
		v->table = fresh;
		for (unsigned i = 0; i < fresh.n_servers; i++)
			v->name_hash[i] = hash_bytes(
			    fresh.server[i].name, strnlen(fresh.server[i].name, SHM_NAME), 0);
		v->table_generation = fresh.generation;
		changed = true;
	}
	if (changed || health != v->health_generation || (aged && !v->health_whole)) {
		v->health_whole = refresh_health(v, seg);
		v->health_generation = health;
		changed = true;
	}
	if (changed || aged) {
		refresh_live(v, seg);
		refresh_ramps(v, now);
		refresh_candidates(v, seg, now);
		v->judged++;
		v->aged_ms = mono_ms(now);
	}
	return changed;
}

void
view_fini(struct view *v)
{
	for (unsigned s = 0; s < SHM_SERVICES; s++)
		free(v->service[s].schedule);
}
