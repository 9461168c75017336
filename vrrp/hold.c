/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses of a VIP in the kernel. They have a lifetime there and are refreshed each sixth of it,
 * so that they go by themselves when this process is killed or stopped. A refresh would bring an expired
 * address back: who comes too late asks the election first.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "shm/stat.h"
#include "vrrp/internal.h"

#define REFRESHES    6
#define TWICE	     2 /* each announcement: one may get lost */
#define MS	     INT64_C(1000000)
#define DELETE_AGAIN (VRRP_SECOND / 10)
#define DELETE_TRIES 50

/* The kernel takes packets to a new IPv6 address after 0.1 to 1 ms, later while others hold its RTNL lock. */
#define RECEIVES_NS    (VRRP_SECOND / 5)
#define RECEIVES_AGAIN (VRRP_SECOND / 1000)

static struct stat_vip *
stat_of(const struct vip *p)
{
	return &p->v->seg->vrrp->stat[p->cell_index];
}

int
hold_set(struct vip *p, int64_t now)
{
	const struct conf_addrs *all = &p->plan.conf->addresses;
	char text[ADDR_TEXT];
	int rc = 0, one;

	for (unsigned i = 0; i < all->n; i++) {
		one = link_set(p->v->link, p->ifindex, &all->v[i], p->plan.lifetime_s);
		if (one < 0 && rc == 0) {
			rc = one;
			log_err("vip %s: the kernel does not take %s: %s", p->plan.conf->name,
			    addr_print_ip(&all->v[i], text, sizeof text), strerror(-one));
		}
		if (one == 0)
			STAT_ADD(stat_of(p), refreshed, 1);
	}
	if (rc < 0)
		return rc;
	/* Counted from before the request: the kernel's clock began later. */
	p->leased_at = now;
	p->present = true;
	p->lease_at =
	    p->plan.lifetime_s > 0 ? now + p->plan.router.lifetime_ns / REFRESHES : VRRP_NEVER;
	return 0;
}

/* 0, or the -errno of the last that could not be deleted. */
static int
delete_on(struct vip *p, unsigned ifindex, const struct addr *a, unsigned prefix)
{
	char text[ADDR_TEXT];
	int rc = link_delete(p->v->link, ifindex, a, prefix);

	if (rc < 0)
		log_err("vip %s: %s cannot be deleted: %s", p->plan.conf->name,
		    addr_print_ip(a, text, sizeof text), strerror(-rc));
	else
		STAT_ADD(stat_of(p), removed, 1);
	return rc;
}

/* On another interface, where an earlier configuration had it; or with the prefix of a subnet, which others
 * gave it. */
static int
delete_stray(struct vip *p, const struct link_address *there, const struct addr *a)
{
	char text[ADDR_TEXT];

	if (!addr_equal_ip(&there->addr, a) ||
	    (there->ifindex == p->ifindex && there->prefix == link_host_bits(a)))
		return 0;
	if (!link_carries_others(&p->v->view, there))
		return delete_on(p, there->ifindex, a, there->prefix);
	if (!p->stray_said)
		log_err(
		    "vip %s: %s/%u is there, and cannot be deleted here without other addresses "
		    "of that subnet: delete it by hand",
		    p->plan.conf->name, addr_print_ip(a, text, sizeof text), there->prefix);
	p->stray_said = true;
	return 0;
}

void
hold_delete(struct vip *p)
{
	const struct conf_addrs *all = &p->plan.conf->addresses;
	const struct link_view *view = &p->v->view;
	int rc = 0, one;

	for (unsigned i = 0; i < all->n; i++) {
		one = p->ifindex > 0 ? delete_on(p, p->ifindex, &all->v[i], 0) : 0;
		rc = one < 0 ? one : rc;
		for (unsigned k = 0; k < view->n_addresses; k++) {
			one = delete_stray(p, &view->addresses[k], &all->v[i]);
			rc = one < 0 ? one : rc;
		}
	}
	p->present = p->some_present = false;
	p->leased_at = 0;
	p->lease_at = p->reset_at = p->delete_at = p->announce_at = VRRP_NEVER;
	p->tries = rc < 0 ? p->tries + 1 : 0;
	if (rc < 0 && p->tries < DELETE_TRIES)
		p->delete_at = vrrp_now() + DELETE_AGAIN;
}

