/* SPDX-License-Identifier: BSD-2-Clause */
/* What a server is seen as. STATE(name, "help"). The first four come from checks, DRAIN
 * and MAINT from the operator, REMOVED from the file. */
STATE(UP, "checks pass")
STATE(NOTREADY, "the port accepts, the check fails")
STATE(HUNG, "no answer to checks and no byte from it for hung_after, while another server is UP")
STATE(DOWN, "the port does not accept")
STATE(DRAIN, "operator: no new connections")
STATE(MAINT, "operator: out of service, no checks")
STATE(REMOVED, "no longer in the file")
