/* SPDX-License-Identifier: BSD-2-Clause */
/* HAProxy's columns with kha's facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/table.h"
#include "t/unit/shm_fixture.h"

/* The first line that HAProxy 2.6.12 answers to "show stat", up to its mark "-". */
static const char haproxy_header[] =
    "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,"
    "eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,"
    "qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,"
    "check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,"
    "hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,"
    "comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,"
    "rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,"
    "check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,"
    "cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,"
    "connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,"
    "rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,"
    "need_conn_est,uweight,agg_server_status,agg_server_check_status,"
    "agg_check_status,";

/* Field `name` of the line of pxname and svname, unquoted, into value; fails when
 * absent. */
static void
field(const char *csv, const char *px, const char *sv, const char *name, char value[128])
{
	const char *line, *p = csv + 2;
	unsigned column = 0, at = 0;
	char start[80];
	size_t n = 0;

	for (; strncmp(p, name, strlen(name)) != 0 || p[strlen(name)] != ','; column++) {
		p = strchr(p, ',');
		if (p == NULL || p++ > strchr(csv, '\n'))
			fail_msg("no column %s", name);
	}
	snprintf(start, sizeof start, "\n%s,%s,", px, sv);
	line = strstr(csv, start);
	if (line == NULL)
		fail_msg("no line %s", start + 1);
	for (p = line + 1; at < column; p++) {
		if (*p == '"')
			while (*++p != '"' || *++p == '"')
				;
		at += *p == ',';
		assert_true(*p != '\n');
	}
	for (bool quoted = *p == '"' && p++; quoted ? *p != '"' || *++p == '"' : *p != ',';)
		value[n++] = *p++;
	value[n] = '\0';
}

#define ASSERT_FIELD(px, sv, name, expect)                                                         \
	do {                                                                                       \
		char value_[128];                                                                  \
		field(csv, px, sv, name, value_);                                                  \
		assert_string_equal(value_, expect);                                               \
	} while (0)

static void
header__is_haproxys(void **state)
{
	struct fixture f;
	struct dump *d;
	char *csv;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	csv = fixture_text(d, NULL, DUMP_CSV);
	assert_memory_equal(csv, haproxy_header, strlen(haproxy_header));
	assert_memory_equal(csv + strlen(haproxy_header), "-,\n", 3);
	free(csv);
	free(d);
	fixture_close(&f);
}

/* Commas outside of quotes. */
static unsigned
fields_in(const char *line)
{
	bool quoted = false;
	unsigned n = 0;

	for (; *line != '\n'; line++) {
		assert_true(*line != '\0');
		quoted = quoted != (*line == '"');
		n += *line == ',' && !quoted;
	}
	assert_false(quoted);
	return n;
}

static void
lines__are_frontend_servers_backend_with_as_many_fields_as_the_header(void **state)
{
	static const char *const starts[] = {"# pxname,svname,", "api,FRONTEND,", "api,cp-1,",
	    "api,cp-2,", "api,cp-3,", "api,spare,", "api,BACKEND,", "web,FRONTEND,",
	    "web,\"a\"\"b,c\\d\",", "web,BACKEND,"};
	const char *line;
	struct fixture f;
	struct dump *d;
	char *csv;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	line = csv = fixture_text(d, NULL, DUMP_CSV);
	for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++) {
		assert_memory_equal(line, starts[i], strlen(starts[i]));
		assert_int_equal(fields_in(line), fields_in(csv));
		line = strchr(line, '\n') + 1;
	}
	assert_int_equal(*line, '\0');
	free(csv);
	free(d);
	fixture_close(&f);
}

