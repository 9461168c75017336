/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `timeout` of a service; columns as in global.h. */
OPT(MSEC, connect, 10, 600000, "\"5s\"", NOW, LIVE, "Time to connect to one server")
OPT(MSEC, queue, 10, 600000, "\"5s\"", NOW, LIVE, "Time a client waits for a free place")
OPT(MSEC, hello, 10, 600000, "\"5s\"", NOW, LIVE, "Time for the TLS ClientHello (client_hello)")
OPT(MSEC, idle, 100, 604800000, "\"1h\"", NOW, LIVE, "Silence on both sides until a connection is closed")
OPT(MSEC, half_closed, 100, 604800000, "\"30s\"", NOW, LIVE, "The same once one direction ended")
