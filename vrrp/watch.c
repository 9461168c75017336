/* SPDX-License-Identifier: BSD-2-Clause */
/* Is there anybody who serves? A VIP must not stay on a node without a worker. */
#include "vrrp/internal.h"

/* So long a worker may fail to accept, as without descriptors; and it tries each 100 ms while clients wait:
 * one that did not fail for so long has nobody to fail for. */
#define BARREN_NS (2 * VRRP_SECOND)
#define CALM_NS	  VRRP_SECOND

/* The last descriptor goes to the client, and then there is none for the server: that is a failure too. */
static bool
accepts(struct vrrp *v, unsigned entry, int64_t now)
{
	const struct stat_worker *s = &seg_worker(v->seg, entry)->stat.worker;
	struct watch_accepts *a = &v->accepts[entry];
	uint64_t lacking = STAT_GET(s, close_resource), accepted = STAT_GET(s, accepted);
	uint64_t failed = STAT_GET(s, accept_failed) + lacking;
	uint64_t good = accepted > lacking ? accepted - lacking : 0;
	bool served = good > a->good;

	if (accepted < a->accepted) /* another process */
		*a = (struct watch_accepts){.since = 0};
	if (served || (a->since != 0 && now - a->last > CALM_NS))
		a->since = 0;
	if (failed != a->failed) {
		a->last = now;
		a->since = a->since != 0 || served ? a->since : now;
	}
	a->accepted = accepted;
	a->good = good > a->good ? good : a->good; /* one that was accepted may be closed later */
	a->failed = failed;
	return a->since == 0 || now - a->since < BARREN_NS;
}

void
watch_workers(struct vrrp *v, int64_t now)
{
	bool lives = false;

	for (unsigned e = ENTRY_WORKER0; e < SHM_ENTRIES; e++)
		lives = (seg_worker_serves(v->seg, e, (struct mono){now / 1000}) &&
			    accepts(v, e, now)) ||
			lives;
	if (lives)
		v->no_worker_at = VRRP_NEVER;
	else if (v->no_worker_at == VRRP_NEVER)
		v->no_worker_at = now;
	for (unsigned i = 0; i < v->n; i++) {
		if (!v->vip[i].plan.conf->track.workers || lives)
			vip_fault(&v->vip[i], FAULT_WORKERS, false);
		else if (now - v->no_worker_at >= NO_WORKER_NS)
			vip_fault(&v->vip[i], FAULT_WORKERS, true);
	}
}

/* Keepalived's rule: a positive weight is added while the script is good, a negative one while it is not,
 * and weight 0 means FAULT while it is not. What has had no result yet adds nothing, and is no success. */
static uint8_t
tracked_priority(const struct vip *p, uint64_t results, bool *fault)
{
	const struct conf_track *t = &p->plan.conf->track;
	int priority = p->plan.priority, weight;
	bool known, good;

	*fault = false;
	for (unsigned i = 0; i < t->n_scripts && i < SHM_SCRIPTS; i++) {
		known = (results & SHM_SCRIPT_KNOWN(i)) != 0;
		good = known && (results & SHM_SCRIPT_GOOD(i)) != 0;
		weight = t->scripts[i].weight;
		if (weight == 0)
			*fault = *fault || !good;
		else if (weight > 0 ? good : known && !good)
			priority += weight;
	}
	if (p->plan.priority == 255)
		return 255; /* whose the addresses are: no weight moves it */
	return (uint8_t)(priority < 1 ? 1 : priority > 254 ? 254 : priority);
}

void
watch_scripts(struct vrrp *v)
{
	struct vrrp_event ev = {.kind = VRRP_EV_PRIORITY};
	uint64_t results;
	struct vip *p;
	bool fault;

	for (unsigned i = 0; i < v->n; i++) {
		p = &v->vip[i];
		if (p->plan.conf->track.n_scripts == 0 || !p->plan.takes_part)
			continue;
		results =
		    atomic_load_explicit(&v->seg->ro->head.r.vip_script[i], memory_order_acquire);
		if (results >> SHM_SCRIPT_EPOCH != v->h->vip_epoch >> SHM_SCRIPT_EPOCH)
			continue;
		p->tracked = tracked_priority(p, results, &fault);
		vip_fault(p, FAULT_SCRIPT, fault);
	}
	for (unsigned i = 0; i < v->n; i++) {
		p = &v->vip[i];
		ev.priority = p->plan.takes_part ? group_priority(p) : p->election.priority;
		if (ev.priority != p->election.priority)
			vip_event(p, &ev);
	}
}
