/* replay.c: sends the frames of a capture at a given rate, again and again.
 *
 *   replay INTERFACE FILE RATE SECONDS   RATE in frames a second, 0: as fast as it goes
 *
 * Prints how many frames the kernel took and in how many seconds. Frames beyond the interface's MTU
 * are left out. The file is in memory before the first one is sent. */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define NS_PER_S  1000000000ull
#define BURST     64 /* frames of one system call */
#define FRAME_MAX 1514

struct frames {
	struct mmsghdr *headers;
	struct iovec *vectors;
	size_t count;
	size_t size;
};

static void give_up(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void add_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct frames *frames = (void *)user;
	struct iovec vector = { .iov_len = header->caplen };

	if (header->caplen > FRAME_MAX)
		return;
	if (frames->count == frames->size) {
		frames->size = frames->size == 0 ? 65536 : 2 * frames->size;
		frames->vectors = realloc(frames->vectors, frames->size * sizeof(vector));
		if (frames->vectors == NULL)
			give_up("memory");
	}
	vector.iov_base = malloc(header->caplen);
	if (vector.iov_base == NULL)
		give_up("memory");
	memcpy(vector.iov_base, bytes, header->caplen);
	frames->vectors[frames->count++] = vector;
}

static void read_file(struct frames *frames, const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);

	if (pcap == NULL || pcap_dispatch(pcap, -1, add_frame, (u_char *)frames) < 0 ||
	    frames->count == 0)
		give_up(path);
	pcap_close(pcap);
	frames->headers = calloc(frames->count, sizeof(*frames->headers));
	if (frames->headers == NULL)
		give_up("memory");
	for (size_t i = 0; i < frames->count; i++)
		frames->headers[i].msg_hdr =
			(struct msghdr){ .msg_iov = &frames->vectors[i], .msg_iovlen = 1 };
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	int on = 1;

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || address.sll_ifindex == 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		give_up(interface);
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	return fd;
}

/* Sleeps until so many frames are due. */
static void keep_pace(uint64_t begin_ns, uint64_t sent, uint64_t rate)
{
	uint64_t due_ns = begin_ns + sent * NS_PER_S / rate;
	struct timespec due = { .tv_sec = (time_t)(due_ns / NS_PER_S),
				.tv_nsec = (long)(due_ns % NS_PER_S) };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

int main(int argc, char **argv)
{
	struct frames frames = { 0 };
	uint64_t rate, begin_ns, end_ns;
	uint64_t sent = 0;
	size_t at = 0;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: replay INTERFACE FILE RATE SECONDS\n");
		return 2;
	}
	rate = strtoull(argv[3], NULL, 10);
	fd = open_socket(argv[1]);
	read_file(&frames, argv[2]);
	begin_ns = now_ns();
	end_ns = begin_ns + strtoull(argv[4], NULL, 10) * NS_PER_S;
	while (now_ns() < end_ns) {
		size_t left = frames.count - at;
		int done;

		if (rate != 0)
			keep_pace(begin_ns, sent, rate);
		done = sendmmsg(fd, &frames.headers[at], left < BURST ? (unsigned)left : BURST, 0);
		if (done < 0 && errno != ENOBUFS && errno != EAGAIN)
			give_up("send");
		sent += done > 0 ? (uint64_t)done : 0;
		at = done > 0 ? (at + (size_t)done) % frames.count : at;
	}
	printf("%" PRIu64 " %.3f\n", sent, (double)(now_ns() - begin_ns) / 1e9);
	return 0;
}
