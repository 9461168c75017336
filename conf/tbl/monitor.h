/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `monitor` of status; columns as in global.h. */
OPT(LISTENS, listen, 0, 16, "[]", NOW, WORKERS, "Addresses of the monitor URL")
OPT(STRING, path, 1, 255, "\"/monitor\"", NOW, LIVE, "Its path")
