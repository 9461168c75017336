/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `proxy_protocol` of a service; columns as in global.h. */
OPT(CIDRS, accept, 0, 64, "[]", NOW, WORKERS, "Sources that must send a PROXY header")
OPT(INT, send, 0, 2, "0", NOW, WORKERS,
    "Version of the header sent to servers, also by checks, unless check.port is set; 0: none. API servers do not understand it")
