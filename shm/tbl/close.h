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
CLOSE(queue_timeout, "sQ", 1, "It waited for a place for timeout.queue")
CLOSE(queue_abort, "CQ", 0, "The client left while it waited for a place")
CLOSE(limit, "PQ", 1, "There was no free place, and max_queue clients wait already")
CLOSE(denied, "PR", 0, "The client's address is not let in (allow, deny)")
CLOSE(source_limit, "PR", 0, "Its address has per_source.max_connections, or comes too often")
CLOSE(hello_timeout, "cR", 0, "No whole TLS ClientHello within timeout.hello (client_hello = require)")
CLOSE(hello_refused, "PR", 0, "What it sent is no TLS ClientHello, or one with a name that is not let in")
CLOSE(proxy_header, "PR", 0, "The PROXY header is missing or wrong (proxy_protocol.accept)")
CLOSE(resource, "RC", 1, "Out of file descriptors, ports or memory")
CLOSE(idle, "cD", 0, "Silent on both sides for timeout.idle")
CLOSE(half_closed, "sD", 0, "One direction ended, the other silent for timeout.half_closed")
CLOSE(server_down, "DD", 0, "Health checks found the server down (on_down = reset)")
CLOSE(server_hung, "DD", 0, "Health checks found the server hung (on_down = reset)")
CLOSE(server_removed, "KD", 0, "The server left the file, drain_timeout ago")
CLOSE(maint, "KD", 0, "The operator took the server out of service (MAINT)")
CLOSE(operator, "KD", 0, "The operator closed it (kha session close), or the connections of its server")
CLOSE(vip_lost, "KD", 0, "The client's VIP left this node")
CLOSE(drain_timeout, "KD", 0, "The worker's generation reached its drain_timeout")
CLOSE(shutdown, "KD", 0, "the daemon was stopped")
CLOSE(worker_died, "ID", 1, "The worker process that carried it died")
CLOSE(internal, "ID", 1, "An error inside kha")
