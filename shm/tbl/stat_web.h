/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of the web process. Columns as in stat_worker.h. */
STAT(requests, COUNTER, NONE, "web_requests", "Requests answered by the status page's process")
STAT(unauthorized, COUNTER, NONE, "web_requests_unauthorized", "Requests with a wrong password, or none where one is asked for")
STAT(cut, COUNTER, NONE, "web_connections_cut", "Connections closed because the client was too slow, or because too many were open")
STAT(active, GAUGE, NONE, "web_current_connections", "Connections to the status page's process open now")
STAT(log_dropped, COUNTER, NONE, "", "Log lines of this process lost")
