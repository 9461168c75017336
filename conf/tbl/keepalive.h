/* SPDX-License-Identifier: BSD-2-Clause */
/* Group `keepalive` of a service; columns as in global.h. */
GROUP(keepalive_client, client, "Towards clients")
GROUP(keepalive_server, server, "Towards servers")
