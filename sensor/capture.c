/* capture.c: the only file that knows libpcap.
 *
 * Times are in nanoseconds from the start, whatever a file holds. A filter on a file is run here
 * and not by libpcap, so that packets are numbered as other tools number them. Live, libpcap sets
 * up a TPACKET_V3 ring; immediate mode would silently fall back to V2 at thirty times the cost. */
#include "sensor/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sensor/fanout.h"

#define NS_PER_S       1000000000u
#define FILE_BUFFER    262144 /* bytes */
#define PCAP_LINK_SLL2 276    /* DLT_LINUX_SLL2, absent from older headers */

struct capture {
	pcap_t *pcap;
	char *name;
	char *file_buffer; /* owned; of the file that libpcap reads */
	uint64_t packets;  /* read from the file, or delivered live */
	uint64_t file_size;
	struct capture_counters counters;
	struct pcap_stat last_stats; /* its 32-bit counters wrap */
	struct bpf_program filter;
	enum link link;
	int timeout_ms; /* live */
	bool is_live;
	bool is_follower; /* in a group, and not the first: what the interface drops is counted
			     there */
	bool has_filter;  /* to be run by us */
	bool has_size;
	bool has_nanoseconds;
	volatile sig_atomic_t is_broken;
	int failure; /* of an earlier read: at a damaged place libpcap would next report a clean end
		      */
	char error[CAPTURE_ERROR_TEXT];
};

struct delivery {
	struct capture *capture;
	capture_fn fn;
	void *ctx;
	int delivered;
};

static const struct {
	int dlt;
	enum link link;
} links[] = {
	{ DLT_EN10MB, LINK_ETHERNET },
	{ DLT_LINUX_SLL, LINK_COOKED1 },
	{ PCAP_LINK_SLL2, LINK_COOKED2 },
	{ DLT_RAW, LINK_RAW },
	{ 12, LINK_RAW },  /* DLT_RAW of most systems, where ours is another number */
	{ 14, LINK_RAW },  /* DLT_RAW of OpenBSD */
	{ 101, LINK_RAW }, /* LINKTYPE_RAW */
	{ DLT_IPV4, LINK_RAW },
	{ DLT_IPV6, LINK_RAW },
	{ DLT_NULL, LINK_NULL },
	{ DLT_LOOP, LINK_LOOP },
};

static int map_link(struct capture *self, char error[CAPTURE_ERROR_TEXT])
{
	int dlt = pcap_datalink(self->pcap);
	const char *name;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (links[i].dlt == dlt) {
			self->link = links[i].link;
			return 0;
		}
	}
	name = pcap_datalink_val_to_name(dlt);
	(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: link type %d (%s) is not supported",
		       self->name, dlt, name == NULL ? "unknown" : name);
	return -ENOTSUP;
}

