/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a member of `services`; columns as in global.h. `name`, `servers` and
 * `server_defaults` are beside them. */
OPT(LISTENS, listen, 1, 16, "()", NOW, WORKERS, "Addresses that accept clients: IP:port, [IPv6]:port, *:port, or VIP:port for all addresses of that VIP")
WORDS(preset, "kube-apiserver|k3s|openshift-mcs|tcp", "\"kube-apiserver\"", NOW, LIVE,
    "Defaults for what stands behind: kube-apiserver and k3s https /readyz, openshift-mcs https /healthz, tcp a tcp check and no rebalance")
WORDS(balance, "leastconn|roundrobin|random|hash|first", "\"leastconn\"", NOW, LIVE, "How a server is chosen")
OPT(INT, max_connections, 0, 32768, "0", NOW, LIVE, "Connections of the service at a time, over all workers; 0: no limit")
OPT(INT, max_queue, 0, 1000000, "0", NOW, LIVE, "Clients that wait for a free place; 0: no limit")
OPT(MSEC, slow_start, 0, 3600000, "\"60s\"", NOW, LIVE, "Ramp of weight and max_connections after DOWN; 0s: none")
GROUP(check, check, "Health check of the servers")
WORDS(on_down, "keep|reset", "\"reset\"", NOW, LIVE, "What happens to connections of a server found DOWN")
OPT(INT, reset_rate, 1, 1000000, "2000", NOW, LIVE, "Connections reset a second, over all workers")
OPT(MSEC, hung_after, 1000, 3600000, "\"30s\"", NOW, LIVE, "Time without answer and without a byte until a server is HUNG")
GROUP(timeout, timeout, "Timeouts")
GROUP(keepalive, keepalive, "TCP keepalive and user timeout")
OPT(ADDRS, source, 0, 64, "[]", NOW, WORKERS, "Local addresses to connect from; each adds about 28000 ports per server")
GROUP(client_hello, client_hello, "TLS ClientHello")
OPT(CIDRS, allow, 0, 10000, "[]", NOW, WORKERS, "Clients that are let in; empty: all")
OPT(CIDRS, deny, 0, 10000, "[]", NOW, WORKERS, "Clients that are refused; the longest prefix decides, deny wins a tie")
GROUP(per_source, per_source, "Limits of one client address")
GROUP(proxy_protocol, proxy_protocol, "PROXY protocol")
GROUP(rebalance, rebalance, "Rebalancing of long-lived connections")
WORDS(log_connections, "none|close|both", "\"close\"", NOW, LIVE, "Connection log lines: at the end, or at the start too")
