/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `client_hello` of a service; columns as in global.h. */
WORDS(mode, "none|wait|require", "\"none\"", NOW, WORKERS, "Wait for a TLS ClientHello before a server is connected; wait: then pass, require: TLS or close")
OPT(STRINGS, sni, 0, 64, "[]", NOW, WORKERS, "Server names that are let in; empty: all")
