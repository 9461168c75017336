/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `per_source` of a service; columns as in global.h. */
OPT(INT, max_connections, 0, 1000000, "0", NOW, WORKERS, "Connections of one source address; 0: no limit")
OPT(INT, connect_rate, 0, 1000000, "0", NOW, WORKERS, "New connections a second of one source address; 0: no limit")
