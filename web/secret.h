/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of `status`, and the comparison of passwords. */
#ifndef KHA_WEB_SECRET_H
#define KHA_WEB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"

#define SECRET_MAX 256 /* bytes of user or password, with the 0 */

struct secrets {
	bool wanted; /* somebody has to log in */
	char user[SECRET_MAX], password[SECRET_MAX];
	char *cert, *key; /* PEM; NULL: plain HTTP. malloc'ed */
};

/* What the configuration names, read now. -1: all reasons are in err. */
int secrets_read(struct secrets *s, const struct conf_status *conf, struct err *err);
void secrets_free(struct secrets *s);

/* Does the client know both? The time that it takes does not tell how much of them was right, nor how
 * long they are. */
bool secrets_match(const struct secrets *s, const char *user, size_t user_len, const char *password,
    size_t password_len);

#endif
