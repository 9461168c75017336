/* SPDX-License-Identifier: BSD-2-Clause */
/* What a health check found; the names are HAProxy's.
 * RESULT(name, passed, accepts, mute, "help"): accepts = the port took the TCP connection, so
 * that a failure shows NOTREADY, not DOWN; mute = and then nothing came, which goes on to HUNG. */
RESULT(UNK, 0, 0, 0, "unknown")
RESULT(INI, 0, 1, 0, "no result yet")
RESULT(NONE, 1, 1, 0, "no health check")
RESULT(SOCKERR, 0, 0, 0, "socket error on our side")
RESULT(L4OK, 1, 1, 0, "connected")
RESULT(L4TOUT, 0, 0, 0, "connect timed out")
RESULT(L4CON, 0, 0, 0, "connect failed")
RESULT(L6OK, 1, 1, 0, "TLS handshake passed")
RESULT(L6TOUT, 0, 1, 1, "TLS handshake timed out")
RESULT(L6RSP, 0, 1, 0, "TLS handshake failed")
RESULT(L7OK, 1, 1, 0, "expected status")
RESULT(L7OKC, 1, 1, 0, "alive, readiness unknown")
RESULT(L7TOUT, 0, 1, 1, "no answer in time")
RESULT(L7RSP, 0, 1, 0, "answer is not HTTP")
RESULT(L7STS, 0, 1, 0, "unexpected status")
