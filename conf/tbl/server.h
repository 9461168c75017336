/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a server and of server_defaults; columns as in global.h. `name` and `address` are
 * beside them, only in a server. */
OPT(INT, weight, 0, 256, "100", NOW, LIVE, "Share of the connections; 0: no new ones")
OPT(INT, max_connections, 0, 32768, "0", NOW, LIVE, "Connections at a time, over all workers; 0: no limit")
OPT(INT, max_queue, 0, 1000000, "0", NOW, LIVE, "Clients that wait for this server alone (balance = \"hash\"), others go elsewhere; 0: no limit")
OPT(BOOL, backup, 0, 0, "false", NOW, LIVE, "Used only when no other server is UP")
OPT(BOOL, enabled, 0, 0, "true", NOW, LIVE, "false: starts in MAINT")
OPT(INT, connect_rate, 0, 1000000, "0", NOW, LIVE, "New connections a second; 0: no limit")
