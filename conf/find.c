/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking things up in a configuration. */
#include <string.h>

#include "conf/conf.h"

bool
conf_only(const struct conf_strings *list, const char *word)
{
	return list->n == 1 && strcmp(list->v[0], word) == 0;
}

bool
conf_has_address(const struct conf_addrs *list, const struct addr *a)
{
	for (unsigned i = 0; i < list->n; i++)
		if (addr_equal_ip(&list->v[i], a))
			return true;
	return false;
}

int
conf_find_node(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->n_nodes; i++)
		if (strcmp(conf->nodes[i].name, name) == 0)
			return (int)i;
	return -1;
}

int
conf_find_node_at(const struct conf *conf, const struct addr *a)
{
	for (unsigned i = 0; i < conf->n_nodes; i++)
		if (conf_has_address(&conf->nodes[i].addresses, a))
			return (int)i;
	return -1;
}

const struct conf_vip *
conf_find_vip(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->n_vips; i++)
		if (strcmp(conf->vips[i].name, name) == 0)
			return &conf->vips[i];
	return NULL;
}
