/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `keepalive.server` of a service (TCP keepalive); columns as in global.h. */
OPT(MSEC, idle, 0, 32767000, "\"5s\"", NOW, LIVE, "Silence before the first probe, whole seconds; 0s: no keepalive")
OPT(MSEC, interval, 1000, 32767000, "\"3s\"", NOW, LIVE, "Time between probes, whole seconds")
OPT(INT, count, 1, 127, "3", NOW, LIVE, "Probes without answer until the server is given up")
OPT(MSEC, user_timeout, 0, 3600000, "\"10s\"", NOW, LIVE,
    "Time that sent data may stay unacknowledged or the window closed (TCP_USER_TIMEOUT); 0s: kernel default")
