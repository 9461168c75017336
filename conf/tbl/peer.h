/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `peer`; columns as in global.h. */
OPT(NONE_INT, port, 1, 65535, "6440", LATER, RESTART, "TCP port of the link between nodes; \"none\": no link")
OPT(PATH, secret_file, 0, 4095, "\"\"", LATER, RESTART, "File with the secret that both nodes know")
