/* SPDX-License-Identifier: BSD-2-Clause */
/* How things are, in one sentence: the status that systemctl shows. Pure. */
#ifndef KHA_MASTER_SUMMARY_H
#define KHA_MASTER_SUMMARY_H

#include "shm/layout.h"

/* "2 services, 5 of 6 servers up (none of dashboard); vip kubeapi MASTER". shown: enum server_state
 * of each row of *t. What does not fit into size is left out. */
void summary_print(char *text, size_t size, const struct shm_table *t,
    const uint8_t shown[SHM_SERVERS], const struct shm_vip *vip, unsigned n_vips);

#endif
