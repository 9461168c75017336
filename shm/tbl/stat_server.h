/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of one server, kept by each worker. Columns as in stat_service.h. Kind STAMP:
 * CLOCK_MONOTONIC milliseconds of the last time, combined over workers as a maximum. */
STAT(picked, COUNTER, NONE, "server_picks", "lbtot", "Times balancing chose this server")
STAT(connected, COUNTER, NONE, "server_sessions", "stot", "Connections established")
STAT(active, GAUGE, NONE, "server_current_sessions", "scur",
    "Connections open now, those being connected included")
STAT(queued, GAUGE, NONE, "server_current_queue", "qcur", "Clients that wait for this server alone")
STAT(bytes_in, COUNTER, BYTES, "server_bytes_in", "bin", "Bytes from clients to this server")
STAT(bytes_out, COUNTER, BYTES, "server_bytes_out", "bout", "Bytes from this server to clients")
STAT(connect_failed, COUNTER, NONE, "server_connection_errors", "econ", "Connects that failed")
STAT(retried, COUNTER, NONE, "server_redispatch_warnings", "wredis",
    "Failed connects that another server took over")
STAT(resets, COUNTER, NONE, "server_response_aborts", "srv_abrt", "Connections the server reset or lost")
STAT(lost, COUNTER, NONE, "server_sessions_lost", "",
    "Connections that the server no longer answered: keepalive or user timeout")
STAT(closed_down, COUNTER, NONE, "server_sessions_reset_on_down", "",
    "Connections reset because the server was found down or hung")
STAT(connect_ms, COUNTER, MSEC, "server_connect_time_seconds", "", "Time spent in successful connects")
STAT(last_byte, STAMP, MSEC, "", "", "Last byte that came from this server")