void
hold_announce_once(struct vip *p)
{
	const struct conf_addrs *all = &p->plan.conf->addresses;
	int rc;

	for (unsigned i = 0; i < all->n; i++) {
		rc = announcer_send(&p->v->announcer, p->ifindex, p->mac, &all->v[i], TWICE);
		if (rc == 0)
			STAT_ADD(stat_of(p), announced, TWICE);
		else
			log_debug("vip %s: announcement: %s", p->plan.conf->name, strerror(rc));
	}
}

static void
arm_announce(struct vip *p, int64_t now)
{
	const struct conf_garp *garp = &p->plan.conf->garp;

	if (p->announce_next < garp->schedule.n)
		p->announce_at = p->announce_from + garp->schedule.v[p->announce_next] * MS;
	else
		p->announce_at = garp->refresh > 0 ? now + garp->refresh * MS : VRRP_NEVER;
}

static bool
receives(struct vip *p)
{
	const struct conf_addrs *all = &p->plan.conf->addresses;

	for (unsigned i = 0; i < all->n; i++)
		if (link_receives(p->v->link, p->ifindex, &all->v[i]) == 0)
			return false;
	return true;
}

/* The one that is due. Who follows it must not meet a kernel that does not take his packets yet. */
static void
announce_due(struct vip *p, int64_t now)
{
	const struct conf_garp *garp = &p->plan.conf->garp;

	if (now - p->announce_from < RECEIVES_NS && !receives(p)) {
		p->announce_at = now + RECEIVES_AGAIN;
		return;
	}
	if (p->announce_next < garp->schedule.n &&
	    now >= p->announce_from + garp->schedule.v[p->announce_next] * MS)
		p->announce_next++;
	hold_announce_once(p);
	arm_announce(p, now);
}

void
hold_announce(struct vip *p, int64_t now)
{
	p->announce_from = now;
	p->announce_next = 0;
	arm_announce(p, now);
}

void
hold_announce_now(struct vip *p, int64_t now)
{
	hold_announce(p, now);
	announce_due(p, now);
}

/* A refresh of an address that may have expired meanwhile would make a second owner. */
static void
refresh(struct vip *p, int64_t now)
{
	struct vrrp_event ev = {.kind = VRRP_EV_RESUMED, .pause_ns = now - p->leased_at};

	if (now - p->leased_at > p->plan.router.lifetime_ns / 2) {
		log_warning(
		    "vip %s: the address was not refreshed for %lld ms; asking the others first",
		    p->plan.conf->name, (long long)((now - p->leased_at) / MS));
		ev.pause_ns = INT64_MAX / 4;
		vip_event(p, &ev);
		return;
	}
	if (hold_set(p, now) < 0) {
		p->lease_at = now + p->plan.router.lifetime_ns / REFRESHES / 2;
		return;
	}
	/* Stopped between the look and the request? Then it was no refresh: the address that it brought back
	 * goes at once, before anybody is asked or reset. */
	ev.pause_ns = vrrp_now() - now;
	if (ev.pause_ns > p->plan.router.lifetime_ns / 2) {
		hold_delete(p);
		ev.pause_ns = INT64_MAX / 4;
		vip_event(p, &ev);
	}
}

void
hold_turn(struct vip *p, int64_t now)
{
	if (now >= p->delete_at) {
		p->delete_at = VRRP_NEVER;
		hold_delete(p);
		vip_publish(p);
	}
	if (now >= p->lease_at)
		refresh(p, now);
	if (now >= p->announce_at)
		announce_due(p, now);
}

void
hold_forget(struct vrrp *v, const struct shm_vip *cell, const struct conf_addrs *keep)
{
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < cell->n_addresses && i < SHM_VIP_ADDRS; i++)
		if (cell->ifindex > 0 &&
		    (keep == NULL || !conf_has_address(keep, &cell->address[i])) &&
		    link_delete(v->link, cell->ifindex, &cell->address[i], 0) == 0)
			log_notice("vip %s: %s is removed: it is not ours any more", cell->name,
			    addr_print_ip(&cell->address[i], text, sizeof text));
}
