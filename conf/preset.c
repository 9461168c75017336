/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/preset.h"

/* kube-apiserver is what the rows of conf/tbl say, and k3s serves the same path. The machine
 * config server of OpenShift knows /healthz only. */
const struct conf_preset_row conf_presets[] = {
    {PRESET_OPENSHIFT_MCS, "check", "path", "\"/healthz\""},
    {PRESET_TCP, "check", "type", "\"tcp\""},
    {PRESET_TCP, "rebalance", "mode", "\"off\""},
};

const unsigned n_conf_presets = sizeof conf_presets / sizeof conf_presets[0];

void
conf_preset_apply(struct conf_service *s, enum conf_preset preset, const struct conf_parsing *p)
{
	const struct conf_opt *group, *o;

	for (unsigned i = 0; i < n_conf_presets; i++) {
		if (conf_presets[i].preset != preset)
			continue;
		group = conf_table_find(&conf_table_service, conf_presets[i].group);
		o = conf_table_find(group->group, conf_presets[i].option);
		conf_opt_set(o, conf_field(conf_field(s, group), o), conf_presets[i].def, p);
	}
}
