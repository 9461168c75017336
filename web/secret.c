/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024) /* of a certificate chain */

/* malloc'ed, with a 0 behind; NULL: said. */
static char *
read_file(const char *path, const char *option, size_t *len, struct err *err)
{
	FILE *f = fopen(path, "re");
	char *text = f != NULL ? malloc(FILE_MAX + 1) : NULL;

	if (f == NULL || text == NULL) {
		err_addsys(err, "%s: %s", option, path);
		if (f != NULL)
			fclose(f);
		return NULL;
	}
	*len = fread(text, 1, FILE_MAX + 1, f);
	if (ferror(f))
		err_addsys(err, "%s: %s", option, path);
	else if (*len > FILE_MAX)
		err_add(err, "%s: %s is larger than 1 MB: is it the right file?", option, path);
	else if (*len == 0)
		err_add(err, "%s: %s is empty", option, path);
	if (ferror(f) || *len > FILE_MAX || *len == 0) {
		free(text);
		text = NULL;
	} else {
		text[*len] = '\0';
	}
	fclose(f);
	return text;
}

/* The first line. An editor puts a line end behind it, which nobody means. */
static int
read_password(struct secrets *s, const char *path, struct err *err)
{
	static const char option[] = "status.password_file";
	size_t len;
	char *text = read_file(path, option, &len, err);
	int rc = 0;

	if (text == NULL)
		return -1;
	len = strcspn(text, "\r\n");
	if (len == 0 || len >= sizeof s->password) {
		rc = err_add(err, "%s: the first line of %s must have 1 to %zu bytes", option, path,
		    sizeof s->password - 1);
	} else {
		memcpy(s->password, text, len);
		s->password[len] = '\0';
	}
	explicit_bzero(text, FILE_MAX + 1);
	free(text);
	return rc;
}

/* What the library would only find when a client comes. */
static char *
read_pem(const char *path, const char *option, const char *mark, struct err *err)
{
	size_t len;
	char *text = read_file(path, option, &len, err);

	if (text != NULL && strstr(text, mark) == NULL) {
		err_add(err, "%s: %s is not PEM: there is no \"%s\" in it", option, path, mark);
		free(text);
		text = NULL;
	}
	return text;
}

int
secrets_read(struct secrets *s, const struct conf_status *conf, struct err *err)
{
	int rc = 0;

	memset(s, 0, sizeof *s);
	s->wanted = *conf->user != '\0';
	snprintf(s->user, sizeof s->user, "%s", conf->user);
	snprintf(s->password, sizeof s->password, "%s", conf->password);
	if (*conf->password_file != '\0')
		rc = read_password(s, conf->password_file, err);
	if (*conf->tls.cert != '\0') {
		s->cert =
		    read_pem(conf->tls.cert, "status.tls.cert", "-----BEGIN CERTIFICATE", err);
		s->key = read_pem(conf->tls.key, "status.tls.key", "PRIVATE KEY-----", err);
		if (s->cert == NULL || s->key == NULL)
			rc = -1;
	}
	if (rc < 0)
		secrets_free(s);
	return rc;
}

void
secrets_free(struct secrets *s)
{
	free(s->cert);
	if (s->key != NULL)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	explicit_bzero(s, sizeof *s);
}

/* Looks at all of both, whatever it finds. 0: equal. */
static unsigned
differ(const char want[SECRET_MAX], const char *got, size_t len)
{
	char padded[SECRET_MAX] = {0};
	unsigned d = len >= SECRET_MAX;

	for (size_t i = 0; i < SECRET_MAX - 1; i++)
		padded[i] = i < len ? got[i] : '\0';
	for (size_t i = 0; i < SECRET_MAX; i++)
		d |= (unsigned char)want[i] ^ (unsigned char)padded[i];
	return d;
}

bool
secrets_match(const struct secrets *s, const char *user, size_t user_len, const char *password,
    size_t password_len)
{
	char want[2][SECRET_MAX] = {{0}};
	unsigned d;

	memcpy(want[0], s->user, strlen(s->user));
	memcpy(want[1], s->password, strlen(s->password));
	d = differ(want[0], user, user_len) | differ(want[1], password, password_len);
	explicit_bzero(want, sizeof want);
	return d == 0;
}
