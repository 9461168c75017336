/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `tls` of status; columns as in global.h. */
OPT(PATH, cert, 0, 4095, "\"\"", NOW, LIVE, "Certificate chain (PEM); empty: plain HTTP")
OPT(PATH, key, 0, 4095, "\"\"", NOW, LIVE, "Its key")