static int compile_filter(pcap_t *pcap, const char *filter, struct bpf_program *program,
			  char error[CAPTURE_ERROR_TEXT])
{
	if (pcap_compile(pcap, program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	(void)snprintf(error, CAPTURE_ERROR_TEXT, "filter \"%.200s\": %s", filter,
		       pcap_geterr(pcap));
	return -EINVAL;
}

static struct capture *capture_new(const char *name)
{
	struct capture *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->name = strdup(name);
	if (self->name == NULL) {
		free(self);
		return NULL;
	}
	return self;
}

/* Compressed captures are common and libpcap's word for them is "unknown file format". */
static const char *compression_of(FILE *file)
{
	int first = getc(file);

	if (first == EOF)
		return NULL;
	(void)ungetc(first, file);
	switch (first) {
	case 0x1f:
		return "gzip";
	case 0x28:
		return "zstd";
	case 0xfd:
		return "xz";
	case 0x42:
		return "bzip2";
	default:
		return NULL;
	}
}

static FILE *open_stream(const char *path)
{
	int fd;

	if (strcmp(path, "-") != 0)
		return fopen(path, "rbe");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? NULL : fdopen(fd, "rb");
}

static FILE *open_file(struct capture *self, char error[CAPTURE_ERROR_TEXT], int *rc)
{
	FILE *file = open_stream(self->name);
	const char *compression;

	if (file == NULL) {
		*rc = -errno;
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", self->name, strerror(errno));
		return NULL;
	}
	/* libpcap reads twice for a packet: nearly always from memory. Without memory of ours glibc
	 * would keep to its own 4096 bytes. */
	self->file_buffer = malloc(FILE_BUFFER);
	if (self->file_buffer != NULL)
		(void)setvbuf(file, self->file_buffer, _IOFBF, FILE_BUFFER);
	compression = compression_of(file);
	if (compression != NULL) {
		*rc = -ENOTSUP;
		(void)snprintf(
			error, CAPTURE_ERROR_TEXT,
			"%s: not a pcap or pcapng file: looks compressed (%s); unpack it first",
			self->name, compression);
		(void)fclose(file);
		return NULL;
	}
	return file;
}

int capture_open_file(struct capture **out, const char *path, const char *filter,
		      char error[CAPTURE_ERROR_TEXT])
{
	char pcap_error[PCAP_ERRBUF_SIZE] = "";
	struct capture *self = capture_new(path);
	FILE *file = NULL;
	struct stat st;
	int rc = -ENOMEM;

	*out = NULL;
	if (self == NULL) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: out of memory", path);
		return rc;
	}
	file = open_file(self, error, &rc);
	if (file == NULL)
		goto fail;
	self->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO,
							      pcap_error);
	if (self->pcap == NULL) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", path, pcap_error);
		(void)fclose(file);
		rc = -EIO;
		goto fail;
	}
	self->has_nanoseconds = true;
	if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode)) {
		self->has_size = true;
		self->file_size = (uint64_t)st.st_size;
	}
	rc = map_link(self, error);
	if (rc != 0)
		goto fail;
	if (filter != NULL && filter[0] != '\0') {
		rc = compile_filter(self->pcap, filter, &self->filter, error);
		if (rc != 0)
			goto fail;
		self->has_filter = true;
	}
	*out = self;
	return 0;
fail:
	capture_close(self);
	return rc;
}

static int errno_of_activation(int status)
{
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return -ENOENT;
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return -EACCES;
	case PCAP_ERROR_IFACE_NOT_UP:
		return -ENETDOWN;
	default:
		return -EIO;
	}
}

static int activate(struct capture *self, const struct capture_live *options,
		    char error[CAPTURE_ERROR_TEXT])
{
	char pcap_error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = self->pcap;
	int status;

	/* These fail only on an activated handle. */
	(void)pcap_set_snaplen(pcap, (int)options->snaplen);
	(void)pcap_set_promisc(pcap, options->promiscuous ? 1 : 0);
	(void)pcap_set_timeout(pcap, (int)options->timeout_ms);
	(void)pcap_set_buffer_size(pcap, (int)options->buffer_bytes);
	(void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
	status = pcap_activate(pcap);
	if (status < 0) {
		const char *detail = pcap_geterr(pcap);

		if (detail[0] == '\0')
			detail = pcap_statustostr(status);
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", self->name, detail);
		return errno_of_activation(status);
	}
	self->has_nanoseconds = pcap_get_tstamp_precision(pcap) == PCAP_TSTAMP_PRECISION_NANO;
	self->timeout_ms = (int)options->timeout_ms;
	if (pcap_setnonblock(pcap, 1, pcap_error) != 0) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", self->name, pcap_error);
		return -EIO;
	}
	return 0;
}

static int set_live_filter(struct capture *self, const char *filter, char error[CAPTURE_ERROR_TEXT])
{
	struct bpf_program program;
	int rc = compile_filter(self->pcap, filter, &program, error);

	if (rc != 0)
		return rc;
	if (pcap_setfilter(self->pcap, &program) != 0) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: filter \"%.200s\": %s", self->name,
			       filter, pcap_geterr(self->pcap));
		rc = -EINVAL;
	}
	pcap_freecode(&program);
	return rc;
}

