/* SPDX-License-Identifier: BSD-2-Clause */
/* Presets: other defaults for what usually stands behind a service. */
#ifndef KHA_CONF_PRESET_H
#define KHA_CONF_PRESET_H

#include "conf/opt.h"

struct conf_preset_row {
	enum conf_preset preset;
	const char *group, *option; /* of a service */
	const char *def;	    /* in the syntax of the file */
};

/* All that differs from the rows of conf/tbl. */
extern const struct conf_preset_row conf_presets[];
extern const unsigned n_conf_presets;

/* Gives a service that has its defaults those of a preset. Before the file is read into it, so
 * that what the file sets stays. */
void conf_preset_apply(
    struct conf_service *s, enum conf_preset preset, const struct conf_parsing *p);

#endif