static void
fields__hold_what_haproxy_users_expect(void **state)
{
	static const struct {
		const char *px, *sv, *name, *value;
	} rows[] = {
	    {"api", "FRONTEND", "status", "OPEN"},
	    {"api", "FRONTEND", "scur", "12"},
	    {"api", "FRONTEND", "slim", "20000"},
	    {"api", "FRONTEND", "stot", "100"},
	    {"api", "FRONTEND", "bin", "5000"},
	    {"api", "FRONTEND", "bout", "3145728"},
	    {"api", "FRONTEND", "type", "0"},
	    {"api", "FRONTEND", "iid", "1"},
	    {"api", "FRONTEND", "mode", "tcp"},
	    {"api", "FRONTEND", "conn_tot", "100"},
	    {"api", "FRONTEND", "econ", ""},
	    {"api", "cp-1", "slim", "250"},
	    {"api", "cp-1", "stot", "40"},
	    {"api", "cp-1", "check_status", "L7OKC"},
	    {"api", "cp-1", "check_code", "401"},
	    {"api", "cp-1", "check_duration", "7"},
	    {"api", "cp-1", "sid", "4"},
	    {"api", "cp-2", "lbtot", "60"},
	    {"api", "cp-2", "econ", "1"},
	    {"api", "cp-2", "status", "UP"},
	    {"api", "cp-2", "lastchg", "125"},
	    {"api", "cp-2", "downtime", "0"},
	    {"api", "cp-2", "last_chk", "GET /readyz: 200 OK"},
	    {"api", "cp-2", "check_desc", "expected status"},
	    {"api", "cp-2", "check_rise", "2"},
	    {"api", "cp-2", "check_fall", "3"},
	    {"api", "cp-2", "check_health", "4"},
	    {"api", "cp-2", "addr", "10.0.0.12:6443"},
	    {"api", "cp-2", "act", "1"},
	    {"api", "cp-2", "bck", "0"},
	    {"api", "cp-2", "type", "2"},
	    {"api", "cp-2", "smax", ""},
	    {"api", "cp-3", "status", "DOWN"},
	    {"api", "cp-3", "chkfail", "5"},
	    {"api", "cp-3", "chkdown", "2"},
	    {"api", "cp-3", "downtime", "185"}, /* 60 s before, 125 s now */
	    {"api", "cp-3", "check_code", ""},	/* an errno is none of HAProxy's codes */
	    {"api", "cp-3", "last_chk", "connection refused, \"twice\""},
	    {"api", "cp-3", "addr", "[fd00::13]:6443"},
	    {"api", "spare", "bck", "1"},
	    {"api", "spare", "weight", "50"},
	    {"api", "BACKEND", "status", "UP"},
	    {"api", "BACKEND", "weight", "200"},
	    {"api", "BACKEND", "act", "2"},
	    {"api", "BACKEND", "bck", "1"},
	    {"api", "BACKEND", "lbtot", "60"},
	    {"api", "BACKEND", "algo", "leastconn"},
	    {"api", "BACKEND", "type", "1"},
	    {"web", "FRONTEND", "slim", "500"},
	    {"web", "\"a\"\"b,c\\d\"", "status", "NOTREADY"},
	    {"web", "\"a\"\"b,c\\d\"", "last_chk", "GET /: 503?[2J?"},
	    {"web", "BACKEND", "algo", "roundrobin"},
	};
	struct fixture f;
	struct dump *d;
	char *csv, got[128];

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	csv = fixture_text(d, NULL, DUMP_CSV);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		field(csv, rows[i].px, rows[i].sv, rows[i].name, got);
		if (strcmp(got, rows[i].value) != 0)
			fail_msg("%s of %s/%s: \"%s\", expected \"%s\"", rows[i].name, rows[i].px,
			    rows[i].sv, got, rows[i].value);
	}
	free(csv);
	free(d);
	fixture_close(&f);
}

static void
status__of_a_service_without_servers_or_daemon__is_stop(void **state)
{
	struct fixture f;
	struct dump *d;
	char *csv;

	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	d = fixture_dump(&f);
	d->services[0].serving = CANDIDATES_NONE;
	csv = fixture_text(d, NULL, DUMP_CSV);
	ASSERT_FIELD("api", "FRONTEND", "status", "STOP");
	ASSERT_FIELD("api", "BACKEND", "status", "DOWN");
	ASSERT_FIELD("web", "FRONTEND", "status", "OPEN");
	free(csv);
	d->daemon = DAEMON_GONE;
	csv = fixture_text(d, NULL, DUMP_CSV);
	ASSERT_FIELD("web", "FRONTEND", "status", "STOP");
	free(csv);
	free(d);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(header__is_haproxys),
	    cmocka_unit_test(lines__are_frontend_servers_backend_with_as_many_fields_as_the_header),
	    cmocka_unit_test(fields__hold_what_haproxy_users_expect),
	    cmocka_unit_test(status__of_a_service_without_servers_or_daemon__is_stop),
	};

	return cmocka_run_group_tests_name("shm/fmt_csv", tests, NULL, NULL);
}