/* The kernel runs this program; what it lets through is filtered here. A live handle would compile
 * for the kernel, where VLAN tags are metadata; here they are in the frame. */
static int set_program(struct capture *self, int fd, const char *filter,
		       char error[CAPTURE_ERROR_TEXT])
{
	int rc;

	if (self->link != LINK_ETHERNET) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: --shunt-bytes needs Ethernet",
			       self->name);
		return -ENOTSUP;
	}
	/* libpcap goes on filtering what is in the ring by its last filter, which may be the deaf
	 * one of a group. */
	rc = set_live_filter(self, "", error);
	if (rc == 0 && filter != NULL && filter[0] != '\0') {
		pcap_t *pcap = pcap_open_dead(DLT_EN10MB, LIMIT_SNAPLEN);

		rc = pcap == NULL ? -ENOMEM : compile_filter(pcap, filter, &self->filter, error);
		self->has_filter = rc == 0;
		if (pcap != NULL)
			pcap_close(pcap);
	}
	if (rc != 0)
		return rc;
	if (setsockopt(pcap_fileno(self->pcap), SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)) == 0)
		return 0;
	rc = -errno;
	(void)snprintf(error, CAPTURE_ERROR_TEXT,
		       "%s: --shunt-bytes: the kernel takes no filter with a map: %s", self->name,
		       strerror(-rc));
	return rc;
}

static int open_handle(struct capture **out, const struct capture_live *options,
		       char error[CAPTURE_ERROR_TEXT])
{
	char pcap_error[PCAP_ERRBUF_SIZE] = "";
	struct capture *self = capture_new(options->interface);
	int rc;

	*out = self;
	if (self == NULL) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: out of memory", options->interface);
		return -ENOMEM;
	}
	self->is_live = true;
	self->pcap = pcap_create(options->interface, pcap_error);
	if (self->pcap == NULL) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", self->name, pcap_error);
		return -EIO;
	}
	rc = activate(self, options, error);
	return rc != 0 ? rc : map_link(self, error);
}

/* A handle hears everything from its activation on. Until it is one of a group it is deaf. */
static int join_group(struct capture *self, uint32_t *group, char error[CAPTURE_ERROR_TEXT])
{
	struct bpf_insn nothing = { .code = BPF_RET | BPF_K };
	struct bpf_program program = { .bf_len = 1, .bf_insns = &nothing };
	int rc;

	if (pcap_setfilter(self->pcap, &program) != 0) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", self->name,
			       pcap_geterr(self->pcap));
		return -EIO;
	}
	rc = fanout_join(pcap_fileno(self->pcap), group);
	if (rc != 0)
		(void)snprintf(error, CAPTURE_ERROR_TEXT,
			       "%s: several workers need PACKET_FANOUT with a program, which this "
			       "kernel or interface refuses: %s; --workers 1 does without",
			       self->name, strerror(-rc));
	return rc;
}

static void throw_away(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	(void)user;
	(void)header;
	(void)bytes;
}

/* What came in while nobody was deaf yet; the kernel hands over a block that is not full after its
 * time-out. */
static int drain_group(struct capture *const handles[], size_t count,
		       char error[CAPTURE_ERROR_TEXT])
{
	long wait_ms = 3l * handles[0]->timeout_ms;
	struct timespec pause = { .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000 };
	struct capture_counters counters;

	(void)nanosleep(&pause, NULL);
	for (size_t i = 0; i < count; i++) {
		int status;

		do {
			status = pcap_dispatch(handles[i]->pcap, -1, throw_away, NULL);
		} while (status > 0);
		if (status < 0) {
			(void)snprintf(error, CAPTURE_ERROR_TEXT, "%s: %s", handles[i]->name,
				       pcap_geterr(handles[i]->pcap));
			return -EIO;
		}
		capture_counters(handles[i], &counters);
		handles[i]->counters = (struct capture_counters){ 0 };
	}
	return 0;
}

