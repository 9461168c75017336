/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of group `status`; columns as in global.h. */
OPT(LISTENS, listen, 0, 16, "[ \"127.0.0.1:9000\" ]", NOW, WORKERS, "Addresses of the status page and /metrics; none: []")
OPT(STRING, path, 1, 255, "\"/stats\"", NOW, LIVE, "Path of the page")
OPT(MSEC, refresh, 0, 3600000, "\"5s\"", NOW, LIVE, "The page reloads itself so often; 0s: never")
OPT(STRING, realm, 1, 63, "\"kha\"", NOW, LIVE, "Realm of Basic authentication")
OPT(STRING, user, 0, 63, "\"\"", NOW, LIVE, "User; empty: no authentication")
OPT(SECRET, password, 0, 255, "\"\"", NOW, LIVE, "Password")
OPT(PATH, password_file, 0, 4095, "\"\"", NOW, LIVE, "File with the password")
GROUP(tls, tls, "HTTPS")
GROUP(monitor, monitor, "Monitor URL for outer load balancers")
