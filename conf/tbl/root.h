/* SPDX-License-Identifier: BSD-2-Clause */
/* Options outside of all groups; columns as in global.h. Groups and lists are beside them. */
OPT(STRING, endpoint, 0, 259, "\"\"", LATER, LIVE,
    "HOST:PORT by which clients know the cluster (controlPlaneEndpoint), for diagnosis")
