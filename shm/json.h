/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of JSON objects; only for shm/json.c and shm/json_session.c. Keys of counters are the names of
 * their rows in shm/tbl; times are milliseconds (_ms) and, where a date is meant, milliseconds since 1970
 * (_at_ms). */
#ifndef KHA_SHM_JSON_H
#define KHA_SHM_JSON_H

#include <jansson.h>

#include "shm/fmt.h"

/* Memory that ran out anywhere: the whole text is void then. */
struct json {
	const struct dump *d;
	bool failed;
};

/* Takes the reference to `value`. */
static inline void
put(struct json *j, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		j->failed = true;
}

static inline void
put_text(struct json *j, json_t *object, const char *key, const char *text)
{
	put(j, object, key, json_string(text));
}

static inline void
put_number(struct json *j, json_t *object, const char *key, int64_t n)
{
	put(j, object, key, json_integer(n));
}

static inline void
put_bool(struct json *j, json_t *object, const char *key, bool b)
{
	put(j, object, key, json_boolean(b));
}

static inline void
append(struct json *j, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		j->failed = true;
}

/* Age of a moment, null when it never was. */
static inline void
put_age(struct json *j, json_t *object, const char *key, int64_t then_us)
{
	put(j, object, key, then_us != 0 ? json_integer(fmt_age_ms(j->d, then_us)) : json_null());
}

/* A date in milliseconds since 1970, null when there is none. */
static inline void
put_date(struct json *j, json_t *object, const char *key, int64_t at_ms)
{
	put(j, object, key, at_ms != 0 ? json_integer(at_ms) : json_null());
}

#endif
