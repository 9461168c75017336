/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about options together, after each one alone was found right or got its default. */
#ifndef KHA_CONF_CHECK_H
#define KHA_CONF_CHECK_H

#include "conf/read.h"

/* One rule: says what it finds to r->errors and r->warnings. */
typedef void conf_rule(struct conf_reader *r);

/* All rules. */
void conf_check(struct conf_reader *r);

/* check_service.c, check_probe.c, check_listen.c, check_status.c, check_vip.c: parts of it */
void conf_check_services(struct conf_reader *r);
void conf_check_probes(struct conf_reader *r);
void conf_check_listens(struct conf_reader *r);
void conf_check_status(struct conf_reader *r);
void conf_check_vips(struct conf_reader *r);

/* The line of `option` ("check.timeout") of an element, or of the element when it is absent. */
int conf_option_line(const struct conf_value *element, const char *option);

/* Element i of a list, by its name unless that is empty. */
static inline struct conf_path
conf_named(const struct conf_path *list, const char *name, unsigned i)
{
	return (struct conf_path){list, *name != '\0' ? name : NULL, i};
}

#endif
