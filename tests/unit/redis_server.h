/* redis_server.h: a real Redis for tests, on a private unix socket.
 *
 * REDIS_SOCKET names one that is there already (tests/redis/run.sh starts it); without it the test
 * starts its own in a new directory and stops it by its process id. */
#ifndef TESTS_UNIT_REDIS_SERVER_H
#define TESTS_UNIT_REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct redis_server {
	char dir[64];
	char socket[96];
	pid_t pid; /* 0: not ours */
	redisContext *control;
};

static struct redis_server server;

static inline void pause_ms(long ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/* Runs a command on a connection of the test's own. The reply is freed by the next call. */
static inline redisReply *redis_run(const char *format, ...)
{
	static redisReply *reply;
	va_list list;

	if (reply != NULL)
		freeReplyObject(reply);
	va_start(list, format);
	reply = redisvCommand(server.control, format, list);
	va_end(list);
	if (reply == NULL) {
		fprintf(stderr, "redis: %s\n", server.control->errstr);
		abort();
	}
	return reply;
}

static inline void server_spawn(void)
{
	server.pid = fork();
	if (server.pid == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL)
			_exit(126);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server.socket,
		       "--dir", server.dir, "--save", "", "--appendonly", "no", (char *)NULL);
		_exit(127);
	}
}

static inline int server_start(void **state)
{
	const char *given = getenv("REDIS_SOCKET");

	(void)state;
	if (given != NULL) {
		snprintf(server.socket, sizeof(server.socket), "%s", given);
	} else {
		snprintf(server.dir, sizeof(server.dir), "/tmp/minecanary-redis.XXXXXX");
		if (mkdtemp(server.dir) == NULL)
			return -1;
		snprintf(server.socket, sizeof(server.socket), "%s/socket", server.dir);
		server_spawn();
		if (server.pid < 0)
			return -1;
	}
	for (int i = 0; i < 200; i++) {
		server.control = redisConnectUnix(server.socket);
		if (server.control != NULL && server.control->err == 0)
			return 0;
		if (server.control != NULL)
			redisFree(server.control);
		server.control = NULL;
		if (server.pid > 0 && waitpid(server.pid, NULL, WNOHANG) == server.pid) {
			server.pid = 0;
			break;
		}
		pause_ms(25);
	}
	fprintf(stderr, "no Redis at %s: is redis-server installed?\n", server.socket);
	return -1;
}

static inline int server_stop(void **state)
{
	(void)state;
	if (server.control != NULL)
		redisFree(server.control);
	server.control = NULL;
	if (server.pid > 0) {
		kill(server.pid, SIGTERM);
		waitpid(server.pid, NULL, 0);
		unlink(server.socket);
		rmdir(server.dir);
	}
	return 0;
}

/* Before each test: nothing in any database, no limit, no pause. */
static inline int server_reset(void **state)
{
	(void)state;
	redis_run("CLIENT UNPAUSE");
	redis_run("CONFIG SET maxmemory 0");
	redis_run("FLUSHALL");
	return 0;
}

#endif
