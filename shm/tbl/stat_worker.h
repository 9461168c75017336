/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of a worker, over all its services. STAT(field, kind, unit, "prometheus name",
 * "help")
 *	kind COUNTER: grows only; GAUGE: goes up and down, 0 when its process is dead;
 *	unit NONE, BYTES or MSEC (printed as seconds in Prometheus).
 * The Prometheus name gets the prefix kha_ and, for counters, the suffix _total; "": not
 * exported by itself (lost log lines of all processes are one metric,
 * kha_log_dropped_total). Order is layout. Close reasons follow as close_<name>, from
 * tbl/close.h.
 */
STAT(accepted, COUNTER, NONE, "worker_connections", "Client connections accepted")
STAT(accept_failed, COUNTER, NONE, "worker_accept_errors", "Client connections that could not be accepted")
STAT(accept_paused, COUNTER, NONE, "worker_accept_pauses",
    "Times accept paused: max_connections or file descriptors used up")
STAT(active, GAUGE, NONE, "worker_current_sessions", "Connections open now")
STAT(unlisted, GAUGE, NONE, "worker_unlisted_sessions",
    "Connections open now that kha session does not list: a worker has 32768 rows")
STAT(bytes_in, COUNTER, BYTES, "worker_bytes_in", "Bytes from clients")
STAT(bytes_out, COUNTER, BYTES, "worker_bytes_out", "Bytes to clients")
STAT(spliced, COUNTER, BYTES, "worker_spliced_bytes", "Bytes moved by splice, both directions")
STAT(handed_over, COUNTER, NONE, "worker_handed_over", "Clients given to a worker with fewer connections")
STAT(taken_over, COUNTER, NONE, "worker_taken_over", "Clients taken from a worker with more connections")
STAT(engine_requests, GAUGE, NONE, "worker_engine_requests", "Requests of the io_uring engine that wait in the kernel")
STAT(log_dropped, COUNTER, NONE, "", "Log lines lost on the way to the logger")
