/* SPDX-License-Identifier: BSD-2-Clause */
/* What the master does about VIPs itself: which ones a new configuration takes from this node, and the last
 * word for a vrrp process that is dead. */

#include <net/if.h>
#include <string.h>

#include "base/log.h"
#include "vrrp/internal.h"
#include "vrrp/vrrp.h"

/* The node whose address spoke, if it was one's. */
static int
node_of(const struct conf *conf, const struct shm_vip *cell)
{
	int found = conf_find_node_at(conf, &cell->self);

	return found >= 0 ? found : conf->self;
}

static void
send_zero(const struct plan_vip *plan, const struct wire *wire, const struct addr *to)
{
	uint8_t message[VRRP_PACKET_MAX];
	size_t len = plan_message(plan, &wire->self, to, 0, plan->advert.interval_us, message);
	int rc = len > 0 ? wire_send(wire, to, message, len) : 0;

	if (rc != 0)
		log_err("vip %s: farewell: %s", plan->conf->name, strerror(rc));
}

static void
farewell(const struct conf *conf, const struct shm_vip *cell)
{
	const struct conf_vip *vip = conf_find_vip(conf, cell->name);
	struct plan_vip plan;
	struct wire wire;
	char name[IF_NAMESIZE];
	struct err err;

	err_init(&err);
	if (vip == NULL || cell->self_ifindex == 0 ||
	    if_indextoname(cell->self_ifindex, name) == NULL)
		return;
	plan_vip(&plan, conf, vip, node_of(conf, cell));
	if (plan.family != cell->self.sa.sa_family)
		return;
	if (wire_open(&wire, plan.family, name, cell->self_ifindex, &cell->self, plan.multicast,
		&err) < 0) {
		log_err("vip %s: farewell: %s", vip->name, err_end(&err));
		return;
	}
	if (plan.multicast)
		send_zero(&plan, &wire, wire_group(plan.family));
	for (unsigned i = 0; i < plan.n_peers; i++)
		send_zero(&plan, &wire, &plan.peers[i]);
	wire_close(&wire);
}

static void
delete_addresses(const struct shm_vip *cell)
{
	char text[ADDR_TEXT];
	struct link_nl *link;
	struct err err;
	int rc;

	err_init(&err);
	link = link_open(&err);
	if (link == NULL) {
		log_err("vip %.*s: %s", SHM_NAME, cell->name, err_end(&err));
		return;
	}
	for (unsigned i = 0; cell->ifindex > 0 && i < cell->n_addresses && i < SHM_VIP_ADDRS; i++) {
		rc = link_delete(link, cell->ifindex, &cell->address[i], 0);
		if (rc < 0)
			log_err("vip %.*s: %s cannot be deleted: %s", SHM_NAME, cell->name,
			    addr_print_ip(&cell->address[i], text, sizeof text), strerror(-rc));
	}
	link_close(link);
}

static bool
is_held(const struct shm_vip *cell)
{
	return cell->name[0] != '\0' &&
	       (cell->present || vrrp_state_serves((enum vrrp_state)cell->state));
}

unsigned
vrrp_bury(struct seg *seg, const struct conf *conf)
{
	struct shm_vip cell;
	unsigned n = 0;

	for (unsigned i = 0; i < SHM_VIPS; i++) {
		if (!SEQ_LOAD(&seg->ro->vrrp.r.vip[i], &cell) || !is_held(&cell))
			continue;
		log_err("vip %.*s: no vrrp process holds it any more: it is let go of", SHM_NAME,
		    cell.name);
		farewell(conf, &cell);
		delete_addresses(&cell);
		seg_bury_vip(seg, i, VRRP_STATE_FAULT, "the vrrp process is gone", mono_now());
		n++;
	}
	return n;
}

bool
vip_share_address(const struct shm_vip *cell, const struct conf_addrs *all)
{
	for (unsigned k = 0; k < cell->n_addresses && k < SHM_VIP_ADDRS; k++)
		if (conf_has_address(all, &cell->address[k]))
			return true;
	return false;
}

bool
vrrp_goes(const struct shm_vip *cell, const struct conf *conf)
{
	const struct conf_vip *vip = conf_find_vip(conf, cell->name);
	struct plan_vip plan;

	if (!is_held(cell) || vip == NULL)
		return is_held(cell);
	plan_vip(&plan, conf, vip, node_of(conf, cell));
	return !plan.takes_part || plan.advert.vrid != cell->vrid ||
	       plan.advert.version != cell->version || !vip_share_address(cell, &vip->addresses);
}
