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

unsigned
fmt_width(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += begins_character(*text);
	return n;
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

const char *
fmt_number(uint64_t n, char buf[FMT_HUMAN])
{
	static const char units[] = "KMGTPE";
	int unit = -1;

	if (n < 1000000) {
		snprintf(buf, FMT_HUMAN, "%" PRIu64, n);
		return buf;
	}
	for (; n >= 1000000; n /= 1000)
		unit++;
	snprintf(
	    buf, FMT_HUMAN, "%" PRIu64 ".%" PRIu64 "%c", n / 1000, n % 1000 / 100, units[unit + 1]);
	return buf;
}

double
fmt_per_second(const struct dump *now, const struct dump *before, uint64_t n, uint64_t then)
{
	double s = before != NULL ? (double)(now->now.us - before->now.us) / 1e6 : 0;

	/* A counter that is less belongs to something else by now. */
	return s > 0 && n >= then ? (double)(n - then) / s : -1;
}

const char *
fmt_rate(double per_s, bool bytes, char buf[FMT_HUMAN])
{
	if (bytes)
		return fmt_bytes((uint64_t)per_s, buf);
	if (per_s >= 10)
		return fmt_number((uint64_t)(per_s + 0.5), buf);
	snprintf(buf, FMT_HUMAN, "%.1f", per_s);
	return buf;
}

enum tone
fmt_state_tone(enum server_state state)
{
	switch (state) {
	case STATE_UP:
		return TONE_GOOD;
	case STATE_NOTREADY:
	case STATE_HUNG:
		return TONE_WARN;
	case STATE_DOWN:
		return TONE_BAD;
	default:
		return TONE_DIM;
	}
}

enum tone
fmt_serving_tone(enum candidates serving)
{
	static const enum tone tones[] = {
	    [CANDIDATES_NONE] = TONE_BAD,
	    [CANDIDATES_UP] = TONE_GOOD,
	    [CANDIDATES_BACKUP] = TONE_WARN,
	    [CANDIDATES_FAIL_OPEN] = TONE_BAD,
	};

	return tones[serving];
}

enum tone
fmt_vip_tone(const struct shm_vip *v)
{
	const char *state = dump_vip_state_name(v->state);

	if (strcmp(state, "FAULT") == 0)
		return TONE_BAD;
	if (v->degraded[0] != '\0')
		return TONE_WARN;
	if (strcmp(state, "MASTER") == 0)
		return TONE_GOOD;
	return strcmp(state, "BACKUP") == 0 ? TONE_PLAIN : TONE_WARN;
}

const char *
fmt_proc(const struct dump_proc *p, char buf[FMT_HUMAN])
{
	if (p->kind == PROC_WORKER)
		snprintf(buf, FMT_HUMAN, "worker/%" PRIu32, p->slot);
	else
		snprintf(buf, FMT_HUMAN, "%s", proc_kind_name((enum proc_kind)p->kind));
	return buf;
}

uint64_t
fmt_errors(const struct stat_server *s)
{
	return STAT_GET(s, connect_failed) + STAT_GET(s, resets) + STAT_GET(s, lost);
}

uint64_t
fmt_rejected(const struct stat_vip *s)
{
	uint64_t sum = 0;

#define VERDICT(name, counter, heard, help) sum += STAT_GET(s, counter);
#include "shm/tbl/vip_verdict.h"
#undef VERDICT
	/* These three are no refusals, and packets of another virtual router are none of ours. */
	return sum - STAT_GET(s, adverts_received) - STAT_GET(s, other_addresses) -
	       STAT_GET(s, rivals) - STAT_GET(s, foreign_vrid);
}

void
fmt_sentence(FILE *out, const char *text, unsigned width, unsigned indent)
{
	unsigned at = indent, n, len;
	char word[GRID_CELL];

	fprintf(out, "%*s", (int)indent, "");
	for (bool first = true; *text != '\0'; first = false) {
		len = (unsigned)strcspn(text, " ");
		snprintf(word, sizeof word, "%.*s", (int)len, text);
		n = len < sizeof word ? fmt_width(word) : len;
		if (!first && width > 0 && at + 1 + n > width) {
			fprintf(out, "\n%*s", (int)indent + 2, "");
			at = indent + 2;
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)len, text);
		at += n;
		text += len + (text[len] == ' ');
	}
	fputc('\n', out);
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
