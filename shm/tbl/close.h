/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a proxied connection ended. Each connection ends with exactly one row, so that
 *	accepted == sum of all close_* + active
 * holds at every moment over all workers, living and dead.
 *
 * CLOSE(name, "letters", is_error, "help"): letters are HAProxy's two termination letters
 * of the tcplog line (who ended it, in which phase).
 */
CLOSE(done, "--", 0, "Both sides ended their direction in good order")
CLOSE(client_abort, "CC", 0, "The client left before a server was connected")
CLOSE(client_reset, "CD", 0, "The client sent a RST")
CLOSE(client_lost, "CD", 1, "The client no longer answers: keepalive or user timeout")
CLOSE(server_reset, "SD", 1, "The server sent a RST")
CLOSE(server_lost, "SD", 1, "The server no longer answers: keepalive or user timeout")
CLOSE(connect_failed, "SC", 1, "No server could be connected")
CLOSE(connect_timeout, "sC", 1, "The last server tried did not accept in timeout.connect")
CLOSE(no_server, "SC", 1, "No server of the service is usable")
CLOSE(limit, "PC", 1, "the service, or each of its servers, has max_connections")
CLOSE(resource, "RC", 1, "Out of file descriptors, ports or memory")
CLOSE(idle, "cD", 0, "Silent on both sides for timeout.idle")
CLOSE(half_closed, "sD", 0, "One direction ended, the other silent for timeout.half_closed")
CLOSE(server_down, "DD", 0, "Health checks found the server down (on_down = reset)")
CLOSE(server_hung, "DD", 0, "Health checks found the server hung (on_down = reset)")
CLOSE(server_removed, "KD", 0, "The server left the file, drain_timeout ago")
CLOSE(maint, "KD", 0, "The operator took the server out of service (MAINT)")
CLOSE(operator, "KD", 0, "The operator closed the connections of the server")
CLOSE(drain_timeout, "KD", 0, "The worker's generation reached its drain_timeout")
CLOSE(shutdown, "KD", 0, "the daemon was stopped")
CLOSE(worker_died, "ID", 1, "The worker process that carried it died")
CLOSE(internal, "ID", 1, "An error inside kha")
