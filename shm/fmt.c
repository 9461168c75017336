/* SPDX-License-Identifier: BSD-2-Clause */
#include "shm/fmt.h"

#include <inttypes.h>
#include <string.h>

/* Length of the UTF-8 character at s, 0 when it is none (RFC 3629 section 4, table of
 * well-formed sequences). s ends with a 0. */
static unsigned
utf8_len(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	unsigned n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0; /* else overlong */
	else if (s[0] == 0xed)
		high = 0x9f; /* else a surrogate */
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f; /* else beyond U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (unsigned i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

void
fmt_clean(char *text, size_t size)
{
	unsigned char *s = (unsigned char *)text;
	unsigned n;

	text[size - 1] = '\0';
	for (; *s != '\0'; s += n) {
		n = utf8_len(s);
		/* C0, DEL and C1 (U+0080..U+009F): a terminal would act on them. */
		if (n == 0 || *s < 0x20 || *s == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0)) {
			n = n == 2 ? 2 : 1;
			for (unsigned i = 0; i < n; i++)
				s[i] = '?';
		}
	}
}

static bool
begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t
fmt_width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += begins_character(*text);
	return n;
}

void
fmt_cut(char *text, size_t width)
{
	size_t n = fmt_width(text), keep = width > 0 ? width - 1 : 0, at = 0;
	char *from = text, *rest = text;

	if (n <= width || width == 0)
		return;
	/* `from`: behind the first half; `rest`: the last half begins. */
	for (char *p = text; *p != '\0'; p++) {
		if (!begins_character(*p))
			continue;
		if (at == keep - keep / 2)
			from = p;
		if (at == n - keep / 2)
			rest = p;
		at++;
	}
	if (keep / 2 == 0)
		rest = text + strlen(text);
	*from = '~';
	memmove(from + 1, rest, strlen(rest) + 1);
}

const char *
fmt_span(int64_t ms, char buf[FMT_HUMAN])
{
	int64_t s;

	if (ms < 0)
		ms = 0;
	s = ms / 1000;
	if (ms < 1000)
		snprintf(buf, FMT_HUMAN, "%" PRId64 "ms", ms);
	else if (s < 60)
		snprintf(buf, FMT_HUMAN, "%" PRId64 ".%" PRId64 "s", s, ms % 1000 / 100);
	else if (s < 3600)
		snprintf(buf, FMT_HUMAN, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, FMT_HUMAN, "%" PRId64 "h%02" PRId64 "m", s / 3600, s % 3600 / 60);
	else
		snprintf(buf, FMT_HUMAN, "%" PRId64 "d%02" PRId64 "h", s / 86400, s % 86400 / 3600);
	return buf;
}

const char *
fmt_bytes(uint64_t n, char buf[FMT_HUMAN])
{
	static const char units[] = "KMGTPE";
	unsigned unit = 0;
	uint64_t tenths;

	if (n < 1024) {
		snprintf(buf, FMT_HUMAN, "%" PRIu64, n);
		return buf;
	}
	while (n >= UINT64_C(1024) * 1024) {
		n >>= 10;
		unit++;
	}
	tenths = n % 1024 * 10 / 1024;
	snprintf(buf, FMT_HUMAN, "%" PRIu64 ".%" PRIu64 "%c", n / 1024, tenths, units[unit]);
	return buf;
}

int64_t
fmt_age_ms(const struct dump *d, int64_t then_us)
{
	int64_t age = mono_diff_ms((struct mono){then_us}, d->now);

	return age > 0 ? age : 0;
}

unsigned
fmt_slow_percent(const struct dump *d, unsigned server)
{
	const struct shm_server *s = &d->table.server[server];

	if (d->shown[server] != STATE_UP)
		return 100;
	return health_slow_percent(
	    d->health[server].slow_us, d->table.service[s->service].slow_start_ms, d->now);
}

int64_t
fmt_since_us(const struct dump *d, unsigned server)
{
	const struct shm_server *s = &d->table.server[server];

	switch (d->shown[server]) {
	case STATE_REMOVED:
		return s->removed_us;
	case STATE_MAINT:
		return s->set_admin.since_us;
	case STATE_DRAIN:
		return s->admin == ADMIN_DRAIN ? s->set_admin.since_us : s->set_weight.since_us;
	default:
		return d->health[server].since_us;
	}
}

const char *
fmt_left(const struct dump *d, const struct shm_setting *s, char buf[FMT_HUMAN])
{
	if (s->until_us == 0)
		return NULL;
	return fmt_span(mono_diff_ms(d->now, (struct mono){s->until_us}), buf);
}

const char *
fmt_progress(const struct shm_health *h, char buf[FMT_HUMAN])
{
	if (h->rise == 0 || h->result == RESULT_NONE)
		snprintf(buf, FMT_HUMAN, "-");
	else if (h->health >= h->rise)
		snprintf(buf, FMT_HUMAN, "%d/%u", h->health - h->rise + 1, h->fall);
	else
		snprintf(buf, FMT_HUMAN, "%d/%u", h->health, h->rise);
	return buf;
}

bool
fmt_code_is_http(const struct shm_health *h)
{
	return h->code != 0 && (h->result == RESULT_L7OK || h->result == RESULT_L7OKC ||
				   h->result == RESULT_L7STS || h->result == RESULT_L7RSP);
}

const char *
fmt_check(const struct shm_health *h, char buf[FMT_CHECK])
{
	int n;

	if (h->result == RESULT_NONE || (h->result == RESULT_INI && h->checked_us == 0)) {
		snprintf(buf, FMT_CHECK, "%s",
		    h->result == RESULT_NONE ? "no check" : "not checked yet");
		return buf;
	}
	n = snprintf(buf, FMT_CHECK, "%s", check_result_name((enum check_result)h->result));
	if (fmt_code_is_http(h))
		n += snprintf(buf + n, FMT_CHECK - (size_t)n, "/%u", h->code);
	if (h->check_ms >= 0)
		snprintf(buf + n, FMT_CHECK - (size_t)n, " in %dms", h->check_ms);
	return buf;
}

const char *
fmt_check_text(const struct shm_health *h, char buf[FMT_CHECK_TEXT])
{
	char check[FMT_CHECK];

	/* Why there was no check says it all. */
	if (h->result == RESULT_INI && h->checked_us == 0 && h->text[0] != '\0')
		snprintf(buf, FMT_CHECK_TEXT, "%s", h->text);
	else if (h->result == RESULT_NONE || h->text[0] == '\0')
		snprintf(buf, FMT_CHECK_TEXT, "%s", fmt_check(h, check));
	else
		snprintf(buf, FMT_CHECK_TEXT, "%s: %s", fmt_check(h, check), h->text);
	return buf;
}

const char *
fmt_doing(const struct dump_proc *p)
{
	if (p->pid == 0)
		return "not running";
	if (p->want == WANT_DRAIN)
		return "draining";
	if (p->want == WANT_STOP)
		return "stopping";
	return p->ready != 0 ? "ready" : "starting";
}

struct fmt_procs
fmt_count(const struct dump *d, enum proc_kind kind)
{
	struct fmt_procs c = {0};

	for (unsigned i = 0; i < d->n_procs; i++) {
		const struct dump_proc *p = &d->proc[i];

		if (p->kind != kind || p->pid == 0)
			continue;
		c.n++;
		if (p->want != WANT_RUN) {
			c.draining++;
			c.draining_active += p->active;
		} else if (p->ready != 0) {
			c.ready++;
		}
	}
	return c;
}