static int make_group(struct capture *const handles[], size_t count, const char **filter,
		      char error[CAPTURE_ERROR_TEXT])
{
	uint32_t group = 0;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		handles[i]->is_follower = i > 0;
		rc = join_group(handles[i], &group, error);
	}
	if (*filter == NULL)
		*filter = ""; /* lets everything through again */
	return rc != 0 ? rc : drain_group(handles, count, error);
}

int capture_open_live(struct capture *out[], size_t count, const struct capture_live *options,
		      char error[CAPTURE_ERROR_TEXT])
{
	const char *filter =
		options->filter != NULL && options->filter[0] != '\0' ? options->filter : NULL;
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		out[i] = NULL;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = open_handle(&out[i], options, error);
	if (rc == 0 && count > 1)
		rc = make_group(out, count, &filter, error);
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (options->programs != NULL)
			rc = set_program(out[i], options->programs[i], options->filter, error);
		else if (filter != NULL)
			rc = set_live_filter(out[i], filter, error);
	}
	for (size_t i = 0; i < count && rc != 0; i++) {
		capture_close(out[i]);
		out[i] = NULL;
	}
	return rc;
}

int capture_check_filter(const char *filter, char error[CAPTURE_ERROR_TEXT])
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, LIMIT_SNAPLEN);
	struct bpf_program program;
	int rc;

	if (pcap == NULL) {
		(void)snprintf(error, CAPTURE_ERROR_TEXT, "out of memory");
		return -ENOMEM;
	}
	rc = compile_filter(pcap, filter, &program, error);
	if (rc == 0)
		pcap_freecode(&program);
	pcap_close(pcap);
	return rc;
}

/* libpcap reads a classic file's unsigned seconds as signed ones. A pcapng file can hold any 64-bit
 * number: what does not fit becomes the greatest time. */
static uint64_t time_of(const struct capture *self, const struct timeval *tv)
{
	uint64_t seconds = tv->tv_sec < 0 ? (uint32_t)tv->tv_sec : (uint64_t)tv->tv_sec;
	uint64_t fraction = (uint64_t)tv->tv_usec * (self->has_nanoseconds ? 1 : 1000);
	uint64_t ns;

	if (__builtin_mul_overflow(seconds, (uint64_t)NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, fraction, &ns))
		return UINT64_MAX;
	return ns;
}

/* False when the filter does not want it. */
static bool make_frame(struct capture *self, const struct pcap_pkthdr *header, const uint8_t *bytes,
		       struct frame *frame)
{
	self->packets++;
	if (self->has_filter && pcap_offline_filter(&self->filter, header, bytes) == 0)
		return false;
	*frame = (struct frame){ .time_ns = time_of(self, &header->ts),
				 .number = self->packets,
				 .wire_len = header->len,
				 .link = self->link,
				 .bytes = slice_of(bytes, header->caplen) };
	return true;
}

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct delivery *delivery = (void *)user;
	struct frame frame;

	if (!make_frame(delivery->capture, header, bytes, &frame))
		return;
	delivery->delivered++;
	delivery->fn(delivery->ctx, &frame);
}

/* libpcap's negative result in our words. */
static int fail_read(struct capture *self, int status)
{
	if (status == PCAP_ERROR_BREAK || self->is_broken != 0)
		return -EINTR;
	if (self->is_live) {
		(void)snprintf(self->error, sizeof(self->error), "%s: %s", self->name,
			       pcap_geterr(self->pcap));
		self->failure = -ENETDOWN;
		return self->failure;
	}
	(void)snprintf(self->error, sizeof(self->error), "%s: packet %llu: %s", self->name,
		       (unsigned long long)self->packets + 1, pcap_geterr(self->pcap));
	self->failure = -EIO;
	return self->failure;
}

