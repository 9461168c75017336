/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of one service, kept by each worker. Columns as in stat_worker.h, and
 * "HAProxy CSV column of the FRONTEND and BACKEND lines" before the help. */
STAT(accepted, COUNTER, NONE, "service_sessions", "stot", "Client connections accepted")
STAT(active, GAUGE, NONE, "service_current_sessions", "scur", "Connections open now")
STAT(queued, GAUGE, NONE, "service_current_queue", "qcur", "Clients that wait for a place")
STAT(bytes_in, COUNTER, BYTES, "service_bytes_in", "bin", "Bytes from clients")
STAT(bytes_out, COUNTER, BYTES, "service_bytes_out", "bout", "Bytes to clients")
STAT(connect_failed, COUNTER, NONE, "service_connection_errors", "econ",
    "Connects to servers that failed")
STAT(retries, COUNTER, NONE, "service_redispatch_warnings", "wredis",
    "Connects tried again on another server")
STAT(no_server, COUNTER, NONE, "service_refused_no_server", "", "Clients refused: no usable server")
STAT(limited, COUNTER, NONE, "service_refused_limit", "dcon", "Clients refused: max_queue clients wait already")
STAT(fail_open, COUNTER, NONE, "service_fail_open_sessions", "",
    "Connections given to servers that were not UP because none was")
