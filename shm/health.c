/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/health.h"

static const char *const state_names[SERVER_STATES] = {
#define STATE(name, help) [STATE_##name] = #name,
#include "shm/tbl/state.h"
#undef STATE
};

static const struct {
	const char *name, *help;
	bool passed, accepts, mute;
} results[CHECK_RESULTS] = {
#define RESULT(name, passed, accepts, mute, help)                                                  \
	[RESULT_##name] = {#name, help, passed, accepts, mute},
#include "shm/tbl/result.h"
#undef RESULT
};

const char *
server_state_name(enum server_state s)
{
	return (unsigned)s < SERVER_STATES ? state_names[s] : "?";
}

const char *
server_admin_name(enum server_admin a)
{
	static const char *const names[] = {
	    [ADMIN_READY] = "ready",
	    [ADMIN_DRAIN] = "drain",
	    [ADMIN_MAINT] = "maint",
	};

	return (unsigned)a < sizeof names / sizeof *names ? names[a] : "?";
}

/* A number from the segment that is none of ours is shown as unknown. */
static enum check_result
known(enum check_result r)
{
	return (unsigned)r < CHECK_RESULTS ? r : RESULT_UNK;
}

const char *
check_result_name(enum check_result r)
{
	return results[known(r)].name;
}

const char *
check_result_help(enum check_result r)
{
	return results[known(r)].help;
}

bool
check_result_passed(enum check_result r)
{
	return results[known(r)].passed;
}

bool
check_result_accepts(enum check_result r)
{
	return results[known(r)].accepts;
}

bool
check_result_mute(enum check_result r)
{
	return results[known(r)].mute;
}

void
health_store(struct seg *seg, unsigned index, const struct shm_health *h, bool changed)
{
	struct shm_checker *c = seg->checker;

	SEQ_STORE(&c->health[index], h);
	if (changed)
		atomic_store_explicit(&c->generation,
		    atomic_load_explicit(&c->generation, memory_order_relaxed) + 1,
		    memory_order_release);
}

uint64_t
health_generation(const struct seg *seg)
{
	return atomic_load_explicit(&seg->ro->checker.r.generation, memory_order_acquire);
}

bool
health_load(const struct seg *seg, unsigned index, uint32_t id, struct shm_health *h)
{
	if (SEQ_LOAD(&seg->ro->checker.r.health[index], h) && h->id == id)
		return true;
	*h = (struct shm_health){
	    .id = id,
	    .state = STATE_NOTREADY,
	    .result = RESULT_INI,
	    .check_ms = -1,
	};
	return false;
}

enum server_state
health_shown(const struct shm_server *server, enum server_state health)
{
	if (server->state == ROW_REMOVED)
		return STATE_REMOVED;
	if (server->admin == ADMIN_MAINT)
		return STATE_MAINT;
	if (server->admin == ADMIN_DRAIN || server->weight == 0)
		return STATE_DRAIN;
	return health;
}

/* Bit of the class of candidates that a server would belong to; 0: none, it is never
 * used. */
static unsigned
class_of(
    const struct shm_server *s, enum server_state state, uint64_t last_byte_ms, struct mono now)
{
	uint64_t now_ms = (uint64_t)mono_ms(now);

	if (s->state != ROW_ACTIVE || s->admin != ADMIN_READY || s->weight == 0)
		return 0;
	if (state == STATE_UP)
		return s->backup ? 1u << CANDIDATES_BACKUP : 1u << CANDIDATES_UP;
	if (state == STATE_NOTREADY || state == STATE_HUNG)
		return 1u << CANDIDATES_FAIL_OPEN; /* the port accepts */
	if (last_byte_ms != 0 && last_byte_ms + FAIL_OPEN_BYTE_MS >= now_ms)
		return 1u << CANDIDATES_FAIL_OPEN;
	return 0;
}

/* Keeps `list` in the order of the file. Rows mostly come in that order already. */
static void
insert(const struct shm_table *t, uint16_t *list, unsigned n, unsigned server)
{
	while (n > 0 && t->server[list[n - 1]].position > t->server[server].position) {
		list[n] = list[n - 1];
		n--;
	}
	list[n] = (uint16_t)server;
}

enum candidates
health_candidates(const struct shm_table *t, unsigned service, const uint8_t state[SHM_SERVERS],
    const uint64_t last_byte_ms[SHM_SERVERS], struct mono now, uint16_t list[SHM_SERVERS],
    unsigned *n)
{
	static const enum candidates order[] = {
	    CANDIDATES_UP, CANDIDATES_BACKUP, CANDIDATES_FAIL_OPEN};
	unsigned last = t->n_servers < SHM_SERVERS ? t->n_servers : SHM_SERVERS;

	for (unsigned c = 0; c < sizeof order / sizeof *order; c++) {
		*n = 0;
		for (unsigned i = 0; i < last; i++) {
			if (t->server[i].service != service)
				continue;
			if (class_of(&t->server[i], state[i], last_byte_ms[i], now) &
			    1u << order[c])
				insert(t, list, (*n)++, i);
		}
		if (*n > 0)
			return order[c];
	}
	return CANDIDATES_NONE;
}

unsigned
health_slow_percent(int64_t slow_us, uint32_t slow_start_ms, struct mono now)
{
	int64_t elapsed_ms = (now.us - slow_us) / 1000;

	if (slow_us == 0 || slow_start_ms == 0 || elapsed_ms >= slow_start_ms)
		return 100;
	elapsed_ms = elapsed_ms * 100 / slow_start_ms;
	return elapsed_ms > 1 ? (unsigned)elapsed_ms : 1;
}
