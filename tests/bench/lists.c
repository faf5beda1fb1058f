/* lists.c: what lists cost: seconds to load, bytes an entry, ns to look one up.
 *
 *   lists [ENTRIES...]   default: 1000 1000000
 *
 * A third of the entries are names, a third addresses (with and without port, some networks), the
 * rest wallets. Asked is for what is not listed ("miss": 65536 questions, that is nearly all a
 * sensor asks), for the same 256 entries again and again ("known": what is hit is hit often), and
 * for 65536 entries at random ("random": each a first look, at the pace of memory). The median of
 * the rounds is printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/lists.h"

#define QUESTIONS  65536u
#define KNOWN      256u
#define ROUNDS     9
#define PATH_BYTES 64

struct question {
	char name[48];
	char wallet[48];
	size_t name_len;
	size_t wallet_len;
	uint8_t addr[4];
	uint16_t port;
};

static volatile uint32_t sink; /* keeps the compiler honest */

static double now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint32_t scatter(uint64_t number)
{
	return (uint32_t)(number * 0x9e3779b97f4a7c15u >> 32);
}

static void write_entry(FILE *file, uint64_t number)
{
	uint32_t addr = scatter(number);

	if (number % 3 == 0)
		fprintf(file, "pool n%08x.pool%llu.example.net confidence=medium feed\n", addr,
			(unsigned long long)number % 977);
	else if (number % 3 == 2)
		fprintf(file, "wallet 4%08xExampleWallet%llu feed\n", addr,
			(unsigned long long)number);
	else if (number % 30 == 1)
		fprintf(file, "pool %u.%u.%u.0/24 feed\n", addr >> 24, addr >> 16 & 255,
			addr >> 8 & 255);
	else
		fprintf(file, "pool %u.%u.%u.%u%s feed\n", addr >> 24, addr >> 16 & 255,
			addr >> 8 & 255, addr & 255, number % 2 == 0 ? ":3333" : "");
}

/* What entry `number` is asked by; miss: what is near it, and listed by nobody. */
static void make_question(struct question *question, uint64_t number, int is_miss)
{
	uint32_t addr = scatter(number - number % 3);
	uint32_t other = scatter(number - number % 3 + 1);

	question->name_len = (size_t)snprintf(
		question->name, sizeof(question->name), "eu.n%08x.%s%llu.example.net", addr,
		is_miss ? "news" : "pool", (unsigned long long)(number - number % 3) % 977);
	question->wallet_len = (size_t)snprintf(question->wallet, sizeof(question->wallet),
						"%c%08xExampleWallet%llu", is_miss ? '8' : '4',
						scatter(number - number % 3 + 2),
						(unsigned long long)(number - number % 3 + 2));
	if (is_miss)
		other = scatter(other ^ 0x5bd1e995u);
	for (int i = 0; i < 4; i++)
		question->addr[i] = (uint8_t)(other >> (24 - 8 * i));
	question->port = 3333;
}

enum ask { ASK_NAME, ASK_ADDRESS, ASK_WALLET, ASKS };

static uint32_t ask_one(const struct lists *lists, enum ask ask, const struct question *question)
{
	switch (ask) {
	case ASK_NAME:
		return lists_match_name(lists, LIST_WATCHED, question->name, question->name_len, 0);
	case ASK_ADDRESS:
		return lists_match_address(lists, LIST_WATCHED, 4, question->addr, question->port);
	default:
		return lists_match_wallet(lists, LIST_WATCHED, question->wallet,
					  question->wallet_len);
	}
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static double ask_all(const struct lists *lists, enum ask ask, const struct question *questions,
		      size_t count)
{
	double rounds[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double begin = now_ns(CLOCK_PROCESS_CPUTIME_ID);

		for (size_t i = 0; i < QUESTIONS; i++)
			sink += ask_one(lists, ask, &questions[i % count]);
		rounds[round] = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / QUESTIONS;
	}
	qsort(rounds, ROUNDS, sizeof(*rounds), compare);
	return rounds[ROUNDS / 2];
}

static void ask_kinds(const struct lists *lists, uint64_t entries, int is_miss, size_t count)
{
	struct question *questions = calloc(QUESTIONS, sizeof(*questions));

	if (questions == NULL)
		exit(1);
	for (size_t i = 0; i < count; i++)
		make_question(&questions[i], scatter(i + 1) % (entries - entries % 3), is_miss);
	for (int ask = 0; ask < ASKS; ask++)
		printf("  %7.1f", ask_all(lists, (enum ask)ask, questions, count));
	printf("\n");
	free(questions);
}

static void write_file(char path[PATH_BYTES], uint64_t entries)
{
	FILE *file;
	int fd;

	(void)snprintf(path, PATH_BYTES, "/tmp/minecanary-lists-XXXXXX");
	fd = mkstemp(path);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (file == NULL)
		exit(1);
	for (uint64_t i = 0; i < entries; i++)
		write_entry(file, i);
	if (fclose(file) != 0)
		exit(1);
}

static void measure(uint64_t entries)
{
	char path[PATH_BYTES];
	const char *paths[] = { path };
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;
	double begin;
	double took;

	write_file(path, entries);
	begin = now_ns(CLOCK_MONOTONIC);
	if (lists_load(&lists, paths, 1, false, error) != 0) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	took = (now_ns(CLOCK_MONOTONIC) - begin) / 1e9;
	(void)remove(path);
	printf("%9zu  %6.3f  %5.1f  miss  ", lists_size(lists), took,
	       (double)lists_bytes(lists) / (double)lists_size(lists));
	ask_kinds(lists, entries, 1, QUESTIONS);
	printf("%26sknown ", "");
	ask_kinds(lists, entries, 0, KNOWN);
	printf("%26srandom", "");
	ask_kinds(lists, entries, 0, QUESTIONS);
	lists_free(lists);
}

int main(int argc, char **argv)
{
	static const uint64_t usual[] = { 1000, 1000000 };

	printf("  entries  load s  bytes  asked      name     addr   wallet\n");
	for (int i = 1; i < argc; i++)
		measure(strtoull(argv[i], NULL, 10));
	for (size_t i = 0; argc == 1 && i < sizeof(usual) / sizeof(usual[0]); i++)
		measure(usual[i]);
	return 0;
}
