/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a program in which io_uring_setup(2) fails, as in a container: a seccomp filter with an errno.
 *	deny EPERM|ENOSYS|ENOMEM PROGRAM [ARGUMENT...]
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
error_of(const char *name)
{
	return strcmp(name, "EPERM") == 0    ? EPERM
	       : strcmp(name, "ENOSYS") == 0 ? ENOSYS
	       : strcmp(name, "ENOMEM") == 0 ? ENOMEM
					     : 0;
}

int
main(int argc, char **argv)
{
	int error = argc > 2 ? error_of(argv[1]) : 0;
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof code / sizeof code[0], code};

	if (error == 0) {
		fprintf(stderr, "deny: see the head of t/tools/deny.c\n");
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
		perror("deny");
		return 1;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 1;
}
