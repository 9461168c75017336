/* SPDX-License-Identifier: BSD-2-Clause */
/* From the tree to struct conf. Only for conf_load() and what it calls. */
#ifndef KHA_CONF_READ_H
#define KHA_CONF_READ_H

#include <stdbool.h>

#include "conf/conf.h"
#include "conf/opt.h"
#include "conf/say.h"
#include "conf/tree.h"

#define CONF_NODES 16 /* as many as a VIP's order and peers can name */
#define CONF_VIPS  64

/* On the way from text to struct conf. Lines are those of the text until the end of
 * conf_load(), which makes them lines of their files. */
struct conf_reader {
	struct conf *conf;
	struct conf_text text;
	const struct conf_value *root;
	struct conf_mem *mem;	  /* of conf */
	struct conf_mem *scratch; /* freed at the end of conf_load() */
	struct conf_says errors, warnings;
	/* Where each came from, index as in conf. */
	const struct conf_value **nodes, **vips, **services;
	unsigned later_said; /* > 0: inside of something that was called "not yet in effect" */
	const char *node;    /* kha -n, or NULL */
	/* Addresses of this machine, or of the node that it is said to be. */
	struct conf_addrs local;
};

/* read.c */

/* Reads the members of `group` that have a row in `t` into `object`, which has its defaults.
 * others: names that the caller reads, ended by NULL; or NULL. Any other name is an error, and so
 * is the lack of a required one. */
void conf_read_group(struct conf_reader *r, const struct conf_table *t, void *object,
    const struct conf_value *group, const struct conf_path *path, const char *const *others);

/* Reads member `name` of `group` by the rows of `t`; absent: nothing happens. */
void conf_read_member(struct conf_reader *r, const struct conf_table *t, void *object,
    const struct conf_value *group, const char *name, const struct conf_path *path);

/* How messages name element i of a list: by its name when it has a good one. v: the element, a
 * group or a bare string. */
struct conf_path conf_element_path(
    const struct conf_path *list, const struct conf_value *v, unsigned i);

/* An element of nodes, vips or servers that is no string: a group, or said. */
bool conf_read_is_group(
    struct conf_reader *r, const struct conf_value *v, const struct conf_path *path);

/* Names go to CSV files, labels and the command line. NULL: a good one, else what is wrong. */
const char *conf_bad_name(const char *name);

/* Finds the VIPs that listen names. v: the option in the file, NULL: it is the default. */
void conf_read_listen_vips(struct conf_reader *r, struct conf_listens *l,
    const struct conf_value *v, const struct conf_path *path);

/* The whole tree. */
void conf_read(struct conf_reader *r);

/* read_service.c */

void conf_read_services(struct conf_reader *r);

/* local.c */

/* Fills r->local and conf->self, and says what is wrong with nodes in that respect. */
void conf_find_self(struct conf_reader *r);
bool conf_is_local(const struct conf_reader *r, const struct addr *a);

#endif