/* True when a quiet link has something to read, an error too. */
static bool wait_live(struct capture *self)
{
	struct pollfd pollfd = { .fd = pcap_get_selectable_fd(self->pcap), .events = POLLIN };

	return poll(&pollfd, 1, self->timeout_ms) > 0;
}

/* Why nothing can be read any more; 0 when it can. */
static int ended(const struct capture *self)
{
	return self->is_broken != 0 ? -EINTR : self->failure;
}

static int dispatch_live(struct capture *self, int max, struct delivery *delivery)
{
	int status = pcap_dispatch(self->pcap, max, on_packet, (void *)delivery);

	if (status == 0 && delivery->delivered == 0 && wait_live(self))
		status = pcap_dispatch(self->pcap, max, on_packet, (void *)delivery);
	if (status < 0)
		status = fail_read(self, status);
	if (delivery->delivered > 0) /* what ended the read is met again by the next one */
		return delivery->delivered;
	return status < 0 ? status : ended(self);
}

static int dispatch_file(struct capture *self, int max, struct delivery *delivery)
{
	uint64_t before;
	int status;

	do {
		before = self->packets;
		status = pcap_dispatch(self->pcap, max, on_packet, (void *)delivery);
		if (status < 0)
			status = fail_read(self, status);
		if (delivery->delivered > 0)
			return delivery->delivered;
		if (status < 0)
			return status;
	} while (self->packets != before && self->is_broken == 0);
	return self->is_broken != 0 ? -EINTR : -ENODATA;
}

int capture_dispatch(struct capture *self, int max, capture_fn fn, void *ctx)
{
	struct delivery delivery = { .capture = self, .fn = fn, .ctx = ctx, .delivered = 0 };

	if (ended(self) != 0)
		return ended(self);
	return self->is_live ? dispatch_live(self, max, &delivery)
			     : dispatch_file(self, max, &delivery);
}

int capture_next(struct capture *self, struct frame *frame)
{
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	bool has_waited = !self->is_live;

	while (ended(self) == 0) {
		int status = pcap_next_ex(self->pcap, &header, &bytes);

		if (status == 1) {
			if (make_frame(self, header, bytes, frame))
				return 1;
		} else if (status == 0) {
			if (has_waited || !wait_live(self))
				return ended(self);
			has_waited = true;
		} else if (status == PCAP_ERROR_BREAK && !self->is_live && self->is_broken == 0) {
			return -ENODATA; /* of a file it means its end as well */
		} else {
			return fail_read(self, status);
		}
	}
	return ended(self);
}

const char *capture_error(const struct capture *self)
{
	return self->error;
}

bool capture_progress(const struct capture *self, uint64_t *done, uint64_t *total)
{
	off_t position;

	if (!self->has_size)
		return false;
	position = ftello(pcap_file(self->pcap));
	if (position < 0)
		return false;
	*done = (uint64_t)position;
	*total = self->file_size;
	return true;
}

void capture_counters(struct capture *self, struct capture_counters *out)
{
	struct pcap_stat now;

	if (self->is_live && pcap_stats(self->pcap, &now) == 0) {
		/* Differences in 32 bits come out right across a wrap. */
		self->counters.received += (uint32_t)(now.ps_recv - self->last_stats.ps_recv);
		self->counters.dropped += (uint32_t)(now.ps_drop - self->last_stats.ps_drop);
		if (!self->is_follower)
			self->counters.interface_dropped +=
				(uint32_t)(now.ps_ifdrop - self->last_stats.ps_ifdrop);
		self->last_stats = now;
	}
	*out = self->counters;
}

void capture_break(struct capture *self)
{
	self->is_broken = 1;
	pcap_breakloop(self->pcap);
}

void capture_close(struct capture *self)
{
	if (self == NULL)
		return;
	if (self->has_filter)
		pcap_freecode(&self->filter);
	if (self->pcap != NULL)
		pcap_close(self->pcap);
	free(self->file_buffer); /* libpcap has closed the file */
	free(self->name);
	free(self);
}
